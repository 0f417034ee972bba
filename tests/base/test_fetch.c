#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/log.h"
#include "test.h"

/* -- a server on loopback ------------------------------------------------- */

static char base[64]; /* http://127.0.0.1:PORT */
static pid_t server;

static void
say(int fd, const char *s, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, s, len);

		if (n <= 0)
			_exit(0);
		s += n;
		len -= (size_t)n;
	}
}

static void
answer(int fd, const char *head, const char *body, size_t len)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
	    "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, len);

	say(fd, text, (size_t)n);
	say(fd, body, len);
}

static void
endless(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
	for (;;)
		say(fd, "0123456789abcdef", 16);
}

static void
serve_path(int fd, const char *in)
{
	static char big[4096];

	if (strstr(in, " /echo") != NULL)
		answer(fd, "200 OK", in, strlen(in));
	else if (strstr(in, " /404") != NULL)
		answer(fd, "404 Not Found\r\nX-A: one\r\nx-a: two", "no", 2);
	else if (strstr(in, " /redirect") != NULL)
		answer(fd, "302 Found\r\nLocation: /echo", "", 0);
	else if (strstr(in, " /4096") != NULL)
		answer(fd, "200 OK", big, sizeof(big));
	else if (strstr(in, " /endless") != NULL)
		endless(fd);
	else if (strstr(in, " /slow") != NULL)
		sleep(1);
	else if (strstr(in, " /garbage") != NULL)
		say(fd, "not HTTP\r\n\r\n", 12);
	/* else: hang up */
}

/* Whole when the head has come, and as much as it says of a body. */
static bool
is_whole(const char *in)
{
	const char *end = strstr(in, "\r\n\r\n");
	const char *len = strstr(in, "Content-Length: ");

	if (end == NULL)
		return false;
	return len == NULL || strlen(end + 4) >= strtoul(len + 16, NULL, 10);
}

static void
serve_connection(int fd)
{
	char in[8192];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, in + len, sizeof(in) - 1 - len)) > 0) {
		len += (size_t)n;
		in[len] = '\0';
		if (!is_whole(in))
			continue;
		serve_path(fd, in);
		if (strstr(in, " /echo") == NULL)
			break;
		len = 0;
	}
	_exit(0);
}

static void
serve(int listener)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0)
			serve_connection(fd);
		close(fd);
	}
}

/* A socket that listens on loopback; its port to `*port`. */
static int
listen_on(in_port_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&in, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static int
setup(void **state)
{
	in_port_t port;
	int fd = listen_on(&port);

	(void)state;
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", port);
	if ((server = fork()) == 0)
		serve(fd);
	close(fd);
	log_open("test_fetch", "/dev/null", LOG_LVL_ERROR);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fetch_close();
	kill(server, SIGTERM);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* -- the tests ------------------------------------------------------------ */

static const char *const loopback[] = { "127.0.0.1" };

static struct fetch_request
to(struct arena *a, const char *path)
{
	return (struct fetch_request){
		.url = arena_printf(a, "%s%s", base, path),
		.allow_private = loopback,
		.nallow_private = 1,
	};
}

static enum err
ask(struct arena *a, const char *path, struct fetch_response *out)
{
	struct fetch_request rq = to(a, path);

	*out = (struct fetch_response){ .status = -1 };
	return fetch_run(a, &rq, out);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *path;
		enum err err;
		long status;
	} t[] = {
		/* clang-format off */
		{ "/echo",     ERR_OK,       200 },
		{ "/404",      ERR_OK,       404 },
		{ "/redirect", ERR_OK,       302 }, /* not followed */
		{ "/hangup",   ERR_UPSTREAM, -1 },
		{ "/garbage",  ERR_UPSTREAM, -1 },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct fetch_response r;

		assert_int_equal(ask(a, t[i].path, &r), t[i].err);
		assert_int_equal(r.status, t[i].status);
	}
	arena_free(a);
}

static void
test_headers_of_the_answer(void **state)
{
	struct arena *a = arena_new(4096);
	struct fetch_response r;

	(void)state;
	assert_int_equal(ask(a, "/404", &r), ERR_OK);
	assert_string_equal(fetch_header(&r, "X-A"), "two");
	assert_string_equal(fetch_header(&r, "content-length"), "2");
	assert_null(fetch_header(&r, "X-B"));
	assert_null(fetch_header(&r, "X"));
	assert_true(slice_is(r.body, "no"));
	assert_int_equal(r.body.s[r.body.len], '\0');
	arena_free(a);
}

static void
test_what_is_sent(void **state)
{
	static const char *const headers[] = { "X-One: 1",
		"Content-Type: text/x", NULL };
	static const struct {
		const char *method, *body, *want;
	} t[] = {
		/* clang-format off */
		{ NULL,   NULL, "GET /echo?a=b HTTP/1.1\r\n" },
		{ NULL,   "hi", "POST /echo?a=b HTTP/1.1\r\n" },
		{ "PUT",  "hi", "PUT /echo?a=b HTTP/1.1\r\n" },
		{ "POST", "",   "POST /echo?a=b HTTP/1.1\r\n" },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct fetch_request rq = to(a, "/echo?a=b");
		struct fetch_response r;

		rq.method = t[i].method;
		rq.headers = headers;
		rq.body = slice_of(t[i].body);
		assert_int_equal(fetch_run(a, &rq, &r), ERR_OK);
		assert_memory_equal(r.body.s, t[i].want, strlen(t[i].want));
		assert_non_null(strstr(r.body.s, "\r\nX-One: 1\r\n"));
		assert_non_null(strstr(r.body.s, "\r\nContent-Type: text/x"));
		assert_null(strstr(r.body.s, "Expect"));
		assert_string_equal(strstr(r.body.s, "\r\n\r\n") + 4,
		    t[i].body == NULL ? "" : t[i].body);
	}
	unsetenv("http_proxy");
	arena_free(a);
}

static void
test_limits(void **state)
{
	static const struct {
		const char *path;
		size_t max;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "/4096",    4096, ERR_OK },
		{ "/4096",    4095, ERR_TOOBIG },
		{ "/4096",    0,    ERR_OK },
		{ "/endless", 0,    ERR_TOOBIG },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);
	struct timespec from, until;
	struct fetch_response r;
	struct fetch_request rq;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rq = to(a, t[i].path);
		rq.max_bytes = t[i].max;
		assert_int_equal(fetch_run(a, &rq, &r), t[i].err);
	}
	rq = to(a, "/slow");
	rq.timeout_ms = 100;
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(fetch_run(a, &rq, &r), ERR_UPSTREAM);
	clock_gettime(CLOCK_MONOTONIC, &until);
	assert_true(until.tv_sec - from.tv_sec <= 2);
	arena_free(a);
}

static void
test_what_is_refused(void **state)
{
	static const struct {
		const char *url;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "file:///etc/passwd",         ERR_INVALID },
		{ "ftp://127.0.0.1/",           ERR_INVALID },
		{ "gopher://127.0.0.1/",        ERR_INVALID },
		{ "127.0.0.1/",                 ERR_INVALID },
		{ "",                           ERR_INVALID },
		{ "http://",                    ERR_INVALID },
		{ "http://127.0.0.1/a b",       ERR_INVALID },
		{ "http://127.0.0.1/\r\nX: y",  ERR_INVALID },
		{ "http://127.0.0.1:99999/",    ERR_INVALID },
		{ "http://127.0.0.2/",          ERR_DENIED },
		{ "http://127.1:1/",            ERR_OK }, /* is 127.0.0.1 */
		{ "http://0x7f000001:1/",       ERR_OK },
		{ "http://0x7f000002:1/",       ERR_DENIED },
		{ "http://2130706434:1/",       ERR_DENIED },
		{ "http://0.0.0.0:1/",          ERR_DENIED },
		{ "http://[::1]:1/",            ERR_DENIED },
		{ "http://[::ffff:127.0.0.2]:1/", ERR_DENIED },
		{ "http://[64:ff9b::7f00:2]:1/", ERR_DENIED },
		{ "http://10.0.0.1:1/",         ERR_DENIED },
		{ "http://169.254.169.254/",    ERR_DENIED },
		{ "http://a@169.254.169.254/",  ERR_DENIED },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		/* Allowed, and nobody listens. */
		enum err want = t[i].err == ERR_OK ? ERR_UPSTREAM : t[i].err;
		struct fetch_response r = { .status = -1 };
		struct fetch_request rq = { .url = t[i].url,
			.timeout_ms = 500,
			.allow_private = loopback,
			.nallow_private = 1 };

		if (fetch_run(a, &rq, &r) != want)
			fail_msg("%s", t[i].url);
		assert_int_equal(r.status, -1);
	}
	arena_free(a);
}

static void
test_headers_are_single_lines(void **state)
{
	static const char *const bad[][2] = {
		{ "X: a\r\nY: b", NULL },
		{ "X: a\nY: b", NULL },
		{ "X: a\r", NULL },
		{ "X: \x01", NULL },
		{ "X: a\x7f", NULL },
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fetch_request rq = to(a, "/echo");
		struct fetch_response r;

		rq.headers = bad[i];
		assert_int_equal(fetch_run(a, &rq, &r), ERR_INVALID);
	}
	arena_free(a);
}

/* What may be reached is asked for each request, kept connection or not. */
static void
test_allowed_networks(void **state)
{
	static const struct {
		const char *net;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "127.0.0.1",           ERR_OK },
		{ "127.0.0.0/8",         ERR_OK },
		{ "127.0.0.0/31",        ERR_OK },
		{ "127.0.0.1/32",        ERR_OK },
		{ "0.0.0.0/0",           ERR_OK },
		{ "::ffff:127.0.0.1",    ERR_OK },
		{ "::ffff:127.0.0.0/104", ERR_OK },
		{ "127.0.0.2",           ERR_DENIED },
		{ "127.0.0.2/31",        ERR_DENIED },
		{ "127.0.0.0/33",        ERR_DENIED },
		{ "127.0.0.0/",          ERR_DENIED },
		{ "127.0.0.0/8x",        ERR_DENIED },
		{ "127.0.0.0/-8",        ERR_DENIED },
		{ "10.0.0.0/8",          ERR_DENIED },
		{ "::1",                 ERR_DENIED },
		{ "::/0",                ERR_DENIED }, /* of IPv6 */
		{ "localhost",           ERR_DENIED },
		{ "127",                 ERR_DENIED },
		{ "",                    ERR_DENIED },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);
	struct fetch_response r;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct fetch_request rq = to(a, "/echo");

		rq.allow_private = &t[i].net;
		if (fetch_run(a, &rq, &r) != t[i].err)
			fail_msg("kept: %s", t[i].net);
		fetch_close();
		if (fetch_run(a, &rq, &r) != t[i].err)
			fail_msg("new: %s", t[i].net);
		rq.nallow_private = 0;
		assert_int_equal(fetch_run(a, &rq, &r), ERR_DENIED);
		rq.any_address = true;
		assert_int_equal(fetch_run(a, &rq, &r), ERR_OK);
	}
	arena_free(a);
}

/* -- what is kept to be asked later -----------------------------------------
 */

static void
test_judge(void **state)
{
	static const struct {
		const char *url;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "https://a.example/in?b=c",    ERR_OK },
		{ "https://a.example:8443/",     ERR_OK },
		{ "https://8.8.8.8/",            ERR_OK },
		{ "http://a.example/",           ERR_OK }, /* judged when asked */
		{ "http://8.8.8.8/",             ERR_DENIED },
		{ "HTTP://8.8.8.8/",             ERR_DENIED },
		{ "http://[2003::1]/",           ERR_DENIED },
		{ "https://[2003::1]/",          ERR_OK },
		{ "http://127.0.0.1/",           ERR_OK },
		{ "https://127.0.0.1/",          ERR_OK },
		{ "http://localhost/",           ERR_OK },
		{ "http://127.1/",               ERR_OK },
		{ "http://127.0.0.2/",           ERR_DENIED },
		{ "https://127.0.0.2/",          ERR_DENIED },
		{ "https://0x7f.2/",             ERR_DENIED },
		{ "https://2130706434/",         ERR_DENIED },
		{ "https://127.0.0.2./",         ERR_DENIED },
		{ "https://10.0.0.1:1/",         ERR_DENIED },
		{ "https://[::1]/",              ERR_DENIED },
		{ "https://[fe80::1%25eth0]/",   ERR_DENIED },
		{ "https://[::ffff:10.0.0.1]/",  ERR_DENIED },
		{ "https://169.254.169.254/",    ERR_DENIED },
		{ "ftp://a.example/",            ERR_INVALID },
		{ "a.example/",                  ERR_INVALID },
		{ "https://",                    ERR_INVALID },
		{ "https://a b/",                ERR_INVALID },
		{ "https://a.example:99999/",    ERR_INVALID },
		{ "https://u@a.example/",        ERR_INVALID },
		{ "https://u:p@a.example/",      ERR_INVALID },
		{ "https://a.example/#f",        ERR_INVALID },
		{ "",                            ERR_INVALID },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct fetch_request rq = { .url = t[i].url,
			.https = true,
			.allow_private = loopback,
			.nallow_private = 1 };
		const char *text = NULL;

		if (fetch_judge(&rq, &text) != t[i].err)
			fail_msg("%s: %s", t[i].url, text);
		assert_int_equal(text == NULL, t[i].err == ERR_OK);
	}
}

static void
test_localhost_is_loopback(void **state)
{
	static const char *const t[] = { "https://localhost/",
		"https://LOCALHOST:1/", "https://localhost./",
		"https://a.localhost/" };
	static const char *const names[] = { "https://localhost.example/",
		"https://notlocalhost/", "https://a.localhostx/" };
	const char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct fetch_request rq = { .url = t[i] };

		assert_int_equal(fetch_judge(&rq, &text), ERR_DENIED);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct fetch_request rq = { .url = names[i] };

		assert_int_equal(fetch_judge(&rq, &text), ERR_OK);
	}
}

/* -- many at a time ----------------------------------------------------------
 */

/* The next end of the group's, within ten seconds. */
static struct fetch_end
next_end(struct fetch_group *g)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	struct fetch_end x = { .tag = NULL };

	for (int i = 0; i < 2000 && !fetch_ended(g, &x); i++)
		nanosleep(&pause, NULL);
	assert_non_null(x.tag);
	return x;
}

static void
test_nobody_waits_for_another(void **state)
{
	static struct {
		const char *path;
		size_t max;
		enum err err;
		long status;
		bool ended;
	} t[] = {
		/* clang-format off */
		{ "/slow",     0,   ERR_UPSTREAM, 0,   false },
		{ "/echo",     0,   ERR_OK,       200, false },
		{ "/redirect", 0,   ERR_OK,       302, false },
		{ "/hangup",   0,   ERR_UPSTREAM, 0,   false },
		{ "/4096",     100, ERR_TOOBIG,   200, false },
		{ "/404",      0,   ERR_OK,       404, false },
		/* clang-format on */
	};
	const size_t n = sizeof(t) / sizeof(t[0]);
	struct arena *a = arena_new(4096);
	struct fetch_group *g = fetch_group_new(), *other = fetch_group_new();
	struct fetch_end x;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct fetch_request rq = to(a, t[i].path);

		rq.max_bytes = t[i].max;
		rq.timeout_ms = i == 0 ? 800 : 0;
		rq.body = slice_of("hello");
		assert_int_equal(fetch_begin(g, &rq, &t[i]), ERR_OK);
	}
	for (size_t i = 0; i < n; i++) {
		x = next_end(g);
		for (size_t j = 0; j < n; j++) {
			if (x.tag != &t[j])
				continue;
			assert_false(t[j].ended);
			t[j].ended = true;
			assert_int_equal(x.err, t[j].err);
			assert_int_equal(x.status, t[j].status);
			assert_int_equal(x.text[0] == '\0', x.err == ERR_OK);
			assert_int_equal(i == n - 1, j == 0); /* the slow one */
		}
	}
	assert_false(fetch_ended(g, &x));
	assert_false(fetch_ended(other, &x));
	fetch_group_free(g);
	fetch_group_free(other);
	arena_free(a);
}

/* The answer came in time, though nobody looked. */
static void
test_nobody_looks_for_long(void **state)
{
	const struct timespec longer = { .tv_nsec = 600000000 };
	struct arena *a = arena_new(4096);
	struct fetch_group *g = fetch_group_new();
	struct fetch_request rq = to(a, "/echo");
	struct fetch_end x = { .tag = NULL };

	(void)state;
	rq.timeout_ms = 400;
	assert_int_equal(fetch_begin(g, &rq, &rq), ERR_OK);
	for (int i = 0; i < 3 && !fetch_ended(g, &x); i++)
		nanosleep(&longer, NULL);
	assert_int_equal(x.err, ERR_OK);
	assert_int_equal(x.status, 200);
	fetch_group_free(g);
	arena_free(a);
}

static void
test_what_is_refused_of_many(void **state)
{
	struct arena *a = arena_new(4096);
	struct fetch_group *g = fetch_group_new();
	struct fetch_request rq = to(a, "/echo");
	struct fetch_end x;

	(void)state;
	rq.nallow_private = 0;
	assert_int_equal(fetch_begin(g, &rq, &rq), ERR_OK);
	x = next_end(g);
	assert_int_equal(x.err, ERR_DENIED);
	assert_non_null(strstr(x.text, "private"));
	rq.url = "nonsense";
	assert_int_equal(fetch_begin(g, &rq, &rq), ERR_INVALID);
	rq = to(a, "/slow");
	for (int i = 0; i < FETCH_FLIGHTS; i++)
		assert_int_equal(fetch_begin(g, &rq, &rq), ERR_OK);
	assert_int_equal(fetch_begin(g, &rq, &rq), ERR_BUSY);
	fetch_group_free(g); /* ends them all */
	g = fetch_group_new();
	rq = to(a, "/echo");
	assert_int_equal(fetch_begin(g, &rq, &rq), ERR_OK);
	assert_int_equal(next_end(g).status, 200);
	fetch_group_free(g);
	arena_free(a);
}

static void
test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = { { "127.0.0.1", true }, { "127.255.1.2", true },
		{ "::1", true }, { "0:0:0:0:0:0:0:1", true },
		{ "::ffff:127.0.0.1", true }, { "128.0.0.1", false },
		{ "::2", false }, { "::ffff:128.0.0.1", false },
		{ "127.1", false }, { "127.0.0.1.example.org", false },
		{ "localhost", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fetch_is_loopback(rows[i].text), rows[i].is);
}

static bool
is_private(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return fetch_is_private((void *)&in);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return fetch_is_private((void *)&in6);
}

static void
test_is_private(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} t[] = {
		/* clang-format off */
		{ "0.0.0.0", true },         { "0.255.255.255", true },
		{ "1.0.0.0", false },        { "9.255.255.255", false },
		{ "10.0.0.0", true },        { "10.255.255.255", true },
		{ "11.0.0.0", false },       { "100.63.255.255", false },
		{ "100.64.0.0", true },      { "100.127.255.255", true },
		{ "100.128.0.0", false },    { "126.255.255.255", false },
		{ "127.0.0.1", true },       { "127.255.255.255", true },
		{ "128.0.0.0", false },      { "169.253.255.255", false },
		{ "169.254.0.0", true },     { "169.254.169.254", true },
		{ "169.255.0.0", false },    { "172.15.255.255", false },
		{ "172.16.0.0", true },      { "172.31.255.255", true },
		{ "172.32.0.0", false },     { "191.255.255.255", false },
		{ "192.0.0.0", true },       { "192.0.1.0", false },
		{ "192.0.2.1", true },       { "192.0.3.0", false },
		{ "192.88.98.255", false },  { "192.88.99.1", true },
		{ "192.167.255.255", false }, { "192.168.0.0", true },
		{ "192.168.255.255", true }, { "192.169.0.0", false },
		{ "198.17.255.255", false }, { "198.18.0.0", true },
		{ "198.19.255.255", true },  { "198.20.0.0", false },
		{ "198.51.99.255", false },  { "198.51.100.7", true },
		{ "198.51.101.0", false },   { "203.0.112.255", false },
		{ "203.0.113.7", true },     { "203.0.114.0", false },
		{ "223.255.255.255", false }, { "224.0.0.0", true },
		{ "239.255.255.255", true }, { "240.0.0.0", true },
		{ "255.255.255.255", true }, { "8.8.8.8", false },
		{ "::", true },              { "::1", true },
		{ "::2", true },             { "::8.8.8.8", true },
		{ "::ffff:127.0.0.1", true }, { "::ffff:10.1.2.3", true },
		{ "::ffff:8.8.8.8", false }, { "::fffe:8.8.8.8", true },
		{ "64:ff9b::127.0.0.1", true }, { "64:ff9b::8.8.8.8", false },
		{ "64:ff9b::a9fe:a9fe", true }, { "64:ff9b:1::8.8.8.8", true },
		{ "100::1", true },          { "1fff:ffff::", true },
		{ "2000::1", false },        { "2001::1", true },
		{ "2001:1ff:ffff::", true }, { "2001:200::", false },
		{ "2001:db7:ffff::", false }, { "2001:db8::1", true },
		{ "2001:db9::", false },     { "2001:4860:4860::8888", false },
		{ "2002:7f00:1::", true },   { "2002:a00:1::1", true },
		{ "2002:c0a8:101::", true }, { "2002:808:808::", false },
		{ "2003::1", false },        { "3ffe:ffff::", false },
		{ "3fff::1", true },         { "3fff:fff:ffff::", true },
		{ "3fff:1000::", false },    { "4000::", true },
		{ "5f00::", true },          { "8000::", true },
		{ "fbff:ffff::", true },     { "fc00::1", true },
		{ "fd12:3456::1", true },    { "fe80::1", true },
		{ "fec0::1", true },         { "ff02::1", true },
		/* clang-format on */
	};
	const struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (is_private(t[i].text) != t[i].want)
			fail_msg("%s", t[i].text);
	assert_true(fetch_is_private((const void *)&un));
}

/* -- TLS ------------------------------------------------------------------ */

/* A certificate that signed itself, for one address. */
static X509 *
certificate(EVP_PKEY *key, const char *san)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *ext =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);

	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"test_fetch", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static void
serve_tls(int listener, EVP_PKEY *key, X509 *x)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char in[4096];

	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_use_certificate(ctx, x);
	SSL_CTX_use_PrivateKey(ctx, key);
	for (;;) {
		SSL *ssl = SSL_new(ctx);
		int fd = accept(listener, NULL, NULL);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && SSL_read(ssl, in, sizeof(in)) > 0)
			SSL_write(ssl, text, sizeof(text) - 1);
		SSL_free(ssl);
		close(fd);
	}
}

/* Whom the certificate names, and who vouches for it, decide. */
static void
test_certificates(void **state)
{
	static const struct {
		const char *san;
		bool ca;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "IP:127.0.0.1", true,  ERR_OK },
		{ "IP:127.0.0.1", false, ERR_UPSTREAM },
		{ "IP:127.0.0.2", true,  ERR_UPSTREAM },
		{ "DNS:localhost", true, ERR_UPSTREAM },
		/* clang-format on */
	};
	char file[] = "/tmp/test_fetch.XXXXXX";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct arena *a = arena_new(4096);

	(void)state;
	assert_true(close(mkstemp(file)) == 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		X509 *x = certificate(key, t[i].san);
		FILE *f = fopen(file, "w");
		struct fetch_request rq = to(a, "/");
		bool connected = t[i].err != ERR_OK;
		struct why w = { .text = "" };
		struct fetch_response r;
		in_port_t port;
		int fd = listen_on(&port);
		pid_t pid;

		assert_true(f != NULL && PEM_write_X509(f, x) == 1);
		assert_int_equal(fclose(f), 0);
		if ((pid = fork()) == 0)
			serve_tls(fd, key, x);
		close(fd);
		rq.url = arena_printf(a, "https://127.0.0.1:%d/", port);
		rq.ca_file = t[i].ca ? file : NULL;
		rq.why = &w;
		rq.connected = &connected;
		if (fetch_run(a, &rq, &r) != t[i].err)
			fail_msg("%s", t[i].san);
		assert_int_equal(connected, t[i].err == ERR_OK);
		assert_int_equal(w.text[0] == '\0', t[i].err == ERR_OK);
		if (t[i].err == ERR_OK)
			assert_in_range(r.certificate_end / 1000,
			    time(NULL) + 3500, time(NULL) + 3600);
		fetch_close();
		kill(pid, SIGTERM);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		X509_free(x);
	}
	EVP_PKEY_free(key);
	unlink(file);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_headers_of_the_answer),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_headers_are_single_lines),
		cmocka_unit_test(test_allowed_networks),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_localhost_is_loopback),
		cmocka_unit_test(test_nobody_waits_for_another),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_nobody_looks_for_long),
		cmocka_unit_test(test_what_is_refused_of_many),
		cmocka_unit_test(test_is_private),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
