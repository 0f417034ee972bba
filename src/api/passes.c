/*
 * passes - creating, changing and showing one pass.
 */

#include "api/passes.h"
#include "api/body.h"
#include "api/call.h"
#include "api/lookup.h"
#include "pass/provider.h"
#include "store/operation.h"
#include "wallet/push.h"

/* clang-format off */
static const struct body_field create_fields[] = {
	{ "identifiers",    BODY_OBJECT, NULL },
	{ "additionalData", BODY_OBJECT, NULL },
	{ "extensions",     BODY_OBJECT, NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field update_options[] = {
	{ "updateMetadata", BODY_BOOL,   NULL },
	{ "correlationId",  BODY_STRING, NULL },
	{ "bypassQueue",    BODY_BOOL,   NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field update_fields[] = {
	{ "identifiers",    BODY_OBJECT, NULL },
	{ "additionalData", BODY_OBJECT, NULL },
	{ "passType",       BODY_STRING, NULL },
	{ "options",        BODY_OBJECT, update_options },
	{ "updateMetadata", BODY_BOOL,   NULL }, /* deprecated */
	{ "bypassQueue",    BODY_BOOL,   NULL }, /* deprecated */
	{ NULL, BODY_OBJECT, NULL }
};
/* clang-format on */

/* Who has but a proof may set the keys that the pass type lists. */
static enum err
check_caller_data(struct call *c, const struct change_input *in)
{
	const char *name =
	    in->type != NULL ? in->type : c->tenant->default_pass_type;
	const struct pass_type *type;
	struct json_object_iter it;

	if (in->additional == NULL || name == NULL ||
	    caller_may(&c->caller, c->route->scope))
		return ERR_OK;
	type = tenant_type(c->tenant, name);
	if (type == NULL || !type->has_caller_data)
		return ERR_OK;
	json_object_object_foreachC(in->additional, it)
	{
		if (!strings_has(&type->caller_data, it.key))
			return why(&c->why, ERR_DENIED,
			    arena_printf(c->a, "additionalData.%s", it.key),
			    "This key may be set with the scope %s only.",
			    c->route->scope);
	}
	return ERR_OK;
}

static enum err
create(struct call *c, struct response *resp)
{
	struct change_input in = { .type = request_query(c->req, "passType") };
	struct change_result result;
	struct json_object *body;
	struct change_env env;
	enum err e;

	e = body_read(c->a, create_fields, c->req->json, &body, &c->why);
	if (e != ERR_OK)
		return e;
	e = call_proof(c, json_get(body, "identifiers"), &in.identifiers);
	if (e != ERR_OK)
		return e;
	in.additional = json_get(body, "additionalData");
	in.extensions = json_get(body, "extensions");
	if ((e = change_check(&in, true, &c->why)) != ERR_OK ||
	    (e = check_caller_data(c, &in)) != ERR_OK ||
	    (e = call_store(c)) != ERR_OK)
		return e;
	env = call_env(c);
	if ((e = change_create(&env, &in, &result, &c->why)) != ERR_OK)
		return e;
	if (result.changed || result.refresh)
		call_queued(c);
	response_string(resp, c->req, 200, result.id);
	return ERR_OK;
}

/* The deprecated place of a flag counts when it is true. */
static bool
read_flag(struct json_object *body, const char *name, bool def)
{
	def = def || json_get_bool(body, name, false);
	return json_get_bool(json_get(body, "options"), name, def);
}

static enum err
read_update(struct call *c, struct passes_update *u)
{
	struct change_input *in = &u->in;
	struct json_object *body;
	enum err e;

	e = body_read(c->a, update_fields, c->req->json, &body, &c->why);
	if (e != ERR_OK)
		return e;
	*u = (struct passes_update){
		.correlation =
		    json_get_string(json_get(body, "options"), "correlationId"),
		.bypass = read_flag(body, "bypassQueue", false),
	};
	if (u->correlation != NULL &&
	    (e = call_correlation(c, u->correlation)) != ERR_OK)
		return e;
	*in = (struct change_input){
		.type = request_query(c->req, "passType"),
		.identifiers = json_get(body, "identifiers"),
		.additional = json_get(body, "additionalData"),
		.update_metadata = read_flag(body, "updateMetadata", true),
	};
	if (in->type == NULL)
		in->type = json_get_string(body, "passType");
	if (in->identifiers != NULL) /* as a browser's kit sends it */
		json_object_object_del(in->identifiers, "passType");
	return change_check(in, false, &c->why);
}

/* The update as one of those that share a correlation id. */
static enum err
update_counted(struct call *c, const char *id, struct passes_update *u,
    struct change_result *result)
{
	const struct operation_note note = {
		.correlation = u->correlation,
		.now = c->req->now,
		.random = ident_random,
	};
	struct operation_step step = { .now = c->req->now };
	char *operation = arena_alloc(c->a, OPERATION_ID_LEN + 1);
	struct change_env env = call_env(c);
	enum err e;

	if ((e = operation_note(c->store, &note, operation)) != ERR_OK)
		return e;
	u->in.operation = operation;
	e = change_update(&env, id, &u->in, result, &c->why);
	step.completed = e == ERR_OK;
	step.errors = e != ERR_OK;
	/* What it is about is done or failed already. */
	(void)!operation_take_step(c->store, operation, &step);
	return e;
}

/* What waits for data providers, done before the answer. */
static enum err
ask_now(struct call *c, const char *id, struct change_result *result)
{
	const struct change_input in = { .update_metadata = true,
		.ask = CHANGE_MUST };
	struct change_env env = call_env(c);
	struct change_result asked;
	enum err e = change_update(&env, id, &in, &asked, &c->why);

	if (e == ERR_OK) {
		result->refresh = asked.refresh;
		result->changed = result->changed || asked.changed;
	} else {
		call_queued(c);
	}
	return e;
}

/* The wallets hear of it now, or from the worker. */
static enum err
tell_wallets(struct call *c, const char *id, bool now)
{
	struct push_env env = {
		.a = c->a,
		.server = c->server,
		.tenant = c->tenant,
		.store = c->store,
		.now = c->req->now,
		.wallets = push_wallets,
	};

	return now ? push_now(&env, id, &c->why) : ERR_OK;
}

enum err
passes_update(struct call *c, struct response *resp, const char *id,
    struct passes_update *u)
{
	struct change_env env = call_env(c);
	struct change_result result;
	enum err e;

	e = u->correlation != NULL
	    ? update_counted(c, id, u, &result)
	    : change_update(&env, id, &u->in, &result, &c->why);
	if (e == ERR_NOTFOUND)
		return call_no_pass(c);
	if (e == ERR_OK && u->bypass && result.refresh)
		e = ask_now(c, id, &result);
	if (e == ERR_OK) {
		e = tell_wallets(c, id, u->bypass);
		if (result.changed || result.refresh || e != ERR_OK)
			call_queued(c);
	}
	if (e == ERR_OK)
		resp->status = 200;
	return e;
}

static enum err
update_by_id(struct call *c, struct response *resp)
{
	const char *id = call_param(c, 1);
	struct passes_update u;
	enum err e;

	if (!ident_is_pass(slice_of(id)))
		return call_no_pass(c);
	if ((e = read_update(c, &u)) != ERR_OK || (e = call_store(c)) != ERR_OK)
		return e;
	return passes_update(c, resp, id, &u);
}

static enum err
update_by_identifiers(struct call *c, struct response *resp)
{
	struct passes_update u;
	const char *id;
	enum err e;

	if ((e = read_update(c, &u)) != ERR_OK ||
	    (e = call_store(c)) != ERR_OK || (e = lookup_one(c, &id)) != ERR_OK)
		return e;
	return passes_update(c, resp, id, &u);
}

/* What data providers say now; the pass itself is not changed by it. */
static enum err
learn(struct call *c, struct pass *p, struct json_object **errors)
{
	const struct provider_env env = { .a = c->a,
		.tenant = c->tenant,
		.store = c->store,
		.allow_private = &c->server->allow_private,
		.now = c->req->now };
	struct provider_asked asked;
	enum err e;

	if (c->tenant->nproviders == 0)
		return ERR_OK;
	if ((e = provider_ask(&env, p, &asked)) != ERR_OK)
		return e;
	p->answers = asked.answers;
	*errors = asked.errors;
	e = answer_keep(c->store, p->id, asked.fresh, asked.nfresh);
	return e == ERR_NOTFOUND ? call_no_pass(c) : e;
}

static enum err
show_data(struct call *c, struct response *resp)
{
	struct json_object *errors = NULL, *data;
	struct pass p;
	enum err e;

	if ((e = call_pass(c, call_param(c, 1), &p)) != ERR_OK)
		return e;
	if ((e = learn(c, &p, &errors)) != ERR_OK)
		return e;
	data = pass_data(c->a, &p, true);
	if (errors != NULL)
		json_set(data, "_errors", errors);
	response_json(resp, c->req, 200, data);
	return ERR_OK;
}

static enum err
show_raw(struct call *c, struct response *resp)
{
	struct slice document;
	struct pass p;
	enum err e;

	e = call_document(c, call_param(c, 1), &document);
	if (e != ERR_OK)
		return e;
	if (caller_may(&c->caller, "Pass.Read")) {
		response_json_text(resp, c->req, 200, document);
		return ERR_OK;
	}
	if ((e = pass_parse(c->a, document, &p)) == ERR_OK)
		response_json(resp, c->req, 200, pass_raw(c->a, &p, false));
	return e;
}

/* clang-format off */
const struct route passes_routes[] = {
	{ "POST",  "/api/{tenantId}/passes",
	  ROUTE_PROOF, "Pass.Write", NULL, ROUTE_JSON, create },
	{ "PATCH", "/api/{tenantId}/passes",
	  ROUTE_SCOPE, "Pass.Write", NULL, ROUTE_JSON, update_by_identifiers },
	{ "PATCH", "/api/{tenantId}/passes/{passId}",
	  ROUTE_SCOPE, "Pass.Write", NULL, ROUTE_JSON, update_by_id },
	{ "GET",   "/api/{tenantId}/passes/{passId}/data",
	  ROUTE_OPEN, "Pass.Read", "data", ROUTE_NO_BODY, show_data },
	{ "GET",   "/api/{tenantId}/passes/{passId}/data/raw",
	  ROUTE_OPEN, "Pass.Read", "raw", ROUTE_NO_BODY, show_raw },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
