/*
 * page - the page of passes, for people.
 */

#include "page/page.h"

#include "api/call.h"
#include "base/buf.h"
#include "base/text.h"
#include "wallet/google/save.h"

struct asked {
	struct pass passes[PAGE_PASSES];
	size_t n;
};

/* `id`, or `ids` as a list; one trailing comma is nothing. */
static enum err
read_passes(struct call *c, struct asked *out)
{
	const char *p = request_query(c->req, "ids");
	enum err e;

	if (p == NULL)
		p = request_query(c->req, "id");
	if (p == NULL)
		return ERR_NOTFOUND;
	for (out->n = 0; *p != '\0';) {
		const size_t len = strcspn(p, ",");
		const char *id = arena_strndup(c->a, p, len);

		if (out->n == PAGE_PASSES)
			return ERR_NOTFOUND;
		if ((e = call_pass(c, id, &out->passes[out->n])) != ERR_OK)
			return e;
		out->n++;
		p += len;
		p += *p == ',';
	}
	return out->n == 0 ? ERR_NOTFOUND : ERR_OK;
}

/* What a link of the page hands on: where the visitor came from. */
static const char *
forwarded(struct call *c)
{
	static const char *const names[] = { "neo.src", "Tags", "Medium",
		"Origin" };
	struct buf b;

	buf_init(&b, c->a);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = request_query(c->req, names[i]);

		if (v != NULL)
			buf_printf(&b, "&%s=%s", names[i],
			    text_percent(c->a, slice_of(v)));
	}
	return b.s != NULL ? b.s : "";
}

static bool
is_layout(const struct tenant *t, const char *name)
{
	return strcmp(name, "card") == 0 || strcmp(name, "tickets") == 0 ||
	    tenant_layout(t, name) != NULL;
}

static void
send(struct response *resp, int status, const struct page *page)
{
	response_header(resp, "Content-Security-Policy", page->policy);
	response_header(resp, "Content-Language", page->language);
	response_header(resp, "Referrer-Policy", "no-referrer");
	response_header(resp, "X-Content-Type-Options", "nosniff");
	response_header(resp, "Vary", "Accept-Language, User-Agent");
	response_bytes(resp, status, "text/html; charset=utf-8", page->html);
}

/* What a desktop's button asks for: Google's own page, to save them. */
static enum err
to_google(struct call *c, struct response *resp, const struct asked *asked)
{
	const struct save_of of = { .server = c->server,
		.tenant = c->tenant,
		.store = c->store,
		.passes = asked->passes,
		.n = asked->n,
		.now = c->req->now };
	struct save save = { .url = NULL };
	enum err e = save_make(c->a, &of, &save, &c->why);

	if (e == ERR_OK)
		response_redirect(resp, 302, save.url);
	return e;
}

static enum err
page(struct call *c, struct response *resp)
{
	const char *wallet = request_query(c->req, "wallet");
	struct asked *asked = arena_alloc(c->a, sizeof(*asked));
	struct page_of of = {
		.tenant = c->tenant,
		.passes = asked->passes,
		.layout = call_param(c, 1),
		.accept = request_header(c->req, "Accept-Language"),
		.agent = request_header(c->req, "User-Agent"),
		.query = forwarded(c),
		.now = c->req->now,
		.live = c->server->hub.listen != NULL,
	};
	struct page out;
	enum err e;

	if (!is_layout(c->tenant, of.layout))
		return why(&c->why, ERR_NOTFOUND, NULL,
		    "There is no such layout; card and tickets always are.");
	e = read_passes(c, asked);
	of.n = asked->n;
	if (e == ERR_OK && wallet != NULL && strcmp(wallet, "google") == 0)
		return to_google(c, resp, asked);
	if (e == ERR_OK)
		e = page_make(c->a, &of, &out);
	if (e == ERR_NOTFOUND)
		page_missing(c->a, &of, &out);
	else if (e != ERR_OK)
		page_trouble(c->a, &of, &out);
	send(resp, response_status(e), &out);
	return ERR_OK;
}

/* clang-format off */
const struct route page_routes[] = {
	{ "GET", "/{tenantId}/{layout}",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, page },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
