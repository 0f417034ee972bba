#include "fixture.h"

static const struct sample samples[] = {
	{ "p1", "{}", { "identifiers.email", "a@x", "identifiers.crm", "7" },
	    NULL },
	{ "p2", "{}", { "identifiers.email", "a@x", "identifiers.crm", "8" },
	    NULL },
	{ "p3", "{}", { "identifiers.email", "b@x", "identifiers.crm", "7" },
	    NULL },
	{ "p4", "{}", { "identifiers.email", "a@x", "identifiers.crm", "7" },
	    NULL },
	{ "p5", "{}", { "identifiers.emai", "la@x", "", "", "empty", "" },
	    NULL },
};

static int
setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		struct store_pass p = sample_pass(f->a, &samples[i]);

		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	return 0;
}

static void
test_find(void **state)
{
	static const struct {
		const char *fields[9];
		const char *ids;
	} cases[] = {
		{ { "identifiers.email", "a@x" }, "p1,p2,p4" },
		{ { "identifiers.email", "b@x" }, "p3" },
		{ { "identifiers.crm", "7" }, "p1,p3,p4" },
		{ { "identifiers.crm", "7", "identifiers.email", "a@x" },
		    "p1,p4" },
		{ { "identifiers.email", "a@x", "identifiers.crm", "8" },
		    "p2" },
		{ { "identifiers.email", "b@x", "identifiers.crm", "8" }, "" },
		{ { "identifiers.email", "a@x", "identifiers.email", "a@x" },
		    "p1,p2,p4" },
		{ { "identifiers.email", "a@" }, "" },
		{ { "identifiers.email", "a@xx" }, "" },
		{ { "identifiers.email", "A@x" }, "" },
		{ { "identifiers.email", "" }, "" },
		{ { "identifiers.emai", "la@x" }, "p5" },
		{ { "identifiers.emailx", "a@x" }, "" },
		{ { "empty", "" }, "p5" },
		{ { "", "" }, "p5" },
		{ { "", "", "empty", "" }, "p5" },
		{ { "nothing", "", "identifiers.email", "a@x" }, "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sample s = { 0 };

		memcpy(s.fields, cases[i].fields, sizeof(s.fields));
		assert_string_equal(found(f, &s), cases[i].ids);
	}
}

static void
test_find_no_more_than_wanted(void **state)
{
	struct store_field field = { S("identifiers.email"), S("a@x") };
	struct fixture *f = *state;
	const char *ids[3] = { NULL, NULL, "untouched" };
	size_t n = 9;

	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 2, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_string_equal(ids[1], "p2");
	assert_string_equal(ids[2], "untouched");
	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 0, &n), ERR_OK);
	assert_int_equal(n, 0);
}

/* The longest key, one byte more, and a name that would end too early. */
static void
test_limits(void **state)
{
	struct fixture *f = *state;
	char *name = memset(arena_alloc(f->a, 600), 'n', 512);
	char *value = memset(arena_alloc(f->a, 600), 'v', 512);
	struct store_field field = { { name, 512 },
		{ value, STORE_KEY_MAX - 513 } };
	struct store_pass p = { .id = "long", .fields = &field, .nfields = 1 };
	const char *ids[2];
	size_t n = 9;

	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 2, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_string_equal(ids[0], "long");

	field.value.len++;
	p.id = "longer";
	assert_int_equal(add(f->st, &p), ERR_INVALID);
	field.value.len -= 2;
	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 2, &n), ERR_OK);
	assert_int_equal(n, 0);
	field = (struct store_field){ S("a\0b"), S("c") };
	assert_int_equal(add(f->st, &p), ERR_INVALID);
	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 2, &n), ERR_OK);
	assert_int_equal(n, 0);
	field = (struct store_field){ S("a"), S("b\0c") };
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->a, ids, 2, &n), ERR_OK);
	assert_int_equal(n, 1);
}

/* Thousands of duplicates leave their page; the rare field sets the pace. */
static void
test_many_of_one_value(void **state)
{
	struct fixture *f = *state;
	struct sample s = { .fields = { "passType", "loyalty", "rare", "1" } };
	const char *ids[3000];
	struct store_field all = { S("passType"), S("loyalty") };
	size_t n = 0;

	for (int i = 0; i < 2500; i++) {
		struct store_pass p;

		s.id = arena_printf(f->a, "many-%d", i);
		s.fields[3] = i % 1000 == 999 ? "1" : "0";
		p = sample_pass(f->a, &s);
		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	s.fields[3] = "1";
	assert_string_equal(found(f, &s), "many-999,many-1999");
	assert_int_equal(
	    store_field_find(f->st, &all, 1, f->a, ids, 3000, &n), ERR_OK);
	assert_int_equal(n, 2500);
	assert_string_equal(ids[2499], "many-2499");
}

static void
test_change_of_fields(void **state)
{
	static const struct sample after = { "p1", "{}",
		{ "identifiers.crm", "7", "identifiers.phone", "1", "twice",
		    "x", "twice", "x" },
		NULL };
	static const struct {
		const char *fields[9];
		const char *ids;
	} cases[] = {
		{ { "identifiers.email", "a@x" }, "p2,p4" },
		{ { "identifiers.crm", "7" }, "p1,p3,p4" },
		{ { "identifiers.phone", "1" }, "p1" },
		{ { "twice", "x" }, "p1" },
	};
	struct fixture *f = *state;
	struct store_pass old = sample_pass(f->a, &samples[0]);
	struct store_pass new = sample_pass(f->a, &after);

	old.ordinal = 1;
	assert_int_equal(change(f->st, &old, &new), ERR_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sample s = { 0 };

		memcpy(s.fields, cases[i].fields, sizeof(s.fields));
		assert_string_equal(found(f, &s), cases[i].ids);
	}
	assert_int_equal(remove_pass(f->st, &new), ERR_OK);
	assert_string_equal(
	    found(f, &(struct sample){ .fields = { "twice", "x" } }), "");
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_find),
		T(test_find_no_more_than_wanted),
		T(test_limits),
		T(test_many_of_one_value),
		T(test_change_of_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
