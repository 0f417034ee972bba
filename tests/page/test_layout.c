#include "page/layout.h"

#include <string.h>

#include "world.h"

static enum err
fill(struct world *w, const char *text, const char *data, struct slice *out)
{
	struct layout l = { .name = "shop",
		.file = "layouts/shop.html",
		.text = slice_of(text) };

	return layout_fill(w->a, &w->tenant, &l, world_json(w, data), out);
}

static void
test_fill(void **state)
{
	static const struct {
		const char *text, *data, *want;
	} t[] = {
		{ "", "{}", "" },
		{ "<p>}} { { {</p>", "{}", "<p>}} { { {</p>" },
		{ "{{ .a }}", "{`a`:`x`}", "x" },
		{ "<b>{{ .a }}-{{.b}}</b>", "{`a`:1,`b`:[1,{`c`:null}]}",
		    "<b>1-[1,{&quot;c&quot;:null}]</b>" },
		{ "{{ .a }}{{ .b }}", "{`b`:false}", "false" },
		{ "{{ .a }}", "{`a`:`<script>\\\"'&</script>`}",
		    "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;" },
		{ "{{ .a }}", "{`a`:`{{ .b }}`,`b`:1}", "{{ .b }}" },
		{ "{{ \"}}\" }}|", "{}", "}}|" },
		{ "{{ .a[\"b\"] }}", "{`a`:{`b`:10.0}}", "10" },
		{ "<a href=\"?q={{ .a | @uri }}\">", "{`a`:`a&b \\\"`}",
		    "<a href=\"?q=a%26b%20%22\">" },
		{ "{{ .a, .b }}", "{`a`:1,`b`:2}", "1" },
		{ "{{ empty }}x", "{}", "x" },
		{ "{{ $tenant.name }}", "{}", "Acme " EVIL_ESCAPED },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct slice out = { NULL, 0 };

		assert_int_equal(fill(&w, t[i].text, t[i].data, &out), ERR_OK);
		assert_string_equal(
		    arena_strndup(w.a, out.len == 0 ? "" : out.s, out.len),
		    t[i].want);
	}
	world_end(&w);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *text;
		int line;
	} t[] = {
		{ "{{", 1 },
		{ "a\nb\n{{ .a ", 3 },
		{ "{{ .a }}\n\n{{ .b | }}", 3 },
		{ "{{ .a\n\n}}\n{{ ( }}", 4 },
		{ "{{ env }}", 1 },
		{ "\n{{ $ENV.HOME }}", 2 },
		{ "{{ nothing_known }}", 1 },
		{ "{{ $secret }}", 1 },
		{ "{{ \"}} }}", 1 },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct layout l = { .name = "shop",
			.file = "layouts/shop.html",
			.text = slice_of(t[i].text) };
		struct slice out = { "untouched", 9 };
		struct faults f;

		/* Each time the same. */
		for (int again = 0; again < 2; again++) {
			faults_init(&f, w.a);
			assert_int_equal(
			    layout_check(&w.tenant, &l, &f), ERR_INVALID);
			assert_true(f.n >= 1);
			assert_int_equal(f.list[0].line, t[i].line);
			assert_string_equal(f.list[0].file, l.file);
		}
		assert_int_equal(
		    layout_fill(w.a, &w.tenant, &l, json_object_in(w.a), &out),
		    ERR_INTERNAL);
		assert_true(l.broken);
		assert_string_equal(out.s, "untouched");
	}
	world_end(&w);
}

/* One that fails with some data goes on working with others. */
static void
test_fails_at_run_time(void **state)
{
	struct layout l = { .name = "shop",
		.file = "layouts/shop.html",
		.text = slice_of("<p>{{ .a + 1 }}</p>") };
	struct slice out = { "untouched", 9 };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(
	    layout_fill(w.a, &w.tenant, &l, world_json(&w, "{`a`:`x`}"), &out),
	    ERR_INTERNAL);
	assert_string_equal(out.s, "untouched");
	assert_int_equal(
	    layout_fill(w.a, &w.tenant, &l, world_json(&w, "{`a`:1}"), &out),
	    ERR_OK);
	assert_true(slice_is(out, "<p>2</p>"));
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fails_at_run_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
