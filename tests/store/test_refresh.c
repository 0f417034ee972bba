#include "store/refresh.h"

#include "fixture.h"

#define NOW INT64_C(1795323845678)

static void
pass(struct fixture *f, const char *id)
{
	struct store_pass p = { .id = id, .document = S("{}") };

	assert_int_equal(add(f->st, &p), ERR_OK);
}

static enum err
drop_in(struct txn *t, void *arg)
{
	return refresh_drop(t, arg);
}

/* Ids and tries of what is due, such as "a0,b3", and when the rest is. */
static const char *
due(struct fixture *f, int64_t now, int64_t soonest)
{
	struct refresh rows[REFRESH_ROWS];
	struct refresh_look look = { .now = now, .soonest = -1 };
	const char *all = "";
	size_t n = 99;

	assert_int_equal(refresh_due(f->st, &look, f->a, rows, &n), ERR_OK);
	assert_int_equal(look.soonest, soonest);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(f->a, "%s%s%s%u", all, i == 0 ? "" : ",",
		    rows[i].id, rows[i].tries);
	return all;
}

static void
test_each_at_its_time(void **state)
{
	struct fixture *f = *state;
	const struct refresh a = { "pass1", NOW, 0 },
			     b = { "pass12", NOW + 5, 3 };

	assert_string_equal(due(f, NOW, 0), "");
	pass(f, "pass1");
	pass(f, "pass12");
	assert_int_equal(refresh_set(f->st, &a), ERR_OK);
	assert_int_equal(refresh_set(f->st, &b), ERR_OK);
	fixture_reopen(f);
	assert_string_equal(due(f, NOW - 1, NOW), "");
	assert_string_equal(due(f, NOW, NOW + 5), "pass10");
	assert_string_equal(due(f, NOW + 4, NOW + 5), "pass10");
	assert_string_equal(due(f, NOW + 5, 0), "pass10,pass123");
}

static void
test_the_last_word_counts(void **state)
{
	struct fixture *f = *state;
	const struct refresh first = { "pass1", NOW, 7 },
			     second = { "pass1", NOW + 9, 8 };

	pass(f, "pass1");
	assert_int_equal(refresh_set(f->st, &first), ERR_OK);
	assert_int_equal(refresh_set(f->st, &second), ERR_OK);
	assert_string_equal(due(f, NOW, NOW + 9), "");
	assert_string_equal(due(f, NOW + 9, 0), "pass18");
	assert_int_equal(
	    store_run(f->st, drop_in, arena_strdup(f->a, "pass")), ERR_OK);
	assert_string_equal(due(f, NOW + 9, 0), "pass18");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    store_run(f->st, drop_in, arena_strdup(f->a, "pass1")),
		    ERR_OK);
		assert_string_equal(due(f, NOW + 9, 0), "");
	}
}

static void
test_a_pass_that_is_gone_owes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct refresh r = { "nobody", NOW, 0 };

	assert_int_equal(refresh_set(f->st, &r), ERR_OK);
	assert_string_equal(due(f, NOW, 0), "");
}

/* More than one look gives: the rest is due at once. */
static void
test_many(void **state)
{
	struct refresh rows[REFRESH_ROWS];
	struct refresh_look look = { .now = NOW };
	struct fixture *f = *state;
	size_t n = 0;

	for (int i = 0; i <= REFRESH_ROWS; i++) {
		const struct refresh r = { arena_printf(f->a, "pass%d", i), NOW,
			0 };

		pass(f, r.id);
		assert_int_equal(refresh_set(f->st, &r), ERR_OK);
	}
	assert_int_equal(refresh_due(f->st, &look, f->a, rows, &n), ERR_OK);
	assert_int_equal(n, REFRESH_ROWS);
	assert_int_equal(look.soonest, NOW);
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_at_its_time),
		TEST(test_the_last_word_counts),
		TEST(test_a_pass_that_is_gone_owes_nothing),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
