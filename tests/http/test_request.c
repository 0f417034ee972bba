#include "http/request.h"

#include <stdio.h>

#include "base/ident.h"
#include "test.h"

#define ENV_MAX 5

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

static struct request
request_of(const char *const *env)
{
	char **copy = arena_alloc(a, (ENV_MAX + 1) * sizeof(*copy));
	struct request r;

	for (size_t i = 0; i < ENV_MAX && env[i] != NULL; i++)
		copy[i] = arena_strdup(a, env[i]);
	request_init(&r, a, copy, 1000);
	return r;
}

static void
test_method(void **state)
{
	static const struct {
		const char *env[ENV_MAX];
		const char *method;
		bool head;
	} t[] = {
		{ { "REQUEST_METHOD=GET" }, "GET", false },
		{ { "REQUEST_METHOD=HEAD" }, "GET", true },
		{ { "REQUEST_METHOD=head" }, "head", false },
		{ { "REQUEST_METHOD=PATCH" }, "PATCH", false },
		{ { "XREQUEST_METHOD=PUT" }, "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = request_of(t[i].env);

		assert_string_equal(r.method, t[i].method);
		assert_int_equal(r.head, t[i].head);
		assert_int_equal(r.now, 1000);
		assert_string_equal(r.address, "");
	}
}

static void
test_id(void **state)
{
	static const struct {
		const char *given;
		bool kept;
	} t[] = {
		{ "abcdefgh", true },
		{ "A-b_c.1234567890", true },
		{ "abcdefg", false },
		{ "abcdefgh ", false },
		{ "abc/defgh", false },
		{ "", false },
	};
	char longest[66];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "HTTP_X_REQUEST_ID=%s", t[i].given) };
		struct request r = request_of(env);

		assert_int_equal(strcmp(r.id, t[i].given) == 0, t[i].kept);
		assert_true(ident_is_request(slice_of(r.id)));
	}
	memset(longest, 'x', 65);
	for (size_t len = 64; len <= 65; len++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "HTTP_X_REQUEST_ID=%.*s", (int)len, longest) };

		assert_int_equal(strlen(request_of(env).id) == len, len == 64);
	}
}

static void
test_header(void **state)
{
	static const char *const env[ENV_MAX] = { "HTTP_IF_NONE_MATCH=\"x\"",
		"CONTENT_TYPE=a/b", "HTTP_CONTENT_LENGTH=no",
		"REDIRECT_HTTP_AUTHORIZATION=Bearer x", "REMOTE_ADDR=::1" };
	static const char *const both[ENV_MAX] = { "HTTP_AUTHORIZATION=1",
		"REDIRECT_HTTP_AUTHORIZATION=2", "REDIRECT_HTTP_ORIGIN=3" };
	struct request r = request_of(env);
	char name[200];

	(void)state;
	assert_string_equal(request_header(&r, "if-none-match"), "\"x\"");
	assert_string_equal(request_header(&r, "Content-type"), "a/b");
	assert_null(request_header(&r, "Content-Length"));
	assert_null(request_header(&r, "If-None"));
	assert_string_equal(request_header(&r, "Authorization"), "Bearer x");
	assert_string_equal(request_env(&r, "REMOTE_ADDR"), "::1");
	assert_null(request_env(&r, "REMOTE_ADD"));
	assert_string_equal(r.address, "::1");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(request_header(&r, name));
	r = request_of(both);
	assert_string_equal(request_header(&r, "Authorization"), "1");
	assert_null(request_header(&r, "Origin"));
	r.envp = NULL;
	assert_null(request_env(&r, "REMOTE_ADDR"));
}

static char *
pairs_of(const struct request *r)
{
	char *s = arena_strdup(a, "");

	for (size_t i = 0; i < r->nquery; i++) {
		assert_int_equal(
		    strlen(r->query[i].name.s), r->query[i].name.len);
		assert_int_equal(
		    strlen(r->query[i].value.s), r->query[i].value.len);
		s = arena_printf(
		    a, "%s[%s:%s]", s, r->query[i].name.s, r->query[i].value.s);
	}
	return s;
}

static void
test_query(void **state)
{
	static const struct {
		const char *query, *want;
	} t[] = {
		{ "", "" },
		{ "&&", "" },
		{ "a", "[a:]" },
		{ "a=", "[a:]" },
		{ "=b", "[:b]" },
		{ "a=b=c&A=d", "[a:b=c][A:d]" },
		{ "a+b=c+d%2B", "[a b:c d+]" },
		{ "filter%5B0%5D.field=id&filter[1].value=x",
		    "[filter[0].field:id][filter[1].value:x]" },
		{ "n=%C3%A9&%26=%3D", "[n:\xc3\xa9][&:=]" },
		{ "a;b=c", "[a;b:c]" },
	};
	static const struct {
		const char *query, *field;
	} bad[] = {
		{ "a=%", "a" },
		{ "ok=1&a=%zz", "a" },
		{ "a%5B0%5D=%00", "a[0]" },
		{ "a=%ff", "a" },
		{ "a=%c0%80", "a" },
		{ "%ff=a", "" },
		{ "a%00b=c", "" },
		{ "%4=c", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "QUERY_STRING=%s", t[i].query) };
		struct request r = request_of(env);

		assert_int_equal(request_target(&r, NULL, NULL), ERR_OK);
		assert_string_equal(pairs_of(&r), t[i].want);
		assert_string_equal(r.query_string, t[i].query);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "QUERY_STRING=%s", bad[i].query) };
		struct request r = request_of(env);
		struct why w = { .text = "" };

		assert_int_equal(request_target(&r, NULL, &w), ERR_INVALID);
		assert_string_equal(w.field, bad[i].field);
		assert_string_not_equal(w.text, "");
	}
}

static void
test_query_limits(void **state)
{
	static const struct {
		const char *unit;
		size_t times;
		enum err want;
	} t[] = {
		{ "a&", REQUEST_PARAMS, ERR_OK },
		{ "a&", REQUEST_PARAMS + 1, ERR_INVALID },
		{ "&&", REQUEST_PARAMS + 1, ERR_OK },
		{ "x", REQUEST_QUERY_MAX, ERR_OK },
		{ "x", REQUEST_QUERY_MAX + 1, ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = strlen(t[i].unit);
		char *q = arena_alloc(a, 20 + len * t[i].times);
		const char *env[ENV_MAX] = { q };
		char *p = q + strlen("QUERY_STRING=");
		struct why w = { .text = "" };
		struct request r;

		(void)snprintf(q, 20, "QUERY_STRING=");
		for (size_t k = 0; k < t[i].times; k++, p += len)
			memcpy(p, t[i].unit, len);
		r = request_of(env);
		assert_int_equal(request_target(&r, NULL, &w), t[i].want);
		assert_int_equal(w.text[0] != '\0', t[i].want != ERR_OK);
	}
}

static void
test_target(void **state)
{
	static const char *const env[ENV_MAX] = {
		"REQUEST_URI=/shop/api/acme/passes?a=b", "QUERY_STRING=c=d",
		"SCRIPT_NAME=/p.fcgi"
	};
	static const char *const bad[ENV_MAX] = { "REQUEST_URI=/a/../b",
		"QUERY_STRING=c=d" };
	const char *mounts[] = { "/shop", NULL };
	struct request r = request_of(env);
	struct why w = { .text = "" };

	(void)state;
	assert_int_equal(request_target(&r, mounts, NULL), ERR_OK);
	assert_int_equal(r.nsegments, 3);
	assert_true(slice_is(r.segment[1], "acme"));
	assert_string_equal(pairs_of(&r), "[c:d]");
	r = request_of(bad);
	assert_int_equal(request_target(&r, NULL, &w), ERR_INVALID);
	assert_string_not_equal(w.text, "");
	assert_string_not_equal(r.id, "");
}

static void
test_lookup(void **state)
{
	static const char *const env[ENV_MAX] = {
		"QUERY_STRING=passType=a&PassType=b&empty=1&Empty=&"
		"t=TRUE&f=0&g=False&o=1&bad=yes&pad=true+"
	};
	static const struct {
		const char *name;
		bool def, want;
		enum err e;
	} t[] = {
		{ "t", false, true, ERR_OK },
		{ "T", false, true, ERR_OK },
		{ "o", false, true, ERR_OK },
		{ "f", true, false, ERR_OK },
		{ "g", true, false, ERR_OK },
		{ "none", true, true, ERR_OK },
		{ "empty", false, false, ERR_OK },
		{ "bad", false, true, ERR_INVALID },
		{ "pad", false, true, ERR_INVALID },
	};
	struct request r = request_of(env);

	(void)state;
	assert_int_equal(request_target(&r, NULL, NULL), ERR_OK);
	assert_string_equal(request_query(&r, "PASSTYPE"), "b");
	assert_null(request_query(&r, "empty"));
	assert_null(request_query(&r, "pass"));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct why w = { .text = "" };
		bool out = true;

		assert_int_equal(
		    request_query_bool(&r, t[i].name, t[i].def, &out, &w),
		    t[i].e);
		assert_int_equal(out, t[i].want);
		assert_string_equal(w.field, t[i].e == ERR_OK ? "" : t[i].name);
	}
}

/* A body that comes in pieces, and may break off. */
struct source {
	const char *s;
	size_t len, at;
	int piece;
	bool broken;
	unsigned calls;
};

static int
source_read(void *arg, char *buf, int n)
{
	struct source *s = arg;
	size_t left = s->len - s->at;

	s->calls++;
	if (left == 0)
		return s->broken ? -1 : 0;
	if (n > s->piece)
		n = s->piece;
	if ((size_t)n > left)
		n = (int)left;
	memcpy(buf, s->s + s->at, (size_t)n);
	s->at += (size_t)n;
	return n;
}

static void
test_read(void **state)
{
	static const struct {
		const char *length; /* NULL: not announced */
		size_t sent, max;
		bool broken;
		enum err want;
		size_t have;
	} t[] = {
		/* clang-format off */
		{ "5", 5, 100, false, ERR_OK, 5 },
		{ "5", 9, 100, false, ERR_OK, 5 },
		{ "0", 9, 100, false, ERR_OK, 0 },
		{ "5", 4, 100, false, ERR_INVALID, 0 },
		{ "5", 4, 100, true, ERR_INVALID, 0 },
		{ "100", 100, 100, false, ERR_OK, 100 },
		{ "101", 101, 100, false, ERR_TOOBIG, 0 },
		{ "99999999999999999999999999", 5, 100, false, ERR_TOOBIG, 0 },
		{ "-1", 5, 100, false, ERR_INVALID, 0 },
		{ "5x", 5, 100, false, ERR_INVALID, 0 },
		{ " 5", 5, 100, false, ERR_INVALID, 0 },
		{ "0x5", 5, 100, false, ERR_INVALID, 0 },
		{ "60000", 60000, 60000, false, ERR_OK, 60000 },
		{ "", 5, 100, false, ERR_OK, 5 },
		{ NULL, 0, 100, false, ERR_OK, 0 },
		{ NULL, 100, 100, false, ERR_OK, 100 },
		{ NULL, 101, 100, false, ERR_TOOBIG, 0 },
		{ NULL, 60000, 60000, false, ERR_OK, 60000 },
		{ NULL, 60001, 60000, false, ERR_TOOBIG, 0 },
		{ NULL, 50, 100, true, ERR_INVALID, 0 },
		/* clang-format on */
	};
	static char bytes[70000];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (int piece = 1; piece < 40000; piece += 13000) {
			const char *env[ENV_MAX] = { t[i].length == NULL
				    ? NULL
				    : arena_printf(a, "CONTENT_LENGTH=%s",
					  t[i].length) };
			struct request r = request_of(env);
			struct source s = { bytes, t[i].sent, 0, piece,
				t[i].broken, 0 };
			struct why w = { .text = "" };

			assert_int_equal(
			    request_read(&r, t[i].max, source_read, &s, &w),
			    t[i].want);
			assert_int_equal(r.body.len, t[i].have);
			assert_memory_equal(
			    r.body.s == NULL ? "" : r.body.s, bytes, t[i].have);
			if (t[i].want == ERR_TOOBIG && t[i].length != NULL)
				assert_int_equal(s.calls, 0);
			assert_int_equal(
			    w.text[0] != '\0', t[i].want != ERR_OK);
		}
}

static void
test_parse(void **state)
{
	static const struct {
		const char *body;
		enum err want;
	} t[] = {
		{ "", ERR_OK },
		{ "{}", ERR_OK },
		{ "{\"a\":1}", ERR_OK },
		{ "null", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "\"{}\"", ERR_INVALID },
		{ "{", ERR_INVALID },
		{ "{\"a\":\"\\u0000\"}", ERR_INVALID },
		{ " ", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = { .a = a, .body = slice_of(t[i].body) };
		struct why w = { .text = "" };

		assert_int_equal(request_parse(&r, &w), t[i].want);
		assert_int_equal(r.json != NULL, t[i].want == ERR_OK);
		assert_int_equal(w.text[0] != '\0', t[i].want != ERR_OK);
	}
}

static void
test_is_json(void **state)
{
	static const struct {
		const char *env[ENV_MAX];
		const char *body;
		bool want;
	} t[] = {
		/* clang-format off */
		{ { NULL }, "", true },
		{ { "CONTENT_LENGTH=0", "CONTENT_TYPE=text/plain" }, "", true },
		{ { "CONTENT_LENGTH=", "CONTENT_TYPE=text/plain" }, "", true },
		{ { "CONTENT_LENGTH=10" }, "", false },
		{ { "HTTP_TRANSFER_ENCODING=chunked" }, "", false },
		{ { "HTTP_TRANSFER_ENCODING=chunked", "CONTENT_TYPE=text/json" },
		    "", true },
		{ { NULL }, "{}", false },
		{ { "CONTENT_TYPE=" }, "{}", false },
		{ { "CONTENT_TYPE=application/json" }, "{}", true },
		{ { "CONTENT_TYPE=Application/JSON; Charset=UTF-8" }, "{}",
		    true },
		{ { "CONTENT_TYPE=application/json; charset=latin1" }, "{}",
		    false },
		{ { "CONTENT_TYPE=application/json, text/json" }, "{}", false },
		{ { "CONTENT_TYPE=application/x-www-form-urlencoded" }, "{}",
		    false },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request r = request_of(t[i].env);

		r.body = slice_of(t[i].body);
		assert_int_equal(request_is_json(&r), t[i].want);
	}
}

static void
test_accept(void **state)
{
	static const struct {
		const char *accept;
		enum accept want;
	} t[] = {
		{ "*/*", ACCEPT_TEXT },
		{ "", ACCEPT_TEXT },
		{ "application/*", ACCEPT_TEXT },
		{ "text/plain", ACCEPT_TEXT },
		{ "application/json", ACCEPT_JSON },
		{ "Application/JSON;charset=utf-8", ACCEPT_JSON },
		{ "text/plain, application/json;q=0.1", ACCEPT_JSON },
		{ "application/json;q=0", ACCEPT_TEXT },
		{ "application/json;q=0, text/json", ACCEPT_TEXT_JSON },
		{ "text/json", ACCEPT_TEXT_JSON },
		{ "text/json, */*", ACCEPT_TEXT_JSON },
		{ "text/json, application/json", ACCEPT_JSON },
		{ "text/json;q=0.0", ACCEPT_TEXT },
		{ "application/jsonx, text/jsonp", ACCEPT_TEXT },
		{ "text/html;x=\"application/json,application/json\"",
		    ACCEPT_TEXT },
	};
	struct request none = { .a = a };

	(void)state;
	assert_int_equal(request_accept(&none), ACCEPT_TEXT);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "HTTP_ACCEPT=%s", t[i].accept) };
		struct request r = request_of(env);

		assert_int_equal(request_accept(&r), t[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_method),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_query_limits),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_is_json),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
