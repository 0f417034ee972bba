#include "page/page.h"

#include "base/digest.h"
#include "base/text.h"
#include "page/barcode.h"
#include "page/html.h"
#include "page/layout.h"
#include "page/side.h"
#include "page/words.h"
#include "pass/types.h"
#include "wallet/preview.h"

/* Made of look.css and live.js by the Makefile. */
extern const char page_look[], page_live[];

/* No script: what a layout says of a visitor must not become one. */
#define OWN_POLICY                                                             \
	"default-src 'none'; base-uri 'none'; form-action 'none'; "            \
	"frame-ancestors *; img-src 'self' data:; "                            \
	"style-src 'unsafe-inline'"

struct making {
	struct arena *a;
	const struct page_of *of;
	const char *language;    /* of our own words */
	struct json_object *own; /* of the first pass's type, or NULL */
	struct side *sides;
	enum page_device device;
	const char *style;
};

enum page_device
page_device(const char *agent)
{
	static const struct {
		const char *word;
		enum page_device device;
	} t[] = {
		{ "iPhone", PAGE_IOS },
		{ "iPad", PAGE_IOS },
		{ "iPod", PAGE_IOS },
		{ "Android", PAGE_ANDROID },
	};

	for (size_t i = 0; agent != NULL && i < sizeof(t) / sizeof(t[0]); i++)
		if (strstr(agent, t[i].word) != NULL)
			return t[i].device;
	return PAGE_DESKTOP;
}

static void
say(struct buf *b, const struct making *m, enum word w)
{
	html_text(b, slice_of(words_get(w, m->language, m->own)));
}

static const char *
first_language(const struct page_of *of)
{
	return of->tenant->languages.s[0];
}

static void
choose_language(struct making *m)
{
	m->language = words_choose(&words_languages, m->of->accept);
	if (m->language == NULL)
		m->language =
		    words_choose(&words_languages, first_language(m->of));
	if (m->language == NULL)
		m->language = words_languages.s[0];
}

/* -- the policy ------------------------------------------------------------ */

static const char *
hash_of(struct arena *a, struct slice s)
{
	unsigned char md[DIGEST_LEN];

	digest_sha256(s.s, s.len, md);
	return arena_printf(a, "'sha256-%s'", text_base64(a, md, sizeof(md)));
}

/* The hub's origin is that of the tenant's url, by ws or wss. */
static const char *
hub_of(struct arena *a, const char *url)
{
	const char *host = url == NULL ? NULL : strstr(url, "://");

	if (host == NULL)
		return "";
	return arena_printf(a, " ws%s%.*s",
	    strncasecmp(url, "https", 5) == 0 ? "s" : "",
	    (int)(3 + strcspn(host + 3, "/")), host);
}

static const char *
policy(const struct making *m)
{
	struct buf b;

	buf_init(&b, m->a);
	buf_printf(&b,
	    "default-src 'none'; base-uri 'none'; form-action 'none'; "
	    "frame-ancestors *; img-src 'self' data:; style-src %s",
	    hash_of(m->a, slice_of(m->style)));
	if (m->of->live)
		buf_printf(&b, "; script-src %s; connect-src 'self'%s",
		    hash_of(m->a, slice_of(page_live)),
		    hub_of(m->a, m->of->tenant->url));
	return b.s;
}

/* -- head and foot --------------------------------------------------------- */

static void
add_style(struct making *m)
{
	struct buf b;

	buf_init(&b, m->a);
	buf_adds(&b, page_look);
	for (size_t i = 0; m->sides != NULL && i < m->of->n; i++)
		side_css(&b, &m->sides[i]);
	m->style = b.s;
}

static void
add_head(struct buf *b, const struct making *m, const char *title)
{
	buf_printf(b,
	    "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n<title>",
	    m->language, words_rtl(m->language) ? "rtl" : "ltr");
	html_text(b, slice_of(title));
	buf_printf(b,
	    "</title>\n<style>%s</style>\n</head>\n<body class=\"%s\">\n",
	    m->style, m->device == PAGE_DESKTOP ? "desk" : "phone");
}

/* "a,b" */
static const char *
ids_of(const struct making *m)
{
	struct buf b;

	buf_init(&b, m->a);
	for (size_t i = 0; i < m->of->n; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : ",", m->of->passes[i].id);
	return b.s;
}

static void
open_main(struct buf *b, const struct making *m)
{
	buf_adds(b, "<main");
	if (m->of->live) {
		buf_adds(b, " data-live=\"");
		for (size_t i = 0; i < m->of->n; i++)
			buf_printf(b, "%s../api/%s/passes/%s/connect",
			    i == 0 ? "" : " ", m->of->tenant->id,
			    m->of->passes[i].id);
		buf_adds(b, "\" data-updated=\"");
		say(b, m, WORD_UPDATED);
		buf_adds(b, "\"");
	}
	buf_adds(b, ">\n");
}

static void
add_foot(struct buf *b, const struct making *m)
{
	buf_adds(b, "</main>\n");
	if (m->of->live)
		buf_printf(b,
		    "<p id=\"live\" class=\"sr\" role=\"status\"></p>\n"
		    "<script>%s</script>\n",
		    page_live);
	buf_adds(b, "</body>\n</html>\n");
}

/* -- the way into a wallet ------------------------------------------------- */

static bool
all_have(const struct making *m, bool apple)
{
	for (size_t i = 0; i < m->of->n; i++) {
		const struct pass_type *t = m->sides[i].type;

		if ((apple ? t->apple_conf.pass_type_identifier
			   : t->google_conf.issuer_id) == NULL)
			return false;
	}
	return true;
}

/* NULL: not all of the passes go into that wallet. */
static const char *
wallet_url(const struct making *m, bool apple)
{
	if (!all_have(m, apple))
		return NULL;
	if (apple || m->device == PAGE_ANDROID)
		return arena_printf(m->a, "../api/%s/passes/%s?device=%s%s",
		    m->of->tenant->id, ids_of(m), apple ? "apple" : "auto",
		    m->of->query);
	return arena_printf(m->a, "%s?ids=%s&wallet=google%s", m->of->layout,
	    ids_of(m), m->of->query);
}

static void
add_button(struct buf *b, const struct making *m, bool apple)
{
	const char *badge =
	    apple ? m->of->tenant->apple_badge : m->of->tenant->google_badge;
	const char *url = wallet_url(m, apple);

	if (url == NULL)
		return;
	buf_printf(
	    b, "<a class=\"button%s\" href=\"", badge != NULL ? " badge" : "");
	html_url(b, slice_of(url));
	/* Out of a frame: a wallet's page refuses to be in one. */
	buf_adds(b, "\" target=\"_top\" rel=\"noreferrer\">");
	if (badge != NULL)
		buf_printf(b, "<img src=\"%s\" alt=\"", badge);
	say(b, m, apple ? WORD_APPLE : WORD_GOOGLE);
	buf_adds(b, badge != NULL ? "\"></a>" : "</a>");
}

/* A pass that is of no use any more is not offered. */
static bool
is_offered(const struct making *m)
{
	for (size_t i = 0; i < m->of->n; i++)
		if (preview_state(m->sides[i].of, m->of->now) != PREVIEW_VALID)
			return false;
	return true;
}

static void
add_buttons(struct buf *b, const struct making *m)
{
	if (!all_have(m, true) && !all_have(m, false))
		return;
	buf_adds(b, "<nav class=\"buttons\">");
	if (m->device != PAGE_ANDROID)
		add_button(b, m, true);
	if (m->device != PAGE_IOS)
		add_button(b, m, false);
	buf_adds(b, "</nav>\n");
}

/* The code that takes the visitor of a desktop to the phone, or NULL. */
static const char *
qr_of(const struct making *m)
{
	const char *url = arena_printf(m->a, "%s/%s/%s?%s=%s%s",
	    m->of->tenant->url, m->of->tenant->id, m->of->layout,
	    m->of->n == 1 ? "id" : "ids", ids_of(m), m->of->query);
	struct barcode code;

	if (barcode_make(m->a, "qr", slice_of(url), &code) != ERR_OK)
		return NULL;
	return barcode_svg(
	    m->a, &code, words_get(WORD_QR, m->language, m->own));
}

static void
add_desktop(struct buf *b, const struct making *m)
{
	const char *qr = qr_of(m);

	buf_adds(b, "<aside class=\"take\"><h1>");
	say(b, m, WORD_PHONE);
	buf_adds(b, "</h1>");
	if (qr != NULL) {
		buf_adds(b, "<p>");
		say(b, m, WORD_SCAN);
		buf_adds(b, "</p><div class=\"qr\">");
		buf_adds(b, qr);
		buf_adds(b, "</div>");
	}
	add_buttons(b, m);
	buf_adds(b, "</aside>\n");
}

/* -- the whole ------------------------------------------------------------- */

static const struct card_side *
side_in(const struct card *card, const struct page_of *of)
{
	const char *best = words_choose(&of->tenant->languages, of->accept);

	for (size_t i = 0; best != NULL && i < card->n; i++)
		if (strcmp(card->sides[i].language, best) == 0)
			return &card->sides[i];
	return &card->sides[0];
}

static enum err
render(struct making *m)
{
	const struct page_of *of = m->of;

	m->sides = arena_alloc(m->a, of->n * sizeof(*m->sides));
	for (size_t i = 0; i < of->n; i++) {
		struct side *s = &m->sides[i];
		struct pass_type *type =
		    tenant_type(of->tenant, of->passes[i].type);
		struct card *card = arena_alloc(m->a, sizeof(*card));
		enum err e;

		if (type == NULL)
			return ERR_UNSET;
		if ((e = card_render(m->a, of->tenant, type, &of->passes[i],
			 card)) != ERR_OK)
			return e;
		*s = (struct side){ .tenant = of->tenant,
			.type = type,
			.pass = &of->passes[i],
			.of = side_in(card, of),
			.own = json_get(type->texts, m->language),
			.language = m->language,
			.number = i,
			.now = of->now };
	}
	m->own = m->sides[0].own;
	return ERR_OK;
}

static void
write_ours(struct making *m, struct buf *b)
{
	const struct page_of *of = m->of;
	const bool desktop = m->device == PAGE_DESKTOP;

	add_style(m);
	add_head(b, m,
	    of->n == 1 ? side_title(m->a, &m->sides[0])
		       : words_get(WORD_PASSES, m->language, m->own));
	open_main(b, m);
	if (!desktop && is_offered(m))
		add_buttons(b, m);
	buf_adds(b, "<section class=\"cards\">\n");
	if (of->n > 1 || !desktop || !is_offered(m)) {
		buf_adds(b, "<h1 class=\"sr\">");
		say(b, m, WORD_PASSES);
		buf_adds(b, "</h1>\n");
	}
	for (size_t i = 0; i < of->n; i++)
		side_html(b, &m->sides[i]);
	buf_adds(b, "</section>\n");
	if (desktop && is_offered(m))
		add_desktop(b, m);
	add_foot(b, m);
}

/* -- the tenant's own layout ----------------------------------------------- */

static void
set_svg(const struct making *m, struct json_object *o, const char *key,
    const char *svg)
{
	if (svg != NULL)
		json_set_string(o, key,
		    arena_printf(m->a, "data:image/svg+xml;base64,%s",
			text_base64(m->a, svg, strlen(svg))));
}

static struct json_object *
pass_of(const struct making *m, const struct side *s)
{
	static const char *const states[] = { "valid", "void", "expired" };
	struct json_object *o = json_object_in(m->a);

	json_set_string(o, "id", s->pass->id);
	json_set_string(o, "passType", s->pass->type);
	json_set_string(o, "title", side_title(m->a, s));
	json_set_string(o, "language", s->of->language);
	json_set_string(o, "dir", words_rtl(s->of->language) ? "rtl" : "ltr");
	json_set_string(o, "state", states[preview_state(s->of, m->of->now)]);
	json_set(o, "card", s->of->card);
	json_set(o, "images", side_images(m->a, s));
	set_svg(m, o, "barcode", side_barcode(m->a, s));
	return o;
}

static struct json_object *
data_of(const struct making *m)
{
	static const char *const devices[] = { "desktop", "ios", "android" };
	struct json_object *o = json_object_in(m->a), *l = json_array_in(m->a);

	json_set_string(o, "language", m->language);
	json_set_string(o, "dir", words_rtl(m->language) ? "rtl" : "ltr");
	json_set_string(o, "device", devices[m->device]);
	for (size_t i = 0; i < m->of->n; i++)
		json_push(l, pass_of(m, &m->sides[i]));
	json_set(o, "passes", l);
	json_set(o, "pass", json_object_array_get_idx(l, 0));
	json_set_string(o, "apple", wallet_url(m, true));
	json_set_string(o, "google", wallet_url(m, false));
	set_svg(m, o, "qr", qr_of(m));
	return o;
}

enum err
page_make(struct arena *a, const struct page_of *of, struct page *out)
{
	struct layout *own = tenant_layout(of->tenant, of->layout);
	struct making m = {
		.a = a, .of = of, .device = page_device(of->agent)
	};
	struct buf b;
	enum err e;

	choose_language(&m);
	if ((e = render(&m)) != ERR_OK)
		return e;
	*out = (struct page){ .policy = OWN_POLICY, .language = m.language };
	if (own != NULL)
		return layout_fill(a, of->tenant, own, data_of(&m), &out->html);
	buf_init(&b, a);
	write_ours(&m, &b);
	out->html = buf_slice(&b);
	out->policy = policy(&m);
	return ERR_OK;
}

static void
make_message(struct arena *a, const struct page_of *of, enum word title,
    enum word text, struct page *out)
{
	struct page_of quiet = *of;
	struct making m = {
		.a = a, .of = &quiet, .device = page_device(of->agent)
	};
	struct buf b;

	quiet.live = false;
	quiet.n = 0;
	choose_language(&m);
	add_style(&m);
	buf_init(&b, a);
	add_head(&b, &m, words_get(title, m.language, NULL));
	buf_adds(&b, "<main>\n<div class=\"message\"><h1>");
	say(&b, &m, title);
	buf_adds(&b, "</h1><p>");
	say(&b, &m, text);
	buf_adds(&b, "</p></div>\n");
	add_foot(&b, &m);
	*out = (struct page){ buf_slice(&b), policy(&m), m.language };
}

void
page_missing(struct arena *a, const struct page_of *of, struct page *out)
{
	make_message(a, of, WORD_MISSING, WORD_LOOK, out);
}

void
page_trouble(struct arena *a, const struct page_of *of, struct page *out)
{
	make_message(a, of, WORD_TROUBLE, WORD_LOOK, out);
}
