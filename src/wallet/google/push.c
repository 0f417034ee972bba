#include "wallet/push.h"

#include "pass/pass.h"
#include "store/google.h"
#include "wallet/google/localize.h"
#include "wallet/google/rest.h"

/* Of a locale, such as fr or fr-CA, of what a notification says. */
static const char *
text_in(struct json_object *n, const char *language)
{
	return json_get_string(json_get(n, "localizedContent"), language);
}

/* A text in the tenant's first language and, where it has them, others. */
static struct json_object *
message_of(struct push_env *env, struct json_object *n)
{
	struct json_object *m = json_object_in(env->a), *body, *list;
	const char *first = env->tenant->languages.s[0];
	const char *text = json_get_string(n, "content");
	struct json_object_iter it;

	text = text != NULL ? text : text_in(n, first);
	list = json_array_in(env->a);
	json_object_object_foreachC(json_get(n, "localizedContent"), it)
	{
		struct json_object *o = json_object_in(env->a);

		text = text != NULL ? text : json_object_get_string(it.val);
		json_set_string(o, "language", it.key);
		json_set(o, "value", it.val);
		json_push(list, o);
	}
	body = localize_text(env->a, first, text);
	json_set(body, "translatedValues", list);
	json_set_string(m, "id", json_get_string(n, "id"));
	json_set_string(m, "header", env->tenant->name);
	json_set_string(m, "body", text);
	if (json_object_array_length(list) > 0)
		json_set(m, "localizedBody", body);
	return m;
}

/* A message of before the pass was saved is not for who saved it. */
static bool
is_news(const struct pass *p, struct json_object *n, const char *sent)
{
	const char *date = json_get_string(n, "date");
	const char *since = json_get_string(
	    json_get(p->providers, "google"), "lastInstallDate");
	const char *id = json_get_string(n, "id");

	return date != NULL && id != NULL &&
	    (since == NULL || strcmp(since, date) <= 0) &&
	    (sent == NULL || strcmp(sent, id) != 0);
}

/* The last notification of the pass, unless Google has it. */
static enum err
tell_message(struct push_env *env, struct rest *r, const struct object *o,
    const struct pass *p)
{
	struct json_object *n = p->notification, *m;
	const char *sent = NULL;
	bool loud = false;
	enum err e = google_sent_get(env->store, o->id, env->a, &sent);

	if (e != ERR_OK || n == NULL || !is_news(p, n, sent))
		return e;
	m = message_of(env, n);
	if ((e = google_loud_take(env->store, o->id, env->now, &loud)) !=
	    ERR_OK)
		return e;
	json_set_string(m, "messageType", loud ? "TEXT_AND_NOTIFY" : "TEXT");
	e = rest_message(r, o, m);
	return e == ERR_OK
	    ? google_sent_put(env->store, o->id, json_get_string(n, "id"))
	    : e;
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
			e = tell_message(env, &r, &o, &p);
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

const struct push_wallet push_google = { "google", STORE_GOOGLE, tell };
