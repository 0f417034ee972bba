#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

/*
 * delivery - what each webhook is yet to be told.
 *
 * One is queued in the transaction that is done with its event, and goes when
 * the webhook took it.  One that fails comes again, later each time, for
 * DELIVERY_KEEP_MS from when it was queued; then it is parked, until somebody
 * asks for it again.  It holds the ids of a pass and its type, and nothing
 * else of it.  Consuming and settling are of one process at a time: the
 * worker.
 */

#include "store/webhook.h"

#define DELIVERY_ID_LEN  24       /* characters, after DELIVERY_ID_HEAD */
#define DELIVERY_KEEP_MS 86400000 /* that one is tried again */
#define DELIVERY_PENDING 100000   /* of a webhook; more are parked at once */
#define DELIVERY_PARKED  10000    /* of these the oldest go, when it is more */
#define DELIVERY_PIECE   500      /* that one call deals with */

struct delivery {
	char id[DELIVERY_ID_LEN + 1]; /* the same however often it is sent */
	struct event event;
	int64_t queued; /* ms: when, or when it was asked for again */
	int64_t at;     /* ms: due then, or parked since */
	uint32_t tries;
	const char *why; /* the last one failed, or NULL */
};

/* Queue what the enabled webhooks want of these; part of a transaction. */
struct delivery_source {
	const struct event *events;
	size_t n;
	int64_t now;
	ident_random_fn *random;
};
MUST_CHECK enum err delivery_queue(
    struct txn *t, const struct delivery_source *s);

/*
 * The next that are due, at most `*max`, in the order of their time.  With
 * fewer than that, `soonest` is when the next one is (0: there is none).
 */
struct delivery_look {
	const char *webhook;
	int64_t now;
	int64_t soonest;
};
MUST_CHECK enum err delivery_next(struct store *st, struct delivery_look *look,
    struct arena *a, struct delivery *out, size_t *max);

/* The parked ones, at most `*max`, the oldest first. */
MUST_CHECK enum err delivery_parked(struct store *st, const char *webhook,
    struct arena *a, struct delivery *out, size_t *max);

/* What came of sending one that delivery_next() gave. */
struct delivery_result {
	const struct delivery *delivery;
	int64_t started; /* ms */
	bool done;       /* it was taken */
	bool gone; /* nobody will ever take one: the webhook is disabled */
	const char *why; /* unless `done` */
};

/*
 * Store what came of them, and how it goes with the webhook.  One that fails
 * waits itself, and lets the others of its webhook wait, unless it was
 * sent before the last failure.  What has gone meanwhile is left.
 */
struct delivery_settlement {
	const char *webhook;
	const struct delivery_result *results;
	size_t n;
	int64_t now;
	size_t parked; /* set: how many were */
};
MUST_CHECK enum err delivery_settle(
    struct store *st, struct delivery_settlement *s);

/*
 * Parked ones are due again, and the webhook is tried at once.  At most
 * DELIVERY_PIECE at a time; `*n` tells how many.
 */
MUST_CHECK enum err delivery_retry(
    struct store *st, const char *webhook, int64_t now, size_t *n);

/* Forget any, or those that were parked before `before`; as many at a time. */
MUST_CHECK enum err delivery_drop(
    struct store *st, const char *webhook, size_t *n);
MUST_CHECK enum err delivery_forget(
    struct store *st, const char *webhook, int64_t before, size_t *n);

#endif
