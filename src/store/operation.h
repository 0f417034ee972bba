#ifndef STORE_OPERATION_H
#define STORE_OPERATION_H

/*
 * operation - updates that were asked for together, and how far they are.
 *
 * A bulk update holds the frozen set of its passes and the data to merge
 * until it has ended; its position and counters move in the transaction that
 * changes the passes, so that a worker killed at any moment neither skips nor
 * repeats one.  Updates of single passes that share a correlation id are
 * one operation that only counts.
 */

#include "base/ident.h"
#include "store/store.h"

#define OPERATION_ID_LEN      24
#define OPERATION_CORRELATION 128 /* bytes */

enum operation_kind { OPERATION_UPDATE, OPERATION_PUSH_UPDATE };

struct operation {
	char id[OPERATION_ID_LEN + 1]; /* in the order of their start */
	enum operation_kind kind;
	bool canceled, ended;
	double throughput;       /* passes a second */
	int64_t started, active; /* ms; active 0: not yet */
	uint32_t total, completed, errors, apple, google;
	uint32_t next; /* ordinal: those before it are done with */
	const char *correlation;
};

/* What is to be done to which passes. */
struct operation_work {
	const uint64_t *bits; /* of ordinal n: bits[n / 64] >> n % 64 & 1 */
	size_t nwords;
	struct slice data;
};

/*
 * Store a bulk update; of `op` are given kind, throughput, started and
 * correlation, the rest is set.  Without any pass it has ended already.
 */
MUST_CHECK enum err operation_add(struct store *st, struct operation *op,
    const struct operation_work *work, ident_random_fn *random);

/*
 * An update of a single pass begins: the operation of kind OPERATION_UPDATE
 * and this correlation id counts one more, or is made.  Its id goes to `id`,
 * which has room for OPERATION_ID_LEN + 1.
 */
struct operation_note {
	const char *correlation;
	int64_t now;
	ident_random_fn *random;
};
MUST_CHECK enum err operation_note(
    struct store *st, const struct operation_note *note, char *id);

/* ERR_NOTFOUND: there is none of that id. */
MUST_CHECK enum err operation_find(
    struct store *st, const char *id, struct arena *a, struct operation *out);

/* At most `max`, the newest first. */
MUST_CHECK enum err operation_list(struct store *st, struct arena *a,
    struct operation *out, size_t max, size_t *n);

/* Bulk updates that have not ended, at most `max`, the oldest first. */
MUST_CHECK enum err operation_running(struct store *st, struct arena *a,
    struct operation *out, size_t max, size_t *n);

/*
 * Stop every bulk update of this correlation id that has not ended.
 * ERR_NOTFOUND: there is none, and there was none.
 */
MUST_CHECK enum err operation_cancel(
    struct store *st, const char *correlation, int64_t now);

/* The data that was stored with it; ERR_NOTFOUND once it has ended. */
MUST_CHECK enum err operation_data(
    struct store *st, const char *id, struct arena *a, struct slice *data);

/*
 * The next passes of its set, at most `max`: their ordinals and their ids,
 * NULL for one that was removed.  None: the set is done with.
 */
struct operation_pass {
	uint32_t ordinal;
	const char *id;
};
MUST_CHECK enum err operation_passes(struct store *st,
    const struct operation *op, struct arena *a, struct operation_pass *out,
    size_t *max);

/* What a piece of work adds to an operation. */
struct operation_step {
	uint32_t from, next;       /* moves `next` from .. to ..; or both 0 */
	int64_t now;               /* becomes `active` */
	int32_t completed, errors; /* may be less than 0 */
	uint32_t apple, google;
	bool ends; /* its set and data are let go */
};

/*
 * ERR_NOTFOUND: there is no such operation; ERR_CONFLICT: it was cancelled,
 * has ended, or is not at `from`.  Nothing is written then.
 */
MUST_CHECK enum err operation_add_step(
    struct txn *t, const char *id, const struct operation_step *step);
MUST_CHECK enum err operation_take_step(
    struct store *st, const char *id, const struct operation_step *step);

/*
 * Forget operations that started before `before` and have ended, at most
 * `max` at a time; `*n` tells how many.  Those that only count have ended when
 * nothing came since `before`.
 */
struct operation_retention {
	int64_t before;
	size_t max;
};
MUST_CHECK enum err operation_forget(
    struct store *st, const struct operation_retention *r, size_t *n);

#endif
