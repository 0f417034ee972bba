#ifndef WALLET_GOOGLE_SAVED_H
#define WALLET_GOOGLE_SAVED_H

/*
 * saved - a message of Google's becomes part of a pass.
 */

#include "conf/server.h"
#include "conf/tenant.h"
#include "store/store.h"
#include "wallet/google/callback.h"

struct saved_env {
	struct arena *a;
	const struct server *server;
	const struct tenant *tenant;
	struct store *store;
	int64_t now;
};

/*
 * Note what the callback `body` tells, once for each nonce; of an object that
 * is not ours nothing, with ERR_OK.  ERR_INVALID with `why`: it is forged, or
 * has expired; ERR_UPSTREAM: Google's keys cannot be got.
 */
MUST_CHECK enum err saved_note(
    struct saved_env *env, struct json_object *body, struct why *w);

#endif
