#include "http/path.h"

#include "test.h"

#define ENV_MAX 4

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

static char **
env_of(const char *const *list)
{
	char **env = arena_alloc(a, (ENV_MAX + 1) * sizeof(*env));

	for (size_t i = 0; i < ENV_MAX && list[i] != NULL; i++)
		env[i] = arena_strdup(a, list[i]);
	return env;
}

/* The segments, joined by '|'. */
static char *
joined(const struct request *r)
{
	char *s = arena_strdup(a, "");

	for (size_t i = 0; i < r->nsegments; i++)
		s = arena_printf(a, "%s%s%.*s", s, i > 0 ? "|" : "",
		    (int)r->segment[i].len, r->segment[i].s);
	return s;
}

#define URI    "REQUEST_URI="
#define SCRIPT "SCRIPT_NAME="
#define INFO   "PATH_INFO="

static const struct {
	const char *env[ENV_MAX];
	const char *mount; /* of a tenant */
	const char *want;
} cases[] = {
	/* clang-format off */
	/* at the root */
	{ { URI "/api/acme/passes", SCRIPT }, NULL, "api|acme|passes" },
	{ { URI "/api/acme/passes" }, NULL, "api|acme|passes" },
	{ { URI "/acme/card", SCRIPT }, NULL, "acme|card" },
	{ { URI "/healthz", SCRIPT }, NULL, "healthz" },
	{ { URI "/", SCRIPT }, NULL, "" },
	{ { URI "*", SCRIPT }, NULL, "*" },
	/* "/api" is missing and the mount has none */
	{ { URI "/acme/passes", SCRIPT }, NULL, "acme|passes" },
	{ { URI "/acme/passes/stats", SCRIPT }, NULL,
	    "acme|passes|stats" },
	{ { URI "/w/acme/passes/stats", SCRIPT "/w" }, NULL,
	    "acme|passes|stats" },
	{ { URI "/xapi/acme/passes/stats", SCRIPT "/xapi" }, NULL,
	    "acme|passes|stats" },
	/* at /api */
	{ { URI "/api/acme/passes", SCRIPT "/api" }, NULL,
	    "api|acme|passes" },
	{ { URI "/api/acme/webhooks", SCRIPT "/api" }, NULL,
	    "api|acme|webhooks" },
	{ { URI "/api/api/acme/passes", SCRIPT "/api" }, NULL,
	    "api|acme|passes" },
	{ { URI "/x/api/acme/passes", SCRIPT "/x/api" }, NULL,
	    "api|acme|passes" },
	{ { URI "/api/healthz", SCRIPT "/api" }, NULL, "healthz" },
	{ { URI "/api/acme/card", SCRIPT "/api" }, NULL, "acme|card" },
	/* as a program */
	{ { URI "/cgi-bin/passwright.fcgi/api/acme/passes",
	    SCRIPT "/cgi-bin/passwright.fcgi" }, NULL,
	    "api|acme|passes" },
	{ { URI "/cgi-bin/passwright.fcgi/acme/card",
	    SCRIPT "/cgi-bin/passwright.fcgi" }, NULL, "acme|card" },
	{ { URI "/cgi-bin/passwright.fcgi/healthz",
	    SCRIPT "/cgi-bin/passwright.fcgi" }, NULL, "healthz" },
	{ { URI "/api/passwright.fcgi/healthz",
	    SCRIPT "/api/passwright.fcgi" }, NULL, "healthz" },
	/* rewritten in .htaccess: the program's folder */
	{ { URI "/shop/api/acme/passes", SCRIPT "/shop/p.fcgi" }, NULL,
	    "api|acme|passes" },
	{ { URI "/shop/api/acme/passes", SCRIPT "/shop/api/p.fcgi" },
	    NULL, "api|acme|passes" },
	{ { URI "/shop/acme/card", SCRIPT "/shop/p.fcgi" }, NULL,
	    "acme|card" },
	/* rewritten to elsewhere: a tenant's url */
	{ { URI "/shop/api/acme/passes", SCRIPT "/cgi-bin/p.fcgi" },
	    "/shop", "api|acme|passes" },
	{ { URI "/shop/api/acme/passes", SCRIPT "/cgi-bin/p.fcgi" },
	    "/shop/api/", "api|acme|passes" },
	{ { URI "/a%20b/acme/card", SCRIPT "/cgi-bin/p.fcgi" },
	    "/a%20b", "acme|card" },
	{ { URI "/shop/acme/card", SCRIPT "/cgi-bin/p.fcgi" },
	    "/sho", "shop|acme|card" },
	{ { URI "/shop/api/acme/passes",
	    SCRIPT "/shop/cgi-bin/p.fcgi" }, NULL, "api|acme|passes" },
	/* SCRIPT_NAME takes too much */
	{ { URI "/acme/card", SCRIPT "/acme", INFO "/card" }, NULL,
	    "acme|card" },
	{ { URI "/acme/images/1f.png", SCRIPT "/acme",
	    INFO "/images/1f.png" }, NULL, "acme|images|1f.png" },
	{ { URI "/healthz", SCRIPT "/healthz" }, NULL, "healthz" },
	{ { URI "/api/acme/passes/Abc12/data",
	    SCRIPT "/api/acme/passes/Abc12/data" }, NULL,
	    "api|acme|passes|Abc12|data" },
	{ { URI "/api/acme/passes/pushUpdate/api/cancel",
	    SCRIPT "/api/acme/passes/pushUpdate/api/cancel" }, NULL,
	    "api|acme|passes|pushUpdate|api|cancel" },
	{ { URI "/w/api/acme/passes/stats",
	    SCRIPT "/w/api/acme/passes/stats" }, "/w",
	    "api|acme|passes|stats" },
	{ { URI "/w/acme/card", SCRIPT "/w/acme/card" }, "/w",
	    "acme|card" },
	{ { URI "/api/acme/passes/stats", SCRIPT "/api/acme",
	    INFO "/passes/stats" }, NULL, "api|acme|passes|stats" },
	/* SCRIPT_NAME is decoded and merged, REQUEST_URI is not */
	{ { URI "/my%20shop//api/acme/passes", SCRIPT "/my shop" },
	    NULL, "api|acme|passes" },
	{ { URI "//a///b//acme//card/", SCRIPT "/a/b" }, NULL,
	    "acme|card" },
	{ { URI "/%61pi/acme/%70asses", SCRIPT "/api" }, NULL,
	    "api|acme|passes" },
	/* other forms */
	{ { URI "http://h:80/api/acme/passes?x=/y", SCRIPT }, NULL,
	    "api|acme|passes" },
	{ { URI "HTTPS://h?x", SCRIPT }, NULL, "" },
	{ { URI "/api/acme/passes?id=../%00", SCRIPT }, NULL,
	    "api|acme|passes" },
	{ { URI "/api/acme/passes#../", SCRIPT }, NULL,
	    "api|acme|passes" },
	{ { URI "/api/acme/passes//apple//v1/log", SCRIPT }, NULL,
	    "api|acme|passes|apple|v1|log" },
	{ { URI "/api/acme/passes/a%2Fb/100%25", SCRIPT }, NULL,
	    "api|acme|passes|a/b|100%" },
	{ { URI "/api/acme/passes/a+b/..c/c../.", SCRIPT }, NULL,
	    "api|acme|passes|a+b|..c|c..|." },
	/* without REQUEST_URI */
	{ { SCRIPT "/x", INFO "/api/acme/passes" }, NULL,
	    "api|acme|passes" },
	{ { SCRIPT "/api", INFO "/acme/passes" }, NULL,
	    "api|acme|passes" },
	{ { SCRIPT "/api", INFO "/acme/card" }, NULL, "acme|card" },
	{ { SCRIPT "/x", INFO "/acme/passes" }, NULL, "acme|passes" },
	{ { SCRIPT "/x", INFO "/acme//100%25", URI }, NULL,
	    "acme|100%25" },
	{ { SCRIPT "/x" }, NULL, "" },
	{ { NULL }, NULL, "" },
	/* clang-format on */
};

static void
test_mounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *mounts[] = { "%zz", cases[i].mount, NULL };
		struct request r = { .a = a, .envp = env_of(cases[i].env) };
		struct why w = { .text = "" };

		assert_int_equal(path_find(&r, mounts, &w), ERR_OK);
		assert_string_equal(joined(&r), cases[i].want);
		assert_false(r.deep);
	}
}

/*
 * As lighttpd 1.4.69 and Apache 2.4 with mod_fcgid 2.3.9 told it to a program
 * that printed its variables.
 */
static const struct {
	const char *env[ENV_MAX];
	const char *want;
} recorded[] = {
	/* clang-format off */
	/* lighttpd, "/" */
	{ { URI "/api/acme/passes?x=1", SCRIPT "/api",
	    INFO "/acme/passes" }, "api|acme|passes" },
	{ { URI "/api/acme/passes/Abc%2012/data", SCRIPT "/api",
	    INFO "/acme/passes/Abc 12/data" },
	    "api|acme|passes|Abc 12|data" },
	{ { URI "/acme/card", SCRIPT "/acme", INFO "/card" },
	    "acme|card" },
	{ { URI "/healthz", SCRIPT "/healthz" }, "healthz" },
	{ { URI "/acme/images/1f.png", SCRIPT "/acme",
	    INFO "/images/1f.png" }, "acme|images|1f.png" },
	{ { URI "//api//acme/passes", SCRIPT "/api",
	    INFO "/acme/passes" }, "api|acme|passes" },
	{ { URI "/", SCRIPT "/" }, "" },
	{ { URI "/api/acme/passes/a%2Fb", SCRIPT "/api",
	    INFO "/acme/passes/a/b" }, "api|acme|passes|a/b" },
	{ { URI "/api/acme/passes/", SCRIPT "/api",
	    INFO "/acme/passes/" }, "api|acme|passes" },
	/* lighttpd, "/" with fix-root-scriptname */
	{ { URI "/api/acme/passes/Abc%2012/data", SCRIPT,
	    INFO "/api/acme/passes/Abc 12/data" },
	    "api|acme|passes|Abc 12|data" },
	{ { URI "/acme/card", SCRIPT, INFO "/acme/card" },
	    "acme|card" },
	{ { URI "/healthz", SCRIPT, INFO "/healthz" }, "healthz" },
	{ { URI "//api//acme/passes", SCRIPT, INFO "/api/acme/passes" },
	    "api|acme|passes" },
	{ { URI "/", SCRIPT, INFO "/" }, "" },
	/* lighttpd, "/api" */
	{ { URI "/api/acme/passes", SCRIPT "/api",
	    INFO "/acme/passes" }, "api|acme|passes" },
	{ { URI "/api//acme//passes", SCRIPT "/api",
	    INFO "/acme/passes" }, "api|acme|passes" },
	{ { URI "/api/acme/card", SCRIPT "/api", INFO "/acme/card" },
	    "acme|card" },
	{ { URI "/api", SCRIPT "/api" }, "" },
	{ { URI "/api/api/acme/passes", SCRIPT "/api",
	    INFO "/api/acme/passes" }, "api|acme|passes" },
	/* lighttpd, "/api/" */
	{ { URI "/api/acme/passes/findPass", SCRIPT "/api/acme",
	    INFO "/passes/findPass" }, "api|acme|passes|findPass" },
	{ { URI "/api/acme/passes", SCRIPT "/api/acme",
	    INFO "/passes" }, "api|acme|passes" },
	{ { URI "/api/healthz", SCRIPT "/api/healthz" }, "healthz" },
	/* lighttpd, a program, by mod_fastcgi and mod_cgi */
	{ { URI "/cgi-bin/passwright.fcgi/api/acme/passes/Abc%2012",
	    SCRIPT "/cgi-bin/passwright.fcgi",
	    INFO "/api/acme/passes/Abc 12" },
	    "api|acme|passes|Abc 12" },
	{ { URI "/cgi-bin/passwright.fcgi/acme/card",
	    SCRIPT "/cgi-bin/passwright.fcgi", INFO "/acme/card" },
	    "acme|card" },
	{ { URI "/cgi-bin/passwright.fcgi",
	    SCRIPT "/cgi-bin/passwright.fcgi" }, "" },
	{ { URI "/passwright.cgi/healthz", SCRIPT "/passwright.cgi",
	    INFO "/healthz" }, "healthz" },
	/* lighttpd, url.rewrite-once; a tenant's url has /shop */
	{ { URI "/shop/api/acme/passes",
	    SCRIPT "/cgi-bin/passwright.fcgi",
	    INFO "/api/acme/passes" }, "api|acme|passes" },
	/* Apache, ScriptAlias with mod_cgi */
	{ { URI "/cgi-bin/passwright.fcgi/api/acme/passes/a%20b",
	    SCRIPT "/cgi-bin/passwright.fcgi",
	    INFO "/api/acme/passes/a b" }, "api|acme|passes|a b" },
	{ { URI "/api/acme/passes/findPass", SCRIPT "/api",
	    INFO "/acme/passes/findPass" },
	    "api|acme|passes|findPass" },
	{ { URI "//api//acme//passes/a", SCRIPT "/api",
	    INFO "/acme/passes/a" }, "api|acme|passes|a" },
	/* Apache, ScriptAlias / and /w/api with mod_fcgid */
	{ { URI "/api/acme/passes/a%20b%3Fc", SCRIPT,
	    INFO "/api/acme/passes/a b?c" }, "api|acme|passes|a b?c" },
	{ { URI "/acme/card", SCRIPT, INFO "/acme/card" },
	    "acme|card" },
	{ { URI "/healthz", SCRIPT, INFO "/healthz" }, "healthz" },
	{ { URI "/w/api/acme/passes", SCRIPT "/w/api",
	    INFO "/acme/passes" }, "api|acme|passes" },
	/* Apache, FcgidWrapper virtual at /wallet */
	{ { URI "/wallet/api/acme/passes", SCRIPT "/wallet",
	    INFO "/api/acme/passes" }, "api|acme|passes" },
	{ { URI "/wallet//acme//card", SCRIPT "/wallet",
	    INFO "/acme/card" }, "acme|card" },
	{ { URI "/wallet/healthz", SCRIPT "/wallet", INFO "/healthz" },
	    "healthz" },
	/* Apache, ProxyPass / with mod_proxy_fcgi */
	{ { URI "/api/acme/passes/a%20b%3Fc?x=1",
	    SCRIPT "/api/acme/passes/a b?c" },
	    "api|acme|passes|a b?c" },
	{ { URI "/acme/card", SCRIPT "/acme/card" }, "acme|card" },
	{ { URI "/healthz", SCRIPT "/healthz" }, "healthz" },
	{ { URI "//api//acme/passes", SCRIPT "/api/acme/passes" },
	    "api|acme|passes" },
	{ { URI "/", SCRIPT "/" }, "" },
	/* Apache, ProxyPass /api and /w/, ProxyPassMatch /p */
	{ { URI "/api/acme/passes/a%20b",
	    SCRIPT "/api/acme/passes/a b" }, "api|acme|passes|a b" },
	{ { URI "/w/api/acme/passes", SCRIPT "/w/api/acme/passes" },
	    "api|acme|passes" },
	{ { URI "/w/acme/card", SCRIPT "/w/acme/card" }, "acme|card" },
	{ { URI "/p/api/acme/passes", SCRIPT "/p/api/acme/passes" },
	    "api|acme|passes" },
	/* Apache, SetHandler proxy:fcgi: */
	{ { URI "/api/acme/passes/a%20b", SCRIPT "/api",
	    INFO "/acme/passes/a b" }, "api|acme|passes|a b" },
	{ { URI "/acme/card", SCRIPT "/acme", INFO "/card" },
	    "acme|card" },
	{ { URI "/healthz", SCRIPT "/healthz" }, "healthz" },
	/* Apache, .htaccess: RewriteRule ^api/ passwright.fcgi */
	{ { URI "/shop/api/acme/passes/a%20b",
	    SCRIPT "/shop/passwright.fcgi" }, "api|acme|passes|a b" },
	{ { URI "/shop/passwright.fcgi/api/acme/passes",
	    SCRIPT "/shop/passwright.fcgi", INFO "/api/acme/passes" },
	    "api|acme|passes" },
	/* Apache, .htaccess: RewriteRule ^(api/.*) passwright.cgi/$1 */
	{ { URI "/shop2/api/acme/passes/a%20b?x=1",
	    SCRIPT "/shop2/passwright.cgi",
	    INFO "/api/acme/passes/a b" }, "api|acme|passes|a b" },
	{ { URI "/shop2/healthz", SCRIPT "/shop2/passwright.cgi" },
	    "healthz" },
	/* Apache,
	    .htaccess: RewriteRule ^api/ cgi-bin/passwright.fcgi */
	{ { URI "/shop4/api/acme/passes",
	    SCRIPT "/shop4/cgi-bin/passwright.fcgi" },
	    "api|acme|passes" },
	/* Apache, .htaccess in api/: RewriteRule ^ passwright.fcgi */
	{ { URI "/api/acme/passes", SCRIPT "/api/passwright.fcgi" },
	    "api|acme|passes" },
	{ { URI "/api/acme/card", SCRIPT "/api/passwright.fcgi" },
	    "acme|card" },
	/* Apache,
	    .htaccess at the root: RewriteRule ^ /passwright.fcgi */
	{ { URI "/api/acme/passes/a%20b", SCRIPT "/passwright.fcgi" },
	    "api|acme|passes|a b" },
	{ { URI "/acme/card", SCRIPT "/passwright.fcgi" },
	    "acme|card" },
	{ { URI "//acme//card", SCRIPT "/passwright.fcgi" },
	    "acme|card" },
	{ { URI "/healthz", SCRIPT "/passwright.fcgi" }, "healthz" },
	/* clang-format on */
};

static void
test_recorded(void **state)
{
	const char *mounts[] = { "/shop", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		struct request r = { .a = a, .envp = env_of(recorded[i].env) };

		assert_int_equal(path_find(&r, mounts, NULL), ERR_OK);
		assert_string_equal(joined(&r), recorded[i].want);
	}
}

static void
test_longest_mount(void **state)
{
	const char *env[ENV_MAX] = { URI "/a/b/c/card", SCRIPT "/p.fcgi" };
	const char *one[] = { "/", "/a", NULL };
	const char *two[] = { "/a/b", "/a", NULL };
	struct request r = { .a = a, .envp = env_of(env) };

	(void)state;
	assert_int_equal(path_find(&r, one, NULL), ERR_OK);
	assert_string_equal(joined(&r), "a|b|c|card");
	assert_int_equal(path_find(&r, two, NULL), ERR_OK);
	assert_string_equal(joined(&r), "c|card");
	assert_int_equal(path_find(&r, NULL, NULL), ERR_OK);
	assert_string_equal(joined(&r), "a|b|c|card");
}

static void
test_refused(void **state)
{
	static const char *const t[][ENV_MAX] = {
		{ URI "/api/acme/passes/%00" },
		{ URI "/api/acme/passes/a%00b" },
		{ URI "/api/../acme" },
		{ URI "/api/%2e%2E/acme" },
		{ URI "/api/.%2e" },
		{ URI "/api/a%2F../b" },
		{ URI "/api/a%2f..%2fb" },
		{ URI "/../api/acme/passes", SCRIPT "/.." },
		{ URI "/api/%zz" },
		{ URI "/api/%4" },
		{ URI "/api/%" },
		{ URI "/api/%ff" },
		{ URI "/api/%c0%ae" },
		{ URI "/api/%ed%a0%80" },
		{ URI "/api/\xff" },
		{ INFO "/api/../x" },
		{ INFO "/api/\xff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = { .a = a, .envp = env_of(t[i]) };
		struct why w = { .text = "" };

		assert_int_equal(path_find(&r, NULL, &w), ERR_INVALID);
		assert_true(strncmp(w.text, "The path ", 9) == 0);
		assert_int_equal(r.nsegments, 0);
	}
}

static void
test_limits(void **state)
{
	static const struct {
		size_t n; /* segments behind the tenant */
		bool deep;
	} t[] = { { 13, false }, { 14, true }, { 61, true }, { 62, true },
		{ 5000, true } };
	struct why w = { .text = "" };
	char *long_uri;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *uri = arena_alloc(a, 64 + 2 * t[i].n);
		const char *env[ENV_MAX] = { uri };
		const char *bare[ENV_MAX] = { uri, SCRIPT "/api" };
		struct request r = { .a = a };

		memcpy(uri, URI "/api/acme/passes",
		    sizeof(URI "/api/acme/passes"));
		for (size_t k = 0; k < t[i].n; k++)
			memcpy(uri + strlen(uri), "/x", 3);
		r.envp = env_of(env);
		assert_int_equal(path_find(&r, NULL, NULL), ERR_OK);
		assert_int_equal(r.deep, t[i].deep);
		r.envp = env_of(bare);
		assert_int_equal(path_find(&r, NULL, NULL), ERR_OK);
		assert_int_equal(r.deep, t[i].deep);
	}
	for (size_t more = 0; more < 2; more++) {
		const char *env[ENV_MAX];
		struct request r = { .a = a };

		long_uri = arena_printf(a, URI "/%0*d?%0*d",
		    (int)(PATH_LENGTH - 1 + more), 7, PATH_LENGTH, 7);
		env[0] = long_uri;
		env[1] = NULL;
		r.envp = env_of(env);
		assert_int_equal(
		    path_find(&r, NULL, &w), more ? ERR_INVALID : ERR_OK);
	}
	assert_non_null(strstr(w.text, "16384 bytes"));
}

static void
test_sent(void **state)
{
	static const struct {
		const char *env[ENV_MAX];
		const char *want;
	} t[] = {
		/* clang-format off */
		{ { URI "/api/a?neo.authToken=x" }, "/api/a" },
		{ { URI "//evil.example/a" }, "/evil.example/a" },
		{ { URI "http://h/a/b?c" }, "/a/b" },
		{ { URI "/a%20b/%zz%4" }, "/a%20b/%25zz%254" },
		{ { URI "/\xff\"<a>" }, "/%FF%22%3Ca%3E" },
		{ { INFO "/a b" }, "/a%20b" },
		{ { NULL }, "/" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = { .a = a, .envp = env_of(t[i].env) };

		assert_string_equal(path_sent(&r), t[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_longest_mount),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
