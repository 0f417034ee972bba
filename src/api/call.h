#ifndef API_CALL_H
#define API_CALL_H

/*
 * call - a request that passed its route's policy, as a handler sees it.
 */

#include "auth/caller.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"
#include "pass/change.h"
#include "store/store.h"

struct call {
	struct arena *a;
	const struct server *server;
	struct request *req;
	const struct route *route;
	struct slice param[ROUTE_PARAMS]; /* of the path; [0] is the tenant */
	struct tenant *tenant;
	struct store *store; /* NULL until call_store() */
	struct stores *stores;
	struct caller caller;
	struct why why; /* filled by a handler that fails */
};

/* Open the tenant's store; ERR_BUSY or ERR_INTERNAL when it cannot be. */
MUST_CHECK enum err call_store(struct call *c);

/* What the pass room needs of a call whose store is open. */
struct change_env call_env(struct call *c);

/* The tables of all resources, ended by NULL. */
extern const struct route *const api_tables[];
extern const struct route passes_routes[], download_routes[];

#endif
