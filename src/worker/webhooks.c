/*
 * webhooks - tell other systems of what happened.
 *
 * Requests go on by themselves between turns, so that nobody waits for one.
 * A webhook that fails, or is slow, has one of them under way at a time.
 */

#include <stdlib.h>

#include "base/fetch.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/hook.h"
#include "worker/job.h"

#define TIMEOUT_MS 10000L
#define ANSWER_MAX ((size_t)64 << 10)
#define FLIGHTS    8       /* at a time, to one that answers within */
#define QUICK_MS   1000    /* this time */
#define LOOK_MAX   50      /* ms between two looks at what is under way */
#define WAIT_MAX   3600000 /* ms: no wait is longer but by a clock set back */

#define GONE 410 /* RFC 9110, section 15.5.11 */

struct flight {
	struct flight *next;
	struct arena *a;
	char webhook[WEBHOOK_ID_LEN + 1];
	struct delivery delivery;
	struct job_time started;
	struct fetch_end end;
	bool over;
};

/* How many may be under way to a webhook. */
struct pace {
	char webhook[WEBHOOK_ID_LEN + 1];
	bool quick;
};

struct sender {
	struct fetch_group *group;
	struct flight *flights;
	struct pace paces[WEBHOOK_MAX];
	size_t npaces;
	int64_t look; /* ms until the next look */
};

static struct sender *
sender_of(struct job_state *s)
{
	struct sender *me = s->own;

	if (me != NULL)
		return me;
	if ((me = calloc(1, sizeof(*me))) == NULL)
		abort();
	me->group = fetch_group_new();
	s->own = me;
	return me;
}

static void
end(void *own)
{
	struct sender *me = own;
	struct flight *f;

	if (me == NULL)
		return;
	fetch_group_free(me->group);
	while ((f = me->flights) != NULL) {
		me->flights = f->next;
		arena_free(f->a);
	}
	free(me);
}

/* Those of webhooks that went are forgotten with the rest. */
static struct pace *
pace_of(struct sender *me, const char *webhook)
{
	struct pace *p;

	for (size_t i = 0; i < me->npaces; i++)
		if (strcmp(me->paces[i].webhook, webhook) == 0)
			return &me->paces[i];
	if (me->npaces == WEBHOOK_MAX)
		me->npaces = 0;
	p = &me->paces[me->npaces++];
	*p = (struct pace){ .quick = false };
	memcpy(p->webhook, webhook, sizeof(p->webhook));
	return p;
}

/* -- what has ended ---------------------------------------------------------
 */

static bool
is_taken(const struct flight *f)
{
	return f->end.status >= 200 && f->end.status < 300 &&
	    (f->end.err == ERR_OK || f->end.err == ERR_TOOBIG);
}

static struct delivery_result
result_of(const struct job_env *env, const struct flight *f)
{
	struct delivery_result r = { .delivery = &f->delivery,
		.started = f->started.now,
		.done = is_taken(f),
		.gone = f->end.status == GONE };

	if (!r.done)
		r.why = f->end.status != 0
		    ? arena_printf(env->a, "It answered %ld.", f->end.status)
		    : arena_printf(env->a, "%s.", f->end.text);
	return r;
}

static void
log_result(const struct flight *f, const struct delivery_result *r)
{
	if (r->gone)
		log_warning("webhook_disabled", "webhook", f->webhook, NULL);
	else if (!r->done)
		log_warning("webhook_failed", "webhook", f->webhook, "why",
		    r->why, NULL);
}

/* Take the flights that are over and of the same webhook as the first. */
static struct flight *
take_over(struct sender *me)
{
	struct flight *taken = NULL, **p = &me->flights;

	while (*p != NULL) {
		struct flight *f = *p;

		if (f->over &&
		    (taken == NULL ||
			strcmp(taken->webhook, f->webhook) == 0)) {
			*p = f->next;
			f->next = taken;
			taken = f;
		} else {
			p = &f->next;
		}
	}
	return taken;
}

static enum err
settle(const struct job_env *env, struct sender *me, struct flight *list)
{
	struct delivery_result *r;
	struct delivery_settlement s = { .webhook = list->webhook,
		.now = env->time.now };
	enum err e;

	r = arena_alloc(env->a, FETCH_FLIGHTS * sizeof(*r));
	s.results = r;
	for (struct flight *f = list; f != NULL; f = f->next) {
		const int64_t ms = env->time.tick - f->started.tick;

		r[s.n] = result_of(env, f);
		log_result(f, &r[s.n++]);
		pace_of(me, f->webhook)->quick =
		    f->end.status != 0 && ms < QUICK_MS;
	}
	e = delivery_settle(env->store, &s);
	if (e == ERR_OK && s.parked > 0)
		log_warning("webhook_parked", "webhook", list->webhook, "count",
		    text_num((long long)s.parked).s, NULL);
	return e;
}

static enum err
collect(const struct job_env *env, struct sender *me)
{
	struct flight *list, *f;
	struct fetch_end x;
	enum err e = ERR_OK;

	while (fetch_ended(me->group, &x)) {
		f = x.tag;
		f->end = x;
		f->over = true;
	}
	while ((list = take_over(me)) != NULL) {
		enum err one = settle(env, me, list);

		e = e == ERR_OK ? one : e;
		me->look = 1;
		while ((f = list) != NULL) {
			list = f->next;
			arena_free(f->a);
		}
	}
	return e;
}

/* -- what begins ------------------------------------------------------------
 */

static size_t
under_way(const struct sender *me, const char *webhook)
{
	size_t n = 0;

	for (const struct flight *f = me->flights; f != NULL; f = f->next)
		n += strcmp(f->webhook, webhook) == 0;
	return n;
}

static bool
is_under_way(const struct sender *me, const struct delivery *d)
{
	for (const struct flight *f = me->flights; f != NULL; f = f->next)
		if (strcmp(f->delivery.id, d->id) == 0)
			return true;
	return false;
}

static struct flight *
flight_new(const struct job_env *env, const struct webhook *w,
    const struct delivery *d)
{
	struct arena *a = arena_new(1024);
	struct flight *f = arena_alloc(a, sizeof(*f));

	*f = (struct flight){ .a = a, .delivery = *d, .started = env->time };
	memcpy(f->webhook, w->id, sizeof(f->webhook));
	f->delivery.event.pass = arena_strdup(a, d->event.pass);
	f->delivery.event.type = arena_strdup(a, d->event.type);
	f->delivery.why = NULL;
	return f;
}

/* ERR_BUSY: too many are under way, of all tenants. */
static enum err
begin(const struct job_env *env, struct sender *me, const struct webhook *w,
    const struct delivery *d)
{
	const struct strings *allowed = &env->server->allow_private;
	const struct slice body = hook_body(env->a, env->tenant->id, d);
	const struct fetch_request rq = {
		.url = w->url,
		.headers = hook_headers(env->a, w, d, body, env->time.now),
		.body = body,
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX,
		.allow_private = allowed->s,
		.nallow_private = allowed->n,
		.https = true,
	};
	struct flight *f = flight_new(env, w, d);
	enum err e = fetch_begin(me->group, &rq, f);

	if (e == ERR_BUSY) {
		arena_free(f->a);
		return e;
	}
	f->over = e != ERR_OK;
	f->end = (struct fetch_end){ .err = e, .text = "It cannot be asked" };
	f->next = me->flights;
	me->flights = f;
	return ERR_OK;
}

static void
wait_until(const struct job_env *env, struct job_state *s, int64_t at)
{
	const int64_t next = env->time.tick + (at - env->time.now);

	if (s->next > next)
		s->next = next;
}

static bool
is_waiting(const struct job_env *env, const struct webhook *w)
{
	const int64_t now = env->time.now;

	return w->next > now && w->next <= now + WAIT_MAX;
}

/* As many of one webhook as may be. */
static enum err
begin_due(
    const struct job_env *env, struct job_state *s, const struct webhook *w)
{
	struct sender *me = s->own;
	struct delivery_look look = { .webhook = w->id, .now = env->time.now };
	const size_t under = under_way(me, w->id);
	size_t n, room = 1;
	struct delivery *d;
	enum err e;

	if (w->failures == 0 && pace_of(me, w->id)->quick)
		room = FLIGHTS;
	if (under >= room)
		return ERR_OK;
	room -= under;
	n = under + room;
	d = arena_alloc(env->a, n * sizeof(*d));
	e = delivery_next(env->store, &look, env->a, d, &n);
	for (size_t i = 0; e == ERR_OK && i < n && room > 0; i++) {
		if (is_under_way(me, &d[i]))
			continue;
		e = begin(env, me, w, &d[i]);
		me->look = 1;
		room--;
	}
	if (look.soonest != 0)
		wait_until(env, s, look.soonest);
	return e;
}

static enum err
begin_all(const struct job_env *env, struct job_state *s)
{
	struct webhook *all = arena_alloc(env->a, WEBHOOK_MAX * sizeof(*all));
	size_t n = 0;
	enum err e = webhook_list(env->store, env->a, all, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		const struct webhook *w = &all[i];

		if (!w->enabled || w->pending == 0)
			continue;
		s->owed = true;
		if (is_waiting(env, w))
			wait_until(env, s, w->next);
		else
			e = begin_due(env, s, w);
	}
	return e;
}

static enum err
webhooks(const struct job_env *env, struct job_state *s)
{
	struct sender *me = sender_of(s);
	enum err e = collect(env, me), begun;

	if (e != ERR_OK)
		return e;
	begun = begin_all(env, s);
	s->failing = me->flights == NULL && begun != ERR_BUSY;
	if (me->flights != NULL || begun == ERR_BUSY) {
		s->owed = true;
		s->next = env->time.tick + me->look;
		me->look = me->look * 2 < LOOK_MAX ? me->look * 2 : LOOK_MAX;
	}
	return begun == ERR_BUSY ? ERR_OK : begun;
}

const struct job job_webhooks = { "webhooks", webhooks, end, true };
