#include "page/side.h"

#include <string.h>

#include "page/html.h"
#include "world.h"

#define NEW_YEAR "`2027-01-01T09:05+01:00`"

/* The face of a card, in English unless the language is another. */
static const char *
face(struct world *w, const char *card, const char *language)
{
	const struct card_side of = { .language = language,
		.card = world_json(w, card) };
	const struct side s = { .tenant = &w->tenant,
		.type = &w->type,
		.pass = &w->pass,
		.of = &of,
		.language = "en",
		.number = 3,
		.now = NOW };
	struct buf b;

	buf_init(&b, w->a);
	side_html(&b, &s);
	return b.s;
}

static void
holds(const char *html, const char *part)
{
	if (strstr(html, part) == NULL)
		fail_msg("'%s' is not in: %s", part, html);
}

static void
lacks(const char *html, const char *part)
{
	if (strstr(html, part) != NULL)
		fail_msg("'%s' is in: %s", part, html);
}

/* What is in a page comes from tenants and their customers. */
static void
test_escaped(void **state)
{
	/* clang-format off */
	static const char *const t[] = {
		"{`title`:`@`}",
		"{`organization`:`@`}",
		"{`header`:[{`key`:`a`,`label`:`@`,`value`:`x`}]}",
		"{`primary`:[{`key`:`a`,`label`:`x`,`value`:`@`}]}",
		"{`secondary`:[{`key`:`a`,`label`:`x`,`value`:[`@`]}]}",
		"{`auxiliary`:[{`key`:`a`,`value`:`@`,`dateStyle`:`PKDateStyleShort`}]}",
		"{`back`:[{`key`:`a`,`label`:`@`,`value`:`@`}]}",
		"{`barcode`:{`format`:`qr`,`message`:`m`,`altText`:`@`}}",
		"{`barcode`:{`format`:`@`,`message`:`@`}}",
		"{`header`:[{`value`:1.5,`currencyCode`:`@`}]}",
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct world w;
		char *card;
		struct buf b;

		world_init(&w);
		w.tenant.name = "Acme";
		buf_init(&b, w.a);
		for (const char *p = t[i]; *p != '\0'; p++)
			if (*p == '@')
				buf_adds(&b, "</style><script>\\\"'&");
			else
				buf_addc(&b, *p);
		card = b.s;
		lacks(face(&w, card, "en"), "<script");
		lacks(face(&w, card, "en"), "\"'");
		holds(face(&w, card, "en"), "&lt;script&gt;");
		holds(face(&w, card, "en"), "&quot;&#39;&amp;");
		world_end(&w);
	}
}

static void
test_title(void **state)
{
	static const struct {
		const char *card, *want;
	} t[] = {
		{ "{`title`:`T`,`organization`:`O`}", "<h2>T</h2>" },
		{ "{`title`:``,`organization`:`O`}", "<h2>O</h2>" },
		{ "{`title`:null,`description`:`D`}", "<h2>D</h2>" },
		{ "{`title`:7}", "<h2>7</h2>" },
		{ "{}", "<h2>Acme " EVIL_ESCAPED "</h2>" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		holds(face(&w, t[i].card, "en"), t[i].want);
	world_end(&w);
}

static void
test_values(void **state)
{
	/* clang-format off */
	static const struct {
		const char *field, *want;
	} t[] = {
		{ "`value`:`a\\nb`", ">a<br>b</dd>" },
		{ "`value`:7", ">7</dd>" },
		{ "`value`:10.0", ">10</dd>" },
		{ "`value`:true", ">true</dd>" },
		{ "`value`:null", "></dd>" },
		{ "`value`:7,`currencyCode`:`EUR`", ">7.00 EUR</dd>" },
		{ "`value`:`7`,`currencyCode`:`EUR`", ">7</dd>" },
		{ "`value`:0.25,`numberStyle`:`PKNumberStylePercent`", ">25 %</dd>" },
		{ "`value`:0.25,`numberStyle`:`PKNumberStyleDecimal`", ">0.25</dd>" },
		{ "`value`:" NEW_YEAR, ">2027-01-01T09:05+01:00</dd>" },
		{ "`value`:" NEW_YEAR ",`dateStyle`:`PKDateStyleShort`", ">2027-01-01</dd>" },
		{ "`value`:" NEW_YEAR ",`dateStyle`:`PKDateStyleShort`,`timeStyle`:`PKDateStyleNone`", ">2027-01-01</dd>" },
		{ "`value`:" NEW_YEAR ",`dateStyle`:`PKDateStyleShort`,`timeStyle`:`PKDateStyleShort`", ">2027-01-01 09:05</dd>" },
		{ "`value`:" NEW_YEAR ",`dateStyle`:`PKDateStyleNone`,`timeStyle`:`PKDateStyleShort`", ">09:05</dd>" },
		{ "`value`:" NEW_YEAR ",`timeStyle`:`PKDateStyleShort`", ">09:05</dd>" },
		{ "`value`:`2027-01-01`,`timeStyle`:`PKDateStyleShort`", ">2027-01-01</dd>" },
		{ "`value`:`2027-01-32`,`dateStyle`:`PKDateStyleShort`", ">2027-01-32</dd>" },
		{ "`value`:`soon`,`dateStyle`:`PKDateStyleShort`", ">soon</dd>" },
		{ "`value`:``,`dateStyle`:`PKDateStyleShort`", "></dd>" },
		{ "`value`:`12345678901234`", "<div><dt>" },
		{ "`value`:`123456789012345`", "<div class=\"long\"><dt>" },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		holds(face(&w,
			  arena_printf(w.a, "{`primary`:[{%s}]}", t[i].field),
			  "en"),
		    t[i].want);
	world_end(&w);
}

static void
test_where_things_are(void **state)
{
	static const char card[] =
	    "{`secondary`:[{`value`:`s`}],`auxiliary`:[{`value`:`a`}],"
	    "`back`:[{`value`:`b`}],`header`:[],`primary`:`none`}";
	struct world w;
	const char *html;

	(void)state;
	world_init(&w);
	html = face(&w, card, "en");
	holds(html,
	    "<article class=\"card storeCard c3\" lang=\"en\" "
	    "dir=\"ltr\">");
	assert_true(
	    strstr(html, "\"secondary\"") < strstr(html, "\"auxiliary\""));
	holds(html, "<details><summary>Details</summary>");
	lacks(html, "class=\"header\"");
	lacks(html, "class=\"primary\"");
	lacks(html, "<figure");
	lacks(html, "<img");
	w.type.kind = KIND_BOARDING_PASS;
	html = face(&w, card, "ar");
	assert_true(
	    strstr(html, "\"auxiliary\"") < strstr(html, "\"secondary\""));
	holds(html, "boardingPass c3\" lang=\"ar\" dir=\"rtl\">");
	lacks(face(&w, "{`back`:[]}", "en"), "<details");
	world_end(&w);
}

static void
test_state(void **state)
{
	static const struct {
		const char *card, *want;
	} t[] = {
		{ "{}", NULL },
		{ "{`voided`:false}", NULL },
		{ "{`voided`:true}", "no longer valid" },
		{ "{`expirationDate`:`2999-01-01T00:00:00Z`}", NULL },
		{ "{`expirationDate`:`2020-01-01T00:00:00Z`}", "has expired" },
		{ "{`expirationDate`:`2026-11-22T03:44:05Z`}", "has expired" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *html = face(&w, t[i].card, "en");

		if (t[i].want == NULL) {
			lacks(html, "role=\"alert\"");
			lacks(html, " gone\"");
		} else {
			holds(html, t[i].want);
			holds(html, " gone\"");
		}
	}
	world_end(&w);
}

static void
test_barcode(void **state)
{
	/* clang-format off */
	static const struct {
		const char *barcode, *has, *has_not;
	} t[] = {
		{ "null", "<h2>", "<figure" },
		{ "{`format`:`qr`,`message`:``}", "<h2>", "<figure" },
		{ "{`message`:`m`}", "<figure class=\"code \"><svg", "<figcaption" },
		{ "{`format`:`PDF417`,`message`:`m`}", "<figure class=\"code wide\"><svg", "<figcaption" },
		{ "{`format`:`qr`,`message`:`m`,`altText`:`7`}", "<figcaption>7</figcaption>", "<img" },
		{ "{`format`:`none`,`message`:`m`}", "<figcaption>m</figcaption>", "<svg" },
		{ "[{`format`:`none`,`message`:`m`},{`format`:`qr`,`message`:`n`}]", "<svg", "<figcaption" },
		{ "[]", "<h2>", "<figure" },
		{ "[null]", "<h2>", "<figure" },
		{ "`qr`", "<h2>", "<figure" },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *html = face(&w,
		    arena_printf(w.a, "{`barcode`:%s}", t[i].barcode), "en");

		holds(html, t[i].has);
		lacks(html, t[i].has_not);
	}
	world_end(&w);
}

static void
test_images(void **state)
{
	struct world w;
	const char *html;

	(void)state;
	world_init(&w);
	w.type.images = world_json(&w,
	    "{`logo.png`:`aa`,`logo@2x.png`:`bb`,"
	    "`strip.png`:`cc`}");
	html = face(&w,
	    "{`organization`:`A & B`,`images`:{`logo`:`logo.png`,"
	    "`strip`:`strip.png`,`thumbnail`:`gone.png`,`icon`:7}}",
	    "en");
	holds(html,
	    "<img class=\"logo\" src=\"images/bb-logo%402x.png\" "
	    "alt=\"A &amp; B\">");
	holds(html,
	    "<div class=\"front over\"><img class=\"strip\" "
	    "src=\"images/cc-strip.png\" alt=\"\">");
	lacks(html, "thumbnail");
	/* A library card has no strip. */
	w.type.kind = KIND_GENERIC;
	lacks(face(&w, "{`images`:{`strip`:`strip.png`}}", "en"), "<img");
	world_end(&w);
}

static void
test_css(void **state)
{
	/* clang-format off */
	static const struct {
		const char *card, *want;
	} t[] = {
		{ "{}", ".c3{--bg:#ffffff;--fg:#1c1c1e;--lb:#6b6b70}\n" },
		{ "{`colors`:{`background`:`#abc`,`foreground`:`rgb(1, 2, 3)`}}",
		  ".c3{--bg:#aabbcc;--fg:#010203;--lb:#010203}\n" },
		{ "{`colors`:{`background`:`red;}</style>`,`foreground`:7,`label`:`#12345`}}",
		  ".c3{--bg:#ffffff;--fg:#1c1c1e;--lb:#6b6b70}\n" },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct card_side of = { .language = "en",
			.card = world_json(&w, t[i].card) };
		const struct side s = { .of = &of, .number = 3 };
		struct buf b;

		buf_init(&b, w.a);
		side_css(&b, &s);
		assert_string_equal(b.s, t[i].want);
	}
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_title),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_where_things_are),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_barcode),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_css),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
