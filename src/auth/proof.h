#ifndef AUTH_PROOF_H
#define AUTH_PROOF_H

/*
 * proof - that somebody without the scope may use the identifiers given.
 *
 * Any one is enough for key K with value V: K.hmac, K.secret, the unsigned
 * list, the scope, or a customer claim (contract, Who may do what).
 */

#include "auth/caller.h"

/*
 * Judge `given` (K, K.hmac, K.secret -> string; a `passType` is dropped) and
 * give the identifiers proper, claims added where identifiers were omitted:
 * `*out` is a new object.  ERR_DENIED with `why` naming the key: one of them
 * is not proven, or there is nothing at all to go by (401).  ERR_INVALID: a
 * value that is no string.
 */
MUST_CHECK enum err proof_identifiers(struct arena *a, const struct tenant *t,
    const struct caller *c, const char *scope, struct json_object *given,
    struct json_object **out, struct why *w);

#endif
