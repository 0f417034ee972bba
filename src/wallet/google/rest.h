#ifndef WALLET_GOOGLE_REST_H
#define WALLET_GOOGLE_REST_H

/*
 * rest - Google's API: classes, objects, messages.
 *
 * Every request waits for its turn (pace.h) and carries the service account's
 * access token, which the process keeps until it expires.
 *
 * One request at a time: each part of a batch counts as a request, so that
 * 20 a second is all there is, and a kept connection gets near it.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/why.h"
#include "conf/server.h"
#include "store/store.h"
#include "wallet/google/account.h"
#include "wallet/google/gate.h"
#include "wallet/google/object.h"

struct rest {
	struct arena *a;
	const struct server *server;
	const struct tenant *tenant;
	struct store *store;
	const struct account *account;
	const char *issuer;
	int64_t now;
	bool at_once; /* somebody waits: Google is asked, gate or no gate */
	bool loud;    /* within a request that holders are to hear of */

	/* Of the last request that failed: */
	enum gate_why why;  /* what shut the gate, if anything */
	bool held;          /* so that nothing was asked */
	long status;        /* 0: no answer */
	const char *reason; /* Google's word, or "" */
	int64_t later;      /* ms until the next try is worth it; or 0 */
};

/*
 * All of these: ERR_BUSY, what Google or the network cannot do now, and
 * ERR_DENIED, nothing of this issuer will do until its settings change, or
 * the console's: both shut the issuer's gate (gate.h), and are what it says
 * while it is shut; ERR_INVALID, Google refuses this one for good.  Logged,
 * once where the account is refused.
 */

/* The class as it should be, unless Google is known to have it so. */
MUST_CHECK enum err rest_class(struct rest *r, const struct object *o);

/* The object, changed or made; its class too. */
MUST_CHECK enum err rest_object(struct rest *r, const struct object *o);

/*
 * The object of this kind and id, which is all of `o` that matters, is valid
 * no more; none at Google is ERR_OK.
 */
MUST_CHECK enum err rest_end(struct rest *r, const struct object *o);

/* Has anybody saved it?  ERR_NOTFOUND: Google does not know, or say. */
MUST_CHECK enum err rest_users(
    struct rest *r, const struct object *o, bool *has_users);

/*
 * A message for the object's holders; `message` as Google's Message.  `*loud`:
 * it is to be heard, and afterwards, whether Google let it be.
 */
MUST_CHECK enum err rest_message(struct rest *r, const struct object *o,
    struct json_object *message, bool *loud);

/* The sentence for one who waits for an answer; returns ERR_UPSTREAM or e. */
enum err rest_why(const struct rest *r, enum err e, struct why *w);

#endif
