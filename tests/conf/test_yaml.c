#include "conf/yaml.h"
#include "folder.h"

static void
test_values(void **state)
{
	/* YAML 1.2.2, 10.3.2, and its near-misses; as compact JSON. */
	static const struct {
		const char *yaml, *json;
	} t[] = {
		/* clang-format off */
		{ "", "null" },
		{ "# only a comment\n", "null" },
		{ "---\n...\n", "null" },
		{ "[a, 'b', \"c\\u00e9\\n\"]", "[\"a\",\"b\",\"c\xc3\xa9\\n\"]" },
		{ "[~, null, Null, NULL, nULL, '~', 'null', \"\"]",
		  "[null,null,null,null,\"nULL\",\"~\",\"null\",\"\"]" },
		{ "[true, false, True, yes, no, on, y, 'true']",
		  "[true,false,\"True\",\"yes\",\"no\",\"on\",\"y\",\"true\"]" },
		{ "[0, -1, +2, 007, 0o17, 0xfF, '1', -0]",
		  "[0,-1,2,7,15,255,\"1\",0]" },
		{ "[9223372036854775807, -9223372036854775808]",
		  "[9223372036854775807,-9223372036854775808]" },
		{ "[1_000, 0b1, 0o8, 0xg, 0x, 0o, +0x1, '0x1', 1:30, 12h]",
		  "[\"1_000\",\"0b1\",\"0o8\",\"0xg\",\"0x\",\"0o\",\"+0x1\","
		  "\"0x1\",\"1:30\",\"12h\"]" },
		{ "[1.5, -.5, +1., 2e3, 2E-1, 1.e+1]",
		  "[1.5,-0.5,1,2000,0.2,10]" },
		{ "[., 1e, 1.2.3, e1, .e1, '1.5', -.inf0]",
		  "[\".\",\"1e\",\"1.2.3\",\"e1\",\".e1\",\"1.5\","
		  "\"-.inf0\"]" },
		{ "[2026-11-22, 12:00]", "[\"2026-11-22\",\"12:00\"]" },
		{ "a:\n  - b: |\n      x\n      y\n    c: >-\n      p\n      q\n",
		  "{\"a\":[{\"b\":\"x\\ny\\n\",\"c\":\"p q\"}]}" },
		{ "1: a\ntrue: b\n~: c\n", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}" },
		{ "a: {}\nb: []\nc:\n", "{\"a\":{},\"b\":[],\"c\":null}" },
		{ "\xef\xbb\xbf" "a: 1\nb: 2\n", "{\"a\":1,\"b\":2}" },
		{ "a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}" },
		{ "<<: 1", "{\"<<\":1}" },
		{ "%YAML 1.2\n---\na", "\"a\"" },
		/* clang-format on */
	};
	struct json_object *o;
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		o = NULL;
		assert_int_equal(
		    yaml_parse(d.a, slice_of(t[i].yaml), "f", &d.f, &o),
		    ERR_OK);
		assert_string_equal(json_text(d.a, o).s, t[i].json);
	}
	folder_close(&d);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *yaml;
		int line;
		const char *words;
	} t[] = {
		/* clang-format off */
		{ "a: 1\nb: [1\nc: 2\n", 3, "did not find expected" },
		{ "a: 1\n\tb: 2\n", 2, "" },
		{ "a: 1\nb: *x\n", 2, "aliases" },
		{ "a: &x 1\n", 1, "anchors" },
		{ "\na: &x [1]\n", 2, "anchors" },
		{ "a: &x {b: 1}\n", 1, "anchors" },
		{ "a: !!str 1\n", 1, "tags" },
		{ "a: !x [1]\n", 1, "tags" },
		{ "a: !x {b: 1}\n", 1, "tags" },
		{ "a: 1\nb: 2\na: 3\n", 3, "\"a\" is given twice, first on "
		  "line 1" },
		{ "x:\n  b: { c: 1,\n  c: 2 }\n", 3, "\"c\" is given twice" },
		{ "a: ~\na: ~\n", 2, "twice" },
		{ "a\n---\nb\n", 2, "second document" },
		{ "? [a]\n: b\n", 1, "a key must be" },
		{ "? {a: 1}\n: b\n", 1, "a key must be" },
		{ "a: 1\nb: \"x\\0y\"\n", 2, "U+0000" },
		{ "\"a\\0\": 1\n", 1, "U+0000" },
		{ "a: 1\nb: \xff\n", 2, "invalid UTF-8" },
		{ "a: \xed\xa0\x80\n", 1, "invalid UTF-8" },
		{ "a: 1\nb: \x01\n", 2, "control characters" },
		{ "a: 9223372036854775808\n", 1, "out of range" },
		{ "a: -9223372036854775809\n", 1, "out of range" },
		{ "a: 0xffffffffffffffff\n", 1, "out of range" },
		{ "a: 1e999\n", 1, "out of range" },
		{ "a: 1\nb: .inf\n", 2, ".inf" },
		{ "b: -.INF\n", 1, "-.INF" },
		{ "b: .NaN\n", 1, ".NaN" },
		{ "a: %x\n", 1, "" },
		/* clang-format on */
	};
	struct json_object *o, *untouched = NULL;
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		o = untouched;
		folder_reset(&d);
		assert_int_equal(
		    yaml_parse(d.a, slice_of(t[i].yaml), "f", &d.f, &o),
		    ERR_INVALID);
		assert_ptr_equal(o, untouched);
		assert_true(folder_has_fault(&d, "f", t[i].line, t[i].words));
		assert_int_equal(d.f.n, 1);
	}
	folder_reset(&d);
	assert_int_equal(
	    yaml_parse(d.a, (struct slice){ "a: b\n\0", 6 }, "f", &d.f, &o),
	    ERR_INVALID);
	assert_true(folder_has_fault(&d, "f", 2, "U+0000"));
	folder_close(&d);
}

/* Each is named, not only the first. */
static void
test_many_faults(void **state)
{
	struct json_object *o;
	struct folder d;

	(void)state;
	folder_open(&d);
	assert_int_equal(
	    yaml_parse(d.a, slice_of("a: .inf\na: 1\na: 2\nb: 1e999\n"), "f",
		&d.f, &o),
	    ERR_INVALID);
	assert_true(folder_has_fault(&d, "f", 1, ".inf"));
	assert_true(folder_has_fault(&d, "f", 2, "twice"));
	assert_true(folder_has_fault(&d, "f", 3, "twice"));
	assert_true(folder_has_fault(&d, "f", 4, "out of range"));
	assert_int_equal(d.f.errors, 4);
	folder_close(&d);
}

static void
test_lines(void **state)
{
	static const char text[] = "# a comment\n"
				   "a: 1\n"
				   "b: ~\n"
				   "c:\n"
				   "  d:\n"
				   "    - x\n"
				   "    -\n"
				   "    - 1.5\n"
				   "    - { e: true,\n"
				   "        f: 2.5 }\n";
	struct json_object *o = NULL, *c, *d, *e;
	struct folder dir;

	(void)state;
	folder_open(&dir);
	assert_int_equal(
	    yaml_parse(dir.a, slice_of(text), "f", &dir.f, &o), ERR_OK);
	c = json_get(o, "c");
	d = json_get(c, "d");
	e = json_object_array_get_idx(d, 3);
	assert_int_equal(yaml_line(o), 2);
	assert_int_equal(yaml_line(json_get(o, "a")), 2);
	assert_int_equal(yaml_line_of(o, "b"), 3);
	assert_int_equal(yaml_line(c), 4);
	assert_int_equal(yaml_line(d), 5);
	assert_int_equal(yaml_line_at(d, 0), 6);
	assert_int_equal(yaml_line_at(d, 1), 7);
	assert_int_equal(yaml_line_at(d, 2), 8);
	assert_int_equal(yaml_line_at(d, 3), 9);
	assert_int_equal(yaml_line_at(d, 4), 0);
	assert_int_equal(yaml_line(json_object_array_get_idx(d, 0)), 6);
	assert_int_equal(yaml_line(json_object_array_get_idx(d, 2)), 0);
	assert_int_equal(yaml_line_of(e, "f"), 10);
	assert_int_equal(yaml_line_of(e, "g"), 0);
	assert_int_equal(yaml_line_of(d, "f"), 0);
	assert_int_equal(yaml_line_at(e, 0), 0);
	assert_int_equal(yaml_line(NULL), 0);
	assert_int_equal(yaml_line_of(NULL, "a"), 0);

	/* What was not read from YAML has none, doubles with user data too. */
	assert_int_equal(
	    json_parse(dir.a, slice_of("{\"a\":[1.5,\"x\"]}"), 8, &o, NULL),
	    ERR_OK);
	d = json_get(o, "a");
	assert_int_equal(yaml_line(o), 0);
	assert_int_equal(yaml_line_of(o, "a"), 0);
	assert_int_equal(yaml_line(json_object_array_get_idx(d, 0)), 0);
	assert_int_equal(yaml_line(json_object_array_get_idx(d, 1)), 0);
	folder_close(&dir);
}

/* Templates are merged and copied like any other JSON. */
static void
test_copy(void **state)
{
	struct json_object *o = NULL, *copy;
	struct folder d;

	(void)state;
	folder_open(&d);
	assert_int_equal(
	    yaml_parse(d.a, slice_of("a: [1, 1.5, x, ~, {}]"), "f", &d.f, &o),
	    ERR_OK);
	copy = json_copy(d.a, o);
	assert_string_equal(
	    json_text(d.a, copy).s, "{\"a\":[1,1.5,\"x\",null,{}]}");
	assert_int_equal(yaml_line(copy), 0);
	folder_close(&d);
}

static void
test_limits(void **state)
{
	char deep[80], *big, *path;
	struct json_object *o;
	struct folder d;

	(void)state;
	folder_open(&d);
	memset(deep, '[', 40);
	for (size_t n = 32; n <= 33; n++) {
		memset(deep + n, ']', n);
		folder_reset(&d);
		assert_int_equal(yaml_parse(d.a, (struct slice){ deep, 2 * n },
				     "f", &d.f, &o),
		    n == 32 ? ERR_OK : ERR_INVALID);
		memset(deep, '[', 40);
	}
	assert_true(folder_has_fault(&d, "f", 1, "32 levels"));

	big = arena_alloc(d.a, 1024 * 1024 + 2);
	memset(big, '#', 1024 * 1024 + 1);
	path = folder_write_bytes(
	    &d, "big.yml", (struct slice){ big, 1024 * 1024 });
	assert_int_equal(yaml_read(d.a, path, "big", &d.f, &o), ERR_OK);
	folder_write_bytes(
	    &d, "big.yml", (struct slice){ big, 1024 * 1024 + 1 });
	assert_int_equal(yaml_read(d.a, path, "big", &d.f, &o), ERR_INVALID);
	assert_true(folder_has_fault(&d, "big", 0, "over 1 MiB"));
	folder_close(&d);
}

static void
test_read(void **state)
{
	struct json_object *o = NULL;
	struct folder d;

	(void)state;
	folder_open(&d);
	assert_int_equal(yaml_read(d.a, folder_path(&d, "no"), "no", &d.f, &o),
	    ERR_NOTFOUND);
	assert_int_equal(d.f.n, 0);
	assert_int_equal(yaml_read(d.a, d.dir, "dir", &d.f, &o), ERR_INVALID);
	assert_true(folder_has_fault(&d, "dir", 0, "cannot be read"));
	assert_int_equal(
	    yaml_read(d.a, folder_write(&d, "f", "a: 1\n"), "f", &d.f, &o),
	    ERR_OK);
	assert_string_equal(json_text(d.a, o).s, "{\"a\":1}");
	/* A FIFO without a writer must not stop anybody. */
	assert_int_equal(mkfifo(folder_path(&d, "fifo"), 0600), 0);
	assert_int_equal(
	    yaml_read(d.a, folder_path(&d, "fifo"), "fifo", &d.f, &o),
	    ERR_INVALID);
	folder_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
