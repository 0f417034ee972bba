/*
 * push - tell the wallets of passes that changed.
 */

#include "wallet/push.h"

#include <stdlib.h>

#include "worker/job.h"

#define BATCH    500
#define SOON_MS  10000 /* that a push under way may add to the window */
#define AGAIN_MS 60000 /* for a pass that a wallet did not take */

/* A look through all that is owed takes as many turns as it needs. */
struct look {
	struct due_scan scan;
	bool again; /* rows may have come behind it */
};

/* At the end of a look: begin anew, or wait for what is due soonest. */
static void
look_ended(const struct job_env *env, struct look *l, struct job_state *s)
{
	const int64_t soonest = l->scan.soonest;

	s->owed = l->again || soonest != 0;
	/* What no wallet has failed yet is due soon after the window. */
	s->failing = !l->again &&
	    soonest > env->time.now + env->tenant->push_window + SOON_MS;
	if (l->again)
		s->next = env->time.tick;
	else if (soonest != 0)
		s->next = env->time.tick + (soonest - env->time.now);
	*l = (struct look){ .again = false };
}

static enum err
look_on(const struct job_env *env, struct look *l, struct due *rows, size_t *n)
{
	const struct due_when when = {
		.now = env->time.now,
		.horizon = env->time.now + AGAIN_MS + env->tenant->push_window,
	};

	*n = BATCH;
	return due_next(env->store, &l->scan, &when, env->a, rows, n);
}

static bool
is_taken(const struct due *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((rows[i].done | rows[i].refused) != 0)
			return true;
	return false;
}

/* What one wallet took is no failure, whoever else cannot be reached. */
static enum err
tell(struct push_env *push, struct due *rows, size_t n)
{
	enum err e = push_rows(push, rows, n, AGAIN_MS);

	return e == ERR_UPSTREAM && is_taken(rows, n) ? ERR_OK : e;
}

static enum err
push(const struct job_env *env, struct job_state *s)
{
	struct push_env push = {
		.a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.now = env->time.now,
		.wallets = env->wallets,
	};
	struct due *rows = arena_alloc(env->a, BATCH * sizeof(*rows));
	struct look *l = s->own;
	bool began;
	size_t n;
	enum err e;

	if (l == NULL && (l = s->own = calloc(1, sizeof(*l))) == NULL)
		abort();
	began = l->scan.after[0] != '\0';
	if ((e = look_on(env, l, rows, &n)) != ERR_OK)
		return e;
	/* A look that begins with this turn sees what was queued. */
	l->again = l->again || n > 0 || (s->woken && began);
	if (l->scan.ended) {
		look_ended(env, l, s);
	} else {
		s->owed = true;
		s->next = env->time.tick;
	}
	s->queued = n > 0; /* a phone that is gone is an event */
	return n == 0 ? ERR_OK : tell(&push, rows, n);
}

const struct job job_push = { "push", push, free, true };
