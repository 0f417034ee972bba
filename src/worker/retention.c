/*
 * retention - forget operations that are over for long enough, old days and
 * parked deliveries.
 */

#include "store/day.h"
#include "store/delivery.h"
#include "store/operation.h"
#include "worker/job.h"

#define EACH_MS 3600000
#define BATCH   100

/* `more`: there may be others. */
static enum err
forget_deliveries(const struct job_env *env, int64_t before, bool *more)
{
	struct webhook *all = arena_alloc(env->a, WEBHOOK_MAX * sizeof(*all));
	size_t n = 0, gone;
	enum err e = webhook_list(env->store, env->a, all, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (all[i].parked == 0)
			continue;
		e = delivery_forget(env->store, all[i].id, before, &gone);
		*more = *more || gone == DELIVERY_PIECE;
	}
	return e;
}

static enum err
retention(const struct job_env *env, struct job_state *s)
{
	const struct operation_retention r = {
		.before = env->time.now - env->tenant->keep_operations,
		.max = BATCH,
	};
	const int64_t first = env->time.now - env->tenant->keep_events;
	size_t n = 0, days = BATCH;
	bool more = false;
	enum err e = operation_forget(env->store, &r, &n);

	if (e == ERR_OK)
		e = day_forget(env->store, day_of(first), &days);
	if (e == ERR_OK)
		e = forget_deliveries(env, first, &more);
	s->owed = e == ERR_OK && (n == BATCH || days == BATCH || more);
	s->next = env->time.tick + (s->owed ? 0 : EACH_MS);
	return e;
}

const struct job job_retention = { "retention", retention, NULL, false };
