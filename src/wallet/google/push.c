#include "wallet/push.h"

#include "pass/pass.h"
#include "wallet/google/rest.h"

static enum err
prepare(
    struct push_env *env, const struct due *d, struct object *o, struct rest *r)
{
	struct store_pass row;
	struct pass_type *type;
	struct pass p;
	struct why w;
	enum err e = store_pass_read(env->store, d->id, env->a, &row);

	if (e != ERR_OK || (e = pass_parse(env->a, row.document, &p)) != ERR_OK)
		return e;
	/* Where it is not saved nobody waits for it. */
	if ((pass_installed(&p) & STORE_GOOGLE) == 0 ||
	    (type = tenant_type(env->tenant, p.type)) == NULL)
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
	return e == ERR_OK ? object_build(env->a, env->tenant, type, &p, o, &w)
			   : ERR_DENIED;
}

static enum err
tell(struct push_env *env, struct due **passes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct due *d = passes[i];
		struct rest r = { .later = 0 };
		struct object o;
		enum err e = prepare(env, d, &o, &r);

		if (e == ERR_OK)
			e = rest_object(&r, &o);
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
