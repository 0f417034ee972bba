#include "fixture.h"

/* What a wallet was told, and what it answers: a letter for each pass. */
static struct {
	const char *answers; /* d(one), r(efused), anything else: later */
	enum err e;
	unsigned calls, told;
} apple;

static enum err
tell_apple(struct push_env *env, struct due **passes, size_t n)
{
	(void)env;
	apple.calls++;
	for (size_t i = 0; apple.e == ERR_OK && i < n; i++) {
		char answer = apple.answers == NULL ? 'd' : *apple.answers++;

		apple.told++;
		if (answer == 'd')
			passes[i]->done |= STORE_APPLE;
		else if (answer == 'r')
			passes[i]->refused |= STORE_APPLE;
	}
	return apple.e;
}

static const struct push_wallet stand_in = { "apple", STORE_APPLE, tell_apple,
	0 };
static const struct push_wallet *const stand_ins[] = { &stand_in, NULL };

static int
setup(void **state)
{
	fixture_setup(state);
	memset(&apple, 0, sizeof(apple));
	((struct fixture *)*state)->wallets = stand_ins;
	return 0;
}

static int
teardown(void **state)
{
	turns_end(*state, &job_push);
	return fixture_teardown(state);
}

static const char *
installed(struct fixture *f, const char *wallet)
{
	const char *id = created(f);

	install(f, id, wallet);
	return id;
}

static void
change(struct fixture *f, const char *id, const char *operation)
{
	static int n;
	const struct change_input in = {
		.additional = parsed(f, arena_printf(f->a, "{\"x\":%d}", n++)),
		.operation = operation,
	};
	struct change_env env = fixture_env(f);
	struct change_result r;
	struct why w;

	assert_int_equal(change_update(&env, id, &in, &r, &w), ERR_OK);
	assert_true(r.changed && r.owes);
	f->state.woken = true;
}

static bool
owes(struct fixture *f, const char *id)
{
	struct due d;

	return due_find(f->st, id, f->a, &d) == ERR_OK;
}

static void
test_ten_changes_owe_one_push(void **state)
{
	struct fixture *f = *state;
	const char *id = installed(f, "apple");

	for (int i = 0; i < 10; i++) {
		change(f, id, NULL);
		turns(f, &job_push, 190);
	}
	assert_int_equal(apple.told, 0);
	turns(f, &job_push, 101);
	assert_int_equal(apple.told, 1);
	assert_false(owes(f, id));
	turns(f, &job_push, 100);
	assert_false(f->state.owed);
	assert_int_equal(f->state.next, JOB_NEVER);
	change(f, id, NULL);
	turns(f, &job_push, 2100);
	assert_int_equal(apple.told, 2);
}

static void
test_what_fails_is_tried_again(void **state)
{
	struct fixture *f = *state;
	const char *id = installed(f, "apple");

	change(f, id, NULL);
	pass_time(f, 2000);
	apple.e = ERR_UPSTREAM;
	assert_int_equal(turn(f, &job_push), ERR_UPSTREAM);
	assert_int_equal(f->state.next, f->time.tick + 1000);
	assert_true(owes(f, id));
	apple.e = ERR_OK;
	turns(f, &job_push, 61000);
	assert_int_equal(apple.told, 1);
	assert_false(owes(f, id));
}

static void
test_few_at_a_time(void **state)
{
	static const struct push_wallet slow = { "apple", STORE_APPLE,
		tell_apple, 2 };
	static const struct push_wallet *const wallets[] = { &slow, NULL };
	struct fixture *f = *state;
	const char *ids[5];

	f->wallets = wallets;
	for (size_t i = 0; i < 5; i++)
		change(f, ids[i] = installed(f, "apple"), NULL);
	pass_time(f, 2000);
	assert_int_equal(turn(f, &job_push), ERR_OK);
	assert_int_equal(apple.told, 2);
	turns(f, &job_push, 100);
	assert_int_equal(apple.told, 5);
	assert_int_equal(apple.calls, 3);
	for (size_t i = 0; i < 5; i++)
		assert_false(owes(f, ids[i]));
}

static void
test_a_refusal_is_final(void **state)
{
	struct fixture *f = *state;
	const struct operation_note note = { "n", NOW, ident_random };
	const char *yes = installed(f, "apple"), *no = installed(f, "apple"),
		   *later = installed(f, "apple");
	char id[OPERATION_ID_LEN + 1];
	struct operation op;

	assert_int_equal(operation_note(f->st, &note, id), ERR_OK);
	change(f, yes, id);
	change(f, no, id);
	change(f, later, id);
	apple.answers = "dr?";
	turns(f, &job_push, 3000);
	assert_int_equal(apple.told, 3);
	assert_int_equal(operation_find(f->st, id, f->a, &op), ERR_OK);
	assert_int_equal(op.apple, 1);
	assert_int_equal(op.errors, 1);
	assert_int_equal(owes(f, yes) + owes(f, no) + owes(f, later), 1);
	apple.answers = "d";
	turns(f, &job_push, 60000);
	assert_int_equal(apple.told, 4);
	assert_int_equal(operation_find(f->st, id, f->a, &op), ERR_OK);
	assert_int_equal(op.apple, 2);
	assert_int_equal(op.errors, 1);
}

/* Nobody speaks for Google here: it is owed nothing. */
static void
test_a_wallet_of_nobody(void **state)
{
	struct fixture *f = *state;
	const char *id = installed(f, "google");

	change(f, id, NULL);
	turns(f, &job_push, 3000);
	assert_int_equal(apple.calls, 0);
	assert_false(owes(f, id));
}

static unsigned google_told;

static enum err
tell_google(struct push_env *env, struct due **passes, size_t n)
{
	(void)env;
	for (size_t i = 0; i < n; i++)
		passes[i]->done |= STORE_GOOGLE;
	google_told += (unsigned)n;
	return ERR_OK;
}

/* A few at a time, and never behind the back-off of the other one. */
static void
test_one_that_is_down_holds_up_no_other(void **state)
{
	static const struct push_wallet google = { "google", STORE_GOOGLE,
		tell_google, 100 };
	static const struct push_wallet *const both[] = { &stand_in, &google,
		NULL };
	struct fixture *f = *state;

	f->wallets = both;
	google_told = 0;
	apple.e = ERR_UPSTREAM;
	for (int i = 0; i < 600; i++) {
		change(f, installed(f, "apple"), NULL);
		change(f, installed(f, "google"), NULL);
	}
	turns(f, &job_push, 5000);
	assert_int_equal(google_told, 600);
	assert_int_equal(apple.told, 0);
}

static void
test_many_are_told_in_batches(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 1250; i++)
		change(f, installed(f, "apple"), NULL);
	turns(f, &job_push, 10000);
	assert_int_equal(apple.told, 1250);
	assert_int_equal(apple.calls, 3);
}

static void
test_a_clock_set_back(void **state)
{
	struct fixture *f = *state;

	change(f, installed(f, "apple"), NULL);
	assert_int_equal(turn(f, &job_push), ERR_OK);
	f->time.now -= 3600000;
	turns(f, &job_push, 2100);
	assert_int_equal(apple.told, 1);
	turns(f, &job_push, 10000);
	assert_int_equal(apple.told, 1);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ten_changes_owe_one_push),
		TEST(test_what_fails_is_tried_again),
		TEST(test_few_at_a_time),
		TEST(test_a_refusal_is_final),
		TEST(test_a_wallet_of_nobody),
		TEST(test_one_that_is_down_holds_up_no_other),
		TEST(test_many_are_told_in_batches),
		TEST(test_a_clock_set_back),
	};

	log_open("test_push", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
