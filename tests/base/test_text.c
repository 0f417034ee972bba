#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define S(lit)                                                                 \
	{                                                                      \
		lit, sizeof(lit) - 1                                           \
	}

static int
setup(void **state)
{
	*state = arena_new(256);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void
test_utf8_is_told_from_the_rest(void **state)
{
	static const struct {
		struct slice s;
		size_t part; /* bytes that are well-formed */
	} rows[] = {
		{ S(""), 0 },
		{ S("a\0b"), 3 },
		{ S("\x7f"), 1 },
		{ S("\x80"), 0 },
		{ S("ab\xbf"), 2 },
		{ S("\xc0\x80"), 0 }, /* overlong */
		{ S("\xc1\xbf"), 0 },
		{ S("\xc2\x80"), 2 },
		{ S("\xdf\xbf"), 2 },
		{ S("\xc2"), 0 },
		{ S("\xc2z"), 0 },
		{ S("\xc3\xa9\xc3"), 2 },
		{ S("\xe0\x9f\xbf"), 0 }, /* overlong */
		{ S("\xe0\xa0\x80"), 3 },
		{ S("\xed\x9f\xbf"), 3 },
		{ S("\xed\xa0\x80"), 0 }, /* a surrogate */
		{ S("\xed\xbf\xbf"), 0 },
		{ S("\xee\x80\x80"), 3 },
		{ S("\xef\xbf\xbf"), 3 },
		{ S("\xe2\x82"), 0 },
		{ S("\xe2\x82z"), 0 },
		{ S("\xe2z\x82"), 0 },
		{ S("\xf0\x8f\xbf\xbf"), 0 }, /* overlong */
		{ S("\xf0\x90\x80\x80"), 4 },
		{ S("\xf4\x8f\xbf\xbf"), 4 },
		{ S("\xf4\x90\x80\x80"), 0 }, /* past U+10FFFF */
		{ S("\xf5\x80\x80\x80"), 0 },
		{ S("\xf0\x9f\x98"), 0 },
		{ S("\xf0\x9f\x98z"), 0 },
		{ S("\xff"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* Without the NUL, so that a read past the end is seen. */
		size_t len = rows[i].s.len;
		char *copy = malloc(len == 0 ? 1 : len);
		struct slice s = { copy, len };

		assert_non_null(copy);
		memcpy(copy, rows[i].s.s, len);
		if (text_utf8_part(s) != rows[i].part ||
		    text_utf8(s) != (rows[i].part == len))
			fail_msg("row %zu is misjudged", i);
		free(copy);
	}
}

static void
test_cut_falls_between_characters(void **state)
{
	static const struct {
		const char *s;
		size_t max, want;
	} rows[] = {
		{ "", 0, 0 }, { "", 5, 0 }, { "abc", 0, 0 }, { "abc", 2, 2 },
		{ "abc", 3, 3 }, { "abc", 4, 3 }, { "a\xc3\xa9z", 1, 1 },
		{ "a\xc3\xa9z", 2, 1 }, { "a\xc3\xa9z", 3, 3 },
		{ "\xe2\x82\xacz", 1, 0 }, { "\xe2\x82\xacz", 2, 0 },
		{ "\xe2\x82\xacz", 3, 3 }, { "\xf0\x9f\x98\x80z", 3, 0 },
		{ "\xf0\x9f\x98\x80z", 4, 4 }, { "x\xf0\x9f\x98\x80", 4, 1 },
		{ "\xf0\x9f\x98\x80", 4, 4 },
		{ "\x80\x80\x80\x80\x80\x80\x80", 6, 6 }, /* no UTF-8 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (text_cut(slice_of(rows[i].s), rows[i].max) != rows[i].want)
			fail_msg("row %zu is cut wrongly", i);
}

static void
test_hex_there_and_back(void **state)
{
	static const struct {
		const char *s;
		bool ok; /* as three bytes */
	} rows[] = {
		{ "00ff7a", true },
		{ "00FF7A", true },
		{ "00fF7a", true },
		{ "", false },
		{ "00ff7", false },
		{ "00ff", false },
		{ "00ff7a0", false },
		{ "00ff7a00", false },
		{ "00ff7g", false },
		{ "00ff7:", false },
		{ "00ff7@", false },
		{ "00ff7`", false },
		{ " 0ff7a", false },
		{ "0x0f7a", false },
		{ "00ff+a", false },
	};
	unsigned char out[4];
	char hex[7];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool ok;

		memset(out, '#', sizeof(out));
		ok = text_unhex(slice_of(rows[i].s), out, 3);
		if (ok != rows[i].ok)
			fail_msg("\"%s\" is misjudged", rows[i].s);
		assert_memory_equal(out, ok ? "\x00\xff\x7a#" : "####", 4);
	}
	text_hex(hex, "\x00\xff\x7a", 3);
	assert_string_equal(hex, "00ff7a");
	text_hex(hex, "", 0);
	assert_string_equal(hex, "");
	assert_true(text_unhex(slice_of(""), out, 0));
}

/* RFC 4648, section 10, and each way to spell it. */
static void
test_base64_there_and_back(void **state)
{
	static const struct {
		const char *plain, *padded, *bare;
	} rows[] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xff\xfe\xfb\xef\xbe", "//77774=", "__77774" },
		{ "\xfb\xef", "++8=", "--8" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice out = { NULL, 99 };

		assert_string_equal(
		    text_base64(*state, rows[i].plain, strlen(rows[i].plain)),
		    rows[i].padded);
		assert_string_equal(text_base64url(*state, rows[i].plain,
					strlen(rows[i].plain)),
		    rows[i].bare);
		assert_true(
		    text_unbase64(*state, slice_of(rows[i].padded), &out));
		assert_true(slice_is(out, rows[i].plain));
		assert_true(
		    text_unbase64(*state, slice_of(rows[i].bare), &out));
		assert_true(slice_is(out, rows[i].plain));
	}
}

static void
test_base64_of_any_bytes(void **state)
{
	unsigned char in[256];
	struct slice out;

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7);
	for (size_t n = 0; n <= sizeof(in); n++) {
		char *s = text_base64(*state, in, n);

		assert_true(text_unbase64(*state, slice_of(s), &out));
		assert_int_equal(out.len, n);
		assert_memory_equal(out.s, in, n);
	}
}

static void
test_what_is_no_base64(void **state)
{
	static const struct slice rows[] = {
		S("Z"), S("Zm9vY"), S("="), S("=="), S("===="), S("Zg="),
		S("Zg==="), S("Zg===="), S("Zm8=="), S("Zm9v="), S("Zm9v===="),
		S("Z==="), S("Z=g="), S("=Zg="), S("Zg==Zg=="), S("Zm=v"),
		S("Zm9v\n"), S("Zm9v "), S(" Zm9v"), S("Zm\n9v"), S("Zm9\0"),
		S("Zm9!"), S("Zm9,"), S("Zm9\xc3"), S("+/-_"), S("-+AA"),
		S("A_/A"), S("Zh=="), S("Zh"), S("Zm9="), S("Zm9"), /* bits */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice out = { "untouched", 9 };

		if (text_unbase64(*state, rows[i], &out))
			fail_msg("\"%s\" is taken", rows[i].s);
		assert_true(slice_is(out, "untouched"));
	}
}

static void
test_percent_is_decoded(void **state)
{
	static const struct {
		struct slice in;
		bool plus, ok;
		struct slice want;
	} rows[] = {
		{ S(""), false, true, S("") },
		{ S("abc"), false, true, S("abc") },
		{ S("a%20b"), false, true, S("a b") },
		{ S("%41%4a%4A"), false, true, S("AJJ") },
		{ S("a%00b"), false, true, S("a\0b") },
		{ S("%c3%a9%ff"), false, true, S("\xc3\xa9\xff") },
		{ S("%2541"), false, true, S("%41") },
		{ S("a+b%2B"), false, true, S("a+b+") },
		{ S("a+b%2B"), true, true, S("a b+") },
		{ S("%"), false, false, S("") },
		{ S("a%4"), false, false, S("") },
		{ S("%%41"), false, false, S("") },
		{ S("%4g"), false, false, S("") },
		{ S("%g4"), false, false, S("") },
		{ S("% 4"), false, false, S("") },
		{ S("%+4"), true, false, S("") },
		{ S("%0x"), false, false, S("") },
		{ S("ok%u0041"), false, false, S("") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice out = { "untouched", 9 };
		size_t len = rows[i].in.len;
		char *copy = malloc(len == 0 ? 1 : len);
		bool ok;

		assert_non_null(copy);
		memcpy(copy, rows[i].in.s, len);
		ok = text_unpercent(
		    *state, (struct slice){ copy, len }, rows[i].plus, &out);
		free(copy);
		if (ok != rows[i].ok)
			fail_msg("\"%s\" is misjudged", rows[i].in.s);
		if (ok) {
			assert_true(slice_eq(out, rows[i].want));
			assert_int_equal(out.s[out.len], '\0');
		} else {
			assert_true(slice_is(out, "untouched"));
		}
	}
}

static void
test_percent_there_and_back(void **state)
{
	char all[256], *s;
	struct slice back;

	assert_string_equal(text_percent(*state, slice_of("")), "");
	assert_string_equal(
	    text_percent(*state, slice_of("aZ09-._~")), "aZ09-._~");
	assert_string_equal(text_percent(*state, slice_of("a b+/%\xc3\xa9")),
	    "a%20b%2B%2F%25%C3%A9");
	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	s = text_percent(*state, (struct slice){ all, sizeof(all) });
	assert_int_equal(strlen(s), 66 + (256 - 66) * 3);
	assert_true(text_unpercent(*state, slice_of(s), true, &back));
	assert_true(slice_eq(back, (struct slice){ all, sizeof(all) }));
}

static void
test_same_is_equality(void **state)
{
	struct slice none = { NULL, 0 };

	(void)state;
	assert_true(text_same(none, slice_of("")));
	assert_true(text_same(slice_of("ab"), slice_of("ab")));
	assert_false(text_same(slice_of("ab"), slice_of("ac")));
	assert_false(text_same(slice_of("ab"), slice_of("bb")));
	assert_false(text_same(slice_of("ab"), slice_of("AB")));
	assert_false(text_same(slice_of("ab"), slice_of("a")));
	assert_false(text_same(slice_of("ab"), slice_of("abc")));
	assert_false(text_same(
	    (struct slice){ "a\0b", 3 }, (struct slice){ "a\0c", 3 }));
}

static void
test_numbers_as_text(void **state)
{
	(void)state;
	assert_string_equal(text_num(0).s, "0");
	assert_string_equal(text_num(-17).s, "-17");
	assert_string_equal(text_num(LLONG_MAX).s, "9223372036854775807");
	assert_string_equal(text_num(LLONG_MIN).s, "-9223372036854775808");
}

static unsigned
chance(unsigned n)
{
	static uint32_t seed = 7;

	seed = seed * 1664525U + 1013904223U;
	return (unsigned)((uint64_t)seed * n >> 32);
}

static void
fill(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = "ab\377"[chance(3)];
}

/* The text ends where its memory does. */
static void
test_find_is_memmem(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + chance(60);
		char *p = malloc(n), needle[5];
		struct slice in = { p, n }, what = { needle, chance(6) };

		assert_non_null(p);
		fill(p, n);
		fill(needle, what.len);
		assert_ptr_equal(
		    text_find(in, what), memmem(p, n, needle, what.len));
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_is_told_from_the_rest),
		cmocka_unit_test(test_cut_falls_between_characters),
		cmocka_unit_test(test_hex_there_and_back),
		cmocka_unit_test_setup_teardown(
		    test_base64_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_base64_of_any_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_is_no_base64, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_percent_is_decoded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_percent_there_and_back, setup, teardown),
		cmocka_unit_test(test_same_is_equality),
		cmocka_unit_test(test_numbers_as_text),
		cmocka_unit_test(test_find_is_memmem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
