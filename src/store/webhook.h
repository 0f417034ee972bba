#ifndef STORE_WEBHOOK_H
#define STORE_WEBHOOK_H

/*
 * webhook - other systems that are told of what happened, and how that goes;
 * what each is yet to be told is in store/delivery.h.
 */

#include "base/ident.h"
#include "conf/setting.h"
#include "store/event.h"

#define WEBHOOK_MAX    16   /* of a tenant */
#define WEBHOOK_ID_LEN 12   /* characters */
#define WEBHOOK_URL    2048 /* bytes */
#define WEBHOOK_TYPES  32   /* pass types that one is for, */
#define WEBHOOK_TYPE   64   /* of so many bytes */
#define WEBHOOK_SECRET 32   /* bytes */
#define WEBHOOK_WHY    200  /* bytes of a reason; more are cut */

struct webhook {
	char id[WEBHOOK_ID_LEN + 1];
	const char *url;
	unsigned events;      /* bits: 1 << EVENT_CREATED... */
	struct strings types; /* of passes; none: all */
	bool enabled;         /* else nothing is queued or sent */
	unsigned char secret[WEBHOOK_SECRET];
	unsigned char former[WEBHOOK_SECRET]; /* signs too for a while: */
	int64_t former_until;                 /* ms; 0: there is none */
	int64_t created, updated;             /* ms */

	uint32_t pending, parked;  /* deliveries */
	uint64_t dropped;          /* parked ones that had to go */
	uint32_t failures;         /* in a row */
	int64_t next;              /* ms: while it fails, not before */
	int64_t succeeded, failed; /* ms, the last time; 0: never */
	const char *why;           /* of the last failure, or NULL */
};

/* Its id is given.  ERR_TOOBIG: there are WEBHOOK_MAX; ERR_CONFLICT: the id. */
MUST_CHECK enum err webhook_add(struct store *st, const struct webhook *w);

/* ERR_NOTFOUND: there is none of that id. */
MUST_CHECK enum err webhook_find(
    struct store *st, const char *id, struct arena *a, struct webhook *out);

/* All of them; `out` has room for WEBHOOK_MAX. */
MUST_CHECK enum err webhook_list(
    struct store *st, struct arena *a, struct webhook *out, size_t *n);

/*
 * Change it by `fn`, which may be called again, on what is stored; `*out` is
 * what it has become.  What `fn` returns, unless ERR_OK, is returned, and
 * nothing is changed.
 */
typedef enum err webhook_fn(struct webhook *w, void *arg);
struct webhook_change {
	const char *id;
	webhook_fn *fn;
	void *arg;
};
MUST_CHECK enum err webhook_change(struct store *st,
    const struct webhook_change *c, struct arena *a, struct webhook *out);

/* It goes with all that it is yet to be told.  ERR_NOTFOUND. */
MUST_CHECK enum err webhook_remove(struct store *st, const char *id);

/* In a transaction, which locks them: one, all, and the one changed. */
MUST_CHECK enum err webhook_get(
    struct txn *t, const char *id, struct arena *a, struct webhook *out);
MUST_CHECK enum err webhook_get_all(
    struct txn *t, struct arena *a, struct webhook *out, size_t *n);
MUST_CHECK enum err webhook_put(struct txn *t, const struct webhook *w);

#endif
