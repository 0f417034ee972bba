#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * text - bytes as text: UTF-8, hexadecimal, base64, percent-encoding.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate. */
bool text_utf8(struct slice s);

/* How many bytes from the start are: where the fault is, or s.len. */
size_t text_utf8_part(struct slice s);

/* The largest length <= `max` that cuts no UTF-8 character of `s`. */
size_t text_cut(struct slice s, size_t max);

/* Lower-case hexadecimal of `n` bytes: 2n characters and a NUL to `out`. */
void text_hex(char *out, const void *p, size_t n);

/* The reverse, in either case; false unless exactly 2n digits. */
bool text_unhex(struct slice in, unsigned char *out, size_t n);

/* RFC 4648 section 4, with padding. */
char *text_base64(struct arena *a, const void *p, size_t n);

/* Section 5, without padding. */
char *text_base64url(struct arena *a, const void *p, size_t n);

/*
 * Sections 4 and 5, with or without padding.  False when `in` is neither;
 * `out` is then untouched.
 */
bool text_unbase64(struct arena *a, struct slice in, struct slice *out);

/*
 * Percent-decode (RFC 3986, section 2.1); with `plus`, '+' is a space as in
 * a form.  False on a broken escape; `out` is then untouched.  The result
 * may hold any byte, NUL among them, and is also ended by a NUL.
 */
bool text_unpercent(
    struct arena *a, struct slice in, bool plus, struct slice *out);

/* Percent-encode all but the unreserved characters (RFC 3986, 2.3). */
char *text_percent(struct arena *a, struct slice in);

/*
 * The first place of `needle`, or NULL: memmem(3) for what is long and has
 * it rarely or often.
 */
const char *text_find(struct slice in, struct slice needle);

/* Equal, in a time that depends on the lengths alone. */
bool text_same(struct slice a, struct slice b);

/* A number as text, for one expression: text_num(n).s */
struct text_num {
	char s[24];
};
struct text_num text_num(long long n);

#endif
