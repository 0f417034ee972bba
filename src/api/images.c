/*
 * images - the pictures of a tenant's pass types, for whoever shows a pass.
 */

#include "api/call.h"
#include "wallet/picture.h"

#define HASH_LEN 40 /* that a picture's name begins with */

static enum err
show(struct call *c, struct response *resp)
{
	const char *name = call_param(c, 1);
	struct slice bytes;

	if (picture_read(c->a, c->tenant, name, &bytes) != ERR_OK)
		return why(&c->why, ERR_NOTFOUND, NULL,
		    "There is no such image; its name holds a hash of its "
		    "content, which may have changed.");
	response_header(
	    resp, "Cache-Control", "public, max-age=31536000, immutable");
	if (!response_not_modified(resp, c->req,
		arena_printf(c->a, "\"%.*s\"", HASH_LEN, name), 0))
		response_bytes(resp, 200, "image/png", bytes);
	return ERR_OK;
}

/* clang-format off */
const struct route images_routes[] = {
	{ "GET", "/{tenantId}/images/{name}",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, show },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
