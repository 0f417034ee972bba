#include "store/source.h"

#include "fixture.h"

#define NOW INT64_C(1795323845678)

struct asked {
	struct arena *a;
	const char *id;
	struct store_source got;
};

static enum err
ask(struct txn *t, void *arg)
{
	struct asked *q = arg;

	return store_source_get(t, q->id, q->a, &q->got);
}

/* The date and the object, or the code of what went wrong. */
static const char *
source_of(struct fixture *f, const char *id)
{
	struct asked q = { .a = f->a, .id = id, .got.date = -9 };
	enum err e = store_run(f->st, ask, &q);

	if (e != ERR_OK) {
		assert_int_equal(q.got.date, -9);
		return arena_printf(f->a, "err %d", (int)e);
	}
	return arena_printf(f->a, "%lld %.*s", (long long)q.got.date,
	    (int)q.got.json.len, q.got.json.s);
}

static enum err
keep(struct fixture *f, const char *id, int64_t date, const char *json)
{
	const struct store_source s = { date, slice_of(json) };

	return store_source_put(f->st, id, &s);
}

static int
setup(void **state)
{
	static const char *const ids[] = { "pass-1", "pass-2", "pass-12" };
	int rc = fixture_setup(state);

	for (size_t i = 0; i < 3; i++) {
		struct store_pass p = { .id = ids[i], .document = S("{}") };

		assert_int_equal(add(((struct fixture *)*state)->st, &p), 0);
	}
	return rc;
}

static void
test_the_last_one_counts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(keep(f, "pass-1", NOW, "{\"tags\":[\"a\"]}"), ERR_OK);
	assert_string_equal(
	    source_of(f, "pass-1"), "1795323845678 {\"tags\":[\"a\"]}");
	assert_int_equal(keep(f, "pass-1", NOW + 1, "{}"), ERR_OK);
	assert_int_equal(keep(f, "pass-12", NOW + 2, "{\"m\":1}"), ERR_OK);
	fixture_reopen(f);
	assert_string_equal(source_of(f, "pass-1"), "1795323845679 {}");
	assert_string_equal(source_of(f, "pass-12"), "1795323845680 {\"m\":1}");
	assert_string_equal(
	    source_of(f, "pass-2"), arena_printf(f->a, "err %d", ERR_NOTFOUND));
}

static void
test_the_pass_stays_as_it_is(void **state)
{
	struct store_pass before = { 0 }, after = { 0 };
	struct fixture *f = *state;

	assert_int_equal(
	    store_pass_read(f->st, "pass-1", f->a, &before), ERR_OK);
	assert_int_equal(keep(f, "pass-1", NOW, "{}"), ERR_OK);
	assert_int_equal(
	    store_pass_read(f->st, "pass-1", f->a, &after), ERR_OK);
	assert_int_equal(after.ordinal, before.ordinal);
	assert_int_equal(after.tag, before.tag);
	assert_true(slice_eq(after.document, before.document));
}

static void
test_goes_with_the_pass(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = NULL };

	assert_int_equal(keep(f, "pass-1", NOW, "{}"), ERR_OK);
	assert_int_equal(keep(f, "pass-12", NOW, "{}"), ERR_OK);
	assert_int_equal(store_pass_read(f->st, "pass-1", f->a, &p), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_int_equal(store_pass_read(f->st, "pass-2", f->a, &p), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_int_equal(add(f->st, &(struct store_pass){ .id = "pass-1" }), 0);
	assert_string_equal(
	    source_of(f, "pass-1"), arena_printf(f->a, "err %d", ERR_NOTFOUND));
	assert_string_equal(source_of(f, "pass-12"), "1795323845678 {}");
}

static void
test_refused(void **state)
{
	struct fixture *f = *state;
	char *big = arena_alloc(f->a, STORE_SOURCE_MAX + 2);

	memset(big, 'x', STORE_SOURCE_MAX + 1);
	big[STORE_SOURCE_MAX + 1] = '\0';
	assert_int_equal(keep(f, "pass-3", NOW, "{}"), ERR_NOTFOUND);
	assert_int_equal(keep(f, "pass-1", NOW, big), ERR_TOOBIG);
	assert_string_equal(
	    source_of(f, "pass-1"), arena_printf(f->a, "err %d", ERR_NOTFOUND));
	assert_int_equal(keep(f, "pass-1", NOW, big + 1), ERR_OK);
	assert_int_equal(strlen(source_of(f, "pass-1")), 14 + STORE_SOURCE_MAX);
}

static enum err
plant(struct txn *t, void *arg)
{
	return table_put(t, TABLE_SOURCE, S("pass-1"), *(struct slice *)arg, 0);
}

static void
test_rows_that_are_not_ours(void **state)
{
	static const struct slice rows[] = {
		{ "", 0 },
		{ "\1\0\0\0\0\0\0\0", 8 },
		{ "\2\0\0\0\0\0\0\0\0{}", 11 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice row = rows[i];

		assert_int_equal(store_run(f->st, plant, &row), ERR_OK);
		assert_string_equal(source_of(f, "pass-1"),
		    arena_printf(f->a, "err %d", ERR_INTERNAL));
	}
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_the_last_one_counts),
		T(test_the_pass_stays_as_it_is),
		T(test_goes_with_the_pass),
		T(test_refused),
		T(test_rows_that_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
