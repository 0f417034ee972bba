#ifndef WALLET_PUSH_H
#define WALLET_PUSH_H

/*
 * push - telling wallets that passes have changed.
 *
 * What is owed lies in the store (store/due.h).  Each wallet gives one
 * struct push_wallet, and push_wallets lists them.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/why.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "store/due.h"

struct push_env {
	struct arena *a;
	const struct server *server;
	struct tenant *tenant;
	struct store *store;
	int64_t now;
	const struct push_wallet *const *wallets; /* ended by NULL */
	bool at_once; /* the caller waits: never mind the window */
};

struct push_wallet {
	const char *name; /* "apple" */
	unsigned bit;     /* STORE_APPLE... */
	/*
	 * Tell the wallet of `n` passes: its bit goes into `done` of each
	 * that it took, into `refused` where it said no for good, or into
	 * `stuck`; unless it was told or refused the pass stays owed, and it
	 * may say when `again`.  An err means that
	 * nothing more is to be tried for now: the wallet cannot be reached, or
	 * the tenant's credentials do not do; logged.
	 */
	enum err (*tell)(struct push_env *env, struct due **passes, size_t n);
	size_t most; /* passes that one turn should tell it of; 0: all */
};

/* The wallets there are, ended by NULL. */
extern const struct push_wallet *const push_wallets[];
extern const struct push_wallet push_apple;
extern const struct push_wallet push_google;

/*
 * Tell all wallets of `rows`, and store what came of it.  A wallet that
 * nobody speaks for is owed nothing; what stays owed is due again in `again`
 * ms.  ERR_UPSTREAM: a wallet could not be told of any.
 */
MUST_CHECK enum err push_rows(
    struct push_env *env, struct due *rows, size_t n, int64_t again);

/*
 * Tell all wallets of pass `id` now, if it owes that at all.  ERR_UPSTREAM
 * with `w` naming the wallet that was not told; it stays owed.
 */
MUST_CHECK enum err push_now(
    struct push_env *env, const char *id, struct why *w);

#endif
