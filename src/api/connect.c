/*
 * connect - the WebSocket of a pass, which the hub serves.
 */

#include "api/call.h"
#include "live/token.h"

/* The tenant's url, with ws or wss in the place of http or https. */
static const char *
socket_url(struct call *c, const char *token)
{
	return arena_printf(c->a, "ws%s/api/%s/live?token=%s",
	    c->tenant->url + strlen("http"), c->tenant->id, token);
}

static enum err
connect(struct call *c, struct response *resp)
{
	const struct live_tenant t = { c->tenant->dir, c->tenant->id };
	const char *id = call_param(c, 1), *token;
	struct json_object *o = json_object_in(c->a);
	struct slice document;
	enum err e;

	if (c->server->hub.listen == NULL)
		return why(&c->why, ERR_UNSET, NULL,
		    "This server has no hub: ask its operator to set \"hub\" "
		    "in passwright.yml.");
	if ((e = call_document(c, id, &document)) != ERR_OK ||
	    (e = live_token_make(c->a, &t, id, c->req->now, &token)) != ERR_OK)
		return e;
	json_set_string(o, "url", socket_url(c, token));
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* clang-format off */
const struct route connect_routes[] = {
	{ "GET", "/api/{tenantId}/passes/{passId}/connect",
	  ROUTE_OPEN, "Pass.Read", "connect", ROUTE_NO_BODY, connect },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
