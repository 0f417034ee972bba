#include "pass/install.h"

#include "base/clock.h"
#include "pass/pass.h"
#include "store/due.h"
#include "store/event.h"
#include "store/message.h"
#include "store/registration.h"
#include "store/source.h"

#define DAY_MS INT64_C(86400000)

static void
set_date(struct json_object *o, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	json_set_string(o, key, iso);
}

static enum err
set_source(struct txn *t, struct arena *a, const struct install *in,
    struct json_object *o)
{
	const int64_t since = in->now - INSTALL_SOURCE_DAYS * DAY_MS;
	struct json_object *source = NULL;
	struct store_source s;
	enum err e = store_source_get(t, in->pass, a, &s);

	if (e == ERR_NOTFOUND || (e == ERR_OK && s.date < since))
		return ERR_OK;
	if (e == ERR_OK)
		e = json_parse(a, s.json, JSON_DEPTH, &source, NULL);
	if (e == ERR_OK)
		json_set(o, "source", source);
	return e;
}

/* The dates in an order that people read. */
static enum err
came(struct txn *t, struct arena *a, const struct install *in,
    struct json_object *o)
{
	const int64_t total = json_get_int(o, "totalRegistrations", 0);

	if (json_get(o, "installationDate") == NULL)
		set_date(o, "installationDate", in->now);
	set_date(o, "lastInstallDate", in->now);
	json_set_int(o, "totalRegistrations", total + in->by);
	return set_source(t, a, in, o);
}

/* ERR_UNSET: it was not there. */
static enum err
revise(struct txn *t, struct arena *a, const struct install *in, struct pass *p)
{
	const char *wallet = in->wallet == STORE_APPLE ? "apple" : "google";
	struct json_object *all = json_copy(a, p->providers);
	struct json_object *o = json_get(all, wallet);
	int64_t active = json_get_int(o, "activeRegistrations", 0);
	enum err e = ERR_OK;

	if (in->by < 0 && active <= 0)
		return ERR_UNSET;
	if (!json_object_is_type(o, json_type_object)) {
		o = json_object_in(a);
		json_set(all, wallet, o);
	}
	active += in->by;
	if (in->by > 0)
		e = came(t, a, in, o);
	else
		set_date(o, "lastUninstallDate", in->now);
	json_set_int(o, "activeRegistrations", active > 0 ? active : 0);
	p->providers = all;
	return e;
}

static enum err
tell(struct txn *t, const struct install *in, const struct pass *p)
{
	const struct event event = {
		.kind = in->by > 0 ? EVENT_INSTALLED : EVENT_UNINSTALLED,
		.wallet = in->wallet,
		.date = in->now,
		.pass = p->id,
		.type = p->type,
	};

	return event_add(t, &event);
}

/*
 * `is` in the place of `was`, which is in `old`; the same to wallets, which are
 * owed what `old` says.
 */
static enum err
put(struct txn *t, struct arena *a, const struct tenant *tenant,
    struct store_pass *old, const struct pass *is)
{
	struct store_pass row = {
		.id = is->id, .same = true, .owes = old->owes
	};
	struct pass was;
	enum err e;

	if ((e = pass_parse(a, old->document, &was)) != ERR_OK)
		return e;
	pass_index(a, tenant, &was, old);
	pass_index(a, tenant, is, &row);
	/* They are not touched, and may be another pass's by now. */
	old->unique = row.unique = NULL;
	if (pass_print(a, is, &row.document) != ERR_OK)
		return ERR_INTERNAL;
	return store_pass_change(t, old, &row);
}

/* Changes that the wallet was not told of, as nobody had the pass there. */
static bool
is_behind(const struct install *in, const struct pass *was)
{
	struct json_object *google = json_get(was->providers, "google");
	const char *left = json_get_string(google, "lastUninstallDate");
	int64_t ms;

	if (in->by < 0)
		return false;
	if (in->given != 0 && in->given != was->updated)
		return true;
	return in->wallet == STORE_GOOGLE && left != NULL &&
	    json_get_int(google, "activeRegistrations", 0) == 0 &&
	    clock_parse_iso(slice_of(left), &ms) && was->updated > ms;
}

enum err
install_note(struct txn *t, struct arena *a, const struct tenant *tenant,
    const struct install *in)
{
	const struct store_due owes = { .wallets = in->wallet,
		.at = in->now + tenant->push_window };
	struct store_pass old;
	struct pass p;
	enum err e;

	if (in->by == 0)
		return ERR_OK;
	if ((e = store_pass_get(t, in->pass, true, a, &old)) != ERR_OK ||
	    (e = pass_parse(a, old.document, &p)) != ERR_OK)
		return e;
	old.owes = is_behind(in, &p) ? &owes : NULL;
	if ((e = revise(t, a, in, &p)) == ERR_UNSET)
		return ERR_OK;
	if (e == ERR_OK)
		e = put(t, a, tenant, &old, &p);
	if (e == ERR_OK && in->wallet == STORE_GOOGLE &&
	    (pass_installed(&p) & STORE_GOOGLE) == 0)
		e = message_forget(t, in->pass);
	return e == ERR_OK ? tell(t, in, &p) : e;
}

struct running {
	struct arena *a;
	const struct tenant *tenant;
	const struct install *in;
};

static enum err
run(struct txn *t, void *arg)
{
	struct running *r = arg;

	return install_note(t, r->a, r->tenant, r->in);
}

enum err
install_run(struct store *st, struct arena *a, const struct tenant *tenant,
    const struct install *in)
{
	struct running r = { a, tenant, in };

	return store_run(st, run, &r);
}

/* -- are they still true? -------------------------------------------------- */

struct verifying {
	struct install_check *c;
	struct store *st;
	const struct tenant *tenant;
	struct arena *a; /* reset for each pass */
	const char *id;
	const char *fault; /* of this pass, or NULL */
};

static struct json_object *
recounted(const struct verifying *v, struct json_object *providers, size_t n)
{
	struct json_object *all = json_copy(v->a, providers);
	struct json_object *o = json_get(all, "apple");

	if (!json_object_is_type(o, json_type_object)) {
		o = json_object_in(v->a);
		json_set(all, "apple", o);
	}
	if (n > 0 && json_get(o, "installationDate") == NULL) {
		set_date(o, "installationDate", v->c->now);
		set_date(o, "lastInstallDate", v->c->now);
	}
	if (json_get_int(o, "totalRegistrations", 0) < (int64_t)n)
		json_set_int(o, "totalRegistrations", (int64_t)n);
	json_set_int(o, "activeRegistrations", (int64_t)n);
	return all;
}

static enum err
verify_in(struct txn *t, void *arg)
{
	struct verifying *v = arg;
	struct store_pass old;
	struct pass p;
	int64_t said;
	size_t n;
	enum err e = store_pass_get(t, v->id, v->c->mend, v->a, &old);

	v->fault = NULL;
	if (e == ERR_NOTFOUND || /* or damaged, which is told elsewhere */
	    (e == ERR_OK && pass_parse(v->a, old.document, &p) != ERR_OK))
		return ERR_OK;
	if (e != ERR_OK ||
	    (e = registration_phones(t, v->a, v->id, &n)) != ERR_OK)
		return e;
	said = json_get_int(
	    json_get(p.providers, "apple"), "activeRegistrations", 0);
	if (said == (int64_t)n)
		return ERR_OK;
	v->fault = arena_printf(v->a,
	    "pass %s: counts %lld phones, and %zu have registered it", v->id,
	    (long long)said, n);
	if (!v->c->mend)
		return ERR_OK;
	p.providers = recounted(v, p.providers, n);
	return put(t, v->a, v->tenant, &old, &p);
}

static enum err
verify_one(const struct store_pass *p, void *arg)
{
	struct verifying *v = arg;
	enum err e;

	v->id = p->id;
	e = store_run(v->st, verify_in, v);
	if (e == ERR_OK && v->fault != NULL) {
		v->c->faults++;
		if (v->c->report != NULL)
			v->c->report(v->c->arg, v->fault);
	}
	arena_reset(v->a);
	return e;
}

enum err
install_verify(
    struct store *st, const struct tenant *tenant, struct install_check *c)
{
	struct verifying v = { c, st, tenant, arena_new(1U << 16), NULL, NULL };
	enum err e = store_each(st, verify_one, &v);

	arena_free(v.a);
	return e;
}
