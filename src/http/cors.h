#ifndef HTTP_CORS_H
#define HTTP_CORS_H

/*
 * cors - what a page of another origin may do (Fetch standard, 3.2).
 *
 * "*" among the origins opens the calls that need no scope, to every page.
 * An origin by its name (compared byte by byte) opens every call to the
 * pages of that origin.  Never with credentials: a page that holds a key
 * sends it in a header of its own.
 */

#include "conf/setting.h"
#include "http/request.h"
#include "http/response.h"

/*
 * Add Access-Control-Allow-Origin and what a page may see of the headers, if
 * `origins` allow the request's Origin; `open` says that the call needs no
 * scope.  Vary: Origin wherever the answer depends on the name.
 */
void cors_add(struct response *r, const struct request *req,
    const struct strings *origins, bool open);

/*
 * Answer OPTIONS: 204 with Allow, and to a preflight from an origin that may
 * call, what it may send.  `open` is of the route of the method asked for in
 * Access-Control-Request-Method.
 */
void cors_preflight(struct response *r, const struct request *req,
    const struct strings *origins, bool open, const char *allow);

#endif
