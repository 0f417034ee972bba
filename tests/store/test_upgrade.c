/*
 * A program of format 3, with steps of the tests' own in the place of those
 * of format.c, opens stores of older ones.
 */

#include "store/upgrade.h"

#include <fcntl.h>
#include <signal.h>

#include "base/log.h"
#include "fixture.h"

#define ROWS 250

/* In a child: the row at which it dies. */
static int die_at = -1;

/* A row gets a mark for each time that a step saw it. */
static enum err
mark(struct txn *t, struct slice key, struct slice value, char by)
{
	char v[16];

	assert_true(value.len < sizeof(v));
	if (die_at >= 0 && die_at-- == 0)
		raise(SIGKILL);
	memcpy(v, value.s, value.len);
	v[value.len] = by;
	return table_put(
	    t, TABLE_SOURCE, key, table_slice(v, value.len + 1), 0);
}

static enum err
first(struct txn *t, struct slice key, struct slice value)
{
	return mark(t, key, value, '1');
}

static enum err
second(struct txn *t, struct slice key, struct slice value)
{
	return mark(t, key, value, '2');
}

static const struct upgrade_step steps[] = {
	{ "marks of the first kind", TABLE_SOURCE, first },
	{ "marks of the second kind", TABLE_SOURCE, second },
};
const struct upgrade_plan upgrade_plan = { steps, 2 };

/* -- stores ------------------------------------------------------------------
 */

struct old {
	uint32_t format;
	unsigned rows;
};

static enum err
make_old(struct txn *t, void *arg)
{
	const struct old *old = arg;
	unsigned char format[4];
	char key[16];
	enum err e = ERR_OK;

	table_put32(format, old->format);
	for (unsigned i = 0; e == ERR_OK && i < old->rows; i++) {
		snprintf(key, sizeof(key), "row-%05u", i);
		e = table_put(t, TABLE_SOURCE, slice_of(key), S("v"), 0);
	}
	return e == ERR_OK ? table_put(t, TABLE_META, S("format"),
				 table_slice(format, sizeof(format)), 0)
			   : e;
}

/* As a program of that format leaves it. */
static void
leave(struct fixture *f, uint32_t format, unsigned rows)
{
	struct old old = { format, rows };
	FILE *boot;

	assert_int_equal(store_run(f->st, make_old, &old), ERR_OK);
	store_close(f->st);
	f->st = NULL;
	boot = fopen(fixture_path(f, "boot"), "w");
	assert_non_null(boot);
	fprintf(boot, "boot 1\nformat %u\n", format);
	fclose(boot);
}

struct counted {
	const char *value;
	unsigned n;
};

static enum err
count_row(struct slice key, struct slice value, void *arg)
{
	struct counted *c = arg;

	(void)key;
	if (!slice_is(value, c->value))
		return ERR_INVALID;
	c->n++;
	return ERR_OK;
}

/* All rows are `value`, and the format is the present one. */
static void
all_are(struct fixture *f, const char *value, unsigned rows)
{
	struct counted c = { .value = value };

	assert_int_equal(
	    table_each(f->st, TABLE_SOURCE, count_row, &c), ERR_OK);
	assert_int_equal(c.n, rows);
	fixture_reopen(f);
	c.n = 0;
	assert_int_equal(
	    table_each(f->st, TABLE_SOURCE, count_row, &c), ERR_OK);
}

static void
test_older_formats_become_the_present(void **state)
{
	static const struct {
		struct old old;
		const char *value;
	} t[] = {
		{ { 1, 0 }, "" },
		{ { 1, 1 }, "v12" },
		{ { 1, 99 }, "v12" },
		{ { 1, 100 }, "v12" },
		{ { 1, 101 }, "v12" },
		{ { 2, ROWS }, "v2" },
		{ { 3, ROWS }, "v" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct fixture *f;

		fixture_setup(state);
		f = *state;
		leave(f, t[i].old.format, t[i].old.rows);
		assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
		all_are(f, t[i].value, t[i].old.rows);
		fixture_teardown(state);
	}
}

static void
test_whoever_is_killed_leaves_the_rest_to_the_next(void **state)
{
	static const int deaths[] = { 0, 1, 99, 99, 99, 120, 30, 149, 10 };
	struct fixture *f = *state;

	leave(f, 1, ROWS);
	for (size_t i = 0; i < sizeof(deaths) / sizeof(*deaths); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			die_at = deaths[i];
			_exit(store_open(f->dir, &fast, &f->st) == ERR_OK ? 0
									  : 1);
		}
		assert_int_equal(reap(pid), 1000 + SIGKILL);
	}
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	all_are(f, "v12", ROWS);
}

static void
test_many_open_at_once(void **state)
{
	struct fixture *f = *state;
	struct gate g;
	pid_t pids[4];

	leave(f, 1, ROWS);
	gate_make(&g);
	for (int i = 0; i < 4; i++)
		if ((pids[i] = fork()) == 0) {
			gate_wait(&g);
			if (store_open(f->dir, &fast, &f->st) != ERR_OK)
				_exit(1);
			all_are(f, "v12", ROWS);
			store_close(f->st); /* else it died attached */
			_exit(0);
		}
	gate_open(&g, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(reap(pids[i]), 0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	all_are(f, "v12", ROWS);
}

/* Those who are attached yet would go on writing as they know it. */
static void
test_older_programs_are_ended(void **state)
{
	struct fixture *f = *state;
	struct gate g;
	pid_t pid;
	FILE *boot;

	store_close(f->st);
	f->st = NULL;
	gate_make(&g);
	if ((pid = fork()) == 0) {
		if (store_open(f->dir, &fast, &f->st) != ERR_OK)
			_exit(1);
		gate_wait(&g);
		for (;;)
			pause();
	}
	gate_open(&g, 1);
	boot = fopen(fixture_path(f, "boot"), "w");
	assert_non_null(boot);
	fputs("boot 1\nformat 2\n", boot);
	fclose(boot);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(reap(pid), 1000 + SIGKILL);
}

static void
test_a_newer_format_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char text[32] = "";
	FILE *boot;

	leave(f, 4, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    store_open(f->dir, &fast, &f->st), ERR_INTERNAL);
		assert_null(f->st);
		boot = fopen(fixture_path(f, "boot"), "r");
		assert_non_null(boot);
		assert_non_null(fgets(text, sizeof(text), boot));
		assert_string_equal(text, "boot 1\n");
		fclose(boot);
	}
	/* A copy has no such file. */
	assert_int_equal(unlink(fixture_path(f, "boot")), 0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_INTERNAL);
	assert_null(f->st);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_older_formats_become_the_present),
		T(test_whoever_is_killed_leaves_the_rest_to_the_next),
		T(test_many_open_at_once),
		T(test_older_programs_are_ended),
		T(test_a_newer_format_is_left_alone),
	};

	log_open("test", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
