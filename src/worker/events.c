#include "worker/events.h"

#include "store/day.h"
#include "store/delivery.h"

#define BATCH   500
#define REST_MS 200 /* so that few commits do when there are few at a time */

static events_fn count, queue_deliveries;

/* Who makes something of them. */
static events_fn *const consumers[] = { count, queue_deliveries, NULL };

static enum err
count(struct txn *t, const struct job_env *env, const struct event *events,
    size_t n)
{
	(void)env;
	return day_count(t, events, n);
}

static enum err
queue_deliveries(struct txn *t, const struct job_env *env,
    const struct event *events, size_t n)
{
	const struct delivery_source source = { .events = events,
		.n = n,
		.now = env->time.now,
		.random = ident_random };

	return delivery_queue(t, &source);
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

/* Then there may be work for the job that sends. */
static enum err
has_webhooks(const struct job_env *env, bool *has)
{
	struct webhook *all = arena_alloc(env->a, WEBHOOK_MAX * sizeof(*all));
	size_t n = 0;
	enum err e = webhook_list(env->store, env->a, all, &n);

	*has = n > 0;
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
	if ((e = store_run(env->store, consume, &b)) == ERR_OK)
		e = has_webhooks(env, &s->queued);
	return e;
}

const struct job job_events = { "events", events, NULL, true };
