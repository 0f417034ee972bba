#include "api/serve.h"

#include <malloc.h>
#include <stdlib.h>

#include "api/call.h"
#include "auth/limit.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/tenants.h"
#include "http/cors.h"
#include "live/tell.h"
#include "pass/template.h"

#define ARENA_BLOCK 65536
#define LARGE       65536 /* bytes of a body */

struct serve {
	const struct server *server;
	const char *only; /* the tenant that this process serves, or NULL */
	struct tenants *tenants;
	struct stores *stores;
	struct live *live; /* NULL: no hub */
	struct arena *a;   /* of the present request */
	struct {
		struct limit *l; /* NULL: could not be opened */
		char *dir;       /* of the tenant whose it is, or NULL */
	} limit;
};

struct serve *
serve_new(const struct server *s)
{
	struct serve *sv;

	if ((sv = calloc(1, sizeof(*sv))) == NULL)
		abort();
	sv->server = s;
	sv->only = getenv("PASSWRIGHT_TENANT");
	sv->tenants = tenants_new(s);
	sv->live = live_new(s);
	sv->a = arena_new(ARENA_BLOCK);
	return sv;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	stores_free(s->stores);
	tenants_free(s->tenants);
	live_free(s->live);
	limit_close(s->limit.l);
	free(s->limit.dir);
	arena_free(s->a);
	free(s);
}

/* A process that serves but one request takes but one ordinal. */
static void
open_stores(struct serve *s, bool cgi)
{
	struct store_options opt = {
		.sync = (enum store_sync)s->server->durability,
		.lease = cgi ? 1 : 0,
		.tell = s->live != NULL ? live_tell : NULL,
		.tell_arg = s->live,
	};

	if (s->stores == NULL)
		s->stores = stores_new(&opt);
}

/* Plain CGI: nothing is open while the client is waited for. */
static void
close_stores(struct serve *s)
{
	stores_free(s->stores);
	s->stores = NULL;
}

/* 401, and how to do better. */
static void
unauthorized(struct response *resp, const struct call *c)
{
	if (c->route != NULL && c->route->access == ROUTE_HOLDER) {
		response_header(resp, "WWW-Authenticate", "ApplePass");
	} else {
		response_header(resp, "WWW-Authenticate", "Bearer");
		response_header(resp, "WWW-Authenticate", "ApiKey");
	}
	response_problem(resp, c->req, 401, &c->why);
}

/* The one place where a handler's err becomes an answer. */
static void
failed(struct call *c, struct response *resp, enum err e)
{
	if (e == ERR_DENIED && c->unproven) {
		unauthorized(resp, c);
		return;
	}
	if (e == ERR_BUSY)
		response_header(resp, "Retry-After", "1");
	response_problem(resp, c->req, response_status(e), &c->why);
}

static bool
find_tenant(
    struct serve *s, struct call *c, struct response *resp, struct slice name)
{
	const char *id = arena_strndup(c->a, name.s, name.len);
	enum err e = ERR_NOTFOUND;

	if (ident_is_tenant(name) &&
	    (s->only == NULL || strcmp(s->only, id) == 0))
		e = tenants_get(s->tenants, id, c->req->now, &c->tenant);
	if (e == ERR_OK) {
		log_context("tenant", id);
		return true;
	}
	if (e == ERR_NOTFOUND)
		(void)why(&c->why, e, NULL, "There is no such tenant.");
	failed(c, resp, e);
	return false;
}

/* The counts of the call's tenant; those of the last one stay open. */
static struct limit *
limit_of(struct serve *s, struct call *c)
{
	const char *dir = c->tenant->dir;

	if (s->limit.dir != NULL && strcmp(s->limit.dir, dir) == 0)
		return s->limit.l;
	limit_close(s->limit.l);
	s->limit.l = NULL;
	free(s->limit.dir);
	s->limit.dir = NULL;
	if (limit_open(arena_printf(c->a, "%s/data/limits", dir), ident_random,
		&s->limit.l) != ERR_OK)
		return NULL;
	if ((s->limit.dir = strdup(dir)) == NULL)
		abort();
	return s->limit.l;
}

static bool
within(struct serve *s, struct call *c, struct response *resp, const char *who,
    const struct rate *rate)
{
	struct limit *l = NULL;
	long after;

	/* The counts lie beside the store, whose folder it makes. */
	if (rate->count > 0 && call_store(c) == ERR_OK)
		l = limit_of(s, c);
	if (l == NULL ||
	    limit_take(l, who, rate, c->req->now, &after) == ERR_OK)
		return true;
	response_header(resp, "Retry-After", text_num(after).s);
	(void)why(&c->why, ERR_BUSY, NULL,
	    "Too many requests; try again in %ld seconds.", after);
	response_problem(resp, c->req, 429, &c->why);
	return false;
}

/* Nobody may ask at will whether an identifier is known. */
static bool
moderate(struct serve *s, struct call *c, struct response *resp)
{
	bool anonymous = c->route->access == ROUTE_PROOF && !c->caller.known;

	if (!within(s, c, resp, "tenant", &c->tenant->tenant_limit))
		return false;
	return !anonymous ||
	    within(s, c, resp, c->req->address, &c->tenant->anonymous_limit);
}

/* Who is calling; bad credentials are refused everywhere. */
static bool
identify(struct call *c, struct response *resp)
{
	const struct credentials cred = {
		.api_key = request_header(c->req, "X-API-KEY"),
		.authorization = request_header(c->req, "Authorization"),
		.auth_token = request_query(c->req, "neo.authToken"),
		.now = c->req->now,
		.allow_private = &c->server->allow_private,
	};
	enum err e =
	    caller_identify(c->a, c->tenant, &cred, &c->caller, &c->why);

	c->unproven = e == ERR_DENIED;
	if (e != ERR_OK)
		failed(c, resp, e);
	return e == ERR_OK;
}

/* A call that needs no scope: by its nature, or as the tenant wants it. */
static bool
is_open(const struct call *c, const struct route *r)
{
	if (r == NULL || r->access == ROUTE_SCOPE)
		return false;
	return c->tenant == NULL || r->closable == NULL ||
	    !strings_has(&c->tenant->require_scope_for, r->closable);
}

/* What the route asks of a caller. */
static bool
admit(struct call *c, struct response *resp)
{
	const struct route *r = c->route;

	if (is_open(c, r) || caller_may(&c->caller, r->scope))
		return true;
	c->unproven = !c->caller.known;
	failed(c, resp,
	    why(&c->why, ERR_DENIED, NULL, "This needs the scope %s%s.",
		r->scope,
		c->unproven ? ": send X-API-KEY or a bearer token" : ""));
	return false;
}

static bool
read_body(struct call *c, struct response *resp, struct fcgi *f)
{
	enum err e;

	if (c->route->body == ROUTE_NO_BODY)
		return true;
	if (c->route->body == ROUTE_JSON && !request_is_json(c->req)) {
		(void)why(&c->why, ERR_INVALID, NULL,
		    "Send the body as application/json.");
		response_problem(resp, c->req, 415, &c->why);
		return false;
	}
	e = request_read(
	    c->req, (size_t)c->server->max_body, fcgi_read, f, &c->why);
	if (e == ERR_OK && c->route->body == ROUTE_JSON)
		e = request_parse(c->req, &c->why);
	if (e != ERR_OK)
		failed(c, resp, e);
	return e == ERR_OK;
}

/* A request whose path and method are one of ours. */
static void
answer(struct serve *s, struct call *c, struct response *resp, struct fcgi *f)
{
	enum err e;

	if (c->tenant != NULL &&
	    (!identify(c, resp) || !admit(c, resp) || !moderate(s, c, resp)))
		return;
	if (!read_body(c, resp, f))
		return;
	if ((e = c->route->fn(c, resp)) != ERR_OK)
		failed(c, resp, e);
}

static void
preflight(struct call *c, struct response *resp, const struct strings *origins,
    const char *allow)
{
	const char *method =
	    request_header(c->req, "Access-Control-Request-Method");
	struct route_match m = { .route = NULL };
	struct request asked = *c->req;

	if (method != NULL) {
		asked.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
		if (route_find(api_tables, &asked, &m) != ROUTE_FOUND)
			m.route = NULL;
	}
	cors_preflight(resp, c->req, origins, is_open(c, m.route), allow);
}

static void
dispatch(struct serve *s, struct call *c, struct response *resp, struct fcgi *f)
{
	static const struct strings nowhere = { .n = 0 };
	const struct strings *origins = &nowhere;
	struct route_match m = { .route = NULL };
	enum route_result found = route_find(api_tables, c->req, &m);

	if (found == ROUTE_NO_PATH) {
		(void)why(&c->why, ERR_NOTFOUND, NULL,
		    "There is nothing at this path; see the API's "
		    "description.");
		failed(c, resp, ERR_NOTFOUND);
		return;
	}
	c->route = m.route;
	memcpy(c->param, m.param, sizeof(c->param));
	if (m.nparam > 0) {
		if (!find_tenant(s, c, resp, m.param[0]))
			return;
		origins = &c->tenant->cors_origins;
	}
	if (strcmp(c->req->method, "OPTIONS") == 0) {
		preflight(c, resp, origins, m.allow);
		return;
	}
	if (found == ROUTE_NO_METHOD) {
		response_header(resp, "Allow", m.allow);
		(void)why(
		    &c->why, ERR_INVALID, NULL, "This path takes %s.", m.allow);
		response_problem(resp, c->req, 405, &c->why);
	} else {
		answer(s, c, resp, f);
	}
	cors_add(resp, c->req, origins, is_open(c, c->route));
}

static void
log_request(const struct call *c, const struct response *resp)
{
	int64_t took = clock_now() - c->req->now;

	log_info("request", "method", c->req->method, "route",
	    c->route != NULL ? c->route->path : "-", "status",
	    text_num(resp->status).s, "ms", text_num(took).s, "caller",
	    c->caller.name != NULL ? c->caller.name : "-", NULL);
}

bool
serve_worn(void)
{
	return template_worn();
}

bool
serve_one(struct fcgi *f, void *serve)
{
	struct serve *s = serve;
	struct request req = { .method = NULL };
	struct response resp;
	struct call c = {
		.a = s->a,
		.server = s->server,
		.only = s->only,
		.req = &req,
	};
	int64_t now = clock_now();
	enum err e;

	open_stores(s, f->cgi);
	c.stores = s->stores;
	request_init(&req, s->a, f->envp, now);
	log_context("request", req.id);
	e = request_target(&req, tenants_mounts(s->tenants, now), &c.why);
	response_init(&resp, s->a);
	if (e != ERR_OK)
		failed(&c, &resp, e);
	else
		dispatch(s, &c, &resp, f);
	if (f->cgi)
		close_stores(s);
	(void)response_write(&resp, &req, fcgi_write, f);
	log_request(&c, &resp);
	log_context("tenant", NULL);
	log_context("request", NULL);
	arena_reset(s->a);
	/* JSON takes a hundred times its text, which malloc() would keep. */
	if (req.body.len > LARGE)
		(void)malloc_trim(0);
	return !serve_worn();
}
