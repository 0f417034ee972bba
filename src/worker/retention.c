/*
 * retention - forget operations that are over for long enough, and old days.
 */

#include "store/day.h"
#include "store/operation.h"
#include "worker/job.h"

#define EACH_MS 3600000
#define BATCH   100

static enum err
retention(const struct job_env *env, struct job_state *s)
{
	const struct operation_retention r = {
		.before = env->time.now - env->tenant->keep_operations,
		.max = BATCH,
	};
	const int64_t first = env->time.now - env->tenant->keep_events;
	size_t n = 0, days = BATCH;
	enum err e = operation_forget(env->store, &r, &n);

	if (e == ERR_OK)
		e = day_forget(env->store, day_of(first), &days);
	s->owed = e == ERR_OK && (n == BATCH || days == BATCH);
	s->next = env->time.tick + (s->owed ? 0 : EACH_MS);
	return e;
}

const struct job job_retention = { "retention", retention, NULL, false };
