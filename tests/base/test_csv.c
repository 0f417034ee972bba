#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "test.h"

/* What a file reads as: cells in brackets, `!` for a record at fault, and the
 * line that each began in. */
static const struct {
	const char *in, *out;
} files[] = {
	{ "", "" },
	{ "\n\r\n\n", "" },
	{ "a,b\nc,d\n", "1[a][b] 2[c][d] " },
	{ "a,b\r\nc,d", "1[a][b] 2[c][d] " },
	{ "\xef\xbb\xbf"
	  "a\n",
	    "1[a] " },
	{ "a\n\n\nb\n", "1[a] 4[b] " },
	{ ",\n", "1[][] " },
	{ "\"a,b\",\"c\"\"d\"\n", "1[a,b][c\"d] " },
	{ "\"a\nb\"\nc\n", "1[a\nb] 3[c] " },
	{ "\"a\r\nb\"\r\nc\r\n", "1[a\r\nb] 3[c] " },
	{ "a\"b\n", "1[a\"b] " },
	{ "a\rb\n", "1[a\rb] " },
	{ "\"a\"b\nc\n", "1! 2[c] " },
	{ "\"a\nc\n", "1! " },
	{ "0123456789012345678901234567890123\nc\n", "1! 2[c] " },
	{ "0123456789012345678901234567\nc\n",
	    "1[0123456789012345678901234567] 2[c] " },
};

static const char *
read_all(struct arena *a, const char *text)
{
	char *in = arena_strdup(a, text);
	struct csv c = { .max = 32, .next = 1 };
	struct csv_record *r = arena_alloc(a, sizeof(*r));
	struct why w;
	struct buf b;
	enum err e;

	buf_init(&b, a);
	buf_adds(&b, "");
	c.in = *in == '\0' ? fopen("/dev/null", "re")
			   : fmemopen(in, strlen(in), "r");
	assert_non_null(c.in);
	while ((e = csv_read(&c, a, r, &w)) != ERR_NOTFOUND) {
		buf_printf(&b, "%u%s", c.line, e == ERR_OK ? "" : "!");
		for (size_t i = 0; e == ERR_OK && i < r->n; i++)
			buf_printf(&b, "[%s]", r->cells[i].s);
		buf_addc(&b, ' ');
	}
	fclose(c.in);
	return b.s;
}

static void
test_read(void **state)
{
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_string_equal(read_all(a, files[i].in), files[i].out);
	arena_free(a);
}

static void
test_write(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = { { "", "" }, { "a b", "a b" }, { "a,b", "\"a,b\"" },
		{ "a\"b", "\"a\"\"b\"" }, { "a\nb", "\"a\nb\"" },
		{ "a\rb", "\"a\rb\"" } };
	struct arena *a = arena_new(4096);
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&b, a);
		buf_adds(&b, "");
		csv_cell(&b, slice_of(t[i].in));
		assert_string_equal(b.s, t[i].out);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_read),
		cmocka_unit_test(test_write) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
