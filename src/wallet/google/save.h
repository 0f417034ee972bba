#ifndef WALLET_GOOGLE_SAVE_H
#define WALLET_GOOGLE_SAVE_H

/*
 * save - the link by which somebody saves passes in Google Wallet.
 *
 * Its token carries classes and objects while it is short enough; else the
 * class goes to Google by its API beforehand, and then the object too.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/why.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "pass/pass.h"
#include "store/store.h"

struct save_of {
	const struct server *server;
	struct tenant *tenant;
	struct store *store;
	const struct pass *passes;
	size_t n; /* at least 1 */
	int64_t now;
};

struct save {
	const char *jwt, *url;
};

/*
 * ERR_UNSET with `why` naming the missing setting; ERR_INVALID: the passes
 * are of several issuers; ERR_UPSTREAM: Google was needed, and fails;
 * ERR_INTERNAL: a template, or the service account's file (logged).
 */
MUST_CHECK enum err save_make(
    struct arena *a, const struct save_of *of, struct save *out, struct why *w);

#endif
