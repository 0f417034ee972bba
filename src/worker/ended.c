/*
 * ended - tell Google of passes that were erased.
 */

#include "wallet/google/end.h"
#include "worker/job.h"

#define BATCH 20 /* requests: a second's */

static enum err
ended(const struct job_env *env, struct job_state *s)
{
	struct push_env push = {
		.a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.now = env->time.now,
	};
	size_t n = BATCH;
	const enum err e = end_objects(&push, &n);

	if (e == ERR_OK && n == BATCH) {
		s->owed = true;
		s->next = env->time.tick;
	}
	return e;
}

const struct job job_ended = { "ended", ended, NULL, false };
