#include "pass/supplier.h"

#include "base/log.h"
#include "pass/remote.h"

static enum err
failed(const struct remote *r, const char *text, struct why *w)
{
	if (text != NULL)
		log_warning("remote", "file", r->file, "why", text, NULL);
	return why(w, ERR_UPSTREAM, "provider",
	    "The supplier %s gave no good answer; try again later.", r->name);
}

static enum err
ask(struct change_env *env, struct remote *r, const char *value,
    struct json_object **out)
{
	const struct remote_call call = { env->a, env->tenant,
		env->allow_private, json_object_in(env->a) };
	struct remote_request rq;

	json_set_string(call.data, "value", value);
	if (remote_prepare(&call, r, &rq) != ERR_OK)
		return ERR_UPSTREAM;
	return remote_ask(&call, r, &rq, out);
}

/* What it says of one pass; false: it can be none. */
static bool
read_pass(
    struct change_env *env, struct json_object *o, struct change_input *in)
{
	struct why w = { .field = "" };

	*in = (struct change_input){
		.type = json_get_string(o, "passType"),
		.identifiers = json_get(o, "identifiers"),
		.additional = json_get(o, "additionalData"),
		.known = true,
	};
	if (in->type == NULL)
		in->type = env->tenant->default_pass_type;
	if (in->type == NULL || tenant_type(env->tenant, in->type) == NULL ||
	    in->identifiers == NULL || change_check(in, true, &w) != ERR_OK)
		return false;
	return json_object_object_length(in->identifiers) > 0;
}

static enum err
take_one(struct change_env *env, const struct remote *r,
    const struct change_input *in, struct supplied *out, struct why *w)
{
	struct change_result result = { .id = NULL };
	enum err e = r->create ? change_create(env, in, &result, w)
			       : change_find(env, in, &result.id);

	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e != ERR_OK)
		return e == ERR_INVALID || e == ERR_TOOBIG
		    ? failed(r, "it names what can be no pass", w)
		    : e;
	out->refresh = out->refresh || (r->create && result.refresh);
	for (size_t i = 0; i < out->n; i++)
		if (strcmp(out->ids[i], result.id) == 0)
			return ERR_OK;
	out->ids[out->n++] = result.id;
	return ERR_OK;
}

/* All are judged before the first is made. */
static enum err
take_all(struct change_env *env, const struct remote *r,
    struct json_object *list, struct supplied *out, struct why *w)
{
	const size_t n = json_object_array_length(list);
	struct change_input *in = arena_alloc(env->a, (n + 1) * sizeof(*in));
	enum err e = ERR_OK;

	if (n > SUPPLIER_PASSES)
		return failed(r, "it names over 100 passes", w);
	out->ids = arena_alloc(env->a, (n + 1) * sizeof(*out->ids));
	for (size_t i = 0; i < n; i++)
		if (!read_pass(env, json_object_array_get_idx(list, i), &in[i]))
			return failed(r,
			    "passes need a known passType and identifiers", w);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = take_one(env, r, &in[i], out, w);
	return e;
}

enum err
supplier_find(struct change_env *env, struct remote *r, const char *value,
    struct supplied *out, struct why *w)
{
	struct json_object *list = NULL;

	*out = (struct supplied){ .n = 0 };
	if (value == NULL || strlen(value) > SUPPLIER_VALUE)
		return why(w, ERR_INVALID, "value",
		    "Give a value of 1 to %d bytes.", SUPPLIER_VALUE);
	if (ask(env, r, value, &list) != ERR_OK)
		return failed(r, NULL, w);
	if (list == NULL)
		return ERR_OK;
	if (!json_object_is_type(list, json_type_array))
		return failed(r, "its map gives no array", w);
	return take_all(env, r, list, out, w);
}
