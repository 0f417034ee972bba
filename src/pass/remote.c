#include "pass/remote.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/fetch.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/command.h"
#include "pass/expr.h"
#include "pass/program.h"
#include "pass/template.h"

struct remote_set {
	enum err err;
	struct faults faults;
	struct template *request; /* {url: [pieces], headers}; of http */
	size_t pieces;            /* of the url */
	struct program *map;
};

static const char *const request_names[] = { "secret", NULL };
static const char *const provider_names[] = { "data", "status", NULL };
static const char *const supplier_names[] = { "value", "status", NULL };

/* -- compiling ------------------------------------------------------------- */

/* The length of `e` before the `| @uri` that ends it; 0: nothing does. */
static size_t
before_uri(struct slice e)
{
	static const char word[] = "@uri";
	size_t n = e.len;

	while (n > 0 && strchr(" \t\r\n", e.s[n - 1]) != NULL)
		n--;
	if (n < 4 || memcmp(e.s + n - 4, word, 4) != 0)
		return 0;
	n -= 4;
	while (n > 0 && strchr(" \t\r\n", e.s[n - 1]) != NULL)
		n--;
	return n > 0 && e.s[n - 1] == '|' ? n - 1 : 0;
}

/* Scheme, host and perhaps port stand as they are, and end. */
static bool
has_host(struct slice s, bool more)
{
	size_t at, n;

	if (s.len > 8 && strncmp(s.s, "https://", 8) == 0)
		at = 8;
	else if (s.len > 7 && strncmp(s.s, "http://", 7) == 0)
		at = 7;
	else
		return false;
	for (n = at; n < s.len && strchr("/?#", s.s[n]) == NULL; n++)
		if (strchr("@\\ ", s.s[n]) != NULL)
			return false;
	return n > at && s.s[at] != ':' && (n < s.len || !more);
}

struct building {
	struct arena *a;
	const struct remote *r;
	struct faults *f;
	struct json_object *pieces;
};

static void
add_piece(struct building *b, const char *s, size_t len)
{
	if (len > 0)
		json_push(b->pieces,
		    json_own(b->a, json_object_new_string_len(s, (int)len)));
}

/*
 * An expression of the url: null or nothing makes the piece vanish, so that
 * nobody is asked for the customer "null".  The line end closes a comment.
 */
static bool
add_expression(struct building *b, struct slice e)
{
	const size_t n = before_uri(e);
	struct buf text;

	if (n == 0) {
		fault_add(b->f, b->r->file, b->r->url_line,
		    "\"url\": an expression must end in | @uri: {{%.*s}}",
		    (int)text_cut(e, 60), e.s);
		return false;
	}
	buf_init(&text, b->a);
	buf_adds(&text, "{{");
	buf_add(&text, e.s, n);
	buf_adds(
	    &text, "\n| if . == null or . == \"\" then null else @uri end }}");
	add_piece(b, text.s, text.len);
	return true;
}

/* The url as a list of its pieces. */
static bool
build_url(struct building *b)
{
	struct slice s = slice_of(b->r->url);
	bool first = true;

	while (s.len > 0) {
		const char *at = memmem(s.s, s.len, "{{", 2), *fault;
		const size_t n = at == NULL ? s.len : (size_t)(at - s.s);
		size_t len;

		if (first && !has_host((struct slice){ s.s, n }, at != NULL)) {
			fault_add(b->f, b->r->file, b->r->url_line,
			    "\"url\": http:// or https:// and a host are "
			    "expected, before any expression");
			return false;
		}
		first = false;
		add_piece(b, s.s, n);
		if (at == NULL)
			return true;
		s = (struct slice){ at + 2, s.len - n - 2 };
		if (expr_scan(s, &len, &fault) != ERR_OK) {
			fault_add(b->f, b->r->file, b->r->url_line,
			    "\"url\": %s", fault);
			return false;
		}
		if (!add_expression(b, (struct slice){ s.s, len }))
			return false;
		s = (struct slice){ s.s + len + 2, s.len - len - 2 };
	}
	return true;
}

static bool
headers_are_good(const struct remote *r, struct faults *f)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t before = f->errors;
	struct json_object_iter i;

	if (r->headers == NULL)
		return true;
	json_object_object_foreachC(r->headers, i)
	{
		const char *v = json_object_get_string(i.val);

		if (*i.key == '\0' || i.key[strspn(i.key, token)] != '\0')
			fault_add(f, r->file, r->headers_line,
			    "\"%s\" is no name of a header", i.key);
		if (v != NULL && strpbrk(v, "\r\n") != NULL)
			fault_add(f, r->file, r->headers_line,
			    "\"%s\": a header has one line", i.key);
	}
	return f->errors == before;
}

static enum err
compile_request(struct tenant *t, struct remote *r, struct remote_set *set)
{
	struct building b = { t->a, r, &set->faults, json_array_in(t->a) };
	struct template_source src = { .file = r->file,
		.in = json_object_in(t->a),
		.names = request_names };

	if (r->url == NULL)
		return ERR_OK;
	if (!build_url(&b) || !headers_are_good(r, &set->faults))
		return ERR_INVALID;
	set->pieces = json_object_array_length(b.pieces);
	json_set(src.in, "url", b.pieces);
	if (r->headers != NULL)
		json_set(src.in, "headers", r->headers);
	return template_compile_for(t->a, &src, &set->faults, &set->request);
}

static enum err
compile_map(struct tenant *t, struct remote *r, struct remote_set *set)
{
	const struct slice text =
	    slice_of(arena_printf(t->a, "%s\n}}", r->map));
	struct expr expr = { { text.s, text.len - 3 }, r->map_line };
	const struct source src = { r->file, &expr, 1,
		r->supplier ? supplier_names : provider_names };
	const char *fault = "it is no single expression";
	size_t len = 0;

	if (expr_scan(text, &len, &fault) != ERR_OK || len != text.len - 2) {
		fault_add(
		    &set->faults, r->file, r->map_line, "\"map\": %s", fault);
		return ERR_INVALID;
	}
	return program_compile(t->a, &src, &set->faults, &set->map);
}

static struct remote_set *
set_of(struct tenant *t, struct remote *r)
{
	struct remote_set *set = r->compiled;
	enum err e;

	if (set != NULL)
		return set;
	set = r->compiled = arena_alloc(t->a, sizeof(*set));
	faults_init(&set->faults, t->a);
	set->err = compile_request(t, r, set);
	e = compile_map(t, r, set);
	if (set->err == ERR_OK)
		set->err = e;
	return set;
}

enum err
remote_check(struct tenant *t, struct remote *r, struct faults *f)
{
	const struct remote_set *set = set_of(t, r);

	for (size_t i = 0; i < set->faults.n; i++) {
		const struct fault *one = &set->faults.list[i];

		fault_add(f, one->file, one->line, "%s", one->text);
	}
	return set->err;
}

/* -- what is to be asked --------------------------------------------------- */

static struct json_object *
secrets_of(const struct remote_call *c)
{
	struct json_object *o = json_object_in(c->a);

	for (size_t i = 0; i < c->tenant->nsecrets; i++) {
		const struct named_secret *s = &c->tenant->secrets[i];

		if (text_utf8(s->value) &&
		    memchr(s->value.s, '\0', s->value.len) == NULL)
			json_set_string(o, s->name,
			    arena_strndup(c->a, s->value.s, s->value.len));
	}
	return o;
}

static const char **
headers_of(const struct remote_call *c, struct json_object *o)
{
	const size_t max = o == NULL ? 0 : (size_t)json_object_object_length(o);
	const char **h = arena_alloc(c->a, (max + 2) * sizeof(*h));
	struct json_object_iter i;
	bool accept = false;
	size_t n = 0;

	if (o != NULL)
		json_object_object_foreachC(o, i)
		{
			h[n++] = arena_printf(
			    c->a, "%s: %s", i.key, json_plain(c->a, i.val).s);
			accept = accept || strcasecmp(i.key, "Accept") == 0;
		}
	if (!accept)
		h[n++] = "Accept: application/json";
	return h;
}

static enum err
prepare_http(const struct remote_call *c, struct remote_set *set,
    struct remote_request *out)
{
	struct json_object *more = json_object_in(c->a), *o = NULL, *url;
	struct template_input in = { .data = c->data, .more = more };
	struct buf b;
	enum err e;

	json_set(more, "secret", secrets_of(c));
	if ((e = template_run(set->request, &in, c->a, &o)) != ERR_OK)
		return e;
	url = json_get(o, "url");
	if (json_object_array_length(url) != set->pieces)
		return ERR_NOTFOUND;
	buf_init(&b, c->a);
	for (size_t i = 0; i < set->pieces; i++)
		buf_adds(&b,
		    json_object_get_string(json_object_array_get_idx(url, i)));
	out->url = b.s;
	out->headers = headers_of(c, json_get(o, "headers"));
	return ERR_OK;
}

/* Parts with their NULs, so that no two requests look alike. */
static void
digest(const struct remote_call *c, const struct remote *r,
    struct remote_request *rq)
{
	struct json_object *who = json_object_in(c->a);
	struct buf b;

	buf_init(&b, c->a);
	buf_add(&b, r->map, strlen(r->map) + 1);
	if (rq->url != NULL) {
		buf_adds(&b, rq->url);
	} else {
		for (size_t i = 0; i < r->command.n; i++)
			buf_add(
			    &b, r->command.s[i], strlen(r->command.s[i]) + 1);
		json_set(who, "passType", json_get(c->data, "passType"));
		json_set(who, "identifiers", json_get(c->data, "identifiers"));
		buf_adds(&b, json_text_sorted(c->a, who).s);
	}
	digest_sha256(b.s, b.len, rq->digest);
}

static void
log_faults(const struct remote_set *set)
{
	for (size_t i = 0; i < set->faults.n; i++)
		log_error("template", "file", set->faults.list[i].file, "line",
		    text_num(set->faults.list[i].line).s, "why",
		    set->faults.list[i].text, NULL);
}

enum err
remote_prepare(
    const struct remote_call *c, struct remote *r, struct remote_request *out)
{
	struct remote_set *set = set_of(c->tenant, r);
	struct remote_request rq = { .url = NULL };
	enum err e = set->err;

	log_faults(set);
	if (e == ERR_OK && r->url != NULL)
		e = prepare_http(c, set, &rq);
	else if (e == ERR_OK)
		rq.in = json_text(c->a, c->data);
	if (e == ERR_NOTFOUND)
		return e;
	if (e != ERR_OK)
		return ERR_INTERNAL;
	digest(c, r, &rq);
	*out = rq;
	return ERR_OK;
}

/* -- asking ---------------------------------------------------------------- */

static enum err
failed(const struct remote *r, const char *text)
{
	log_warning("remote", "file", r->file, "why", text, NULL);
	return ERR_UPSTREAM;
}

/* A map that looks at $status may make something of what is not there. */
static bool
is_answer(const struct remote *r, long status)
{
	if (status >= 200 && status < 300)
		return true;
	return strstr(r->map, "$status") != NULL && status >= 400 &&
	    status < 500 && status != 401 && status != 403 && status != 408 &&
	    status != 429;
}

static enum err
fetch(const struct remote_call *c, const struct remote *r,
    const struct remote_request *rq, struct fetch_response *out)
{
	const struct fetch_request f = { .url = rq->url,
		.headers = rq->headers,
		.timeout_ms = r->timeout,
		.max_bytes = REMOTE_ANSWER,
		.allow_private =
		    c->allow_private == NULL ? NULL : c->allow_private->s,
		.nallow_private =
		    c->allow_private == NULL ? 0 : c->allow_private->n };

	if (fetch_run(c->a, &f, out) != ERR_OK)
		return failed(r, "it did not answer");
	if (!is_answer(r, out->status))
		return failed(
		    r, arena_printf(c->a, "it answered %ld", out->status));
	return ERR_OK;
}

static enum err
run_command(const struct remote_call *c, const struct remote *r,
    const struct remote_request *rq, struct fetch_response *out)
{
	const struct command cmd = { .dir = c->tenant->dir,
		.argv = r->command,
		.in = rq->in,
		.timeout_ms = r->timeout,
		.max_bytes = REMOTE_ANSWER };

	return command_run(c->a, &cmd, &out->body) == ERR_OK ? ERR_OK
							     : ERR_UPSTREAM;
}

static enum err
map(const struct remote_call *c, struct remote *r, struct template_input *in,
    struct json_object **out)
{
	const struct value *values = NULL;

	if (program_run(r->compiled->map, in, c->a, &values) != ERR_OK)
		return ERR_UPSTREAM;
	if (json_text(c->a, values[0].o).len > REMOTE_MAPPED)
		return failed(r, "what its map gives is over 64 KiB");
	*out = values[0].o;
	return ERR_OK;
}

enum err
remote_ask(const struct remote_call *c, struct remote *r,
    const struct remote_request *rq, struct json_object **out)
{
	struct json_object *more = json_object_in(c->a);
	struct template_input in = { .more = more };
	struct fetch_response got = { .status = 0 };
	struct why w;
	enum err e;

	e = rq->url != NULL ? fetch(c, r, rq, &got)
			    : run_command(c, r, rq, &got);
	if (e != ERR_OK)
		return e;
	e = json_parse(c->a, got.body, JSON_DEPTH, &in.data, &w);
	if (e != ERR_OK && (rq->url == NULL || got.status < 300))
		return failed(r, "its answer is no JSON");
	json_set_int(more, "status", got.status);
	if (r->supplier)
		json_set(more, "value", json_get(c->data, "value"));
	else
		json_set(more, "data", c->data);
	return map(c, r, &in, out);
}
