#ifndef STORE_REFRESH_H
#define STORE_REFRESH_H

/*
 * refresh - passes that are to be computed again with the providers' answers.
 *
 * A row commits with the change that owes it and goes with the change that
 * the answers make, so that no crash loses one.
 */

#include "store/store.h"

#define REFRESH_ROWS 100 /* that one look gives */

struct refresh {
	const char *id;
	int64_t at;     /* ms: not before */
	uint32_t tries; /* that failed */
};

/* In the place of an older row of that pass. */
MUST_CHECK enum err refresh_put(struct txn *t, const struct refresh *r);
MUST_CHECK enum err refresh_set(struct store *st, const struct refresh *r);

/* The pass owes none any more, if it did. */
MUST_CHECK enum err refresh_drop(struct txn *t, const char *id);

struct refresh_look {
	int64_t now;
	int64_t soonest; /* of those that are not due yet; 0: none */
};

/* The rows that are due, at most REFRESH_ROWS. */
MUST_CHECK enum err refresh_due(struct store *st, struct refresh_look *look,
    struct arena *a, struct refresh *out, size_t *n);

#endif
