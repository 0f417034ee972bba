#include "pass/notification.h"

#include "base/buf.h"
#include "test.h"

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
test_what_may_be_sent(void **state)
{
	static const struct {
		const char *body;
		enum err e;
	} rows[] = {
		{ "{\"content\":\"x\"}", ERR_OK },
		{ "{\"localizedContent\":{\"en\":\"x\",\"pt-BR\":\"y\"}}",
		    ERR_OK },
		{ "{\"content\":\"x\",\"localizedContent\":{}}", ERR_OK },
		{ "{}", ERR_INVALID },
		{ "{\"localizedContent\":{}}", ERR_INVALID },
		{ "{\"content\":\"\"}", ERR_INVALID },
		{ "{\"localizedContent\":{\"EN\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"e\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"eng\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en-\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en-us\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en-USA\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en\\n\":\"x\"}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en\":1}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en\":null}}", ERR_INVALID },
		{ "{\"localizedContent\":{\"en\":\"\"}}", ERR_INVALID },
	};
	struct arena *a = arena_new(4096);
	struct json_object *o;
	struct why w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (notification_read(a, parsed(a, rows[i].body), &o, &w) !=
		    rows[i].e)
			fail_msg("row %zu", i);
	arena_free(a);
}

static void
test_what_may_be_kept(void **state)
{
	static const char rest[] =
	    ",\"date\":\"2021-01-02T03:04:05.678Z\",\"id\":\"msg01\"}";
	static const struct {
		const char *begin;
		enum err e;
	} rows[] = {
		{ "{\"content\":\"x\",\"number\":1", ERR_OK },
		{ "{\"localizedContent\":{\"en\":\"x\"},\"number\":8", ERR_OK },
		{ "{\"content\":\"x\",\"number\":0", ERR_INVALID },
		{ "{\"content\":\"x\",\"number\":9", ERR_INVALID },
		{ "{\"content\":\"\",\"number\":1", ERR_INVALID },
		{ "{\"number\":1", ERR_INVALID },
		{ "{\"localizedContent\":\"x\",\"number\":1", ERR_INVALID },
		{ "{\"content\":\"x\",\"number\":1,\"a\":1", ERR_INVALID },
	};
	struct arena *a = arena_new(4096);
	struct why w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (notification_check(a,
			parsed(a, arena_printf(a, "%s%s", rows[i].begin, rest)),
			&w) != rows[i].e)
			fail_msg("row %zu", i);
	assert_int_equal(notification_check(a,
			     parsed(a, "{\"content\":\"x\",\"number\":1}"), &w),
	    ERR_INVALID);
	arena_free(a);
}

static void
test_a_text_has_a_limit(void **state)
{
	struct arena *a = arena_new(4096);
	char text[2060] = "";
	struct json_object *o;
	struct why w;

	(void)state;
	memset(text, 'x', 2048);
	assert_int_equal(
	    notification_read(a,
		parsed(a, arena_printf(a, "{\"content\":\"%s\"}", text)), &o,
		&w),
	    ERR_OK);
	text[2048] = 'x';
	assert_int_equal(
	    notification_read(a,
		parsed(a, arena_printf(a, "{\"content\":\"%s\"}", text)), &o,
		&w),
	    ERR_INVALID);
	arena_free(a);
}

static void
test_the_language_that_is_nearest(void **state)
{
	static const struct {
		const char *n, *language, *text;
	} rows[] = {
		{ "{\"content\":\"c\"}", "fr", "c" },
		{ "{\"content\":\"c\",\"localizedContent\":{\"fr\":\"f\"}}",
		    "fr", "f" },
		{ "{\"content\":\"c\",\"localizedContent\":{\"fr\":\"f\"}}",
		    "de", "c" },
		{ "{\"localizedContent\":{\"fr-CA\":\"q\",\"fr\":\"f\"}}",
		    "fr-FR", "f" },
		{ "{\"localizedContent\":{\"fr-CA\":\"q\"}}", "fr", "q" },
		{ "{\"localizedContent\":{\"fr\":\"f\",\"en\":\"e\"}}", "de",
		    "e" },
		{ "{\"localizedContent\":{\"fr\":\"f\"}}", "de", "f" },
	};
	struct arena *a = arena_new(4096);

	(void)state;
	assert_string_equal(notification_text(a, NULL, "en", "en"), "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(notification_text(a, parsed(a, rows[i].n),
					rows[i].language, "en"),
		    rows[i].text);
	arena_free(a);
}

static void
test_the_same_text_looks_the_same_and_is_another(void **state)
{
	struct arena *a = arena_new(4096);
	struct json_object *n = NULL, *m = parsed(a, "{\"content\":\"x\"}");
	const char *seen[20];

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		n = notification_next(a, n, m, 1795323845678, ident_random);
		seen[i] = notification_text(a, n, "en", "en");
		for (size_t k = i < 7 ? 0 : i - 7; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
		assert_memory_equal(seen[i], "x", 1);
		assert_int_equal(
		    strspn(seen[i] + 1, "\u2060"), strlen(seen[i] + 1));
	}
	/* One that was brought along counts as the first. */
	n = notification_next(a, m, m, 0, ident_random);
	assert_string_not_equal(notification_text(a, n, "en", "en"), "x");
	assert_string_equal(
	    json_get_string(n, "date"), "1970-01-01T00:00:00.000Z");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_sent),
		cmocka_unit_test(test_what_may_be_kept),
		cmocka_unit_test(test_a_text_has_a_limit),
		cmocka_unit_test(test_the_language_that_is_nearest),
		cmocka_unit_test(
		    test_the_same_text_looks_the_same_and_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
