#include "store/message.h"

#include "fixture.h"

struct owing {
	const char *pass;
	struct message m;
};

static enum err
owe_in(struct txn *t, void *arg)
{
	const struct owing *o = arg;

	return message_add(t, o->pass, &o->m);
}

static void
owe(struct fixture *f, const char *pass, int64_t sequence, const char *json)
{
	struct owing o = { pass, { sequence, slice_of(json) } };

	assert_int_equal(store_run(f->st, owe_in, &o), ERR_OK);
}

static const char *
next(struct fixture *f, const char *pass, int64_t sequence)
{
	struct message m = { .sequence = -1 };
	enum err e = message_next(f->st, pass, f->a, &m);

	assert_int_equal(m.sequence, sequence);
	assert_int_equal(e, sequence < 0 ? ERR_NOTFOUND : ERR_OK);
	return sequence < 0 ? "none" : m.json.s;
}

static enum err
remove_in(struct txn *t, void *arg)
{
	struct fixture *f = arg;
	struct store_pass old;
	enum err e = store_pass_get(t, "a", true, f->a, &old);

	return e == ERR_OK ? store_pass_remove(t, &old) : e;
}

static void
test_each_is_told_in_order(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(next(f, "a", -1), "none");
	owe(f, "a", 300, "{\"n\":2}");
	owe(f, "a", 5, "{\"n\":1}");
	owe(f, "ab", 1, "{\"n\":9}");
	fixture_reopen(f);
	assert_string_equal(next(f, "a", 5), "{\"n\":1}");
	assert_string_equal(next(f, "a", 5), "{\"n\":1}");
	assert_int_equal(message_done(f->st, "a", 5), ERR_OK);
	assert_int_equal(message_done(f->st, "a", 5), ERR_OK);
	assert_string_equal(next(f, "a", 300), "{\"n\":2}");
	assert_int_equal(message_done(f->st, "a", 300), ERR_OK);
	assert_string_equal(next(f, "a", -1), "none");
	assert_string_equal(next(f, "", -1), "none");
	assert_string_equal(next(f, "ab", 1), "{\"n\":9}");
}

static void
test_they_go_with_the_pass(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "a", .document = S("{}") };

	assert_int_equal(add(f->st, &p), ERR_OK);
	owe(f, "a", 1, "{}");
	owe(f, "a", 2, "{}");
	owe(f, "a1", 3, "{}");
	assert_int_equal(store_run(f->st, remove_in, f), ERR_OK);
	assert_string_equal(next(f, "a", -1), "none");
	assert_string_equal(next(f, "a1", 3), "{}");
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_is_told_in_order),
		TEST(test_they_go_with_the_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
