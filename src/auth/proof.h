#ifndef AUTH_PROOF_H
#define AUTH_PROOF_H

/*
 * proof - that somebody may use the identifiers he gives.
 *
 * Any one is enough for key K with value V: K.hmac (HMAC-SHA256 over the
 * bytes of V in hexadecimal, base64 or base64url), K.secret, the unsigned
 * list, the scope, or a customer claim of the same value.
 */

#include "auth/caller.h"

struct proof {
	const struct caller *caller;
	const char *scope;         /* that makes proof needless */
	struct json_object *given; /* K, K.hmac, K.secret -> string; or NULL */
};

/*
 * Judge what is given and make the identifiers proper: `*out` is a new object
 * without proofs, without `passType`, and without identifiers that are null
 * or empty.  Where none is left, the caller's claims stand in; with the scope
 * and no claims it is empty.
 *
 * ERR_DENIED with `why` naming the key: one of them is not proven, or there
 * is nothing at all to go by (401).  ERR_INVALID: a value that is no string,
 * or a proof without its identifier.  `*out` is set with ERR_OK only.
 */
MUST_CHECK enum err proof_identifiers(struct arena *a, const struct tenant *t,
    const struct proof *p, struct json_object **out, struct why *w);

#endif
