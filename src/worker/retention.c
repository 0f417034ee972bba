/*
 * retention - forget operations that are over for long enough.
 */

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
	size_t n = 0;
	enum err e = operation_forget(env->store, &r, &n);

	s->next = env->time.tick + (n == BATCH ? 0 : EACH_MS);
	s->owed = n == BATCH;
	return e;
}

const struct job job_retention = { "retention", retention, NULL };
