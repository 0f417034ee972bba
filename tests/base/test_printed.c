#include <stdlib.h>

#include "base/arena.h"
#include "base/printed.h"
#include "test.h"

static const char *
members(struct arena *a, struct slice object)
{
	struct slice rest = object, key, value;
	const char *all = "";

	while (printed_next(&rest, &key, &value))
		all = arena_printf(a, "%s%.*s=%.*s;", all, (int)key.len, key.s,
		    (int)value.len, value.s);
	return arena_printf(a, "%s%s", all, rest.len == 0 ? "" : "?");
}

static void
test_members(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{}", "" },
		{ "{\"a\":1}", "\"a\"=1;" },
		{ "{\"a\":\"b\",\"c\":null}", "\"a\"=\"b\";\"c\"=null;" },
		{ "{\"a\":[1,{\"b\":\"]}\"}],\"c\":{\"d\":[]}}",
		    "\"a\"=[1,{\"b\":\"]}\"}];\"c\"={\"d\":[]};" },
		{ "{\"a\\\"\":\"\\\\\",\"b\":\"\\\\\\\"\"}",
		    "\"a\\\"\"=\"\\\\\";\"b\"=\"\\\\\\\"\";" },
		{ "{\"\":-1.5e3}", "\"\"=-1.5e3;" },
		/* what is not of ours */
		{ "[1]", "?" },
		{ "", "" },
		{ "1", "?" },
		{ "{\"a\"}", "?" },
		{ "{\"a\":", "?" },
		{ "{\"a\":1", "?" },
		{ "{\"a\":\"b}", "?" },
		{ "{\"a\":{\"b\":1}", "?" },
		{ "{\"a\":1,}", "\"a\"=1;?" },
		{ "{a:1}", "?" },
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    members(a, slice_of(rows[i].in)), rows[i].out);
	arena_free(a);
}

static void
test_plain(void **state)
{
	static const struct {
		const char *in, *text; /* NULL: no */
	} rows[] = {
		{ "\"\"", "" },
		{ "\"a b\"", "a b" },
		{ "\"{\"", "{" },
		{ "\"a\\n\"", NULL },
		{ "\"", NULL },
		{ "", NULL },
		{ "12", NULL },
		{ "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice text = slice_of("as it was");
		bool is = printed_plain(slice_of(rows[i].in), &text);

		assert_int_equal(is, rows[i].text != NULL);
		assert_true(slice_is(text, is ? rows[i].text : "as it was"));
	}
}

static void
test_get(void **state)
{
	const struct slice o = slice_of("{\"ab\":1,\"a\":{\"b\":2},\"b\":3}");
	struct slice v = { NULL, 0 };

	(void)state;
	assert_true(printed_get(o, "\"a\"", &v));
	assert_true(slice_is(v, "{\"b\":2}"));
	assert_true(printed_get(o, "\"b\"", &v));
	assert_true(slice_is(v, "3"));
	assert_false(printed_get(o, "\"c\"", &v));
	assert_false(printed_get(o, "b", &v));
	assert_true(slice_is(v, "3"));
}

static void
test_sorted(void **state)
{
	static const struct {
		const char *in;
		bool sorted;
	} rows[] = {
		{ "{}", true },
		{ "[]", true },
		{ "12", true },
		{ "\"z\"", true },
		{ "{\"a\":1,\"b\":1}", true },
		{ "{\"b\":1,\"a\":1}", false },
		{ "{\"a\":1,\"a\":1}", false },
		{ "{\"a\":1,\"ab\":1}", true },
		{ "{\"ab\":1,\"a\":1}", false },
		{ "{\"Z\":1,\"a\":1}", true },
		{ "{\"a\":1,\"Z\":1}", false },
		{ "{\"a\":\"z\",\"b\":\"a\"}", true },
		{ "{\"a\":[\"z\",\"a\",{\"b\":1,\"c\":[]},\"a\"],\"b\":{}}",
		    true },
		{ "{\"a\":[\"z\",\"a\",{\"c\":1,\"b\":[]}],\"b\":{}}", false },
		{ "{\"a\":{\"z\":{\"y\":1}},\"b\":{\"a\":{\"b\":1}}}", true },
		{ "{\"b\":{\"a\":1},\"a\":1}", false },
		{ "[{\"b\":1},{\"a\":1}]", true },
		{ "{\"a\":\"\\\"\",\"b\":\",\"}", true },
		{ "{\"a\\n\":1,\"b\":1}", false }, /* not easily told */
		{ "{\"a\":1", false },
		{ "{\"a\":\"1}", false },
		{ "]", false },
		{ "{\"\xc3\xa9\":1,\"z\":1}", false },
		{ "{\"z\":1,\"\xc3\xa9\":1}", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (printed_is_sorted(slice_of(rows[i].in)) != rows[i].sorted)
			fail_msg("%s", rows[i].in);
}

/* Cut anywhere, in memory that ends there. */
static void
test_cut(void **state)
{
	static const char whole[] =
	    "{\"a\":\"\\\\\",\"b\\\"\":[{\"c\":\"}\"},1],\"d\":{\"e\":-1}}";

	(void)state;
	for (size_t n = 1; n < sizeof(whole); n++) {
		char *cut = malloc(n);
		struct slice rest = { cut, n }, key, value;

		assert_non_null(cut);
		memcpy(cut, whole, n);
		assert_false(printed_is_sorted(rest));
		while (printed_next(&rest, &key, &value))
			assert_true(value.s + value.len <= cut + n);
		assert_true((rest.len == 0) == (n == sizeof(whole) - 1));
		free(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
