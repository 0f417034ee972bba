#include <fcntl.h>
#include <limits.h>
#include <signal.h>

#include "fixture.h"

static enum err
add_then_fail(struct txn *t, void *arg)
{
	enum err e = op_add(t, arg);

	return e == ERR_OK ? ERR_DENIED : e;
}

static void
test_failed_callback_leaves_no_trace(void **state)
{
	static const struct sample s = { "p1", "{}", { "a", "1" }, "u" };
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &s), got;
	struct op op = { .p = &p, .a = f->a, .unique = p.unique };

	assert_int_equal(store_run(f->st, add_then_fail, &op), ERR_DENIED);
	assert_int_equal(
	    store_pass_read(f->st, "p1", f->a, &got), ERR_NOTFOUND);
	assert_int_equal(store_run(f->st, op_unique, &op), ERR_NOTFOUND);
	assert_string_equal(found(f, &s), "");
}

struct look {
	struct arena *a;
	int attempts, busy; /* how often it is in another's way */
	struct store_pass p;
};

static enum err
look_for_p1(struct txn *t, void *arg)
{
	struct look *l = arg;

	if (l->attempts++ < l->busy)
		return ERR_BUSY;
	return store_pass_get(t, "p1", false, l->a, &l->p);
}

static void
test_read_is_tried_again(void **state)
{
	static const struct sample s = { "p1", "{}", { "a", "1" }, "u" };
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &s);
	struct look l = { .a = f->a, .busy = 3 }, none = { .a = f->a };

	assert_int_equal(store_read(f->st, look_for_p1, &none), ERR_NOTFOUND);
	assert_int_equal(none.attempts, 1);
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(store_read(f->st, look_for_p1, &l), ERR_OK);
	assert_int_equal(l.attempts, 4);
	assert_string_equal(l.p.document.s, "{}");
	l = (struct look){ .a = f->a, .busy = INT_MAX };
	assert_int_equal(store_read(f->st, look_for_p1, &l), ERR_BUSY);
}

/* -- deadlock -------------------------------------------------------------- */

struct counter {
	struct arena *a;
	const char *first, *second;
	int attempts, pause;
};

/* Read, linger, write: two of these at once always deadlock. */
static enum err
count_up(struct txn *t, void *arg)
{
	struct counter *c = arg;
	struct store_pass p;
	enum err e = store_pass_get(t, "counter", false, c->a, &p);

	c->attempts++;
	if (e != ERR_OK)
		return e;
	usleep((useconds_t)c->pause);
	p.document.s =
	    arena_printf(c->a, "%ld", strtol(p.document.s, NULL, 10) + 1);
	p.document.len = strlen(p.document.s);
	return store_pass_change(t, &p, &p);
}

static enum err
count_up_carelessly(struct txn *t, void *arg)
{
	(void)!count_up(t, arg);
	return ERR_OK;
}

static int
count(const char *dir, store_fn *fn, struct gate *g)
{
	struct counter c = { .a = arena_new(1024), .pause = 20000 };
	struct store *st;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	gate_wait(g);
	for (int i = 0; i < 5; i++)
		if (store_run(st, fn, &c) != ERR_OK)
			return 2;
	store_close(st);
	arena_free(c.a);
	return c.attempts > 5 ? 0 : 100; /* 100: never was the victim */
}

static void
deadlock(struct fixture *f, store_fn *fn)
{
	struct store_pass p = { .id = "counter", .document = S("0") }, got;
	int status, victims = 0;
	struct gate g;
	pid_t pids[2];

	assert_int_equal(add(f->st, &p), ERR_OK);
	store_close(f->st);
	f->st = NULL;
	gate_make(&g);
	for (int i = 0; i < 2; i++)
		if ((pids[i] = fork()) == 0)
			_exit(count(f->dir, fn, &g));
	gate_open(&g, 2);
	for (int i = 0; i < 2; i++) {
		status = reap(pids[i]);
		assert_true(status == 0 || status == 100);
		victims += status == 0;
	}
	assert_true(victims > 0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(store_pass_read(f->st, "counter", f->a, &got), ERR_OK);
	assert_string_equal(got.document.s, "10");
}

static void
test_deadlock_victim_is_run_again(void **state)
{
	deadlock(*state, count_up);
}

/* Even if the callback does not tell. */
static void
test_victim_that_says_ok_is_run_again(void **state)
{
	deadlock(*state, count_up_carelessly);
}

/* -- one digest, many processes -------------------------------------------- */

#define RACERS 16

static int
race(const char *dir, struct gate *g, int i)
{
	struct arena *a = arena_new(1024);
	struct sample s = { .document = "{}", .unique = "u" };
	struct store_pass p;
	struct store *st;
	enum err e;

	s.id = arena_printf(a, "racer-%d", i);
	p = sample_pass(a, &s);
	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	gate_wait(g);
	e = add(st, &p);
	store_close(st);
	arena_free(a);
	return e == ERR_OK ? 10 : e == ERR_CONFLICT ? 20 : 3;
}

static void
test_one_of_many_gets_the_digest(void **state)
{
	struct fixture *f = *state;
	int status, won = 0, lost = 0;
	struct gate g;
	pid_t pids[RACERS];
	uint64_t n = 0;

	store_close(f->st);
	f->st = NULL;
	gate_make(&g);
	for (int i = 0; i < RACERS; i++)
		if ((pids[i] = fork()) == 0)
			_exit(race(f->dir, &g, i));
	gate_open(&g, RACERS);
	for (int i = 0; i < RACERS; i++) {
		status = reap(pids[i]);
		won += status == 10;
		lost += status == 20;
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, RACERS - 1);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 1);
}

/* -- isolation ------------------------------------------------------------- */

static enum err
change_and_linger(struct txn *t, void *arg)
{
	int *pipes = arg;
	struct store_pass old = { .id = "p1", .ordinal = 1 };
	struct store_pass new = { .id = "p1", .document = S("new") };
	enum err e = store_pass_change(t, &old, &new);

	if (write(pipes[1], "x", 1) != 1)
		_exit(3);
	usleep(200000);
	return e;
}

/* A reader outside a transaction waits for a writer; it sees no half. */
static void
test_read_sees_only_what_is_committed(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "p1", .document = S("old") }, got;
	int pipes[2];
	pid_t pid;
	char c;

	assert_int_equal(add(f->st, &p), ERR_OK);
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(pipe(pipes), 0);
	if ((pid = fork()) == 0) {
		struct store *st;

		if (store_open(f->dir, &fast, &st) != ERR_OK)
			_exit(1);
		if (store_run(st, change_and_linger, pipes) != ERR_OK)
			_exit(2);
		store_close(st);
		_exit(0);
	}
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(store_pass_read(f->st, "p1", f->a, &got), ERR_OK);
	assert_string_equal(got.document.s, "new");
	assert_int_equal(reap(pid), 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* -- checkpoints ----------------------------------------------------------- */

static unsigned
logs(struct fixture *f)
{
	char **list = NULL;
	unsigned n = 0;

	assert_int_equal(
	    f->st->env->log_archive(f->st->env, &list, DB_ARCH_LOG), 0);
	while (list != NULL && list[n] != NULL)
		n++;
	free(list);
	return n;
}

/* 100 MB of log: checkpoints came by themselves, and old files went. */
static void
test_log_is_kept_short(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "p1" };

	p.document.s = arena_alloc(f->a, 200000);
	p.document.len = 200000;
	for (int i = 0; i < 500; i++) {
		memset((char *)(uintptr_t)p.document.s, 'a' + i % 26, 200000);
		assert_int_equal(
		    i == 0 ? add(f->st, &p) : change(f->st, &p, &p), ERR_OK);
	}
	assert_true(logs(f) <= 6);
	assert_int_equal(store_checkpoint(f->st, 0), ERR_OK);
	assert_true(logs(f) <= 2);
}

/* Somebody else has the turn: nothing to do, and no waiting. */
static void
test_one_checkpoint_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "p1" };
	int go[2];
	pid_t pid;
	char c;

	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(pipe(go), 0);
	if ((pid = fork()) == 0) {
		struct boot other = { .fd = open(
					  fixture_path(f, "boot"), O_RDWR) };

		if (!boot_turn_take(&other) || write(go[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(go[0], &c, 1), 1);
	assert_false(boot_turn_take(&f->st->boot));
	assert_int_equal(store_checkpoint(f->st, 0), ERR_OK);
	kill(pid, SIGKILL);
	(void)reap(pid);
	assert_true(boot_turn_take(&f->st->boot));
	boot_turn_end(&f->st->boot);
	close(go[0]);
	close(go[1]);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_failed_callback_leaves_no_trace),
		T(test_read_is_tried_again),
		T(test_deadlock_victim_is_run_again),
		T(test_victim_that_says_ok_is_run_again),
		T(test_one_of_many_gets_the_digest),
		T(test_read_sees_only_what_is_committed),
		T(test_log_is_kept_short),
		T(test_one_checkpoint_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
