#include <signal.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <time.h>

#include "fixture.h"

/*
 * Writers are killed at any moment; what they were told is committed must be
 * there, and nobody may hang.
 */
#define WRITERS  4
#define KILLS    100
#define SECONDS  12
#define PATIENCE 40 /* seconds without a write: they hang */

struct board {                 /* shared by all */
	long added[WRITERS];   /* passes acknowledged */
	long changed[WRITERS]; /* and the last that was changed */
};

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What is stored for a pass follows from its id and version. */
static struct store_pass
made(struct arena *a, int writer, long n, int version)
{
	struct store_pass p = { .id = arena_printf(a, "w%d-%06ld", writer, n) };

	p.document =
	    slice_of(arena_printf(a, "%s.%d%*s", p.id, version, 700, "x"));
	p.fields = arena_alloc(a, 2 * sizeof(*p.fields));
	p.fields[0] = (struct store_field){ S("id"), slice_of(p.id) };
	p.fields[1] = (struct store_field){ S("version"),
		slice_of(version == 1 ? "1" : "2") };
	p.nfields = 2;
	p.unique = arena_alloc(a, 32);
	snprintf((char *)(uintptr_t)p.unique, 32, "%s", p.id);
	return p;
}

/* The same out of a document, for store_verify(). */
static enum err
index_made(struct arena *a, struct store_pass *p, void *arg)
{
	struct store_pass want;
	long n;
	int writer, version;

	(void)arg;
	if (sscanf(p->document.s, "w%d-%ld.%d", &writer, &n, &version) != 3)
		return ERR_INVALID;
	want = made(a, writer, n, version);
	assert_true(slice_eq(want.document, p->document));
	p->fields = want.fields;
	p->nfields = want.nfields;
	p->unique = want.unique;
	return ERR_OK;
}

static void
write_on(const char *dir, struct board *b, int writer)
{
	const struct store_options opt = { .sync = STORE_WRITE_NOSYNC };
	struct arena *a = arena_new(4096);
	struct store *st;
	enum err e = store_open(dir, &opt, &st);

	if (e != ERR_OK)
		_exit(e == ERR_BUSY ? EX_TEMPFAIL : EX_SOFTWARE);
	for (long n = b->added[writer] + 1;; n++) {
		struct store_pass p = made(a, writer, n, 1);
		struct store_pass q = made(a, writer, n, 2);

		/* The last one may be there, although nobody was told. */
		e = add(st, &p);
		if (e != ERR_OK && e != ERR_CONFLICT)
			_exit(EX_SOFTWARE);
		b->added[writer] = n;
		if (e == ERR_CONFLICT)
			continue;
		if (change(st, &p, &q) != ERR_OK)
			_exit(EX_SOFTWARE);
		b->changed[writer] = n;
		arena_reset(a);
	}
}

static pid_t
start(const char *dir, struct board *b, int writer)
{
	pid_t pid = fork();

	if (pid == 0)
		write_on(dir, b, writer);
	return pid;
}

static long
total(const struct board *b)
{
	long sum = 0;

	for (int i = 0; i < WRITERS; i++)
		sum += b->added[i];
	return sum;
}

/* Whoever ended is started again; how it ended must be one of these. */
static void
restart_the_dead(const char *dir, struct board *b, pid_t *pids)
{
	int status;

	for (int i = 0; i < WRITERS; i++) {
		if (waitpid(pids[i], &status, WNOHANG) != pids[i])
			continue;
		if (WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), EX_TEMPFAIL);
		else
			assert_int_equal(WTERMSIG(status), SIGKILL);
		pids[i] = start(dir, b, i);
	}
}

static int
kill_writers(const char *dir, struct board *b, unsigned seed)
{
	double end = seconds() + SECONDS, moved = seconds();
	pid_t pids[WRITERS];
	int kills = 0;
	long was = 0;

	for (int i = 0; i < WRITERS; i++)
		pids[i] = start(dir, b, i);
	while (kills < KILLS && seconds() < end) {
		usleep((useconds_t)(rand_r(&seed) % 100000));
		if (total(b) > was)
			moved = seconds();
		was = total(b);
		assert_true(seconds() - moved < PATIENCE);
		kill(pids[rand_r(&seed) % WRITERS], SIGKILL);
		kills++;
		restart_the_dead(dir, b, pids);
	}
	for (int i = 0; i < WRITERS; i++) {
		kill(pids[i], SIGKILL);
		(void)reap(pids[i]);
	}
	return kills;
}

static void
report(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

static void
test_no_acknowledged_write_is_lost(void **state)
{
	struct fixture *f = *state;
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = (unsigned)time(NULL);
	uint64_t faults = 99;
	int kills;

	print_message("seed %u\n", seed);
	store_close(f->st);
	f->st = NULL;
	kills = kill_writers(f->dir, b, seed);
	print_message("%d kills, %ld writes\n", kills, total(b));
	assert_true(kills >= KILLS / 10);

	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	for (int i = 0; i < WRITERS; i++)
		for (long n = 1; n <= b->added[i]; n++) {
			struct store_pass p = made(f->a, i, n, 1), got = { 0 };

			assert_int_equal(
			    store_pass_read(f->st, p.id, f->a, &got), ERR_OK);
			if (n == b->changed[i])
				assert_int_equal(
				    got.document.s[strlen(p.id) + 1], '2');
			arena_reset(f->a);
		}
	assert_int_equal(
	    store_verify(f->st, index_made, report, NULL, &faults), ERR_OK);
	assert_int_equal(faults, 0);
	munmap(b, sizeof(*b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_no_acknowledged_write_is_lost, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
