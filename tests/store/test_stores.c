#include <sys/stat.h>

#include "fixture.h"

#define MAX 16

static const char *
tenant(struct fixture *f, int i)
{
	return arena_printf(f->a, "%s/../tenant-%d", f->dir, i);
}

/* Whether this process is attached to the folder. */
static bool
is_open(const char *dir)
{
	struct store *st;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return true;
	store_close(st);
	return false;
}

static void
test_the_same_again(void **state)
{
	struct fixture *f = *state;
	struct stores *ss = stores_new(&fast);
	struct store *a = NULL, *b = NULL, *c = NULL;

	assert_int_equal(stores_get(ss, tenant(f, 0), &a), ERR_OK);
	assert_int_equal(stores_get(ss, tenant(f, 1), &b), ERR_OK);
	assert_int_equal(stores_get(ss, tenant(f, 0), &c), ERR_OK);
	assert_ptr_equal(a, c);
	assert_ptr_not_equal(a, b);
	stores_free(ss);
	assert_false(is_open(tenant(f, 0)));
	stores_free(NULL);
}

static void
test_the_least_recently_used_goes(void **state)
{
	struct fixture *f = *state;
	struct stores *ss = stores_new(&fast);
	struct store *st = NULL, *first = NULL;

	for (int i = 0; i < MAX; i++)
		assert_int_equal(stores_get(ss, tenant(f, i), &st), ERR_OK);
	assert_int_equal(stores_get(ss, tenant(f, 0), &first), ERR_OK);
	for (int i = 0; i < MAX; i++)
		assert_true(is_open(tenant(f, i)));
	assert_int_equal(stores_get(ss, tenant(f, MAX), &st), ERR_OK);
	assert_false(is_open(tenant(f, 1)));
	for (int i = 0; i <= MAX; i++)
		assert_int_equal(is_open(tenant(f, i)), i != 1);
	assert_int_equal(stores_get(ss, tenant(f, 0), &st), ERR_OK);
	assert_ptr_equal(st, first);
	stores_free(ss);
}

static void
test_one_that_fails_leaves_the_others(void **state)
{
	struct fixture *f = *state;
	struct stores *ss = stores_new(&fast);
	struct store *a = NULL, *st = NULL;

	assert_int_equal(stores_get(ss, tenant(f, 0), &a), ERR_OK);
	assert_int_equal(
	    stores_get(ss, fixture_path(f, "no/such"), &st), ERR_INTERNAL);
	assert_null(st);
	assert_int_equal(stores_get(ss, tenant(f, 0), &st), ERR_OK);
	assert_ptr_equal(st, a);
	stores_free(ss);
}

/* As a restore from a backup does it. */
static void
test_a_folder_in_the_place_of_another(void **state)
{
	struct fixture *f = *state;
	struct stores *ss = stores_new(&fast);
	struct store_pass p = { .id = "p1" }, got;
	struct store *st = NULL;

	assert_int_equal(stores_get(ss, tenant(f, 0), &st), ERR_OK);
	assert_int_equal(add(st, &p), ERR_OK);
	assert_int_equal(rename(tenant(f, 0), tenant(f, 1)), 0);
	assert_int_equal(stores_get(ss, tenant(f, 0), &st), ERR_OK);
	assert_int_equal(store_pass_read(st, "p1", f->a, &got), ERR_NOTFOUND);
	assert_int_equal(stores_get(ss, tenant(f, 1), &st), ERR_OK);
	assert_int_equal(store_pass_read(st, "p1", f->a, &got), ERR_OK);
	stores_free(ss);
}

static void
test_all_answer(void **state)
{
	struct fixture *f = *state;
	struct stores *ss = stores_new(&fast);
	struct store *st = NULL;

	assert_int_equal(stores_ask(ss, f->a), ERR_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(stores_get(ss, tenant(f, i), &st), ERR_OK);
	assert_int_equal(stores_ask(ss, f->a), ERR_OK);
	stores_free(ss);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_the_same_again),
		T(test_the_least_recently_used_goes),
		T(test_one_that_fails_leaves_the_others),
		T(test_a_folder_in_the_place_of_another),
		T(test_all_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
