#ifndef HUB_AUDIENCE_H
#define HUB_AUDIENCE_H

/*
 * audience - who listens to which pass, and what waits to be said to each.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "live/tell.h"

#define AUDIENCE_PENDING 16 /* frames that wait for one listener */

struct listener {
	struct listener *next[2], **at[2]; /* among those of the pass, and of
					      the address */
	char key[128];                     /* TENANT/PASS */
	char address[64];                  /* or "" */
	void *owner;                       /* its connection */
	struct {
		int64_t date;
		enum live_kind kind;
	} pending[AUDIENCE_PENDING];
	unsigned first, n; /* of `pending`, a ring */
	bool behind;       /* more was to be said than it has room for */
};

struct audience_limits {
	size_t all, pass, address;
};

struct audience;
struct audience *audience_new(const struct audience_limits *limits);
void audience_free(struct audience *au);

/* What one listens to, and whence: "" where the address is not known. */
struct audience_seat {
	const char *tenant, *pass, *address;
};

/*
 * `l`, zeroed but for its owner, listens from now on until audience_leave().
 * ERR_BUSY, with `why`, and nothing is changed: one of the limits is reached;
 * the field of `why` is "" when it is that of all.
 */
MUST_CHECK enum err audience_join(struct audience *au, struct listener *l,
    const struct audience_seat *seat, struct why *w);

/* Nothing for one who does not listen. */
void audience_leave(struct audience *au, struct listener *l);

/* All of them, in no order. */
size_t audience_count(const struct audience *au);

/*
 * Put the event to each that listens to its pass, and call `fn` with it.  One
 * without room is behind from then on, and is not called for again.  `fn`
 * must not let anybody leave.
 */
typedef void audience_fn(struct listener *l);
void audience_tell(
    struct audience *au, const struct live_event *e, audience_fn *fn);

/* Call `fn` for every listener; it must not let anybody leave. */
void audience_each(struct audience *au, audience_fn *fn);

#endif
