#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

/*
 * worker - the jobs of all tenants, a turn of each at a time.
 */

#include "worker/job.h"

struct worker;

/* `wallets` and `s` must outlive it. */
struct worker *worker_new(
    const struct server *s, const struct push_wallet *const *wallets);
void worker_free(struct worker *w);

/*
 * Give every job whose time has come one turn.  `next` is the tick at which
 * another round is worth it, unless something is queued before: look again
 * within WORKER_LOOK_MS.
 */
#define WORKER_LOOK_MS 50
struct worker_round {
	bool owed;    /* something is to be done, now or later */
	bool failing; /* and all of it failed when it was tried */
	bool worked;  /* something was done */
	bool shut;    /* what a tenant is owed cannot be known */
	int64_t next;
};
MUST_CHECK enum err worker_round(
    struct worker *w, const struct job_time *time, struct worker_round *out);

/* Was anything queued since the last round began? */
bool worker_touched(const struct worker *w);

#endif
