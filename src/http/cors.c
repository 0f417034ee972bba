#include "http/cors.h"

/* Browsers keep a preflight's answer for two hours at most. */
#define MAX_AGE "7200"

#define MAY_SEND                                                               \
	"Authorization, Content-Type, If-Modified-Since, If-None-Match, "      \
	"X-API-KEY, X-Request-Id"
#define MAY_SEE                                                                \
	"Content-Disposition, ETag, Link, Retry-After, x-pagination-total, "   \
	"X-Request-Id"

/* True when the origin may call; Allow-Origin and Vary are then added. */
static bool
allow_origin(struct response *r, const struct request *req,
    const struct strings *origins, bool open)
{
	const char *origin = request_header(req, "Origin");
	bool any = strings_has(origins, "*");

	if (any && open) {
		response_header(r, "Access-Control-Allow-Origin", "*");
		return true;
	}
	if (origins->n > (any ? 1 : 0))
		response_header(r, "Vary", "Origin");
	if (origin == NULL || strcmp(origin, "*") == 0 ||
	    !strings_has(origins, origin))
		return false;
	response_header(r, "Access-Control-Allow-Origin", origin);
	return true;
}

void
cors_add(struct response *r, const struct request *req,
    const struct strings *origins, bool open)
{
	if (allow_origin(r, req, origins, open))
		response_header(r, "Access-Control-Expose-Headers", MAY_SEE);
}

void
cors_preflight(struct response *r, const struct request *req,
    const struct strings *origins, bool open, const char *allow)
{
	response_bytes(r, 204, NULL, slice_of(NULL));
	response_header(r, "Allow", allow);
	if (!allow_origin(r, req, origins, open) ||
	    request_header(req, "Access-Control-Request-Method") == NULL)
		return;
	response_header(r, "Access-Control-Allow-Methods", allow);
	response_header(r, "Access-Control-Allow-Headers", MAY_SEND);
	response_header(r, "Access-Control-Max-Age", MAX_AGE);
}
