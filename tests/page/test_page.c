#include "page/page.h"

#include <string.h>

#include "world.h"

#define IPHONE  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
#define ANDROID "Mozilla/5.0 (Linux; Android 15; Pixel 9)"
#define DESKTOP "Mozilla/5.0 (X11; Linux x86_64; rv:130.0)"

static const char *
made(struct world *w, struct page_of *of, struct page *page)
{
	of->tenant = &w->tenant;
	of->passes = of->passes != NULL ? of->passes : &w->pass;
	of->n = of->n != 0 ? of->n : 1;
	of->layout = of->layout != NULL ? of->layout : "card";
	of->query = of->query != NULL ? of->query : "";
	of->now = NOW;
	assert_int_equal(page_make(w->a, of, page), ERR_OK);
	return arena_strndup(w->a, page->html.s, page->html.len);
}

static void
begin(struct world *w)
{
	world_init(w);
	w->type.card = world_json(w, "{`title`:`Card`,`description`:`A card`}");
	w->type.apple_conf.pass_type_identifier = "pass.example";
	w->type.google_conf.issuer_id = "3388000000012345678";
}

static size_t
times(const char *s, const char *part)
{
	size_t n = 0;

	for (; (s = strstr(s, part)) != NULL; s += strlen(part))
		n++;
	return n;
}

static void
test_device(void **state)
{
	static const struct {
		const char *agent;
		enum page_device device;
	} t[] = {
		{ NULL, PAGE_DESKTOP },
		{ "", PAGE_DESKTOP },
		{ "iphone", PAGE_DESKTOP },
		{ IPHONE, PAGE_IOS },
		{ "Mozilla/5.0 (iPad; CPU OS 17_0)", PAGE_IOS },
		{ ANDROID, PAGE_ANDROID },
		{ DESKTOP, PAGE_DESKTOP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(page_device(t[i].agent), t[i].device);
}

/* On a phone the one right button comes first; a desktop takes a code. */
static void
test_buttons(void **state)
{
	static const struct {
		const char *agent, *id, *issuer;
		size_t apple, google, codes;
	} t[] = {
		{ IPHONE, "pass.x", "33", 1, 0, 0 },
		{ ANDROID, "pass.x", "33", 0, 1, 0 },
		{ DESKTOP, "pass.x", "33", 1, 1, 1 },
		{ IPHONE, NULL, "33", 0, 0, 0 },
		{ ANDROID, "pass.x", NULL, 0, 0, 0 },
		{ DESKTOP, "pass.x", NULL, 1, 0, 1 },
		{ DESKTOP, NULL, NULL, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct page_of of = { .agent = t[i].agent };
		struct world w;
		struct page p;
		const char *html, *button;

		begin(&w);
		w.type.apple_conf.pass_type_identifier = t[i].id;
		w.type.google_conf.issuer_id = t[i].issuer;
		html = made(&w, &of, &p);
		assert_int_equal(times(html, "Add to Apple"), t[i].apple);
		assert_int_equal(times(html, "Add to Google"), t[i].google);
		assert_int_equal(times(html, "class=\"qr\""), t[i].codes);
		button = strstr(html, "class=\"button\"");
		if (button != NULL)
			assert_true((button < strstr(html, "<article")) ==
			    (page_device(t[i].agent) != PAGE_DESKTOP));
		world_end(&w);
	}
}

static void
test_not_offered(void **state)
{
	static const char *const agents[] = { IPHONE, ANDROID, DESKTOP };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct page_of of = { .agent = agents[i] };
		struct world w;
		struct page p;

		begin(&w);
		w.type.card = world_json(&w, "{`title`:`x`,`voided`:true}");
		assert_null(strstr(made(&w, &of, &p), "class=\"button"));
		world_end(&w);
	}
}

/* No script but ours, no style but ours, and where the hub may be. */
static void
test_policy(void **state)
{
	static const struct {
		const char *url;
		bool live;
		const char *connect;
	} t[] = {
		{ "https://w.example", false, NULL },
		{ "https://w.example", true,
		    "connect-src 'self' wss://w.example" },
		{ "https://w.example:8443/in/here", true,
		    "connect-src 'self' wss://w.example:8443" },
		{ "http://127.0.0.1:8080", true,
		    "connect-src 'self' ws://127.0.0.1:8080" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct page_of of = { .live = t[i].live };
		struct world w;
		struct page p;
		const char *html;

		begin(&w);
		w.tenant.url = t[i].url;
		html = made(&w, &of, &p);
		assert_ptr_equal(
		    strstr(p.policy, "default-src 'none'; "), p.policy);
		assert_null(strstr(p.policy, "unsafe"));
		assert_non_null(strstr(p.policy, "style-src 'sha256-"));
		assert_int_equal(times(html, "<style>"), 1);
		assert_null(strstr(html, " style="));
		assert_null(strstr(html, " onclick"));
		assert_int_equal(times(html, "<script>"), t[i].live ? 1 : 0);
		if (!t[i].live) {
			assert_null(strstr(p.policy, "script-src"));
			assert_null(strstr(p.policy, "connect-src"));
		} else {
			const char *at = strstr(p.policy, "connect-src");

			assert_non_null(
			    strstr(p.policy, "; script-src 'sha256-"));
			assert_non_null(at);
			assert_string_equal(at, t[i].connect);
			assert_non_null(strstr(html,
			    "data-live=\"../api/acme/passes/abcdef123456/"
			    "connect\""));
		}
		world_end(&w);
	}
}

static void
test_languages(void **state)
{
	static const struct {
		const char *accept, *html, *article;
	} t[] = {
		{ NULL, "<html lang=\"en\" dir=\"ltr\">", "lang=\"en\"" },
		{ "ar, en;q=0.5", "<html lang=\"ar\" dir=\"rtl\">",
		    "lang=\"ar\" dir=\"rtl\"" },
		/* The tenant does not speak it, the page does. */
		{ "fr", "<html lang=\"fr\" dir=\"ltr\">",
		    "lang=\"en\" dir=\"ltr\"" },
		{ "\"><script>", "<html lang=\"en\" dir=\"ltr\">",
		    "lang=\"en\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct page_of of = { .accept = t[i].accept };
		struct world w;
		struct page p;
		const char *html;

		begin(&w);
		html = made(&w, &of, &p);
		assert_non_null(strstr(html, t[i].html));
		assert_non_null(strstr(strstr(html, "<article"), t[i].article));
		world_end(&w);
	}
}

static void
test_escaped(void **state)
{
	struct page_of of = { .query = "&neo.src=%22%3E&Tags=a",
		.agent = DESKTOP };
	struct world w;
	struct page p;
	const char *html;

	(void)state;
	begin(&w);
	w.type.card = world_json(&w, "{`title`:`</title><script>x</script>`}");
	html = made(&w, &of, &p);
	assert_null(strstr(html, "<script"));
	assert_non_null(strstr(html, "<title>&lt;/title&gt;"));
	assert_non_null(strstr(html,
	    "href=\"../api/acme/passes/abcdef123456?device=apple"
	    "&amp;neo.src=%22%3E&amp;Tags=a\""));
	assert_null(strstr(html, "?device=apple&neo"));
	/* Nothing of another host. */
	assert_null(strstr(html, "src=\"http"));
	assert_null(strstr(html, "href=\"http"));
	world_end(&w);
}

static void
test_several(void **state)
{
	struct world w;
	struct pass two[2];
	struct page_of of = { .passes = two, .n = 2, .agent = IPHONE };
	struct page p;
	const char *html;

	(void)state;
	begin(&w);
	two[0] = two[1] = w.pass;
	two[1].id = "second123456";
	html = made(&w, &of, &p);
	assert_int_equal(times(html, "<article"), 2);
	assert_non_null(strstr(html, ".c0{"));
	assert_non_null(strstr(html, ".c1{"));
	assert_non_null(
	    strstr(html, "passes/abcdef123456,second123456?device=apple"));
	assert_non_null(strstr(html, "<title>Your passes</title>"));
	/* One whose type has gone spoils the page. */
	two[1].type = "gone";
	assert_int_equal(page_make(w.a, &of, &p), ERR_UNSET);
	world_end(&w);
}

static void
test_own_layout(void **state)
{
	struct layout own = { .name = "shop",
		.file = "layouts/shop.html",
		.text = slice_of(
		    "{{ .pass.id }}|{{ .device }}|{{ .dir }}|{{ .apple }}|"
		    "{{ .google }}|{{ .passes | length }}|{{ .pass.state }}|"
		    "{{ .pass.card.title }}") };
	struct page_of of = { .layout = "shop", .agent = IPHONE, .live = true };
	struct world w;
	struct page p;

	(void)state;
	begin(&w);
	w.tenant.layouts = &own;
	w.tenant.nlayouts = 1;
	w.type.google_conf.issuer_id = NULL;
	assert_string_equal(made(&w, &of, &p),
	    "abcdef123456|ios|ltr|../api/acme/passes/abcdef123456?device=apple"
	    "||1|valid|Card");
	assert_null(strstr(p.policy, "script-src"));
	assert_null(strstr(p.policy, "connect-src"));
	world_end(&w);
}

static void
test_messages(void **state)
{
	struct page_of of = { .accept = "fr", .live = true, .n = 1 };
	struct world w;
	struct page p;
	const char *html;

	(void)state;
	begin(&w);
	of.tenant = &w.tenant;
	of.passes = &w.pass;
	of.query = "";
	page_missing(w.a, &of, &p);
	html = arena_strndup(w.a, p.html.s, p.html.len);
	assert_non_null(strstr(html, "<html lang=\"fr\""));
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "abcdef123456"));
	assert_null(strstr(p.policy, "script-src"));
	page_trouble(w.a, &of, &p);
	assert_string_not_equal(html, arena_strndup(w.a, p.html.s, p.html.len));
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_buttons),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_own_layout),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
