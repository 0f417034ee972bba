#ifndef LIVE_TOKEN_H
#define LIVE_TOKEN_H

/*
 * token - what opens a WebSocket that follows one pass.
 *
 * PASS.SECONDS.MAC: the pass, the time since 1970 until which it opens one,
 * and an HMAC-SHA256 over both and the tenant, in hexadecimal.  The key lies
 * in the file live.key of the tenant's data/ folder, which the responders make
 * and the hub reads.  Where that file is removed, tokens that are out there
 * end, and the next one makes another key.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define LIVE_TOKEN_MS 300000

/* `dir` is the tenant's folder, with data/ in it. */
struct live_tenant {
	const char *dir, *id;
};

/* A token that is good for LIVE_TOKEN_MS.  ERR_INTERNAL, logged: no key. */
MUST_CHECK enum err live_token_make(struct arena *a,
    const struct live_tenant *t, const char *pass, int64_t now,
    const char **out);

/*
 * The pass that it is for.  ERR_DENIED: altered, of another tenant, expired,
 * or none at all; ERR_NOTFOUND: no token was ever made for this tenant.
 */
MUST_CHECK enum err live_token_check(struct arena *a,
    const struct live_tenant *t, struct slice token, int64_t now,
    const char **pass);

#endif
