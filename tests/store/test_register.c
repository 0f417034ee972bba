#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "fixture.h"

static void
test_who_is_ours(void **state)
{
	static const struct {
		const char *exe, *own;
		bool ours;
	} cases[] = {
		{ "/usr/bin/passwright", "/opt/x", true },
		{ "/usr/libexec/passwright/passwright.fcgi", "/x", true },
		{ "/usr/bin/passwright-worker (deleted)", "/x", true },
		{ "passwright.fcgi", "/x", true },
		{ "/tmp/test", "/tmp/test", true },
		{ "/tmp/test (deleted)", "/tmp/test", true },
		{ "/tmp/test (deleted) ", "/tmp/test", false },
		{ "/tmp/test2", "/tmp/test", false },
		{ "/tmp/tes", "/tmp/test", false },
		{ "/usr/lib/passwright/sleep", "/x", false },
		{ "/usr/bin/Passwright", "/x", false },
		{ "/usr/bin/passwrigh", "/x", false },
		{ "/usr/bin/apasswright", "/x", false },
		{ "", "/x", false },
		{ "?", "/x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(register_is_ours(cases[i].exe, cases[i].own),
		    cases[i].ours);
}

/* -- processes that are attached ------------------------------------------- */

/* What the program does when started as `NAME hold DIR FD`. */
static int
hold(const char *dir, int fd)
{
	struct store *st;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	if (write(fd, "x", 1) != 1)
		return 2;
	for (;;)
		pause();
}

/* A process attached to the store, run from `exe`. */
static pid_t
holder_of(struct fixture *f, const char *exe)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		execl(exe, exe, "hold", f->dir,
		    arena_printf(f->a, "%d", ready[1]), (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* A copy of this program under another name. */
static const char *
copy_of_us(struct fixture *f, const char *name)
{
	const char *to = arena_printf(f->a, "%s/../%s", f->dir, name);

	assert_int_equal(system(arena_printf(
			     f->a, "cp /proc/%d/exe '%s'", (int)getpid(), to)),
	    0);
	return to;
}

static void
die_attached(struct fixture *f)
{
	pid_t pid = holder_of(f, "/proc/self/exe");

	kill(pid, SIGKILL);
	assert_int_equal(reap(pid), 1000 + SIGKILL);
}

static void
put_one_and_close(struct fixture *f)
{
	struct store_pass p = { .id = "p1", .document = S("{}") };

	assert_int_equal(add(f->st, &p), ERR_OK);
	store_close(f->st);
	f->st = NULL;
}

static void
opens_with_the_pass(struct fixture *f)
{
	struct store_pass got;

	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(store_pass_read(f->st, "p1", f->a, &got), ERR_OK);
}

static void
test_survivors_of_a_crash_are_ended(void **state)
{
	static const char *const names[] = { "passwright-worker",
		"passwright.fcgi" };
	struct fixture *f = *state;
	pid_t pids[3];

	put_one_and_close(f);
	for (int i = 0; i < 2; i++)
		pids[i] = holder_of(f, copy_of_us(f, names[i]));
	pids[2] = holder_of(f, "/proc/self/exe");
	assert_int_equal(
	    unlink(arena_printf(f->a, "%s/../%s", f->dir, names[1])), 0);
	die_attached(f);
	opens_with_the_pass(f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(reap(pids[i]), 1000 + SIGKILL);
}

static void
test_without_a_crash_nobody_is_ended(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	put_one_and_close(f);
	pid = holder_of(f, "/proc/self/exe");
	opens_with_the_pass(f);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	(void)reap(pid);
	/* It died while attached: who opens next recovers. */
	store_close(f->st);
	f->st = NULL;
	opens_with_the_pass(f);
}

static void
test_a_stranger_is_left_alone(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	put_one_and_close(f);
	pid = holder_of(f, copy_of_us(f, "stranger"));
	die_attached(f);
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_BUSY);
	assert_null(f->st);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	(void)reap(pid);
	opens_with_the_pass(f);
}

/* -- what the register may hold ---------------------------------------------
 */

static void
append(struct fixture *f, const char *text)
{
	FILE *r = fopen(fixture_path(f, "__db.register"), "a");

	assert_non_null(r);
	fputs(text, r);
	fclose(r);
}

/* None of these is attached, so all open, and the process named lives on. */
static void
test_slots_of_the_dead(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	const char *slots[] = {
		arena_printf(f->a, "%24d\n", (int)pid), /* id used again */
		arena_printf(f->a, "%24d\n", (int)getpid()),
		arena_printf(f->a, "%24d\n%24d\n", (int)getpid(), (int)pid),
		arena_printf(f->a, "%24d\n%24d\n", 0, 1),
		"                    1",
		"garbage garbage garbage..\n",
	};

	if (pid == 0)
		for (;;)
			pause();
	put_one_and_close(f);
	for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
		append(f, slots[i]);
		opens_with_the_pass(f);
		store_close(f->st);
		f->st = NULL;
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	(void)reap(pid);
}

/* -- the environment is lost while attached ---------------------------------
 */

static int
lose(const char *dir, bool leave)
{
	struct store_pass got;
	struct store *st;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	st->opening = true; /* the event is not the point here */
	if (st->env->set_flags(st->env, DB_PANIC_ENVIRONMENT, 1) != 0)
		return 2;
	if (leave) {
		(void)!st->env->close(st->env, 0);
		return 0;
	}
	st->opening = false;
	(void)!store_pass_read(st, "p1", arena_new(64), &got);
	return 3;
}

static void
test_a_lost_environment_ends_the_process(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	put_one_and_close(f);
	if ((pid = fork()) == 0)
		_exit(lose(f->dir, false));
	assert_int_equal(reap(pid), EX_TEMPFAIL);
	opens_with_the_pass(f);
}

/* Nobody died, but what is attached is attached to something lost. */
static void
test_panic_with_a_clean_register(void **state)
{
	struct fixture *f = *state;
	pid_t pid, loser;

	put_one_and_close(f);
	pid = holder_of(f, "/proc/self/exe");
	if ((loser = fork()) == 0)
		_exit(lose(f->dir, true));
	assert_int_equal(reap(loser), 0);
	opens_with_the_pass(f);
	assert_int_equal(reap(pid), 1000 + SIGKILL);
}

int
main(int argc, char **argv)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_ours),
		T(test_survivors_of_a_crash_are_ended),
		T(test_without_a_crash_nobody_is_ended),
		T(test_a_stranger_is_left_alone),
		T(test_slots_of_the_dead),
		T(test_a_lost_environment_ends_the_process),
		T(test_panic_with_a_clean_register),
	};

	if (argc == 4)
		return hold(argv[2], (int)strtol(argv[3], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
