/*
 * apple - the PassKit web service, which Wallet calls: register, unregister,
 * what changed, the latest pass, what went wrong (Apple, "Adding a web service
 * to update passes").
 *
 * A device proves by the pass's own token that it has the pass; for asking
 * what changed its identifier is enough.
 */

#include <stdlib.h>

#include "api/call.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/install.h"
#include "store/registration.h"

#define SERIALS_MAX 8   /* passes of one serial number, of as many types */
#define LOG_LINES   10  /* of what devices complain of, in a minute */
#define LOG_TEXT    300 /* bytes of one */
#define MINUTE_MS   60000

/* -- who may ----------------------------------------------------------------
 */

static bool
has_token(const struct call *c, const struct pass *p)
{
	const char *header = request_header(c->req, "Authorization");
	size_t scheme;

	if (header == NULL)
		return false;
	scheme = strcspn(header, " ");
	if (!slice_is_nocase((struct slice){ header, scheme }, "ApplePass"))
		return false;
	header += scheme + strspn(header + scheme, " ");
	return text_same(slice_of(header), slice_of(p->apple_token));
}

static bool
is_of(const struct call *c, const struct pass *p, const char *topic)
{
	const struct pass_type *type = tenant_type(c->tenant, p->type);
	const char *own =
	    type == NULL ? NULL : type->apple_conf.pass_type_identifier;

	return own != NULL && strcmp(own, topic) == 0;
}

struct found {
	struct pass pass;
	struct slice document;
};

/* ERR_NOTFOUND: it is not this pass, or the caller does not have it. */
static enum err
try_pass(struct call *c, const char *id, const char *topic, const char *serial,
    struct found *out)
{
	enum err e = call_pass_document(c, id, &out->pass, &out->document);

	if (e != ERR_OK)
		return e;
	return strcmp(out->pass.apple_serial, serial) == 0 &&
		is_of(c, &out->pass, topic) && has_token(c, &out->pass)
	    ? ERR_OK
	    : ERR_NOTFOUND;
}

/* The pass of that type and serial number, which is its id, or an imported
 * one's own. */
static enum err
find(struct call *c, const char *topic, const char *serial, struct found *out)
{
	const struct store_field field = { slice_of(PASS_SERIAL_FIELD),
		slice_of(serial) };
	const char *ids[SERIALS_MAX];
	size_t n = 0;
	enum err e = try_pass(c, serial, topic, serial, out);

	if (e == ERR_NOTFOUND && (e = call_store(c)) == ERR_OK) {
		e = store_field_find(
		    c->store, &field, 1, c->a, ids, SERIALS_MAX, &n);
		if (e == ERR_OK || e == ERR_INVALID)
			e = ERR_NOTFOUND;
	}
	for (size_t i = 0; e == ERR_NOTFOUND && i < n; i++)
		e = try_pass(c, ids[i], topic, serial, out);
	if (e != ERR_NOTFOUND)
		return e;
	c->unproven = true;
	return why(&c->why, ERR_DENIED, NULL,
	    "Send Authorization: ApplePass and the authentication token of a "
	    "pass of this type and serial number.");
}

/* -- registering ------------------------------------------------------------
 */

struct registering {
	struct call *c;
	struct registration r;
	bool new;
	bool moved; /* it came to a pass, or left it: which is to be told */
};

/* The pass counts the phones that it came to or left. */
static enum err
note(struct txn *t, struct registering *g, const struct registration_moves *m)
{
	enum err e = ERR_OK;

	g->moved = m->n > 0;
	for (size_t i = 0; e == ERR_OK && i < m->n; i++) {
		const struct install in = { .pass = m->list[i].pass,
			.wallet = STORE_APPLE,
			.by = m->list[i].by,
			.now = g->c->req->now };

		e = install_note(t, g->c->a, g->c->tenant, &in);
	}
	return e;
}

static enum err
add(struct txn *t, void *arg)
{
	struct registering *g = arg;
	struct registration_moves m = { .n = 0 };
	enum err e = registration_add(t, g->c->a, &g->r, &g->new, &m);

	return e == ERR_OK ? note(t, g, &m) : e;
}

static enum err
drop(struct txn *t, void *arg)
{
	struct registering *g = arg;
	struct registration_moves m = { .n = 0 };
	enum err e = registration_remove(t, g->c->a, &g->r, &m);

	return e == ERR_OK ? note(t, g, &m) : e;
}

/* The registration that the path is about, of a pass that the caller has. */
static enum err
read_path(struct call *c, struct registering *g)
{
	struct found found;
	enum err e;

	*g = (struct registering){ .c = c,
		.r = { .device = call_param(c, 1),
		    .topic = call_param(c, 2),
		    .date = c->req->now } };
	if ((e = find(c, g->r.topic, call_param(c, 3), &found)) != ERR_OK)
		return e;
	g->r.pass = found.pass.id;
	if (strlen(g->r.device) > REGISTRATION_NAME_MAX)
		return why(&c->why, ERR_INVALID, "deviceLibraryIdentifier",
		    "This has at most %d bytes.", REGISTRATION_NAME_MAX);
	return ERR_OK;
}

/* It becomes a part of a URL, and of a header's line nothing. */
static bool
is_token(const char *s)
{
	const size_t n = s == NULL ? 0 : strlen(s);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f)
			return false;
	return n >= 1 && n <= REGISTRATION_TOKEN_MAX;
}

/* Others may leave: Wallet tries again by itself. */
static enum err
too_many(struct call *c, struct response *resp)
{
	(void)why(&c->why, ERR_TOOBIG, NULL,
	    "At most %d devices may register a pass, and a device %d passes; "
	    "unregister some, or hand out another pass.",
	    REGISTRATION_DEVICES_MAX, REGISTRATION_PASSES_MAX);
	log_warning("apple_full", "type", call_param(c, 2), NULL);
	response_problem(resp, c->req, 429, &c->why);
	return ERR_OK;
}

static enum err
register_device(struct call *c, struct response *resp)
{
	struct registering g;
	enum err e;

	if ((e = read_path(c, &g)) != ERR_OK)
		return e;
	g.r.token = json_get_string(c->req->json, "pushToken");
	if (!is_token(g.r.token))
		return why(&c->why, ERR_INVALID, "pushToken",
		    "Send the push token: 1 to %d printable characters of "
		    "ASCII.",
		    REGISTRATION_TOKEN_MAX);
	if ((e = registration_room(c->store, &g.r)) == ERR_TOOBIG)
		return too_many(c, resp);
	if (e == ERR_OK)
		e = store_run(c->store, add, &g);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? call_no_pass(c) : e;
	if (g.moved)
		call_queued(c);
	resp->status = g.new ? 201 : 200;
	return ERR_OK;
}

static enum err
unregister_device(struct call *c, struct response *resp)
{
	struct registering g;
	enum err e;

	if ((e = read_path(c, &g)) != ERR_OK ||
	    (e = store_run(c->store, drop, &g)) != ERR_OK)
		return e;
	if (g.moved)
		call_queued(c);
	resp->status = 200;
	return ERR_OK;
}

/* -- what changed -----------------------------------------------------------
 */

/* 0 for whatever is none of ours. */
static uint64_t
read_tag(const char *s)
{
	const size_t n = s == NULL ? 0 : strlen(s);

	if (n == 0 || n > 19 || strspn(s, "0123456789") != n)
		return 0;
	return strtoull(s, NULL, 10);
}

static enum err
serials(struct call *c, const struct registration_news *news,
    struct json_object *out)
{
	struct pass p;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < news->n; i++) {
		if ((e = call_pass(c, news->ids[i], &p)) == ERR_OK)
			json_push(out,
			    json_own(
				c->a, json_object_new_string(p.apple_serial)));
		else if (e == ERR_NOTFOUND) /* removed meanwhile */
			e = ERR_OK;
	}
	return e;
}

static enum err
changed(struct call *c, struct response *resp)
{
	const struct registration_poll poll = {
		.device = call_param(c, 1),
		.topic = call_param(c, 2),
		.since = read_tag(request_query(c->req, "passesUpdatedSince")),
		.now = c->req->now,
	};
	struct json_object *o = json_object_in(c->a);
	struct json_object *list = json_array_in(c->a);
	struct registration_news news;
	enum err e;

	if ((e = call_store(c)) != ERR_OK ||
	    (e = registration_poll(c->store, c->a, &poll, &news)) != ERR_OK ||
	    (e = serials(c, &news, list)) != ERR_OK)
		return e;
	if (json_object_array_length(list) == 0) {
		resp->status = 204;
		return ERR_OK;
	}
	json_set(o, "serialNumbers", list);
	json_set_string(o, "lastUpdated", text_num((long long)news.tag).s);
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* -- the pass, and complaints -----------------------------------------------
 */

static enum err
latest(struct call *c, struct response *resp)
{
	struct found found;
	enum err e = find(c, call_param(c, 1), call_param(c, 2), &found);

	return e == ERR_OK
	    ? download_signed(c, resp, &found.pass, found.document)
	    : e;
}

/* What may be a serial number or a token, which are capabilities. */
static bool
is_private(const char *s, size_t n)
{
	bool mixed = false;

	for (size_t i = 1; i < n; i++)
		mixed = mixed || (s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'A' && s[i] <= 'Z');
	return n >= 10 && mixed;
}

static const char *
masked(struct call *c, const char *s)
{
	static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_";
	struct buf b;
	size_t n;

	s = arena_strndup(c->a, s, text_cut(slice_of(s), LOG_TEXT));
	buf_init(&b, c->a);
	buf_adds(&b, "");
	for (; *s != '\0'; s += n) {
		if ((n = strspn(s, word)) == 0)
			buf_add(&b, s, n = 1);
		else if (is_private(s, n))
			buf_adds(&b, "***");
		else
			buf_add(&b, s, n);
	}
	return b.s;
}

/* Anybody may send it: it fills no disk. */
static bool
may_log(int64_t now)
{
	static int64_t since;
	static unsigned lines;

	if (now < since || now - since >= MINUTE_MS) {
		since = now;
		lines = 0;
	}
	return lines++ < LOG_LINES;
}

static enum err
complain(struct call *c, struct response *resp)
{
	struct json_object *logs = json_get(c->req->json, "logs");
	const size_t n = json_object_is_type(logs, json_type_array)
	    ? json_object_array_length(logs)
	    : 0;

	for (size_t i = 0; i < n && may_log(c->req->now); i++) {
		struct json_object *o = json_object_array_get_idx(logs, i);

		if (json_object_is_type(o, json_type_string))
			log_warning("apple_device", "why",
			    masked(c, json_object_get_string(o)), NULL);
	}
	resp->status = 200;
	return ERR_OK;
}

/* clang-format off */
const struct route apple_routes[] = {
	{ "POST",   "/api/{tenantId}/passes/apple/v1/devices/{device}/registrations/{passTypeIdentifier}/{serialNumber}",
	  ROUTE_HOLDER, NULL, NULL, ROUTE_JSON, register_device },
	{ "DELETE", "/api/{tenantId}/passes/apple/v1/devices/{device}/registrations/{passTypeIdentifier}/{serialNumber}",
	  ROUTE_HOLDER, NULL, NULL, ROUTE_NO_BODY, unregister_device },
	{ "GET",    "/api/{tenantId}/passes/apple/v1/devices/{device}/registrations/{passTypeIdentifier}",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, changed },
	{ "GET",    "/api/{tenantId}/passes/apple/v1/passes/{passTypeIdentifier}/{serialNumber}",
	  ROUTE_HOLDER, NULL, NULL, ROUTE_NO_BODY, latest },
	{ "POST",   "/api/{tenantId}/passes/apple/v1/log",
	  ROUTE_OPEN, NULL, NULL, ROUTE_JSON, complain },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
