#include "conf/setting.h"
#include "conf/yaml.h"
#include "folder.h"

struct inner {
	long n;
	const char *s;
};

struct all {
	const char *string;
	long number;
	bool yes;
	int word;
	struct strings strings;
	long duration;
	struct rate rate;
	long size;
	struct json_object *json, *object;
	struct inner inner;
	struct list list;
};

#define AT(field) offsetof(struct all, field)

static const char *const words[] = { "red", "green", "blue", NULL };

/* clang-format off */
static const struct setting inner_rows[] = {
	{ .name = "n", .type = SETTING_LONG, .def = "7", .min = -9, .max = 9,
	  .offset = offsetof(struct inner, n) },
	{ .name = "needed", .type = SETTING_STRING, .must = true,
	  .offset = offsetof(struct inner, s) },
	{ .name = NULL }
};

static const struct setting rows[] = {
	{ .name = "string", .type = SETTING_STRING, .offset = AT(string),
	  .def = "abc", .min = 2, .max = 4 },
	{ .name = "number", .type = SETTING_LONG, .offset = AT(number),
	  .def = "5", .min = 1, .max = 10 },
	{ .name = "yes", .type = SETTING_BOOL, .offset = AT(yes),
	  .def = "true" },
	{ .name = "word", .type = SETTING_ENUM, .offset = AT(word),
	  .words = words, .def = "green" },
	{ .name = "strings", .type = SETTING_STRINGS, .offset = AT(strings),
	  .def = "[x, 'y']", .max = 3 },
	{ .name = "duration", .type = SETTING_DURATION,
	  .offset = AT(duration), .def = "2s", .max = 86400000 },
	{ .name = "rate", .type = SETTING_RATE, .offset = AT(rate),
	  .def = "60/m" },
	{ .name = "size", .type = SETTING_SIZE, .offset = AT(size),
	  .def = "1M", .min = 1024, .max = 2L * 1024 * 1024 },
	{ .name = "json", .type = SETTING_JSON, .offset = AT(json) },
	{ .name = "object", .type = SETTING_OBJECT, .offset = AT(object) },
	{ .name = "inner", .type = SETTING_STRUCT, .offset = AT(inner),
	  .rows = inner_rows },
	{ .name = "list", .type = SETTING_LIST, .offset = AT(list),
	  .rows = inner_rows, .size = sizeof(struct inner), .max = 3 },
	{ .name = NULL }
};
/* clang-format on */

static enum err
take(struct folder *d, const char *yaml, struct all *out)
{
	struct setting_source src = { .file = "f", .f = &d->f };

	folder_reset(d);
	assert_int_equal(
	    yaml_parse(d->a, slice_of(yaml), "f", &d->f, &src.in), ERR_OK);
	return setting_read(d->a, rows, &src, out);
}

static void
assert_defaults(const struct all *o)
{
	assert_string_equal(o->string, "abc");
	assert_int_equal(o->number, 5);
	assert_true(o->yes);
	assert_int_equal(o->word, 1);
	assert_int_equal(o->strings.n, 2);
	assert_string_equal(o->strings.s[0], "x");
	assert_int_equal(o->duration, 2000);
	assert_int_equal(o->rate.count, 60);
	assert_int_equal(o->rate.per, 60000);
	assert_int_equal(o->size, 1024 * 1024);
	assert_null(o->json);
	assert_null(o->object);
	assert_int_equal(o->inner.n, 7);
	assert_null(o->inner.s);
	assert_int_equal(o->list.n, 0);
}

static void
test_defaults(void **state)
{
	static const char *const t[] = { "", "{}", "string: ~\nnumber:\n",
		"inner: ~\nlist: ~\njson: null\n" };
	struct folder d;
	struct all o;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&o, 0xa5, sizeof(o));
		assert_int_equal(take(&d, t[i], &o), ERR_OK);
		assert_int_equal(d.f.n, 0);
		assert_defaults(&o);
	}
	folder_close(&d);
}

static void
test_values(void **state)
{
	struct inner *item;
	struct folder d;
	struct all o;

	(void)state;
	folder_open(&d);
	assert_int_equal(take(&d,
			     "string: xy\nnumber: 10\nyes: false\nword: blue\n"
			     "strings: []\nduration: 24h\nrate: 5/s\n"
			     "size: 2048\njson: [1, { a: b }]\nobject: {c: 1}\n"
			     "inner: { n: -9, needed: x }\n"
			     "list: [{ needed: p }, { n: 3, needed: q }]\n",
			     &o),
	    ERR_OK);
	assert_string_equal(o.string, "xy");
	assert_int_equal(o.number, 10);
	assert_false(o.yes);
	assert_int_equal(o.word, 2);
	assert_int_equal(o.strings.n, 0);
	assert_non_null(o.strings.s);
	assert_int_equal(o.duration, 86400000);
	assert_int_equal(o.rate.count, 5);
	assert_int_equal(o.rate.per, 1000);
	assert_int_equal(o.size, 2048);
	assert_string_equal(json_text(d.a, o.json).s, "[1,{\"a\":\"b\"}]");
	assert_int_equal(yaml_line_of(o.object, "c"), 10);
	assert_int_equal(o.inner.n, -9);
	assert_string_equal(o.inner.s, "x");
	assert_int_equal(o.list.n, 2);
	item = o.list.items;
	assert_int_equal(item[0].n, 7);
	assert_string_equal(item[0].s, "p");
	assert_int_equal(item[1].n, 3);
	assert_string_equal(item[1].s, "q");
	folder_close(&d);
}

static void
test_units(void **state)
{
	static const struct {
		const char *yaml;
		long duration, size, count, per; /* 0: not looked at */
	} t[] = {
		/* clang-format off */
		{ "duration: 500ms", 500, 0, 0, 0 },
		{ "duration: 5m", 300000, 0, 0, 0 },
		{ "duration: 1d", 86400000, 0, 0, 0 },
		{ "size: 2M", 0, 2097152, 0, 0 },
		{ "size: 512K", 0, 524288, 0, 0 },
		{ "rate: 3/h", 0, 0, 3, 3600000 },
		{ "rate: \"60/m\"", 0, 0, 60, 60000 },
		/* clang-format on */
	};
	struct folder d;
	struct all o;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(take(&d, t[i].yaml, &o), ERR_OK);
		if (t[i].duration != 0)
			assert_int_equal(o.duration, t[i].duration);
		if (t[i].size != 0)
			assert_int_equal(o.size, t[i].size);
		if (t[i].count != 0)
			assert_int_equal(o.rate.count, t[i].count);
		if (t[i].per != 0)
			assert_int_equal(o.rate.per, t[i].per);
	}
	assert_int_equal(take(&d, "duration: 0s", &o), ERR_OK);
	assert_int_equal(o.duration, 0);
	assert_int_equal(take(&d, "rate: 0", &o), ERR_OK);
	assert_int_equal(o.rate.count, 0);
	folder_close(&d);
}

/* Each row is one fault, and the defaults stand. */
static void
test_faults(void **state)
{
	static const struct {
		const char *yaml;
		int line;
		const char *words;
	} t[] = {
		/* clang-format off */
		{ "string: 5", 1, "\"string\": a text (put it in quotes)" },
		{ "string: true", 1, "put it in quotes" },
		{ "string: []", 1, "\"string\": a text is expected" },
		{ "string: a", 1, "from 2 to 4 bytes, not 1" },
		{ "string: abcde", 1, "from 2 to 4 bytes, not 5" },
		{ "\nnumber: 11", 2, "from 1 to 10, not 11" },
		{ "number: 0", 1, "from 1 to 10, not 0" },
		{ "number: 1.5", 1, "a whole number" },
		{ "number: '5'", 1, "a whole number" },
		{ "yes: 1", 1, "true or false" },
		{ "yes: yes", 1, "true or false" },
		{ "yes: 'true'", 1, "true or false" },
		{ "word: gren", 1, "red or green or blue is expected" },
		{ "word: 1", 1, "red or green or blue is expected" },
		{ "strings: x", 1, "a list of texts" },
		{ "strings:\n  - a\n  - 1\n", 3, "put each in quotes" },
		{ "strings:\n  - a\n  -\n", 3, "put each in quotes" },
		{ "strings: [a, b, c, d]", 1, "from 0 to 3 items, not 4" },
		{ "duration: 2", 1, "a duration such as" },
		{ "duration: 2 s", 1, "a duration such as" },
		{ "duration: s", 1, "a duration such as" },
		{ "duration: -2s", 1, "a duration such as" },
		{ "duration: 2S", 1, "a duration such as" },
		{ "duration: 25h", 1, "not 90000000" },
		{ "duration: 9999999999s", 1, "a duration such as" },
		{ "rate: 60", 1, "a rate such as" },
		{ "rate: 60/d", 1, "a rate such as" },
		{ "rate: /m", 1, "a rate such as" },
		{ "rate: 60/ms", 1, "a rate such as" },
		{ "size: 1k", 1, "a size such as" },
		{ "size: 1G", 1, "a size such as" },
		{ "size: 1MB", 1, "a size such as" },
		{ "size: '2048'", 1, "a size such as" },
		{ "size: 3M", 1, "bytes, not 3145728" },
		{ "size: 1", 1, "not 1" },
		{ "object: []", 1, "a mapping" },
		{ "object: x", 1, "a mapping" },
		{ "inner: []", 1, "a mapping" },
		{ "list: {}", 1, "a list of mappings" },
		{ "list:\n  - x\n", 2, "a mapping" },
		{ "list:\n  -\n", 2, "a list of mappings" },
		{ "strng: ab", 1, "unknown key \"strng\": did you mean "
		  "\"string\"?" },
		{ "\n\nNumber: 5", 3, "did you mean \"number\"?" },
		{ "stringsss: ab", 1, "did you mean \"strings\"?" },
		{ "stringssss: ab", 1, "unknown key \"stringssss\"" },
		{ "x: ~", 1, "unknown key \"x\"" },
		{ "xy: ~", 1, "unknown key \"xy\"" },
		{ "[1]", 1, "a mapping is expected" },
		{ "abc", 1, "a mapping is expected" },
		/* clang-format on */
	};
	struct folder d;
	struct all o;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&o, 0xa5, sizeof(o));
		assert_int_equal(take(&d, t[i].yaml, &o), ERR_INVALID);
		assert_true(folder_has_fault(&d, "f", t[i].line, t[i].words));
		assert_int_equal(d.f.n, 1);
		assert_defaults(&o);
	}
	/* No hint where nothing is near. */
	(void)!take(&d, "stringssss: ab", &o);
	assert_string_equal(d.f.list[0].text, "unknown key \"stringssss\"");
	(void)!take(&d, "x: ab", &o);
	assert_string_equal(d.f.list[0].text, "unknown key \"x\"");
	folder_close(&d);
}

static void
test_nested(void **state)
{
	struct folder d;
	struct all o;

	(void)state;
	folder_open(&d);
	assert_int_equal(take(&d,
			     "inner:\n"
			     "  n: 10\n"
			     "  m: 1\n"
			     "list:\n"
			     "  - needed: x\n"
			     "    needd: y\n"
			     "  - { n: 1 }\n"
			     "  - needed:\n",
			     &o),
	    ERR_INVALID);
	assert_true(folder_has_fault(&d, "f", 1, "\"needed\" is missing"));
	assert_true(folder_has_fault(&d, "f", 2, "from -9 to 9, not 10"));
	assert_true(folder_has_fault(&d, "f", 3, "unknown key \"m\""));
	assert_true(folder_has_fault(&d, "f", 6, "did you mean \"needed\"?"));
	assert_true(folder_has_fault(&d, "f", 7, "\"needed\" is missing"));
	assert_true(folder_has_fault(&d, "f", 8, "\"needed\" is missing"));
	assert_int_equal(d.f.n, 6);
	folder_close(&d);
}

/* What must be there is missing from an empty file too. */
static void
test_must(void **state)
{
	struct setting_source src = { .file = "f" };
	struct folder d;
	struct inner o;

	(void)state;
	folder_open(&d);
	src.f = &d.f;
	assert_int_equal(setting_read(d.a, inner_rows, &src, &o), ERR_INVALID);
	assert_true(folder_has_fault(&d, "f", 0, "\"needed\" is missing"));
	folder_close(&d);
}

static void
test_strings_has(void **state)
{
	const char *list[] = { "a", "bc" };
	const struct strings l = { list, 2 };

	(void)state;
	assert_true(strings_has(&l, "a"));
	assert_true(strings_has(&l, "bc"));
	assert_false(strings_has(&l, "b"));
	assert_false(strings_has(&l, "bcd"));
	assert_false(strings_has(&(struct strings){ NULL, 0 }, "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_must),
		cmocka_unit_test(test_strings_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
