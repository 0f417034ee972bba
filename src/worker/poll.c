/*
 * poll - ask Google now and then who has each pass, where the tenant wants it.
 */

#include "wallet/google/poll.h"

#include <stdlib.h>

#include "store/state.h"
#include "worker/job.h"

#define TURN    5     /* passes: Google takes 20 requests a second */
#define PAUSE   1000  /* ms between two turns, which are left for pushes */
#define LOOK_MS 60000 /* until the settings may be others */
#define STATE   "googlePoll"

/* One after the other; it goes on where a worker ended. */
struct round {
	int64_t began;     /* ms */
	const char *after; /* the last pass asked about; NULL: it is over */
};

/* The time, a blank, and the pass or nothing. */
static enum err
read_round(const struct job_env *env, struct round *r)
{
	struct slice s = { "", 0 };
	enum err e = state_get(env->store, STATE, env->a, &s);
	char *end;

	*r = (struct round){ .began = 0 };
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	r->began = strtoll(s.s, &end, 10);
	r->after = *end == ' ' ? end + 1 : NULL;
	return ERR_OK;
}

static enum err
write_round(const struct job_env *env, const struct round *r)
{
	return state_put(env->store, STATE,
	    slice_of(arena_printf(env->a, "%lld%s%s", (long long)r->began,
		r->after == NULL ? "" : " ",
		r->after == NULL ? "" : r->after)));
}

static enum err
ask_some(const struct job_env *env, struct round *r)
{
	struct push_env push = { .a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.now = env->time.now };
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < TURN; i++) {
		const char *id;

		e = store_pass_next(env->store, r->after, env->a, &id);
		if (e == ERR_NOTFOUND) {
			r->after = NULL;
			return ERR_OK;
		}
		if (e != ERR_OK)
			break;
		e = poll_pass(&push, id);
		if (e == ERR_INTERNAL) /* it cannot be read; logged */
			e = ERR_OK;
		if (e == ERR_OK)
			r->after = id;
	}
	return e;
}

static enum err
poll(const struct job_env *env, struct job_state *s)
{
	const int64_t every = env->tenant->google.poll, now = env->time.now;
	struct round r;
	enum err e, told;

	s->next = env->time.tick + LOOK_MS;
	if (every == 0)
		return ERR_OK;
	if ((e = read_round(env, &r)) != ERR_OK)
		return e;
	if (r.after == NULL && r.began <= now && now < r.began + every) {
		if (r.began + every - now < LOOK_MS)
			s->next = env->time.tick + (r.began + every - now);
		return ERR_OK;
	}
	if (r.after == NULL)
		r = (struct round){ now, "" };
	told = ask_some(env, &r);
	s->queued = true; /* who saved it meanwhile is an event */
	if ((e = write_round(env, &r)) != ERR_OK || told != ERR_OK)
		return e != ERR_OK ? e : told;
	s->owed = r.after != NULL;
	s->next = env->time.tick + PAUSE;
	return ERR_OK;
}

const struct job job_poll = { "poll", poll, NULL, false };
