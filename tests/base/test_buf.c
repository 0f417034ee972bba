#include "base/buf.h"

#include <string.h>

#include "test.h"

static int
setup(void **state)
{
	*state = arena_new(128);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void
test_empty_is_an_empty_string(void **state)
{
	struct buf b;

	buf_init(&b, *state);
	assert_int_equal(buf_slice(&b).len, 0);
	assert_string_equal(b.s, "");
	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	assert_string_equal(b.s, "");
}

static void
test_additions_come_in_order(void **state)
{
	struct buf b;

	buf_init(&b, *state);
	buf_add(&b, "ab", 2);
	buf_addc(&b, 'c');
	buf_adds(&b, "de");
	buf_printf(&b, "%03d%s", 7, "f");
	assert_string_equal(b.s, "abcde007f");
	assert_true(slice_is(buf_slice(&b), "abcde007f"));
	buf_addc(&b, '\0');
	buf_addc(&b, 'z');
	assert_int_equal(buf_slice(&b).len, 11);
	assert_memory_equal(b.s, "abcde007f\0z", 12);
}

/* Every length around the growths, by each way to add. */
static void
test_growth_keeps_content_and_nul(void **state)
{
	char text[300];

	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		struct buf by_byte, by_add, by_printf;

		buf_init(&by_byte, *state);
		buf_init(&by_add, *state);
		buf_init(&by_printf, *state);
		for (size_t i = 0; i < n; i++)
			buf_addc(&by_byte, 'x');
		buf_add(&by_add, text, n);
		buf_printf(&by_printf, "%.*s", (int)n, text);
		assert_int_equal(by_byte.len, n);
		assert_int_equal(strlen(by_byte.s), n);
		assert_memory_equal(by_byte.s, text, n);
		assert_string_equal(by_add.s, by_byte.s);
		assert_string_equal(by_printf.s, by_byte.s);
		assert_int_equal(by_printf.len, n);
		arena_reset(*state);
	}
}

static void
test_a_buffer_may_be_added_to_itself(void **state)
{
	struct buf b;

	buf_init(&b, *state);
	buf_adds(&b, "ab");
	for (int i = 0; i < 8; i++)
		buf_add(&b, b.s, b.len);
	assert_int_equal(b.len, 512);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.s[i], "ab"[i % 2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_empty_is_an_empty_string, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_additions_come_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_growth_keeps_content_and_nul, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_buffer_may_be_added_to_itself, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
