#ifndef WORKER_EVENTS_H
#define WORKER_EVENTS_H

/*
 * events - what is made of what happened.
 *
 * The job takes events in batches.  All that is made of a batch commits with
 * its end, so that no event is lost and none counts twice.
 */

#include "store/event.h"
#include "worker/job.h"

/* A part of the transaction: it may be run again. */
typedef enum err events_fn(struct txn *t, const struct job_env *env,
    const struct event *events, size_t n);

#endif
