#include "wallet/google/save.h"

#include "store/google.h"
#include "wallet/google/jwt.h"
#include "wallet/google/rest.h"

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static enum err
render(struct arena *a, const struct save_of *of, struct object *objects,
    const struct google_conf **conf, struct why *w)
{
	for (size_t i = 0; i < of->n; i++) {
		const struct pass *p = &of->passes[i];
		struct pass_type *type = tenant_type(of->tenant, p->type);
		const struct google_conf *c;
		enum err e;

		if (type == NULL)
			return why(w, ERR_UNSET, NULL,
			    "The type of this pass is no longer configured.");
		c = &type->google_conf;
		*conf = i == 0 ? c : *conf;
		if (!same(c->issuer_id, (*conf)->issuer_id) ||
		    !same(c->service_account, (*conf)->service_account))
			return why(w, ERR_INVALID, "passIds",
			    "These passes are of several issuers; ask for "
			    "each issuer's alone.");
		e = object_build(a, of->tenant, type, p, &objects[i], w);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* What the next form leaves out is given to Google beforehand. */
static enum err
hand_over(
    struct rest *r, const struct jwt_of *jwt, enum jwt_form form, struct why *w)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < jwt->n; i++)
		e = form == JWT_CLASSLESS ? rest_class(r, &jwt->objects[i])
					  : rest_object(r, &jwt->objects[i]);
	return e == ERR_OK ? e : rest_why(r, e, w);
}

/* So that changes until it is saved are not lost. */
static enum err
remember(
    struct arena *a, const struct save_of *of, const struct object *objects)
{
	struct google_given *list = arena_alloc(a, of->n * sizeof(*list));

	for (size_t i = 0; i < of->n; i++)
		list[i] = (struct google_given){ objects[i].id,
			of->passes[i].updated };
	return google_given_put(of->store, list, of->n);
}

enum err
save_make(
    struct arena *a, const struct save_of *of, struct save *out, struct why *w)
{
	struct object *objects = arena_alloc(a, of->n * sizeof(*objects));
	struct jwt_of jwt = { .objects = objects, .n = of->n, .now = of->now };
	struct rest r = { .a = a,
		.server = of->server,
		.tenant = of->tenant,
		.store = of->store,
		.now = of->now,
		.at_once = true };
	static const struct google_conf none;
	const struct google_conf *conf = &none;
	enum err e;

	if ((e = render(a, of, objects, &conf, w)) != ERR_OK ||
	    (e = account_get(conf, of->now, &jwt.account, w)) != ERR_OK)
		return e;
	r.account = jwt.account;
	r.issuer = conf->issuer_id;
	jwt.origins = &conf->origins;
	for (;; jwt.form++) {
		if ((e = jwt_save(a, &jwt, &out->jwt)) != ERR_OK)
			return e;
		if (jwt.form == JWT_SLIM || strlen(out->jwt) <= JWT_MAX)
			break;
		if ((e = hand_over(&r, &jwt, jwt.form + 1, w)) != ERR_OK)
			return e;
	}
	out->url = arena_printf(
	    a, "%s%s", of->server->endpoints.google_save, out->jwt);
	return remember(a, of, objects);
}
