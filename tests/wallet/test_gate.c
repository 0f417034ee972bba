#include "wallet/google/gate.h"

#include "stand_in.h"

#define NOW INT64_C(1795323845678)

struct fixture {
	char dir[40], file[64], other[64];
	struct arena *a;
	struct store *st;
	struct google_conf conf;
	struct gate_of of;
};

static void
use_account(struct fixture *f, const char *file)
{
	struct why w;

	f->conf.service_account = file;
	assert_int_equal(
	    account_get(&f->conf, NOW, &f->of.account, &w), ERR_OK);
}

static int
setup(void **state)
{
	const struct store_options opt = { .sync = STORE_NOSYNC };
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test_gate.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/account", f->dir);
	snprintf(f->other, sizeof(f->other), "%s/other", f->dir);
	account_write(f->file, "a@acme.example");
	account_write(f->other, "b@acme.example");
	f->a = arena_new(4096);
	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	f->conf.issuer_id = "3388";
	f->of = (struct gate_of){ .a = f->a, .store = f->st, .issuer = "3388" };
	use_account(f, f->file);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	arena_free(f->a);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

/* A failure at `now`; how long the gate is shut from then. */
static int64_t
shut(struct fixture *f, enum gate_why why, int64_t now, int64_t asked)
{
	const struct gate failure = { .why = why,
		.until = asked,
		.status = 503,
		.reason = "backendError" };
	struct gate g, kept;

	gate_get(&f->of, &g);
	assert_int_equal(gate_shut(&f->of, &g, &failure, now), ERR_OK);
	gate_get(&f->of, &kept);
	assert_int_equal(kept.why, why);
	assert_int_equal(kept.until, g.until);
	assert_int_equal(kept.failures, g.failures);
	assert_int_equal(kept.status, 503);
	assert_string_equal(kept.reason, "backendError");
	return kept.until - now;
}

static void
test_it_is_open_at_first(void **state)
{
	struct fixture *f = *state;
	struct gate g;

	gate_get(&f->of, &g);
	assert_int_equal(g.why, GATE_OPEN);
	assert_false(gate_holds(&g, NOW));
	assert_string_equal(gate_text(&f->of, &g), "");
}

static void
test_it_grows(void **state)
{
	static const int64_t wanted[] = { 1000, 2000, 4000, 8000, 16000, 32000,
		64000, 128000, 256000, GATE_GROWN_MS, GATE_GROWN_MS };
	struct fixture *f = *state;
	int64_t now = NOW;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(shut(f, GATE_LATER, now, 0), wanted[i]);
		now += wanted[i];
	}
	assert_int_equal(gate_open(&f->of), ERR_OK);
	assert_int_equal(shut(f, GATE_LATER, now, 0), 1000);
}

static void
test_google_asks_for_more(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shut(f, GATE_LATER, NOW, 5000), 5000);
	assert_int_equal(shut(f, GATE_LATER, NOW + 5000, 500), 2000);
	assert_int_equal(
	    shut(f, GATE_LATER, NOW + 7000, GATE_MOST_MS + 1), GATE_MOST_MS);
}

/* Those who do not wait make it no longer, unless Google asks for it. */
static void
test_who_does_not_wait(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shut(f, GATE_LATER, NOW, 0), 1000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(shut(f, GATE_LATER, NOW + 900, 0), 100);
	assert_int_equal(shut(f, GATE_LATER, NOW + 900, 3000), 3000);
	assert_int_equal(shut(f, GATE_ISSUER, NOW + 900, 0), GATE_DENIED_MS);
}

static void
test_holds(void **state)
{
	const struct gate g = { .why = GATE_LATER, .until = NOW },
			  open = { .until = NOW };

	(void)state;
	assert_true(gate_holds(&g, NOW - 1));
	assert_false(gate_holds(&g, NOW));
	assert_false(gate_holds(&open, NOW - 1));
	assert_true(gate_holds(&g, NOW - GATE_MOST_MS));
	/* the clock was set back */
	assert_false(gate_holds(&g, NOW - GATE_MOST_MS - 1));
}

static void
test_of_that_account_and_issuer(void **state)
{
	struct fixture *f = *state;
	struct gate g;

	shut(f, GATE_ISSUER, NOW, 0);
	use_account(f, f->other);
	gate_get(&f->of, &g);
	assert_int_equal(g.why, GATE_OPEN);
	use_account(f, f->file);
	gate_get(&f->of, &g);
	assert_int_equal(g.why, GATE_ISSUER);
	f->of.issuer = "33881";
	gate_get(&f->of, &g);
	assert_int_equal(g.why, GATE_OPEN);
}

/* Each says what to do, and nothing of Google's that might mislead. */
static void
test_text(void **state)
{
	static const struct {
		struct gate g;
		const char *has[3];
	} t[] = {
		{ { GATE_ISSUER, 0, 1, 403, "permissionDenied" },
		    { "Console", "invite a@acme.example as Developer",
			"403 permissionDenied" } },
		{ { GATE_TOKEN, 0, 1, 400, "invalid_grant" },
		    { "a@acme.example", "Service Accounts, Keys",
			"400 invalid_grant" } },
		{ { GATE_LATER, 0, 3, 0, "" },
		    { "no answer", "3 times", "nothing is lost" } },
		{ { GATE_LATER, 0, 1, 503, "" }, { "(503)", "1 time:", "" } },
	};
	struct fixture *f = *state;
	struct gate g = { .why = GATE_OPEN };
	const struct gate forged = {
		.why = GATE_LATER, .status = 500, .reason = "bad\n2 words"
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (size_t k = 0; k < 3; k++)
			if (strstr(gate_text(&f->of, &t[i].g), t[i].has[k]) ==
			    NULL)
				fail_msg("%s: %s", t[i].has[k],
				    gate_text(&f->of, &t[i].g));
	assert_int_equal(gate_shut(&f->of, &g, &forged, NOW), ERR_OK);
	gate_get(&f->of, &g);
	assert_string_equal(g.reason, "bad");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_it_is_open_at_first),
		TEST(test_it_grows),
		TEST(test_google_asks_for_more),
		TEST(test_who_does_not_wait),
		cmocka_unit_test(test_holds),
		TEST(test_of_that_account_and_issuer),
		TEST(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
