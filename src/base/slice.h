#ifndef BASE_SLICE_H
#define BASE_SLICE_H

/*
 * slice - bytes that belong to somebody else; not ended by a NUL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *s;
	size_t len;
};

/* The slice of a string, which may be NULL. */
static inline struct slice
slice_of(const char *s)
{
	return (struct slice){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_of(s));
}

/* The same without regard to the case of ASCII letters. */
static inline bool
slice_is_nocase(struct slice a, const char *s)
{
	return a.len == strlen(s) && strncasecmp(a.s, s, a.len) == 0;
}

#endif
