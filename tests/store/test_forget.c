#include "fixture.h"
#include "store/column.h"
#include "store/dict.h"

static struct store_pass
with_city(struct fixture *f, const char *id, const char *city)
{
	struct store_pass p = { .id = id, .document = S("{}") };

	p.columns = arena_alloc(f->a, 2 * sizeof(*p.columns));
	p.columns[0] = (struct store_column){ .name = S("metadata.city"),
		.value = slice_of(city),
		.kind = STORE_TEXT };
	p.columns[1] = (struct store_column){ .name = S("metadata.big"),
		.value = S("12345678901234567890123"),
		.kind = STORE_NUMBER };
	p.ncolumns = 2;
	return p;
}

/* Its code; 0: there is none. */
static uint32_t
code_of(struct fixture *f, const char *name, const char *text)
{
	uint32_t field, code;

	assert_int_equal(dict_refresh(f->st), ERR_OK);
	assert_int_equal(
	    dict_find(f->st, DICT_NAMES, slice_of(name), &field), ERR_OK);
	switch (dict_find(f->st, field, slice_of(text), &code)) {
	case ERR_OK:
		return code;
	case ERR_NOTFOUND:
		return 0;
	default:
		fail();
		return 0;
	}
}

static void
test_texts_that_nobody_has_are_forgotten(void **state)
{
	static const char big[] = "12345678901234567890123";
	struct fixture *f = *state;
	const char *words = arena_printf(f->a, "%0600d", 7);
	const char *const cities[] = { "Lund", "Lund", "Rome", words };
	struct store_pass p[4];
	uint32_t lund;

	for (size_t i = 0; i < 4; i++) {
		p[i] =
		    with_city(f, arena_printf(f->a, "pass-%zu", i), cities[i]);
		assert_int_equal(add(f->st, &p[i]), ERR_OK);
	}
	lund = code_of(f, "metadata.city", "Lund");
	assert_int_not_equal(lund, 0);
	assert_int_not_equal(code_of(f, "metadata.city", words), 0);

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(remove_pass(f->st, &p[i]), ERR_OK);
		assert_int_equal(store_forget_texts(f->st), ERR_OK);
		assert_int_equal(
		    code_of(f, "metadata.city", "Lund"), i == 0 ? lund : 0);
		assert_int_equal(
		    code_of(f, "metadata.city", "Rome") == 0, i >= 2);
		assert_int_equal(
		    code_of(f, "metadata.city", words) == 0, i >= 3);
		assert_int_equal(code_of(f, "metadata.big", big) == 0, i >= 3);
	}
	/* A code is given once, ever. */
	assert_int_equal(add(f->st, &p[0]), ERR_OK);
	assert_true(code_of(f, "metadata.city", "Lund") > lund);
}

/* Cells that were moved to their column count as well as fresh ones. */
static void
test_texts_in_folded_columns_stay(void **state)
{
	struct fixture *f = *state;
	struct store_pass one = with_city(f, "pass-1", "Lund");
	struct store_pass two = with_city(f, "pass-2", "Lund");

	assert_int_equal(add(f->st, &one), ERR_OK);
	assert_int_equal(add(f->st, &two), ERR_OK);
	assert_int_equal(column_fold(f->st, 100), ERR_OK);
	assert_int_equal(remove_pass(f->st, &one), ERR_OK);
	assert_int_equal(store_forget_texts(f->st), ERR_OK);
	assert_int_not_equal(code_of(f, "metadata.city", "Lund"), 0);
	assert_int_equal(remove_pass(f->st, &two), ERR_OK);
	assert_int_equal(store_forget_texts(f->st), ERR_OK);
	assert_int_equal(code_of(f, "metadata.city", "Lund"), 0);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_texts_that_nobody_has_are_forgotten),
		T(test_texts_in_folded_columns_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
