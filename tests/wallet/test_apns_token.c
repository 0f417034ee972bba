#include "wallet/apple/apns_token.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define NOW    INT64_C(1795323845678)
#define MINUTE INT64_C(60000)

struct fixture {
	char dir[64], p8[96];
	struct store *st;
	struct arena *a;
	struct apple_conf conf;
};

static void
write_key(struct fixture *f, const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	FILE *p8 = fopen(f->p8, "we");

	assert_non_null(key);
	assert_non_null(p8);
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(p8, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(p8), 0);
	EVP_PKEY_free(key);
}

static void
reopen(struct fixture *f)
{
	const struct store_options fast = { .sync = STORE_NOSYNC };
	const char *data = arena_printf(f->a, "%s/data", f->dir);

	store_close(f->st);
	f->st = NULL;
	assert_int_equal(store_open(data, &fast, &f->st), ERR_OK);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test_apns_token.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->p8, sizeof(f->p8), "%s/key.p8", f->dir);
	f->a = arena_new(4096);
	f->conf.p8 = f->p8;
	f->conf.key_id = "ABC123DEFG";
	f->conf.team_identifier = "A1B2C3D4E5";
	write_key(f, "P-256");
	reopen(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->st);
	assert_int_equal(system(arena_printf(f->a, "rm -rf '%s'", f->dir)), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static const char *
token(struct fixture *f, int64_t now)
{
	const char *s = NULL;

	assert_int_equal(
	    apns_token_get(&f->conf, f->st, now, f->a, &s), ERR_OK);
	return s;
}

/* As a worker that is started each minute asks for it. */
static void
test_one_for_forty_minutes(void **state)
{
	struct fixture *f = *state;
	const char *first = token(f, NOW), *second;

	for (int64_t m = 1; m < 40; m++) {
		reopen(f);
		assert_string_equal(token(f, NOW + m * MINUTE), first);
	}
	assert_string_equal(token(f, NOW - 100), first);
	second = token(f, NOW + APNS_TOKEN_MS);
	assert_string_not_equal(second, first);
	assert_string_equal(token(f, NOW + APNS_TOKEN_MS + MINUTE), second);
	assert_true(APNS_TOKEN_MS > 20 * MINUTE && APNS_TOKEN_MS < 55 * MINUTE);
}

static void
test_another_key_another_token(void **state)
{
	struct fixture *f = *state;
	const char *first = token(f, NOW), *second;

	write_key(f, "P-256");
	second = token(f, NOW);
	assert_string_not_equal(second, first);
	f->conf.team_identifier = "Z1B2C3D4E5";
	first = token(f, NOW);
	assert_string_not_equal(first, second);
	f->conf.key_id = "ZBC123DEFG";
	assert_string_not_equal(token(f, NOW), first);
}

static void
test_clock_set_back(void **state)
{
	struct fixture *f = *state;
	const char *first = token(f, NOW);

	assert_string_not_equal(token(f, NOW - 10 * MINUTE), first);
}

static void
test_keys_that_will_not_do(void **state)
{
	struct fixture *f = *state;
	const char *s;

	write_key(f, "P-384");
	assert_int_equal(
	    apns_token_get(&f->conf, f->st, NOW, f->a, &s), ERR_INTERNAL);
	assert_int_equal(truncate(f->p8, 0), 0);
	assert_int_equal(
	    apns_token_get(&f->conf, f->st, NOW, f->a, &s), ERR_INTERNAL);
	assert_int_equal(unlink(f->p8), 0);
	assert_int_equal(
	    apns_token_get(&f->conf, f->st, NOW, f->a, &s), ERR_INTERNAL);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_for_forty_minutes),
		T(test_another_key_another_token),
		T(test_clock_set_back),
		T(test_keys_that_will_not_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
