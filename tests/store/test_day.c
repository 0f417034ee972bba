#include "store/day.h"

#include "fixture.h"

struct counting {
	const struct event *list;
	size_t n;
};

static enum err
count(struct txn *t, void *arg)
{
	const struct counting *c = arg;

	return day_count(t, c->list, c->n);
}

static void
counted(struct fixture *f, const struct event *list, size_t n)
{
	struct counting c = { list, n };

	assert_int_equal(store_run(f->st, count, &c), ERR_OK);
}

struct shown {
	struct arena *a;
	const char *text;
};

static enum err
show(const struct day *d, void *arg)
{
	struct shown *s = arg;

	s->text = arena_printf(s->a, "%s%d %s %d/%d/%d/%d/%d\n", s->text,
	    (int)d->day, d->type, (int)d->n[0], (int)d->n[1], (int)d->n[2],
	    (int)d->n[3], (int)d->n[4]);
	return ERR_OK;
}

static const char *
days_from(struct fixture *f, int32_t day)
{
	struct shown s = { f->a, "" };

	assert_int_equal(day_each(f->st, day, show, &s), ERR_OK);
	return s.text;
}

static void
test_days(void **state)
{
	static const struct {
		int64_t ms;
		int32_t day;
	} rows[] = {
		{ 0, 0 },
		{ 86399999, 0 },
		{ 86400000, 1 },
		{ -1, -1 },
		{ -86400000, -1 },
		{ -86400001, -2 },
		{ INT64_C(1795323845678), 20779 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(day_of(rows[i].ms), rows[i].day);
}

static const struct event sample[] = {
	{ .kind = EVENT_CREATED, .date = DAY_MS - 1, .type = "a" },
	{ .kind = EVENT_UPDATED, .date = DAY_MS - 1, .type = "a" },
	{ .kind = EVENT_UPDATED, .date = DAY_MS, .type = "a" },
	{ .kind = EVENT_INSTALLED, .date = DAY_MS, .type = "ab" },
	{ .kind = EVENT_UNINSTALLED, .date = 0, .type = "a" },
	{ .kind = EVENT_NOTIFIED, .date = -1, .type = "a" },
	{ .kind = EVENT_UPDATED, .date = 2 * DAY_MS - 1, .type = "a" },
};

static void
test_counts_add_up(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(days_from(f, -100000), "");
	counted(f, sample, 7);
	counted(f, sample, 2);
	assert_string_equal(days_from(f, -100000),
	    "-1 a 0/0/0/0/1\n"
	    "0 a 2/2/0/1/0\n"
	    "1 a 0/2/0/0/0\n"
	    "1 ab 0/0/1/0/0\n");
	assert_string_equal(days_from(f, 1),
	    "1 a 0/2/0/0/0\n"
	    "1 ab 0/0/1/0/0\n");
	assert_string_equal(days_from(f, 2), "");
}

static void
test_old_ones_go(void **state)
{
	struct fixture *f = *state;
	size_t n = 1;

	counted(f, sample, 7);
	assert_int_equal(day_forget(f->st, 1, &n), ERR_OK);
	assert_int_equal(n, 1);
	n = 100;
	assert_int_equal(day_forget(f->st, 1, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_string_equal(days_from(f, -100000),
	    "1 a 0/2/0/0/0\n"
	    "1 ab 0/0/1/0/0\n");
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_days),
		T(test_counts_add_up),
		T(test_old_ones_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
