#include "test.h"
#include "worker/job.h"

static void
test_back_off(void **state)
{
	static const struct {
		unsigned failures;
		int64_t ms;
	} rows[] = {
		{ 1, 1000 },
		{ 2, 2000 },
		{ 3, 4000 },
		{ 9, 256000 },
		{ 10, 300000 },
		{ 11, 300000 },
		{ 4000000000U, 300000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(job_back_off(rows[i].failures), rows[i].ms);
}

static void
test_plan(void **state)
{
	struct job_state s = { .next = 77 };

	(void)state;
	job_plan(&s, ERR_OK, 5000);
	assert_int_equal(s.next, 77); /* as the job itself said */
	assert_false(s.owed);
	job_plan(&s, ERR_UPSTREAM, 5000);
	assert_int_equal(s.next, 6000);
	assert_true(s.owed);
	job_plan(&s, ERR_BUSY, 6000);
	assert_int_equal(s.next, 8000);
	assert_int_equal(s.failures, 2);
	job_plan(&s, ERR_OK, 9000);
	assert_int_equal(s.failures, 0);
	job_plan(&s, ERR_UPSTREAM, 9000);
	assert_int_equal(s.next, 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
