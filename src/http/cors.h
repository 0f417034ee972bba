#ifndef HTTP_CORS_H
#define HTTP_CORS_H

/*
 * cors - what a page of another origin may do (Fetch standard, 3.2).
 *
 * Never with credentials.
 */

#include "conf/setting.h"
#include "http/request.h"
#include "http/response.h"

/*
 * Add Access-Control-Allow-Origin (and expose x-pagination-total, ETag,
 * X-Request-Id...) to a response if the request's Origin is in `origins`;
 * `open` says that the call needs no scope.  Vary: Origin where it matters.
 */
void cors_add(struct response *r, const struct request *req,
    const struct strings *origins, bool open);

/* Answer a preflight: 204 with what `allow` names. */
void cors_preflight(struct response *r, const struct request *req,
    const struct strings *origins, bool open, const char *allow);

#endif
