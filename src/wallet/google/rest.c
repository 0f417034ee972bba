#include "wallet/google/rest.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/fetch.h"
#include "base/log.h"
#include "base/text.h"
#include "store/google.h"
#include "wallet/google/pace.h"

#define SCOPE      "https://www.googleapis.com/auth/wallet_object.issuer"
#define GRANT      "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define HOUR       3600 /* seconds */
#define SLACK      30   /* seconds before its end that a token is not used */
#define TIMEOUT_MS 15000L
#define TOKENS_MAX 16

/* -- access tokens -------------------------------------------------------- */

static struct token {
	char *email, *from, *value;
	int64_t until; /* ms */
} tokens[TOKENS_MAX];
static size_t next_token;

static void
forget_token(struct token *t)
{
	free(t->email);
	free(t->from);
	free(t->value);
	*t = (struct token){ .until = 0 };
}

static struct token *
token_of(const struct rest *r)
{
	for (size_t i = 0; i < TOKENS_MAX; i++)
		if (tokens[i].email != NULL &&
		    strcmp(tokens[i].email, account_email(r->account)) == 0 &&
		    strcmp(tokens[i].from, r->server->endpoints.google_token) ==
			0)
			return &tokens[i];
	return NULL;
}

static void
keep_token(const struct rest *r, const char *value, int64_t until)
{
	struct token *t = token_of(r);

	if (t == NULL)
		t = &tokens[next_token++ % TOKENS_MAX];
	forget_token(t);
	t->email = strdup(account_email(r->account));
	t->from = strdup(r->server->endpoints.google_token);
	t->value = strdup(value);
	t->until = until;
	if (t->email == NULL || t->from == NULL || t->value == NULL)
		abort();
}

/* RFC 7523, section 2.1. */
static enum err
assertion(struct rest *r, struct slice *form)
{
	struct json_object *claims = json_object_in(r->a);
	const int64_t now = r->now / 1000;
	const char *jwt = NULL;
	enum err e;

	json_set_string(claims, "iss", account_email(r->account));
	json_set_string(claims, "scope", SCOPE);
	json_set_string(claims, "aud", r->server->endpoints.google_token);
	json_set_int(claims, "iat", now);
	json_set_int(claims, "exp", now + HOUR);
	if ((e = account_sign(r->account, r->a, claims, &jwt)) != ERR_OK)
		return e;
	*form = slice_of(arena_printf(r->a, "grant_type=%s&assertion=%s",
	    text_percent(r->a, slice_of(GRANT)), jwt));
	return ERR_OK;
}

/* Of Retry-After in seconds, in ms; a date is of a clock that is not ours. */
static int64_t
wait_of(const char *after)
{
	const long long s = strtoll(after, NULL, 10);

	if (strspn(after, "0123456789") != strlen(after))
		return 0;
	return s < HOUR ? s * 1000 : HOUR * 1000LL;
}

static enum err
ask(struct rest *r, struct fetch_request *rq, struct fetch_response *out)
{
	const char *after;

	rq->timeout_ms = TIMEOUT_MS;
	rq->any_address = true;
	rq->ca_file = r->server->endpoints.ca_file;
	r->status = 0;
	r->reason = "";
	r->later = 0;
	if (fetch_run(r->a, rq, out) != ERR_OK)
		return ERR_BUSY;
	r->status = out->status;
	after = fetch_header(out, "Retry-After");
	if (after != NULL)
		r->later = wait_of(after);
	return ERR_OK;
}

static bool
is_later(long status)
{
	return status == 429 || status == 408 || status >= 500;
}

static enum err
fetch_token(struct rest *r)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded", NULL
	};
	struct fetch_request rq = { .url = r->server->endpoints.google_token,
		.headers = headers };
	struct fetch_response out;
	struct json_object *o = NULL;
	const char *value, *error;
	int64_t lives;
	enum err e;

	if ((e = assertion(r, &rq.body)) != ERR_OK)
		return e;
	r->why = GATE_TOKEN;
	if ((e = ask(r, &rq, &out)) != ERR_OK)
		return e;
	if (json_parse(r->a, out.body, JSON_DEPTH, &o, NULL) != ERR_OK)
		o = NULL;
	value = json_get_string(o, "access_token");
	error = json_get_string(o, "error");
	r->reason = error == NULL ? "" : error;
	if (out.status != 200 || value == NULL)
		return out.status == 200 || is_later(out.status) ? ERR_BUSY
								 : ERR_DENIED;
	lives = json_get_int(o, "expires_in", HOUR);
	lives = lives < 0 ? 0 : lives > HOUR ? HOUR : lives;
	keep_token(r, value, r->now + (lives - SLACK) * 1000);
	r->why = GATE_OPEN;
	return ERR_OK;
}

static enum err
get_token(struct rest *r, const char **value)
{
	struct token *t = token_of(r);
	enum err e;

	if (t == NULL || t->until <= r->now) {
		if ((e = fetch_token(r)) != ERR_OK)
			return e;
		t = token_of(r);
	}
	*value = t->value;
	return ERR_OK;
}

/* -- one request ---------------------------------------------------------- */

/* {"error": {"errors": [{"reason"}], "status", "message"}} */
static void
read_reason(struct rest *r, struct json_object *body)
{
	struct json_object *error = json_get(body, "error");
	struct json_object *list = json_get(error, "errors");
	const char *s = NULL;

	if (json_object_is_type(list, json_type_array) &&
	    json_object_array_length(list) > 0)
		s = json_get_string(
		    json_object_array_get_idx(list, 0), "reason");
	if (s == NULL)
		s = json_get_string(error, "status");
	r->reason = s == NULL ? "" : s;
}

static bool
has_reason(const struct rest *r, const char *word)
{
	return strcasestr(r->reason, word) != NULL;
}

static enum err
judge(struct rest *r)
{
	if (r->status >= 200 && r->status < 300)
		return ERR_OK;
	if (has_reason(r, "QuotaExceeded"))
		return r->loud ? ERR_TOOBIG : ERR_BUSY;
	if (is_later(r->status) ||
	    (r->status == 403 && has_reason(r, "rateLimit")))
		return ERR_BUSY;
	switch (r->status) {
	case 404:
		return ERR_NOTFOUND;
	case 409:
		return ERR_CONFLICT;
	case 401:
	case 403:
		return ERR_DENIED;
	default:
		return ERR_INVALID;
	}
}

static enum err
send_once(struct rest *r, const char *method, const char *path,
    struct json_object *body, struct json_object **answer)
{
	const char *headers[] = { "Content-Type: application/json", NULL,
		NULL };
	struct fetch_request rq = { .method = method, .headers = headers };
	struct fetch_response out;
	struct json_object *o = NULL;
	const char *token = NULL;
	enum err e;

	if ((e = get_token(r, &token)) != ERR_OK)
		return e;
	headers[1] = arena_printf(r->a, "Authorization: Bearer %s", token);
	rq.url =
	    arena_printf(r->a, "%s/%s", r->server->endpoints.google_api, path);
	if (body != NULL)
		rq.body = json_text(r->a, body);
	if ((e = ask(r, &rq, &out)) != ERR_OK)
		return e;
	if (json_parse(r->a, out.body, JSON_DEPTH, &o, NULL) != ERR_OK)
		o = NULL;
	if (answer != NULL)
		*answer = o;
	read_reason(r, o);
	return judge(r);
}

/* A token may have been revoked before its time: another one is tried. */
static enum err
send_signed(struct rest *r, const char *method, const char *path,
    struct json_object *body, struct json_object **answer)
{
	enum err e = send_once(r, method, path, body, answer);
	struct token *t = token_of(r);

	if (r->why == GATE_TOKEN || e != ERR_DENIED || r->status != 401 ||
	    t == NULL)
		return e;
	forget_token(t);
	return send_once(r, method, path, body, answer);
}

/* What the answer says of those to come. */
static enum err
note(struct rest *r, const struct gate_of *of, struct gate *g, enum err e)
{
	const bool was_denied = g->why != GATE_OPEN && g->why != GATE_LATER;
	struct gate failure = { .why = GATE_LATER,
		.until = r->later,
		.status = r->status,
		.reason = r->reason };

	if (e == ERR_INTERNAL)
		return e;
	if (e != ERR_BUSY && e != ERR_DENIED)
		return g->why == GATE_OPEN || gate_open(of) == ERR_OK
		    ? e
		    : ERR_INTERNAL;
	if (e == ERR_DENIED)
		failure.why = r->why == GATE_TOKEN || r->status == 401
		    ? GATE_TOKEN
		    : GATE_ISSUER;
	r->why = failure.why;
	if (gate_shut(of, g, &failure, r->now) != ERR_OK)
		return ERR_INTERNAL;
	r->later = g->until - r->now;
	if (e == ERR_DENIED && !was_denied)
		log_error("google_denied", "why", gate_text(of, g), NULL);
	return e;
}

static enum err
request(struct rest *r, const char *method, const char *path,
    struct json_object *body, struct json_object **answer)
{
	const struct gate_of of = { r->a, r->store, r->issuer, r->account };
	struct gate g;
	enum err e;

	gate_get(&of, &g);
	r->why = g.why;
	r->held = !r->at_once && gate_holds(&g, r->now);
	if (r->held) {
		r->later = g.until - r->now;
		return g.why == GATE_LATER ? ERR_BUSY : ERR_DENIED;
	}
	e = pace_wait(r->a, r->server, r->tenant, r->issuer);
	if (e != ERR_OK) {
		r->held = true;
		r->later = PACE_WAIT;
		return e;
	}
	r->why = GATE_OPEN;
	e = send_signed(r, method, path, body, answer);
	return note(r, &of, &g, e);
}

/* What stays of a failure when nothing more is tried. */
static enum err
failed(const struct rest *r, enum err e)
{
	if (e == ERR_OK || e == ERR_INTERNAL)
		return e;
	if (e != ERR_DENIED && !r->held)
		log_warning("google_api", "status", text_num(r->status).s,
		    "what", r->reason, NULL);
	return e == ERR_DENIED || e == ERR_BUSY ? e : ERR_INVALID;
}

/* -- classes and objects -------------------------------------------------- */

static const char *
resource(struct rest *r, const struct object *o, const char *what)
{
	return arena_printf(r->a, "%s%s", o->kind, what);
}

static const char *
path_of(
    struct rest *r, const struct object *o, const char *what, const char *id)
{
	return arena_printf(r->a, "%s/%s", resource(r, o, what),
	    text_percent(r->a, slice_of(id)));
}

/* A class or an object, whole. */
struct part {
	const char *what; /* "Class" */
	struct json_object *body;
	bool notify; /* its holders are told of what Google tells of */
};

/*
 * Google forgets the wish after each PATCH, and has told holders enough after
 * three a day.
 */
static enum err
patch(struct rest *r, const struct object *o, const struct part *p,
    struct json_object **answer)
{
	const char *path =
	    path_of(r, o, p->what, json_get_string(p->body, "id"));
	struct json_object *body = json_copy(r->a, p->body);
	enum err e;

	if (p->notify && json_get(body, "notifyPreference") == NULL)
		json_set_string(body, "notifyPreference", "NOTIFY_ON_UPDATE");
	r->loud = json_get(body, "notifyPreference") != NULL;
	e = request(r, "PATCH", path, body, answer);
	r->loud = false;
	if (e != ERR_TOOBIG)
		return e;
	json_object_object_del(body, "notifyPreference");
	return request(r, "PATCH", path, body, answer);
}

/* PATCH it; make what is not there; what came meanwhile is patched after. */
static enum err
upsert(struct rest *r, const struct object *o, const struct part *p,
    struct json_object **answer)
{
	enum err e = patch(r, o, p, answer);

	if (e == ERR_NOTFOUND && !has_reason(r, "ClassNotFound"))
		e = request(
		    r, "POST", resource(r, o, p->what), p->body, answer);
	if (e == ERR_CONFLICT)
		e = patch(r, o, p, answer);
	return e;
}

static void
digest_of(struct rest *r, struct json_object *o, unsigned char out[DIGEST_LEN])
{
	const struct slice s = json_text_sorted(r->a, o);

	digest_sha256(s.s, s.len, out);
}

enum err
rest_class(struct rest *r, const struct object *o)
{
	const struct part p = { "Class", o->class, o->notify_class };
	unsigned char now[DIGEST_LEN], was[DIGEST_LEN];
	enum err e = google_class_get(r->store, o->class_id, was);

	digest_of(r, o->class, now);
	if (e == ERR_OK && memcmp(now, was, DIGEST_LEN) == 0)
		return ERR_OK;
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	e = failed(r, upsert(r, o, &p, NULL));
	return e == ERR_OK ? google_class_put(r->store, o->class_id, now) : e;
}

/*
 * A member that is left out of a PATCH stays as it was: what Google still has
 * of those that the card gives, and the card gives no more, is taken out.
 */
static enum err
take_out(struct rest *r, const struct object *o, struct json_object *has)
{
	static const char *const members[] = { "barcode", "linksModuleData",
		"validTimeInterval", "merchantLocations", "groupingInfo",
		"heroImage" };
	struct json_object *patch = json_object_in(r->a);
	const size_t n = sizeof(members) / sizeof(members[0]);

	for (size_t i = 0; i < n; i++)
		if (json_get(has, members[i]) != NULL &&
		    json_get(o->of, members[i]) == NULL)
			json_set(patch, members[i], NULL);
	if (json_object_object_length(patch) == 0)
		return ERR_OK;
	return request(r, "PATCH", path_of(r, o, "Object", o->id), patch, NULL);
}

enum err
rest_object(struct rest *r, const struct object *o)
{
	const struct part p = { "Object", o->of, o->notify_object };
	struct json_object *has = NULL;
	enum err e = rest_class(r, o);

	if (e != ERR_OK)
		return e;
	e = upsert(r, o, &p, &has);
	if (e == ERR_NOTFOUND) {
		/* what is remembered of the class is of another time */
		if ((e = google_class_put(r->store, o->class_id, NULL)) ==
			ERR_OK &&
		    (e = rest_class(r, o)) == ERR_OK)
			e = upsert(r, o, &p, &has);
	}
	if (e == ERR_OK)
		e = take_out(r, o, has);
	return failed(r, e);
}

enum err
rest_end(struct rest *r, const struct object *o)
{
	struct json_object *body = json_object_in(r->a);
	enum err e;

	json_set_string(body, "state", "INACTIVE");
	e = request(r, "PATCH", path_of(r, o, "Object", o->id), body, NULL);
	return e == ERR_NOTFOUND ? ERR_OK : failed(r, e);
}

enum err
rest_users(struct rest *r, const struct object *o, bool *has_users)
{
	struct json_object *answer = NULL, *v;
	enum err e =
	    request(r, "GET", path_of(r, o, "Object", o->id), NULL, &answer);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? e : failed(r, e);
	v = json_get(answer, "hasUsers");
	if (!json_object_is_type(v, json_type_boolean))
		return ERR_NOTFOUND;
	*has_users = json_object_get_boolean(v) != 0;
	return ERR_OK;
}

enum err
rest_message(struct rest *r, const struct object *o,
    struct json_object *message, bool *loud)
{
	struct json_object *body = json_object_in(r->a);
	const char *path =
	    arena_printf(r->a, "%s/addMessage", path_of(r, o, "Object", o->id));
	enum err e;

	json_set_string(
	    message, "messageType", *loud ? "TEXT_AND_NOTIFY" : "TEXT");
	json_set(body, "message", message);
	r->loud = *loud;
	e = request(r, "POST", path, body, NULL);
	r->loud = false;
	if (e == ERR_TOOBIG) {
		*loud = false;
		json_set_string(message, "messageType", "TEXT");
		e = request(r, "POST", path, body, NULL);
	}
	return failed(r, e);
}

enum err
rest_why(const struct rest *r, enum err e, struct why *w)
{
	switch (e) {
	case ERR_BUSY:
		return why(w, ERR_UPSTREAM, NULL,
		    "Google Wallet cannot be reached; try again later.");
	case ERR_DENIED:
		return why(w, ERR_UPSTREAM, NULL,
		    "Google Wallet refuses the service account; the log and "
		    "`passwright check` say what to do.");
	case ERR_INVALID:
		return why(w, ERR_UPSTREAM, NULL,
		    "Google Wallet refuses this pass (%ld %s); see what "
		    "`passwright check` says.",
		    r->status, r->reason);
	default:
		return e;
	}
}
