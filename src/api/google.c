/*
 * google - what Google Wallet calls.
 */

#include "api/call.h"
#include "wallet/google/saved.h"

static enum err
callback(struct call *c, struct response *resp)
{
	struct saved_env env = { .a = c->a,
		.server = c->server,
		.tenant = c->tenant,
		.now = c->req->now };
	enum err e = call_store(c);

	if (e != ERR_OK)
		return e;
	env.store = c->store;
	if ((e = saved_note(&env, c->req->json, &c->why)) != ERR_OK)
		return e;
	call_queued(c);
	resp->status = 200;
	return ERR_OK;
}

/* clang-format off */
const struct route google_routes[] = {
	{ "POST", "/api/{tenantId}/passes/google",
	  ROUTE_OPEN, NULL, NULL, ROUTE_JSON, callback },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
