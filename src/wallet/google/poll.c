#include "wallet/google/poll.h"

#include "pass/install.h"
#include "pass/pass.h"
#include "store/google.h"
#include "wallet/google/rest.h"

struct poll {
	struct push_env *env;
	const char *id;
	struct slice document; /* when Google was asked */
	struct pass pass;
	const char *object; /* its id */
	bool has_users;
};

static enum err
note(struct txn *t, void *arg)
{
	const struct poll *p = arg;
	struct push_env *env = p->env;
	const int64_t active = json_get_int(
	    json_get(p->pass.providers, "google"), "activeRegistrations", 0);
	struct install in = { .pass = p->id,
		.wallet = STORE_GOOGLE,
		.by = p->has_users ? 1 : (int)-active,
		.now = env->now };
	struct store_pass row;
	enum err e = store_pass_get(t, p->id, true, env->a, &row);

	if (e != ERR_OK || !slice_eq(row.document, p->document))
		return e;
	if (p->has_users)
		e = google_given_take(t, p->object, &in.given);
	if (e != ERR_OK)
		return e;
	return install_note(t, env->a, env->tenant, &in);
}

/* ERR_NOTFOUND: there is nothing to ask. */
static enum err
prepare(struct poll *p, struct object *o, struct rest *r)
{
	struct push_env *env = p->env;
	struct store_pass row;
	struct pass_type *type;
	struct why w;
	enum err e = store_pass_read(env->store, p->id, env->a, &row);

	if (e != ERR_OK ||
	    (e = pass_parse(env->a, row.document, &p->pass)) != ERR_OK)
		return e;
	p->document = row.document;
	type = tenant_type(env->tenant, p->pass.type);
	if (type == NULL)
		return ERR_NOTFOUND;
	*r = (struct rest){ .a = env->a,
		.server = env->server,
		.tenant = env->tenant,
		.store = env->store,
		.issuer = type->google_conf.issuer_id,
		.now = env->now };
	if (account_get(&type->google_conf, env->now, &r->account, &w) !=
		ERR_OK ||
	    object_build(env->a, env->tenant, type, &p->pass, o, &w) != ERR_OK)
		return ERR_NOTFOUND;
	return ERR_OK;
}

enum err
poll_pass(struct push_env *env, const char *id)
{
	struct poll p = { .env = env, .id = id };
	struct object o;
	struct rest r;
	bool known;
	enum err e = prepare(&p, &o, &r);

	if (e == ERR_OK)
		e = rest_users(&r, &o, &p.has_users);
	if (e == ERR_BUSY || e == ERR_DENIED)
		return ERR_UPSTREAM;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND || e == ERR_INVALID ? ERR_OK : e;
	p.object = o.id;
	known = (pass_installed(&p.pass) & STORE_GOOGLE) != 0;
	if (known == p.has_users)
		return ERR_OK;
	e = store_run(env->store, note, &p);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}
