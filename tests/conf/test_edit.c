#include <errno.h>

#include "conf/edit.h"
#include "conf/yaml.h"
#include "folder.h"

#define ITEM "{ name: new }"

struct row {
	const char *what, *before, *after;
};

static void
test_add(void **state)
{
	/* clang-format off */
	static const struct row t[] = {
		{ "an empty file", "", "k:\n  - " ITEM "\n" },
		{ "comments only", "# a\n", "# a\nk:\n  - " ITEM "\n" },
		{ "no final newline", "a: 1", "a: 1\nk:\n  - " ITEM "\n" },
		{ "no such key", "a: 1 # one\n\n# end\n",
		  "a: 1 # one\n\n# end\nk:\n  - " ITEM "\n" },
		{ "an end mark", "---\na: 1\n...\n# after\n",
		  "---\na: 1\nk:\n  - " ITEM "\n...\n# after\n" },
		{ "an indented root", "  a: 1\n",
		  "  a: 1\n  k:\n    - " ITEM "\n" },
		{ "no value", "k: # none\nz: 1\n",
		  "k: # none\n  - " ITEM "\nz: 1\n" },
		{ "a null", "k: ~ # none\nz: 1\n",
		  "k: [ " ITEM " ] # none\nz: 1\n" },
		{ "block", "k: # keys\n  - { name: a } # first\n  # more?\nz: 1\n",
		  "k: # keys\n  - { name: a } # first\n  - " ITEM
		  "\n  # more?\nz: 1\n" },
		{ "block, not indented", "k:\n- name: a\n  b: 1\n\nz: 1\n",
		  "k:\n- name: a\n  b: 1\n- " ITEM "\n\nz: 1\n" },
		{ "block, last in the file", "k:\n  - name: a",
		  "k:\n  - name: a\n  - " ITEM "\n" },
		{ "block, an empty item", "k:\n  -\nz: 1\n",
		  "k:\n  -\n  - " ITEM "\nz: 1\n" },
		{ "block, a flow item of lines",
		  "k:\n  - { name: a,\n      b: [ 1,\n 2 ] } # x\nz: 1\n",
		  "k:\n  - { name: a,\n      b: [ 1,\n 2 ] } # x\n  - " ITEM
		  "\nz: 1\n" },
		{ "block, a literal",
		  "k:\n  - name: |\n      a\n      b\nz: 1\n",
		  "k:\n  - name: |\n      a\n      b\n  - " ITEM "\nz: 1\n" },
		{ "flow, empty", "k:  [ ] # x\nz: 1\n",
		  "k: # x\n  - " ITEM "\nz: 1\n" },
		{ "flow, empty, in lines", "k: [ # x\n]\n",
		  "k: [" ITEM " # x\n]\n" },
		{ "flow, empty, at the end", "k: []", "k:\n  - " ITEM "\n" },
		{ "flow, empty, in flow", "{ k: [] }\n",
		  "{ k: [" ITEM "] }\n" },
		{ "flow", "k: [{ name: a }] # x\n",
		  "k: [{ name: a }, " ITEM "] # x\n" },
		{ "flow, a last comma", "k: [ a, ]\n", "k: [ a, " ITEM " ]\n" },
		{ "flow, lines", "k: [\n  a, # ,]\n  b # ]\n]\n",
		  "k: [\n  a, # ,]\n  b, # ]\n  " ITEM "\n]\n" },
		{ "flow, lines and a last comma", "k: [\n  a,\n  b, # ]\n]\n",
		  "k: [\n  a,\n  b, # ]\n  " ITEM ",\n]\n" },
		{ "flow, the comma on the next line", "k: [ a\n  , ]\n",
		  "k: [ a\n  , " ITEM " ]\n" },
		{ "a flow root", "{ a: 1 }\n",
		  "{ a: 1, k: [ " ITEM " ] }\n" },
		{ "an empty flow root", "{}\n", "{k: [ " ITEM " ]}\n" },
		{ "a flow root, no value", "{ k: , a: 1 }\n",
		  "{ k:  [ " ITEM " ], a: 1 }\n" },
		{ "CRLF", "a: 1\r\nk:\r\n  - b # c\r\nz: 1\r\n",
		  "a: 1\r\nk:\r\n  - b # c\r\n  - " ITEM "\r\nz: 1\r\n" },
		{ "CRLF, flow", "k: [\r\n  b # c\r\n]\r\n",
		  "k: [\r\n  b, # c\r\n  " ITEM "\r\n]\r\n" },
		{ "characters of several bytes",
		  "\xc3\xa9: \"\xe2\x82\xac\xf0\x9f\x8e\x9f\"\n"
		  "k: [\xc3\xa9]\nz: 1\n",
		  "\xc3\xa9: \"\xe2\x82\xac\xf0\x9f\x8e\x9f\"\n"
		  "k: [\xc3\xa9, " ITEM "]\nz: 1\n" },
		{ "a byte order mark", "\xef\xbb\xbfk: [a]\nz: 1\n",
		  "\xef\xbb\xbfk: [a, " ITEM "]\nz: 1\n" },
		{ "the same word elsewhere", "a: { k: [x] }\nb: k\nk: [y]\n",
		  "a: { k: [x] }\nb: k\nk: [y, " ITEM "]\n" },
	};
	/* clang-format on */
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = folder_write(&d, "f.yml", t[i].before);

		print_message("%s\n", t[i].what);
		assert_int_equal(
		    edit_add_item(d.a, path, "k", ITEM, &d.f), ERR_OK);
		assert_string_equal(folder_read(&d, "f.yml"), t[i].after);
	}
	assert_int_equal(d.f.n, 0);
	folder_close(&d);
}

static void
test_remove(void **state)
{
	/* clang-format off */
	static const struct row t[] = {
		{ "block", "k:\n  # about a\n  - { name: a } # x\n"
		  "  - { name: b } # y\n  - { name: c }\nz: 1\n",
		  "k:\n  # about a\n  - { name: a } # x\n  - { name: c }\n"
		  "z: 1\n" },
		{ "block of blocks", "k:\n- name: a\n- x: 1\n  name: b\n"
		  "  p: [ 1,\n    2 ]\n- name: c\n",
		  "k:\n- name: a\n- name: c\n" },
		{ "the only one", "k:\n  - name: b\nz: 1\n", "k:\nz: 1\n" },
		{ "the last, no final newline", "k:\n  - name: a\n  - name: b",
		  "k:\n  - name: a\n" },
		{ "the dash on its own line", "k:\n  - name: a\n  -\n"
		  "    # - no\n    name: b\n  - name: c\n",
		  "k:\n  - name: a\n  - name: c\n" },
		{ "a literal", "k:\n  - name: b\n    t: |\n      x\n\n"
		  "  - name: c\n",
		  "k:\n  - name: c\n" },
		{ "quoted", "k:\n  - \"name\": 'b'\n  - name: c\n",
		  "k:\n  - name: c\n" },
		{ "twice", "k: [{ name: b }, { name: a }, { name: b }]\n",
		  "k: [{ name: a }]\n" },
		{ "flow, first", "k: [ { name: b }, { name: a } ] # x\n",
		  "k: [ { name: a } ] # x\n" },
		{ "flow, last", "k: [ { name: a }, { name: b } ] # x\n",
		  "k: [ { name: a } ] # x\n" },
		{ "flow, only", "k: [{ name: b }]\n", "k: []\n" },
		{ "flow, a last comma", "k: [{ name: a }, { name: b }, ]\n",
		  "k: [{ name: a }, ]\n" },
		{ "flow, lines", "k: [\n  { name: a }, # a\n"
		  "  { name: b }, # b\n  { name: c }\n]\n",
		  "k: [\n  { name: a }, # a\n  { name: c }\n]\n" },
		{ "flow, last of lines", "k: [\n  { name: a }, # a\n"
		  "  { name: b } # b\n]\n",
		  "k: [\n  { name: a }, # a\n]\n" },
		{ "CRLF", "k:\r\n  - name: a\r\n  - name: b # x\r\n# e\r\n",
		  "k:\r\n  - name: a\r\n# e\r\n" },
		{ "names elsewhere", "j: [{ name: b }]\nk:\n  - n: { name: b }\n"
		  "  - name: [b]\n  - b: name\n  - b\n  - name: b\n",
		  "j: [{ name: b }]\nk:\n  - n: { name: b }\n"
		  "  - name: [b]\n  - b: name\n  - b\n" },
	};
	/* clang-format on */
	const struct edit_match m = { "k", "name", "b" };
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = folder_write(&d, "f.yml", t[i].before);

		print_message("%s\n", t[i].what);
		assert_int_equal(edit_remove_item(d.a, path, &m, &d.f), ERR_OK);
		assert_string_equal(folder_read(&d, "f.yml"), t[i].after);
	}
	assert_int_equal(d.f.n, 0);
	folder_close(&d);
}

static void
test_remove_nothing(void **state)
{
	static const char *const t[] = { "", "k:\n", "k: []\n", "a: 1\n",
		"k: [{ name: bb }, { nam: b }, { name: B }]\n",
		"j: [{ name: b }]\n", "{}" };
	const struct edit_match m = { "k", "name", "b" };
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = folder_write(&d, "f.yml", t[i]);

		assert_int_equal(
		    edit_remove_item(d.a, path, &m, &d.f), ERR_NOTFOUND);
		assert_string_equal(folder_read(&d, "f.yml"), t[i]);
	}
	assert_int_equal(
	    edit_remove_item(d.a, folder_path(&d, "none.yml"), &m, &d.f),
	    ERR_NOTFOUND);
	assert_int_equal(access(folder_path(&d, "none.yml"), F_OK), -1);
	assert_int_equal(d.f.n, 0);
	folder_close(&d);
}

static void
test_refuse(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *words;
	} t[] = {
		{ "a: 1\nk: {}\n", 2, "\"k\": a list is expected" },
		{ "a: 1\nk: x\n", 2, "\"k\": a list is expected" },
		{ "- a\n", 0, "a mapping is expected" },
		{ "a: [\n", 2, "" },
		{ "k: []\nk: []\n", 2, "given twice" },
		/* A null that is a document takes no member. */
		{ "~\n", 0, "cannot be changed by a program" },
	};
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = folder_write(&d, "f.yml", t[i].text);

		folder_reset(&d);
		assert_int_equal(
		    edit_add_item(d.a, path, "k", ITEM, &d.f), ERR_INVALID);
		assert_true(
		    folder_has_fault(&d, "f.yml", t[i].line, t[i].words));
		assert_string_equal(folder_read(&d, "f.yml"), t[i].text);
	}
	folder_reset(&d);
	assert_int_equal(edit_add_item(d.a, folder_write(&d, "f.yml", "k: [a]"),
			     "k", "b ] # ", &d.f),
	    ERR_INVALID);
	assert_string_equal(folder_read(&d, "f.yml"), "k: [a]");
	folder_close(&d);
}

static void
test_file(void **state)
{
	struct folder d;
	struct stat st, link;
	char *path;

	(void)state;
	folder_open(&d);
	path = folder_write(&d, "f.yml", "k: []\n");
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(symlink("f.yml", folder_path(&d, "l.yml")), 0);
	assert_int_equal(
	    edit_add_item(d.a, folder_path(&d, "l.yml"), "k", ITEM, &d.f),
	    ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(lstat(folder_path(&d, "l.yml"), &link), 0);
	assert_true(S_ISLNK(link.st_mode));
	assert_string_equal(folder_read(&d, "f.yml"), "k:\n  - " ITEM "\n");

	/* A file that was not there is nobody else's to read. */
	path = folder_path(&d, "new.yml");
	assert_int_equal(edit_add_item(d.a, path, "k", ITEM, &d.f), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_string_equal(folder_read(&d, "new.yml"), "k:\n  - " ITEM "\n");
	folder_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_remove_nothing),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
