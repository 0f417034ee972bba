#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "fixture.h"

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

/* -- the folder -------------------------------------------------------------
 */

static void
test_nobody_else_reads_the_files(void **state)
{
	struct fixture *f = *state;
	struct dirent *de;
	struct stat sb;
	int files = 0;
	DIR *d;

	put_one_and_close(f);
	assert_int_equal(stat(f->dir, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0700);
	assert_non_null(d = opendir(f->dir));
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		files++;
		assert_int_equal(stat(fixture_path(f, de->d_name), &sb), 0);
		assert_int_equal(sb.st_mode & 07777, 0600);
	}
	closedir(d);
	assert_true(files >= 10);
}

static void
test_folders_that_will_not_do(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {
		f->dir, /* open already */
		fixture_path(f, "../data/../data"),
		fixture_path(f, "boot"),
		fixture_path(f, "no/such"),
		"",
	};
	struct store *st = NULL;
	struct store_pass p = { .id = "p1" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		assert_int_equal(store_open(dirs[i], &fast, &st), ERR_INTERNAL);
	assert_null(st);
	assert_int_equal(add(f->st, &p), ERR_OK);
}

static void
test_remote_file_systems(void **state)
{
	static const struct {
		unsigned long type;
		bool remote;
	} cases[] = {
		{ 0x6969, true },
		{ 0xff534d42, true },
		{ 0x65735546, true },
		{ 0x01021997, true },
		{ 0xef53, false },     /* ext4 */
		{ 0x9123683e, false }, /* btrfs */
		{ 0x58465342, false }, /* xfs */
		{ 0x01021994, false }, /* tmpfs */
		{ 0x794c7630, false }, /* overlayfs */
		{ 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(env_remote(cases[i].type), cases[i].remote);
}

/* -- the format ---------------------------------------------------------------
 */

static enum err
set_format(struct txn *t, void *arg)
{
	return table_put(t, TABLE_META, S("format"), *(struct slice *)arg, 0);
}

static void
test_a_format_that_is_not_ours_is_refused(void **state)
{
	static const struct slice formats[] = { { "\0\0\0\2", 4 },
		{ "\0\1\0\1", 4 }, { "\1", 1 }, { "", 0 } };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct slice format = formats[i];
		struct fixture *f;

		fixture_setup(state);
		f = *state;
		assert_int_equal(store_run(f->st, set_format, &format), ERR_OK);
		store_close(f->st);
		f->st = NULL;
		assert_int_equal(
		    store_open(f->dir, &fast, &f->st), ERR_INTERNAL);
		assert_null(f->st);
		fixture_teardown(state);
	}
}

/* -- another boot -------------------------------------------------------------
 */

static void
scribble(struct fixture *f, const char *file)
{
	int fd = open(fixture_path(f, file), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "\xde\xad\xbe\xef", 4), 4);
	close(fd);
}

static void
write_boot(struct fixture *f, const char *text)
{
	FILE *b = fopen(fixture_path(f, "boot"), "w");

	assert_non_null(b);
	fputs(text, b);
	fclose(b);
}

/* The register looks clean and the regions are garbage, as after a power cut.
 */
static void
test_regions_of_another_boot(void **state)
{
	static const char *const boots[] = { "", "boot 1\n", "garbage",
		"boot 0\nmachine 0\nfolder 0:0\npids pid:[0]\n" };
	struct fixture *f = *state;

	put_one_and_close(f);
	for (size_t i = 0; i < sizeof(boots) / sizeof(*boots); i++) {
		scribble(f, "__db.001");
		scribble(f, "__db.002");
		scribble(f, "__db.003");
		scribble(f, "__db.099");
		if (i % 2 == 0)
			scribble(f, "__db.register");
		write_boot(f, boots[i]);
		opens_with_the_pass(f);
		assert_int_equal(access(fixture_path(f, "__db.099"), F_OK), -1);
		store_close(f->st);
		f->st = NULL;
	}
	/* And it was written down: the next opener finds nothing amiss. */
	scribble(f, "__db.099");
	opens_with_the_pass(f);
	assert_int_equal(access(fixture_path(f, "__db.099"), F_OK), 0);
}

static void
test_a_folder_that_was_copied(void **state)
{
	struct fixture *f = *state;

	put_one_and_close(f);
	scribble(f, "__db.003");
	assert_int_equal(system(arena_printf(f->a,
			     "cp -a '%s' '%s2' && mv '%s' '%s3' && "
			     "mv '%s2' '%s'",
			     f->dir, f->dir, f->dir, f->dir, f->dir, f->dir)),
	    0);
	opens_with_the_pass(f);
}

/* Somebody holds the file who is in no register: not ours to end. */
static void
test_another_boot_while_others_are_attached(void **state)
{
	struct fixture *f = *state;
	int go[2];
	pid_t pid;
	char c;

	put_one_and_close(f);
	write_boot(f, "another");
	assert_int_equal(pipe(go), 0);
	if ((pid = fork()) == 0) {
		int fd = open(fixture_path(f, "boot"), O_RDWR);

		if (flock(fd, LOCK_SH) != 0 || write(go[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(go[0], &c, 1), 1);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_BUSY);
	assert_null(f->st);
	kill(pid, SIGKILL);
	(void)reap(pid);
	opens_with_the_pass(f);
	close(go[0]);
	close(go[1]);
}

/* Those of ours who are attached are ended, and somebody opens at last. */
static void
test_another_boot_while_ours_are_attached(void **state)
{
	struct fixture *f = *state;
	int go[2];
	pid_t pid;
	char c;

	put_one_and_close(f);
	assert_int_equal(pipe(go), 0);
	if ((pid = fork()) == 0) {
		if (store_open(f->dir, &fast, &f->st) != ERR_OK ||
		    write(go[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(go[0], &c, 1), 1);
	write_boot(f, "another");
	opens_with_the_pass(f);
	assert_int_equal(reap(pid), 1000 + SIGKILL);
	close(go[0]);
	close(go[1]);
}

/* -- a full disk --------------------------------------------------------------
 */

/*
 * Somebody was killed while he made the shared memory, and the register does
 * not tell.  Where it has its size but no content, Berkeley DB waits for him,
 * 18 seconds; the next one heals it.
 */
static void
test_regions_that_nobody_finishes(void **state)
{
	static const off_t sizes[] = { 0, 4096, -1 };
	struct fixture *f = *state;
	struct store *st = NULL;
	struct stat sb;
	int fd;

	put_one_and_close(f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fd = open(fixture_path(f, "__db.001"), O_WRONLY);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &sb), 0);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
		    ftruncate(fd, sizes[i] < 0 ? sb.st_size : sizes[i]), 0);
		assert_int_equal(close(fd), 0);
		assert_int_equal(store_open(f->dir, &fast, &st), ERR_BUSY);
		assert_null(st);
		opens_with_the_pass(f);
		store_close(f->st);
		f->st = NULL;
	}
}

static void
test_a_bus_error_ends_the_process(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	put_one_and_close(f);
	if ((pid = fork()) == 0) {
		signal(SIGBUS, SIG_DFL);
		if (store_open(f->dir, &fast, &f->st) != ERR_OK)
			_exit(1);
		raise(SIGBUS);
		_exit(2);
	}
	assert_int_equal(reap(pid), EX_TEMPFAIL);
	opens_with_the_pass(f);
}

/* -- plain CGI: each request opens and closes ---------------------------------
 */

#define VISITORS 4
#define VISITS   20

static int
visit(const char *dir, int visitor)
{
	struct arena *a = arena_new(1024);
	int failed = 0;

	for (int i = 0; i < VISITS; i++) {
		struct store_pass p = { .id = arena_printf(
					    a, "v%d-%d", visitor, i) };
		struct store *st;

		if (store_open(dir, &fast, &st) != ERR_OK)
			return 1;
		failed |= add(st, &p) != ERR_OK;
		store_close(st);
	}
	arena_free(a);
	return failed;
}

static void
test_many_open_and_close(void **state)
{
	struct fixture *f = *state;
	pid_t pids[VISITORS];
	uint64_t n = 0;

	store_close(f->st);
	f->st = NULL;
	for (int i = 0; i < VISITORS; i++)
		if ((pids[i] = fork()) == 0)
			_exit(visit(f->dir, i));
	for (int i = 0; i < VISITORS; i++)
		assert_int_equal(reap(pids[i]), 0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, VISITORS * VISITS);
}

/*
 * Leaving is writing the slot of the register free, then letting its lock go;
 * an opener that looks in between must not take it for a death.
 */
static void
test_closing_waits_for_an_opener(void **state)
{
	const struct timespec ts = { .tv_nsec = 300000000 };
	struct fixture *f = *state;
	struct boot opener;
	int opened[2], go[2], status;
	pid_t pid;
	char c;

	store_close(f->st);
	f->st = NULL;
	assert_int_equal(pipe(opened), 0);
	assert_int_equal(pipe(go), 0);
	if ((pid = fork()) == 0) {
		if (store_open(f->dir, &fast, &f->st) != ERR_OK ||
		    write(opened[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		store_close(f->st);
		_exit(0);
	}
	assert_int_equal(read(opened[0], &c, 1), 1);
	assert_int_equal(boot_enter(f->dir, &opener), ERR_OK);
	assert_int_equal(write(go[1], "x", 1), 1);
	nanosleep(&ts, NULL);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(boot_settle(f->dir, &opener), ERR_OK);
	assert_int_equal(reap(pid), 0);
	boot_leave(&opener);
	for (int i = 0; i < 2; i++) {
		close(opened[i]);
		close(go[i]);
	}
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_nobody_else_reads_the_files),
		T(test_folders_that_will_not_do),
		cmocka_unit_test(test_remote_file_systems),
		cmocka_unit_test(test_a_format_that_is_not_ours_is_refused),
		T(test_regions_of_another_boot),
		T(test_a_folder_that_was_copied),
		T(test_another_boot_while_others_are_attached),
		T(test_another_boot_while_ours_are_attached),
		T(test_regions_that_nobody_finishes),
		T(test_a_bus_error_ends_the_process),
		T(test_many_open_and_close),
		T(test_closing_waits_for_an_opener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
