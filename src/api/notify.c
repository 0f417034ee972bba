/*
 * notify - messages to the holders of a pass.
 */

#include "api/body.h"
#include "api/call.h"
#include "api/lookup.h"
#include "api/passes.h"
#include "pass/notification.h"

#define CORRELATION_MIN 10 /* characters, as the published schema says */
#define CORRELATION_MAX 100

/* clang-format off */
static const struct body_field options_fields[] = {
	{ "updateData",    BODY_BOOL,   NULL },
	{ "correlationId", BODY_STRING, NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field notify_fields[] = {
	{ "content",          BODY_STRING, NULL },
	{ "localizedContent", BODY_OBJECT, NULL },
	{ "options",          BODY_OBJECT, options_fields },
	{ NULL, BODY_OBJECT, NULL }
};
/* clang-format on */

static enum err
read_correlation(struct call *c, struct json_object *options, const char **out)
{
	const char *id = json_get_string(options, "correlationId");

	*out = id;
	if (id == NULL)
		return ERR_OK;
	if (strlen(id) < CORRELATION_MIN || strlen(id) > CORRELATION_MAX)
		return why(&c->why, ERR_INVALID, "options.correlationId",
		    "This must be %d to %d characters.", CORRELATION_MIN,
		    CORRELATION_MAX);
	return call_correlation(c, id);
}

static enum err
read_notify(struct call *c, struct passes_update *u)
{
	struct json_object *body, *options;
	enum err e;

	e = body_read(c->a, notify_fields, c->req->json, &body, &c->why);
	if (e != ERR_OK)
		return e;
	*u = (struct passes_update){ .bypass = false };
	options = json_get(body, "options");
	u->in.update_metadata = json_get_bool(options, "updateData", false);
	if ((e = read_correlation(c, options, &u->correlation)) != ERR_OK)
		return e;
	return notification_read(c->a, body, &u->in.message, &c->why);
}

static enum err
notify_by_id(struct call *c, struct response *resp)
{
	const char *id = call_param(c, 1);
	struct passes_update u;
	enum err e;

	if (!ident_is_pass(slice_of(id)))
		return call_no_pass(c);
	if ((e = read_notify(c, &u)) != ERR_OK || (e = call_store(c)) != ERR_OK)
		return e;
	return passes_update(c, resp, id, &u);
}

static enum err
notify_by_identifiers(struct call *c, struct response *resp)
{
	struct passes_update u;
	const char *id;
	enum err e;

	if ((e = read_notify(c, &u)) != ERR_OK ||
	    (e = call_store(c)) != ERR_OK || (e = lookup_one(c, &id)) != ERR_OK)
		return e;
	return passes_update(c, resp, id, &u);
}

/* clang-format off */
const struct route notify_routes[] = {
	{ "PUT", "/api/{tenantId}/passes/notification",
	  ROUTE_SCOPE, "Pass.Write", NULL, ROUTE_JSON, notify_by_identifiers },
	{ "PUT", "/api/{tenantId}/passes/{passId}/notification",
	  ROUTE_SCOPE, "Pass.Write", NULL, ROUTE_JSON, notify_by_id },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
