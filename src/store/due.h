#ifndef STORE_DUE_H
#define STORE_DUE_H

/*
 * due - what is owed to the wallets: that they be told of changed passes.
 *
 * A pass owes at most once however often it changes, from the moment that its
 * first change set.  Rows commit with the change that owes them and go when
 * every wallet was told, so that no crash loses one.
 */

#include "store/operation.h"
#include "store/store.h"

#define DUE_OPERATIONS 32 /* that one pass counts for; more are not counted */

/* What a change owes: `wallets` (STORE_APPLE | STORE_GOOGLE) are told. */
struct store_due {
	unsigned wallets;
	int64_t at;            /* ms: not before */
	const char *operation; /* that counts it, or NULL */
};

struct due {
	const char *id; /* of the pass */
	unsigned wallets;
	uint32_t changes; /* another after each; later ones are told again */
	int64_t at;
	const char **operations; /* that count it */
	size_t noperations;

	/* For due_settle(): */
	unsigned done, refused; /* wallets that were told, or will not hear */
	unsigned stuck; /* that hear of nothing until their credentials change
			 */
	int64_t again;  /* when the rest is tried */
};

/* Where a look through all that is owed stands; zeros begin one. */
struct due_scan {
	char after[IDENT_PASS_MAX + 16]; /* id of the last row seen */
	int64_t soonest; /* of what was seen and is not due; 0: none */
	bool ended;
};

struct due_when {
	int64_t now;
	int64_t horizon; /* no row is later: else the clock was set back */
};

/* The next rows that are due, at most `max`; none with `s->ended`. */
MUST_CHECK enum err due_next(struct store *st, struct due_scan *s,
    const struct due_when *when, struct arena *a, struct due *out, size_t *max);

/* What one pass owes, due or not; ERR_NOTFOUND: nothing. */
MUST_CHECK enum err due_find(
    struct store *st, const char *id, struct arena *a, struct due *out);

/* How many passes owe a wallet; exact when nobody writes. */
struct due_count {
	uint64_t apple, google;
};
MUST_CHECK enum err due_count(struct store *st, struct due_count *out);

/*
 * Rows were worked on: forget what is done or refused, and wallets that the
 * caller took out of `wallets`, unless the pass changed meanwhile, and count it
 * for the operations: a wallet that was told one pass, a refusal an error in
 * place of the pass that was completed.  So is a pass that is stuck, as long as
 * it is.
 */
MUST_CHECK enum err due_settle(
    struct store *st, const struct due *rows, size_t n, int64_t now);

#endif
