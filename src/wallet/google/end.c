#include "wallet/google/end.h"

#include "base/log.h"
#include "pass/pass.h"
#include "store/google.h"
#include "wallet/google/rest.h"

/* Imported anew since, with the same id. */
static bool
is_back(struct push_env *env, const struct google_end *end)
{
	struct store_pass row;

	return store_pass_read(env->store, end->pass, env->a, &row) == ERR_OK;
}

/* `*id` of the object; ERR_UNSET: nobody can tell Google of it any more. */
static enum err
tell(struct push_env *env, const struct google_end *end, const char **id)
{
	struct pass_type *type = tenant_type(env->tenant, end->type);
	const struct pass p = { .id = end->pass, .google_object = end->object };
	struct rest r = { .a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.now = env->now };
	struct object o = { .kind = NULL };
	struct why w;
	enum err e;

	if (type == NULL || type->google_conf.issuer_id == NULL)
		return ERR_UNSET;
	o.kind = object_kind(type->kind);
	o.id = *id = object_id(env->a, type, &p);
	r.issuer = type->google_conf.issuer_id;
	e = account_get(&type->google_conf, env->now, &r.account, &w);
	return e == ERR_OK ? rest_end(&r, &o) : e;
}

static enum err
end_one(struct push_env *env, const struct google_end *end)
{
	const char *object = NULL;
	enum err e = is_back(env, end) ? ERR_OK : tell(env, end, &object);

	if (e == ERR_UNSET)
		log_warning("google_end", "why",
		    "Google cannot be told that an erased pass is no more: its "
		    "type, google.issuerId or google.serviceAccount is not set",
		    NULL);
	if (e != ERR_OK && e != ERR_UNSET && e != ERR_INVALID)
		return e;
	return google_end_done(env->store, end->pass, object);
}

enum err
end_objects(struct push_env *env, size_t *n)
{
	struct google_end *list = arena_alloc(env->a, *n * sizeof(*list));
	enum err e = google_end_next(env->store, env->a, list, n);
	enum err all = e;

	/* One that Google denies does not keep the others. */
	for (size_t i = 0; i < *n && e != ERR_BUSY; i++)
		if ((e = end_one(env, &list[i])) != ERR_OK)
			all = e;
	return all;
}
