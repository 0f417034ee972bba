/*
 * webhooks - who is told of what happens to passes.
 */

#include "api/body.h"
#include "api/call.h"
#include "base/clock.h"
#include "base/fetch.h"
#include "pass/hook.h"

#define SHOWN     100      /* parked deliveries of one webhook */
#define ROTATE_MS 86400000 /* that a former secret goes on signing */

/* clang-format off */
static const struct body_field fields[] = {
	{ "url",       BODY_STRING, NULL },
	{ "events",    BODY_ARRAY,  NULL },
	{ "passTypes", BODY_ARRAY,  NULL },
	{ "enabled",   BODY_BOOL,   NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field no_fields[] = {
	{ NULL, BODY_OBJECT, NULL }
};
/* clang-format on */

static enum err
no_webhook(struct call *c)
{
	return why(&c->why, ERR_NOTFOUND, NULL,
	    "There is no such webhook; GET the list for those there are.");
}

/* -- what a caller wants of it -----------------------------------------------
 */

/* What was given; the rest is NULL, or as it was. */
struct wanted {
	const char *url;
	bool has_events, has_types, has_enabled;
	unsigned events;
	struct strings types;
	bool enabled;
	int64_t now;
};

static enum err
read_url(struct call *c, struct json_object *body, struct wanted *w)
{
	const struct strings *allowed = &c->server->allow_private;
	const char *text;

	if ((w->url = json_get_string(body, "url")) == NULL)
		return ERR_OK;
	const struct fetch_request rq = {
		.url = w->url,
		.allow_private = allowed->s,
		.nallow_private = allowed->n,
		.https = true,
	};
	if (strlen(w->url) > WEBHOOK_URL)
		return why(&c->why, ERR_INVALID, "url",
		    "A URL has at most %d bytes.", WEBHOOK_URL);
	if (fetch_judge(&rq, &text) != ERR_OK)
		return why(
		    &c->why, ERR_INVALID, "url", "Give another URL: %s.", text);
	if (strncasecmp(w->url, "http://", 7) == 0 && allowed->n == 0)
		return why(&c->why, ERR_INVALID, "url",
		    "Give a URL of https: http is for private addresses that "
		    "allowPrivate in passwright.yml names.");
	return ERR_OK;
}

static enum err
read_events(struct call *c, struct json_object *body, struct wanted *w)
{
	struct json_object *list = json_get(body, "events");
	const size_t n = list == NULL ? 0 : json_object_array_length(list);

	w->has_events = list != NULL;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		enum event_kind kind;

		if (!json_object_is_type(o, json_type_string) ||
		    !hook_event_find(json_object_get_string(o), &kind))
			return why(&c->why, ERR_INVALID, "events",
			    "An event is one of pass.created, pass.updated, "
			    "pass.installed, pass.uninstalled and "
			    "pass.notified.");
		w->events |= 1U << kind;
	}
	if (w->has_events && w->events == 0)
		return why(&c->why, ERR_INVALID, "events",
		    "Name one event at least, or leave it out for all.");
	return ERR_OK;
}

static enum err
read_types(struct call *c, struct json_object *body, struct wanted *w)
{
	struct json_object *list = json_get(body, "passTypes");
	const size_t n = list == NULL ? 0 : json_object_array_length(list);

	w->has_types = list != NULL;
	if (n > WEBHOOK_TYPES)
		return why(&c->why, ERR_INVALID, "passTypes",
		    "Name at most %d, or leave it out for all.", WEBHOOK_TYPES);
	w->types.s = arena_alloc(c->a, (n + 1) * sizeof(*w->types.s));
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *s = json_object_is_type(o, json_type_string)
		    ? json_object_get_string(o)
		    : NULL;

		if (s == NULL || tenant_type(c->tenant, s) == NULL)
			return why(&c->why, ERR_INVALID, "passTypes",
			    "\"%s\" is no pass type that is configured here.",
			    s == NULL ? json_text(c->a, o).s : s);
		if (!strings_has(&w->types, s))
			w->types.s[w->types.n++] = s;
	}
	return ERR_OK;
}

static enum err
read_wanted(struct call *c, struct wanted *w)
{
	struct json_object *body;
	enum err e;

	*w = (struct wanted){ .now = c->req->now };
	if ((e = body_read(c->a, fields, c->req->json, &body, &c->why)) !=
		ERR_OK ||
	    (e = read_url(c, body, w)) != ERR_OK ||
	    (e = read_events(c, body, w)) != ERR_OK ||
	    (e = read_types(c, body, w)) != ERR_OK)
		return e;
	w->has_enabled = json_get(body, "enabled") != NULL;
	w->enabled = json_get_bool(body, "enabled", true);
	return ERR_OK;
}

/* A new address, or one that is back, is tried at once. */
static enum err
apply(struct webhook *w, void *arg)
{
	const struct wanted *wanted = arg;

	if (wanted->url != NULL)
		w->url = wanted->url;
	if (wanted->has_events)
		w->events = wanted->events;
	if (wanted->has_types)
		w->types = wanted->types;
	if (wanted->has_enabled)
		w->enabled = wanted->enabled;
	if (wanted->url != NULL || (wanted->has_enabled && wanted->enabled)) {
		w->failures = 0;
		w->next = 0;
		w->why = NULL;
	}
	w->updated = wanted->now;
	return ERR_OK;
}

/* -- how it is shown
 * ----------------------------------------------------------- */

static void
set_date(struct json_object *o, const char *key, int64_t ms)
{
	char date[CLOCK_ISO_SIZE];

	clock_iso(ms, date);
	json_set_string(o, key, ms == 0 ? NULL : date);
}

static struct json_object *
show_events(struct call *c, unsigned events)
{
	struct json_object *list = json_array_in(c->a);

	for (enum event_kind k = 0; k < EVENT__MAX; k++)
		if ((events & 1U << k) != 0)
			json_object_array_add(
			    list, json_object_new_string(hook_event(k)));
	return list;
}

static struct json_object *
show_types(struct call *c, const struct strings *types)
{
	struct json_object *list = json_array_in(c->a);

	for (size_t i = 0; i < types->n; i++)
		json_object_array_add(
		    list, json_object_new_string(types->s[i]));
	return list;
}

static const char *
state_of(const struct webhook *w)
{
	if (!w->enabled)
		return "disabled";
	return w->failures > 0 ? "failing" : "active";
}

static struct json_object *
show(struct call *c, const struct webhook *w)
{
	struct json_object *o = json_object_in(c->a);

	json_set_string(o, "id", w->id);
	json_set_string(o, "url", w->url);
	json_set(o, "events", show_events(c, w->events));
	json_set(o, "passTypes", show_types(c, &w->types));
	json_set_bool(o, "enabled", w->enabled);
	set_date(o, "creationDate", w->created);
	set_date(o, "lastUpdateDate", w->updated);
	json_set_string(o, "state", state_of(w));
	json_set_int(o, "pending", w->pending);
	json_set_int(o, "parked", w->parked);
	json_set_int(o, "dropped", (int64_t)w->dropped);
	set_date(o, "lastSuccessDate", w->succeeded);
	set_date(o, "lastErrorDate", w->failed);
	json_set_string(o, "lastError", w->why);
	return o;
}

static struct json_object *
show_delivery(struct call *c, const struct delivery *d)
{
	struct json_object *o = json_object_in(c->a);

	json_set_string(o, "id", arena_printf(c->a, "msg_%s", d->id));
	json_set_string(o, "type", hook_event(d->event.kind));
	json_set_string(o, "passId", d->event.pass);
	json_set_string(o, "passType", d->event.type);
	set_date(o, "date", d->event.date);
	set_date(o, "parkedDate", d->at);
	json_set_int(o, "attempts", d->tries);
	json_set_string(o, "lastError", d->why);
	return o;
}

/* -- the calls
 * ------------------------------------------------------------------- */

static enum err
list(struct call *c, struct response *resp)
{
	struct webhook *all = arena_alloc(c->a, WEBHOOK_MAX * sizeof(*all));
	struct json_object *out = json_array_in(c->a);
	size_t n;
	enum err e;

	if ((e = call_store(c)) != ERR_OK ||
	    (e = webhook_list(c->store, c->a, all, &n)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		json_push(out, show(c, &all[i]));
	response_json(resp, c->req, 200, out);
	return ERR_OK;
}

static void
made(struct call *c, struct response *resp, const struct webhook *w)
{
	struct json_object *o = show(c, w);

	json_set_string(o, "secret", hook_secret(c->a, w->secret));
	response_header(resp, "Location",
	    arena_printf(c->a, "/api/%s/webhooks/%s", c->tenant->id, w->id));
	response_json(resp, c->req, 201, o);
}

static enum err
create(struct call *c, struct response *resp)
{
	struct webhook w = { .events = (1U << EVENT__MAX) - 1,
		.enabled = true,
		.created = c->req->now };
	struct wanted wanted;
	enum err e;

	if ((e = read_wanted(c, &wanted)) != ERR_OK)
		return e;
	if (wanted.url == NULL)
		return why(&c->why, ERR_INVALID, "url",
		    "Give the URL that is to be told.");
	ident_new(w.id, WEBHOOK_ID_LEN, ident_random);
	ident_random(w.secret, sizeof(w.secret));
	(void)apply(&w, &wanted);
	if ((e = call_store(c)) != ERR_OK)
		return e;
	if ((e = webhook_add(c->store, &w)) == ERR_TOOBIG)
		return why(&c->why, ERR_CONFLICT, NULL,
		    "There are %d webhooks, which is all there can be; delete "
		    "one that is not needed.",
		    WEBHOOK_MAX);
	if (e == ERR_OK)
		made(c, resp, &w);
	return e;
}

static enum err
show_one(struct call *c, struct response *resp)
{
	const char *id = call_param(c, 1);
	struct delivery *parked = arena_alloc(c->a, SHOWN * sizeof(*parked));
	struct json_object *o, *shown = json_array_in(c->a);
	struct webhook w;
	size_t n = SHOWN;
	enum err e;

	if ((e = call_store(c)) != ERR_OK)
		return e;
	if ((e = webhook_find(c->store, id, c->a, &w)) != ERR_OK)
		return e == ERR_NOTFOUND ? no_webhook(c) : e;
	if ((e = delivery_parked(c->store, w.id, c->a, parked, &n)) != ERR_OK)
		return e;
	o = show(c, &w);
	for (size_t i = 0; i < n; i++)
		json_push(shown, show_delivery(c, &parked[i]));
	json_set(o, "parkedDeliveries", shown);
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* `w` is what it has become. */
static enum err
change_by(struct call *c, webhook_fn *fn, void *arg, struct webhook *w)
{
	const struct webhook_change change = { call_param(c, 1), fn, arg };
	enum err e;

	if ((e = call_store(c)) != ERR_OK)
		return e;
	e = webhook_change(c->store, &change, c->a, w);
	return e == ERR_NOTFOUND ? no_webhook(c) : e;
}

static enum err
change(struct call *c, struct response *resp)
{
	struct wanted wanted;
	struct webhook w;
	enum err e;

	if ((e = read_wanted(c, &wanted)) != ERR_OK ||
	    (e = change_by(c, apply, &wanted, &w)) != ERR_OK)
		return e;
	if (w.pending > 0)
		call_queued(c);
	response_json(resp, c->req, 200, show(c, &w));
	return ERR_OK;
}

static enum err
remove_one(struct call *c, struct response *resp)
{
	enum err e;

	if ((e = call_store(c)) != ERR_OK)
		return e;
	if ((e = webhook_remove(c->store, call_param(c, 1))) == ERR_OK)
		resp->status = 204;
	return e == ERR_NOTFOUND ? no_webhook(c) : e;
}

/* -- and what may be asked of one
 * ------------------------------------------------ */

static enum err
read_nothing(struct call *c)
{
	struct json_object *body;

	return body_read(c->a, no_fields, c->req->json, &body, &c->why);
}

struct rotation {
	unsigned char secret[WEBHOOK_SECRET];
	int64_t now;
};

static enum err
rotate_in(struct webhook *w, void *arg)
{
	const struct rotation *r = arg;

	memcpy(w->former, w->secret, sizeof(w->former));
	memcpy(w->secret, r->secret, sizeof(w->secret));
	w->former_until = r->now + ROTATE_MS;
	w->updated = r->now;
	return ERR_OK;
}

static enum err
rotate(struct call *c, struct response *resp)
{
	struct rotation r = { .now = c->req->now };
	struct json_object *o;
	struct webhook w;
	enum err e;

	ident_random(r.secret, sizeof(r.secret));
	if ((e = read_nothing(c)) != ERR_OK ||
	    (e = change_by(c, rotate_in, &r, &w)) != ERR_OK)
		return e;
	o = show(c, &w);
	json_set_string(o, "secret", hook_secret(c->a, w.secret));
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* Those that are parked meanwhile are left. */
static enum err
retry_all(struct call *c, const struct webhook *w, size_t *total)
{
	size_t n = 1;
	enum err e = ERR_OK;

	for (*total = 0; e == ERR_OK && n > 0 && *total < w->parked;
	     *total += n)
		e = delivery_retry(c->store, w->id, c->req->now, &n);
	return e;
}

static enum err
retry(struct call *c, struct response *resp)
{
	struct json_object *o = json_object_in(c->a);
	struct webhook w;
	size_t total;
	enum err e;

	if ((e = read_nothing(c)) != ERR_OK || (e = call_store(c)) != ERR_OK)
		return e;
	if ((e = webhook_find(c->store, call_param(c, 1), c->a, &w)) != ERR_OK)
		return e == ERR_NOTFOUND ? no_webhook(c) : e;
	if (!w.enabled)
		return why(&c->why, ERR_CONFLICT, NULL,
		    "This webhook is disabled: PATCH it with enabled true "
		    "first.");
	if ((e = retry_all(c, &w, &total)) != ERR_OK)
		return e;
	if (total > 0)
		call_queued(c);
	json_set_int(o, "count", (int64_t)total);
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* clang-format off */
const struct route webhooks_routes[] = {
	{ "GET",    "/api/{tenantId}/webhooks",
	  ROUTE_SCOPE, "Webhook.Read", NULL, ROUTE_NO_BODY, list },
	{ "POST",   "/api/{tenantId}/webhooks",
	  ROUTE_SCOPE, "Webhook.Write", NULL, ROUTE_JSON, create },
	{ "GET",    "/api/{tenantId}/webhooks/{webhookId}",
	  ROUTE_SCOPE, "Webhook.Read", NULL, ROUTE_NO_BODY, show_one },
	{ "PATCH",  "/api/{tenantId}/webhooks/{webhookId}",
	  ROUTE_SCOPE, "Webhook.Write", NULL, ROUTE_JSON, change },
	{ "DELETE", "/api/{tenantId}/webhooks/{webhookId}",
	  ROUTE_SCOPE, "Webhook.Write", NULL, ROUTE_NO_BODY, remove_one },
	{ "POST",   "/api/{tenantId}/webhooks/{webhookId}/retry",
	  ROUTE_SCOPE, "Webhook.Write", NULL, ROUTE_JSON, retry },
	{ "POST",   "/api/{tenantId}/webhooks/{webhookId}/rotate",
	  ROUTE_SCOPE, "Webhook.Write", NULL, ROUTE_JSON, rotate },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
