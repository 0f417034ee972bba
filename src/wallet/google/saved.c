#include "wallet/google/saved.h"

#include "base/ident.h"
#include "pass/install.h"
#include "pass/pass.h"
#include "store/google.h"
#include "wallet/google/keys.h"

struct note {
	struct saved_env *env;
	const struct callback *callback;
	const char *pass; /* NULL: the object is not ours */
};

/* Replayed: nothing changes, and that is no failure. */
static enum err
note(struct txn *t, void *arg)
{
	struct note *n = arg;
	struct install in = { .pass = n->pass,
		.wallet = STORE_GOOGLE,
		.by = n->callback->save ? 1 : -1,
		.now = n->env->now };
	enum err e = google_nonce_take(
	    t, slice_of(n->callback->nonce), n->callback->expires, n->env->now);

	if (e != ERR_OK)
		return e == ERR_CONFLICT ? ERR_OK : e;
	if (n->callback->save)
		e = google_given_take(t, n->callback->object_id, &in.given);
	if (e == ERR_OK)
		e = install_note(t, n->env->a, n->env->tenant, &in);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The pass of an object: ISSUER.ID, or an imported one's own. */
static enum err
find_pass(struct saved_env *env, const char *issuer, const char *object,
    const char **id)
{
	const struct store_field f = { slice_of(PASS_GOOGLE_OBJECT),
		slice_of(object) };
	const size_t len = strlen(issuer);
	const char *one = NULL;
	size_t n = 0;
	enum err e = store_field_find(env->store, &f, 1, env->a, &one, 1, &n);

	*id = NULL;
	if (e != ERR_OK)
		return e;
	if (n > 0)
		*id = one;
	else if (strncmp(object, issuer, len) == 0 && object[len] == '.' &&
	    ident_is_pass(slice_of(object + len + 1)))
		*id = object + len + 1;
	return ERR_OK;
}

/* The issuer that it is for; a pass type may have its own. */
static const char *
issuer_of(const struct tenant *t, const char *signed_message)
{
	if (t->google.issuer_id != NULL &&
	    strstr(signed_message, t->google.issuer_id) != NULL)
		return t->google.issuer_id;
	for (size_t i = 0; i < t->ntypes; i++) {
		const char *s = t->types[i].google_conf.issuer_id;

		if (s != NULL && strstr(signed_message, s) != NULL)
			return s;
	}
	return t->google.issuer_id;
}

enum err
saved_note(struct saved_env *env, struct json_object *body, struct why *w)
{
	struct callback_by by = { .now = env->now,
		.sender = env->server->endpoints.google_sender };
	struct callback callback = { .save = false };
	struct note n = { .env = env, .callback = &callback };
	enum err e = callback_shape(body, w);

	if (e != ERR_OK)
		return e;
	by.issuer =
	    issuer_of(env->tenant, json_get_string(body, "signedMessage"));
	if (by.issuer == NULL)
		return why(w, ERR_INVALID, NULL,
		    "This tenant has no google.issuerId.");
	e = keys_get(env->a, env->server, env->tenant, env->now, &by.keys);
	if (e != ERR_OK)
		return why(w, e, NULL, "Google's keys cannot be got.");
	e = callback_verify(env->a, body, &by, &callback, w);
	if (e == ERR_OK)
		e = find_pass(env, by.issuer, callback.object_id, &n.pass);
	if (e != ERR_OK || n.pass == NULL)
		return e;
	return store_run(env->store, note, &n);
}
