#include "fixture.h"

#define ALL 0x7ffffffffffffffeULL /* ordinals 1 to 62 */
#define N   62

static int
setup(void **state)
{
	fixture_setup(state);
	for (int i = 0; i < N; i++)
		(void)created(*state);
	return 0;
}

static int
teardown(void **state)
{
	turns_end(*state, &job_bulk);
	return fixture_teardown(state);
}

struct seen {
	struct fixture *f;
	const char *key;
	unsigned n, changed; /* that have the key; that changed since NOW */
};

static enum err
see(const struct store_pass *row, void *arg)
{
	struct seen *s = arg;
	struct pass p;

	assert_int_equal(pass_parse(s->f->a, row->document, &p), ERR_OK);
	s->n += json_get(p.additional, s->key) != NULL;
	s->changed += p.updated != p.created;
	return ERR_OK;
}

static struct seen
passes_with(struct fixture *f, const char *key)
{
	struct seen s = { f, key, 0, 0 };

	assert_int_equal(store_each(f->st, see, &s), ERR_OK);
	return s;
}

static void
test_each_pass_is_updated_once(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, ALL, 100000, "{\"x\":1}");

	turns(f, &job_bulk, 1000);
	op = found(f, &op);
	assert_true(op.ended);
	assert_int_equal(op.completed, N);
	assert_int_equal(op.errors, 0);
	assert_int_equal(passes_with(f, "x").n, N);
	assert_false(f->state.owed);
	assert_true(f->state.next >= f->time.tick);
}

static void
test_only_the_set_is_updated(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, 0x5554, 100000, "{\"x\":1}");

	turns(f, &job_bulk, 1000);
	assert_int_equal(found(f, &op).completed, 7);
	assert_int_equal(passes_with(f, "x").n, 7);
}

/* Within one pass of what the rate says, at any moment. */
static void
test_pace(void **state)
{
	static const struct {
		double throughput;
		int64_t ms;
		unsigned most;
	} rows[] = {
		{ 0.5, 10000, 6 },
		{ 0.5, 60000, 31 },
		{ 1, 10000, 11 },
		{ 12, 3000, 37 },
		{ 50, 1000, 55 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct operation op = scheduled(f, ALL, rows[i].throughput,
		    arena_printf(f->a, "{\"x\":%zu}", i));
		double want = rows[i].throughput * (double)rows[i].ms / 1000;
		unsigned got;

		turns(f, &job_bulk, rows[i].ms);
		got = found(f, &op).completed;
		if (got < (unsigned)want || got > rows[i].most)
			fail_msg("row %zu: %u", i, got);
		assert_int_equal(
		    operation_cancel(f->st, "test", f->time.now), ERR_OK);
		turns(f, &job_bulk, 200);
	}
}

/* -- at any pace ------------------------------------------------------------
 */

#define WINDOW_MS 10000
#define SIM_MS    15000
#define FIRST     1000 /* of ordinals that nobody has: each is an error */
#define PASS_US   60   /* that a pass takes on the machine */

/* An operation of as many as it can do in the time. */
struct paced {
	double throughput;
	struct operation op;
	unsigned done[SIM_MS / 100 + 1]; /* each 100 ms */
};

static void
schedule_paced(struct fixture *f, struct paced *p)
{
	const size_t n = (size_t)(p->throughput * SIM_MS / 1000 * 1.2) + 64;
	const struct change_input in = { .type = NULL };
	struct operation_work work = { .nwords = (FIRST + n) / 64 + 1,
		.data = bulk_print(f->a, &in) };
	uint64_t *bits = arena_alloc(f->a, work.nwords * sizeof(*bits));

	for (size_t i = FIRST; i < FIRST + n; i++)
		bits[i / 64] |= UINT64_C(1) << i % 64;
	work.bits = bits;
	p->op = (struct operation){ .kind = OPERATION_PUSH_UPDATE,
		.throughput = p->throughput,
		.started = f->time.now,
		.correlation = "pace" };
	assert_int_equal(
	    operation_add(f->st, &p->op, &work, ident_random), ERR_OK);
}

/* So many from the time slot on. */
static unsigned
note_done(struct fixture *f, struct paced *p, size_t slot)
{
	const unsigned done = found(f, &p->op).errors;

	for (; slot <= SIM_MS / 100; slot++)
		p->done[slot] = done;
	return done;
}

/* Within 5% of what the rate says, or two passes, in any ten seconds. */
static void
judge_pace(const struct paced *p)
{
	const double want = p->throughput * WINDOW_MS / 1000;
	const double off = want * 0.05 > 2 ? want * 0.05 : 2;
	const size_t window = WINDOW_MS / 100;

	for (size_t i = 0; i + window <= SIM_MS / 100; i++) {
		const double got = p->done[i + window] - p->done[i];

		if (got < want - off || got > want + off)
			fail_msg("%g/s: %g in ten seconds from %zu00 ms on",
			    p->throughput, got, i);
	}
}

/*
 * Turns of a worker that needs PASS_US for each pass, and that other jobs
 * keep for `others` ms after each turn.
 */
static void
simulate(struct fixture *f, struct paced *p, size_t n, int64_t others)
{
	const int64_t begin = f->time.tick;
	unsigned before = 0, now;
	int64_t at;

	for (size_t i = 0; i < n; i++)
		schedule_paced(f, &p[i]);
	pass_time(f, 200); /* a look sees them */
	while ((at = f->time.tick - begin) < SIM_MS) {
		assert_int_equal(turn(f, &job_bulk), ERR_OK);
		now = 0;
		for (size_t i = 0; i < n; i++)
			now += note_done(f, &p[i], (size_t)at / 100);
		pass_time(f, (now - before) * PASS_US / 1000 + others);
		before = now;
		if (f->state.next > f->time.tick)
			pass_time(f, f->state.next - f->time.tick);
	}
}

static void
test_each_pace(void **state)
{
	static const double rates[] = { 0.5, 1, 3, 12, 100, 333, 1000, 5000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct paced p = { .throughput = rates[i] };

		simulate(f, &p, 1, 0);
		judge_pace(&p);
		assert_int_equal(
		    operation_cancel(f->st, "pace", f->time.now), ERR_OK);
		turns(f, &job_bulk, 300);
	}
}

/* The one that wants all there is leaves the others what they asked for. */
static void
test_paces_together(void **state)
{
	struct fixture *f = *state;
	struct paced p[] = { { .throughput = 0.5 }, { .throughput = 1000 },
		{ .throughput = 100000 }, { .throughput = 40 } };

	simulate(f, p, 4, 2);
	judge_pace(&p[0]);
	judge_pace(&p[1]);
	judge_pace(&p[3]);
	/* Nor does it wait for them. */
	assert_true(p[2].done[SIM_MS / 100] > 100000);
}

/* Pushes and the like take a part of each second. */
static void
test_pace_beside_other_jobs(void **state)
{
	struct fixture *f = *state;
	struct paced p = { .throughput = 2000 };

	simulate(f, &p, 1, 150);
	judge_pace(&p);
}

static void
test_a_slow_one_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	struct operation slow = scheduled(f, ALL, 0.5, "{\"slow\":1}");
	struct operation fast = scheduled(f, ALL, 50, "{\"fast\":1}");
	struct operation full = scheduled(f, ALL, 100000, "{\"full\":1}");

	turns(f, &job_bulk, 1000);
	assert_int_equal(found(f, &slow).completed, 1);
	assert_in_range(found(f, &fast).completed, 50, 55);
	assert_int_equal(found(f, &full).completed, N);
}

/* The worker slept, or others took its time: not all of it is made up for. */
static void
test_credit_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, ALL, 10, "{\"x\":1}");

	assert_int_equal(turn(f, &job_bulk), ERR_OK);
	pass_time(f, 60000);
	for (int i = 0; i < 50; i++)
		assert_int_equal(turn(f, &job_bulk), ERR_OK);
	assert_in_range(found(f, &op).completed, 4, 7);
}

/* Killed at any moment: the next worker goes on, at the same pace. */
static void
test_another_worker_goes_on(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, ALL, 2, "{\"x\":1}");

	for (int i = 0; i < 10; i++) {
		turns(f, &job_bulk, 1000);
		turns_end(f, &job_bulk);
	}
	assert_in_range(found(f, &op).completed, 19, 21);
	assert_int_equal(passes_with(f, "x").n, found(f, &op).completed);
}

static void
test_a_clock_set_back(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, ALL, 10, "{\"x\":1}");

	turns(f, &job_bulk, 1000);
	f->time.now -= 3600000;
	turns(f, &job_bulk, 1000);
	assert_in_range(found(f, &op).completed, 20, 22);
	turns_end(f, &job_bulk);
	f->time.now -= 3600000;
	turns(f, &job_bulk, 1000);
	assert_in_range(found(f, &op).completed, 30, 33);
	assert_int_equal(passes_with(f, "x").n, found(f, &op).completed);
}

static void
test_cancel_stops_it(void **state)
{
	struct fixture *f = *state;
	struct operation op = scheduled(f, ALL, 10, "{\"x\":1}");

	turns(f, &job_bulk, 1000);
	assert_int_equal(operation_cancel(f->st, "test", f->time.now), ERR_OK);
	turns(f, &job_bulk, 3000);
	assert_in_range(found(f, &op).completed, 10, 11);
	assert_int_equal(passes_with(f, "x").n, found(f, &op).completed);
	assert_false(f->state.owed);
}

/* Whoever waits for all that is owed must not wait for this one. */
static void
test_one_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	const uint64_t bits = ALL;
	const struct operation_work work = { &bits, 1, slice_of("{") };
	struct operation op = { .kind = OPERATION_PUSH_UPDATE,
		.throughput = 1000,
		.started = f->time.now,
		.correlation = "unreadable" };
	struct operation good = scheduled(f, ALL, 100000, "{\"x\":1}");

	assert_int_equal(
	    operation_add(f->st, &op, &work, ident_random), ERR_OK);
	assert_int_equal(turn(f, &job_bulk), ERR_OK);
	assert_true(f->state.owed);
	turns(f, &job_bulk, 3000);
	assert_true(found(f, &good).ended);
	assert_false(found(f, &op).ended);
	assert_true(f->state.owed);
	assert_true(f->state.failing);
}

static void
test_what_cannot_be_updated_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct operation op;

	f->type.metadata = parsed(f, "{\"x\":\"{{ error(\\\"no\\\") }}\"}");
	op = scheduled(f, ALL | 1ULL << 63, 100000, "{\"x\":1}");
	turns(f, &job_bulk, 500);
	/* Ordinal 63 was never given; metadata was not asked for. */
	assert_int_equal(found(f, &op).completed, N);
	assert_int_equal(found(f, &op).errors, 1);
	assert_true(found(f, &op).ended);
}

/* A changed template is a change, and an unchanged one is none. */
static void
test_an_empty_update_republishes(void **state)
{
	struct fixture *f = *state;
	struct operation op;

	pass_time(f, 10);
	op = scheduled(f, ALL, 100000, "{}");
	turns(f, &job_bulk, 500);
	assert_int_equal(found(f, &op).completed, N);
	assert_int_equal(passes_with(f, "x").changed, 0);
	f->type.digest[0] ^= 1;
	op = scheduled(f, ALL, 100000, "{}");
	turns(f, &job_bulk, 500);
	assert_int_equal(found(f, &op).completed, N);
	assert_int_equal(passes_with(f, "x").changed, N);
}

static void
test_installed_passes_owe_for_it(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f);
	struct operation op;
	struct due d;

	install(f, id, "apple");
	op = scheduled(f, 1ULL << 63, 100000, "{\"x\":1}");
	turns(f, &job_bulk, 500);
	assert_int_equal(found(f, &op).completed, 1);
	assert_int_equal(due_find(f->st, id, f->a, &d), ERR_OK);
	assert_int_equal(d.noperations, 1);
	assert_string_equal(d.operations[0], op.id);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_each_pass_is_updated_once),
		TEST(test_only_the_set_is_updated),
		TEST(test_pace),
		TEST(test_each_pace),
		TEST(test_paces_together),
		TEST(test_pace_beside_other_jobs),
		TEST(test_a_slow_one_holds_up_nobody),
		TEST(test_credit_is_bounded),
		TEST(test_another_worker_goes_on),
		TEST(test_a_clock_set_back),
		TEST(test_cancel_stops_it),
		TEST(test_one_that_cannot_be_read),
		TEST(test_what_cannot_be_updated_is_an_error),
		TEST(test_an_empty_update_republishes),
		TEST(test_installed_passes_owe_for_it),
	};

	log_open("test_bulk", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
