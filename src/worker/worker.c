#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "conf/tenants.h"
#include "live/tell.h"

#define LIST_MS     2000 /* between two looks for new tenants */
#define JOBS_MAX    16
#define FELLOW_MS   200 /* until a job looks at what another made */
#define ARENA_BLOCK ((size_t)64 << 10)

/* A tenant and the state of its jobs. */
struct place {
	char *id, *data;         /* the folder data/ */
	struct timespec touched; /* when it was last seen to be */
	struct job_state state[JOBS_MAX];
	unsigned failures; /* to get at the tenant at all */
	int64_t again;     /* and when that is tried next */
	bool listed;
};

struct worker {
	const struct server *server;
	const struct push_wallet *const *wallets;
	struct tenants *tenants;
	struct stores *stores;
	struct live *live; /* NULL: no hub */
	struct place *places;
	size_t n;
	int64_t listed; /* tick; JOB_NEVER: never */
	struct arena *a;
};

struct worker *
worker_new(const struct server *s, const struct push_wallet *const *wallets)
{
	struct store_options opt = {
		.sync = (enum store_sync)s->durability,
	};
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->live = live_new(s);
	if (w->live != NULL)
		opt.tell = live_tell;
	opt.tell_arg = w->live;
	w->server = s;
	w->wallets = wallets;
	w->tenants = tenants_new(s);
	w->stores = stores_new(&opt);
	w->listed = JOB_NEVER;
	w->a = arena_new(ARENA_BLOCK);
	return w;
}

static void
place_end(struct place *p)
{
	for (size_t i = 0; jobs[i] != NULL; i++)
		if (jobs[i]->end != NULL)
			jobs[i]->end(p->state[i].own);
	free(p->id);
	free(p->data);
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n; i++)
		place_end(&w->places[i]);
	free(w->places);
	stores_free(w->stores);
	live_free(w->live);
	tenants_free(w->tenants);
	arena_free(w->a);
	free(w);
}

/* -- which tenants there are ----------------------------------------------- */

static void
note_tenant(struct worker *w, const char *id)
{
	struct place *p;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->places[i].id, id) == 0) {
			w->places[i].listed = true;
			return;
		}
	w->places = reallocarray(w->places, w->n + 1, sizeof(*w->places));
	if (w->places == NULL)
		abort();
	p = &w->places[w->n++];
	*p = (struct place){ .id = strdup(id), .listed = true };
	if (p->id == NULL ||
	    asprintf(&p->data, "%s/%s/data", w->server->tenants, id) < 0)
		abort();
}

static void
drop_unlisted(struct worker *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->places[i].listed)
			w->places[kept++] = w->places[i];
		else
			place_end(&w->places[i]);
	}
	w->n = kept;
}

static enum err
list(struct worker *w, int64_t tick)
{
	struct strings ids;
	enum err e;

	if (w->listed != JOB_NEVER && tick - w->listed < LIST_MS)
		return ERR_OK;
	if ((e = tenants_list(w->a, w->server, &ids)) != ERR_OK)
		return e;
	w->listed = tick;
	for (size_t i = 0; i < w->n; i++)
		w->places[i].listed = false;
	for (size_t i = 0; i < ids.n; i++)
		note_tenant(w, ids.s[i]);
	drop_unlisted(w);
	return ERR_OK;
}

/* -- their turns ----------------------------------------------------------- */

/* When something was queued last. */
static struct timespec
touched(const struct place *p)
{
	struct stat sb;

	return stat(p->data, &sb) == 0 ? sb.st_mtim : p->touched;
}

static bool
is_touched(const struct place *p)
{
	const struct timespec t = touched(p);

	return t.tv_sec != p->touched.tv_sec || t.tv_nsec != p->touched.tv_nsec;
}

bool
worker_touched(const struct worker *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (is_touched(&w->places[i]))
			return true;
	return false;
}

/* A job that is waiting for a failure to pass goes on waiting. */
static void
wake(struct place *p)
{
	p->touched = touched(p);
	for (size_t i = 0; jobs[i] != NULL; i++) {
		p->state[i].woken = true;
		if (p->state[i].failures == 0)
			p->state[i].next = 0;
	}
}

static int64_t
next_of(const struct place *p)
{
	int64_t next = JOB_NEVER;

	for (size_t i = 0; jobs[i] != NULL; i++)
		if (p->state[i].next < next)
			next = p->state[i].next;
	return next > p->again ? next : p->again;
}

static enum err
enter(struct worker *w, struct place *p, struct job_env *env)
{
	enum err e;

	e = tenants_get(w->tenants, p->id, env->time.now, &env->tenant);
	if (e == ERR_OK)
		e = stores_get(w->stores, p->data, &env->store);
	if (e == ERR_OK) {
		p->failures = 0;
		return ERR_OK;
	}
	p->again = env->time.tick + job_back_off(++p->failures);
	return e;
}

static void
turn(const struct job *job, const struct job_env *env, struct job_state *s)
{
	enum err e;

	s->next = JOB_NEVER;
	s->owed = s->failing = false;
	e = job->fn(env, s);
	s->woken = false;
	job_plan(s, e, env->time.tick);
	if (e != ERR_OK)
		log_warning("job_failed", "job", job->name, "failures",
		    text_num(s->failures).s, NULL);
	arena_reset(env->a);
}

/* What one job made is for others; many pieces at a time. */
static void
wake_fellows(struct place *p, struct job_state *from, int64_t tick)
{
	from->queued = false;
	for (size_t i = 0; jobs[i] != NULL; i++) {
		struct job_state *s = &p->state[i];

		if (s == from || !jobs[i]->fed || s->failures > 0)
			continue;
		s->woken = s->owed = true;
		s->failing = false;
		if (s->next > tick + FELLOW_MS)
			s->next = tick + FELLOW_MS;
	}
}

static void
turns(struct worker *w, struct place *p, const struct job_time *time)
{
	struct job_env env = {
		.a = w->a,
		.server = w->server,
		.time = *time,
		.wallets = w->wallets,
	};

	log_context("tenant", p->id);
	if (enter(w, p, &env) == ERR_OK)
		for (size_t i = 0; jobs[i] != NULL; i++)
			if (p->state[i].next <= time->tick) {
				turn(jobs[i], &env, &p->state[i]);
				if (p->state[i].queued)
					wake_fellows(
					    p, &p->state[i], time->tick);
			}
	log_context("tenant", NULL);
}

static void
sum_up(const struct place *p, struct worker_round *out)
{
	for (size_t i = 0; jobs[i] != NULL; i++) {
		if (!p->state[i].owed)
			continue;
		out->owed = true;
		if (p->state[i].failures == 0 && !p->state[i].failing &&
		    p->failures == 0)
			out->failing = false;
	}
	if (p->failures > 0)
		out->shut = true;
	if (next_of(p) < out->next)
		out->next = next_of(p);
}

enum err
worker_round(
    struct worker *w, const struct job_time *time, struct worker_round *out)
{
	struct worker_round r = { .failing = true, .next = JOB_NEVER };
	enum err e;

	if ((e = list(w, time->tick)) != ERR_OK)
		return e;
	arena_reset(w->a);
	for (size_t i = 0; i < w->n; i++) {
		struct place *p = &w->places[i];

		if (is_touched(p))
			wake(p);
		/* No store yet: nothing was ever queued there. */
		if (p->touched.tv_sec == 0)
			continue;
		if (next_of(p) <= time->tick) {
			turns(w, p, time);
			r.worked = true;
		}
		sum_up(p, &r);
	}
	*out = r;
	return ERR_OK;
}
