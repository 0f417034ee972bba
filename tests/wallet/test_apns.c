#include "wallet/apple/apns.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/text.h"
#include "h2.h"

#define NOW INT64_C(1795323845678)

struct fixture {
	char dir[40];
	struct arena *a;
	struct store *st;
	struct h2 *h;
	struct server server;
	struct apple_conf conf;
	struct apns_from from;
};

static int
setup(void **state)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	struct fixture *f = calloc(1, sizeof(*f));
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *p8;

	strcpy(f->dir, "/tmp/test_apns.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new(4096);
	f->h = h2_start(f->dir);
	assert_int_equal(
	    store_open(arena_printf(f->a, "%s/data", f->dir), &fast, &f->st),
	    ERR_OK);
	f->server.endpoints.apns =
	    arena_printf(f->a, "https://127.0.0.1:%d/", f->h->port);
	f->server.endpoints.ca_file = arena_printf(f->a, "%s/h2.pem", f->dir);
	f->conf = (struct apple_conf){ .pass_type_identifier = "pass.x",
		.team_identifier = "A1B2C3D4E5",
		.key_id = "ABC123DEFG",
		.p8 = arena_printf(f->a, "%s/key.p8", f->dir) };
	assert_non_null(p8 = fopen(f->conf.p8, "we"));
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(p8, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(p8), 0);
	EVP_PKEY_free(key);
	f->from = (struct apns_from){ &f->server, &f->conf, NOW, f->st, 0 };
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	apns_close();
	h2_stop(f->h);
	store_close(f->st);
	assert_int_equal(system(arena_printf(f->a, "rm -rf '%s'", f->dir)), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

/* One letter for each of `n` pushes that are sent together. */
static const char *
sent(struct fixture *f, size_t n)
{
	static const char letters[] = { [APNS_NONE] = '?',
		[APNS_UNSENT] = 'u',
		[APNS_SPARE] = 'p',
		[APNS_OK] = 'o',
		[APNS_GONE] = 'g',
		[APNS_LATER] = 'l',
		[APNS_STOP] = 's',
		[APNS_REFUSED] = 'r' };
	struct apns_push *p = arena_alloc(f->a, n * sizeof(*p));
	char *s = arena_alloc(f->a, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i].token = arena_printf(f->a, "token-%zu", i);
	assert_int_equal(apns_send(f->a, &f->from, p, n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		s[i] = letters[p[i].answer];
	return s;
}

/* Each of Apple's answers, as it lists them. */
static void
test_answers(void **state)
{
	static const struct {
		int status;
		const char *reason;
		int64_t timestamp;
		enum apns_answer want;
	} t[] = {
		{ 200, "", 0, APNS_OK },
		{ 400, "BadCollapseId", 0, APNS_REFUSED },
		{ 400, "BadDeviceToken", 0, APNS_GONE },
		{ 400, "DeviceTokenNotForTopic", 0, APNS_GONE },
		{ 400, "BadDeviceTokens", 0, APNS_REFUSED },
		{ 400, "BadTopic", 0, APNS_REFUSED },
		{ 400, "TopicDisallowed", 0, APNS_REFUSED },
		{ 400, "", 0, APNS_REFUSED },
		{ 403, "BadCertificate", 0, APNS_STOP },
		{ 403, "BadCertificateEnvironment", 0, APNS_STOP },
		{ 403, "ExpiredProviderToken", 0, APNS_STOP },
		{ 403, "InvalidProviderToken", 0, APNS_STOP },
		{ 403, "MissingProviderToken", 0, APNS_STOP },
		{ 403, "Forbidden", 0, APNS_STOP },
		{ 404, "BadPath", 0, APNS_REFUSED },
		{ 405, "MethodNotAllowed", 0, APNS_REFUSED },
		{ 410, "Unregistered", 1795323000123, APNS_GONE },
		{ 410, "ExpiredToken", 1795323000124, APNS_GONE },
		{ 410, "", 0, APNS_GONE },
		{ 413, "PayloadTooLarge", 0, APNS_REFUSED },
		{ 429, "TooManyRequests", 0, APNS_LATER },
		{ 429, "TooManyProviderTokenUpdates", 0, APNS_LATER },
		{ 500, "InternalServerError", 0, APNS_UNSENT },
		{ 503, "ServiceUnavailable", 0, APNS_UNSENT },
		{ 503, "Shutdown", 0, APNS_UNSENT },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct apns_push p = { .token = "aa" };
		struct h2_answer a = { .status = t[i].status };

		if (t[i].reason[0] != '\0')
			snprintf(a.body, sizeof(a.body),
			    "{\"reason\":\"%s\",\"timestamp\":%lld}",
			    t[i].reason, (long long)t[i].timestamp);
		h2_expect(f->h, &a, 1);
		assert_int_equal(apns_send(f->a, &f->from, &p, 1), ERR_OK);
		if (p.answer != t[i].want)
			fail_msg("%d %s: %d (%s)", t[i].status, t[i].reason,
			    (int)p.answer, p.reason);
		assert_string_equal(p.reason, t[i].reason);
		assert_int_equal(p.timestamp, t[i].timestamp);
		assert_int_equal(f->h->requests, 1);
	}
}

/* An answer that is none of Apple's says no more than its status. */
static void
test_junk(void **state)
{
	static const char *const t[] = { "[", "7", "{\"reason\":7}", "<html>" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct h2_answer a = { .status = 410 };

		strcpy(a.body, t[i]);
		h2_expect(f->h, &a, 1);
		assert_string_equal(sent(f, 1), "g");
	}
}

static void
test_one_connection_is_kept(void **state)
{
	struct fixture *f = *state;

	h2_expect(f->h, NULL, 0);
	for (int i = 0; i < 3; i++)
		assert_string_equal(sent(f, 5), "ooooo");
	assert_string_equal(sent(f, 0), "");
	assert_int_equal(f->h->connections, 1);
	assert_int_equal(f->h->requests, 15);
}

/* Services tire of a connection whose streams are reset, as libcurl does. */
static void
test_a_connection_is_not_worn_out(void **state)
{
	struct fixture *f = *state;

	h2_expect(f->h, NULL, 0);
	assert_int_equal(strspn(sent(f, 700), "o"), 700);
	assert_int_equal(strspn(sent(f, 1300), "o"), 1300);
	assert_int_equal(f->h->requests, 2000);
	assert_int_equal(f->h->connections, 3);
	assert_in_range(f->h->worn, 0, 900);
}

/* No more is sent, and what comes next is over another connection. */
static void
test_a_refusal_stops(void **state)
{
	static const struct h2_answer no = { .status = 403 },
				      down = { .status = 503 };
	struct fixture *f = *state;
	const char *s;

	h2_expect(f->h, &no, 1);
	assert_string_equal(sent(f, 1), "s");
	assert_string_equal(sent(f, 1), "o");
	assert_int_equal(f->h->connections, 2);
	h2_expect(f->h, &down, 1);
	s = sent(f, 1000);
	assert_non_null(strchr(s, 'u'));
	assert_in_range(f->h->requests, 1, 2 * APNS_FLIGHT);
	assert_string_equal(sent(f, 1), "o");
	assert_int_equal(f->h->connections, 0);
}

/* What was on its way is not sent again by anybody but the one who asks. */
static void
test_a_broken_connection(void **state)
{
	static const struct h2_answer drop[3] = { { .status = 0 } };
	struct fixture *f = *state;

	h2_expect(f->h, drop, 1);
	assert_string_equal(sent(f, 1), "?");
	assert_int_equal(f->h->requests, 1);
	assert_string_equal(sent(f, 1), "o");
	h2_expect(f->h, drop, 1);
	assert_string_equal(sent(f, 1), "?");
	assert_int_equal(f->h->requests, 1);
	assert_string_equal(sent(f, 1), "o");
	assert_int_equal(f->h->connections, 1);
}

static void
test_goaway(void **state)
{
	static const struct h2_answer bye = { .status = 200, .goaway = true };
	struct fixture *f = *state;

	h2_expect(f->h, &bye, 1);
	assert_string_equal(sent(f, 1), "o");
	assert_string_equal(sent(f, 3), "ooo");
	assert_int_equal(f->h->connections, 2);
	assert_int_equal(f->h->requests, 4);
}

/* Who was not told in time is told another time. */
static void
test_too_many_for_the_time(void **state)
{
	struct fixture *f = *state;
	const char *s;
	size_t told, spared = 0;

	h2_expect(f->h, NULL, 0);
	f->from.within = 1;
	s = sent(f, 10000);
	told = strspn(s, "o");
	spared = strspn(s + told, "p");
	assert_int_equal(told + spared, 10000);
	assert_in_range(told, APNS_FLIGHT, 9999);
	assert_int_equal(f->h->requests, told);
	f->from.within = 60000;
	assert_string_equal(sent(f, 3), "ooo");
}

static void
test_nobody_is_there(void **state)
{
	struct fixture *f = *state;
	const char *key = f->conf.p8;

	f->server.endpoints.apns = "http://127.0.0.1:1";
	assert_string_equal(sent(f, 3), "uuu");
	f->conf.p8 = "/nonexistent";
	assert_int_equal(apns_send(f->a, &f->from, NULL, 0), ERR_INTERNAL);
	f->conf.p8 = key;
}

static void
test_digest(void **state)
{
	struct fixture *f = *state;
	unsigned char was[32], is[32];

	assert_int_equal(apns_digest(&f->from, was), ERR_OK);
	f->conf.key_id = "ANOTHER123";
	assert_int_equal(apns_digest(&f->from, is), ERR_OK);
	assert_memory_not_equal(was, is, 32);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answers),
		T(test_junk),
		T(test_one_connection_is_kept),
		T(test_a_connection_is_not_worn_out),
		T(test_a_refusal_stops),
		T(test_a_broken_connection),
		T(test_goaway),
		T(test_too_many_for_the_time),
		T(test_nobody_is_there),
		T(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
