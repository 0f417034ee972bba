/*
 * bulk - bulk updates, each at its own pace.
 *
 * A batch is a transaction; in a turn, operations whose time has come have one
 * after the other a batch, until none is behind or the turn was long enough.
 */

#include "pass/bulk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "store/operation.h"
#include "worker/job.h"

#define RUNNING_MAX 1000  /* at the same time; the rest wait */
#define BATCH       250   /* passes of a transaction */
#define BATCH_MS    100   /* or as many as are due in this time */
#define TURN        500   /* passes of a turn, or a batch more */
#define CREDIT_MS   400   /* that is made up for when others took the time */
#define AGAIN_MS    10000 /* the longest wait for a provider */
#define LOOK_MS     100   /* between two looks for new operations */
#define ARENA_BLOCK ((size_t)1 << 20)

struct pace {
	char id[OPERATION_ID_LEN + 1];
	double next; /* tick of the next batch */
	unsigned failures;
	bool seen, over;
	bool stuck; /* the last batch could not be made */
};

struct bulk {
	struct pace pace[RUNNING_MAX];
	size_t n, at; /* `at`: whose turn it is */
	int64_t looked;
	struct arena *a; /* of a batch */
};

/* -- which are running ----------------------------------------------------- */

/*
 * A worker that was killed knows by the last activity when the next batch is
 * due, unless the clock was set back meanwhile.
 */
static double
first_batch(const struct operation *op, const struct job_time *t)
{
	double wait = 1000 / op->throughput;
	double since = (double)(t->now - op->active);

	if (op->active == 0 || since < 0 || since > wait)
		return (double)t->tick;
	return (double)t->tick + wait - since;
}

static struct pace *
find_pace(struct bulk *b, const char *id)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->pace[i].id, id) == 0)
			return &b->pace[i];
	return NULL;
}

static void
note_running(
    struct bulk *b, const struct operation *op, const struct job_time *t)
{
	struct pace *p = find_pace(b, op->id);

	if (p == NULL && b->n < RUNNING_MAX) {
		p = &b->pace[b->n++];
		*p = (struct pace){ .next = first_batch(op, t) };
		memcpy(p->id, op->id, sizeof(p->id));
	}
	if (p != NULL)
		p->seen = true;
}

static void
drop_unseen(struct bulk *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->pace[i].seen)
			b->pace[kept++] = b->pace[i];
	b->n = kept;
}

static enum err
look(const struct job_env *env, struct bulk *b)
{
	struct operation *ops = arena_alloc(env->a, RUNNING_MAX * sizeof(*ops));
	size_t n;
	enum err e;

	if (env->time.tick - b->looked < LOOK_MS)
		return ERR_OK;
	e = operation_running(env->store, env->a, ops, RUNNING_MAX, &n);
	if (e != ERR_OK)
		return e;
	b->looked = env->time.tick;
	for (size_t i = 0; i < b->n; i++)
		b->pace[i].seen = b->pace[i].over = false;
	for (size_t i = 0; i < n; i++)
		if (find_pace(b, ops[i].id) != NULL)
			note_running(b, &ops[i], &env->time);
	drop_unseen(b);
	for (size_t i = 0; i < n; i++)
		note_running(b, &ops[i], &env->time);
	return ERR_OK;
}

/* -- one batch ------------------------------------------------------------- */

struct batch {
	const struct operation *op;
	bool asks; /* providers, which may take their time */
	struct change_item *items;
	size_t n;
	struct operation_step step;
};

/* How far the operation is commits with its passes. */
static enum err
count(struct txn *t, void *arg)
{
	struct batch *b = arg;

	b->step.completed = b->step.errors = 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].err == ERR_OK)
			b->step.completed++;
		else
			b->step.errors++;
	return operation_add_step(t, b->op->id, &b->step);
}

/* What is due, and will be in BATCH_MS. */
static size_t
batch_size(const struct pace *p, int64_t tick, double throughput)
{
	double n = throughput * ((double)tick - p->next + BATCH_MS) / 1000;

	return n < 1 ? 1 : n > BATCH ? BATCH : (size_t)n;
}

/* The passes of the next batch; one more tells whether it is the last. */
static enum err
fetch(const struct job_env *env, struct batch *b, size_t want)
{
	struct operation_pass passes[BATCH + 1];
	size_t n = want + 1;
	enum err e;

	e = operation_passes(env->store, b->op, env->a, passes, &n);
	if (e != ERR_OK)
		return e;
	b->n = n < want ? n : want;
	b->items = arena_alloc(env->a, (b->n + 1) * sizeof(*b->items));
	for (size_t i = 0; i < b->n; i++)
		b->items[i].id = passes[i].id;
	b->step = (struct operation_step){
		.from = b->op->next,
		.next =
		    b->n == 0 ? b->op->next + 1 : passes[b->n - 1].ordinal + 1,
		.now = env->time.now,
		.ends = n <= want,
	};
	return ERR_OK;
}

static enum err
run_batch(const struct job_env *env, const struct pace *p, struct batch *b)
{
	const struct operation *op = b->op;
	struct change_env change = {
		.a = env->a,
		.tenant = env->tenant,
		.store = env->store,
		.allow_private = &env->server->allow_private,
		.now = env->time.now,
		.random = ident_random,
	};
	struct change_input in;
	struct slice data;
	enum err e;

	if ((e = operation_data(env->store, op->id, env->a, &data)) != ERR_OK ||
	    (e = bulk_parse(env->a, data, &in)) != ERR_OK)
		return e;
	b->asks = env->tenant->nproviders > 0 &&
	    (in.update_metadata || in.identifiers != NULL);
	e = fetch(env, b,
	    b->asks ? 1 : batch_size(p, env->time.tick, op->throughput));
	if (e != ERR_OK)
		return e;
	in.operation = op->id;
	in.ask = CHANGE_MUST;
	e = change_batch(&change, &in, b->items, b->n, count, b);
	if (e == ERR_OK && b->step.ends)
		log_info("bulk_end", "operation", op->id, "correlation",
		    op->correlation, "completed",
		    text_num((long long)op->completed + b->step.completed).s,
		    "errors",
		    text_num((long long)op->errors + b->step.errors).s, NULL);
	return e;
}

/* -- a turn ---------------------------------------------------------------- */

/* A provider that gives no answer has some time until it is asked again. */
static bool
is_unanswered(const struct batch *b)
{
	return b->asks && b->n > 0 && b->items[0].err == ERR_UPSTREAM;
}

static void
pace_on(struct pace *p, const struct job_env *env, const struct batch *b)
{
	int64_t wait;

	p->next += (double)b->n * 1000 / b->op->throughput;
	if (!is_unanswered(b)) {
		p->failures = 0;
		return;
	}
	wait = job_back_off(++p->failures);
	wait = wait < AGAIN_MS ? wait : AGAIN_MS;
	if (p->next < (double)(env->time.tick + wait))
		p->next = (double)(env->time.tick + wait);
}

/* Gives the passes that a turn has had with it. */
static size_t
step(const struct job_env *env, struct pace *p, struct job_state *s)
{
	struct operation op;
	struct batch b = { .op = &op };
	const double least = (double)(env->time.tick - CREDIT_MS);
	enum err e = operation_find(env->store, p->id, env->a, &op);

	if (p->next < least)
		p->next = least;
	if (e == ERR_OK)
		e = op.ended ? ERR_NOTFOUND : run_batch(env, p, &b);
	if (e == ERR_OK)
		pace_on(p, env, &b);
	s->queued = s->queued || e == ERR_OK;
	p->over = (e == ERR_OK && b.step.ends) || e == ERR_NOTFOUND ||
	    e == ERR_CONFLICT; /* cancelled meanwhile */
	p->stuck = !p->over && e != ERR_OK;
	if (!p->stuck)
		return b.asks ? TURN : b.n;
	p->next = (double)(env->time.tick + job_back_off(++p->failures));
	log_warning("bulk_later", "operation", p->id, "failures",
	    text_num(p->failures).s, NULL);
	return 0;
}

/* The first one from `at` on whose time has come; NULL: none. */
static struct pace *
next_due(const struct job_env *env, struct bulk *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct pace *p = &b->pace[(b->at + i) % b->n];

		if (p->over || p->next > (double)env->time.tick)
			continue;
		b->at = (b->at + i + 1) % b->n;
		return p;
	}
	return NULL;
}

static enum err
steps(const struct job_env *env, struct bulk *b, struct job_state *s)
{
	struct job_env batch = *env;
	struct pace *p = next_due(env, b);

	if (p == NULL)
		return ERR_OK;
	batch.a = b->a;
	for (size_t done = 0; p != NULL;
	     p = done < TURN ? next_due(env, b) : NULL) {
		done += step(&batch, p, s);
		arena_reset(b->a);
	}
	return store_flush(env->store);
}

static void
soonest(const struct bulk *b, const struct job_env *env, struct job_state *s)
{
	/* A look that came too soon is made up for. */
	if (b->looked != env->time.tick)
		s->next = b->looked + LOOK_MS;
	for (size_t i = 0; i < b->n; i++) {
		int64_t next = b->pace[i].over ? b->looked + LOOK_MS
					       : (int64_t)ceil(b->pace[i].next);

		if (next < s->next)
			s->next = next;
	}
}

static bool
is_stuck(const struct bulk *b)
{
	bool stuck = b->n > 0;

	for (size_t i = 0; i < b->n; i++)
		stuck = stuck && (b->pace[i].stuck || b->pace[i].over);
	return stuck;
}

static enum err
bulk(const struct job_env *env, struct job_state *s)
{
	struct bulk *b = s->own;
	enum err e;

	if (b == NULL) {
		if ((b = s->own = calloc(1, sizeof(*b))) == NULL)
			abort();
		b->a = arena_new(ARENA_BLOCK);
		b->looked = env->time.tick - LOOK_MS;
	}
	if ((e = look(env, b)) != ERR_OK)
		return e;
	e = steps(env, b, s);
	s->owed = b->n > 0;
	s->failing = is_stuck(b);
	soonest(b, env, s);
	return e;
}

static void
end(void *own)
{
	struct bulk *b = own;

	if (b != NULL)
		arena_free(b->a);
	free(b);
}

const struct job job_bulk = { "bulk", bulk, end, false };
