/*
 * health - whether this process can do its work.
 */

#include "api/call.h"
#include "conf/tenants.h"

static enum err
unable(struct call *c, const char *what)
{
	return why(&c->why, ERR_BUSY, NULL,
	    "%s; the log of the server says why.", what);
}

static enum err
health(struct call *c, struct response *resp)
{
	struct json_object *o = json_object_in(c->a);
	struct strings names;

	if (tenants_list(c->a, c->server, &names) != ERR_OK)
		return unable(c, "The folder of tenants cannot be read");
	if (stores_ask(c->stores, c->a) != ERR_OK)
		return unable(c, "A store does not answer");
	json_set_string(o, "status", "ok");
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* clang-format off */
const struct route health_routes[] = {
	{ "GET", "/healthz",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, health },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
