#include "base/why.h"

#include <string.h>

#include "base/slice.h"
#include "base/text.h"
#include "test.h"

static void
test_fills_and_returns_the_err(void **state)
{
	struct why w = { "old", "old" };

	(void)state;
	assert_int_equal(
	    why(&w, ERR_DENIED, "a.b", "%s, %d", "x", 2), ERR_DENIED);
	assert_string_equal(w.field, "a.b");
	assert_string_equal(w.text, "x, 2");
	assert_int_equal(why(&w, ERR_INVALID, NULL, "y"), ERR_INVALID);
	assert_string_equal(w.field, "");
	assert_string_equal(w.text, "y");
}

static void
test_nobody_to_tell(void **state)
{
	(void)state;
	assert_int_equal(why(NULL, ERR_CONFLICT, "a", "b"), ERR_CONFLICT);
}

/* A two-byte letter at every place around the end of the room. */
static void
test_cut_at_a_whole_character(void **state)
{
	char in[400], field[200];
	struct why w;

	(void)state;
	for (size_t at = 310; at < 325; at++) {
		size_t want =
		    at == sizeof(w.text) - 2 ? at : sizeof(w.text) - 1;

		memset(in, 'x', sizeof(in) - 1);
		in[sizeof(in) - 1] = '\0';
		memcpy(in + at, "\xc3\xa9", 2);
		memset(field, 'y', sizeof(field) - 1);
		field[sizeof(field) - 1] = '\0';
		memcpy(field + sizeof(w.field) - 2, "\xc3\xa9", 2);
		(void)why(&w, ERR_INVALID, field, "%s", in);
		assert_int_equal(strlen(w.text), want);
		assert_true(text_utf8(slice_of(w.text)));
		assert_int_equal(strlen(w.field), sizeof(w.field) - 2);
	}
}

/* The field or text may come from an earlier one. */
static void
test_its_own_field_may_be_given(void **state)
{
	struct why w = { "a", "b" };

	(void)state;
	(void)why(&w, ERR_INVALID, w.field, "%s of %s", w.text, w.field);
	assert_string_equal(w.field, "a");
	assert_string_equal(w.text, "b of a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_and_returns_the_err),
		cmocka_unit_test(test_nobody_to_tell),
		cmocka_unit_test(test_cut_at_a_whole_character),
		cmocka_unit_test(test_its_own_field_may_be_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
