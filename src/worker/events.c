#include "worker/events.h"

#include "store/day.h"

#define BATCH   500
#define REST_MS 200 /* so that few commits do when there are few at a time */

static events_fn count;

/* Who makes something of them. */
static events_fn *const consumers[] = { count, NULL };

static enum err
count(struct txn *t, const struct job_env *env, const struct event *events,
    size_t n)
{
	(void)env;
	return day_count(t, events, n);
}

struct batch {
	const struct job_env *env;
	struct event *list;
	size_t n;
};

static enum err
consume(struct txn *t, void *arg)
{
	const struct batch *b = arg;
	enum err e = event_done(t, b->list, b->n);

	for (size_t i = 0; e == ERR_OK && consumers[i] != NULL; i++)
		e = consumers[i](t, b->env, b->list, b->n);
	return e;
}

static enum err
events(const struct job_env *env, struct job_state *s)
{
	struct batch b = { .env = env, .n = BATCH };
	enum err e;

	b.list = arena_alloc(env->a, BATCH * sizeof(*b.list));
	if ((e = event_next(env->store, env->a, b.list, &b.n)) != ERR_OK ||
	    b.n == 0)
		return e;
	s->owed = true;
	s->next = env->time.tick + (b.n == BATCH ? 0 : REST_MS);
	return store_run(env->store, consume, &b);
}

const struct job job_events = { "events", events, NULL, true };
