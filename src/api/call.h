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
	const char *only; /* the tenant that this process serves, or NULL */
	struct request *req;
	const struct route *route;
	struct slice param[ROUTE_PARAMS]; /* of the path; [0] is the tenant */
	struct tenant *tenant;            /* NULL where the path names none */
	struct store *store;              /* NULL until call_store() */
	struct stores *stores;
	struct caller caller;
	struct why why; /* filled by a handler that fails */
	bool unproven;  /* ERR_DENIED is for want of credentials: 401 */
};

/* Open the tenant's store; ERR_BUSY or ERR_INTERNAL when it cannot be. */
MUST_CHECK enum err call_store(struct call *c);

/* What the pass room needs of a call whose store is open. */
struct change_env call_env(struct call *c);

/*
 * Read pass `id` from the tenant's store, which is opened.  ERR_NOTFOUND, with
 * the sentence for the caller, also for what cannot be an id.
 */
MUST_CHECK enum err call_pass(struct call *c, const char *id, struct pass *p);

/* The stored document of a pass, unread. */
MUST_CHECK enum err call_document(
    struct call *c, const char *id, struct slice *document);

/* The pass, and the document that it was read from. */
MUST_CHECK enum err call_pass_document(
    struct call *c, const char *id, struct pass *p, struct slice *document);

/* The same, as far as pass_peek() goes. */
MUST_CHECK enum err call_peek(
    struct call *c, const char *id, struct pass *p, struct slice *document);

/*
 * The identifiers of `given` that the caller may use: all, or ERR_DENIED with
 * `unproven` set.
 */
MUST_CHECK enum err call_proof(
    struct call *c, struct json_object *given, struct json_object **out);

/* The preview of pass `id`; `full` with fields and barcode. */
MUST_CHECK enum err call_preview(
    struct call *c, const char *id, bool full, struct json_object **out);

/* The signed package of a pass, or a 304. */
MUST_CHECK enum err download_signed(struct call *c, struct response *resp,
    const struct pass *p, struct slice document);

/* ERR_UNSET for a pass whose type has gone. */
enum err call_no_type(struct call *c);

/* ERR_NOTFOUND and its sentence. */
enum err call_no_pass(struct call *c);

/* ERR_INVALID unless it may be one: 1 to 128 of A-Z a-z 0-9 . _ : - */
MUST_CHECK enum err call_correlation(struct call *c, const char *id);

/* Something was queued in the call's store: see that a worker comes. */
void call_queued(struct call *c);

/* A parameter of the path as a string. */
const char *call_param(struct call *c, size_t i);

/* The tables of all resources, ended by NULL. */
extern const struct route *const api_tables[];
extern const struct route apple_routes[], passes_routes[], list_routes[],
    lookup_routes[], download_routes[], health_routes[], metrics_routes[],
    bulk_routes[], images_routes[], google_routes[], page_routes[],
    notify_routes[], connect_routes[], webhooks_routes[];

#endif
