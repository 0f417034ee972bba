#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "base/text.h"
#include "test.h"
#include "token.h"

#define NOW_S 1800000000LL
#define NOW   (NOW_S * 1000)
#define SOON  "\"exp\":1800000100"

/* Keys in the order of their names below. */
enum { RSA_A, RSA_B, P256, P384, P521, NPKEYS };
static EVP_PKEY *pkeys[NPKEYS];
static const char *const kids[NPKEYS] = { "rsa-a", "rsa-b", "p256", "p384",
	"p521" };
static const char *const no_kids[NPKEYS];
static struct arena *keys_arena;

static const char *const every[] = { "RS256", "RS384", "RS512", "PS256",
	"PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512",
	"none", "None", "" };
static const char *const rs256[] = { "RS256" };
static const char *const hs256[] = { "HS256" };

enum { BY_KEYS, BY_RS256, BY_SECRET, BY_NOTHING, NO_AUDIENCE, CUSTOMERS, N };
static struct jwt_issuer issuers[N] = {
	[BY_KEYS] = { .issuer = "keys",
	    .audience = "me",
	    .algorithms = { (const char **)every, 15 } },
	[BY_RS256] = { .issuer = "rs256",
	    .audience = "me",
	    .algorithms = { (const char **)rs256, 1 } },
	[BY_SECRET] = { .issuer = "secret",
	    .audience = "me",
	    .algorithms = { (const char **)every, 15 },
	    .secret = { "0123456789abcdef", 16 } },
	[BY_NOTHING] = { .issuer = "nothing",
	    .audience = "me",
	    .algorithms = { (const char **)every, 15 } },
	[NO_AUDIENCE] = { .issuer = "noaud",
	    .algorithms = { (const char **)hs256, 1 },
	    .secret = { "k", 1 } },
	[CUSTOMERS] = { .issuer = "shop",
	    .audience = "me",
	    .algorithms = { (const char **)hs256, 1 },
	    .use = JWT_CUSTOMERS,
	    .secret = { "shop-key", 8 } },
};
static struct tenant tenant = { .issuers = issuers, .nissuers = N };

static int
setup(void **state)
{
	static const char *const curves[] = { "P-256", "P-384", "P-521" };

	(void)state;
	keys_arena = arena_new(4096);
	pkeys[RSA_A] = EVP_RSA_gen(2048);
	pkeys[RSA_B] = EVP_RSA_gen(2048);
	for (size_t i = 0; i < 3; i++)
		pkeys[P256 + i] = EVP_EC_gen(curves[i]);
	issuers[BY_KEYS].jwks = token_set(keys_arena, pkeys, kids, NPKEYS);
	issuers[BY_RS256].jwks = token_set(keys_arena, pkeys, no_kids, 1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < NPKEYS; i++)
		EVP_PKEY_free(pkeys[i]);
	arena_free(keys_arena);
	return 0;
}

static enum err
verify(struct arena *a, const char *token, struct jwt *out)
{
	const struct jwt_ask ask = { .token = slice_of(token), .now = NOW };
	struct why w = { "", "" };
	struct jwt jwt = { NULL, NULL };
	enum err e = jwt_verify(a, &tenant, &ask, &jwt, &w);

	assert_int_equal(e == ERR_OK, jwt.claims != NULL);
	if (e != ERR_OK)
		assert_string_not_equal(w.text, "");
	if (out != NULL)
		*out = jwt;
	return e;
}

static const char *
payload_of(struct arena *a, const char *iss)
{
	return arena_printf(a, "{\"iss\":\"%s\",\"aud\":\"me\"," SOON "}", iss);
}

static const char *
header_of(struct arena *a, const char *alg)
{
	return arena_printf(a, "{\"alg\":\"%s\"}", alg);
}

/* -- algorithms and keys -------------------------------------------------- */

static void
test_every_algorithm_with_every_key(void **state)
{
	static const struct {
		const char *alg;
		int key; /* -1: the secret */
	} t[] = {
		/* clang-format off */
		{ "RS256", RSA_A }, { "RS384", RSA_A }, { "RS512", RSA_B },
		{ "PS256", RSA_A }, { "PS384", RSA_B }, { "PS512", RSA_A },
		{ "ES256", P256 },  { "ES384", P384 },  { "ES512", P521 },
		{ "HS256", -1 },    { "HS384", -1 },    { "HS512", -1 },
		/* clang-format on */
	};
	const size_t n = sizeof(t) / sizeof(t[0]);
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		size_t signer = i / n, says = i % n;
		struct token_key k = { t[signer].alg, NULL,
			issuers[BY_SECRET].secret };
		const char *iss = t[says].key < 0 ? "secret" : "keys";
		struct jwt jwt;
		enum err e;

		if (t[signer].key >= 0)
			k.pkey = pkeys[t[signer].key];
		e = verify(a,
		    token_sign(
			a, &k, header_of(a, t[says].alg), payload_of(a, iss)),
		    &jwt);
		if (e != (signer == says ? ERR_OK : ERR_DENIED))
			fail_msg("%s as %s", t[signer].alg, t[says].alg);
		if (e == ERR_OK)
			assert_string_equal(jwt.issuer->issuer, iss);
		arena_reset(a);
	}
	arena_free(a);
}

/* The public key in the forms in which people have it at hand. */
static void
test_public_key_is_no_secret(void **state)
{
	struct arena *a = arena_new(4096);
	struct token_key k = { .alg = "HS256" };
	BIO *bio = BIO_new(BIO_s_mem());
	struct slice text[3];
	char *pem;
	long len;

	(void)state;
	assert_true(PEM_write_bio_PUBKEY(bio, pkeys[RSA_A]));
	len = BIO_get_mem_data(bio, &pem);
	text[0] = (struct slice){ pem, (size_t)len };
	text[1] = json_text(a, token_jwk(a, pkeys[RSA_A]));
	text[2] = json_text(a, issuers[BY_KEYS].jwks);
	for (size_t i = 0; i < 3; i++) {
		k.secret = text[i];
		assert_int_equal(verify(a,
				     token_sign(a, &k, "{\"alg\":\"HS256\"}",
					 payload_of(a, "keys")),
				     NULL),
		    ERR_DENIED);
	}
	/* and an empty secret, which issuers without one seem to have */
	k.secret = (struct slice){ "", 0 };
	for (size_t i = 0; i < N; i++)
		assert_int_equal(verify(a,
				     token_sign(a, &k, "{\"alg\":\"HS256\"}",
					 payload_of(a, issuers[i].issuer)),
				     NULL),
		    ERR_DENIED);
	BIO_free(bio);
	arena_free(a);
}

static void
test_header(void **state)
{
	static const struct {
		const char *header, *iss;
		int key;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "{\"alg\":\"RS256\"}", "keys", RSA_A, ERR_OK },
		{ "{\"alg\":\"RS256\"}", "keys", RSA_B, ERR_OK },
		{ "{\"alg\":\"RS256\",\"kid\":\"rsa-a\"}", "keys", RSA_A, ERR_OK },
		{ "{\"alg\":\"RS256\",\"kid\":\"rsa-b\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":\"p256\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":\"RSA-A\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":\"\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":1}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":null}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"kid\":\"any\"}", "rs256", RSA_A, ERR_OK },
		{ "{\"alg\":\"RS256\"}", "rs256", RSA_B, ERR_DENIED },
		{ "{\"alg\":\"RS384\"}", "rs256", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"rs256\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"jku\":\"http://x/\"}",
		  "keys", RSA_A, ERR_OK },
		{ "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}", "keys", RSA_A,
		  ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"crit\":null}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"alg\":\"none\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\",\"alg\":\"HS256\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"none\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"None\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"\"}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":null}", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":[\"RS256\"]}", "keys", RSA_A, ERR_DENIED },
		{ "{}", "keys", RSA_A, ERR_DENIED },
		{ "[]", "keys", RSA_A, ERR_DENIED },
		{ "null", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\"", "keys", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\"}", "nothing", RSA_A, ERR_DENIED },
		{ "{\"alg\":\"RS256\"}", "secret", RSA_A, ERR_DENIED },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct token_key k = { "RS256", pkeys[t[i].key],
			{ NULL, 0 } };

		if (verify(a,
			token_sign(a, &k, t[i].header, payload_of(a, t[i].iss)),
			NULL) != t[i].err)
			fail_msg("%s by %s", t[i].header, t[i].iss);
	}
	arena_free(a);
}

/* A key says what it is for. */
static void
test_key_members(void **state)
{
	static const struct {
		const char *name, *value;
		enum err err;
	} t[] = {
		/* clang-format off */
		{ "use", "sig",     ERR_OK },
		{ "use", "enc",     ERR_DENIED },
		{ "alg", "RS256",   ERR_OK },
		{ "alg", "RS512",   ERR_DENIED },
		{ "alg", "HS256",   ERR_DENIED },
		{ "kty", "oct",     ERR_DENIED },
		{ "kty", "EC",      ERR_DENIED },
		{ "e",   "",        ERR_DENIED },
		{ "n",   "AQAB",    ERR_DENIED },
		{ "n",   "%",       ERR_DENIED },
		/* clang-format on */
	};
	struct json_object *before = issuers[BY_RS256].jwks;
	const struct token_key k = { "RS256", pkeys[RSA_A], { NULL, 0 } };
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct json_object *set = json_copy(a, before);

		json_set_string(
		    json_object_array_get_idx(json_get(set, "keys"), 0),
		    t[i].name, t[i].value);
		issuers[BY_RS256].jwks = set;
		if (verify(a,
			token_sign(a, &k, "{\"alg\":\"RS256\"}",
			    payload_of(a, "rs256")),
			NULL) != t[i].err)
			fail_msg("%s %s", t[i].name, t[i].value);
	}
	issuers[BY_RS256].jwks = before;
	arena_free(a);
}

/* -- claims --------------------------------------------------------------- */

static void
test_claims(void **state)
{
	static const struct {
		const char *payload;
		enum err err;
	} t[] = {
	/* clang-format off */
#define IN(rest) "{\"iss\":\"secret\",\"aud\":\"me\"," rest "}"
		{ IN(SOON), ERR_OK },
		{ IN("\"exp\":1799999941"), ERR_OK }, /* 59 s ago */
		{ IN("\"exp\":1799999940.001"), ERR_OK },
		{ IN("\"exp\":1799999940"), ERR_DENIED },
		{ IN("\"exp\":1799999939"), ERR_DENIED }, /* 61 s ago */
		{ IN("\"exp\":0"), ERR_DENIED },
		{ IN("\"exp\":-1"), ERR_DENIED },
		{ IN("\"exp\":1e300"), ERR_OK },
		{ IN("\"exp\":99999999999999999999999"), ERR_OK },
		{ IN("\"exp\":\"1800000100\""), ERR_DENIED },
		{ IN("\"exp\":null"), ERR_DENIED },
		{ IN("\"exp\":true"), ERR_DENIED },
		{ IN("\"nbf\":1"), ERR_DENIED },
		{ IN(SOON ",\"nbf\":1800000059"), ERR_OK },
		{ IN(SOON ",\"nbf\":1800000060"), ERR_OK },
		{ IN(SOON ",\"nbf\":1800000061"), ERR_DENIED },
		{ IN(SOON ",\"nbf\":\"1\""), ERR_DENIED },
		{ IN(SOON ",\"nbf\":null"), ERR_DENIED },
		{ IN(SOON ",\"iat\":1900000000"), ERR_OK },
		{ IN(SOON ",\"exp\":1"), ERR_DENIED }, /* the last counts */
		{ "{\"iss\":\"secret\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":\"you\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":\"Me\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":\"me \"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":\"\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":[\"you\",\"me\"]," SOON "}", ERR_OK },
		{ "{\"iss\":\"secret\",\"aud\":[\"you\"]," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":[]," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":[[\"me\"],null]," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":{\"me\":\"me\"}," SOON "}", ERR_DENIED },
		{ "{\"aud\":\"me\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":null,\"aud\":\"me\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"Secret\",\"aud\":\"me\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"secret/\",\"aud\":\"me\"," SOON "}", ERR_DENIED },
		{ "{\"iss\":\"noaud\",\"aud\":\"me\"," SOON "}", ERR_DENIED },
		{ "[]", ERR_DENIED },
		{ "\"secret\"", ERR_DENIED },
		{ "", ERR_DENIED },
		{ "{\"iss\":\"secret\",\"aud\":\"me\"," SOON, ERR_DENIED },
		/* clang-format on */
	};
	const struct token_key k = { "HS256", NULL, issuers[BY_SECRET].secret };
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (verify(a,
			token_sign(a, &k, "{\"alg\":\"HS256\"}", t[i].payload),
			NULL) != t[i].err)
			fail_msg("%s", t[i].payload);
	arena_free(a);
}

/* -- form ----------------------------------------------------------------- */

/* Whatever is done to a good token, it is good no more. */
static void
test_altered(void **state)
{
	const struct token_key k[] = {
		{ "HS256", NULL, issuers[BY_SECRET].secret },
		{ "ES256", pkeys[P256], { NULL, 0 } },
	};
	struct arena *a = arena_new(65536);

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		char *good = token_sign(a, &k[n], header_of(a, k[n].alg),
		    payload_of(a, n == 0 ? "secret" : "keys"));
		size_t len = strlen(good);

		assert_int_equal(verify(a, good, NULL), ERR_OK);
		for (size_t i = 0; i < len; i++) {
			char *bad = arena_strdup(a, good);

			/* The last character's low bits are padding. */
			bad[i] = bad[i] == 'A' ? 'Q' : 'A';
			assert_int_equal(verify(a, bad, NULL), ERR_DENIED);
			bad[i] = '\0';
			assert_int_equal(verify(a, bad, NULL), ERR_DENIED);
		}
	}
	arena_free(a);
}

static void
test_form(void **state)
{
	static const char *const forms[] = {
		/* clang-format off */
		"", ".", "..", "...", "%s.", "%s.%s", ".%s", " %s", "%s ", "%s\n",
		"%s=", "Bearer %s", "\"%s\"", "%s.AA", "%s\x80",
		/* clang-format on */
	};
	const struct token_key k = { "HS256", NULL, issuers[BY_SECRET].secret };
	struct arena *a = arena_new(4096);
	char *good, *mark, *text;

	(void)state;
	good =
	    token_sign(a, &k, "{\"alg\":\"HS256\"}", payload_of(a, "secret"));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		text = arena_strdup(a, forms[i]);
		while ((mark = strstr(text, "%s")) != NULL) {
			*mark = '\0';
			text = arena_printf(a, "%s%s%s", text, good, mark + 2);
		}
		if (verify(a, text, NULL) != ERR_DENIED)
			fail_msg("%s", forms[i]);
	}
	/* alg none, and no signature */
	mark = strrchr(good, '.');
	mark[1] = '\0';
	assert_int_equal(verify(a, good, NULL), ERR_DENIED);
	text = arena_printf(a, "%s.%s.",
	    token_base64(a, slice_of("{\"alg\":\"none\"}")),
	    token_base64(a, slice_of(payload_of(a, "keys"))));
	assert_int_equal(verify(a, text, NULL), ERR_DENIED);
	arena_free(a);
}

static void
test_size(void **state)
{
	const struct token_key k = { "HS256", NULL, issuers[BY_SECRET].secret };
	struct arena *a = arena_new(65536);
	int pad = JWT_MAX / 4 * 3 - 200;
	char *token;

	(void)state;
	/* Grow it a byte at a time over the limit. */
	do {
		token = token_sign(a, &k, "{\"alg\":\"HS256\"}",
		    arena_printf(a,
			"{\"iss\":\"secret\",\"aud\":\"me\"," SOON
			",\"pad\":\"%0*d\"}",
			pad++, 0));
		assert_int_equal(verify(a, token, NULL),
		    strlen(token) <= JWT_MAX ? ERR_OK : ERR_DENIED);
	} while (strlen(token) <= JWT_MAX);
	arena_free(a);
}

/* Two issuers of one name: while keys change, or one for each use. */
static void
test_issuers_of_one_name(void **state)
{
	struct jwt_issuer two[] = { issuers[BY_SECRET], issuers[CUSTOMERS] };
	struct tenant t = { .issuers = two, .nissuers = 2 };
	struct arena *a = arena_new(4096);
	struct jwt_ask ask = { .now = NOW };
	struct jwt jwt;

	(void)state;
	two[1].issuer = "secret";
	for (size_t i = 0; i < 2; i++) {
		const struct token_key k = { "HS256", NULL, two[i].secret };

		ask.token = slice_of(token_sign(
		    a, &k, "{\"alg\":\"HS256\"}", payload_of(a, "secret")));
		ask.customers = false;
		assert_int_equal(jwt_verify(a, &t, &ask, &jwt, NULL), ERR_OK);
		assert_ptr_equal(jwt.issuer, &two[i]);
		ask.customers = true;
		assert_int_equal(jwt_verify(a, &t, &ask, &jwt, NULL),
		    i == 1 ? ERR_OK : ERR_DENIED);
	}
	arena_free(a);
}

/* -- what claims grant ---------------------------------------------------- */

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o = NULL;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
test_scopes(void **state)
{
	static const struct {
		const char *claims, *want;
	} t[] = {
		/* clang-format off */
		{ "{}", "" },
		{ "{\"scope\":\"Pass.Read\"}", "Pass.Read," },
		{ "{\"scope\":\"  a  b c \"}", "a,b,c," },
		{ "{\"scp\":\"a b\"}", "a,b," },
		{ "{\"scp\":[\"a\",\"b\"]}", "a,b," },
		{ "{\"permissions\":[\"a\",\"b\"]}", "a,b," },
		{ "{\"scope\":\"a\",\"scp\":[\"b\"],\"permissions\":[\"c\"]}", "a,b,c," },
		{ "{\"scope\":\"* a\",\"scp\":[\"*\"],\"permissions\":\"*\"}", "a," },
		{ "{\"scope\":\"Pass.* **\"}", "Pass.*,**," },
		{ "{\"scope\":5,\"scp\":{\"a\":1},\"permissions\":[1,null,[\"a\"]]}", "" },
		{ "{\"Scope\":\"a\",\"scopes\":\"b\",\"roles\":[\"c\"]}", "" },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct strings l = jwt_scopes(a, parsed(a, t[i].claims));
		char *got = arena_strdup(a, "");

		for (size_t n = 0; n < l.n; n++)
			got = arena_printf(a, "%s%s,", got, l.s[n]);
		assert_string_equal(got, t[i].want);
	}
	arena_free(a);
}

static void
test_identifiers(void **state)
{
	static struct claim_rule rules[] = { { "email", "email" },
		{ "sub", "shop.id" }, { "https://x/id", "crm.id" } };
	static const struct tenant shop = { .claims = rules, .nclaims = 3 };
	static const struct {
		const char *claims, *want;
	} t[] = {
		/* clang-format off */
		{ "{}", NULL },
		{ "{\"sub\":\"1\"}", "{\"shop.id\":\"1\"}" },
		{ "{\"sub\":12345}", "{\"shop.id\":\"12345\"}" },
		{ "{\"sub\":1.5}", "{\"shop.id\":\"1.5\"}" },
		{ "{\"sub\":\"\"}", NULL },
		{ "{\"sub\":null}", NULL },
		{ "{\"sub\":true}", NULL },
		{ "{\"sub\":[\"1\"]}", NULL },
		{ "{\"sub\":{\"a\":1}}", NULL },
		{ "{\"https://x/id\":\"7\",\"other\":\"8\"}", "{\"crm.id\":\"7\"}" },
		{ "{\"email\":\"a@b\"}", NULL },
		{ "{\"email\":\"a@b\",\"email_verified\":false}", NULL },
		{ "{\"email\":\"a@b\",\"email_verified\":\"true\"}", NULL },
		{ "{\"email\":\"a@b\",\"email_verified\":1}", NULL },
		{ "{\"email\":\"a@b\",\"email_verified\":true}", "{\"email\":\"a@b\"}" },
		{ "{\"email\":\"a@b\",\"sub\":\"1\"}", "{\"shop.id\":\"1\"}" },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct json_object *o =
		    jwt_identifiers(a, &shop, parsed(a, t[i].claims));

		if (t[i].want == NULL)
			assert_null(o);
		else
			assert_string_equal(json_text(a, o).s, t[i].want);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_algorithm_with_every_key),
		cmocka_unit_test(test_public_key_is_no_secret),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_key_members),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_issuers_of_one_name),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_identifiers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
