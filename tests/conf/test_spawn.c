#include "conf/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "folder.h"

struct state {
	struct folder d;
	struct server s;
};

/* A worker that says with what it was started, and that it let go of us. */
static const char script[] =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\"\n"
    "fds=$(for i in 0 1 2; do readlink /proc/$$/fd/$i; done)\n"
    "echo \"$fds\" >fds\n"
    "readlink /proc/$$/fd/* >all || :\n"
    "ps -o sid= -p $$ >session\n"
    "echo \"$@\" >started.new && mv started.new started\n";

static int
setup(void **state)
{
	struct state *st = calloc(1, sizeof(*st));

	folder_open(&st->d);
	folder_write(&st->d, "acme/data/x", "");
	st->s.file = "/etc/x.yml";
	st->s.tenants = st->d.dir;
	st->s.worker = folder_write(&st->d, "bin", script);
	assert_int_equal(chmod(st->s.worker, 0700), 0);
	*state = st;
	return 0;
}

static int
teardown(void **state)
{
	struct state *st = *state;

	folder_close(&st->d);
	free(st);
	return 0;
}

static bool
started(struct state *st)
{
	for (int i = 0; i < 200; i++) {
		if (access(folder_path(&st->d, "started"), F_OK) == 0)
			return true;
		(void)usleep(10000);
	}
	return false;
}

static struct timespec
mtime(struct state *st)
{
	struct stat sb;

	assert_int_equal(stat(folder_path(&st->d, "acme/data"), &sb), 0);
	return sb.st_mtim;
}

/* Each test comes a day later: the second of the last one is over. */
static int64_t
now(void)
{
	static int64_t day;

	return ++day * 86400000;
}

static void
test_lock(void **state)
{
	struct state *st = *state;
	int first = -1, second = -1;

	assert_int_equal(spawn_lock(&st->s, SPAWN_WORKER, &first), ERR_OK);
	assert_int_equal(spawn_lock(&st->s, SPAWN_WORKER, &second), ERR_BUSY);
	assert_int_equal(second, -1);
	assert_int_equal(spawn_lock(&st->s, SPAWN_HUB, &second), ERR_OK);
	close(second);
	close(first);
	assert_int_equal(spawn_lock(&st->s, SPAWN_WORKER, &second), ERR_OK);
	close(second);
	st->s.tenants = "/nonexistent";
	assert_int_equal(
	    spawn_lock(&st->s, SPAWN_WORKER, &first), ERR_INTERNAL);
}

static void
test_start(void **state)
{
	struct state *st = *state;
	int keep = open("/dev/zero", O_RDONLY); /* not close-on-exec */
	const struct timespec before = mtime(st);
	struct timespec after;
	int64_t t = now();

	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), t);
	assert_true(started(st));
	assert_string_equal(
	    folder_read(&st->d, "started"), "-c /etc/x.yml --idle 10\n");
	assert_string_equal(
	    folder_read(&st->d, "fds"), "/dev/null\n/dev/null\n/dev/null\n");
	assert_null(strstr(folder_read(&st->d, "all"), "zero"));
	assert_int_not_equal(
	    atoi(folder_read(&st->d, "session")), (int)getsid(0));
	after = mtime(st);
	assert_false(
	    before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec);

	/* Within the second it only touches; then it looks again. */
	assert_int_equal(unlink(folder_path(&st->d, "started")), 0);
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), t + 999);
	(void)usleep(200000);
	assert_int_not_equal(access(folder_path(&st->d, "started"), F_OK), 0);
	assert_false(after.tv_sec == mtime(st).tv_sec &&
	    after.tv_nsec == mtime(st).tv_nsec);
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), t + 1000);
	assert_true(started(st));

	/* A clock set back does not keep it from looking. */
	assert_int_equal(unlink(folder_path(&st->d, "started")), 0);
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), t - 3600000);
	assert_true(started(st));
	close(keep);
}

static void
test_one_that_runs_is_enough(void **state)
{
	struct state *st = *state;
	int lock = -1;

	assert_int_equal(spawn_lock(&st->s, SPAWN_WORKER, &lock), ERR_OK);
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), now());
	(void)usleep(200000);
	assert_int_not_equal(access(folder_path(&st->d, "started"), F_OK), 0);
	close(lock);
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), now());
	assert_true(started(st));
}

static void
test_without_a_worker(void **state)
{
	struct state *st = *state;

	st->s.worker = "/nonexistent/passwright-worker";
	spawn_worker(&st->s, folder_path(&st->d, "acme/data"), now());
	spawn_worker(&st->s, folder_path(&st->d, "acme/none"), now());
	assert_false(access(folder_path(&st->d, "started"), F_OK) == 0);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lock),
		TEST(test_start),
		TEST(test_one_that_runs_is_enough),
		TEST(test_without_a_worker),
	};

	log_open("test_spawn", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
