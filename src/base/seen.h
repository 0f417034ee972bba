#ifndef BASE_SEEN_H
#define BASE_SEEN_H

/*
 * seen - a set of byte strings, each with a number, that forgets the bytes:
 * it keeps 64 bits of their SHA-256, sixteen bytes of memory an entry.
 */

#include <stdint.h>

#include "base/slice.h"

struct seen;
struct seen *seen_new(void);

/* The number that goes with `key`; 0 until the caller sets one. */
uint32_t *seen_number(struct seen *s, struct slice key);

void seen_free(struct seen *s);

#endif
