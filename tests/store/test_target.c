#include "store/target.h"

#include "fixture.h"
#include "store/registration.h"

#define NOW    INT64_C(1795323845678)
#define WINDOW INT64_C(10000)

static enum err
enrol(struct txn *t, void *arg)
{
	const struct registration *r = arg;
	struct arena *a = arena_new(4096);
	struct registration_moves m = { .n = 0 };
	bool new;
	enum err e = registration_add(t, a, r, &new, &m);

	arena_free(a);
	return e;
}

static void
reg(struct fixture *f, const char *device, const char *pass, const char *token)
{
	struct registration r = { device, "top", pass, token, NOW };

	assert_int_equal(store_run(f->st, enrol, &r), ERR_OK);
}

static void
touch(struct fixture *f, const char *id)
{
	static int n;
	struct store_pass old, p = { .id = id };

	p.document = slice_of(arena_printf(f->a, "{\"n\":%d}", n++));
	assert_int_equal(store_pass_read(f->st, id, f->a, &old), ERR_OK);
	assert_int_equal(change(f->st, &old, &p), ERR_OK);
}

static const char *const ids[] = { "pass-1", "pass-2", "pass-3" };

static int
setup(void **state)
{
	int rc = fixture_setup(state);
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct store_pass p = { .id = ids[i], .document = S("{}") };

		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	reg(f, "dev-a", "pass-1", "A");
	reg(f, "dev-a", "pass-2", "A");
	reg(f, "dev-b", "pass-2", "B");
	return rc;
}

/* The tokens of all who are to be told at `now`, after which all end so. */
static const char *
told(struct fixture *f, int64_t now, enum target_end end)
{
	const struct target_ask ask = {
		.passes = ids, .n = 3, .now = now, .window = WINDOW
	};
	const char *s = "";
	struct target_set set;

	assert_int_equal(target_take(f->st, f->a, &ask, &set), ERR_OK);
	for (size_t i = 0; i < set.n; i++) {
		s = arena_printf(f->a, "%s%s", s, set.list[i].token);
		set.list[i].end = end;
	}
	assert_int_equal(target_settle(f->st, set.list, set.n, now), ERR_OK);
	return s;
}

/* The same, and nothing more was heard of who asked. */
static const char *
taken(struct fixture *f, int64_t now)
{
	const struct target_ask ask = {
		.passes = ids, .n = 3, .now = now, .window = WINDOW
	};
	const char *s = "";
	struct target_set set;

	assert_int_equal(target_take(f->st, f->a, &ask, &set), ERR_OK);
	for (size_t i = 0; i < set.n; i++)
		s = arena_printf(f->a, "%s%s", s, set.list[i].token);
	return s;
}

/* Nobody knows whether they were told: the window counts from the end. */
static void
test_told_or_not(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(told(f, NOW, TARGET_OPEN), "AB");
	assert_string_equal(told(f, NOW + WINDOW - 1, TARGET_TOLD), "");
	assert_string_equal(told(f, NOW + WINDOW, TARGET_TOLD), "AB");
	assert_string_equal(told(f, NOW + 9 * WINDOW, TARGET_TOLD), "");
}

static void
test_once_a_phone(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(told(f, NOW, TARGET_TOLD), "AB");
	assert_string_equal(told(f, NOW + WINDOW, TARGET_TOLD), "");
	touch(f, "pass-1");
	assert_string_equal(told(f, NOW + WINDOW - 1, TARGET_TOLD), "");
	assert_string_equal(told(f, NOW + WINDOW, TARGET_TOLD), "A");
	assert_string_equal(told(f, NOW + 3 * WINDOW, TARGET_TOLD), "");
}

/* Whoever asked died before it was told: within the window nobody tells it. */
static void
test_who_dies_loses_nothing(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(taken(f, NOW), "AB");
	fixture_reopen(f);
	/* It may have told them at the very end of its time. */
	assert_string_equal(
	    told(f, NOW + TARGET_LEAD + WINDOW - 1, TARGET_TOLD), "");
	assert_string_equal(
	    told(f, NOW + TARGET_LEAD + WINDOW, TARGET_TOLD), "AB");
	assert_string_equal(told(f, NOW + 9 * WINDOW, TARGET_TOLD), "");
}

static void
test_unsent_is_as_if_never_tried(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(told(f, NOW, TARGET_UNSENT), "AB");
	assert_string_equal(told(f, NOW, TARGET_UNSENT), "AB");
	assert_string_equal(told(f, NOW, TARGET_TOLD), "AB");
	assert_string_equal(told(f, NOW + WINDOW, TARGET_TOLD), "");
}

/* After many failures an hour at the most. */
static void
test_failures_wait_longer(void **state)
{
	struct fixture *f = *state;
	int64_t now = NOW;

	for (int i = 0; i < 20; i++) {
		assert_string_equal(told(f, now, TARGET_OPEN), "AB");
		now += INT64_C(3600000);
	}
	now -= INT64_C(3600000);
	assert_string_equal(told(f, now + 60000, TARGET_TOLD), "");
	assert_string_equal(told(f, now + INT64_C(3600000), TARGET_TOLD), "AB");
	touch(f, "pass-2");
	now += INT64_C(3600000);
	assert_string_equal(told(f, now + WINDOW, TARGET_TOLD), "AB");
}

static void
test_clock_set_back(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(told(f, NOW, TARGET_TOLD), "AB");
	touch(f, "pass-2");
	assert_string_equal(told(f, NOW - 100 * WINDOW, TARGET_TOLD), "AB");
}

/* What another sender noted meanwhile is not undone. */
static void
test_the_later_sender_counts(void **state)
{
	const struct target_ask ask = { .passes = ids,
		.n = 3,
		.now = NOW,
		.window = WINDOW,
		.at_once = true };
	struct target_ask later = ask;
	struct target_set first, second;
	struct fixture *f = *state;

	later.now = NOW + 1;
	assert_int_equal(target_take(f->st, f->a, &ask, &first), ERR_OK);
	assert_int_equal(target_take(f->st, f->a, &later, &second), ERR_OK);
	assert_int_equal(first.n, 2);
	assert_int_equal(second.n, 2);
	for (size_t i = 0; i < 2; i++) {
		first.list[i].end = TARGET_UNSENT;
		second.list[i].end = TARGET_TOLD;
	}
	assert_int_equal(target_settle(f->st, second.list, 2, NOW + 1), ERR_OK);
	assert_int_equal(target_settle(f->st, first.list, 2, NOW + 1), ERR_OK);
	assert_string_equal(told(f, NOW + 2 * WINDOW, TARGET_TOLD), "");
}

/* -- a pass that many have --------------------------------------------------
 */

#define CROWD 6000
#define EACH  200 /* in a transaction */

struct crowd {
	struct fixture *f;
	unsigned from;
};

static enum err
enrol_crowd(struct txn *t, void *arg)
{
	const struct crowd *c = arg;
	enum err e = ERR_OK;

	for (unsigned i = c->from; e == ERR_OK && i < c->from + EACH; i++) {
		const char *name = arena_printf(c->f->a, "crowd-%u", i);
		struct registration r = { name, "top", "pass-3", name, NOW };

		e = enrol(t, &r);
	}
	return e;
}

static unsigned
number_of(const struct target *g)
{
	return (unsigned)strtoul(g->token + strlen("crowd-"), NULL, 10);
}

static void
test_a_crowd(void **state)
{
	struct fixture *f = *state;
	struct crowd c = { f, 0 };
	const struct target_ask ask = {
		.passes = &ids[2], .n = 1, .now = NOW, .window = WINDOW
	};
	static unsigned char told_to[CROWD];
	struct store_pass old;
	struct target_set set;
	size_t n = 0;

	for (; c.from < CROWD; c.from += EACH)
		assert_int_equal(store_run(f->st, enrol_crowd, &c), ERR_OK);
	do {
		assert_int_equal(target_take(f->st, f->a, &ask, &set), ERR_OK);
		assert_in_range(set.n, 1, 1000);
		for (size_t i = 0; i < set.n; i++) {
			told_to[number_of(&set.list[i])]++;
			set.list[i].end = TARGET_TOLD;
		}
		n += set.n;
		assert_int_equal(
		    target_settle(f->st, set.list, set.n, NOW), ERR_OK);
	} while (set.again[0] == NOW);
	assert_int_equal(n, CROWD);
	for (size_t i = 0; i < CROWD; i++)
		assert_int_equal(told_to[i], 1);
	assert_int_equal(set.again[0], 0);
	assert_string_equal(told(f, NOW + WINDOW, TARGET_TOLD), "AB");
	assert_int_equal(store_pass_read(f->st, "pass-3", f->a, &old), ERR_OK);
	assert_int_equal(remove_pass(f->st, &old), ERR_OK);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_once_a_phone),
		T(test_told_or_not),
		T(test_who_dies_loses_nothing),
		T(test_unsent_is_as_if_never_tried),
		T(test_failures_wait_longer),
		T(test_clock_set_back),
		T(test_the_later_sender_counts),
		T(test_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
