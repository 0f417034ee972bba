#include "hub/audience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define DATE INT64_C(1795323845678)

static const struct audience_limits few = { .all = 6, .pass = 3, .address = 4 };

static unsigned woken;

static void
wake(struct listener *l)
{
	woken++;
	assert_non_null(l->owner);
}

static void
tell(struct audience *au, const char *tenant, const char *pass)
{
	const struct live_event e = {
		.kind = LIVE_INSTALLED,
		.tenant = slice_of(tenant),
		.pass = slice_of(pass),
		.date = DATE,
	};

	woken = 0;
	audience_tell(au, &e, wake);
}

static enum err
join(struct audience *au, struct listener *l, const char *pass,
    const char *address)
{
	const struct audience_seat seat = { "acme", pass, address };
	struct why w;

	*l = (struct listener){ .owner = l };
	return audience_join(au, l, &seat, &w);
}

static void
test_only_of_its_pass(void **state)
{
	struct audience *au = audience_new(&few);
	struct listener a, b, c;

	(void)state;
	assert_int_equal(join(au, &a, "pass-1", ""), ERR_OK);
	assert_int_equal(join(au, &b, "pass-1", ""), ERR_OK);
	assert_int_equal(join(au, &c, "pass-2", ""), ERR_OK);
	tell(au, "acme", "pass-1");
	assert_int_equal(woken, 2);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(c.n, 0);
	assert_int_equal(a.pending[a.first].kind, LIVE_INSTALLED);
	assert_int_equal(a.pending[a.first].date, DATE);
	tell(au, "shop", "pass-1");
	tell(au, "acme", "pass-");
	tell(au, "acme", "pass-11");
	tell(au, "acm", "e/pass-1");
	assert_int_equal(a.n + b.n + c.n, 2);
	audience_leave(au, &a);
	audience_leave(au, &a);
	tell(au, "acme", "pass-1");
	assert_int_equal(woken, 1);
	assert_int_equal(audience_count(au), 2);
	audience_leave(au, &c);
	audience_leave(au, &b);
	tell(au, "acme", "pass-1");
	assert_int_equal(woken, 0);
	assert_int_equal(audience_count(au), 0);
	audience_free(au);
}

static void
test_behind(void **state)
{
	struct audience *au = audience_new(&few);
	struct listener a, b;

	(void)state;
	assert_int_equal(join(au, &a, "pass-1", ""), ERR_OK);
	assert_int_equal(join(au, &b, "pass-1", ""), ERR_OK);
	for (int i = 0; i < 5 * AUDIENCE_PENDING; i++) {
		tell(au, "acme", "pass-1");
		/* One reads, the other does not. */
		b.first = (b.first + 1) % AUDIENCE_PENDING;
		b.n--;
		assert_int_equal(a.behind, i >= AUDIENCE_PENDING);
		assert_int_equal(woken, i > AUDIENCE_PENDING ? 1 : 2);
	}
	assert_int_equal(a.n, AUDIENCE_PENDING);
	assert_false(b.behind);
	audience_leave(au, &a);
	audience_leave(au, &b);
	audience_free(au);
}

static void
test_limits(void **state)
{
	static const struct {
		const char *pass, *address;
		enum err e;
		const char *field;
	} t[] = {
		{ "pass-1", "192.0.2.1", ERR_OK, NULL },
		{ "pass-1", "192.0.2.1", ERR_OK, NULL },
		{ "pass-1", "192.0.2.2", ERR_OK, NULL },
		{ "pass-1", "192.0.2.3", ERR_BUSY, "pass" },
		{ "pass-1", "", ERR_BUSY, "pass" },
		{ "pass-2", "192.0.2.1", ERR_OK, NULL },
		{ "pass-2", "192.0.2.1", ERR_OK, NULL },
		{ "pass-2", "192.0.2.1", ERR_BUSY, "address" },
		{ "pass-2", "192.0.2.11", ERR_OK, NULL },
		{ "pass-3", "", ERR_BUSY, "" },
	};
	enum { N = sizeof(t) / sizeof(t[0]) };
	struct audience *au = audience_new(&few);
	struct listener l[N], *first = NULL;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		const struct audience_seat seat = { "acme", t[i].pass,
			t[i].address };
		struct why w = { "x", "" };

		l[i] = (struct listener){ .owner = &l[i] };
		assert_int_equal(audience_join(au, &l[i], &seat, &w), t[i].e);
		if (t[i].field != NULL)
			assert_string_equal(w.field, t[i].field);
	}
	assert_int_equal(audience_count(au), 6);
	/* Who was not let in leaves nothing behind; a place is free again. */
	audience_leave(au, &l[3]);
	assert_int_equal(audience_count(au), 6);
	first = &l[0];
	audience_leave(au, first);
	assert_int_equal(join(au, first, "pass-3", "192.0.2.1"), ERR_OK);
	woken = 0;
	audience_each(au, wake);
	assert_int_equal(woken, 6);
	audience_free(au);
}

/* Whom nobody knows the address of is not held against others. */
static void
test_no_address(void **state)
{
	const struct audience_limits limits = {
		.all = 100, .pass = 100, .address = 1
	};
	struct audience *au = audience_new(&limits);
	struct listener l[50];

	(void)state;
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(join(au, &l[i], "pass-1", ""), ERR_OK);
	for (size_t i = 0; i < 50; i += 2)
		audience_leave(au, &l[i]);
	tell(au, "acme", "pass-1");
	assert_int_equal(woken, 25);
	audience_free(au);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_of_its_pass),
		cmocka_unit_test(test_behind),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
