#include "api/call.h"

#include "auth/proof.h"
#include "base/ident.h"
#include "conf/spawn.h"
#include "store/operation.h"
#include "wallet/preview.h"

const struct route *const api_tables[] = { passes_routes, list_routes,
	lookup_routes, download_routes, apple_routes, health_routes,
	metrics_routes, bulk_routes, images_routes, google_routes, page_routes,
	notify_routes, connect_routes, webhooks_routes, NULL };

enum err
call_store(struct call *c)
{
	enum err e;

	if (c->store != NULL)
		return ERR_OK;
	e = stores_get(c->stores, arena_printf(c->a, "%s/data", c->tenant->dir),
	    &c->store);
	if (e == ERR_BUSY)
		return why(&c->why, e, NULL,
		    "The store is held by another program; try again in a "
		    "few seconds.");
	return e;
}

struct change_env
call_env(struct call *c)
{
	return (struct change_env){
		.a = c->a,
		.tenant = c->tenant,
		.store = c->store,
		.allow_private = &c->server->allow_private,
		.now = c->req->now,
		.random = ident_random,
	};
}

enum err
call_pass(struct call *c, const char *id, struct pass *p)
{
	struct slice document;

	return call_pass_document(c, id, p, &document);
}

enum err
call_document(struct call *c, const char *id, struct slice *document)
{
	struct store_pass row;
	enum err e;

	if (!ident_is_pass(slice_of(id)))
		return call_no_pass(c);
	if ((e = call_store(c)) != ERR_OK ||
	    (e = store_pass_read(c->store, id, c->a, &row)) != ERR_OK)
		return e == ERR_NOTFOUND ? call_no_pass(c) : e;
	*document = row.document;
	return ERR_OK;
}

enum err
call_pass_document(
    struct call *c, const char *id, struct pass *p, struct slice *document)
{
	enum err e;

	*document = (struct slice){ NULL, 0 };
	if ((e = call_document(c, id, document)) != ERR_OK)
		return e;
	return pass_parse(c->a, *document, p);
}

enum err
call_peek(
    struct call *c, const char *id, struct pass *p, struct slice *document)
{
	enum err e = call_document(c, id, document);

	return e == ERR_OK ? pass_peek(c->a, *document, p) : e;
}

enum err
call_no_type(struct call *c)
{
	return why(&c->why, ERR_UNSET, NULL,
	    "The type of this pass is no longer configured: restore its file, "
	    "or PATCH the pass with another passType.");
}

enum err
call_preview(
    struct call *c, const char *id, bool full, struct json_object **out)
{
	struct pass p = { .id = NULL };
	const struct preview_of of = {
		.pass = &p,
		.now = c->req->now,
		.full = full,
	};
	enum err e = call_pass(c, id, &p);

	if (e != ERR_OK)
		return e;
	if (tenant_type(c->tenant, p.type) == NULL)
		return call_no_type(c);
	return preview_build(c->a, c->tenant, &of, out);
}

enum err
call_no_pass(struct call *c)
{
	return why(&c->why, ERR_NOTFOUND, NULL,
	    "There is no such pass; check the id or the identifiers.");
}

enum err
call_proof(struct call *c, struct json_object *given, struct json_object **out)
{
	const struct proof proof = {
		.caller = &c->caller,
		.scope = c->route->scope,
		.given = given,
	};
	enum err e = proof_identifiers(c->a, c->tenant, &proof, out, &c->why);

	c->unproven = e == ERR_DENIED;
	return e;
}

enum err
call_correlation(struct call *c, const char *id)
{
	size_t n = strspn(id,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._:-");

	if (n >= 1 && n <= OPERATION_CORRELATION && id[n] == '\0')
		return ERR_OK;
	return why(&c->why, ERR_INVALID, "options.correlationId",
	    "This must be 1 to %d of A-Z, a-z, 0-9, '.', '_', ':' and '-'.",
	    OPERATION_CORRELATION);
}

void
call_queued(struct call *c)
{
	spawn_worker(c->server, arena_printf(c->a, "%s/data", c->tenant->dir),
	    c->req->now);
}

const char *
call_param(struct call *c, size_t i)
{
	return arena_strndup(c->a, c->param[i].s, c->param[i].len);
}
