#include "store/google.h"

#include "fixture.h"
#include "store/due.h"

#define NOW INT64_C(1795323845678)

struct take {
	const char *nonce;
	int64_t expires, now;
};

static enum err
take(struct txn *t, void *arg)
{
	const struct take *n = arg;

	return google_nonce_take(t, slice_of(n->nonce), n->expires, n->now);
}

static enum err
taken(struct fixture *f, const char *nonce, int64_t expires, int64_t now)
{
	struct take n = { nonce, expires, now };

	return store_run(f->st, take, &n);
}

static void
test_a_nonce_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(taken(f, "a", NOW + 10, NOW), ERR_OK);
	assert_int_equal(taken(f, "a", NOW + 10, NOW), ERR_CONFLICT);
	assert_int_equal(taken(f, "b", NOW + 10, NOW), ERR_OK);
	assert_int_equal(taken(f, "", NOW + 10, NOW), ERR_OK);
	fixture_reopen(f);
	assert_int_equal(taken(f, "a", NOW + 10, NOW), ERR_CONFLICT);
	/* Others that come later do not forget one that is good. */
	assert_int_equal(taken(f, "c", NOW + 20, NOW + 9), ERR_OK);
	assert_int_equal(taken(f, "a", NOW + 10, NOW + 9), ERR_CONFLICT);
}

static void
test_old_nonces_go(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		assert_int_equal(
		    taken(f, arena_printf(f->a, "%d", i), NOW + i, NOW),
		    ERR_OK);
	assert_int_equal(taken(f, "new", NOW + 100, NOW + 40), ERR_OK);
	assert_int_equal(taken(f, "40", NOW + 40, NOW + 40), ERR_OK);
	assert_int_equal(taken(f, "41", NOW + 41, NOW + 40), ERR_CONFLICT);
	assert_int_equal(taken(f, "new", NOW + 100, NOW + 40), ERR_CONFLICT);
}

static void
test_classes(void **state)
{
	struct fixture *f = *state;
	unsigned char one[DIGEST_LEN] = { 1, 2, 3 }, got[DIGEST_LEN] = { 0 };

	assert_int_equal(google_class_get(f->st, "1.a", got), ERR_NOTFOUND);
	assert_int_equal(google_class_put(f->st, "1.a", one), ERR_OK);
	assert_int_equal(google_class_get(f->st, "1.a", got), ERR_OK);
	assert_memory_equal(got, one, DIGEST_LEN);
	assert_int_equal(google_class_get(f->st, "1.ab", got), ERR_NOTFOUND);
	assert_int_equal(google_class_put(f->st, "1.a", NULL), ERR_OK);
	assert_int_equal(google_class_put(f->st, "1.a", NULL), ERR_OK);
	assert_int_equal(google_class_get(f->st, "1.a", got), ERR_NOTFOUND);
}

static void
test_three_a_day_are_loud(void **state)
{
	static const struct {
		const char *object;
		int64_t at;
		bool loud;
	} t[] = {
		{ "1.a", 0, true },
		{ "1.a", 1, true },
		{ "1.b", 1, true },
		{ "1.a", 2, true },
		{ "1.a", 3, false },
		{ "1.a", GOOGLE_LOUD_MS - 1, false },
		{ "1.a", GOOGLE_LOUD_MS, true },
		{ "1.a", GOOGLE_LOUD_MS, false },
		{ "1.b", GOOGLE_LOUD_MS, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bool loud = !t[i].loud;

		assert_int_equal(
		    google_loud_get(f->st, t[i].object, NOW + t[i].at, &loud),
		    ERR_OK);
		if (loud != t[i].loud)
			fail_msg("%zu", i);
		if (loud)
			assert_int_equal(
			    google_loud_put(f->st, t[i].object, NOW + t[i].at),
			    ERR_OK);
	}
}

struct taking {
	const char *object;
	int64_t updated;
};

static enum err
take_given(struct txn *t, void *arg)
{
	struct taking *g = arg;

	return google_given_take(t, g->object, &g->updated);
}

static int64_t
given(struct fixture *f, const char *object)
{
	struct taking g = { object, -1 };

	assert_int_equal(store_run(f->st, take_given, &g), ERR_OK);
	return g.updated;
}

static void
test_what_links_carry(void **state)
{
	static const struct google_given list[] = { { "1.a", NOW },
		{ "1.b", NOW + 1 }, { "1.a", NOW + 2 } };
	struct fixture *f = *state;

	assert_int_equal(google_given_put(f->st, list, 3), ERR_OK);
	assert_int_equal(given(f, "1.a"), NOW + 2);
	assert_int_equal(given(f, "1.a"), 0);
	assert_int_equal(given(f, "1."), 0);
	assert_int_equal(given(f, "1.b"), NOW + 1);
}

static enum err
put_ends(struct txn *t, void *arg)
{
	static const struct google_end ends[] = {
		{ "pass2", "card", "3388.old" },
		{ "pass1", "loyalty", NULL },
		{ "pass3", "card", NULL },
	};
	enum err e = ERR_OK;

	(void)arg;
	for (size_t i = 0; e == ERR_OK && i < 3; i++)
		e = google_end_put(t, &ends[i], NOW);
	return e;
}

static bool
is_loud(struct fixture *f, const char *object)
{
	bool loud = false;

	assert_int_equal(google_loud_get(f->st, object, NOW, &loud), ERR_OK);
	return loud;
}

static void
use_up(struct fixture *f, const char *object)
{
	for (int i = 0; i < GOOGLE_LOUD_MAX; i++)
		assert_int_equal(google_loud_put(f->st, object, NOW), ERR_OK);
	assert_false(is_loud(f, object));
}

static void
test_looking_counts_nothing(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= GOOGLE_LOUD_MAX; i++)
		assert_true(is_loud(f, "3388.a"));
}

static void
test_what_is_to_end(void **state)
{
	struct fixture *f = *state;
	struct google_end got;
	struct due d;

	assert_int_equal(
	    google_end_get(f->st, "pass1", f->a, &got), ERR_NOTFOUND);
	use_up(f, "3388.old");
	use_up(f, "3388.other");
	assert_int_equal(store_run(f->st, put_ends, NULL), ERR_OK);
	assert_int_equal(google_end_get(f->st, "pass1", f->a, &got), ERR_OK);
	assert_string_equal(got.type, "loyalty");
	assert_null(got.object);
	assert_int_equal(google_end_get(f->st, "pass2", f->a, &got), ERR_OK);
	assert_string_equal(got.type, "card");
	assert_string_equal(got.object, "3388.old");
	assert_int_equal(
	    google_end_get(f->st, "pass", f->a, &got), ERR_NOTFOUND);
	/* The passes owe it, though they are no more. */
	assert_int_equal(due_find(f->st, "pass2", f->a, &d), ERR_OK);
	assert_int_equal(d.wallets, STORE_GOOGLE);
	assert_int_equal(d.at, NOW);
	assert_int_equal(google_end_done(f->st, "pass2", "3388.old"), ERR_OK);
	assert_int_equal(google_end_done(f->st, "pass1", NULL), ERR_OK);
	assert_int_equal(google_end_done(f->st, "pass1", NULL), ERR_OK);
	assert_int_equal(
	    google_end_get(f->st, "pass1", f->a, &got), ERR_NOTFOUND);
	assert_int_equal(google_end_get(f->st, "pass3", f->a, &got), ERR_OK);
	assert_true(is_loud(f, "3388.old"));
	assert_false(is_loud(f, "3388.other"));
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_nonce_once),
		TEST(test_old_nonces_go),
		TEST(test_classes),
		TEST(test_three_a_day_are_loud),
		TEST(test_looking_counts_nothing),
		TEST(test_what_links_carry),
		TEST(test_what_is_to_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
