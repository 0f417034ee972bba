#include "http/response.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "test.h"

#define ENV_MAX 3

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
	char **copy = arena_alloc(a, (ENV_MAX + 2) * sizeof(*copy));
	struct request r;

	copy[0] = arena_strdup(a, "HTTP_X_REQUEST_ID=test-request");
	for (size_t i = 0; i < ENV_MAX && env != NULL && env[i] != NULL; i++)
		copy[i + 1] = arena_strdup(a, env[i]);
	request_init(&r, a, copy, 0);
	return r;
}

/* Keeps what is written; `left` bytes may be. */
struct sink {
	struct buf b;
	size_t left;
};

static int
sink_write(void *arg, const char *p, size_t n)
{
	struct sink *s = arg;

	if (n > s->left)
		return -1;
	s->left -= n;
	buf_add(&s->b, p, n);
	return 0;
}

static const char *
written(struct response *r, const struct request *req)
{
	struct sink s = { .left = SIZE_MAX };

	buf_init(&s.b, a);
	assert_int_equal(response_write(r, req, sink_write, &s), 0);
	return s.b.s;
}

#define COMMON                                                                 \
	"Cache-Control: no-store\r\n"                                          \
	"X-Content-Type-Options: nosniff\r\n"                                  \
	"X-Request-Id: test-request\r\n\r\n"

static void
test_string(void **state)
{
	static const struct {
		const char *accept, *type, *body;
	} t[] = {
		{ "*/*", "text/plain; charset=utf-8", "a\"/b" },
		{ "application/json", "application/json; charset=utf-8",
		    "\"a\\\"/b\"" },
		{ "text/json", "text/json; charset=utf-8", "\"a\\\"/b\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "HTTP_ACCEPT=%s", t[i].accept) };
		struct request req = request_of(env);
		struct response r;
		char s[] = "a\"/b";

		response_init(&r, a);
		response_string(&r, &req, 201, s);
		s[0] = 'x';
		assert_int_equal(r.status, 201);
		assert_string_equal(r.type, t[i].type);
		assert_true(slice_is(r.body, t[i].body));
	}
}

static void
test_json(void **state)
{
	static const struct {
		const char *accept, *type;
	} t[] = {
		{ "*/*", "application/json; charset=utf-8" },
		{ "text/plain", "application/json; charset=utf-8" },
		{ "text/json", "text/json; charset=utf-8" },
		{ "text/json, application/json",
		    "application/json; charset=utf-8" },
	};
	struct json_object *o = json_object_in(a);

	(void)state;
	json_set_string(o, "a", "b/c");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "HTTP_ACCEPT=%s", t[i].accept) };
		struct request req = request_of(env);
		struct response r;

		response_init(&r, a);
		response_json(&r, &req, 200, o);
		assert_string_equal(r.type, t[i].type);
		assert_true(slice_is(r.body, "{\"a\":\"b/c\"}"));
	}
}

static void
test_write(void **state)
{
	static const struct {
		const char *method;
		int status;
		const char *type, *body, *want;
	} t[] = {
		/* clang-format off */
		{ "GET", 200, "text/plain", "hello",
		    "Status: 200 OK\r\nContent-Type: text/plain\r\n"
		    "Content-Length: 5\r\n" COMMON "hello" },
		{ "HEAD", 200, "text/plain", "hello",
		    "Status: 200 OK\r\nContent-Type: text/plain\r\n"
		    "Content-Length: 5\r\n" COMMON },
		{ "PATCH", 200, NULL, "",
		    "Status: 200 OK\r\nContent-Length: 0\r\n" COMMON },
		{ "GET", 204, "text/plain", "hello",
		    "Status: 204 No Content\r\n" COMMON },
		{ "GET", 304, "text/plain", "hello",
		    "Status: 304 Not Modified\r\n" COMMON },
		{ "POST", 413, NULL, "",
		    "Status: 413 Content Too Large\r\nContent-Length: 0\r\n"
		    COMMON },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *env[ENV_MAX] = { arena_printf(
		    a, "REQUEST_METHOD=%s", t[i].method) };
		struct request req = request_of(env);
		struct response r;

		response_init(&r, a);
		response_bytes(&r, t[i].status, t[i].type, slice_of(t[i].body));
		assert_string_equal(written(&r, &req), t[i].want);
	}
}

static void
test_headers(void **state)
{
	struct request req = request_of(NULL);
	struct response r;

	(void)state;
	response_init(&r, a);
	response_redirect(&r, 302, "/acme/card?id=x\r\nSet-Cookie: a=b");
	response_header(&r, "cache-control", "max-age=60");
	response_header(&r, "Link", "<a>\nX: y");
	assert_string_equal(written(&r, &req),
	    "Status: 302 Found\r\nContent-Length: 0\r\n"
	    "Location: /acme/card?id=x\r\ncache-control: max-age=60\r\n"
	    "Link: <a>\r\nX-Content-Type-Options: nosniff\r\n"
	    "X-Request-Id: test-request\r\n\r\n");
}

static void
test_client_gone(void **state)
{
	struct request req = request_of(NULL);
	struct sink s = { .left = 0 };
	struct response r;
	size_t len;

	(void)state;
	response_init(&r, a);
	response_bytes(&r, 200, "text/plain", slice_of("hello"));
	len = strlen(written(&r, &req));
	for (size_t left = 0; left <= len; left++) {
		buf_init(&s.b, a);
		s.left = left;
		assert_int_equal(response_write(&r, &req, sink_write, &s),
		    left < len ? -1 : 0);
	}
}

static void
test_problem(void **state)
{
	static const char *const env[ENV_MAX] = {
		"REQUEST_URI=/api/acme/passes/a%20b?neo.authToken=secret",
		"HTTP_ACCEPT=text/plain", "HTTP_X_REQUEST_ID=x"
	};
	struct request req = request_of(env);
	struct why w = { .field = "", .text = "Give \"a\"." };
	struct response r;

	(void)state;
	response_init(&r, a);
	assert_int_equal(
	    response_file(&r, 200, "text/plain", "/etc/passwd"), ERR_OK);
	response_header(&r, "Allow", "GET");
	response_problem(&r, &req, 400, &w);
	assert_int_equal(r.status, 400);
	assert_string_equal(r.type, "application/problem+json");
	assert_null(r.file);
	assert_int_equal(r.nheaders, 1);
	assert_true(slice_is(r.body,
	    "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
	    "\"status\":400,\"detail\":\"Give \\\"a\\\".\","
	    "\"instance\":\"/api/acme/passes/a%20b\"}"));
	(void)why(&w, ERR_INVALID, "filter[0].field", "Unknown.");
	response_problem(&r, &req, 409, &w);
	assert_true(slice_is(r.body,
	    "{\"type\":\"about:blank\",\"title\":\"Conflict\","
	    "\"status\":409,\"detail\":\"Unknown.\","
	    "\"instance\":\"/api/acme/passes/a%20b\","
	    "\"errors\":{\"filter[0].field\":[\"Unknown.\"]}}"));
}

/* Every fault has a title and says what to do, whoever forgot to. */
static void
test_problem_defaults(void **state)
{
	static const int status[] = { 400, 401, 403, 404, 405, 409, 413, 415,
		429, 500, 501, 502, 503 };
	struct request req = request_of(NULL);
	struct why empty = { .field = "", .text = "" };

	(void)state;
	for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		struct json_object *o;
		struct response r, again;

		response_init(&r, a);
		response_init(&again, a);
		response_problem(&r, &req, status[i], NULL);
		response_problem(&again, &req, status[i], &empty);
		assert_true(slice_eq(r.body, again.body));
		assert_int_equal(json_parse(a, r.body, 3, &o, NULL), ERR_OK);
		assert_true(strlen(json_get_string(o, "title")) > 5);
		assert_true(strlen(json_get_string(o, "detail")) > 15);
		assert_string_equal(json_get_string(o, "instance"), "/");
		assert_int_equal(json_get_int(o, "status", 0), status[i]);
		assert_null(json_get(o, "errors"));
	}
}

static void
test_status(void **state)
{
	static const int want[ERR__MAX] = { 200, 400, 403, 404, 409, 413, 503,
		502, 501, 500 };

	(void)state;
	for (int e = 0; e < ERR__MAX; e++)
		assert_int_equal(response_status((enum err)e), want[e]);
}

#define TAG  "\"5f,a\""
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define TIME 784111777

static void
test_not_modified(void **state)
{
	static const struct {
		const char *env[ENV_MAX];
		bool want;
	} t[] = {
		/* clang-format off */
		{ { NULL }, false },
		{ { "HTTP_IF_NONE_MATCH=" TAG }, true },
		{ { "HTTP_IF_NONE_MATCH=W/" TAG }, true },
		{ { "HTTP_IF_NONE_MATCH=\"x\", W/\"y\"," TAG " " }, true },
		{ { "HTTP_IF_NONE_MATCH= *" }, true },
		{ { "HTTP_IF_NONE_MATCH=\"*\"" }, false },
		{ { "HTTP_IF_NONE_MATCH=\"5f" }, false },
		{ { "HTTP_IF_NONE_MATCH=5f,a" }, false },
		{ { "HTTP_IF_NONE_MATCH=\"5f,\"" }, false },
		{ { "HTTP_IF_NONE_MATCH=" }, false },
		{ { "HTTP_IF_MODIFIED_SINCE=" DATE }, true },
		{ { "HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1994 08:49:38 GMT" },
		    true },
		{ { "HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1994 08:49:36 GMT" },
		    false },
		{ { "HTTP_IF_MODIFIED_SINCE=yesterday" }, false },
		/* the tag decides first */
		{ { "HTTP_IF_NONE_MATCH=\"x\"",
		    "HTTP_IF_MODIFIED_SINCE=" DATE }, false },
		{ { "HTTP_IF_NONE_MATCH=" TAG,
		    "HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1990 08:49:36 GMT" },
		    true },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct request req = request_of(t[i].env);
		struct response r;

		response_init(&r, a);
		assert_int_equal(
		    response_not_modified(&r, &req, TAG, TIME), t[i].want);
		assert_int_equal(r.status, t[i].want ? 304 : 200);
		assert_int_equal(r.nheaders, 2);
		assert_string_equal(r.header[0].name, "ETag");
		assert_string_equal(r.header[0].value, TAG);
		assert_string_equal(r.header[1].name, "Last-Modified");
		assert_string_equal(r.header[1].value, DATE);
	}
}

static void
test_not_modified_untagged(void **state)
{
	static const char *const env[ENV_MAX] = { "HTTP_IF_NONE_MATCH=\"x\"",
		"HTTP_IF_MODIFIED_SINCE=" DATE };
	struct request req = request_of(env);
	struct response r;

	(void)state;
	response_init(&r, a);
	assert_true(response_not_modified(&r, &req, NULL, TIME));
	assert_int_equal(r.nheaders, 1);
}

static char file_bytes[40000];

/* A folder with a file of those bytes in it. */
static const char *
make_file(char *dir)
{
	const char *file;
	FILE *f;

	memset(file_bytes, 'x', sizeof(file_bytes));
	assert_non_null(mkdtemp(dir));
	file = arena_printf(a, "%s/a b%%", dir);
	assert_non_null(f = fopen(file, "w"));
	assert_int_equal(
	    fwrite(file_bytes, 1, sizeof(file_bytes), f), sizeof(file_bytes));
	assert_int_equal(fclose(f), 0);
	return file;
}

static struct response
response_of(const char *file)
{
	struct response r;

	response_init(&r, a);
	assert_int_equal(response_file(&r, 200, "image/png", file), ERR_OK);
	return r;
}

#define FILE_HEAD                                                              \
	"Status: 200 OK\r\nContent-Type: image/png\r\n"                        \
	"Content-Length: 40000\r\n" COMMON

static void
test_file(void **state)
{
	static const char *const head[ENV_MAX] = { "REQUEST_METHOD=HEAD" };
	struct request get = request_of(NULL), req = request_of(head);
	char dir[] = "/tmp/test_response.XXXXXX";
	const char *file = make_file(dir), *out;
	struct response r = response_of(file);
	struct sink s = { .left = 30000 };

	(void)state;
	out = written(&r, &get);
	assert_memory_equal(out, FILE_HEAD, strlen(FILE_HEAD));
	assert_memory_equal(
	    out + strlen(FILE_HEAD), file_bytes, sizeof(file_bytes));
	assert_int_equal(r.fd, -1);
	r = response_of(file);
	assert_string_equal(written(&r, &req), FILE_HEAD);

	r = response_of(file);
	buf_init(&s.b, a);
	assert_int_equal(response_write(&r, &get, sink_write, &s), -1);

	r = response_of(file);
	assert_int_equal(unlink(file), 0);
	out = written(&r, &get);
	assert_memory_equal(
	    out + strlen(FILE_HEAD), file_bytes, sizeof(file_bytes));
	assert_int_equal(rmdir(dir), 0);
}

/* Another answer takes the place of the file. */
static void
test_file_not_sent(void **state)
{
	static const char *const env[ENV_MAX] = { "HTTP_IF_NONE_MATCH=*" };
	struct request get = request_of(NULL), req = request_of(env);
	char dir[] = "/tmp/test_response.XXXXXX";
	const char *file = make_file(dir);
	struct response r = response_of(file);
	int fd = r.fd;

	(void)state;
	response_problem(&r, &get, 500, NULL);
	assert_int_equal(r.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_non_null(strstr(written(&r, &get), "\"status\":500"));
	r = response_of(file);
	assert_true(response_not_modified(&r, &req, "\"a\"", 0));
	assert_non_null(strstr(written(&r, &req), "Status: 304 "));
	r = response_of(file);
	r.status = 304;
	assert_null(strstr(written(&r, &get), "xx"));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_no_file(void **state)
{
	static const char *const t[] = { "/nowhere/a", "/tmp", "/dev/null",
		"" };
	struct response r;

	(void)state;
	log_open("test", "/dev/null", LOG_LVL_ERROR);
	response_init(&r, a);
	response_bytes(&r, 201, "text/plain", slice_of("as it was"));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(
		    response_file(&r, 200, "image/png", t[i]), ERR_NOTFOUND);
		assert_int_equal(r.status, 201);
		assert_string_equal(r.type, "text/plain");
		assert_true(slice_is(r.body, "as it was"));
		assert_null(r.file);
		assert_int_equal(r.fd, -1);
	}
}

static void
test_file_handed_over(void **state)
{
	static const struct {
		const char *offer;
		bool taken;
	} t[] = { { "X-Sendfile", true }, { "", false }, { "1", false },
		{ "x-sendfile", false }, { "X-Accel-Redirect", false } };
	static const char *const wish[ENV_MAX] = {
		"HTTP_PASSWRIGHT_SENDFILE=X-Sendfile",
		"HTTP_X_SENDFILE=/etc/passwd"
	};
	static const char *const when[] = {
		"HTTP_IF_MATCH=*",
		"HTTP_IF_NONE_MATCH=\"x\"",
		"HTTP_IF_MODIFIED_SINCE=Thu, 01 Jan 2015 00:00:00 GMT",
		"HTTP_IF_UNMODIFIED_SINCE=Thu, 01 Jan 2015 00:00:00 GMT",
		"HTTP_IF_RANGE=\"x\"",
	};
	struct request req = request_of(wish);
	char dir[] = "/tmp/test_response.XXXXXX";
	const char *file = make_file(dir), *want;
	struct response r = response_of(file);

	(void)state;
	want = arena_printf(a,
	    "Status: 200 OK\r\nContent-Type: image/png\r\n"
	    "X-Sendfile: %s/a%%20b%%25\r\n" COMMON,
	    dir);
	assert_non_null(strstr(written(&r, &req), FILE_HEAD));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(
		    setenv("PASSWRIGHT_SENDFILE", t[i].offer, 1), 0);
		r = response_of(file);
		if (t[i].taken)
			assert_string_equal(written(&r, &req), want);
		else
			assert_non_null(strstr(written(&r, &req), FILE_HEAD));
	}
	assert_int_equal(setenv("PASSWRIGHT_SENDFILE", "X-Sendfile", 1), 0);
	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		const char *env[ENV_MAX] = { when[i] };
		struct request conditional = request_of(env);

		r = response_of(file);
		assert_non_null(strstr(written(&r, &conditional), FILE_HEAD));
	}
	r = response_of(file);
	r.status = 304;
	assert_null(strstr(written(&r, &req), "X-Sendfile"));
	response_init(&r, a);
	response_bytes(&r, 200, "text/plain", slice_of("hello"));
	assert_null(strstr(written(&r, &req), "X-Sendfile"));
	assert_int_equal(unsetenv("PASSWRIGHT_SENDFILE"), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_problem),
		cmocka_unit_test(test_problem_defaults),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_not_modified),
		cmocka_unit_test(test_not_modified_untagged),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_not_sent),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_file_handed_over),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
