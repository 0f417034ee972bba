#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * clock - instants: milliseconds since 1970-01-01T00:00:00Z, in an int64_t.
 *
 * Only main loops call clock_now(); everybody else is given the time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define CLOCK_ISO_SIZE  25 /* 2026-11-22T04:05:06.789Z and a NUL */
#define CLOCK_HTTP_SIZE 30 /* Sun, 06 Nov 1994 08:49:37 GMT and a NUL */

int64_t clock_now(void);

/* Milliseconds since whenever, which only rise: to wait by. */
int64_t clock_tick(void);

/* Years 0000 to 9999; an instant outside is taken as the nearest. */
void clock_iso(int64_t ms, char out[CLOCK_ISO_SIZE]);

/*
 * ISO 8601 extended form: a date, or a date and a time with or without
 * seconds, fraction and zone (Z, +hh:mm, +hhmm); without one it is UTC.
 * False on anything else, impossible days among them.
 */
bool clock_parse_iso(struct slice s, int64_t *ms);

/* How long to wait after so many failures: `first`, doubled up to `most`. */
int64_t clock_back_off(int64_t first, int64_t most, unsigned failures);

/* RFC 9110, section 5.6.7; seconds are cut, not rounded. */
void clock_http(int64_t ms, char out[CLOCK_HTTP_SIZE]);

/* All three forms that the section tells recipients to take. */
bool clock_parse_http(struct slice s, int64_t *ms);

#endif
