#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_SIZE 64

void
buf_init(struct buf *b, struct arena *a)
{
	b->a = a;
	b->s = arena_alloc(a, FIRST_SIZE);
	b->len = 0;
	b->size = FIRST_SIZE;
}

/* Make room for `more` bytes and the NUL. */
static void
grow(struct buf *b, size_t more)
{
	size_t size = b->size;
	char *s;

	if (more < size - b->len)
		return;
	if (more > SIZE_MAX / 2 - size)
		abort();
	while (size - b->len <= more)
		size *= 2;
	s = arena_alloc(b->a, size);
	b->s = memcpy(s, b->s, b->len);
	b->size = size;
}

void
buf_add(struct buf *b, const void *p, size_t len)
{
	if (len == 0)
		return;
	grow(b, len);
	memcpy(b->s + b->len, p, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(b->s + b->len, b->size - b->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if ((size_t)n >= b->size - b->len) {
		grow(b, (size_t)n);
		va_start(ap, fmt);
		(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->s, b->len };
}
