#include "store/webhook.h"

#include "fixture.h"
#include "store/delivery.h"

#define NOW INT64_C(1795323845678)

/* Id: one character, WEBHOOK_ID_LEN times. */
static struct webhook
sample(char id)
{
	struct webhook w = { .url = "https://a.example/in",
		.events = 3,
		.enabled = true,
		.created = NOW,
		.updated = NOW + 1,
		.secret = "a secret of some bytes" };

	memset(w.id, id, WEBHOOK_ID_LEN);
	return w;
}

static struct webhook
found_one(struct fixture *f, const struct webhook *w)
{
	struct webhook now;

	assert_int_equal(webhook_find(f->st, w->id, f->a, &now), ERR_OK);
	return now;
}

static void
test_it_stays_as_it_was_given(void **state)
{
	const char *types[] = { "loyalty", "gift" };
	struct fixture *f = *state;
	struct webhook w = sample('a'), now;

	w.types = (struct strings){ types, 2 };
	w.former_until = NOW + 5;
	memcpy(w.former, "former", 6);
	w.pending = 1;
	w.parked = 2;
	w.dropped = UINT64_C(1) << 40;
	w.failures = 4;
	w.next = NOW + 6;
	w.succeeded = NOW + 7;
	w.failed = NOW + 8;
	w.why = "It answered 500.";
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	fixture_reopen(f);
	now = found_one(f, &w);
	assert_string_equal(now.id, w.id);
	assert_string_equal(now.url, w.url);
	assert_string_equal(now.why, w.why);
	assert_int_equal(now.types.n, 2);
	assert_string_equal(now.types.s[1], "gift");
	assert_memory_equal(now.secret, w.secret, WEBHOOK_SECRET);
	assert_memory_equal(now.former, w.former, WEBHOOK_SECRET);
	now.url = w.url;
	now.why = w.why;
	now.types = w.types;
	assert_int_equal(now.events, w.events);
	assert_true(now.enabled);
	assert_int_equal(now.former_until, w.former_until);
	assert_int_equal(now.created, w.created);
	assert_int_equal(now.updated, w.updated);
	assert_int_equal(now.pending, w.pending);
	assert_int_equal(now.parked, w.parked);
	assert_int_equal(now.dropped, w.dropped);
	assert_int_equal(now.failures, w.failures);
	assert_int_equal(now.next, w.next);
	assert_int_equal(now.succeeded, w.succeeded);
	assert_int_equal(now.failed, w.failed);
}

static void
test_a_tenant_has_so_many(void **state)
{
	struct fixture *f = *state;
	struct webhook all[WEBHOOK_MAX], w = sample('a');
	size_t n = 99;

	assert_int_equal(webhook_list(f->st, f->a, all, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	assert_int_equal(webhook_add(f->st, &w), ERR_CONFLICT);
	for (char id = 'b'; id < 'a' + WEBHOOK_MAX; id++) {
		w = sample(id);
		assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	}
	w = sample('z');
	assert_int_equal(webhook_add(f->st, &w), ERR_TOOBIG);
	assert_int_equal(webhook_list(f->st, f->a, all, &n), ERR_OK);
	assert_int_equal(n, WEBHOOK_MAX);
	assert_string_equal(all[0].id, "aaaaaaaaaaaa");
	assert_int_equal(webhook_remove(f->st, "aaaaaaaaaaaa"), ERR_OK);
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
}

static enum err
rename_to(struct webhook *w, void *arg)
{
	w->url = arg;
	return *w->url == '\0' ? ERR_INVALID : ERR_OK;
}

static void
test_a_change_is_whole_or_none(void **state)
{
	char other[] = "https://b.example/", none[] = "";
	struct fixture *f = *state;
	struct webhook w = sample('a'), now;
	struct webhook_change c = { w.id, rename_to, other };

	assert_int_equal(webhook_change(f->st, &c, f->a, &now), ERR_NOTFOUND);
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	assert_int_equal(webhook_change(f->st, &c, f->a, &now), ERR_OK);
	assert_string_equal(now.url, other);
	assert_string_equal(found_one(f, &w).url, other);
	c.arg = none;
	assert_int_equal(webhook_change(f->st, &c, f->a, &now), ERR_INVALID);
	assert_string_equal(found_one(f, &w).url, other);
}

static void
test_ids_that_are_none(void **state)
{
	static const char *const t[] = { "", "a", "aaaaaaaaaaa",
		"aaaaaaaaaaaaa", "aaaaaaaaaaab" };
	struct fixture *f = *state;
	struct webhook w = sample('a'), now;

	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(
		    webhook_find(f->st, t[i], f->a, &now), ERR_NOTFOUND);
		assert_int_equal(webhook_remove(f->st, t[i]), ERR_NOTFOUND);
	}
}

static void
test_long_reasons_are_cut(void **state)
{
	struct fixture *f = *state;
	struct webhook w = sample('a');
	char *why = arena_alloc(f->a, WEBHOOK_WHY + 50);

	memset(why, 'x', WEBHOOK_WHY + 49);
	w.why = why;
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
	assert_int_equal(strlen(found_one(f, &w).why), WEBHOOK_WHY);
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_stays_as_it_was_given),
		TEST(test_a_tenant_has_so_many),
		TEST(test_a_change_is_whole_or_none),
		TEST(test_ids_that_are_none),
		TEST(test_long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
