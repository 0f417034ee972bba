/*
 * download - a pass for a device: signed, as a link, or as a page.
 */

#include "api/call.h"
#include "api/source.h"
#include "base/buf.h"
#include "base/text.h"
#include "store/source.h"
#include "wallet/apple/pkpass.h"
#include "wallet/google/save.h"

#define BUNDLE_MAX 40 /* passes in one answer */

#define TYPE_PKPASS   "application/vnd.apple.pkpass"
#define TYPE_PKPASSES "application/vnd.apple.pkpasses"

struct ids {
	const char *id[BUNDLE_MAX];
	size_t n;
};

static bool
has_id(const struct ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->id[i], id) == 0)
			return true;
	return false;
}

/* Split the segment, each id once; one trailing comma is nothing. */
static enum err
read_ids(struct call *c, struct ids *ids)
{
	const char *p = call_param(c, 1), *id;
	size_t len;

	ids->n = 0;
	do {
		len = strcspn(p, ",");
		id = arena_strndup(c->a, p, len);
		p += len;
		if (!has_id(ids, id)) {
			if (ids->n == BUNDLE_MAX)
				return why(&c->why, ERR_INVALID, "passIds",
				    "At most %d passes at a time.", BUNDLE_MAX);
			ids->id[ids->n++] = id;
		}
		if (*p == ',')
			p++;
	} while (*p != '\0');
	return ERR_OK;
}

/* pkpass_get(), pkpass_recall() or pkpass_build() */
typedef enum err make_fn(struct arena *a, const struct pkpass_of *of,
    struct pkpass *out, struct why *w);

static enum err
make_of(struct call *c, const struct pass *p, struct slice document,
    make_fn *make, struct pkpass *out)
{
	const struct pkpass_of of = {
		.tenant = c->tenant,
		.type = tenant_type(c->tenant, p->type),
		.pass = p,
		.document = document,
		.now = c->req->now,
	};

	return of.type == NULL ? call_no_type(c)
			       : make(c->a, &of, out, &c->why);
}

static enum err
get(struct call *c, const char *id, make_fn *make, struct pkpass *out)
{
	struct slice document;
	struct pass p;
	enum err e = call_peek(c, id, &p, &document);

	return e == ERR_OK ? make_of(c, &p, document, make, out) : e;
}

static void
attachment(
    struct response *resp, struct call *c, const char *name, const char *ending)
{
	response_header(resp, "Content-Disposition",
	    arena_printf(c->a, "attachment; filename=\"%s.%s\"", name, ending));
}

/*
 * The tag comes first: it often is all that is asked for.  A kept file that
 * cannot be read is made again.
 */
enum err
download_signed(struct call *c, struct response *resp, const struct pass *p,
    struct slice document)
{
	struct pkpass one = { .modified = 0 };
	enum err e = make_of(c, p, document, pkpass_recall, &one);
	const bool recalled = e == ERR_OK;

	if (e == ERR_NOTFOUND)
		e = make_of(c, p, document, pkpass_get, &one);
	if (e != ERR_OK)
		return e;
	if (response_not_modified(resp, c->req, one.etag, one.modified))
		return ERR_OK;
	if (recalled &&
	    (e = make_of(c, p, document, pkpass_get, &one)) != ERR_OK)
		return e;
	attachment(resp, c, p->id, "pkpass");
	if (one.file != NULL &&
	    response_file(resp, 200, TYPE_PKPASS, one.file) == ERR_OK)
		return ERR_OK;
	if (one.file != NULL &&
	    (e = make_of(c, p, document, pkpass_build, &one)) != ERR_OK)
		return e;
	response_bytes(resp, 200, TYPE_PKPASS, one.zip);
	return ERR_OK;
}

static enum err
send_one(struct call *c, struct response *resp, const char *id)
{
	struct slice document;
	struct pass p;
	enum err e = call_peek(c, id, &p, &document);

	return e == ERR_OK ? download_signed(c, resp, &p, document) : e;
}

static enum err
send_apple(struct call *c, struct response *resp, const struct ids *ids)
{
	struct pkpass_file *files;
	struct pkpass one = { .modified = 0 };
	struct slice zip;
	enum err e;

	if (ids->n == 1)
		return send_one(c, resp, ids->id[0]);
	files = arena_alloc(c->a, ids->n * sizeof(*files));
	for (size_t i = 0; i < ids->n; i++) {
		if ((e = get(c, ids->id[i], pkpass_get, &one)) != ERR_OK ||
		    (pkpass_read(c->a, &one) != ERR_OK &&
			(e = get(c, ids->id[i], pkpass_build, &one)) != ERR_OK))
			return e;
		files[i].name = ids->id[i];
		files[i].zip = one.zip;
	}
	if ((e = pkpass_bundle(c->a, files, ids->n, &zip)) != ERR_OK)
		return e;
	attachment(resp, c, "passes", "pkpasses");
	response_bytes(resp, 200, TYPE_PKPASSES, zip);
	return ERR_OK;
}

static enum err
send_preview(struct call *c, struct response *resp, const struct ids *ids)
{
	struct json_object *all = json_array_in(c->a), *one = NULL;
	enum err e;

	for (size_t i = 0; i < ids->n; i++) {
		if ((e = call_preview(c, ids->id[i], true, &one)) != ERR_OK)
			return e;
		json_push(all, one);
	}
	response_json(resp, c->req, 200, ids->n == 1 ? one : all);
	return ERR_OK;
}

static enum err
read_passes(struct call *c, const struct ids *ids, struct pass *passes)
{
	enum err e;

	for (size_t i = 0; i < ids->n; i++) {
		if ((e = call_pass(c, ids->id[i], &passes[i])) != ERR_OK)
			return e;
		if (tenant_type(c->tenant, passes[i].type) == NULL)
			return call_no_type(c);
	}
	return ERR_OK;
}

static enum err
make_save(struct call *c, const struct pass *passes, size_t n, struct save *out)
{
	const struct save_of of = { .server = c->server,
		.tenant = c->tenant,
		.store = c->store,
		.passes = passes,
		.n = n,
		.now = c->req->now };

	return save_make(c->a, &of, out, &c->why);
}

/* Of several passes; of one only who asks for JSON gets it. */
static bool
is_text_asked(const struct request *req)
{
	const char *accept = request_header(req, "Accept");

	return accept == NULL || strcmp(accept, "") == 0 ||
	    strcmp(accept, "*/*") == 0 ||
	    (strncasecmp(accept, "text/", 5) == 0 &&
		strchr(accept, ',') == NULL);
}

static enum err
send_google(struct call *c, struct response *resp, const struct ids *ids)
{
	struct pass *passes = arena_alloc(c->a, ids->n * sizeof(*passes));
	const bool json = request_accept(c->req) != ACCEPT_TEXT;
	struct json_object *o = json_object_in(c->a);
	struct save save = { .jwt = NULL };
	enum err e;

	if ((e = read_passes(c, ids, passes)) != ERR_OK ||
	    (e = make_save(c, passes, ids->n, &save)) != ERR_OK)
		return e;
	response_header(resp, "Vary", "Accept");
	if (!json && (ids->n == 1 || is_text_asked(c->req))) {
		response_string(resp, c->req, 200, save.jwt);
		return ERR_OK;
	}
	json_set_string(o, "saveUrl", save.url);
	json_set_string(o, "jwt", save.jwt);
	response_json(resp, c->req, 200, o);
	return ERR_OK;
}

/* The query less what we say ourselves, to be put after a '?' or a '&'; or "".
 */
static const char *
forwarded(struct call *c, char before)
{
	struct buf b;

	buf_init(&b, c->a);
	for (size_t i = 0; i < c->req->nquery; i++) {
		const struct request_param *q = &c->req->query[i];

		if (slice_is_nocase(q->name, "device") ||
		    slice_is_nocase(q->name, "id") ||
		    slice_is_nocase(q->name, "ids"))
			continue;
		buf_addc(&b, before);
		buf_adds(&b, text_percent(c->a, q->name));
		buf_addc(&b, '=');
		buf_adds(&b, text_percent(c->a, q->value));
		before = '&';
	}
	buf_addc(&b, '\0');
	return b.s;
}

/* The page of these passes, which exist. */
static const char *
view_url(struct call *c, const struct ids *ids, const char *layout)
{
	const char *base = c->tenant->url != NULL ? c->tenant->url : "";
	struct buf b;

	if (ids->n == 1)
		return arena_printf(c->a, "%s/%s/%s?id=%s%s", base,
		    c->tenant->id, layout, ids->id[0], forwarded(c, '&'));
	buf_init(&b, c->a);
	for (size_t i = 0; i < ids->n; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : ",", ids->id[i]);
	return arena_printf(c->a, "%s/%s/tickets?ids=%s%s", base, c->tenant->id,
	    b.s, forwarded(c, '&'));
}

static const char *
layout_of(struct call *c, const struct pass *p)
{
	const struct pass_type *type = tenant_type(c->tenant, p->type);

	return type != NULL && type->layout != NULL ? type->layout : "card";
}

/* What a browser on this system can install, by its own words. */
static const char *
device_of(struct call *c)
{
	static const struct {
		const char *word, *device;
	} t[] = {
		{ "iPhone", "apple" },
		{ "iPad", "apple" },
		{ "iPod", "apple" },
		{ "Macintosh", "apple" },
		{ "Mac OS X", "apple" },
		{ "Android", "google" },
	};
	const char *agent = request_header(c->req, "User-Agent");

	for (size_t i = 0; agent != NULL && i < sizeof(t) / sizeof(t[0]); i++)
		if (strstr(agent, t[i].word) != NULL)
			return t[i].device;
	return "view";
}

/* An install may follow; that its source is not known is no fault of it. */
static void
keep_source(struct call *c, const struct ids *ids)
{
	struct json_object *o = c->req->head ? NULL : source_read(c->a, c->req);
	struct store_source s = { .date = c->req->now };

	if (o == NULL)
		return;
	s.json = json_text(c->a, o);
	for (size_t i = 0; i < ids->n; i++)
		(void)!store_source_put(c->store, ids->id[i], &s);
}

/* To the save link; ERR_UNSET where the tenant has no Google Wallet. */
static enum err
redirect_google(struct call *c, struct response *resp, const struct ids *ids,
    const struct pass *passes)
{
	struct save save = { .url = NULL };
	enum err e = make_save(c, passes, ids->n, &save);

	if (e == ERR_OK) {
		keep_source(c, ids);
		response_redirect(resp, 302, save.url);
	}
	return e;
}

static enum err
send_auto(struct call *c, struct response *resp, const struct ids *ids)
{
	struct pass *passes = arena_alloc(c->a, ids->n * sizeof(*passes));
	const char *device = device_of(c);
	enum err e;

	for (size_t i = 0; i < ids->n; i++)
		if ((e = call_pass(c, ids->id[i], &passes[i])) != ERR_OK)
			return e;
	response_header(resp, "Vary", "User-Agent");
	if (strcmp(device, "apple") == 0) {
		response_redirect(resp, 302,
		    arena_printf(c->a, "?device=apple%s", forwarded(c, '&')));
		return ERR_OK;
	}
	if (strcmp(device, "google") == 0) {
		e = redirect_google(c, resp, ids, passes);
		if (e != ERR_UNSET)
			return e;
		c->why = (struct why){ .text = "" };
	}
	response_redirect(
	    resp, 302, view_url(c, ids, layout_of(c, &passes[ids->n - 1])));
	return ERR_OK;
}

static enum err
download(struct call *c, struct response *resp)
{
	static const struct {
		const char *device;
		enum err (*fn)(
		    struct call *, struct response *, const struct ids *);
		bool installs;
	} t[] = {
		{ "apple", send_apple, true },
		{ "google", send_google, true },
		{ "preview", send_preview, false },
		{ "auto", send_auto, false },
	};
	const char *device = request_query(c->req, "device");
	struct ids ids;
	enum err e;

	if ((e = read_ids(c, &ids)) != ERR_OK)
		return e;
	if (device == NULL)
		device = "auto";
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (strcasecmp(device, t[i].device) != 0)
			continue;
		e = t[i].fn(c, resp, &ids);
		if (e == ERR_OK && t[i].installs)
			keep_source(c, &ids);
		return e;
	}
	return why(&c->why, ERR_INVALID, "device",
	    "This must be apple, google, preview or auto.");
}

static enum err
view(struct call *c, struct response *resp)
{
	struct ids ids = { .id = { call_param(c, 1) }, .n = 1 };
	struct pass p;
	enum err e;

	if ((e = call_pass(c, ids.id[0], &p)) != ERR_OK)
		return e;
	response_redirect(resp, 302, view_url(c, &ids, layout_of(c, &p)));
	return ERR_OK;
}

/* clang-format off */
const struct route download_routes[] = {
	{ "GET", "/api/{tenantId}/passes/{passIds}",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, download },
	{ "GET", "/api/{tenantId}/passes/{passId}/view",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, view },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
