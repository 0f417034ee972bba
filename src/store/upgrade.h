#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H

/*
 * upgrade - a store of an older format becomes one of the present, when it is
 * opened and before anybody else is let in; of this room only.
 *
 * A step rewrites a table row by row in the order of its keys.  How far it is
 * commits with every hundred rows, so that whoever is killed leaves the rest
 * to the next opener.
 */

#include "store/private.h"

/*
 * Put a row of the newer format in the place of this one, which is good
 * during the call; keys stay.  It is called once for each row that counts,
 * but again after a deadlock.
 */
typedef enum err upgrade_row_fn(
    struct txn *t, struct slice key, struct slice value);

struct upgrade_step {
	const char *what; /* for the log */
	enum table table; /* a btree without duplicates */
	upgrade_row_fn *row;
};

/* Step n makes format n + 2 of n + 1; format.c has them. */
struct upgrade_plan {
	const struct upgrade_step *steps;
	size_t n;
};
extern const struct upgrade_plan upgrade_plan;

/* The format that this program writes. */
static inline uint32_t
upgrade_format(void)
{
	return 1 + (uint32_t)upgrade_plan.n;
}

/* Log that the data of `dir` is of a newer format; ERR_INTERNAL. */
MUST_CHECK enum err upgrade_refuse(const char *dir);

/*
 * Judge the format by TABLE_META, where a new store gets the present one.
 * ERR_INTERNAL, logged: it is newer; ERR_BUSY: it is older and others are
 * attached, and the next opener will see to that.
 */
MUST_CHECK enum err upgrade_check(struct store *st);

/* Bring all tables, which are open, to the present format; logged. */
MUST_CHECK enum err upgrade_run(struct store *st);

#endif
