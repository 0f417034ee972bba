#ifndef PASS_VALUE_H
#define PASS_VALUE_H

/*
 * value - json-c to jq and back, without text in between.
 *
 * jq's numbers are doubles: an integer beyond 2^53 loses its last digits.
 */

#include <jv.h>
#include <stdbool.h>

#include "base/json.h"

/* NULL is null.  The caller frees it or gives it away. */
jv value_to_jv(struct json_object *o);

/*
 * The reverse; `v` stays the caller's, `*out` (NULL: null) is put by the
 * caller.  NaN becomes null, as jq prints it, and what has no fraction an
 * integer.  `*room` is lowered by about the bytes that it takes; NULL or a
 * sentence that tells why it cannot be, then `*out` is untouched.
 */
const char *value_from_jv(jv v, size_t *room, struct json_object **out);

#endif
