#include "fixture.h"
#include "store/day.h"

struct sums {
	uint64_t n[EVENT__MAX];
	int days;
};

static enum err
sum_up(const struct day *d, void *arg)
{
	struct sums *s = arg;

	s->days++;
	for (size_t i = 0; i < EVENT__MAX; i++)
		s->n[i] += d->n[i];
	return ERR_OK;
}

static struct sums
summed(struct fixture *f)
{
	struct sums s = { .days = 0 };

	assert_int_equal(day_each(f->st, 0, sum_up, &s), ERR_OK);
	return s;
}

static void
test_each_counts_once(void **state)
{
	struct fixture *f = *state;
	struct sums s;

	assert_int_equal(turn(f, &job_events), ERR_OK);
	assert_false(f->state.owed);
	for (int i = 0; i < 501; i++)
		(void)created(f);
	assert_int_equal(turn(f, &job_events), ERR_OK);
	assert_true(f->state.owed);
	assert_int_equal(f->state.next, f->time.tick); /* there are more */
	assert_int_equal(summed(f).n[EVENT_CREATED], 500);
	assert_int_equal(turn(f, &job_events), ERR_OK);
	assert_int_equal(f->state.next, f->time.tick + 200);
	assert_int_equal(turn(f, &job_events), ERR_OK);
	assert_false(f->state.owed);
	s = summed(f);
	assert_int_equal(s.n[EVENT_CREATED], 501);
	assert_int_equal(s.days, 1);
}

static void
test_changes_count_and_no_changes_do_not(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f);
	const struct change_input in = { .additional = parsed(f, "{\"x\":1}") };
	struct change_env env = fixture_env(f);
	struct change_result r;
	struct why w;

	assert_int_equal(change_update(&env, id, &in, &r, &w), ERR_OK);
	assert_int_equal(change_update(&env, id, &in, &r, &w), ERR_OK);
	assert_false(r.changed);
	turns(f, &job_events, 500);
	assert_int_equal(summed(f).n[EVENT_CREATED], 1);
	assert_int_equal(summed(f).n[EVENT_UPDATED], 1);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_each_counts_once),
		T(test_changes_count_and_no_changes_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
