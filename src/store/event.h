#ifndef STORE_EVENT_H
#define STORE_EVENT_H

/*
 * event - what happened to passes, first in, first out.
 *
 * An event commits with the change that it tells of and stays until what is
 * made of it has committed.  One process at a time takes them: the worker.
 */

#include "store/store.h"

enum event_kind {
	EVENT_CREATED,
	EVENT_UPDATED,
	EVENT_INSTALLED,
	EVENT_UNINSTALLED,
	EVENT_NOTIFIED,
	EVENT__MAX
};

struct event {
	enum event_kind kind;
	unsigned wallet;         /* STORE_APPLE..: of an install; else 0 */
	int64_t date;            /* ms */
	const char *pass, *type; /* its id, and its type at that time */
	uint32_t place;          /* set by event_next(), for event_done() */
};

/*
 * Part of the change.  ERR_INVALID: no kind, or an id or a type of over 64
 * bytes.
 */
MUST_CHECK enum err event_add(struct txn *t, const struct event *e);

/*
 * The oldest, at most `max`, which stay where they are.  Waits for changes
 * that are just being committed, so that none comes in before them later.
 */
MUST_CHECK enum err event_next(
    struct store *st, struct arena *a, struct event *out, size_t *max);

/* How many there are, about. */
MUST_CHECK enum err event_count(struct store *st, uint64_t *n);

/*
 * These, given by event_next(), are dealt with.  ERR_CONFLICT: they are not
 * the oldest, as somebody else takes events too; not to be committed.
 */
MUST_CHECK enum err event_done(
    struct txn *t, const struct event *events, size_t n);

#endif
