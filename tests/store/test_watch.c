#include <signal.h>
#include <sysexits.h>
#include <time.h>

#include "fixture.h"

/*
 * A process dies with locks while another waits for them, and nobody else
 * comes to open the environment.
 */
#define PATIENCE 10 /* seconds; nobody may wait longer */

static const struct sample sample = { "abcdefghijkl", "{}", { "f", "v" },
	NULL };

struct hold {
	struct store_pass *p;
	int ready;
};

static enum err
add_and_hold(struct txn *t, void *arg)
{
	struct hold *h = arg;
	enum err e = store_pass_add(t, h->p);

	if (e != ERR_OK)
		return e;
	if (write(h->ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* In the middle of a transaction until it is killed. */
static void
hold(struct fixture *f, int ready)
{
	struct store_pass p = sample_pass(f->a, &sample);
	struct hold h = { &p, ready };

	if (store_open(f->dir, &fast, &f->st) == ERR_OK)
		(void)!store_run(f->st, add_and_hold, &h);
	_exit(2);
}

/* Attached from the start; wants the same rows once it is told to. */
static void
want(struct fixture *f, int ready, int go)
{
	struct store_pass p = sample_pass(f->a, &sample);
	char c;

	if (store_open(f->dir, &fast, &f->st) != ERR_OK ||
	    write(ready, "x", 1) != 1 || read(go, &c, 1) != 1)
		_exit(3);
	if (add(f->st, &p) != ERR_OK)
		_exit(4);
	store_close(f->st);
	_exit(0);
}

/* Nothing but the children is attached from here on. */
static void
open_pipes(struct fixture *f, int ready[2], int go[2])
{
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
}

static void
close_pipes(int ready[2], int go[2])
{
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

static void
test_who_waits_for_the_dead_ends(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &sample);
	int ready[2], go[2];
	pid_t waiter, holder;
	time_t begin;
	char c;

	open_pipes(f, ready, go);
	if ((waiter = fork()) == 0)
		want(f, ready[1], go[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	if ((holder = fork()) == 0)
		hold(f, ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(write(go[1], "x", 1), 1);
	kill(holder, SIGKILL);
	assert_int_equal(reap(holder), 1000 + SIGKILL);
	begin = time(NULL);
	assert_int_equal(reap(waiter), EX_TEMPFAIL);
	assert_true(time(NULL) - begin < PATIENCE);

	/* What was not committed is gone, and does not stand in the way. */
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(add(f->st, &p), ERR_OK);
	close_pipes(ready, go);
}

/* For longer than it takes to see a death. */
static void
visit(struct fixture *f)
{
	if (store_open(f->dir, &fast, &f->st) != ERR_OK)
		_exit(1);
	sleep(1);
	store_close(f->st);
	_exit(0);
}

static void
test_who_leaves_in_order_ends_nobody(void **state)
{
	struct fixture *f = *state;
	int ready[2], go[2];
	pid_t waiter, pid;
	char c;

	open_pipes(f, ready, go);
	if ((waiter = fork()) == 0)
		want(f, ready[1], go[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	for (int i = 0; i < 4; i++) {
		if ((pid = fork()) == 0)
			visit(f);
		assert_int_equal(reap(pid), 0);
	}
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(reap(waiter), 0);
	close_pipes(ready, go);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_who_waits_for_the_dead_ends),
		T(test_who_leaves_in_order_ends_nobody),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
