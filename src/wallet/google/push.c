#include "wallet/push.h"

#include "base/log.h"
#include "pass/pass.h"
#include "store/google.h"
#include "store/message.h"
#include "wallet/google/localize.h"
#include "wallet/google/rest.h"

/* Of a locale, such as fr or fr-CA, of what a notification says. */
static const char *
text_in(struct json_object *n, const char *language)
{
	return json_get_string(json_get(n, "localizedContent"), language);
}

/* Google's list of the texts; `*text` becomes the first unless there is one. */
static struct json_object *
translations(struct arena *a, struct json_object *texts, const char **text)
{
	struct json_object *list = json_array_in(a);
	struct json_object_iter it;

	if (texts == NULL)
		return list;
	json_object_object_foreachC(texts, it)
	{
		struct json_object *o = json_object_in(a);

		*text = *text != NULL ? *text : json_object_get_string(it.val);
		json_set_string(o, "language", it.key);
		json_set(o, "value", it.val);
		json_push(list, o);
	}
	return list;
}

/* A text in the tenant's first language and, where it has them, others. */
static struct json_object *
message_of(struct push_env *env, struct json_object *n)
{
	struct json_object *m = json_object_in(env->a), *body, *list;
	const char *first = env->tenant->languages.s[0];
	const char *text = json_get_string(n, "content");

	text = text != NULL ? text : text_in(n, first);
	list = translations(env->a, json_get(n, "localizedContent"), &text);
	body = localize_text(env->a, first, text);
	json_set(body, "translatedValues", list);
	json_set_string(m, "id", json_get_string(n, "id"));
	json_set_string(m, "header", env->tenant->name);
	json_set_string(m, "body", text);
	if (json_object_array_length(list) > 0)
		json_set(m, "localizedBody", body);
	return m;
}

/* What is not told counts for nothing. */
static enum err
tell_one(struct push_env *env, struct rest *r, const struct object *o,
    struct slice notification)
{
	struct json_object *n = NULL;
	bool loud = false;
	enum err e = json_parse(env->a, notification, JSON_DEPTH, &n, NULL);

	if (e != ERR_OK)
		return ERR_INVALID;
	e = google_loud_get(env->store, o->id, env->now, &loud);
	if (e == ERR_OK)
		e = rest_message(r, o, message_of(env, n), &loud);
	return e == ERR_OK && loud
	    ? google_loud_put(env->store, o->id, env->now)
	    : e;
}

/* One that Google refuses for good does not keep the next from its holders. */
static enum err
tell_messages(struct push_env *env, struct rest *r, const struct object *o,
    const char *pass)
{
	struct message m;
	enum err e, told = ERR_OK;

	while ((e = message_next(env->store, pass, env->a, &m)) == ERR_OK) {
		e = tell_one(env, r, o, m.json);
		if (e == ERR_INVALID)
			told = e;
		else if (e != ERR_OK)
			return e;
		e = message_done(env->store, pass, m.sequence);
		if (e != ERR_OK)
			return e;
	}
	return e == ERR_NOTFOUND ? told : e;
}

/* ERR_UNSET: the type has no issuer, or no account. */
static enum err
enter(struct push_env *env, const char *name, struct rest *r,
    struct pass_type **type)
{
	struct why w;

	if ((*type = tenant_type(env->tenant, name)) == NULL)
		return ERR_UNSET;
	*r = (struct rest){ .a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.issuer = (*type)->google_conf.issuer_id,
		.now = env->now,
		.at_once = env->at_once };
	return account_get(&(*type)->google_conf, env->now, &r->account, &w);
}

static enum err
tell_pass(struct push_env *env, struct slice document, struct rest *r)
{
	struct object o = { .kind = NULL };
	struct pass p;
	struct pass_type *type;
	struct why w;
	enum err e = pass_parse(env->a, document, &p);

	if (e != ERR_OK)
		return e;
	/* Where it is not saved nobody waits for it. */
	if ((pass_installed(&p) & STORE_GOOGLE) == 0)
		return ERR_NOTFOUND;
	if ((e = enter(env, p.type, r, &type)) != ERR_OK)
		return e == ERR_UNSET ? ERR_NOTFOUND : ERR_DENIED;
	e = object_build(env->a, env->tenant, type, &p, &o, &w);
	if (e == ERR_OK)
		e = rest_object(r, &o);
	return e == ERR_OK ? tell_messages(env, r, &o, p.id) : e;
}

/* Erased: nobody is to show it as good any more. */
static enum err
tell_end(struct push_env *env, const char *id, struct rest *r)
{
	struct pass p = { .id = id };
	struct object o = { .kind = NULL };
	struct pass_type *type;
	struct google_end end;
	enum err e = google_end_get(env->store, id, env->a, &end);

	if (e != ERR_OK)
		return e;
	if ((e = enter(env, end.type, r, &type)) == ERR_OK) {
		p.google_object = end.object;
		o.kind = object_kind(type->kind);
		o.id = object_id(env->a, type, &p);
		e = rest_end(r, &o);
	} else if (e == ERR_UNSET) {
		log_warning("google_end", "why",
		    "Google cannot be told that an erased pass is no more: its "
		    "type, google.issuerId or google.serviceAccount is not set",
		    NULL);
	} else {
		return ERR_DENIED;
	}
	return e == ERR_OK || e == ERR_UNSET || e == ERR_INVALID
	    ? google_end_done(env->store, id, o.id)
	    : e;
}

static void
tell_due(struct push_env *env, struct due *d)
{
	struct rest r = { .later = 0 };
	struct store_pass row;
	enum err e = store_pass_read(env->store, d->id, env->a, &row);

	if (e == ERR_OK)
		e = tell_pass(env, row.document, &r);
	else if (e == ERR_NOTFOUND)
		e = tell_end(env, d->id, &r);
	switch (e) {
	case ERR_OK:
		d->done |= STORE_GOOGLE;
		break;
	case ERR_NOTFOUND:
		d->wallets &= ~(unsigned)STORE_GOOGLE;
		break;
	case ERR_INVALID:
	case ERR_INTERNAL:
		d->refused |= STORE_GOOGLE;
		break;
	case ERR_DENIED:
		d->stuck |= STORE_GOOGLE;
		/* FALLTHROUGH */
	default:
		/* no later than others: the gate itself waits for longer */
		if (r.later > 0 && env->now + r.later < d->again)
			d->again = env->now + r.later;
	}
}

/* A gate that is shut (gate.h) costs the passes of its issuer no request. */
static enum err
tell(struct push_env *env, struct due **passes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tell_due(env, passes[i]);
	return ERR_OK;
}

const struct push_wallet push_google = { "google", STORE_GOOGLE, tell, 100 };
