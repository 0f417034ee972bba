#include "http/media.h"

#include "test.h"

static void
test_list(void **state)
{
	static const struct {
		const char *list;
		const char *type[3], *charset[3];
		bool refused[3];
		size_t n;
	} t[] = {
		/* clang-format off */
		{ "", { NULL }, { NULL }, { false }, 0 },
		{ " , ,", { NULL }, { NULL }, { false }, 0 },
		{ "a/b", { "a/b" }, { "" }, { false }, 1 },
		{ " a/b ;\tq=0 , c/d;q=0.001", { "a/b", "c/d" }, { "", "" },
		    { true, false }, 2 },
		{ "a/b;q=0.000,c/d;q=0.,e/f;Q=0", { "a/b", "c/d", "e/f" },
		    { "", "", "" }, { true, true, true }, 3 },
		{ "a/b;q=,c/d;q=01,e/f;q=1", { "a/b", "c/d", "e/f" },
		    { "", "", "" }, { false, false, false }, 3 },
		{ "a/b; CharSet=\"UTF-8\" ; q=1", { "a/b" }, { "UTF-8" },
		    { false }, 1 },
		{ "a/b;x=\"c/d,e;q=0\",f/g", { "a/b", "f/g" }, { "", "" },
		    { false, false }, 2 },
		{ "a/b;x=\"\\\",c/d;\",e/f", { "a/b", "e/f" }, { "", "" },
		    { false, false }, 2 },
		{ "a/b;x=\"c,d", { "a/b" }, { "" }, { false }, 1 },
		{ "a/b;x=\"\\", { "a/b" }, { "" }, { false }, 1 },
		{ ";q=0", { "" }, { "" }, { true }, 1 },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct slice list = slice_of(t[i].list);
		struct media m;
		size_t n = 0;

		for (; media_next(&list, &m); n++) {
			assert_true(n < t[i].n);
			assert_true(slice_is(m.type, t[i].type[n]));
			assert_true(slice_is(m.charset, t[i].charset[n]));
			assert_int_equal(m.refused, t[i].refused[n]);
		}
		assert_int_equal(n, t[i].n);
	}
}

static void
test_json(void **state)
{
	static const struct {
		const char *type;
		bool want;
	} t[] = {
		{ "application/json", true },
		{ "APPLICATION/Json", true },
		{ "text/json", true },
		{ "application/problem+json", true },
		{ "application/x+JSON", true },
		{ "application/json; charset=utf-8", true },
		{ "application/json;charset=\"UTF-8\";v=1", true },
		{ "application/json;charset=iso-8859-1", false },
		{ "application/x+json;charset=utf-16", false },
		{ "application/json5", false },
		{ "application/+json", false },
		{ "application/x+jsonx", false },
		{ "image/svg+json", false },
		{ "text/x+json", false },
		{ "text/plain", false },
		{ "*/*", false },
		{ "json", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct slice in = slice_of(t[i].type);
		struct media m;

		assert_true(media_next(&in, &m));
		assert_int_equal(media_is_json(&m), t[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
