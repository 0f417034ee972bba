#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * buf - bytes that grow, on an arena.
 *
 * What it holds lives as long as the arena; a pointer into it is good until
 * the next addition.  It is always ended by a NUL that is not counted.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

struct buf {
	struct arena *a;
	char *s;
	size_t len, size;
};

void buf_init(struct buf *b, struct arena *a);
void buf_add(struct buf *b, const void *p, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct slice buf_slice(const struct buf *b);

#endif
