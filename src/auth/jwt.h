#ifndef AUTH_JWT_H
#define AUTH_JWT_H

/*
 * jwt - tokens of the issuers that security.yml names (RFC 7519, RFC 8725).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/why.h"
#include "conf/setting.h"
#include "conf/tenant.h"

#define JWT_MAX    8192    /* bytes of a token */
#define JWT_LEEWAY 60000LL /* milliseconds that clocks may differ */

struct jwt_ask {
	struct slice token;
	bool customers; /* only an issuer of customers will do */
	int64_t now;
	const struct strings *allow_private; /* for jwksUrl; or NULL */
};

struct jwt {
	const struct jwt_issuer *issuer;
	struct json_object *claims; /* owned by the arena */
};

/*
 * Judge a token: its form, then for the issuers of that `iss` the algorithm,
 * the signature, audience and times.  An issuer with a secret takes HS256,
 * HS384, HS512 only, one with keys the RS, PS and ES families only, each with
 * a key of its own kind.  A `kid` chooses the key where the set has any.
 *
 * ERR_DENIED with `why`: not good.  ERR_BUSY: the issuer's keys cannot be had
 * now.  `*out` is set with ERR_OK only.
 */
MUST_CHECK enum err jwt_verify(struct arena *a, const struct tenant *t,
    const struct jwt_ask *ask, struct jwt *out, struct why *w);

/*
 * The scopes that claims name: `scope`, `scp` and `permissions`, each a
 * string of words or an array of strings.  "*" is left out: no issuer can
 * grant all.
 */
struct strings jwt_scopes(struct arena *a, struct json_object *claims);

/*
 * The identifiers that claims supply by the tenant's customerClaims: strings,
 * and numbers as text, that are not empty; `email` with a true
 * `email_verified` only.  NULL when there are none.
 */
struct json_object *jwt_identifiers(
    struct arena *a, const struct tenant *t, struct json_object *claims);

#endif
