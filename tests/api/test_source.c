#include "api/source.h"
#include "test.h"

/* 64 bytes, and 256. */
#define X16  "0123456789abcdef"
#define X64  X16 X16 X16 X16
#define X256 X64 X64 X64 X64

/* 63 bytes: no room for a letter of two. */
#define X63 X16 X16 X16 "0123456789abcde"

static const struct {
	const char *query, *want; /* NULL: no source */
} cases[] = {
	/* clang-format off */
	{ "", NULL },
	{ "device=apple&tag=a&src=a%7Cb&neo.source=a", NULL },
	{ "Tags=&Medium=&Origin=&UserAgent=&neo.src=", NULL },
	{ "neo.src=%7C", NULL },
	{ "neo.src=,,%7C%7C", NULL },
	{ "Tags=a", "{\"tags\":[\"a\"]}" },
	{ "tags=a&TAGS=b", "{\"tags\":[\"a\",\"b\"]}" },
	{ "Tags=a,b,,c&Tags=d", "{\"tags\":[\"a\",\"b\",\"c\",\"d\"]}" },
	{ "Tags=1,2,3,4,5,6,7,8",
	  "{\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]}" },
	{ "Tags=1,2,3,4,5,6,7&Tags=8,9&Tags=10",
	  "{\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]}" },
	{ "Medium=m", "{\"medium\":\"m\"}" },
	{ "Medium=m&medium=n", "{\"medium\":\"n\"}" },
	{ "Origin=o&UserAgent=u&Medium=m",
	  "{\"medium\":\"m\",\"origin\":\"o\",\"userAgent\":\"u\"}" },
	{ "neo.src=a", "{\"tags\":[\"a\"]}" },
	{ "neo.src=a,b%7Cm%7Co",
	  "{\"medium\":\"m\",\"origin\":\"o\",\"tags\":[\"a\",\"b\"]}" },
	{ "NEO.SRC=%7Cm", "{\"medium\":\"m\"}" },
	{ "neo.src=%7C%7Co", "{\"origin\":\"o\"}" },
	{ "neo.src=a%7Cm%7Co%7Cx", /* nothing of ours comes fourth */
	  "{\"medium\":\"m\",\"origin\":\"o\",\"tags\":[\"a\"]}" },
	{ "neo.src=a%7Cm%7Co&Tags=t&Medium=n",
	  "{\"medium\":\"n\",\"origin\":\"o\",\"tags\":[\"t\"]}" },
	{ "Tags=%C3%A9%2Cx", "{\"tags\":[\"\303\251\",\"x\"]}" },
	{ "Tags=" X64, "{\"tags\":[\"" X64 "\"]}" },
	{ "Tags=" X64 "0", "{\"tags\":[\"" X64 "\"]}" },
	{ "Tags=" X63 "%C3%A9", "{\"tags\":[\"" X63 "\"]}" },
	{ "Medium=" X256 "&Origin=" X256 "0&UserAgent=" X256 X64,
	  "{\"medium\":\"" X256 "\",\"origin\":\"" X256
	  "\",\"userAgent\":\"" X256 "\"}" },
	/* clang-format on */
};

static void
test_read(void **state)
{
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *envp[] = { (char *)"REQUEST_METHOD=GET",
			(char *)"PATH_INFO=/api/demo/passes/abcde",
			arena_printf(a, "QUERY_STRING=%s", cases[i].query),
			NULL };
		struct json_object *o;
		struct request r;

		request_init(&r, a, envp, 0);
		assert_int_equal(request_target(&r, NULL, NULL), ERR_OK);
		o = source_read(a, &r);
		if (cases[i].want == NULL)
			assert_null(o);
		else
			assert_string_equal(
			    json_text_sorted(a, o).s, cases[i].want);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
