#ifndef BASE_PRINTED_H
#define BASE_PRINTED_H

/*
 * printed - a look into JSON that json_text() printed, without reading it.
 *
 * For text of our own only: it is not judged, but nothing outside of it is
 * touched whatever it is.  Values and keys stay as they are printed, strings
 * with their quotes.
 */

#include <stdbool.h>

#include "base/slice.h"

/*
 * A step through the members of an object: `rest` begins as the object, and
 * is what follows the member that is given.  False: there is no more, and
 * `rest->len` is 0 unless the object is malformed.
 */
bool printed_next(struct slice *rest, struct slice *key, struct slice *value);

/* A member of an object, by its quoted key; false when it has none. */
bool printed_get(struct slice object, const char *key, struct slice *value);

/* The text of a string without escapes; false for anything else. */
bool printed_plain(struct slice value, struct slice *text);

/*
 * True when the keys of every object in it are in the order in which
 * json_text_sorted() prints them, so that it would print just this.  False if
 * that is not easily told.
 */
bool printed_is_sorted(struct slice value);

#endif
