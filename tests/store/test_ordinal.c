#include "fixture.h"

static struct store_pass
numbered(struct arena *a, int i)
{
	return (struct store_pass){ .id = arena_printf(a, "p-%d", i) };
}

static void
test_given_in_turn_and_after_a_restart_not_again(void **state)
{
	struct fixture *f = *state;
	uint32_t last = 0;

	for (int i = 0; i < 200; i++) {
		struct store_pass p = numbered(f->a, i);

		if (i % 50 == 49)
			fixture_reopen(f);
		assert_int_equal(add(f->st, &p), ERR_OK);
		assert_int_equal(p.ordinal, ++last);
	}
}

struct batch {
	struct arena *a;
	int from, n;
	enum err result;
	uint32_t first;
};

static enum err
add_batch(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < b->n; i++) {
		struct store_pass p = numbered(b->a, b->from + i);

		e = store_pass_add(t, &p);
		if (i == 0)
			b->first = p.ordinal;
	}
	return e == ERR_OK ? b->result : e;
}

static void
test_more_than_a_lease_in_one_transaction(void **state)
{
	struct fixture *f = *state;
	struct batch b = { .a = f->a, .n = 1000 };
	uint64_t n = 0;

	assert_int_equal(store_run(f->st, add_batch, &b), ERR_OK);
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 1000);
}

/* What an abort took back is given again: nobody has seen it. */
static void
test_aborted(void **state)
{
	struct fixture *f = *state;
	struct batch b = { .a = f->a, .n = 10, .result = ERR_DENIED };
	struct store_pass p = numbered(f->a, 99);

	assert_int_equal(store_run(f->st, add_batch, &b), ERR_DENIED);
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(p.ordinal, b.first);
}

static enum err
set_counter(struct txn *t, void *arg)
{
	unsigned char buf[4];

	table_put32(buf, *(uint32_t *)arg);
	return table_put(
	    t, TABLE_META, S("ordinal"), table_slice(buf, sizeof(buf)), 0);
}

static void
test_the_last_ones(void **state)
{
	struct fixture *f = *state;
	uint32_t next = UINT32_MAX - 65;
	struct store_pass p = numbered(f->a, 1);
	struct batch b = { .a = f->a, .from = 10, .n = 64 };

	assert_int_equal(store_run(f->st, set_counter, &next), ERR_OK);
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(p.ordinal, UINT32_MAX - 65);
	assert_int_equal(store_run(f->st, add_batch, &b), ERR_INTERNAL);
	b.n = 63;
	assert_int_equal(store_run(f->st, add_batch, &b), ERR_OK);
	p = numbered(f->a, 2);
	assert_int_equal(add(f->st, &p), ERR_INTERNAL);
}

static enum err
lease_as_another(struct txn *t, void *arg)
{
	uint32_t bound = 0;
	enum err e = ordinal_bound(t, &bound);

	assert_int_equal(e, ERR_OK);
	assert_int_equal(bound, 65);
	bound += 64;
	return set_counter(t, memcpy(arg, &bound, sizeof(bound)));
}

/* Once another has leased, the rest of ours is a hole. */
static void
test_not_given_back_under_another(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = numbered(f->a, 1), q = numbered(f->a, 2);
	uint32_t bound;

	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(store_run(f->st, lease_as_another, &bound), ERR_OK);
	fixture_reopen(f);
	assert_int_equal(add(f->st, &q), ERR_OK);
	assert_int_equal(q.ordinal, 129);
}

/*
 * Two processes fill their leases by turns, and the queue's ends move: all
 * the same each ordinal leads to its pass.
 */
static enum err
put_one(struct txn *t, void *arg)
{
	uint32_t ordinal = *(uint32_t *)arg;
	char id[16];

	snprintf(id, sizeof(id), "o%u", ordinal);
	return ordinal_put(t, ordinal, id);
}

static enum err
del_one(struct txn *t, void *arg)
{
	return ordinal_del(t, *(uint32_t *)arg);
}

struct check {
	uint32_t ordinal;
	bool there;
};

static enum err
check_one(struct txn *t, void *arg)
{
	struct check *c = arg;
	char id[STORE_ID_MAX + 1] = "", want[16];
	enum err e = ordinal_find(t, c->ordinal, id);

	snprintf(want, sizeof(want), "o%u", c->ordinal);
	assert_int_equal(e, c->there ? ERR_OK : ERR_NOTFOUND);
	assert_string_equal(id, c->there ? want : "");
	return ERR_OK;
}

static void
test_out_of_order(void **state)
{
	static const struct {
		char what;
		uint32_t ordinal;
	} steps[] = { { '+', 65 }, { '+', 1 }, { '+', 66 }, { '-', 1 },
		{ '-', 65 }, { '+', 2 }, { '-', 66 }, { '+', 3 }, { '-', 2 },
		{ '+', 1000 }, { '-', 3 }, { '+', 67 }, { '+', 4 } };
	struct fixture *f = *state;
	bool there[1001] = { false };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint32_t ordinal = steps[i].ordinal;

		there[ordinal] = steps[i].what == '+';
		assert_int_equal(
		    store_run(
			f->st, there[ordinal] ? put_one : del_one, &ordinal),
		    ERR_OK);
		if (i == 6)
			fixture_reopen(f);
		for (uint32_t n = 0; n <= 1000; n++) {
			struct check c = { n, there[n] };

			assert_int_equal(
			    store_run(f->st, check_one, &c), ERR_OK);
		}
	}
}

/* Processes that write at once never give the same one. */
#define WRITERS 4

static void
test_several_processes(void **state)
{
	struct fixture *f = *state;
	pid_t pids[WRITERS];
	uint64_t n = 0;

	for (int w = 0; w < WRITERS; w++)
		if ((pids[w] = fork()) == 0) {
			execl("/proc/self/exe", "writer", f->dir,
			    arena_printf(f->a, "%d", w * 1000), (char *)NULL);
			_exit(127);
		}
	for (int w = 0; w < WRITERS; w++)
		assert_int_equal(reap(pids[w]), 0);
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, WRITERS * 150);
}

static int
writer(const char *dir, int from)
{
	struct arena *a = arena_new(4096);
	struct store *st;
	int failed = 0;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	for (int i = 0; i < 150; i++) {
		struct store_pass p = numbered(a, from + i);

		failed |= add(st, &p) != ERR_OK;
	}
	store_close(st);
	arena_free(a);
	return failed;
}

/*
 * Blocks that were leased for nothing leave pages of the queue that nobody
 * wrote; the file may not even reach to them.
 */
static void
test_counted_around_a_hole(void **state)
{
	struct fixture *f = *state;
	uint64_t n = 0;

	for (int i = 0; i < 3; i++) {
		struct store_pass p = numbered(f->a, i);

		assert_int_equal(add(f->st, &p), ERR_OK);
		f->st->lease = (struct lease){ 0, 0 };
		assert_int_equal(ordinal_lease(f->st, 500), ERR_OK);
		f->st->lease = (struct lease){ 0, 0 };
	}
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 3);
}

int
main(int argc, char **argv)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_given_in_turn_and_after_a_restart_not_again),
		T(test_more_than_a_lease_in_one_transaction),
		T(test_aborted),
		T(test_the_last_ones),
		T(test_not_given_back_under_another),
		T(test_out_of_order),
		T(test_several_processes),
		T(test_counted_around_a_hole),
	};

	if (argc == 3)
		return writer(argv[1], (int)strtol(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
