#ifndef WORKER_JOB_H
#define WORKER_JOB_H

/*
 * job - what runs without being asked, for one tenant at a time.
 *
 * A turn is short: a job does a piece of what is owed and says when it wants
 * another turn.  Two clocks come in with it: the time of day, which may be
 * set back, for what is stored and shown; and ticks, which only rise, for
 * everything that waits.  What is owed lies in the store, so that a worker
 * may end at any moment.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "store/store.h"
#include "wallet/push.h"

#define JOB_NEVER INT64_MAX

struct job_time {
	int64_t now;  /* ms since 1970 */
	int64_t tick; /* ms since whenever */
};

struct job_env {
	struct arena *a; /* of this turn */
	const struct server *server;
	struct tenant *tenant;
	struct store *store;
	struct job_time time;
	const struct push_wallet *const *wallets;
};

/* Of one job for one tenant. */
struct job_state {
	int64_t next;      /* tick of the next turn; JOB_NEVER */
	unsigned failures; /* in a row */
	bool owed;         /* there is something to do, now or later */
	bool failing;      /* all of it failed, and waits for that to pass */
	bool woken;        /* something was queued since the last turn */
	bool queued;       /* set by a job that made work for others */
	void *own;         /* the job's; freed by its `end` */
};

struct job {
	const char *name;
	/*
	 * `next` is JOB_NEVER, `owed` and `failing` are false when it is
	 * called; it sets them.  After an err, job_plan() says when it is
	 * tried again.
	 */
	enum err (*fn)(const struct job_env *env, struct job_state *s);
	void (*end)(void *own); /* or NULL */
	bool fed;               /* what other jobs do makes work for it */
};

/* All of them, ended by NULL. */
extern const struct job *const jobs[];
extern const struct job job_bulk, job_push, job_refresh, job_events,
    job_webhooks, job_checkpoint, job_retention, job_poll, job_certificates;

/* Plan the turn after one that ended at `tick` with `e`. */
void job_plan(struct job_state *s, enum err e, int64_t tick);

/* How long to wait after so many failures in a row, in ms. */
int64_t job_back_off(unsigned failures);

#endif
