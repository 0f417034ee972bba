#include "fixture.h"

static const struct sample ada = { "ada-00000001", "{\"n\":1}",
	{ "identifiers.email", "ada@example.org", "passType", "loyalty" },
	"a" };

static void
test_add_then_read(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada), got = { 0 };

	p.ordinal = 77;
	p.tag = 5;
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(p.ordinal, 1);
	assert_int_equal(store_pass_read(f->st, ada.id, f->a, &got), ERR_OK);
	assert_string_equal(got.id, ada.id);
	assert_int_equal(got.ordinal, 1);
	assert_int_equal(got.tag, 0);
	assert_true(slice_is(got.document, ada.document));
	assert_int_equal(got.nfields, 0);
	assert_null(got.unique);
}

static void
test_read_of_nothing(void **state)
{
	static const char *const near[] = { "", "ada-0000000", "ada-000000011",
		"Ada-00000001", "zzz" };
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada), got = { .ordinal = 9 };

	assert_int_equal(add(f->st, &p), ERR_OK);
	for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++)
		assert_int_equal(
		    store_pass_read(f->st, near[i], f->a, &got), ERR_NOTFOUND);
	assert_int_equal(got.ordinal, 9);
}

static void
test_limits(void **state)
{
	struct fixture *f = *state;
	char *big = arena_alloc(f->a, STORE_DOC_MAX + 2);
	char id[STORE_ID_MAX + 2];
	struct store_pass p = { .id = "big-1" }, got = { 0 };

	memset(big, 'x', STORE_DOC_MAX + 1);
	p.document = (struct slice){ big, STORE_DOC_MAX + 1 };
	assert_int_equal(add(f->st, &p), ERR_TOOBIG);
	p.document.len--;
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(store_pass_read(f->st, p.id, f->a, &got), ERR_OK);
	assert_true(slice_eq(got.document, p.document));

	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	p = (struct store_pass){ .id = id };
	assert_int_equal(add(f->st, &p), ERR_INVALID);
	p.id = "";
	assert_int_equal(add(f->st, &p), ERR_INVALID);
	p.id = id + 1;
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(store_pass_read(f->st, p.id, f->a, &got), ERR_OK);
	assert_int_equal(got.document.len, 0);
}

static enum err
add_and_go_on(struct txn *t, void *arg)
{
	struct op *op = arg;
	struct store_pass other = { .id = "other" };

	assert_int_equal(store_pass_add(t, op->p), ERR_CONFLICT);
	return store_pass_add(t, &other);
}

static void
test_conflict_writes_nothing(void **state)
{
	static const struct sample taken[] = {
		{ "ada-00000001", "{}", { "passType", "gift" }, "b" },
		{ "bob", "{}", { "passType", "gift" }, "a" },
		{ "ada-00000001", "{}", { "passType", "gift" }, "a" },
	};
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada), got = { 0 };
	uint64_t n = 0;

	assert_int_equal(add(f->st, &p), ERR_OK);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		struct store_pass q = sample_pass(f->a, &taken[i]);
		struct op op = { .p = &q, .a = f->a };

		assert_int_equal(add(f->st, &q), ERR_CONFLICT);
		if (i == 0)
			assert_int_equal(
			    store_run(f->st, add_and_go_on, &op), ERR_OK);
		assert_string_equal(
		    found(f,
			&(struct sample){ .fields = { "passType", "gift" } }),
		    "");
	}
	assert_int_equal(store_pass_read(f->st, "other", f->a, &got), ERR_OK);
	assert_int_equal(store_pass_read(f->st, ada.id, f->a, &got), ERR_OK);
	assert_true(slice_is(got.document, ada.document));
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 2);

	/* The digest of the first one was not left behind. */
	p = sample_pass(f->a, &(struct sample){ "eve", "{}", { 0 }, "b" });
	assert_int_equal(add(f->st, &p), ERR_OK);
}

static void
test_change(void **state)
{
	static const struct sample after = { "ada-00000001", "{\"n\":2}",
		{ "identifiers.email", "ada@example.com", "passType",
		    "loyalty" },
		"b" };
	struct fixture *f = *state;
	struct store_pass old = sample_pass(f->a, &ada);
	struct store_pass new = sample_pass(f->a, &after), got = { 0 };
	struct op op = { .a = f->a, .unique = old.unique };

	assert_int_equal(add(f->st, &old), ERR_OK);
	new.tag = 4;
	assert_int_equal(change(f->st, &old, &new), ERR_OK);
	assert_int_equal(store_pass_read(f->st, ada.id, f->a, &got), ERR_OK);
	assert_int_equal(got.ordinal, old.ordinal);
	assert_int_equal(got.tag, 0);
	assert_true(slice_is(got.document, after.document));

	assert_string_equal(found(f, &ada), "");
	assert_string_equal(found(f, &after), ada.id);
	assert_string_equal(
	    found(f, &(struct sample){ .fields = { "passType", "loyalty" } }),
	    ada.id);
	assert_int_equal(store_run(f->st, op_unique, &op), ERR_NOTFOUND);
	op.unique = new.unique;
	assert_int_equal(store_run(f->st, op_unique, &op), ERR_OK);
	assert_string_equal(op.id, ada.id);
}

static void
test_change_to_what_another_has(void **state)
{
	static const struct sample bob = { "bob-00000002", "{}",
		{ "passType", "loyalty" }, "b" };
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada);
	struct store_pass q = sample_pass(f->a, &bob), r = q, got = { 0 };

	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(add(f->st, &q), ERR_OK);
	r.unique = p.unique;
	r.document = S("{\"stolen\":1}");
	assert_int_equal(change(f->st, &q, &r), ERR_CONFLICT);
	assert_int_equal(store_pass_read(f->st, bob.id, f->a, &got), ERR_OK);
	assert_true(slice_is(got.document, "{}"));

	/* Giving the digest up is no conflict, and frees it. */
	r.unique = NULL;
	assert_int_equal(change(f->st, &q, &r), ERR_OK);
	p = sample_pass(f->a, &(struct sample){ "eve", "{}", { 0 }, "b" });
	assert_int_equal(add(f->st, &p), ERR_OK);
}

static void
test_remove(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada), got = { 0 };
	struct op op = { .a = f->a, .unique = p.unique };
	uint64_t n = 9;

	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_int_equal(
	    store_pass_read(f->st, ada.id, f->a, &got), ERR_NOTFOUND);
	assert_int_equal(store_run(f->st, op_unique, &op), ERR_NOTFOUND);
	assert_string_equal(found(f, &ada), "");
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(remove_pass(f->st, &p), ERR_NOTFOUND);

	/* Its address stays its own. */
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(p.ordinal, 2);
}

static void
test_closed_and_opened_again(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = sample_pass(f->a, &ada), got = { 0 };

	assert_int_equal(add(f->st, &p), ERR_OK);
	fixture_reopen(f);
	assert_int_equal(store_pass_read(f->st, ada.id, f->a, &got), ERR_OK);
	assert_int_equal(got.ordinal, p.ordinal);
	assert_string_equal(found(f, &ada), ada.id);
}

struct seen {
	char ids[4096];
	enum err stop;
};

static enum err
see(const struct store_pass *p, void *arg)
{
	struct seen *s = arg;

	assert_true(slice_is(p->document, p->id));
	strcat(strcat(s->ids, p->id), " ");
	return s->stop;
}

static void
test_each_in_the_order_of_ids(void **state)
{
	struct fixture *f = *state;
	struct seen s = { .stop = ERR_OK };
	char id[16];

	assert_int_equal(store_each(f->st, see, &s), ERR_OK);
	assert_string_equal(s.ids, "");
	for (int i = 0; i < 5; i++) {
		struct store_pass p = { .id = id };

		snprintf(id, sizeof(id), "pass-%d", i * 3 % 5);
		p.document = slice_of(id);
		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	assert_int_equal(store_each(f->st, see, &s), ERR_OK);
	assert_string_equal(s.ids, "pass-0 pass-1 pass-2 pass-3 pass-4 ");

	s = (struct seen){ .stop = ERR_DENIED };
	assert_int_equal(store_each(f->st, see, &s), ERR_DENIED);
	assert_string_equal(s.ids, "pass-0 ");
}

static enum err
tally(const struct store_pass *p, void *arg)
{
	unsigned char *seen = arg;

	assert_int_equal(p->document.len, 100000);
	assert_int_equal(seen[strtoul(p->id + 5, NULL, 10)]++, 0);
	return ERR_OK;
}

static void
test_each_over_many_buffers(void **state)
{
	struct fixture *f = *state;
	unsigned char seen[40] = { 0 };
	char id[16];

	for (int i = 0; i < 40; i++) {
		struct store_pass p = { .id = id };

		snprintf(id, sizeof(id), "pass-%d", i);
		p.document.s = arena_alloc(f->a, 100000);
		p.document.len = 100000;
		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	assert_int_equal(store_each(f->st, tally, seen), ERR_OK);
	for (int i = 0; i < 40; i++)
		assert_int_equal(seen[i], 1);
}

/* A row that a newer version wrote is refused, not misread. */
static enum err
put_row(struct txn *t, void *arg)
{
	return table_put(t, TABLE_PASS, S("odd-1"), *(struct slice *)arg, 0);
}

static void
test_rows_that_are_not_ours(void **state)
{
	static const struct slice rows[] = {
		{ "", 0 },
		{ "\1\0\0\0\1\0\0\0\0\0\0\0", 12 },
		{ "\2\0\0\0\1\0\0\0\0\0\0\0\0{}", 15 },
		{ "\0\0\0\0\1\0\0\0\0\0\0\0\0{}", 15 },
	};
	struct fixture *f = *state;
	struct store_pass got = { .ordinal = 9 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice row = rows[i];

		assert_int_equal(store_run(f->st, put_row, &row), ERR_OK);
		assert_int_equal(
		    store_pass_read(f->st, "odd-1", f->a, &got), ERR_INTERNAL);
	}
	assert_int_equal(got.ordinal, 9);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_add_then_read),
		T(test_read_of_nothing),
		T(test_limits),
		T(test_conflict_writes_nothing),
		T(test_change),
		T(test_change_to_what_another_has),
		T(test_remove),
		T(test_closed_and_opened_again),
		T(test_each_in_the_order_of_ids),
		T(test_each_over_many_buffers),
		T(test_rows_that_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
