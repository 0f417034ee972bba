#include "wallet/apple/signer.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "chain.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

struct fixture {
	struct arena *a;
	const char *dir;
	int64_t now;
};

static int
setup(void **state)
{
	struct arena *a = arena_new(4096);
	struct fixture *f = arena_alloc(a, sizeof(*f));

	*state = f;
	*f = (struct fixture){ .a = a, .dir = make_dir(a) };
	make_chain(a, arena_printf(a, "%s/one", f->dir));
	make_chain(a, arena_printf(a, "%s/two", f->dir));
	shell(a, true,
	    arena_printf(a,
		"cd '%s' && cat one/pass.pem one/wwdr.pem one/pass.key >all "
		"&& cat one/pass.pem two/wwdr.pem one/wwdr.pem >chain "
		"&& cat one/pass.pem one/pass.key >nowwdr "
		"&& openssl x509 -in one/pass.pem -outform DER -out pass.der "
		"&& openssl x509 -in one/wwdr.pem -outform DER -out wwdr.der "
		"&& openssl pkey -in one/pass.key -aes256 -passout pass:x "
		"-out locked.key && openssl genpkey -algorithm ed25519 "
		"-out ed.key && echo nonsense >nonsense && : >empty "
		"&& head -c 300000 /dev/zero >large",
		f->dir));
	f->now = clock_now() + 2000; /* notBefore is past */
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	shell(f->a, true, arena_printf(f->a, "rm -rf '%s'", f->dir));
	arena_free(f->a);
	return 0;
}

static const char *
in(const struct fixture *f, const char *file)
{
	return file == NULL ? NULL : arena_printf(f->a, "%s/%s", f->dir, file);
}

/* clang-format off */
static const struct {
	const char *type, *team, *certificate, *key, *wwdr;
	int days; /* from now */
	enum err want;
	const char *fault; /* part of the only one; NULL: none */
} loads[] = {
#define GOOD CHAIN_TYPE, CHAIN_TEAM
#define PASS "one/pass.pem"
#define KEY "one/pass.key"
#define WWDR "one/wwdr.pem"
	{ GOOD, PASS, KEY, WWDR, 0, ERR_OK, NULL },
	{ GOOD, "pass.der", KEY, "wwdr.der", 0, ERR_OK, NULL },
	{ GOOD, "all", NULL, NULL, 0, ERR_OK, NULL },
	{ GOOD, "all", KEY, WWDR, 0, ERR_OK, NULL },
	{ GOOD, "chain", KEY, NULL, 0, ERR_OK, NULL },
	{ GOOD, PASS, KEY, WWDR, 334, ERR_OK, NULL },
	{ GOOD, PASS, KEY, WWDR, 336, ERR_OK, "expires in 28 days" },
	{ GOOD, PASS, KEY, WWDR, 364, ERR_OK, "expires in 0 days" },
	{ GOOD, PASS, KEY, WWDR, 366, ERR_INVALID, "expired on 20" },
	{ GOOD, PASS, KEY, WWDR, -1, ERR_INVALID, NULL },
	{ NULL, CHAIN_TEAM, PASS, KEY, WWDR, 0, ERR_UNSET, "passTypeIdentifier" },
	{ CHAIN_TYPE, NULL, PASS, KEY, WWDR, 0, ERR_UNSET, "teamIdentifier" },
	{ GOOD, NULL, KEY, WWDR, 0, ERR_UNSET, "apple.certificate is missing" },
	{ GOOD, PASS, NULL, WWDR, 0, ERR_UNSET, "apple.key is missing" },
	{ GOOD, PASS, KEY, NULL, 0, ERR_UNSET, "apple.wwdr is missing" },
	{ GOOD, "nowwdr", NULL, NULL, 0, ERR_UNSET, "apple.wwdr is missing" },
	{ CHAIN_TYPE, "A1B2C3D4E6", PASS, KEY, WWDR, 0, ERR_INVALID, "team 'A1B2C3D4E5', not to" },
	{ CHAIN_TYPE ".x", CHAIN_TEAM, PASS, KEY, WWDR, 0, ERR_INVALID, "of 'pass.com.acme.loyalty', not" },
	{ "pass.com.acme", CHAIN_TEAM, PASS, KEY, WWDR, 0, ERR_INVALID, "passTypeIdentifier 'pass.com.acme'" },
	{ GOOD, PASS, "two/pass.key", WWDR, 0, ERR_INVALID, "does not belong" },
	{ GOOD, PASS, "ed.key", WWDR, 0, ERR_INVALID, "neither RSA nor EC" },
	{ GOOD, PASS, "locked.key", WWDR, 0, ERR_INVALID, "encrypted; decrypt it" },
	{ GOOD, PASS, "empty", WWDR, 0, ERR_INVALID, "no PEM private key" },
	{ GOOD, PASS, PASS, WWDR, 0, ERR_INVALID, "no PEM private key" },
	{ GOOD, PASS, KEY, "two/wwdr.pem", 0, ERR_INVALID, "(G4) did not issue" },
	{ GOOD, PASS, KEY, "one/root.pem", 0, ERR_INVALID, "but of 'Apple Root CA (look-alike)'" },
	{ GOOD, PASS, KEY, PASS, 0, ERR_INVALID, "is not a certificate of 'Apple World" },
	{ GOOD, "nonsense", KEY, WWDR, 0, ERR_INVALID, "holds no certificate" },
	{ GOOD, "large", KEY, WWDR, 0, ERR_INVALID, "is no certificate or key file" },
	{ GOOD, "one", KEY, WWDR, 0, ERR_INVALID, "is no certificate or key file" },
	{ GOOD, "missing", KEY, WWDR, 0, ERR_INVALID, "No such file" },
	{ GOOD, PASS, "missing", WWDR, 0, ERR_INVALID, "No such file" },
	{ GOOD, PASS, KEY, "missing", 0, ERR_INVALID, "No such file" },
};
/* clang-format on */

static void
test_load(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		const struct apple_conf c = {
			.pass_type_identifier = loads[i].type,
			.team_identifier = loads[i].team,
			.certificate = in(f, loads[i].certificate),
			.key = in(f, loads[i].key),
			.wwdr = in(f, loads[i].wwdr),
		};
		struct arena *a = arena_new(4096);
		struct signer *none = (struct signer *)f, *s = none;
		struct faults faults;
		enum err e;

		faults_init(&faults, a);
		e = signer_load(
		    a, &c, f->now + loads[i].days * DAY_MS, &faults, &s);
		if (e != loads[i].want)
			fail_msg("row %zu: %d", i, e);
		assert_int_equal(s == none, e != ERR_OK);
		assert_int_equal(faults.errors > 0, e != ERR_OK);
		if (loads[i].fault != NULL) {
			assert_int_equal(faults.n, 1);
			if (!strstr(faults.list[0].text, loads[i].fault))
				fail_msg("row %zu: %s", i, faults.list[0].text);
		} else
			assert_int_equal(faults.n, e == ERR_OK ? 0 : 2);
		arena_free(a);
	}
}

static struct signer *
load(struct fixture *f, struct arena *a, const char *chain)
{
	const struct apple_conf c = {
		.pass_type_identifier = CHAIN_TYPE,
		.team_identifier = CHAIN_TEAM,
		.certificate = in(f, arena_printf(a, "%s/pass.pem", chain)),
		.key = in(f, arena_printf(a, "%s/pass.key", chain)),
		.wwdr = in(f, arena_printf(a, "%s/wwdr.pem", chain)),
	};
	struct signer *s = NULL;
	struct faults faults;

	faults_init(&faults, a);
	assert_int_equal(signer_load(a, &c, f->now, &faults, &s), ERR_OK);
	return s;
}

static void
test_digest(void **state)
{
	struct fixture *f = *state;
	struct arena *a = arena_new(4096);
	unsigned char one[32], again[32], two[32];

	signer_digest(load(f, a, "one"), one);
	signer_digest(load(f, a, "one"), again);
	signer_digest(load(f, a, "two"), two);
	assert_memory_equal(one, again, sizeof(one));
	assert_memory_not_equal(one, two, sizeof(one));
	arena_free(a);
}

static void
test_sign(void **state)
{
	static const char verify[] =
	    "cd '%s' && openssl cms -verify -binary -inform DER -in sig.der "
	    "-content %s -CAfile %s/root.pem -purpose any -out /dev/null";
	struct fixture *f = *state;
	struct arena *a = arena_new(4096);
	struct slice manifest = slice_of("{\"pass.json\":\"00\"}\r\n"), der;
	const char *shown,
	    *names[] = { "contentType", "signingTime", "messageDigest" };
	int attributes = 0;

	assert_int_equal(
	    signer_sign(load(f, a, "one"), manifest, 1798761599999, a, &der),
	    ERR_OK);
	write_bytes(in(f, "sig.der"), der);
	write_bytes(in(f, "good.json"), manifest);
	write_bytes(in(f, "bad.json"), slice_of("{\"pass.json\":\"00\"}\n"));
	shell(a, true, arena_printf(a, verify, f->dir, "good.json", "one"));
	shell(a, false, arena_printf(a, verify, f->dir, "bad.json", "one"));
	shell(a, false, arena_printf(a, verify, f->dir, "good.json", "two"));

	shown = output(a,
	    arena_printf(a,
		"cd '%s' && openssl cms -cmsout -print -inform DER -in "
		"sig.der | sed -n '/signedAttrs/,/unsignedAttrs/p'",
		f->dir));
	for (const char *p = shown; (p = strstr(p, "object:")) != NULL; p++)
		attributes++;
	assert_int_equal(attributes, 3);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(strstr(shown, names[i]));
	assert_non_null(strstr(shown, "UTCTIME:Dec 31 23:59:59 2026 GMT"));

	shown = output(a,
	    arena_printf(a,
		"cd '%s' && openssl cms -cmsout -print -inform DER -in "
		"sig.der | sed -n 's/^ *subject: *//p'",
		f->dir));
	assert_non_null(strstr(shown, "OU=G4"));
	assert_non_null(strstr(shown, "UID=" CHAIN_TYPE));
	assert_null(strstr(shown, "look-alike"));
	arena_free(a);
}

static void
test_get(void **state)
{
	struct fixture *f = *state;
	struct arena *a = arena_new(4096);
	struct apple_conf c = {
		.pass_type_identifier = CHAIN_TYPE,
		.team_identifier = CHAIN_TEAM,
		.certificate = in(f, "get/pass.pem"),
		.key = in(f, "get/pass.key"),
	};
	const struct signer *none = (const struct signer *)f, *s = none;
	const struct signer *again = NULL;
	unsigned char one[32], two[32];
	int64_t now = f->now;
	struct why w = { .text = "" };

	shell(a, true,
	    arena_printf(a, "cp -r '%s/one' '%s/get'", f->dir, f->dir));
	assert_int_equal(signer_get(&c, now, &s, &w), ERR_UNSET);
	assert_ptr_equal(s, none);
	assert_string_equal(w.field, "apple.wwdr");
	assert_non_null(strstr(w.text, "apple.wwdr"));

	c.wwdr = in(f, "get/wwdr.pem");
	assert_int_equal(signer_get(&c, now, &s, &w), ERR_OK);
	signer_digest(s, one);
	assert_int_equal(signer_get(&c, now + 5000, &again, &w), ERR_OK);
	assert_ptr_equal(s, again);

	/* a change is seen, but not at once */
	shell(
	    a, true, arena_printf(a, "cp '%s'/two/* '%s/get'", f->dir, f->dir));
	assert_int_equal(signer_get(&c, now + 5999, &again, &w), ERR_OK);
	assert_ptr_equal(s, again);
	assert_int_equal(signer_get(&c, now + 6000, &s, &w), ERR_OK);
	signer_digest(s, two);
	assert_memory_not_equal(one, two, sizeof(one));

	/* broken, said once, and mended */
	s = none;
	log_open("test", in(f, "log"), LOG_LVL_INFO);
	shell(a, true, arena_printf(a, "rm '%s/get/pass.key'", f->dir));
	/* for one look the old one serves, should it be half replaced */
	assert_int_equal(signer_get(&c, now + 7000, &s, &w), ERR_OK);
	assert_int_equal(signer_get(&c, now + 7999, &s, &w), ERR_OK);
	s = none;
	assert_int_equal(signer_get(&c, now + 8000, &s, &w), ERR_INTERNAL);
	assert_int_equal(signer_get(&c, now + 8001, &s, &w), ERR_INTERNAL);
	assert_int_equal(signer_get(&c, now + 9000, &s, &w), ERR_INTERNAL);
	shell(a, true,
	    arena_printf(
		a, "[ $(grep -c 'get/pass.key' '%s/log') -eq 1 ]", f->dir));
	assert_ptr_equal(s, none);
	shell(
	    a, true, arena_printf(a, "cp '%s'/two/* '%s/get'", f->dir, f->dir));
	assert_int_equal(signer_get(&c, now + 10000, &s, &w), ERR_OK);

	/* it expires while nobody touches a file */
	assert_int_equal(
	    signer_get(&c, now + 366 * DAY_MS, &s, &w), ERR_INTERNAL);
	assert_int_equal(signer_get(&c, now, &s, &w), ERR_OK);

	/* more of them than are kept */
	for (int i = 0; i < 70; i++) {
		struct apple_conf other = c;

		other.team_identifier = arena_printf(a, "%010d", i);
		assert_int_equal(signer_get(&other, now, &s, &w), ERR_INTERNAL);
	}
	assert_int_equal(signer_get(&c, now, &s, &w), ERR_OK);
	log_open("test", "stderr", LOG_LVL_INFO);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
