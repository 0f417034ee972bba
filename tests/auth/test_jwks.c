#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/jwks.h"
#include "auth/jwt.h"
#include "base/fetch.h"
#include "base/log.h"
#include "test.h"
#include "token.h"

#define NOW 1800000000000LL
#define SEC 1000LL
#define MIN (60 * SEC)
#define DAY (1440 * MIN)

/* -- an issuer on loopback ------------------------------------------------ */

/* Shared with the process that answers. */
static struct {
	volatile int hits;
	char status[32], header[64], body[4096];
} * issuer;

static char url[64];
static pid_t server;
static const char *const loopback[] = { "127.0.0.1" };
static const struct strings allowed = { (const char **)loopback, 1 };

static void
serve(int listener)
{
	char text[8192];

	for (;;) {
		int fd = accept(listener, NULL, NULL), n;

		if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
			continue;
		issuer->hits++;
		n = snprintf(text, sizeof(text),
		    "HTTP/1.1 %s\r\n%sConnection: close\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    issuer->status, issuer->header, strlen(issuer->body),
		    issuer->body);
		if (write(fd, text, (size_t)n) != n)
			_exit(1);
		close(fd);
	}
}

static void
answer(const char *status, const char *header, const char *body)
{
	strcpy(issuer->status, status);
	strcpy(issuer->header, header);
	assert_true(strlen(body) < sizeof(issuer->body));
	strcpy(issuer->body, body);
}

static int
group_setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	log_open("test_jwks", "/dev/null", LOG_LVL_ERROR);
	issuer = mmap(NULL, sizeof(*issuer), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (issuer == MAP_FAILED || bind(fd, (void *)&in, len) != 0 ||
	    listen(fd, 16) != 0 || getsockname(fd, (void *)&in, &len) != 0)
		return -1;
	snprintf(
	    url, sizeof(url), "http://127.0.0.1:%d/keys", ntohs(in.sin_port));
	if ((server = fork()) == 0)
		serve(fd);
	close(fd);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	jwks_forget();
	fetch_close();
	kill(server, SIGTERM);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

static int
setup(void **state)
{
	jwks_forget();
	issuer->hits = 0;
	answer("200 OK", "", "{\"keys\":[]}");
	*state = arena_new(4096);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

/* -- the tests ------------------------------------------------------------ */

static enum err
get(struct arena *a, int64_t now, bool again)
{
	const struct jwks_source src = { url, &allowed, now };
	struct json_object *set = NULL;
	enum err e = jwks_get(a, &src, again, &set);

	assert_int_equal(e == ERR_OK, set != NULL);
	return e;
}

/* Kept for `age`, not a moment longer. */
static void
test_age(void **state)
{
	static const struct {
		const char *header;
		int64_t age;
	} t[] = {
		/* clang-format off */
		{ "",                                           10 * MIN },
		{ "Cache-Control: no-cache\r\n",                10 * MIN },
		{ "Cache-Control: max-age=300\r\n",             5 * MIN },
		{ "Cache-Control: public, Max-Age=300\r\n",     5 * MIN },
		{ "Cache-Control: s-maxage=7200,max-age=300\r\n", 5 * MIN },
		{ "Cache-Control: public,\tmax-age=300, x\r\n", 5 * MIN },
		{ "Cache-Control: x-max-age=300\r\n",           10 * MIN },
		{ "Cache-Control: max-age=59\r\n",              MIN },
		{ "Cache-Control: max-age=61\r\n",              61 * SEC },
		{ "Cache-Control: max-age=0\r\n",               MIN },
		{ "Cache-Control: max-age=-5\r\n",              MIN },
		{ "Cache-Control: max-age=x\r\n",               MIN },
		{ "Cache-Control: max-age=86399\r\n",           DAY - SEC },
		{ "Cache-Control: max-age=86401\r\n",           DAY },
		{ "Cache-Control: max-age=99999999999999999999\r\n", DAY },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		jwks_forget();
		issuer->hits = 0;
		answer("200 OK", t[i].header, "{\"keys\":[]}");
		assert_int_equal(get(*state, NOW, false), ERR_OK);
		assert_int_equal(
		    get(*state, NOW + t[i].age - 1, false), ERR_OK);
		if (issuer->hits != 1)
			fail_msg("%s", t[i].header);
		assert_int_equal(get(*state, NOW + t[i].age, false), ERR_OK);
		if (issuer->hits != 2)
			fail_msg("%s", t[i].header);
	}
}

/* What is asked again is asked at most once a minute. */
static void
test_again(void **state)
{
	static const struct {
		int64_t at;
		bool again;
		int hits;
	} t[] = {
		/* clang-format off */
		{ 0,           true,  1 },
		{ 1,           true,  1 },
		{ MIN - 1,     true,  1 },
		{ MIN,         false, 1 },
		{ MIN,         true,  2 },
		{ 2 * MIN - 1, true,  2 },
		{ 2 * MIN,     true,  3 },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(
		    get(*state, NOW + t[i].at, t[i].again), ERR_OK);
		assert_int_equal(issuer->hits, t[i].hits);
	}
}

/* Answers that are no key set. */
static void
test_failures(void **state)
{
	static const struct {
		const char *status, *body;
	} t[] = {
		/* clang-format off */
		{ "500 Oops",     "{\"keys\":[]}" },
		{ "404 No",       "{\"keys\":[]}" },
		{ "302 Found\r\nLocation: /", "{\"keys\":[]}" },
		{ "204 No Content", "" },
		{ "200 OK",       "" },
		{ "200 OK",       "{\"keys\":[]" },
		{ "200 OK",       "{\"keys\":{}}" },
		{ "200 OK",       "{\"keys\":null}" },
		{ "200 OK",       "{}" },
		{ "200 OK",       "[]" },
		{ "200 OK",       "<html>" },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct arena *a = *state;

		/* with nothing kept: patience between the tries */
		jwks_forget();
		issuer->hits = 0;
		answer(t[i].status, "", t[i].body);
		assert_int_equal(get(a, NOW, false), ERR_BUSY);
		assert_int_equal(get(a, NOW + 10 * SEC - 1, true), ERR_BUSY);
		assert_int_equal(issuer->hits, 1);
		assert_int_equal(get(a, NOW + 10 * SEC, false), ERR_BUSY);
		assert_int_equal(issuer->hits, 2);

		/* with an old one: that, for a day after its time */
		answer("200 OK", "", "{\"keys\":[]}");
		assert_int_equal(get(a, NOW + MIN, false), ERR_OK);
		answer(t[i].status, "", t[i].body);
		assert_int_equal(get(a, NOW + 11 * MIN, false), ERR_OK);
		assert_int_equal(get(a, NOW + 12 * MIN - 1, false), ERR_OK);
		assert_int_equal(issuer->hits, 4);
		assert_int_equal(
		    get(a, NOW + 11 * MIN + DAY - 1, false), ERR_OK);
		assert_int_equal(get(a, NOW + 11 * MIN + DAY, false), ERR_BUSY);
	}
}

static void
test_private_address(void **state)
{
	const struct jwks_source src = { url, NULL, NOW };
	struct json_object *set = NULL;

	assert_int_equal(jwks_get(*state, &src, false, &set), ERR_BUSY);
	assert_null(set);
	assert_int_equal(issuer->hits, 0);
}

static void
test_clock_set_back(void **state)
{
	assert_int_equal(get(*state, NOW, false), ERR_OK);
	assert_int_equal(get(*state, NOW - DAY, false), ERR_OK);
	assert_int_equal(issuer->hits, 2);
	assert_int_equal(get(*state, NOW - DAY + 1, false), ERR_OK);
	assert_int_equal(issuer->hits, 2);
}

/* More issuers than are kept: the one that was tried last stays. */
static void
test_many(void **state)
{
	struct jwks_source src = { NULL, &allowed, NOW };
	struct json_object *set;

	for (int i = 0; i <= JWKS_SETS; i++) {
		src.url = arena_printf(*state, "%s?%d", url, i);
		src.now = NOW + i;
		assert_int_equal(jwks_get(*state, &src, false, &set), ERR_OK);
	}
	assert_int_equal(issuer->hits, JWKS_SETS + 1);
	assert_int_equal(jwks_get(*state, &src, false, &set), ERR_OK);
	assert_int_equal(issuer->hits, JWKS_SETS + 1);
	src.url = arena_printf(*state, "%s?0", url);
	assert_int_equal(jwks_get(*state, &src, false, &set), ERR_OK);
	assert_int_equal(issuer->hits, JWKS_SETS + 2);
}

/* An issuer that changes its key, as one token after another tells. */
static void
test_rotation(void **state)
{
	static const char *const rs256[] = { "RS256" },
				 *const kids[] = { "one", "two" };
	struct jwt_issuer i = { .issuer = "i",
		.audience = "me",
		.algorithms = { (const char **)rs256, 1 },
		.jwks_url = url };
	const struct tenant t = { .issuers = &i, .nissuers = 1 };
	EVP_PKEY *keys[] = { EVP_RSA_gen(2048), EVP_RSA_gen(2048) };
	struct arena *a = *state;
	static const struct {
		int64_t at;
		int publish, key, kid;
		enum err err;
		int hits;
	} s[] = {
		/* clang-format off */
		{ 0,           -1, 0, 0, ERR_BUSY,   1 },
		{ MIN,          0, 0, 0, ERR_OK,     2 },
		{ MIN + 1,      0, 1, 0, ERR_DENIED, 2 }, /* forged */
		{ MIN + 2,      1, 1, 1, ERR_DENIED, 2 }, /* too early */
		{ 2 * MIN - 1,  1, 0, 0, ERR_OK,     2 },
		{ 2 * MIN,      1, 1, 1, ERR_OK,     3 },
		{ 2 * MIN + 1,  1, 0, 0, ERR_DENIED, 3 }, /* withdrawn */
		{ 3 * MIN,     -1, 0, 0, ERR_DENIED, 4 },
		{ 3 * MIN,     -1, 1, 1, ERR_OK,     4 },
		/* clang-format on */
	};

	for (size_t n = 0; n < sizeof(s) / sizeof(s[0]); n++) {
		const struct token_key k = { "RS256", keys[s[n].key],
			{ NULL, 0 } };
		struct jwt_ask ask = { .now = NOW + s[n].at,
			.allow_private = &allowed };
		struct jwt jwt;

		if (s[n].publish < 0)
			answer("500 Oops", "", "");
		else
			answer("200 OK", "",
			    json_text(a,
				token_set(a, &keys[s[n].publish],
				    &kids[s[n].publish], 1))
				.s);
		ask.token = slice_of(token_sign(a, &k,
		    arena_printf(a, "{\"alg\":\"RS256\",\"kid\":\"%s\"}",
			kids[s[n].kid]),
		    "{\"iss\":\"i\",\"aud\":\"me\",\"exp\":1900000000}"));
		if (jwt_verify(a, &t, &ask, &jwt, NULL) != s[n].err)
			fail_msg("step %zu", n);
		assert_int_equal(issuer->hits, s[n].hits);
	}
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_age),
		T(test_again),
		T(test_failures),
		T(test_private_address),
		T(test_clock_set_back),
		T(test_many),
		T(test_rotation),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
