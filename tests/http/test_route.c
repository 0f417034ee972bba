#include "http/route.h"

#include "test.h"

#define R(method, path)                                                        \
	{                                                                      \
		method, path, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL      \
	}
#define END R(NULL, NULL)

/* clang-format off */
static const struct route one[] = {
	R("PATCH", "/api/{tenantId}/passes/{passId}"),
	R("GET",   "/api/{t}/passes/{passIds}"),
	R("GET",   "/api/{tenantId}/passes/{passId}/data"),
	R("GET",   "/{tenantId}/{layout}"),
	R("POST",  "/api/{tenantId}/passes/pushUpdate/{correlationId}/cancel"),
	R("POST",  "/api/{tenantId}/passes/apple/v1/devices/{device}"
		   "/registrations/{type}/{serial}"),
	END
};
static const struct route two[] = {
	R("GET",  "/api/{tenantId}/passes/findPass"),
	R("GET",  "/api/{tenantId}/passes/pushUpdate/status"),
	R("GET",  "/api/{tenantId}/passes"),
	R("POST", "/api/{tenantId}/passes"),
	R("PUT",  "/api/{tenantId}/passes/{passId}/notification"),
	R("PUT",  "/api/{tenantId}/passes/notification"),
	R("GET",  "/healthz"),
	END
};
static const struct route all[] = {
	R("DELETE", "/x"), R("PATCH", "/x"), R("PUT", "/x"), R("POST", "/x"),
	R("GET", "/x"), END
};
/* clang-format on */
static const struct route *const tables[] = { one, two, all, NULL };

static struct request
request_of(const char *method, const char *path)
{
	struct request r = { .method = method };

	while (*path == '/') {
		r.segment[r.nsegments].s = path + 1;
		r.segment[r.nsegments].len = strcspn(path + 1, "/");
		path += 1 + r.segment[r.nsegments++].len;
	}
	return r;
}

#define P "/api/acme/passes"

static void
test_found(void **state)
{
	static const struct {
		const char *method, *path;
		const struct route *want;
		const char *allow;
		const char *param[ROUTE_PARAMS];
	} t[] = {
		/* clang-format off */
		{ "GET", P, &two[2], "GET, HEAD, POST, OPTIONS", { "acme" } },
		{ "POST", P, &two[3], "GET, HEAD, POST, OPTIONS", { "acme" } },
		{ "GET", P "/Abc12", &one[1], "GET, HEAD, PATCH, OPTIONS",
		    { "acme", "Abc12" } },
		{ "PATCH", P "/Abc12", &one[0], "GET, HEAD, PATCH, OPTIONS",
		    { "acme", "Abc12" } },
		{ "GET", P "/findPass", &two[0], "GET, HEAD, OPTIONS",
		    { "acme" } },
		{ "PATCH", P "/findpass", &one[0], "GET, HEAD, PATCH, OPTIONS",
		    { "acme", "findpass" } },
		{ "PUT", P "/notification", &two[5], "PUT, OPTIONS",
		    { "acme" } },
		{ "PUT", P "/Abc12/notification", &two[4], "PUT, OPTIONS",
		    { "acme", "Abc12" } },
		{ "GET", P "/findPass/data", &one[2], "GET, HEAD, OPTIONS",
		    { "acme", "findPass" } },
		{ "GET", P "/pushUpdate/status", &two[1],
		    "GET, HEAD, OPTIONS", { "acme" } },
		{ "POST", P "/pushUpdate/status/cancel", &one[4],
		    "POST, OPTIONS", { "acme", "status" } },
		{ "POST", P "/apple/v1/devices/d/registrations/pass.x/s",
		    &one[5], "POST, OPTIONS", { "acme", "d", "pass.x", "s" } },
		{ "GET", "/acme/card", &one[3], "GET, HEAD, OPTIONS",
		    { "acme", "card" } },
		{ "GET", "/healthz", &two[6], "GET, HEAD, OPTIONS", { NULL } },
		{ "DELETE", "/x", &all[0],
		    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", { NULL } },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = request_of(t[i].method, t[i].path);
		struct route_match m = { .route = NULL };
		size_t n = 0;

		assert_int_equal(route_find(tables, &r, &m), ROUTE_FOUND);
		assert_ptr_equal(m.route, t[i].want);
		for (; n < ROUTE_PARAMS && t[i].param[n] != NULL; n++)
			assert_true(slice_is(m.param[n], t[i].param[n]));
		assert_int_equal(m.nparam, n);
		r = request_of("OPTIONS", t[i].path);
		assert_int_equal(route_find(tables, &r, &m), ROUTE_NO_METHOD);
		assert_string_equal(m.allow, t[i].allow);
	}
}

static void
test_not_found(void **state)
{
	static const struct {
		const char *method, *path;
		enum route_result want;
		const char *allow;
		size_t nparam;
	} t[] = {
		/* clang-format off */
		{ "PATCH", P "/findPass", ROUTE_NO_METHOD,
		    "GET, HEAD, OPTIONS", 1 },
		{ "GET", P "/notification", ROUTE_NO_METHOD, "PUT, OPTIONS",
		    1 },
		{ "DELETE", P "/Abc12", ROUTE_NO_METHOD,
		    "GET, HEAD, PATCH, OPTIONS", 2 },
		{ "OPTIONS", P, ROUTE_NO_METHOD, "GET, HEAD, POST, OPTIONS",
		    1 },
		{ "get", P, ROUTE_NO_METHOD, "GET, HEAD, POST, OPTIONS", 1 },
		{ "", P, ROUTE_NO_METHOD, "GET, HEAD, POST, OPTIONS", 1 },
		{ "POST", "/healthz", ROUTE_NO_METHOD, "GET, HEAD, OPTIONS",
		    0 },
		{ "GET", "", ROUTE_NO_PATH, "-", 0 },
		{ "GET", "/api", ROUTE_NO_PATH, "-", 0 },
		{ "GET", "/API/acme/passes", ROUTE_NO_PATH, "-", 0 },
		{ "GET", "/api/acme/passes2", ROUTE_NO_PATH, "-", 0 },
		{ "GET", "/api/acme/pass", ROUTE_NO_PATH, "-", 0 },
		{ "GET", P "/Abc12/data/raw2", ROUTE_NO_PATH, "-", 0 },
		{ "GET", P "/pushUpdate/x/cancel/y", ROUTE_NO_PATH, "-", 0 },
		{ "GET", "/healthz/x/y", ROUTE_NO_PATH, "-", 0 },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = request_of(t[i].method, t[i].path);
		struct route_match m = { .route = NULL, .allow = "-" };

		assert_int_equal(route_find(tables, &r, &m), t[i].want);
		assert_string_equal(m.allow, t[i].allow);
		assert_int_equal(m.nparam, t[i].nparam);
		assert_null(m.route);
	}
}

static void
test_deep(void **state)
{
	struct request r = request_of("GET", P);
	struct route_match m;

	(void)state;
	r.deep = true;
	assert_int_equal(route_find(tables, &r, &m), ROUTE_NO_PATH);
}

/* A slash within a segment parts nothing. */
static void
test_encoded_slash(void **state)
{
	struct request r = request_of("GET", "/api/acme/passes");
	struct route_match m;

	(void)state;
	r.segment[2] = slice_of("passes/findPass");
	assert_int_equal(route_find(tables, &r, &m), ROUTE_NO_PATH);
	r = request_of("GET", "/api/acme/passes/x");
	r.segment[3] = slice_of("a/b");
	assert_int_equal(route_find(tables, &r, &m), ROUTE_FOUND);
	assert_ptr_equal(m.route, &one[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_encoded_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
