/*
 * push_apple - telling phones, through Apple's push service, that passes of
 * theirs have changed.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/install.h"
#include "store/registration.h"
#include "store/state.h"
#include "store/target.h"
#include "wallet/apple/apns.h"
#include "wallet/apple/push_apple.h"

#define STUCK_MS 5000 /* between two looks whether the credentials changed */

struct round {
	struct push_env *env;
	struct due **passes;
	size_t n;
	struct target_set set;
	struct apns_push *pushes; /* of each target */
	enum err e;
};

/* The settings of a pass type identifier, or NULL. */
static const struct apple_conf *
conf_of(const struct tenant *t, const char *topic)
{
	const char *own = t->apple.pass_type_identifier;

	if (own != NULL && strcmp(own, topic) == 0)
		return &t->apple;
	for (size_t i = 0; i < t->ntypes; i++) {
		own = t->types[i].apple_conf.pass_type_identifier;
		if (own != NULL && strcmp(own, topic) == 0)
			return &t->types[i].apple_conf;
	}
	return NULL;
}

/* -- a 403, which stops the pushes of these credentials ----------------------
 */

static const char *
stop_key(struct arena *a, const char *topic)
{
	return arena_printf(a, "apns.stop.%s", topic);
}

/* As it was kept: the credentials' digest, then Apple's reason. */
static const char *
stop_text(struct arena *a, const unsigned char digest[32], const char *reason)
{
	char hex[65];

	text_hex(hex, digest, 32);
	return arena_printf(a, "%s %s", hex, reason);
}

/* A file that was put there again counts as another one, whatever it says. */
static enum err
digest_of(const struct apns_from *from, unsigned char out[32])
{
	const struct apple_conf *c = from->conf;
	const char *files[] = { c->certificate, c->key, c->p8 };
	struct {
		unsigned char credentials[32];
		struct timespec written[3];
	} all;
	struct stat sb;
	enum err e;

	memset(&all, 0, sizeof(all));
	if ((e = apns_digest(from, all.credentials)) != ERR_OK)
		return e;
	for (size_t i = 0; i < 3; i++)
		if (files[i] != NULL && stat(files[i], &sb) == 0)
			all.written[i] = sb.st_mtim;
	digest_sha256(&all, sizeof(all), out);
	return ERR_OK;
}

bool
push_apple_stopped(
    struct push_env *env, const struct apple_conf *conf, const char **reason)
{
	const struct apns_from from = { env->server, conf, env->now, env->store,
		0 };
	unsigned char digest[32];
	const char *own;
	struct slice was;

	if (digest_of(&from, digest) != ERR_OK ||
	    state_get(env->store, stop_key(env->a, conf->pass_type_identifier),
		env->a, &was) != ERR_OK)
		return false;
	own = stop_text(env->a, digest, "");
	*reason = was.s + strlen(own);
	return strncmp(was.s, own, strlen(own)) == 0;
}

static void
stop(struct round *r, const char *topic, const struct apns_from *from,
    const char *reason)
{
	struct arena *a = r->env->a;
	unsigned char digest[32];
	const char *text;

	log_error("apns_stopped", "type", topic, "why", reason, NULL);
	if (digest_of(from, digest) != ERR_OK)
		return;
	text = stop_text(a, digest, reason);
	(void)!state_put(r->env->store, stop_key(a, topic), slice_of(text));
}

/* -- sending -----------------------------------------------------------------
 */

/* Count, for the log, what one topic's pushes came to. */
static void
look_at(struct round *r, const char *topic, const struct apns_from *from,
    struct apns_push *p, size_t n)
{
	const struct apns_push *stopped = NULL, *late = NULL;
	long long count = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i].answer == APNS_STOP)
			stopped = &p[i];
		if (p[i].answer == APNS_LATER || p[i].answer == APNS_NONE ||
		    (p[i].answer == APNS_UNSENT && p[i].reason[0] != '\0')) {
			late = &p[i];
			count++;
		}
	}
	if (stopped != NULL)
		stop(r, topic, from, stopped->reason);
	for (size_t i = 0; stopped != NULL && i < n; i++)
		if (p[i].answer == APNS_UNSENT)
			p[i].answer = APNS_STOP;
	if (late != NULL)
		log_warning("apns", "type", topic, "count", text_num(count).s,
		    "why", late->reason, NULL);
	for (size_t i = 0; i < n; i++)
		if (p[i].answer == APNS_STOP || p[i].answer == APNS_UNSENT)
			r->e = ERR_UPSTREAM;
}

/* All that are of one topic. */
static void
send_topic(struct round *r, const char *topic)
{
	struct arena *a = r->env->a;
	struct apns_push *p = arena_alloc(a, r->set.n * sizeof(*p));
	size_t *which = arena_alloc(a, r->set.n * sizeof(*which)), n = 0;
	struct apns_from from = { r->env->server,
		conf_of(r->env->tenant, topic), r->env->now, r->env->store,
		TARGET_LEAD };
	enum err e = from.conf == NULL ? ERR_UNSET : ERR_OK;
	const char *reason;

	for (size_t i = 0; i < r->set.n; i++)
		if (strcmp(r->set.list[i].topic, topic) == 0) {
			p[n].token = r->set.list[i].token;
			which[n++] = i;
		}
	if (from.conf == NULL)
		log_error("apns", "type", topic, "why",
		    "no pass type has this identifier any more", NULL);
	if (e == ERR_OK && push_apple_stopped(r->env, from.conf, &reason))
		e = ERR_DENIED;
	if (e == ERR_OK)
		e = apns_send(a, &from, p, n);
	for (size_t i = 0; e != ERR_OK && i < n; i++)
		p[i].answer = APNS_STOP;
	if (e == ERR_OK)
		look_at(r, topic, &from, p, n);
	else
		r->e = ERR_UPSTREAM;
	for (size_t i = 0; i < n; i++)
		r->pushes[which[i]] = p[i];
}

static void
send_all(struct round *r)
{
	for (size_t i = 0; i < r->set.n; i++) {
		bool first = true;

		for (size_t j = 0; first && j < i; j++)
			first = strcmp(r->set.list[i].topic,
				    r->set.list[j].topic) != 0;
		if (first)
			send_topic(r, r->set.list[i].topic);
	}
}

/* -- tokens that are dead ----------------------------------------------------
 */

struct dropping {
	struct round *r;
	const char *token;
	int64_t until;
};

static enum err
drop(struct txn *t, void *arg)
{
	struct dropping *d = arg;
	struct push_env *env = d->r->env;
	struct registration_moves m = { .n = 0 };
	enum err e = registration_drop(t, env->a, d->token, d->until, &m);

	for (size_t i = 0; e == ERR_OK && i < m.n; i++) {
		const struct install in = { .pass = m.list[i].pass,
			.wallet = STORE_APPLE,
			.by = m.list[i].by,
			.now = env->now };

		e = install_note(t, env->a, env->tenant, &in);
	}
	return e;
}

/* Unless it came again after Apple, or we, knew that it was dead. */
static enum err
drop_dead(struct round *r)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < r->set.n; i++) {
		const struct apns_push *p = &r->pushes[i];
		struct dropping d = { r, p->token, p->timestamp };

		if (p->answer != APNS_GONE)
			continue;
		if (d.until == 0)
			d.until = r->env->now;
		e = store_run(r->env->store, drop, &d);
	}
	return e;
}

/* -- what came of it ---------------------------------------------------------
 */

static enum target_end
end_of(enum apns_answer answer)
{
	switch (answer) {
	case APNS_OK:
	case APNS_GONE:
	case APNS_REFUSED:
		return TARGET_TOLD;
	case APNS_UNSENT:
	case APNS_SPARE:
	case APNS_STOP:
		return TARGET_UNSENT;
	default:
		return TARGET_OPEN;
	}
}

enum { NO = 1, YES = 2, STUCK = 4, LATER = 8, SPARE = 16 };

static unsigned
seen_as(enum apns_answer answer)
{
	switch (answer) {
	case APNS_OK:
	case APNS_GONE:
		return YES;
	case APNS_REFUSED:
		return NO;
	case APNS_STOP:
		return STUCK;
	case APNS_SPARE:
		return SPARE;
	default:
		return LATER;
	}
}

/* A pass is done with when no phone of it has to hear any more. */
static void
judge_pass(const struct round *r, size_t i, unsigned seen)
{
	const int64_t now = r->env->now;
	struct due *d = r->passes[i];

	if ((seen & STUCK) != 0) {
		d->stuck |= STORE_APPLE;
		d->again = now + STUCK_MS;
	} else if ((seen & LATER) != 0) {
		d->again = now + r->env->tenant->push_window;
	} else if ((seen & SPARE) != 0) {
		d->again = now;
	} else if (r->set.again[i] != 0) {
		d->again = r->set.again[i];
	} else if (seen == NO) {
		d->refused |= STORE_APPLE;
	} else {
		d->done |= STORE_APPLE;
	}
}

static void
judge(const struct round *r)
{
	unsigned *seen = arena_alloc(r->env->a, (r->n + 1) * sizeof(*seen));

	for (size_t i = 0; i < r->set.nlinks; i++) {
		const struct target_link *l = &r->set.links[i];

		seen[l->pass] |= seen_as(r->pushes[l->target].answer);
	}
	for (size_t i = 0; i < r->n; i++)
		judge_pass(r, i, seen[i]);
}

static enum err
tell(struct push_env *env, struct due **passes, size_t n)
{
	struct round r = { .env = env, .passes = passes, .n = n };
	const char **ids = arena_alloc(env->a, n * sizeof(*ids));
	const int64_t begin = clock_tick();
	const struct target_ask ask = { .passes = ids,
		.n = n,
		.now = env->now,
		.window = env->tenant->push_window,
		.at_once = env->at_once };
	enum err e;

	for (size_t i = 0; i < n; i++)
		ids[i] = passes[i]->id;
	if ((e = target_take(env->store, env->a, &ask, &r.set)) != ERR_OK)
		return e;
	r.pushes = arena_alloc(env->a, (r.set.n + 1) * sizeof(*r.pushes));
	send_all(&r);
	for (size_t i = 0; i < r.set.n; i++)
		r.set.list[i].end = end_of(r.pushes[i].answer);
	if ((e = target_settle(env->store, r.set.list, r.set.n,
		 env->now + clock_tick() - begin)) != ERR_OK ||
	    (e = drop_dead(&r)) != ERR_OK)
		return e;
	judge(&r);
	return r.e;
}

const struct push_wallet push_apple = { "apple", STORE_APPLE, tell, 0 };
