#include "fixture.h"

#define NOW INT64_C(1795323845678)

/* Ids that differ by their last digit. */
static unsigned char chance;

static void
count_up(void *p, size_t n)
{
	memset(p, 0, n);
	((unsigned char *)p)[n - 1] = chance++;
}

/* Passes with the ordinals 1..n. */
static void
fill(struct fixture *f, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		struct store_pass p = { .id = arena_printf(f->a, "pass-%u", i),
			.document = S("{}") };

		assert_int_equal(add(f->st, &p), ERR_OK);
		assert_int_equal(p.ordinal, i);
	}
}

static struct operation
added(struct fixture *f, const char *correlation, int64_t started,
    const struct operation_work *work)
{
	struct operation op = { .kind = OPERATION_PUSH_UPDATE,
		.throughput = 0.5,
		.started = started,
		.correlation = correlation };

	assert_int_equal(operation_add(f->st, &op, work, count_up), ERR_OK);
	return op;
}

static struct operation
only(struct fixture *f)
{
	struct operation op[2];
	size_t n = 0;

	assert_int_equal(operation_list(f->st, f->a, op, 2, &n), ERR_OK);
	assert_int_equal(n, 1);
	return op[0];
}

static const uint64_t five[] = { 0x3e }; /* ordinals 1 to 5 */
static const struct operation_work work5 = { five, 1, { "{}", 2 } };

static void
test_an_operation_holds_its_set(void **state)
{
	struct fixture *f = *state;
	struct operation_pass p[4];
	struct operation op, got;
	struct slice data;
	size_t n = 4;

	fill(f, 5);
	op = added(f, "noon", NOW, &work5);
	got = only(f);
	assert_string_equal(got.id, op.id);
	assert_string_equal(got.correlation, "noon");
	assert_int_equal(got.kind, OPERATION_PUSH_UPDATE);
	assert_true(got.throughput == 0.5);
	assert_int_equal(got.started, NOW);
	assert_int_equal(got.active, 0);
	assert_int_equal(got.total, 5);
	assert_false(got.ended || got.canceled);
	assert_int_equal(operation_data(f->st, op.id, f->a, &data), ERR_OK);
	assert_true(slice_is(data, "{}"));

	assert_int_equal(operation_passes(f->st, &op, f->a, p, &n), ERR_OK);
	assert_int_equal(n, 4);
	assert_string_equal(p[0].id, "pass-1");
	assert_string_equal(p[3].id, "pass-4");
	op.next = p[3].ordinal + 1;
	assert_int_equal(operation_passes(f->st, &op, f->a, p, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_string_equal(p[0].id, "pass-5");
	op.next = 6;
	n = 4;
	assert_int_equal(operation_passes(f->st, &op, f->a, p, &n), ERR_OK);
	assert_int_equal(n, 0);
}

/* Far apart, on both sides of the edges of chunks; without such passes. */
static void
test_a_set_is_in_chunks(void **state)
{
	static const uint32_t at[] = { 1, 63, 64, 16383, 16384, 16385, 99999 };
	static uint64_t bits[99999 / 64 + 1];
	const struct operation_work work = { bits, 99999 / 64 + 1, S("{}") };
	struct fixture *f = *state;
	struct operation_pass p[1];
	struct operation op;
	size_t n;

	for (size_t i = 0; i < 7; i++)
		bits[at[i] / 64] |= UINT64_C(1) << at[i] % 64;
	op = added(f, "x", NOW, &work);
	assert_int_equal(op.total, 7);
	for (size_t i = 0; i < 7; i++) {
		n = 1;
		assert_int_equal(
		    operation_passes(f->st, &op, f->a, p, &n), ERR_OK);
		assert_int_equal(n, 1);
		assert_int_equal(p[0].ordinal, at[i]);
		assert_null(p[0].id);
		op.next = at[i] + 1;
	}
	n = 1;
	assert_int_equal(operation_passes(f->st, &op, f->a, p, &n), ERR_OK);
	assert_int_equal(n, 0);
}

static void
test_an_empty_one_has_ended(void **state)
{
	static const uint64_t none[] = { 0 };
	const struct operation_work work = { none, 1, S("{}") };
	struct fixture *f = *state;
	struct operation op = added(f, "x", NOW, &work), running[1];
	struct slice data = S("untouched");
	size_t n = 9;

	assert_true(op.ended && only(f).ended);
	assert_int_equal(
	    operation_data(f->st, op.id, f->a, &data), ERR_NOTFOUND);
	assert_true(slice_is(data, "untouched"));
	assert_int_equal(
	    operation_running(f->st, f->a, running, 1, &n), ERR_OK);
	assert_int_equal(n, 0);
}

static void
test_steps(void **state)
{
	static const struct {
		struct operation_step step;
		enum err e;
		uint32_t next, completed, errors, apple;
		bool ended;
	} rows[] = {
		{ { .from = 0, .next = 3, .now = NOW, .completed = 2 }, ERR_OK,
		    3, 2, 0, 0, false },
		{ { .from = 0, .next = 3, .now = NOW, .completed = 2 },
		    ERR_CONFLICT, 3, 2, 0, 0, false },
		{ { .from = 4, .next = 5, .now = NOW, .completed = 2 },
		    ERR_CONFLICT, 3, 2, 0, 0, false },
		{ { .now = NOW, .completed = -1, .errors = 1, .apple = 1 },
		    ERR_OK, 3, 1, 1, 1, false },
		{ { .from = 3,
		      .next = 6,
		      .now = NOW + 1,
		      .completed = 3,
		      .ends = true },
		    ERR_OK, 6, 4, 1, 1, true },
		{ { .from = 6, .next = 7, .now = NOW }, ERR_CONFLICT, 6, 4, 1,
		    1, true },
		{ { .now = NOW + 2, .apple = 1 }, ERR_OK, 6, 4, 1, 2, true },
	};
	struct fixture *f = *state;
	struct operation op = added(f, "x", NOW, &work5);
	struct slice data;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct operation got;

		if (operation_take_step(f->st, op.id, &rows[i].step) !=
		    rows[i].e)
			fail_msg("row %zu", i);
		got = only(f);
		if (got.next != rows[i].next ||
		    got.completed != rows[i].completed ||
		    got.errors != rows[i].errors ||
		    got.apple != rows[i].apple || got.ended != rows[i].ended)
			fail_msg("row %zu: %u %u %u", i, got.next,
			    got.completed, got.errors);
	}
	assert_int_equal(only(f).active, NOW + 2);
	assert_int_equal(
	    operation_data(f->st, op.id, f->a, &data), ERR_NOTFOUND);
	assert_int_equal(
	    operation_take_step(f->st, "none", &rows[0].step), ERR_NOTFOUND);
}

static void
test_running(void **state)
{
	const struct operation_step end = { .next = 1, .now = NOW, .ends = 1 };
	struct fixture *f = *state;
	struct operation out[4], a, b, c;
	size_t n;

	a = added(f, "a", NOW, &work5);
	b = added(f, "b", NOW + 1, &work5);
	c = added(f, "c", NOW + 2, &work5);
	assert_int_equal(operation_take_step(f->st, b.id, &end), ERR_OK);
	assert_int_equal(operation_running(f->st, f->a, out, 4, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_string_equal(out[0].id, a.id);
	assert_string_equal(out[1].id, c.id);
	assert_int_equal(operation_running(f->st, f->a, out, 1, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(operation_list(f->st, f->a, out, 4, &n), ERR_OK);
	assert_int_equal(n, 3);
	assert_string_equal(out[0].id, c.id);
	assert_string_equal(out[2].id, a.id);
}

static void
test_cancel(void **state)
{
	const struct operation_step step = { .next = 2, .now = NOW };
	const struct operation_step late = { .from = 2, .next = 3, .now = NOW };
	struct fixture *f = *state;
	struct operation a, b, out[4];
	char note[OPERATION_ID_LEN + 1];
	size_t n;

	a = added(f, "same", NOW, &work5);
	b = added(f, "same", NOW, &work5);
	(void)added(f, "same2", NOW, &work5);
	assert_int_equal(
	    operation_note(
		f->st, &(struct operation_note){ "same", NOW, count_up }, note),
	    ERR_OK);
	assert_int_equal(operation_take_step(f->st, a.id, &step), ERR_OK);
	assert_int_equal(operation_cancel(f->st, "sam", NOW), ERR_NOTFOUND);
	assert_int_equal(operation_cancel(f->st, "same", NOW + 5), ERR_OK);
	assert_int_equal(operation_running(f->st, f->a, out, 4, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].correlation, "same2");
	assert_int_equal(operation_list(f->st, f->a, out, 4, &n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(out[i].canceled,
		    strcmp(out[i].id, a.id) == 0 ||
			strcmp(out[i].id, b.id) == 0);
	assert_int_equal(operation_take_step(f->st, a.id, &late), ERR_CONFLICT);
	/* Of one that has ended: nothing happens. */
	assert_int_equal(operation_cancel(f->st, "same", NOW + 9), ERR_OK);
	assert_int_equal(operation_list(f->st, f->a, out, 4, &n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(out[i].active < NOW + 9);
}

static void
test_notes_are_one_row(void **state)
{
	struct operation_note note = { "nightly", NOW, count_up };
	struct fixture *f = *state;
	char first[OPERATION_ID_LEN + 1], id[OPERATION_ID_LEN + 1];
	struct operation out[3];
	size_t n;

	assert_int_equal(operation_note(f->st, &note, first), ERR_OK);
	note.now++;
	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);
	assert_string_equal(id, first);
	note.correlation = "nightl";
	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);
	assert_string_not_equal(id, first);
	assert_int_equal(operation_list(f->st, f->a, out, 3, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_string_equal(out[1].correlation, "nightly");
	assert_int_equal(out[1].kind, OPERATION_UPDATE);
	assert_int_equal(out[1].total, 2);
	assert_int_equal(out[1].started, NOW);
	assert_int_equal(out[1].active, NOW + 1);
}

static void
test_forget(void **state)
{
	const struct operation_step end = { .next = 1, .now = NOW, .ends = 1 };
	struct operation_note note = { "noted", NOW, count_up };
	struct operation_retention r = { NOW + 2, 10 };
	struct fixture *f = *state;
	char id[OPERATION_ID_LEN + 1];
	struct operation a, b, out[9];
	size_t n = 99;

	a = added(f, "a", NOW, &work5);
	b = added(f, "b", NOW + 2, &work5);
	(void)added(f, "still running", NOW, &work5);
	assert_int_equal(operation_take_step(f->st, a.id, &end), ERR_OK);
	assert_int_equal(operation_take_step(f->st, b.id, &end), ERR_OK);
	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);
	note.now = NOW + 2;
	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);

	assert_int_equal(operation_forget(f->st, &r, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(operation_list(f->st, f->a, out, 9, &n), ERR_OK);
	assert_int_equal(n, 3);
	assert_int_equal(operation_cancel(f->st, "a", NOW), ERR_NOTFOUND);
	r.before = NOW + 3;
	r.max = 1;
	assert_int_equal(operation_forget(f->st, &r, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(operation_forget(f->st, &r, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(operation_forget(f->st, &r, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_string_equal(only(f).correlation, "still running");
}

static void
test_a_correlation_id_has_a_limit(void **state)
{
	struct fixture *f = *state;
	char *s = arena_alloc(f->a, OPERATION_CORRELATION + 2);
	struct operation_note note = { s, NOW, count_up };
	char id[OPERATION_ID_LEN + 1];
	struct operation op = {
		.kind = OPERATION_PUSH_UPDATE, .started = NOW, .correlation = s
	};

	memset(s, 'x', OPERATION_CORRELATION + 1);
	assert_int_equal(operation_note(f->st, &note, id), ERR_INVALID);
	assert_int_equal(
	    operation_add(f->st, &op, &work5, count_up), ERR_INVALID);
	assert_int_equal(operation_cancel(f->st, s, NOW), ERR_NOTFOUND);
	s[OPERATION_CORRELATION] = '\0';
	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);
	assert_string_equal(only(f).correlation, s);
}

int
main(void)
{
#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_operation_holds_its_set),
		TEST(test_a_set_is_in_chunks),
		TEST(test_an_empty_one_has_ended),
		TEST(test_steps),
		TEST(test_running),
		TEST(test_cancel),
		TEST(test_notes_are_one_row),
		TEST(test_forget),
		TEST(test_a_correlation_id_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
