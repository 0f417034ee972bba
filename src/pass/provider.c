#include "pass/provider.h"

#include "pass/remote.h"

/* What no provider may say: it decides who the pass is. */
static const char *const kept[] = { "id", "secret", "passType", "identifiers",
	"_errors", NULL };

struct asking {
	const struct provider_env *env;
	struct pass pass; /* with what was answered so far */
	struct provider_asked *out;
	struct remote *r;
	struct remote_request rq;
	struct answer last; /* the last good answer to this request */
	bool has_last;
};

static void
add(struct asking *g, struct json_object *data)
{
	struct arena *a = g->env->a;
	struct json_object *one = json_object_in(a);

	if (data == NULL)
		return;
	json_set_string(one, "provider", g->r->name);
	json_set(one, "data", data);
	if (g->out->answers == NULL)
		g->out->answers = json_array_in(a);
	json_push(g->out->answers, one);
	g->pass.answers = g->out->answers;
}

static void
add_last(struct asking *g)
{
	struct json_object *o = NULL;
	struct why w;

	/* It was written by us: what cannot be read is as good as none. */
	if (json_parse(g->env->a, g->last.json, 2 * JSON_DEPTH, &o, &w) ==
	    ERR_OK)
		add(g, o);
}

static void
keep(struct asking *g, struct json_object *data)
{
	struct answer *x = &g->out->fresh[g->out->nfresh++];

	x->provider = g->r->name;
	x->date = g->env->now;
	x->json = json_text(g->env->a, data);
	memcpy(x->request, g->rq.digest, sizeof(x->request));
}

static void
fail(struct asking *g, const char *text)
{
	struct provider_asked *out = g->out;

	out->owes = true;
	if (out->errors == NULL)
		out->errors = json_object_in(g->env->a);
	if (g->has_last && g->env->now - g->last.date <= g->r->stale) {
		json_set_string(out->errors, g->r->name,
		    arena_printf(
			g->env->a, "%s; its last answer serves", text));
		add_last(g);
		return;
	}
	json_set_string(out->errors, g->r->name, text);
	if (out->missing == NULL)
		out->missing = g->r->name;
}

/* An object without what is kept; false for what is neither that nor null. */
static bool
take(struct asking *g, struct json_object *o)
{
	struct json_object *copy = json_copy(g->env->a, o);

	if (o != NULL && !json_object_is_type(o, json_type_object))
		return false;
	for (size_t i = 0; copy != NULL && kept[i] != NULL; i++)
		json_object_object_del(copy, kept[i]);
	keep(g, copy);
	add(g, copy);
	return true;
}

static enum err
find_last(struct asking *g)
{
	enum err e = answer_read(
	    g->env->store, g->pass.id, g->r->name, g->env->a, &g->last);

	g->has_last = e == ERR_OK &&
	    memcmp(g->last.request, g->rq.digest, sizeof(g->rq.digest)) == 0;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
ask_one(struct asking *g)
{
	const struct provider_env *env = g->env;
	const struct remote_call call = { env->a, env->tenant,
		env->allow_private, pass_data(env->a, &g->pass, false) };
	struct json_object *o = NULL;
	enum err e = remote_prepare(&call, g->r, &g->rq);
	int64_t age;

	g->has_last = false;
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e != ERR_OK) {
		fail(g, "It could not be asked; the log says why");
		return ERR_OK;
	}
	if ((e = find_last(g)) != ERR_OK)
		return e;
	age = g->has_last ? env->now - g->last.date : INT64_MAX;
	if (env->stored || (age >= 0 && age < g->r->cache)) {
		g->out->owes = g->out->owes || age < 0 || age >= g->r->cache;
		if (g->has_last)
			add_last(g);
	} else if (remote_ask(&call, g->r, &g->rq, &o) != ERR_OK) {
		fail(g, "It gave no answer");
	} else if (!take(g, o)) {
		fail(g, "Its map gives no object");
	}
	return ERR_OK;
}

enum err
provider_ask(const struct provider_env *env, const struct pass *p,
    struct provider_asked *out)
{
	struct provider_asked got = {
		.fresh = arena_alloc(env->a, REMOTE_MAX * sizeof(*got.fresh)),
	};
	struct asking g = { .env = env, .pass = *p, .out = &got };
	enum err e = ERR_OK;

	g.pass.answers = NULL;
	for (size_t i = 0; e == ERR_OK && i < env->tenant->nproviders; i++) {
		g.r = &env->tenant->providers[i];
		e = ask_one(&g);
	}
	if (e == ERR_OK)
		*out = got;
	return e;
}
