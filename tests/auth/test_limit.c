#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/limit.h"
#include "base/log.h"
#include "test.h"

#define NOW 1800000000000LL

static const struct rate sixty = { 60, 60000 };
static const struct rate once = { 1, 60000 };

struct fixture {
	char dir[32], path[48];
	struct limit *l;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_open("test_limit", "/dev/null", LOG_LVL_ERROR);
	strcpy(f->dir, "/tmp/test_limit.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/limits", f->dir);
	*state = f;
	return limit_open(f->path, ident_random, &f->l) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	limit_close(f->l);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* How many of `n` requests pass. */
static int
passed(
    struct limit *l, const char *who, const struct rate *r, int64_t now, int n)
{
	long retry = 0;
	int ok = 0;

	for (; n > 0; n--)
		ok += limit_take(l, who, r, now, &retry) == ERR_OK;
	return ok;
}

static void
test_window(void **state)
{
	static const struct {
		int64_t at; /* since the first */
		int n, pass;
		long retry; /* of one more; 0: it passes */
	} t[] = {
		/* clang-format off */
		{ 0,      59, 59, 0 },  /* and one more: 60 */
		{ 0,      10, 0,  60 },
		{ 1,      1,  0,  60 },
		{ 1000,   1,  0,  59 },
		{ 59000,  1,  0,  1 },
		{ 59999,  1,  0,  1 },
		{ 60000,  59, 59, 0 },  /* the next window */
		{ 60000,  1,  0,  60 },
		{ 61001,  1,  0,  59 },
		{ 900000, 70, 60, 60 },
		/* clang-format on */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		long retry = 0;

		assert_int_equal(
		    passed(f->l, "192.0.2.1", &sixty, NOW + t[i].at, t[i].n),
		    t[i].pass);
		assert_int_equal(limit_take(f->l, "192.0.2.1", &sixty,
				     NOW + t[i].at, &retry),
		    t[i].retry == 0 ? ERR_OK : ERR_BUSY);
		assert_int_equal(retry, t[i].retry);
	}
}

static void
test_no_limit(void **state)
{
	static const struct rate none = { 0, 0 };
	struct fixture *f = *state;

	assert_int_equal(passed(f->l, "192.0.2.1", &none, NOW, 1000), 1000);
}

static void
test_places(void **state)
{
	static const struct {
		const char *one, *two;
		bool same;
	} t[] = {
		/* clang-format off */
		{ "192.0.2.1",     "192.0.2.2",             false },
		{ "192.0.2.3",     "::ffff:192.0.2.3",      true },
		{ "192.0.2.4",     "::192.0.2.4",           false },
		{ "2001:db8::1",   "2001:db8::2",           true },
		{ "2001:db8:1::1", "2001:DB8:1:0:ffff:1::", true },
		{ "2001:db8:2::1", "2001:db8:2:1::1",       false },
		{ "2001:db8:3::",  "2001:db8:2:ffff::",     false },
		{ "",              "tenant",                false },
		{ "x",             "xx",                    false },
		{ "192.0.2.5",     "192.0.2.5 ",            false },
		/* clang-format on */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(passed(f->l, t[i].one, &once, NOW, 2), 1);
		if (passed(f->l, t[i].two, &once, NOW, 1) == t[i].same)
			fail_msg("%s, %s", t[i].one, t[i].two);
	}
}

static void
test_long_name(void **state)
{
	struct fixture *f = *state;
	char name[5000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(passed(f->l, name, &once, NOW, 3), 1);
}

static void
test_clock_set_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(passed(f->l, "a", &sixty, NOW, 61), 60);
	assert_int_equal(passed(f->l, "a", &sixty, NOW - 10001, 61), 60);
	assert_int_equal(passed(f->l, "a", &sixty, NOW - 9999999, 61), 60);
	assert_int_equal(passed(f->l, "a", &sixty, NOW - 9999998, 1), 0);
}

static void
test_overtaken_request(void **state)
{
	struct fixture *f = *state;
	long retry = 0;

	assert_int_equal(passed(f->l, "a", &sixty, NOW, 59), 59);
	assert_int_equal(passed(f->l, "a", &sixty, NOW - 10000, 2), 1);
	assert_int_equal(passed(f->l, "a", &sixty, NOW + 1, 1), 0);
	assert_int_equal(
	    limit_take(f->l, "a", &sixty, NOW - 1, &retry), ERR_BUSY);
	assert_int_equal(retry, 60);
}

/* Each process has its own descriptor, as responders have. */
static int
child(const char *path)
{
	struct limit *l;
	int ok;

	if (limit_open(path, ident_random, &l) != ERR_OK)
		return 255;
	ok = passed(l, "192.0.2.1", &sixty, NOW, 200);
	limit_close(l);
	return ok;
}

static void
test_processes_count_together(void **state)
{
	struct fixture *f = *state;
	int status, sum = 0;

	limit_close(f->l); /* the children race to make it */
	f->l = NULL;
	assert_int_equal(unlink(f->path), 0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(child(f->path));
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	assert_int_equal(sum, 60);
}

static void
test_is_kept_over_a_restart(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(passed(f->l, "a", &sixty, NOW, 50), 50);
	limit_close(f->l);
	assert_int_equal(limit_open(f->path, ident_random, &f->l), ERR_OK);
	assert_int_equal(passed(f->l, "a", &sixty, NOW, 50), 10);
}

/* More places than there is room for: some counts are lost, none is wrong. */
static void
test_overflow(void **state)
{
	struct fixture *f = *state;
	const int n = LIMIT_SETS * LIMIT_WAYS * 2;
	struct stat st;
	char who[16];

	for (int i = 0; i < n; i++) {
		snprintf(who, sizeof(who), "10.%d.%d.%d", i >> 16 & 255,
		    i >> 8 & 255, i & 255);
		assert_int_equal(
		    passed(f->l, who, &once, NOW + i / 1000, 2), 1);
	}
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(st.st_size <= 1024 * 1024);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Windows of the future make room; those of now stay. */
static void
test_overflow_after_clock_set_back(void **state)
{
	struct fixture *f = *state;
	char who[16];
	int lost = 0;

	for (int i = 0; i < LIMIT_SETS * LIMIT_WAYS * 2; i++) {
		snprintf(who, sizeof(who), "a%d", i);
		assert_int_equal(passed(f->l, who, &once, NOW, 1), 1);
	}
	for (int i = 0; i < LIMIT_SETS; i++) {
		snprintf(who, sizeof(who), "b%d", i);
		assert_int_equal(passed(f->l, who, &once, NOW - 10999, 1), 1);
	}
	for (int i = 0; i < LIMIT_SETS; i++) {
		snprintf(who, sizeof(who), "b%d", i);
		lost += passed(f->l, who, &once, NOW - 10998, 1);
	}
	assert_true(lost < LIMIT_SETS / 100);
}

static void
test_garbage(void **state)
{
	struct fixture *f = *state;
	unsigned char junk[4096];
	int fd = open(f->path, O_RDWR);

	assert_true(fd >= 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 256; i++) {
			ident_random(junk, sizeof(junk));
			if (round == 1)
				memset(junk, 0xff, sizeof(junk));
			assert_int_equal(
			    pwrite(fd, junk, sizeof(junk), 24 + i * 4096L),
			    sizeof(junk));
		}
		assert_int_equal(passed(f->l, "a", &sixty, NOW, 99), 60);
	}
	/* a file of another kind, and one cut short */
	assert_int_equal(pwrite(fd, "whatever", 8, 0), 8);
	limit_close(f->l);
	assert_int_equal(limit_open(f->path, ident_random, &f->l), ERR_OK);
	assert_int_equal(passed(f->l, "a", &sixty, NOW, 99), 60);
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_int_equal(passed(f->l, "a", &sixty, NOW, 99), 60);
	close(fd);
}

static void
test_failures(void **state)
{
	struct fixture *f = *state;
	struct limit *l = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/none/limits", f->dir);
	assert_int_equal(limit_open(path, ident_random, &l), ERR_INTERNAL);
	snprintf(path, sizeof(path), "%s/link", f->dir);
	assert_int_equal(symlink(f->path, path), 0);
	assert_int_equal(limit_open(path, ident_random, &l), ERR_INTERNAL);
	assert_int_equal(unlink(path), 0);
	assert_null(l);
	limit_close(NULL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_window),
		T(test_no_limit),
		T(test_places),
		T(test_long_name),
		T(test_clock_set_back),
		T(test_overtaken_request),
		T(test_processes_count_together),
		T(test_is_kept_over_a_restart),
		T(test_overflow),
		T(test_overflow_after_clock_set_back),
		T(test_garbage),
		T(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
