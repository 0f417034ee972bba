#include "store/state.h"

#include "fixture.h"

static void
says(struct fixture *f, const char *name, const char *want)
{
	struct slice v = { NULL, 0 };
	enum err e = state_get(f->st, name, f->a, &v);

	if (want == NULL) {
		assert_int_equal(e, ERR_NOTFOUND);
		return;
	}
	assert_int_equal(e, ERR_OK);
	assert_string_equal(v.s, want);
	assert_int_equal(v.len, strlen(want));
}

static void
test_said_and_taken_back(void **state)
{
	struct fixture *f = *state;

	says(f, "a", NULL);
	assert_int_equal(state_put(f->st, "a", S("one")), ERR_OK);
	assert_int_equal(state_put(f->st, "ab", S("other")), ERR_OK);
	assert_int_equal(state_put(f->st, "a", S("two")), ERR_OK);
	fixture_reopen(f);
	says(f, "a", "two");
	assert_int_equal(
	    state_put(f->st, "a", (struct slice){ NULL, 0 }), ERR_OK);
	assert_int_equal(
	    state_put(f->st, "a", (struct slice){ NULL, 0 }), ERR_OK);
	says(f, "a", NULL);
	says(f, "ab", "other");
}

static void
test_limit(void **state)
{
	struct fixture *f = *state;
	char big[STATE_MAX + 1];

	memset(big, 'x', sizeof(big));
	assert_int_equal(
	    state_put(f->st, "a", table_slice(big, STATE_MAX)), ERR_OK);
	assert_int_equal(
	    state_put(f->st, "a", table_slice(big, STATE_MAX + 1)), ERR_TOOBIG);
	assert_int_equal(state_replace(f->st, "a", table_slice(big, STATE_MAX),
			     table_slice(big, STATE_MAX + 1)),
	    ERR_TOOBIG);
}

static void
test_only_the_first_replaces(void **state)
{
	const struct slice nothing = { NULL, 0 };
	struct fixture *f = *state;

	assert_int_equal(
	    state_replace(f->st, "a", S("none"), S("x")), ERR_CONFLICT);
	says(f, "a", NULL);
	assert_int_equal(state_replace(f->st, "a", nothing, S("one")), ERR_OK);
	assert_int_equal(
	    state_replace(f->st, "a", nothing, S("two")), ERR_CONFLICT);
	assert_int_equal(
	    state_replace(f->st, "a", S("on"), S("two")), ERR_CONFLICT);
	says(f, "a", "one");
	assert_int_equal(state_replace(f->st, "a", S("one"), S("two")), ERR_OK);
	says(f, "a", "two");
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_said_and_taken_back),
		T(test_limit),
		T(test_only_the_first_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
