/*
 * checkpoint - keep recovery short while nobody waits for it.
 */

#include "worker/job.h"

#define EACH_MS 30000
#define KBYTES  4096 /* of log */

static enum err
checkpoint(const struct job_env *env, struct job_state *s)
{
	s->next = env->time.tick + EACH_MS;
	return store_checkpoint(env->store, KBYTES);
}

const struct job job_checkpoint = { "checkpoint", checkpoint, NULL, false };
