#include "api/list.h"

#include <stdio.h>

#include "test.h"

static struct arena *a;

static int
setup(void **state)
{
	(void)state;
	a = arena_new(4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static enum err
ask(const char *query, struct query *q, struct why *w)
{
	char *env[] = { arena_strdup(a, "REQUEST_METHOD=GET"),
		arena_strdup(a, "REQUEST_URI=/api/acme/passes"),
		arena_printf(a, "QUERY_STRING=%s", query), NULL };
	struct request r = { 0 };

	request_init(&r, a, env, 0);
	assert_int_equal(request_target(&r, NULL, w), ERR_OK);
	return list_query(a, &r, q, w);
}

/* A query as one line of text. */
static const char *
shown(const struct query *q)
{
	const char *s = "";

	for (size_t i = 0; i < q->nfilters; i++) {
		const struct query_filter *f = &q->filters[i];

		s = arena_printf(a, "%s%.*s %d", s, (int)f->field.len,
		    f->field.s, (int)f->op);
		for (size_t k = 0; k < f->nvalues; k++)
			s = arena_printf(a, "%s %.*s", s, (int)f->values[k].len,
			    f->values[k].s);
		s = arena_printf(a, "%s; ", s);
	}
	for (size_t i = 0; i < q->nsorts; i++)
		s = arena_printf(a, "%s%s%.*s; ", s,
		    q->sorts[i].descending ? "-" : "+",
		    (int)q->sorts[i].field.len, q->sorts[i].field.s);
	return arena_printf(a, "%s%zu+%zu", s, (size_t)q->first, q->count);
}

#define F "filter[0].field=passType&filter[0]."

static const struct {
	const char *query, *want;
} good[] = {
	/* clang-format off */
	{ "", "0+20" },
	{ "pageIndex=3&pageSize=7", "21+7" },
	{ "PAGEINDEX=000&pagesize=1000", "0+1000" },
	{ "pageIndex=999999999999999&pageSize=1", "999999999999999+1" },
	{ "pageIndex=&other=1", "0+20" },
	{ F "value=x", "passType 0 x; 0+20" },
	{ F "operator=&filter[0].value=x", "passType 0 x; 0+20" },
	{ F "operator=nOtEqUaLs&filter[0].value=x", "passType 1 x; 0+20" },
	{ F "operator=IsEmpty", "passType 7; 0+20" },
	{ F "operator=isnotempty&filter[0].value=", "passType 8; 0+20" },
	{ F "operator=in&filter[0].value=x&filter[0].value=&filter[0].value=y",
	  "passType 3 x y; 0+20" },
	{ "filter%5B0%5D%2Efield=metadata%2Ea.b&Filter[0].Value=%20%26",
	  "metadata.a.b 0  &; 0+20" },
	{ "filter[7].value=b&filter[2].field=id&filter[2].value=a&"
	  "filter[7].field=metadata.x", "id 0 a; metadata.x 0 b; 0+20" },
	{ "filter[007].field=id&filter[7].value=b", "id 0 b; 0+20" },
	{ "sortBy[9].field=id&sortBy[1].field=apple&sortBy[1].direction=desc&"
	  "sortby[4].field=metadata.x&sortby[4].direction=1",
	  "-apple; -metadata.x; +id; 0+20" },
	{ "sortBy[0].field=google&sortBy[0].direction=0", "+google; 0+20" },
	{ "filter[0].field=creationDate&filter[0].value=2026-11-22",
	  "creationDate 0 2026-11-22; 0+20" },
	{ "filter[0].field=lastUpdateDate&filter[0].operator=contains&"
	  "filter[0].value=-11-", "lastUpdateDate 4 -11-; 0+20" },
	{ "filter[0].field=installationStatus&filter[0].value=windows",
	  "installationStatus 0 windows; 0+20" },
	/* clang-format on */
};

static const struct {
	const char *query, *field;
} bad[] = {
	/* clang-format off */
	{ "pageIndex=-1", "pageIndex" },
	{ "pageIndex=1000000000000000", "pageIndex" },
	{ "pageIndex=1x", "pageIndex" },
	{ "pageIndex=+1", "pageIndex" },
	{ "pageSize=0", "pageSize" },
	{ "pageSize=1001", "pageSize" },
	{ "pageSize=18446744073709551617", "pageSize" },
	{ "pageSize=1.0", "pageSize" },
	{ "filter=x", "filter" },
	{ "filter[].field=id", "filter[].field" },
	{ "filter[x].field=id", "filter[x].field" },
	{ "filter[-1].field=id", "filter[-1].field" },
	{ "filter[0]field=id", "filter[0]field" },
	{ "filter[0].name=id", "filter[0].name" },
	{ "filter[0].direction=ASC", "filter[0].direction" },
	{ "filter[1234567890].field=id", "filter[1234567890].field" },
	{ "sortBy[0].value=1", "sortBy[0].value" },
	{ "filter[3].value=x", "filter[3].field" },
	{ "filter[3].field=&filter[3].value=x", "filter[3].field" },
	{ "filter[3].field=PassType&filter[3].value=x", "filter[3].field" },
	{ "filter[3].field=metadata.&filter[3].value=x", "filter[3].field" },
	{ "filter[3].field=metadata&filter[3].value=x", "filter[3].field" },
	{ "filter[3].field=apple&filter[3].value=x", "filter[3].field" },
	{ F "value=x&filter[3].field=id&filter[3].operator=like",
	  "filter[3].operator" },
	{ "filter[3].field=installationStatus&filter[3].operator=StartsWith&"
	  "filter[3].value=a", "filter[3].operator" },
	{ "filter[3].field=id", "filter[3].value" },
	{ "filter[3].field=id&filter[3].value=", "filter[3].value" },
	{ "filter[3].field=id&filter[3].operator=NotIn", "filter[3].value" },
	{ "filter[3].field=id&filter[3].value=a&filter[3].value=b",
	  "filter[3].value" },
	{ "filter[3].field=id&filter[3].operator=IsEmpty&filter[3].value=a&"
	  "filter[3].value=b", "filter[3].value" },
	{ "filter[3].field=creationDate&filter[3].value=yesterday",
	  "filter[3].value" },
	{ "filter[3].field=creationDate&filter[3].operator=In&"
	  "filter[3].value=2026-11-22&filter[3].value=2026-02-30",
	  "filter[3].value" },
	{ "sortBy[2].field=installationStatus", "sortBy[2].field" },
	{ "sortBy[2].field=identifiers.", "sortBy[2].field" },
	{ "sortBy[2].direction=ASC", "sortBy[2].field" },
	{ "sortBy[2].field=id&sortBy[2].direction=2", "sortBy[2].direction" },
	{ "sortBy[2].field=id&sortBy[2].direction=down",
	  "sortBy[2].direction" },
	{ "sortBy[0].field=id&sortBy[1].field=id&sortBy[2].field=id&"
	  "sortBy[3].field=id", "sortBy[3].field" },
	/* clang-format on */
};

static void
test_good(void **state)
{
	struct query q;
	struct why w;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(ask(good[i].query, &q, &w), ERR_OK);
		assert_string_equal(shown(&q), good[i].want);
	}
}

static void
test_bad(void **state)
{
	struct query q = { .first = 42 };
	struct why w;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		w = (struct why){ "", "" };
		assert_int_equal(ask(bad[i].query, &q, &w), ERR_INVALID);
		assert_string_equal(w.field, bad[i].field);
		assert_true(strlen(w.text) > 10);
		assert_int_equal(q.first, 42);
	}
}

/* `n` filters, each with `values` values. */
static const char *
many(int n, int values)
{
	const char *s = "";

	for (int i = 0; i < n; i++) {
		s = arena_printf(a,
		    "%s&filter[%d].field=id&filter[%d].operator=In", s, i, i);
		for (int k = 0; k < values; k++)
			s = arena_printf(a, "%s&filter[%d].value=v%d", s, i, k);
	}
	return s + 1;
}

static void
test_limits(void **state)
{
	struct query q;
	struct why w;

	(void)state;
	assert_int_equal(ask(many(20, 50), &q, &w), ERR_OK);
	assert_int_equal(q.nfilters, 20);
	assert_int_equal(q.filters[19].nvalues, 50);
	assert_int_equal(ask(many(1, 1000), &q, &w), ERR_OK);
	assert_int_equal(ask(many(1, 1001), &q, &w), ERR_INVALID);
	assert_string_equal(w.field, "filter[0].value");
	assert_int_equal(ask(many(21, 1), &q, &w), ERR_INVALID);
	assert_string_equal(w.field, "filter[20].field");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
