#include "page/html.h"

#include "test.h"

typedef void escape_fn(struct buf *b, struct slice s);

static void
check(escape_fn *fn, const char *in, const char *want)
{
	struct arena *a = arena_new(1024);
	struct buf b;

	buf_init(&b, a);
	fn(&b, slice_of(in));
	assert_string_equal(b.s == NULL ? "" : b.s, want);
	arena_free(a);
}

static void
test_text(void **state)
{
	static const char *const t[][2] = {
		{ "", "" },
		{ "Zoë & Co", "Zoë &amp; Co" },
		{ "<script>", "&lt;script&gt;" },
		{ "a\"b'c", "a&quot;b&#39;c" },
		{ "&lt;", "&amp;lt;" },
		{ "a\tb\nc", "a\tb\nc" },
		{ "a\x01\r", "a&#xFFFD;&#xFFFD;" },
		{ "`=/", "`=/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check(html_text, t[i][0], t[i][1]);
}

static void
test_url(void **state)
{
	static const char *const t[][2] = {
		{ "card?id=a&b", "card?id=a&amp;b" },
		{ "../api/x:y", "../api/x:y" },
		{ "?q=javascript:1", "?q=javascript:1" },
		{ "https://a.example/\"", "https://a.example/&quot;" },
		{ "HTTP://a.example/", "HTTP://a.example/" },
		{ "mailto:a@b.example", "mailto:a@b.example" },
		{ "tel:+331", "tel:+331" },
		{ "data:image/png;base64,AA", "data:image/png;base64,AA" },
		{ "javascript:alert(1)", "#" },
		{ "JaVaScRiPt:alert(1)", "#" },
		{ " javascript:alert(1)", "#" },
		{ "java\tscript:alert(1)", "#" },
		{ "java\nscript:alert(1)", "#" },
		{ "\x01javascript:alert(1)", "#" },
		{ "vbscript:x", "#" },
		{ "data:text/html,x", "#" },
		{ "data:image/", "#" },
		{ "httpx://a", "#" },
		{ ":x", "#" },
		{ "\\\\evil.example", "#" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check(html_url, t[i][0], t[i][1]);
}

static void
test_colour(void **state)
{
	static const char *const t[][2] = {
		{ "#1b3a5b", "#1b3a5b" },
		{ "#FFF", "#ffffff" },
		{ "rgb(1, 2, 255)", "#0102ff" },
		{ "rgb(1, 2, 256)", "#000" },
		{ "red", "#000" },
		{ "", "#000" },
		{ "#1b3a5b;}body{x:url(//evil)", "#000" },
		{ "#fff}", "#000" },
		{ "url(x)", "#000" },
		{ NULL, "#000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct arena *a = arena_new(1024);
		struct buf b;

		buf_init(&b, a);
		html_colour(&b, t[i][0], "#000");
		assert_string_equal(b.s, t[i][1]);
		arena_free(a);
	}
}

static void
test_lines(void **state)
{
	(void)state;
	check(html_lines, "", "");
	check(html_lines, "a\n<b>\n", "a<br>&lt;b&gt;<br>");
	check(html_lines, "\n\n", "<br><br>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
