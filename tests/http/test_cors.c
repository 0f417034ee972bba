#include "http/cors.h"

#include "test.h"

#define SHOP "https://shop.example"

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

static const char *
header(const struct response *r, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < r->nheaders; i++)
		if (strcmp(r->header[i].name, name) == 0) {
			assert_null(value);
			value = r->header[i].value;
		}
	return value;
}

static void
assert_same(const char *have, const char *want)
{
	assert_int_equal(have == NULL, want == NULL);
	if (want != NULL)
		assert_string_equal(have, want);
}

static const struct {
	const char *origins[2];
	const char *origin; /* of the request */
	const char *want;   /* Access-Control-Allow-Origin */
	bool open, vary;
} rows[] = {
	/* clang-format off */
	{ { "*" }, SHOP, "*", true, false },
	{ { "*" }, "null", "*", true, false },
	{ { "*" }, NULL, "*", true, false },
	{ { "*" }, SHOP, NULL, false, false },
	{ { "*" }, "*", NULL, false, false },
	{ { NULL }, SHOP, NULL, true, false },
	{ { SHOP }, SHOP, SHOP, true, true },
	{ { SHOP }, SHOP, SHOP, false, true },
	{ { SHOP }, NULL, NULL, true, true },
	{ { SHOP }, "https://Shop.example", NULL, true, true },
	{ { SHOP }, "http://shop.example", NULL, true, true },
	{ { SHOP }, SHOP ":443", NULL, true, true },
	{ { SHOP }, SHOP ".evil", NULL, true, true },
	{ { SHOP }, "null", NULL, true, true },
	{ { SHOP }, "", NULL, true, true },
	{ { "*", SHOP }, SHOP, "*", true, false },
	{ { "*", SHOP }, SHOP, SHOP, false, true },
	{ { "*", SHOP }, "https://x.example", NULL, false, true },
	{ { "*", SHOP }, "*", NULL, false, true },
	/* clang-format on */
};

static struct request
request_of(size_t row, const char *method)
{
	char **env = arena_alloc(a, 3 * sizeof(*env));
	struct request r;
	size_t n = 0;

	if (rows[row].origin != NULL)
		env[n++] = arena_printf(a, "HTTP_ORIGIN=%s", rows[row].origin);
	if (method != NULL)
		env[n++] = arena_printf(
		    a, "HTTP_ACCESS_CONTROL_REQUEST_METHOD=%s", method);
	request_init(&r, a, env, 0);
	return r;
}

static struct strings
origins_of(size_t row)
{
	struct strings s = { .s = arena_alloc(a, sizeof(rows[row].origins)) };

	for (; s.n < 2 && rows[row].origins[s.n] != NULL; s.n++)
		s.s[s.n] = rows[row].origins[s.n];
	return s;
}

static void
test_add(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request req = request_of(i, NULL);
		struct strings origins = origins_of(i);
		const char *see;
		struct response r;

		response_init(&r, a);
		cors_add(&r, &req, &origins, rows[i].open);
		assert_int_equal(r.status, 200);
		assert_same(
		    header(&r, "Access-Control-Allow-Origin"), rows[i].want);
		assert_same(header(&r, "Vary"), rows[i].vary ? "Origin" : NULL);
		assert_null(header(&r, "Access-Control-Allow-Credentials"));
		see = header(&r, "Access-Control-Expose-Headers");
		assert_int_equal(see != NULL, rows[i].want != NULL);
		if (see != NULL)
			assert_non_null(strstr(see, "x-pagination-total"));
	}
}

static void
test_preflight(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request req = request_of(i, "PATCH");
		struct strings origins = origins_of(i);
		bool may = rows[i].want != NULL;
		const char *send;
		struct response r;

		response_init(&r, a);
		cors_preflight(
		    &r, &req, &origins, rows[i].open, "PATCH, OPTIONS");
		assert_int_equal(r.status, 204);
		assert_string_equal(header(&r, "Allow"), "PATCH, OPTIONS");
		assert_same(
		    header(&r, "Access-Control-Allow-Origin"), rows[i].want);
		assert_same(header(&r, "Vary"), rows[i].vary ? "Origin" : NULL);
		assert_same(header(&r, "Access-Control-Allow-Methods"),
		    may ? "PATCH, OPTIONS" : NULL);
		assert_same(
		    header(&r, "Access-Control-Max-Age"), may ? "7200" : NULL);
		assert_null(header(&r, "Access-Control-Allow-Credentials"));
		send = header(&r, "Access-Control-Allow-Headers");
		assert_int_equal(send != NULL, may);
		if (send != NULL)
			assert_non_null(strstr(send, "X-API-KEY"));
	}
}

/* OPTIONS that asks for no method is no preflight. */
static void
test_options(void **state)
{
	struct request req = request_of(0, NULL);
	struct strings origins = origins_of(0);
	struct response r;

	(void)state;
	response_init(&r, a);
	cors_preflight(&r, &req, &origins, true, "GET, HEAD, OPTIONS");
	assert_int_equal(r.status, 204);
	assert_string_equal(header(&r, "Allow"), "GET, HEAD, OPTIONS");
	assert_string_equal(header(&r, "Access-Control-Allow-Origin"), "*");
	assert_null(header(&r, "Access-Control-Allow-Methods"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_preflight),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
