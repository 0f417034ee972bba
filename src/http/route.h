#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

/*
 * route - from a method and a path to the one function that answers, and to
 * all that must be true before it is called.
 *
 * A resource is one file in api/ that ends in one table of these.  A path
 * segment in braces matches any one segment that is not empty; a literal
 * one is found before it, whatever the order of the tables.
 */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "http/request.h"
#include "http/response.h"

struct call; /* api/call.h */

/* What a caller needs. */
enum route_access {
	ROUTE_OPEN,  /* nothing; a pass id in the path is a capability */
	ROUTE_PROOF, /* `scope`, or proof of every identifier given */
	ROUTE_SCOPE, /* `scope` */
	ROUTE_HOLDER /* the pass's own token, which the handler compares */
};

enum route_body { ROUTE_NO_BODY, ROUTE_JSON, ROUTE_RAW };

#define ROUTE_PARAMS 4

struct route {
	const char *method; /* NULL ends a table */
	const char *path;   /* "/api/{tenantId}/passes/{passId}" */
	enum route_access access;
	const char *scope;
	const char *closable; /* word of requireScopeFor that closes it */
	enum route_body body;
	enum err (*fn)(struct call *, struct response *);
};

struct route_match {
	const struct route *route;
	struct slice param[ROUTE_PARAMS]; /* in order of the braces */
	size_t nparam;
	char allow[64]; /* methods of the path, for 405 and OPTIONS */
};

enum route_result { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/*
 * Find the request's method and path in `tables`, an array of tables ended
 * by NULL.  The parameters are set on ROUTE_FOUND and ROUTE_NO_METHOD,
 * `m->route` on the former only, `m->allow` ("GET, HEAD, PATCH, OPTIONS") on
 * the latter only: no route is for OPTIONS.
 */
enum route_result route_find(const struct route *const *tables,
    const struct request *r, struct route_match *m);

#endif
