#include "store/answer.h"

#include "fixture.h"

#define NOW INT64_C(1795323845678)

static struct answer
sample(const char *provider, char request, const char *json)
{
	struct answer x = {
		.provider = provider, .date = NOW, .json = slice_of(json)
	};

	memset(x.request, request, sizeof(x.request));
	return x;
}

static void
pass(struct fixture *f, const char *id)
{
	struct store_pass p = { .id = id, .document = S("{}") };

	assert_int_equal(add(f->st, &p), ERR_OK);
}

/* The JSON that is kept, or "none". */
static const char *
kept(struct fixture *f, const char *id, const char *provider)
{
	struct answer x = { .date = -1 };
	const enum err e = answer_read(f->st, id, provider, f->a, &x);

	if (e == ERR_NOTFOUND) {
		assert_int_equal(x.date, -1); /* untouched */
		return "none";
	}
	assert_int_equal(e, ERR_OK);
	assert_string_equal(x.provider, provider);
	assert_int_equal(x.date, NOW);
	return x.json.s;
}

static void
test_the_last_one_of_each_is_kept(void **state)
{
	struct fixture *f = *state;
	struct answer two[] = { sample("crm", 'a', "{\"n\":1}"),
		sample("crm2", 'b', "null") };
	struct answer x;

	pass(f, "pass1");
	pass(f, "pass12");
	assert_string_equal(kept(f, "pass1", "crm"), "none");
	assert_int_equal(answer_keep(f->st, "pass1", two, 2), ERR_OK);
	fixture_reopen(f);
	assert_string_equal(kept(f, "pass1", "crm"), "{\"n\":1}");
	assert_string_equal(kept(f, "pass1", "crm2"), "null");
	assert_string_equal(kept(f, "pass1", "cr"), "none");
	assert_string_equal(kept(f, "pass12", "crm"), "none");
	two[0] = sample("crm", 'c', "{}");
	assert_int_equal(answer_keep(f->st, "pass1", two, 1), ERR_OK);
	assert_string_equal(kept(f, "pass1", "crm"), "{}");
	assert_string_equal(kept(f, "pass1", "crm2"), "null");
	assert_int_equal(answer_read(f->st, "pass1", "crm", f->a, &x), ERR_OK);
	assert_memory_equal(x.request, two[0].request, ANSWER_REQUEST);
}

static void
test_only_of_a_pass_that_is_there(void **state)
{
	struct fixture *f = *state;
	const struct answer x = sample("crm", 'a', "{}");

	assert_int_equal(answer_keep(f->st, "nobody", &x, 1), ERR_NOTFOUND);
	assert_string_equal(kept(f, "nobody", "crm"), "none");
	assert_int_equal(answer_keep(f->st, "nobody", &x, 0), ERR_OK);
}

static void
test_they_go_with_the_pass(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "pass1", .document = S("{}") };
	const struct answer two[] = { sample("a", 'a', "{}"),
		sample("b", 'b', "{}") };

	assert_int_equal(add(f->st, &p), ERR_OK);
	pass(f, "pass12");
	assert_int_equal(answer_keep(f->st, "pass1", two, 2), ERR_OK);
	assert_int_equal(answer_keep(f->st, "pass12", two, 2), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_string_equal(kept(f, "pass1", "a"), "none");
	assert_string_equal(kept(f, "pass1", "b"), "none");
	assert_string_equal(kept(f, "pass12", "a"), "{}");
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_last_one_of_each_is_kept),
		TEST(test_only_of_a_pass_that_is_there),
		TEST(test_they_go_with_the_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
