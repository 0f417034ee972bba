#ifndef AUTH_CALLER_H
#define AUTH_CALLER_H

/*
 * caller - who is calling, and what that allows.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/why.h"
#include "conf/setting.h"
#include "conf/tenant.h"

/* What came with the request; NULL or "" is absent. */
struct credentials {
	const char *api_key;                 /* X-API-KEY */
	const char *authorization;           /* Authorization, whole */
	const char *auth_token;              /* neo.authToken: a customer JWT */
	int64_t now;                         /* when it came */
	const struct strings *allow_private; /* of the server: what a jwksUrl
						may reach; NULL: nothing */
};

struct caller {
	const char *name;           /* of the key, or subject; for the log */
	struct strings scopes;      /* "*" grants all */
	struct json_object *claims; /* identifiers that a customer JWT
				       supplies: key -> value; or NULL */
	bool known;                 /* any valid credential at all */
};

/*
 * Look at the credentials.  No credentials at all are a caller that is not
 * known, with ERR_OK.  Where several are given each must be good: scopes and
 * claims are united, and the name is the key's.  `neo.authToken` must be of an
 * issuer of customers; a scope "*" of a JWT counts for nothing.
 *
 * ERR_DENIED with `why`: bad ones (401 everywhere), any scheme of
 * Authorization but Bearer and ApplePass among them; ApplePass is not for
 * this room and counts as none.  ERR_BUSY: the issuer's keys cannot be had
 * now (503).  `*out` is set with ERR_OK only.
 */
MUST_CHECK enum err caller_identify(struct arena *a, const struct tenant *t,
    const struct credentials *c, struct caller *out, struct why *w);

/* True when the caller has the scope (exactly, or "*"). */
bool caller_may(const struct caller *c, const char *scope);

#endif
