#include "page/words.h"

#include "test.h"

static void
test_choose(void **state)
{
	static const char *list[] = { "en", "fr", "pt-BR", "de" };
	const struct strings have = { list, 4 };
	static const struct {
		const char *accept, *want;
	} t[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "*", NULL },
		{ "xx", NULL },
		{ ",,;", NULL },
		{ "fr", "fr" },
		{ "FR-ca", "fr" },
		{ "frx", NULL },
		{ "pt", "pt-BR" },
		{ "pt-PT", "pt-BR" },
		{ "xx, de;q=0.2, fr;q=0.8", "fr" },
		{ "de, fr", "de" },
		{ "en;q=0", NULL },
		{ "fr;q=0,en;q=0.1", "en" },
		{ "fr;q=9,en", "en" },
		{ "fr ; q=0.1 , de ; q=0.3", "de" },
		{ "fr;q=x", NULL },
		{ "-", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = words_choose(&have, t[i].accept);

		if (t[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, t[i].want);
	}
}

static void
test_get(void **state)
{
	struct arena *a = arena_new(1024);
	struct json_object *own = json_object_in(a);

	(void)state;
	for (int w = 0; w < WORD_COUNT; w++)
		for (size_t i = 0; i < words_languages.n; i++) {
			const char *s =
			    words_get((enum word)w, words_languages.s[i], NULL);

			assert_non_null(s);
			assert_true(strlen(s) > 1);
		}
	assert_string_equal(words_get(WORD_DETAILS, "fr-CA", NULL), "Détails");
	assert_string_equal(words_get(WORD_DETAILS, "nl", NULL), "Details");
	json_set_string(own, "page.details", "Plus");
	assert_string_equal(words_get(WORD_DETAILS, "fr", own), "Plus");
	json_set_string(own, "page.details", "");
	assert_string_equal(words_get(WORD_DETAILS, "fr", own), "Détails");
	assert_true(words_rtl("ar"));
	assert_true(words_rtl("ar-EG"));
	assert_false(words_rtl("en"));
	assert_false(words_rtl("arx"));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
