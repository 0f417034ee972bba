/*
 * refresh - ask data providers about passes that were changed without.
 */

#include "store/refresh.h"

#include "pass/change.h"
#include "worker/job.h"

#define TURN  10   /* passes of one turn: each may wait for its providers */
#define TRIES 20   /* that fail, then the next change asks again */
#define AGAIN 5000 /* ms, where the pass could not be changed at all */

static enum err
drop(struct txn *t, void *arg)
{
	return refresh_drop(t, arg);
}

/* What cannot be done later either is not owed. */
static enum err
settle_failure(const struct job_env *env, const struct refresh *r, enum err e)
{
	const struct refresh later = { r->id, env->time.now + AGAIN,
		r->tries + 1 };

	if (e == ERR_NOTFOUND || e == ERR_UNSET || r->tries >= TRIES)
		return store_run(env->store, drop, arena_strdup(env->a, r->id));
	return refresh_set(env->store, &later);
}

static enum err
ask(const struct job_env *env, const struct refresh *r)
{
	struct change_env change = {
		.a = env->a,
		.tenant = env->tenant,
		.store = env->store,
		.allow_private = &env->server->allow_private,
		.now = env->time.now,
		.random = ident_random,
	};
	const struct change_input in = {
		.update_metadata = true, .ask = CHANGE_FRESH, .tries = r->tries
	};
	struct change_result result;
	struct why w;
	enum err e;

	if (r->tries > TRIES)
		return settle_failure(env, r, ERR_NOTFOUND);
	e = change_update(&change, r->id, &in, &result, &w);
	return e == ERR_OK ? ERR_OK : settle_failure(env, r, e);
}

static enum err
refresh(const struct job_env *env, struct job_state *s)
{
	struct refresh *rows =
	    arena_alloc(env->a, REFRESH_ROWS * sizeof(*rows));
	struct refresh_look look = { .now = env->time.now };
	size_t n, i;
	enum err e = refresh_due(env->store, &look, env->a, rows, &n);

	for (i = 0; e == ERR_OK && i < n && i < TURN; i++)
		e = ask(env, &rows[i]);
	/* A provider that is down keeps no worker waiting. */
	s->owed = n > 0;
	if (n > 0)
		s->next = env->time.tick;
	else if (look.soonest != 0)
		s->next = env->time.tick + (look.soonest - env->time.now);
	return e;
}

const struct job job_refresh = { "refresh", refresh, NULL, false };
