#ifndef BASE_JSON_H
#define BASE_JSON_H

/*
 * json - json-c with our limits and our ownership.
 *
 * An object given by a function that takes an arena lives as long as that
 * arena; it is never put by the caller.  An object that is added to another
 * with json-c's own functions hands over a reference: json_object_get() it
 * first when the arena owns it, which json_set() and json_push() do.
 */

#include <json-c/json.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/why.h"

#define JSON_DEPTH 32

/*
 * Values and keys of one text, which take a hundred times their bytes: as
 * many as the largest document of a pass, 256 KiB, has room for.
 */
#define JSON_VALUES 131072

/* Give the caller's reference to the arena; returns `o`. */
struct json_object *json_own(struct arena *a, struct json_object *o);

/* New and empty, owned by the arena. */
struct json_object *json_object_in(struct arena *a);
struct json_object *json_array_in(struct arena *a);

/*
 * Parse exactly one value of RFC 8259.  ERR_INVALID, with `why` telling what
 * and where, on anything else: invalid UTF-8, U+0000 in any form, nesting
 * over `depth`, comments, trailing commas, NaN, Infinity, numbers that no
 * double holds, bytes after the value.  ERR_TOOBIG when it has more than
 * JSON_VALUES values and keys.  Of duplicate keys the last wins.
 * A top-level `null` gives NULL in `*out` with ERR_OK.  An integer is exact
 * from INT64_MIN to UINT64_MAX and a double beyond, so that equal numbers
 * have one text.
 */
MUST_CHECK enum err json_parse(struct arena *a, struct slice in, int depth,
    struct json_object **out, struct why *why);

/*
 * Compact text, slashes not escaped, ended by a NUL that is not counted.
 * Doubles as ECMAScript prints them (RFC 8785, section 3.2.2.3): the fewest
 * digits that read back, 10.0 is `10`, -0.0 is `0`, an exponent from 1e21
 * and below 1e-6; one that JSON cannot say is `null`.  Members keep their
 * order.
 */
struct slice json_text(struct arena *a, struct json_object *o);

/* The same with the members of every object sorted by bytes of their key. */
struct slice json_text_sorted(struct arena *a, struct json_object *o);

/* A member, or NULL (absent, null, or `o` no object). */
struct json_object *json_get(struct json_object *o, const char *key);

/* A member that is a string, or NULL. */
const char *json_get_string(struct json_object *o, const char *key);

/* A member that is a number, cut to an integer that fits, or `def`. */
int64_t json_get_int(struct json_object *o, const char *key, int64_t def);

/* A member that is a boolean, or `def`. */
bool json_get_bool(struct json_object *o, const char *key, bool def);

/* Put `v` (NULL is null) under `key`; takes a reference of its own.  A NULL
 * string is null too. */
void json_set(struct json_object *o, const char *key, struct json_object *v);
void json_set_string(struct json_object *o, const char *key, const char *s);
void json_set_int(struct json_object *o, const char *key, int64_t n);
void json_set_bool(struct json_object *o, const char *key, bool b);
void json_push(struct json_object *array, struct json_object *v);

/* A deep copy, owned by the arena; NULL stays NULL. */
struct json_object *json_copy(struct arena *a, struct json_object *o);

/*
 * RFC 7396: the result of `patch` over `target` (which is not changed), new
 * and owned by the arena.  With `empty_removes`, an empty string in `patch`
 * removes as null does.
 */
struct json_object *json_merge(struct arena *a, struct json_object *target,
    struct json_object *patch, bool empty_removes);

/*
 * A value as the text that filters, sorts and templates see: a string raw,
 * null as "", the rest as compact JSON.
 */
struct slice json_plain(struct arena *a, struct json_object *o);

#endif
