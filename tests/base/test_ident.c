#include "base/ident.h"

#include <string.h>

#include "test.h"

#define LONG_50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LONG_63 LONG_50 "abcdefghijklm"

/* Every byte in turn, so that each letter must come as often. */
static void
counting(void *p, size_t n)
{
	static unsigned char next;

	for (size_t i = 0; i < n; i++)
		((unsigned char *)p)[i] = next++;
}

static void
test_letters_are_equally_likely(void **state)
{
	/* 256 draws give 4 of each letter and 8 thrown away. */
	enum { DRAWS = 62 * 4 };
	char out[DRAWS + 2];
	int seen[256] = { 0 };

	(void)state;
	out[DRAWS + 1] = '#';
	ident_new(out, DRAWS, counting);
	assert_int_equal(strlen(out), DRAWS);
	assert_int_equal(out[DRAWS + 1], '#');
	for (size_t i = 0; i < DRAWS; i++)
		seen[(unsigned char)out[i]]++;
	for (int c = 0; c < 256; c++) {
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z');

		assert_int_equal(seen[c], alnum ? 4 : 0);
	}
}

static void
test_system_random_differs(void **state)
{
	char a[IDENT_PASS_LEN + 1], b[IDENT_PASS_LEN + 1];

	(void)state;
	ident_new(a, IDENT_PASS_LEN, ident_random);
	ident_new(b, IDENT_PASS_LEN, ident_random);
	assert_int_equal(strlen(a), IDENT_PASS_LEN);
	assert_string_not_equal(a, b);
	assert_true(ident_is_pass(slice_of(a)));
	ident_new(a, 0, ident_random);
	assert_string_equal(a, "");
}

struct row {
	const char *s;
	bool pass, tenant, name, request;
};

static const struct row rows[] = {
	{ "", false, false, false, false },
	{ "a", false, true, true, false },
	{ "0", false, true, true, false },
	{ "A", false, false, true, false },
	{ "-", false, false, false, false },
	{ "abcd", false, true, true, false },
	{ "abcde", true, true, true, false },
	{ "abcdefg", true, true, true, false },
	{ "abcdefgh", true, true, true, true },
	{ "ABCDEFGH", true, false, true, true },
	{ "_bcdefgh", true, false, false, true },
	{ "-bcdefgh", true, false, false, true },
	{ ".bcdefgh", false, false, false, true },
	{ "abc.efgh", false, false, false, true },
	{ "abc_efgh", true, false, true, true },
	{ "abc-efgh", true, true, true, true },
	{ "abc efgh", false, false, false, false },
	{ "abc:efgh", false, false, false, false },
	{ "abcdefg\n", false, false, false, false },
	{ "abcdefg\xc3\xa9", false, false, false, false },
	{ "findPass", false, false, true, true },
	{ "findpass", true, true, true, true },
	{ "getPasses", false, false, true, true },
	{ "notification", false, true, true, true },
	{ "notifications", true, true, true, true },
	{ "pushUpdate", false, false, true, true },
	{ "stats", false, true, true, false },
	{ "stat5", true, true, true, false },
	{ "apple", false, true, true, false },
	{ "google", false, true, true, false },
	{ "googles", true, true, true, false },
	{ "api", false, false, true, false },
	{ "apis", false, true, true, false },
	{ "healthz", true, false, true, false },
	{ "metrics", true, false, true, false },
	{ "cgi-bin", true, false, true, false },
	{ LONG_50, true, true, true, true },
	{ LONG_50 "k", false, true, true, true },
	{ LONG_63, false, true, true, true },
	{ LONG_63 "n", false, false, true, true },
	{ LONG_63 "no", false, false, false, false },
};

static void
test_allowed_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct slice s = slice_of(r->s);

		if (ident_is_pass(s) != r->pass ||
		    ident_is_tenant(s) != r->tenant ||
		    ident_is_name(s) != r->name ||
		    ident_is_request(s) != r->request)
			fail_msg("\"%s\" is misjudged", r->s);
	}
}

static void
test_a_nul_is_no_letter(void **state)
{
	struct slice s = { "abcdefg\0h", 9 };

	(void)state;
	assert_false(ident_is_pass(s));
	assert_false(ident_is_tenant(s));
	assert_false(ident_is_name(s));
	assert_false(ident_is_request(s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters_are_equally_likely),
		cmocka_unit_test(test_system_random_differs),
		cmocka_unit_test(test_allowed_names),
		cmocka_unit_test(test_a_nul_is_no_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
