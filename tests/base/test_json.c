#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
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
	*state = arena_new(1024);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

/* Parse a copy without a NUL, so that a read past the end is seen. */
static enum err
parse(struct arena *a, struct slice in, int depth, struct json_object **out,
    struct why *w)
{
	char *copy = malloc(in.len == 0 ? 1 : in.len);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, in.s, in.len);
	e = json_parse(a, (struct slice){ copy, in.len }, depth, out, w);
	free(copy);
	return e;
}

static struct json_object *
parsed(struct arena *a, const char *s)
{
	struct json_object *o = NULL;

	assert_int_equal(parse(a, slice_of(s), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
assert_text(struct arena *a, struct json_object *o, const char *want)
{
	struct slice text = json_text(a, o);

	assert_string_equal(text.s, want);
	assert_int_equal(text.len, strlen(want));
}

static void
test_valid_text_comes_back_compact(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: the same */
	} rows[] = {
		{ "null", NULL },
		{ "true", NULL },
		{ "false", NULL },
		{ " \t\r\n1 \t\r\n", "1" },
		{ "\"\"", NULL },
		{ "[]", NULL },
		{ "{}", NULL },
		{ " [ ] ", "[]" },
		{ " { } ", "{}" },
		{ "[[],{},[{}]]", NULL },
		{ "[null,true,false,0,\"a\"]", NULL },
		{ "{ \"b\" : 1 , \"a\" : [ 2 , null ] }",
		    "{\"b\":1,\"a\":[2,null]}" },
		{ "{\"\":0}", NULL },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		    "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
		{ "\"\\u0001\\u001f\\u007f\"", "\"\\u0001\\u001f\x7f\"" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"\\uD800\\uDC00\\udbff\\udfff\"",
		    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
		{ "\"\\\\u0000\"", NULL }, /* a backslash and a word */
		{ "{\"\\u0061\\n\":1}", "{\"a\\n\":1}" },
		{ "\"// /* NaN '\"", NULL },
		{ "\"\xf0\x9f\x98\x80\"", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *want =
		    rows[i].want == NULL ? rows[i].in : rows[i].want;

		assert_text(*state, parsed(*state, rows[i].in), want);
	}
}

static void
test_numbers_have_one_text(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "-0.0", "0" },
		{ "0e5", "0" },
		{ "10.0", "10" },
		{ "1e1", "10" },
		{ "1E+1", "10" },
		{ "100e-1", "10" },
		{ "-1.5", "-1.5" },
		{ "0.1", "0.1" },
		{ "0.30000000000000004", "0.30000000000000004" },
		{ "123.456", "123.456" },
		{ "3.14159265358979323846", "3.141592653589793" },
		{ "9007199254740993", "9007199254740993" },
		{ "9007199254740993.0", "9007199254740992" },
		{ "999999999999999999", "999999999999999999" },
		{ "-999999999999999999", "-999999999999999999" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "9223372036854775808", "9223372036854775808" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "-9223372036854775809", "-9223372036854776000" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "18446744073709551616", "18446744073709552000" },
		{ "12345678901234567890123", "1.2345678901234568e+22" },
		{ "100000000000000000000", "100000000000000000000" },
		{ "1e20", "100000000000000000000" },
		{ "1e21", "1e+21" },
		{ "1000000000000000000000", "1e+21" },
		{ "1.5e300", "1.5e+300" },
		{ "0.000001", "0.000001" },
		{ "0.00000123", "0.00000123" },
		{ "0.0000001", "1e-7" },
		{ "-1.25e-9", "-1.25e-9" },
		{ "5e-324", "5e-324" },
		{ "2.2250738585072014e-308", "2.2250738585072014e-308" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "1e-400", "0" },
	};
	char in[80], want[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_text(*state, parsed(*state, rows[i].in), rows[i].want);
		/* And its text has that text. */
		assert_text(*state, parsed(*state, rows[i].want), rows[i].want);
		/* Among others too. */
		snprintf(
		    in, sizeof(in), "[%s,{\"a\":%s}]", rows[i].in, rows[i].in);
		snprintf(want, sizeof(want), "[%s,{\"a\":%s}]", rows[i].want,
		    rows[i].want);
		assert_text(*state, parsed(*state, in), want);
	}
}

/* Bit patterns from all over, by a generator of fixed seed. */
static void
test_doubles_read_back(void **state)
{
	uint64_t bits = 42;

	for (int i = 0; i < 20000; i++) {
		struct json_object *o;
		struct slice s;
		double d;

		bits = bits * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			continue;
		o = json_object_new_double(d);
		s = json_text(*state, o);
		json_object_put(o);
		assert_true(strtod(s.s, NULL) == d);
		assert_true(s.len <= 25);
		if (i % 100 == 0)
			arena_reset(*state);
	}
}

static void
test_what_json_cannot_say_is_null(void **state)
{
	struct json_object *a = json_array_in(*state);

	json_object_array_add(a, json_object_new_double(NAN));
	json_object_array_add(a, json_object_new_double(INFINITY));
	json_object_array_add(a, json_object_new_double(-INFINITY));
	assert_text(*state, a, "[null,null,null]");
}

struct bad {
	struct slice in;
	int at; /* the byte that is named */
};

static const struct bad bad[] = {
	{ S(""), 0 },
	{ S("  "), 2 },
	{ S("\0"), 0 },
	{ S("1\0"), 1 },
	{ S("\xef\xbb\xbf{}"), 0 }, /* a byte order mark */
	/* words */
	{ S("nul"), 0 },
	{ S("nulll"), 4 },
	{ S("True"), 0 },
	{ S("NULL"), 0 },
	{ S("undefined"), 0 },
	{ S("NaN"), 0 },
	{ S("[nan]"), 1 },
	{ S("Infinity"), 0 },
	{ S("-Infinity"), 0 },
	{ S("[-inf]"), 1 },
	{ S("truefalse"), 4 },
	/* comments */
	{ S("/* */1"), 0 },
	{ S("1/* */"), 0 },
	{ S("[1]//"), 3 },
	{ S("#\n1"), 0 },
	/* numbers */
	{ S("01"), 0 },
	{ S("-01"), 0 },
	{ S("00"), 0 },
	{ S("+1"), 0 },
	{ S("-"), 0 },
	{ S("--1"), 0 },
	{ S(".5"), 0 },
	{ S("1."), 0 },
	{ S("[1.]"), 1 },
	{ S("1.e5"), 0 },
	{ S("1e"), 0 },
	{ S("1e+"), 0 },
	{ S("1e5.5"), 0 },
	{ S("1e5e5"), 0 },
	{ S("0x10"), 0 },
	{ S("1_000"), 0 },
	{ S("1a"), 0 },
	{ S("[1-1]"), 1 },
	{ S("1e400"), 0 },
	{ S("[0,-1e400]"), 3 },
	{ S("{\"a\":1.8e308}"), 5 },
	{ S("[1-12345678901234567890123]"), 1 },
	{ S("[12345678901234567890123-1]"), 1 },
	{ S("12345678901234567890123e"), 0 },
	/* strings */
	{ S("'a'"), 0 },
	{ S("{'a':1}"), 1 },
	{ S("{a:1}"), 1 },
	{ S("\""), 0 },
	{ S("\"abc"), 0 },
	{ S("[\"a]"), 1 },
	{ S("\"a\\\""), 0 },
	{ S("\"\\"), 1 },
	{ S("\"\\x41\""), 1 },
	{ S("\"\\'\""), 1 },
	{ S("\"\\U0041\""), 1 },
	{ S("\"\\\0\""), 1 },
	{ S("\"\\u\""), 1 },
	{ S("\"\\u004\""), 1 },
	{ S("\"\\u004g\""), 1 },
	{ S("\"\\u00"), 1 },
	{ S("\"a\nb\""), 2 },
	{ S("\"a\tb\""), 2 },
	{ S("\"\x1f\""), 1 },
	{ S("\"a\0b\""), 2 },
	{ S("{\"a\0\":1}"), 3 },
	{ S("\"\\u0000\""), 1 },
	{ S("\"ab\\u0000cd\""), 3 },
	{ S("{\"a\\u0000b\":1}"), 3 },
	{ S("\"\\ud800\""), 1 },
	{ S("\"\\ud800x\""), 1 },
	{ S("\"\\ud800\\n\""), 1 },
	{ S("\"\\ud800\\u0041\""), 1 },
	{ S("\"\\ud800\\ud800\""), 1 },
	{ S("\"\\ud800\\u\""), 1 },
	{ S("\"\\udc00\""), 1 },
	{ S("\"\\udc00\\ud800\""), 1 },
	{ S("{\"\\ud800\":1}"), 2 },
	/* UTF-8 */
	{ S("\"\xff\""), 1 },
	{ S("\"a\xc3\""), 2 },
	{ S("\"\xc0\x80\""), 1 },
	{ S("\"\xed\xa0\x80\""), 1 },
	{ S("{\"\xf5\":1}"), 2 },
	{ S("\xc3\xa9"), 0 },
	{ S("[1\xc2\xa0]"), 1 }, /* a space, but none of JSON's */
	{ S("\v1"), 0 },
	{ S("\f1"), 0 },
	/* grammar */
	{ S("["), 1 },
	{ S("]"), 0 },
	{ S("{"), 1 },
	{ S("}"), 0 },
	{ S("[}"), 1 },
	{ S("{]"), 1 },
	{ S("[1"), 2 },
	{ S("[1,"), 3 },
	{ S("[1,]"), 3 },
	{ S("[,1]"), 1 },
	{ S("[1,,2]"), 3 },
	{ S("[1 2]"), 3 },
	{ S("[1:2]"), 2 },
	{ S("[\"a\"\"b\"]"), 4 },
	{ S("[true\"a\"]"), 5 },
	{ S("[[]1]"), 3 },
	{ S("[{}{}]"), 3 },
	{ S("[1}"), 2 },
	{ S("{\"a\""), 4 },
	{ S("{\"a\"}"), 4 },
	{ S("{\"a\":"), 5 },
	{ S("{\"a\":}"), 5 },
	{ S("{\"a\" 1}"), 5 },
	{ S("{\"a\"::1}"), 5 },
	{ S("{\"a\",1}"), 4 },
	{ S("{\"a\":1,}"), 7 },
	{ S("{,\"a\":1}"), 1 },
	{ S("{\"a\":1 \"b\":2}"), 7 },
	{ S("{\"a\":1:2}"), 6 },
	{ S("{\"a\":1]"), 6 },
	{ S("{1:2}"), 1 },
	{ S("{null:2}"), 1 },
	{ S("{[]:2}"), 1 },
	{ S(","), 0 },
	{ S(":"), 0 },
	/* after the value */
	{ S("1 2"), 2 },
	{ S("{}{}"), 2 },
	{ S("{} x"), 3 },
	{ S("[]]"), 2 },
	{ S("{}}"), 2 },
	{ S("{},"), 2 },
	{ S("null null"), 5 },
	{ S("\"a\" \"b\""), 4 },
	{ S("\"a\":1"), 3 },
	{ S("{} 12345678901234567890123"), 3 },
	{ S("12345678901234567890123 1"), 24 },
	{ S("12345678901234567890123]"), 23 },
	{ S("[12345678901234567890123 1]"), 25 },
	{ S("{12345678901234567890123:1}"), 1 },
};

static void
test_anything_else_is_refused(void **state)
{
	struct json_object *const untouched = json_object_in(*state);
	struct json_object *o = untouched;
	struct why w;
	char at[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&w, 0, sizeof(w));
		if (parse(*state, bad[i].in, 4, &o, &w) != ERR_INVALID)
			fail_msg("%s is taken", bad[i].in.s);
		assert_ptr_equal(o, untouched);
		snprintf(at, sizeof(at), " at byte %d.", bad[i].at);
		if (strstr(w.text, at) == NULL)
			fail_msg("%s: %s", bad[i].in.s, w.text);
		assert_int_equal(
		    parse(*state, bad[i].in, 4, &o, NULL), ERR_INVALID);
	}
}

/* `n` levels, of both kinds by turns when `mixed`. */
static char *
nested(struct arena *a, size_t n, bool mixed, const char *core)
{
	char *s = arena_alloc(a, n * 6 + strlen(core) + 1), *p = s;

	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, mixed && i % 2 == 0 ? "{\"a\":" : "[");
	p = stpcpy(p, core);
	for (size_t i = n; i-- > 0;)
		p = stpcpy(p, mixed && i % 2 == 0 ? "}" : "]");
	return s;
}

static void
test_depth_is_exact(void **state)
{
	static const int depths[] = { 1, 2, 5, JSON_DEPTH };
	static const char *const cores[] = { "1", "\"a\"", "null", "1.5",
		"18446744073709551616" };
	struct json_object *o;
	struct why w;

	for (size_t i = 0; i < 4 * 5 * 2; i++) {
		int depth = depths[i % 4];
		const char *core = cores[i / 4 % 5];
		char *s = nested(*state, (size_t)depth, i >= 20, core);

		assert_int_equal(
		    parse(*state, slice_of(s), depth, &o, &w), ERR_OK);
		if (strlen(core) < 10)
			assert_text(*state, o, s);
		s = nested(*state, (size_t)depth + 1, i >= 20, core);
		o = NULL;
		assert_int_equal(
		    parse(*state, slice_of(s), depth, &o, &w), ERR_INVALID);
		assert_null(o);
		assert_non_null(strstr(w.text, "nested too deeply"));
	}
	assert_int_equal(parse(*state, slice_of("1"), 0, &o, &w), ERR_OK);
	assert_int_equal(parse(*state, slice_of("[]"), 0, &o, &w), ERR_INVALID);
	/* Siblings are not levels. */
	assert_int_equal(
	    parse(*state, slice_of("[[],[],{},[]]"), 2, &o, &w), ERR_OK);
}

/* "[[],[],...]" of `n` values, the outer one among them. */
static char *
wide(struct arena *a, size_t n)
{
	char *s = arena_alloc(a, n * 3 + 1), *p = stpcpy(s, "[[]");

	for (size_t i = 2; i < n; i++)
		p = stpcpy(p, ",[]");
	(void)stpcpy(p, "]");
	return s;
}

static void
test_values_are_counted(void **state)
{
	struct json_object *o = NULL;
	char *s = wide(*state, JSON_VALUES);
	struct why w;

	assert_text(*state, parsed(*state, s), s);
	s = wide(*state, JSON_VALUES + 1);
	assert_int_equal(
	    parse(*state, slice_of(s), JSON_DEPTH, &o, &w), ERR_TOOBIG);
	assert_null(o);
	assert_non_null(strstr(w.text, "131072 values"));
}

static void
test_long_input(void **state)
{
	const size_t n = 300000;
	char *s = arena_alloc(*state, n + 4);
	struct json_object *o;

	s[0] = '"';
	memset(s + 1, 'x', n);
	s[n + 1] = '"';
	o = parsed(*state, s);
	assert_int_equal(json_object_get_string_len(o), n);
	assert_text(*state, o, s);
	/* A number of many digits is still a number. */
	memset(s, '0', n);
	memcpy(s, "0.5", 3);
	s[n] = '\0';
	assert_text(*state, parsed(*state, s), "0.5");
	/* Nothing that opens without end goes deep. */
	memset(s, '[', n);
	assert_int_equal(
	    parse(*state, slice_of(s), JSON_DEPTH, &o, NULL), ERR_INVALID);
}

static void
test_sorted_at_every_level(void **state)
{
	struct json_object *o = parsed(*state,
	    "{\"b\":[{\"z\":1,\"y\":2}],\"\xc3\xa9\":3,\"B\":4,\"a\":"
	    "{\"ab\":5,\"a\":6,\"\":7},\"aa\":8}");

	assert_string_equal(json_text_sorted(*state, o).s,
	    "{\"B\":4,\"a\":{\"\":7,\"a\":6,\"ab\":5},\"aa\":8,"
	    "\"b\":[{\"y\":2,\"z\":1}],\"\xc3\xa9\":3}");
	/* The object itself is as it was. */
	assert_text(*state, o,
	    "{\"b\":[{\"z\":1,\"y\":2}],\"\xc3\xa9\":3,\"B\":4,\"a\":"
	    "{\"ab\":5,\"a\":6,\"\":7},\"aa\":8}");
	assert_string_equal(json_text_sorted(*state, NULL).s, "null");
}

/* Objects that are built may be deeper than those that are parsed. */
static void
test_text_of_a_deep_object(void **state)
{
	const size_t n = 10000;
	struct json_object *o = json_array_in(*state);
	struct slice s;

	for (size_t i = 1; i < n; i++) {
		struct json_object *up = json_array_in(*state);

		json_push(up, o);
		o = up;
	}
	s = json_text(*state, o);
	assert_int_equal(s.len, 2 * n);
	assert_int_equal(strspn(s.s, "["), n);
	assert_int_equal(strspn(s.s + n, "]"), n);
}

static void
test_members_are_read_by_type(void **state)
{
	struct json_object *o = parsed(*state,
	    "{\"s\":\"x\",\"n\":7,\"d\":7.9,\"b\":true,\"z\":null,\"o\":{},"
	    "\"big\":18446744073709551615,\"huge\":-1e300,\"num\":\"7\"}");

	assert_string_equal(json_get_string(o, "s"), "x");
	assert_null(json_get_string(o, "n"));
	assert_null(json_get_string(o, "z"));
	assert_null(json_get_string(o, "none"));
	assert_int_equal(json_get_int(o, "n", -1), 7);
	assert_int_equal(json_get_int(o, "d", -1), 7);
	assert_true(json_get_int(o, "big", -1) == INT64_MAX);
	assert_true(json_get_int(o, "huge", -1) == INT64_MIN);
	assert_int_equal(json_get_int(o, "num", -1), -1);
	assert_int_equal(json_get_int(o, "b", -1), -1);
	assert_int_equal(json_get_int(o, "none", -1), -1);
	assert_true(json_get_bool(o, "b", false));
	assert_true(json_get_bool(o, "none", true));
	assert_false(json_get_bool(o, "n", false));
	assert_true(json_get_bool(o, "z", true));
	assert_true(json_object_is_type(json_get(o, "o"), json_type_object));
	assert_null(json_get(o, "z"));
	assert_null(json_get(o, "S"));
	assert_null(json_get(NULL, "s"));
	assert_null(json_get(json_get(o, "s"), "s"));
	assert_null(json_get(json_array_in(*state), "s"));
}

static void
test_members_are_set(void **state)
{
	struct json_object *o = json_object_in(*state),
			   *shared = json_array_in(*state);

	json_set(o, "a", shared);
	json_set(o, "again", shared);
	json_set(o, "z", NULL);
	json_set_string(o, "s", "x");
	json_set_string(o, "none", NULL);
	json_set_int(o, "n", INT64_MIN);
	json_set_bool(o, "t", true);
	json_set_bool(o, "s", false); /* in the place of the string */
	json_push(shared, NULL);
	json_push(shared, parsed(*state, "1"));
	assert_text(*state, o,
	    "{\"a\":[null,1],\"again\":[null,1],\"z\":null,\"s\":false,"
	    "\"none\":null,\"n\":-9223372036854775808,\"t\":true}");
}

static int freed;

static void
count_free(struct json_object *o, void *userdata)
{
	(void)o;
	(void)userdata;
	freed++;
}

static void
test_objects_die_with_their_arena(void **state)
{
	struct arena *a = arena_new(64);
	struct json_object *o = json_object_in(*state),
			   *v = json_object_new_int(1);

	freed = 0;
	json_object_set_userdata(v, NULL, count_free);
	assert_ptr_equal(json_own(a, v), v);
	assert_null(json_own(a, NULL));
	json_set(o, "v", v);
	arena_free(a);
	assert_int_equal(freed, 0); /* `o` holds it still */
	assert_text(*state, o, "{\"v\":1}");
	arena_reset(*state);
	assert_int_equal(freed, 1);
}

static void
test_a_copy_is_apart(void **state)
{
	struct json_object *o = parsed(*state, "{\"a\":{\"b\":[1,2.50]}}"),
			   *copy = json_copy(*state, o);

	assert_null(json_copy(*state, NULL));
	assert_text(*state, copy, "{\"a\":{\"b\":[1,2.5]}}");
	json_set_int(json_get(copy, "a"), "b", 0);
	assert_text(*state, o, "{\"a\":{\"b\":[1,2.5]}}");
	assert_text(*state, copy, "{\"a\":{\"b\":0}}");
}

static void
test_user_data_stays_behind(void **state)
{
	static const char *const rows[] = { "2.5", "7", "true", "\"s\"", "[1]",
		"{\"a\":null}" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_object *o = parsed(*state, rows[i]), *copy;

		freed = 0;
		json_object_set_userdata(o, &freed, count_free);
		copy = json_copy(*state, o);
		assert_text(*state, copy, rows[i]);
		assert_null(json_object_get_userdata(copy));
		assert_string_equal(json_object_to_json_string_ext(
					copy, JSON_C_TO_STRING_PLAIN),
		    rows[i]);
		arena_reset(*state);
		assert_int_equal(freed, 1);
	}
}

struct merge {
	const char *target, *patch, *want;
	bool empty_removes;
};

static const struct merge merges[] = {
	/* RFC 7396, appendix A */
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", false },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}",
	    false },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}", false },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}", false },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", false },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}", false },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	    "{\"a\":{\"b\":\"d\"}}", false },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}", false },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]", false },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]", false },
	{ "{\"a\":\"foo\"}", "null", "null", false },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"", false },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}", false },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}", false },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}",
	    false },
	/* and beyond */
	{ "null", "{\"a\":{\"b\":null}}", "{\"a\":{}}", false },
	{ "{\"a\":1}", "{}", "{\"a\":1}", false },
	{ "{\"a\":1}", "{\"a\":{}}", "{\"a\":{}}", false },
	{ "{\"a\":{\"x\":1}}", "{\"a\":{}}", "{\"a\":{\"x\":1}}", false },
	{ "{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":0,\"a\":0}",
	    "{\"a\":0,\"b\":2,\"c\":0}", false },
	{ "{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e\":{\"f\":1}}",
	    "{\"a\":{\"b\":{\"c\":null,\"x\":{\"y\":1}}},\"e\":{\"f\":9}}",
	    "{\"a\":{\"b\":{\"d\":2,\"x\":{\"y\":1}}},\"e\":{\"f\":9}}",
	    false },
	{ "{\"a\":1}", "{\"a\":\"\"}", "{\"a\":\"\"}", false },
	{ "{\"a\":1}", "{\"a\":\"\"}", "{}", true },
	{ "{\"a\":1}", "{\"b\":\"\"}", "{\"a\":1}", true },
	{ "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":\"\",\"d\":null}}",
	    "{\"a\":{\"c\":2}}", true },
	{ "{\"a\":1}", "{\"a\":\" \"}", "{\"a\":\" \"}", true },
	{ "{\"a\":1}", "{\"a\":[\"\",null]}", "{\"a\":[\"\",null]}", true },
	{ "{\"e\":\"\"}", "{\"a\":0,\"b\":false}",
	    "{\"e\":\"\",\"a\":0,\"b\":false}", true },
};

static void
test_merge(void **state)
{
	for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
		const struct merge *m = &merges[i];
		struct json_object *target = parsed(*state, m->target),
				   *patch = parsed(*state, m->patch), *got;

		got = json_merge(*state, target, patch, m->empty_removes);
		assert_text(*state, got, m->want);
		assert_text(*state, target, m->target);
		assert_text(*state, patch, m->patch);
	}
}

/* What is merged shares nothing with what it came from. */
static void
test_merge_is_new(void **state)
{
	struct json_object *target = parsed(*state, "{\"a\":{\"b\":1}}"),
			   *patch = parsed(*state, "{\"c\":{\"d\":[1]}}"), *got;

	got = json_merge(*state, target, patch, false);
	json_push(json_get(json_get(got, "c"), "d"), NULL);
	json_set_int(json_get(got, "a"), "b", 2);
	assert_text(*state, got, "{\"a\":{\"b\":2},\"c\":{\"d\":[1,null]}}");
	assert_text(*state, target, "{\"a\":{\"b\":1}}");
	assert_text(*state, patch, "{\"c\":{\"d\":[1]}}");
}

static void
test_plain_text(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "null", "" },
		{ "\"\"", "" },
		{ "\"a \\\"b\\\"\"", "a \"b\"" },
		{ "10.0", "10" },
		{ "false", "false" },
		{ "[]", "[]" },
		{ "{ \"a\" : \"b\" }", "{\"a\":\"b\"}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice got =
		    json_plain(*state, parsed(*state, rows[i].in));

		assert_true(slice_is(got, rows[i].want));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_valid_text_comes_back_compact),
		TEST(test_numbers_have_one_text),
		TEST(test_doubles_read_back),
		TEST(test_what_json_cannot_say_is_null),
		TEST(test_anything_else_is_refused),
		TEST(test_depth_is_exact),
		TEST(test_values_are_counted),
		TEST(test_long_input),
		TEST(test_sorted_at_every_level),
		TEST(test_text_of_a_deep_object),
		TEST(test_members_are_read_by_type),
		TEST(test_members_are_set),
		TEST(test_objects_die_with_their_arena),
		TEST(test_a_copy_is_apart),
		TEST(test_user_data_stays_behind),
		TEST(test_merge),
		TEST(test_merge_is_new),
		TEST(test_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
