#include "../wallet/chain.h"
#include "base/clock.h"
#include "fixture.h"

#define DAY INT64_C(86400000)

static char folder[128];

static const char *
in_folder(struct fixture *f, const char *file)
{
	return arena_printf(f->a, "%s/%s", folder, file);
}

/* A tenant with two pass types that share a certificate. */
static int
setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	snprintf(folder, sizeof(folder), "%s", make_dir(f->a));
	make_chain(f->a, folder);
	f->t.ntypes = 2;
	f->t.types = arena_alloc(f->a, 2 * sizeof(*f->t.types));
	for (size_t i = 0; i < 2; i++)
		f->t.types[i].apple_conf = (struct apple_conf){
			.pass_type_identifier = CHAIN_TYPE,
			.team_identifier = CHAIN_TEAM,
			.certificate = in_folder(f, "pass.pem"),
			.key = in_folder(f, "pass.key"),
			.wwdr = in_folder(f, "wwdr.pem"),
		};
	log_open("test", in_folder(f, "log"), LOG_LVL_INFO);
	f->time.now = clock_now();
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_open("test", "stderr", LOG_LVL_INFO);
	shell(f->a, true, arena_printf(f->a, "rm -r '%s'", folder));
	return fixture_teardown(state);
}

/* Lines of the log with that text, which goes. */
static int
lines(struct fixture *f, const char *text)
{
	const char *command = arena_printf(f->a,
	    "cd '%s' && touch log && grep -c '%s' log; : >log", folder, text);

	return atoi(output(f->a, command));
}

static void
test_told_once_a_day(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "event=certificate"), 0);
	assert_int_equal(f->state.next, f->time.tick + 3600000);
	assert_false(f->state.owed);

	pass_time(f, 336 * DAY);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(
	    lines(f, "warning event=certificate .*expires in 2[89] days"), 1);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "event=certificate"), 0);

	/* Another process on the same day; then the next day. */
	store_close(f->st);
	assert_int_equal(
	    store_open(f->dir, &(struct store_options){ .sync = STORE_NOSYNC },
		&f->st),
	    ERR_OK);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "event=certificate"), 0);
	pass_time(f, DAY);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "warning event=certificate"), 1);

	pass_time(f, 40 * DAY);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "error event=certificate .*expired"), 1);
}

static void
test_each_certificate_is_told(void **state)
{
	struct fixture *f = *state;

	shell(f->a, true,
	    arena_printf(f->a, "cd '%s' && cp pass.pem other.pem", folder));
	f->t.types[1].apple_conf.certificate = in_folder(f, "other.pem");
	pass_time(f, 336 * DAY);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "warning event=certificate"), 2);
	f->t.types[0].apple_conf.certificate = NULL;
	f->t.types[1].apple_conf.certificate = NULL;
	pass_time(f, DAY);
	assert_int_equal(turn(f, &job_certificates), ERR_OK);
	assert_int_equal(lines(f, "event=certificate"), 0);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_told_once_a_day),
		T(test_each_certificate_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
