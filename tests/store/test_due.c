#include "fixture.h"

#define NOW INT64_C(1795323845678)

static const struct due_when when = { NOW, NOW + 1000 };

/* A pass, and a change of it that owes. */
static void
changed(struct fixture *f, const char *id, const struct store_due *owes)
{
	struct store_pass old = { .id = id, .document = S("{}") }, p = old;

	if (store_pass_read(f->st, id, f->a, &old) == ERR_NOTFOUND)
		assert_int_equal(add(f->st, &old), ERR_OK);
	p.owes = owes;
	assert_int_equal(change(f->st, &old, &p), ERR_OK);
}

static struct due
owed(struct fixture *f, const char *id)
{
	struct due d = { .id = NULL };
	enum err e = due_find(f->st, id, f->a, &d);

	assert_true(e == ERR_OK || (e == ERR_NOTFOUND && d.id == NULL));
	return d;
}

static enum err
note(struct fixture *f, const char *correlation, char *id)
{
	const struct operation_note n = { correlation, NOW, ident_random };

	return operation_note(f->st, &n, id);
}

static void
test_changes_owe_once(void **state)
{
	struct store_due owes = { .wallets = STORE_APPLE, .at = NOW + 20 };
	struct fixture *f = *state;
	uint32_t first;
	struct due d;

	changed(f, "quiet", NULL);
	assert_null(owed(f, "quiet").id);
	changed(f, "pass-1", &owes);
	first = owed(f, "pass-1").changes;
	owes.at = NOW + 30;
	owes.wallets = STORE_GOOGLE;
	changed(f, "pass-1", &owes);
	changed(f, "pass-1", NULL);
	d = owed(f, "pass-1");
	assert_int_equal(d.at, NOW + 20); /* from the first one on */
	assert_int_equal(d.wallets, STORE_APPLE | STORE_GOOGLE);
	assert_int_equal(d.changes, first + 1);
	owes.at = NOW; /* the clock was set back */
	changed(f, "pass-1", &owes);
	assert_int_equal(owed(f, "pass-1").at, NOW);
}

static void
test_all_are_counted(void **state)
{
	static const struct {
		const char *id;
		unsigned wallets;
	} rows[] = { { "pass-1", STORE_APPLE }, { "pass-2", STORE_GOOGLE },
		{ "pass-3", STORE_APPLE | STORE_GOOGLE },
		{ "pass-4", STORE_APPLE } };
	struct fixture *f = *state;
	struct due_count n = { 9, 9 };

	assert_int_equal(due_count(f->st, &n), ERR_OK);
	assert_int_equal(n.apple + n.google, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		changed(f, rows[i].id,
		    &(struct store_due){ rows[i].wallets, NOW + 5000, NULL });
	changed(f, "pass-5", NULL);
	assert_int_equal(due_count(f->st, &n), ERR_OK);
	assert_int_equal(n.apple, 3);
	assert_int_equal(n.google, 2);
}

static void
test_a_removed_pass_owes_nothing(void **state)
{
	const struct store_due owes = { .wallets = 1, .at = NOW };
	struct fixture *f = *state;
	struct store_pass p;

	changed(f, "pass-1", &owes);
	assert_int_equal(store_pass_read(f->st, "pass-1", f->a, &p), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_null(owed(f, "pass-1").id);
}

static void
test_a_look_finds_what_is_due(void **state)
{
	static const struct {
		const char *id;
		int64_t at;
		bool due;
	} rows[] = {
		{ "pass-1", NOW, true }, { "pass-2", NOW + 1, false },
		{ "pass-3", NOW - 100000, true },
		{ "pass-4", NOW + 1000, false },
		{ "pass-5", NOW + 1001, true }, /* beyond the horizon */
	};
	struct fixture *f = *state;
	struct due_scan s = { .ended = false };
	const char *seen = "";
	struct due out[2];
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		const struct store_due owes = { 1, rows[i].at, NULL };

		changed(f, rows[i].id, &owes);
	}
	do {
		n = 2;
		assert_int_equal(
		    due_next(f->st, &s, &when, f->a, out, &n), ERR_OK);
		for (size_t i = 0; i < n; i++)
			seen = arena_printf(f->a, "%s %s", seen, out[i].id);
	} while (!s.ended);
	assert_string_equal(seen, " pass-1 pass-3 pass-5");
	assert_int_equal(s.soonest, NOW + 1);
}

static void
test_settling(void **state)
{
	static const struct {
		unsigned done, refused;
		bool meanwhile; /* it changed after it was taken */
		unsigned left;
	} rows[] = {
		{ 3, 0, false, 0 },
		{ 0, 3, false, 0 },
		{ 1, 2, false, 0 },
		{ 1, 0, false, 2 },
		{ 0, 2, false, 1 },
		{ 0, 0, false, 3 },
		{ 3, 0, true, 3 },
		{ 1, 0, true, 3 },
	};
	const struct store_due owes = { 3, NOW, NULL };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *id = arena_printf(f->a, "pass-%zu", i);
		struct due d;

		changed(f, id, &owes);
		d = owed(f, id);
		d.done = rows[i].done;
		d.refused = rows[i].refused;
		d.again = NOW + 77;
		if (rows[i].meanwhile)
			changed(f, id, &owes);
		assert_int_equal(due_settle(f->st, &d, 1, NOW), ERR_OK);
		d = owed(f, id);
		if (d.wallets != rows[i].left)
			fail_msg("row %zu: %u", i, d.wallets);
		if (d.id != NULL)
			assert_int_equal(d.at, NOW + 77);
	}
}

static struct operation
counted(struct fixture *f, const char *id)
{
	struct operation op[2];
	size_t n;

	assert_int_equal(operation_list(f->st, f->a, op, 2, &n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		if (strcmp(op[i].id, id) == 0)
			return op[i];
	fail_msg("no %s", id);
	return op[0];
}

static void
test_operations_count(void **state)
{
	struct store_due owes = { .wallets = 3, .at = NOW };
	struct fixture *f = *state;
	char a[OPERATION_ID_LEN + 1], b[OPERATION_ID_LEN + 1];
	struct due d[2];

	assert_int_equal(note(f, "a", a), ERR_OK);
	assert_int_equal(note(f, "b", b), ERR_OK);
	owes.operation = a;
	changed(f, "pass-1", &owes);
	changed(f, "pass-1", &owes);
	changed(f, "pass-2", &owes);
	owes.operation = b;
	changed(f, "pass-1", &owes);
	d[0] = owed(f, "pass-1");
	d[1] = owed(f, "pass-2");
	assert_int_equal(d[0].noperations, 2);
	d[0].done = STORE_APPLE;
	d[1].done = STORE_APPLE;
	d[1].refused = STORE_GOOGLE;
	assert_int_equal(due_settle(f->st, d, 2, NOW + 1), ERR_OK);
	assert_int_equal(counted(f, a).apple, 2);
	assert_int_equal(counted(f, a).google, 0);
	assert_int_equal(counted(f, a).errors, 1);
	assert_int_equal(counted(f, a).active, NOW + 1);
	assert_int_equal(counted(f, b).apple, 1);
	assert_int_equal(counted(f, b).errors, 0);

	/* The rest of it, while another change comes in. */
	d[0] = owed(f, "pass-1");
	owes.operation = NULL;
	changed(f, "pass-1", &owes);
	d[0].done = STORE_GOOGLE;
	assert_int_equal(due_settle(f->st, d, 1, NOW + 2), ERR_OK);
	assert_int_equal(counted(f, a).google, 1);
	assert_int_equal(counted(f, b).google, 1);
	assert_int_equal(owed(f, "pass-1").noperations, 0);
}

/* The errors of both. */
static void
counts(struct fixture *f, const char *a, const char *b, const char *want)
{
	const struct operation x = counted(f, a), y = counted(f, b);

	assert_string_equal(
	    arena_printf(f->a, "%u %u", x.errors, y.errors), want);
	assert_int_equal(x.completed, -x.errors); /* none was counted yet */
}

static void
settle(struct fixture *f, unsigned done, unsigned stuck)
{
	struct due d = owed(f, "pass-1");

	d.done = done;
	d.stuck = stuck;
	assert_int_equal(due_settle(f->st, &d, 1, NOW + 1), ERR_OK);
}

static void
test_stuck_is_an_error_while_it_is(void **state)
{
	struct store_due owes = { .wallets = 3, .at = NOW };
	struct fixture *f = *state;
	char a[OPERATION_ID_LEN + 1], b[OPERATION_ID_LEN + 1];
	struct due d;

	assert_int_equal(note(f, "a", a), ERR_OK);
	assert_int_equal(note(f, "b", b), ERR_OK);
	owes.operation = a;
	changed(f, "pass-1", &owes);
	counts(f, a, b, "0 0");
	settle(f, STORE_GOOGLE, STORE_APPLE);
	counts(f, a, b, "1 0");
	settle(f, 0, STORE_APPLE);
	counts(f, a, b, "1 0");
	owes.operation = b;
	changed(f, "pass-1", &owes);
	settle(f, 0, 0);
	counts(f, a, b, "1 0");
	settle(f, 0, STORE_APPLE);
	counts(f, a, b, "1 1");
	/* It was taken before the change that owes for `b` once more. */
	d = owed(f, "pass-1");
	changed(f, "pass-1", &owes);
	d.done = STORE_APPLE | STORE_GOOGLE;
	assert_int_equal(due_settle(f->st, &d, 1, NOW + 1), ERR_OK);
	counts(f, a, b, "0 0");
	settle(f, STORE_APPLE | STORE_GOOGLE, 0);
	counts(f, a, b, "0 0");
	assert_int_equal(counted(f, a).apple, 1);
}

static void
test_a_pass_counts_for_so_many(void **state)
{
	struct store_due owes = { .wallets = 1, .at = NOW };
	struct fixture *f = *state;
	char id[OPERATION_ID_LEN + 1];

	for (int i = 0; i <= DUE_OPERATIONS; i++) {
		snprintf(id, sizeof(id), "%0*d", OPERATION_ID_LEN, i);
		owes.operation = id;
		changed(f, "pass-1", &owes);
	}
	assert_int_equal(owed(f, "pass-1").noperations, DUE_OPERATIONS);
}

/* Two tell of it, and it changes between. */
static void
test_what_comes_after_stays(void **state)
{
	struct store_due owes = { .wallets = STORE_GOOGLE, .at = NOW };
	struct fixture *f = *state;
	struct due d;

	changed(f, "pass-1", &owes);
	d = owed(f, "pass-1");
	d.done = STORE_GOOGLE;
	assert_int_equal(due_settle(f->st, &d, 1, NOW), ERR_OK);
	assert_null(owed(f, "pass-1").id);
	owes.at = NOW + 1;
	changed(f, "pass-1", &owes);
	assert_int_equal(due_settle(f->st, &d, 1, NOW), ERR_OK);
	assert_int_equal(owed(f, "pass-1").wallets, STORE_GOOGLE);
}

int
main(void)
{
#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_changes_owe_once),
		TEST(test_all_are_counted),
		TEST(test_a_removed_pass_owes_nothing),
		TEST(test_a_look_finds_what_is_due),
		TEST(test_settling),
		TEST(test_operations_count),
		TEST(test_stuck_is_an_error_while_it_is),
		TEST(test_a_pass_counts_for_so_many),
		TEST(test_what_comes_after_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
