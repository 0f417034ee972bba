#ifndef WALLET_GOOGLE_GATE_H
#define WALLET_GOOGLE_GATE_H

/*
 * gate - when nothing is asked of Google for an issuer.
 *
 * What Google cannot do now shuts it for a time that doubles with each failure
 * in a row, or for as long as Google asks.  A refusal of the service account
 * shuts it until the account's file is another; as the step that is missing is
 * one at Google, it is tried each minute too.  It lies in the store, for all
 * processes of the tenant.
 */

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "wallet/google/account.h"

#define GATE_MOST_MS   (60LL * 60 * 1000) /* however long Google asks */
#define GATE_GROWN_MS  (5LL * 60 * 1000)  /* what doubling ends at */
#define GATE_DENIED_MS (60LL * 1000)      /* between two tries */

enum gate_why {
	GATE_OPEN,
	GATE_LATER,  /* Google cannot now, or is not there */
	GATE_TOKEN,  /* it gives the account no access token */
	GATE_ISSUER, /* it knows the account, which may do nothing */
	GATE__MAX
};

struct gate_of {
	struct arena *a;
	struct store *store;
	const char *issuer;
	const struct account *account;
};

struct gate {
	enum gate_why why;
	int64_t until;      /* ms */
	unsigned failures;  /* in a row */
	long status;        /* of Google's last answer; 0: none came */
	const char *reason; /* Google's word for it, or "" */
};

/* How it stands: open too where another account shut it. */
void gate_get(const struct gate_of *of, struct gate *out);

/* Nothing is to be asked at `now`. */
bool gate_holds(const struct gate *g, int64_t now);

/*
 * A request failed: `g`, of gate_get() before it, becomes the gate as it is
 * shut now and is kept.  `failure` gives why, status and reason; its `until`
 * is how long Google asks to wait in ms, or 0.  One that was made although the
 * gate was shut does not make others wait longer by itself.
 */
MUST_CHECK enum err gate_shut(const struct gate_of *of, struct gate *g,
    const struct gate *failure, int64_t now);

/* A request was answered. */
MUST_CHECK enum err gate_open(const struct gate_of *of);

/* What is wrong and what the operator does about it, in one sentence. */
const char *gate_text(const struct gate_of *of, const struct gate *g);

#endif
