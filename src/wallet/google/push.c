#include "wallet/push.h"

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

static enum err
tell_one(struct push_env *env, struct rest *r, const struct object *o,
    struct slice notification)
{
	struct json_object *n = NULL, *m;
	bool loud = false;
	enum err e = json_parse(env->a, notification, JSON_DEPTH, &n, NULL);

	if (e != ERR_OK)
		return ERR_INVALID;
	m = message_of(env, n);
	if ((e = google_loud_take(env->store, o->id, env->now, &loud)) !=
	    ERR_OK)
		return e;
	json_set_string(m, "messageType", loud ? "TEXT_AND_NOTIFY" : "TEXT");
	return rest_message(r, o, m);
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

static enum err
prepare(struct push_env *env, const struct due *d, struct object *o,
    struct rest *r, struct pass *p)
{
	struct store_pass row;
	struct pass_type *type;
	struct why w;
	enum err e = store_pass_read(env->store, d->id, env->a, &row);

	if (e != ERR_OK || (e = pass_parse(env->a, row.document, p)) != ERR_OK)
		return e;
	/* Where it is not saved nobody waits for it. */
	if ((pass_installed(p) & STORE_GOOGLE) == 0 ||
	    (type = tenant_type(env->tenant, p->type)) == NULL)
		return ERR_NOTFOUND;
	*r = (struct rest){ .a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.issuer = type->google_conf.issuer_id,
		.now = env->now };
	e = account_get(&type->google_conf, env->now, &r->account, &w);
	if (e == ERR_UNSET)
		return ERR_NOTFOUND;
	return e == ERR_OK ? object_build(env->a, env->tenant, type, p, o, &w)
			   : ERR_DENIED;
}

static enum err
tell(struct push_env *env, struct due **passes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct due *d = passes[i];
		struct rest r = { .later = 0 };
		struct pass p = { .id = NULL };
		struct object o;
		enum err e = prepare(env, d, &o, &r, &p);

		if (e == ERR_OK)
			e = rest_object(&r, &o);
		if (e == ERR_OK)
			e = tell_messages(env, &r, &o, d->id);
		if (e == ERR_NOTFOUND)
			d->wallets &= ~(unsigned)STORE_GOOGLE;
		else if (e == ERR_OK)
			d->done |= STORE_GOOGLE;
		else if (e == ERR_INVALID || e == ERR_INTERNAL)
			d->refused |= STORE_GOOGLE;
		else {
			for (; r.later > 0 && i < n; i++)
				passes[i]->again = env->now + r.later;
			return ERR_UPSTREAM;
		}
	}
	return ERR_OK;
}

const struct push_wallet push_google = { "google", STORE_GOOGLE, tell, 100 };
