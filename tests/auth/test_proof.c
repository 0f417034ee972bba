#include <stdio.h>
#include <string.h>

#include "auth/proof.h"
#include "base/text.h"
#include "test.h"

/*
 * HMAC-SHA256 of 12345 with k-one, with k-two, and with "global", by
 * printf 12345 | openssl dgst -sha256 -hmac k-one
 */
#define ONE "c21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d83"
#define TWO "fcdda66b1317dc5a3bf8076513404f68df4e56253b7a649b63097cdbadd9b1ad"
#define GLOBAL                                                                 \
	"134de1c3d6bdffd331fbc71578126a0ce079509ede5800ec4bcefaa4066e5eb5"
/* and with an empty key */
#define NOKEY "ae23c8f573d36c7a1d6cbc8b0bebe52e0666dcf14fa04407328fb944b8f7a82d"
/* SHA-256 of s3cret and of other */
#define S3CRET                                                                 \
	"1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"
#define OTHER "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"

#define ID(proof) "{\"shop.id\":\"12345\",\"shop.id.hmac\":\"" proof "\"}"

enum who { NOBODY, READER, WRITER, ROOT, CUSTOMER, STAFF_CUSTOMER };

struct expect {
	enum who who;
	const char *given, *want; /* want: NULL for a failure */
	enum err err;
	const char *field; /* of why */
};

static struct slice own[] = { { "", 0 }, { "k-one", 5 }, { "k-two", 5 } };
static struct slice global[] = { { "", 0 }, { "global", 6 } };
static unsigned char secrets[2][32];
static struct identifier_rule rules[] = {
	{ .key = "shop.id", .hmac_secrets = { own, 3 } },
	{ .key = "crm.id", .secrets = secrets, .nsecrets = 2 },
};
static const char *const unsigned_keys[] = { "newsletter.id" };
static struct tenant tenant = {
	.identifiers = rules,
	.nidentifiers = 2,
	.hmac_secrets = { global, 2 },
	.allow_unsigned = { (const char **)unsigned_keys, 1 },
};

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o = NULL;

	if (text != NULL)
		assert_int_equal(
		    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL),
		    ERR_OK);
	return o;
}

static struct caller
caller_of(struct arena *a, enum who who)
{
	static const char *names[] = { "", "Pass.Read", "Pass.Write", "*", "",
		"Pass.Write" };
	struct caller c = { .known = who != NOBODY };

	c.scopes.s = &names[who];
	c.scopes.n = names[who][0] != '\0';
	if (who == CUSTOMER || who == STAFF_CUSTOMER)
		c.claims = parsed(a, "{\"email\":\"a@b\",\"crm.id\":\"7\"}");
	return c;
}

static void
check(const struct expect *t, size_t n)
{
	struct arena *a = arena_new(4096);

	for (size_t i = 0; i < n; i++) {
		struct caller c = caller_of(a, t[i].who);
		struct proof p = { &c, "Pass.Write", parsed(a, t[i].given) };
		struct json_object *out = NULL;
		struct why w = { "", "" };
		enum err e = proof_identifiers(a, &tenant, &p, &out, &w);

		if (e != t[i].err)
			print_error("row %zu: %s\n", i, t[i].given);
		assert_int_equal(e, t[i].err);
		assert_string_equal(w.field, t[i].field ? t[i].field : "");
		assert_int_equal(w.text[0] == '\0', e == ERR_OK);
		if (t[i].want == NULL)
			assert_null(out);
		else
			assert_string_equal(json_text(a, out).s, t[i].want);
		arena_reset(a);
	}
	arena_free(a);
}

#define CHECK(t) check(t, sizeof(t) / sizeof((t)[0]))

static void
test_hmac(void **state)
{
	static const struct expect t[] = {
	/* clang-format off */
#define GOOD(text) { NOBODY, text, "{\"shop.id\":\"12345\"}", ERR_OK, NULL }
#define BAD(text)  { NOBODY, text, NULL, ERR_DENIED, "shop.id" }
		GOOD(ID(ONE)),
		GOOD(ID(TWO)),
		GOOD(ID("C21BDDF308BBD9661c89c1054734d061bf68057dcfe0a8d9381070531f140d83")),
		GOOD(ID("whvd8wi72WYcicEFRzTQYb9oBX3P4KjZOBBwUx8UDYM=")),
		GOOD(ID("whvd8wi72WYcicEFRzTQYb9oBX3P4KjZOBBwUx8UDYM")),
		GOOD(ID("/N2maxMX3Fo7+AdlE0BPaN9OViU7emSbYwl8263Zsa0=")),
		GOOD(ID("/N2maxMX3Fo7 AdlE0BPaN9OViU7emSbYwl8263Zsa0=")),
		GOOD(ID("_N2maxMX3Fo7-AdlE0BPaN9OViU7emSbYwl8263Zsa0=")),
		GOOD(ID("_N2maxMX3Fo7-AdlE0BPaN9OViU7emSbYwl8263Zsa0")),
		BAD(ID(GLOBAL)), /* its own secrets take their place */
		BAD(ID(NOKEY)),  /* an empty secret is none */
		BAD(ID(S3CRET)), /* a secret is no HMAC */
		BAD(ID("")),
		BAD("{\"shop.id\":\"12345\"}"),
		BAD("{\"shop.id\":\"12345\",\"shop.id.hmac\":null}"),
		BAD("{\"shop.id\":\"12346\",\"shop.id.hmac\":\"" ONE "\"}"),
		BAD("{\"shop.id\":\"12345 \",\"shop.id.hmac\":\"" ONE "\"}"),
		BAD("{\"shop.id\":\"12345\",\"shop.id.secret\":\"" ONE "\"}"),
		BAD("{\"shop.id\":\"12345\",\"shop.id.secret\":\"k-one\"}"),
		BAD(ID("c21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d84")),
		BAD(ID("d21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d83")),
		BAD(ID("c21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d8")),
		BAD(ID("c21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d8300")),
		BAD(ID("0xc21bddf308bbd9661c89c1054734d061bf68057dcfe0a8d9381070531f140d83")),
		BAD(ID("whvd8wi72WYcicEFRzTQYb9oBX3P4KjZOBBwUx8UDYN=")),
		BAD(ID("whvd8wi72WYcicEFRzTQYb9oBX3P4KjZOBBwUx8UDQ==")),
		BAD(ID("whvd8wi72WYcicEFRzTQYb9oBX3P4KjZOBBwUx8UDYMA")),
		{ NOBODY, "{\"a\":\"12345\",\"a.hmac\":\"" GLOBAL "\"}",
		  "{\"a\":\"12345\"}", ERR_OK, NULL },
		{ NOBODY, "{\"crm.id\":\"12345\",\"crm.id.hmac\":\"" GLOBAL "\"}",
		  "{\"crm.id\":\"12345\"}", ERR_OK, NULL }, /* a rule without */
		{ NOBODY, "{\"a\":\"12345\",\"a.hmac\":\"" ONE "\"}",
		  NULL, ERR_DENIED, "a" },
		{ NOBODY, "{\"a\":\"12345\",\"a.hmac\":\"" NOKEY "\"}",
		  NULL, ERR_DENIED, "a" },
		{ NOBODY, "{\"A\":\"12345\",\"a.hmac\":\"" GLOBAL "\"}",
		  NULL, ERR_DENIED, "A" },
		/* clang-format on */
	};

	(void)state;
	CHECK(t);
}

static void
test_secret_and_unsigned(void **state)
{
	static const struct expect t[] = {
	/* clang-format off */
#define SECRET(s) "{\"crm.id\":\"9\",\"crm.id.secret\":\"" s "\"}"
		{ NOBODY, SECRET("s3cret"), "{\"crm.id\":\"9\"}", ERR_OK, NULL },
		{ NOBODY, SECRET("other"), "{\"crm.id\":\"9\"}", ERR_OK, NULL },
		{ NOBODY, SECRET("S3cret"), NULL, ERR_DENIED, "crm.id" },
		{ NOBODY, SECRET("s3cre"), NULL, ERR_DENIED, "crm.id" },
		{ NOBODY, SECRET(""), NULL, ERR_DENIED, "crm.id" },
		{ NOBODY, SECRET(S3CRET), NULL, ERR_DENIED, "crm.id" },
		{ NOBODY, "{\"shop.id\":\"9\",\"shop.id.secret\":\"s3cret\"}",
		  NULL, ERR_DENIED, "shop.id" },
		{ NOBODY, "{\"b\":\"9\",\"b.secret\":\"s3cret\"}",
		  NULL, ERR_DENIED, "b" },
		{ NOBODY, "{\"newsletter.id\":\"9\"}",
		  "{\"newsletter.id\":\"9\"}", ERR_OK, NULL },
		{ NOBODY, "{\"newsletter.id\":\"9\",\"newsletter.id.hmac\":\"x\"}",
		  "{\"newsletter.id\":\"9\"}", ERR_OK, NULL },
		{ NOBODY, "{\"Newsletter.id\":\"9\"}", NULL, ERR_DENIED,
		  "Newsletter.id" },
		{ NOBODY, "{\"newsletter.id2\":\"9\"}", NULL, ERR_DENIED,
		  "newsletter.id2" },
		/* clang-format on */
	};

	(void)state;
	assert_true(text_unhex(slice_of(OTHER), secrets[0], 32));
	assert_true(text_unhex(slice_of(S3CRET), secrets[1], 32));
	CHECK(t);
}

static void
test_caller(void **state)
{
	static const struct expect t[] = {
		/* clang-format off */
		{ NOBODY,   NULL, NULL, ERR_DENIED, "identifiers" },
		{ NOBODY,   "{}", NULL, ERR_DENIED, "identifiers" },
		{ NOBODY,   "{\"passType\":\"x\"}", NULL, ERR_DENIED, "identifiers" },
		{ NOBODY,   "{\"a\":\"\"}", NULL, ERR_DENIED, "identifiers" },
		{ NOBODY,   "{\"a\":null}", NULL, ERR_DENIED, "identifiers" },
		{ NOBODY,   "{\"a\":\"1\"}", NULL, ERR_DENIED, "a" },
		{ READER,   NULL, NULL, ERR_DENIED, "identifiers" },
		{ READER,   "{\"a\":\"1\"}", NULL, ERR_DENIED, "a" },
		{ WRITER,   NULL, "{}", ERR_OK, NULL },
		{ WRITER,   "{\"a\":\"1\"}", "{\"a\":\"1\"}", ERR_OK, NULL },
		{ ROOT,     "{\"a\":\"1\"}", "{\"a\":\"1\"}", ERR_OK, NULL },
		{ WRITER,   "{\"a\":\"1\",\"a.hmac\":\"x\",\"a.secret\":\"y\"}",
		  "{\"a\":\"1\"}", ERR_OK, NULL },
		{ WRITER,   "{\"passType\":\"x\",\"PassType\":\"y\",\"a\":\"1\"}",
		  "{\"PassType\":\"y\",\"a\":\"1\"}", ERR_OK, NULL },
		{ WRITER,   "{\"passType\":1}", "{}", ERR_OK, NULL },
		{ CUSTOMER, NULL, "{\"email\":\"a@b\",\"crm.id\":\"7\"}", ERR_OK, NULL },
		{ CUSTOMER, "{\"a\":\"\"}", "{\"email\":\"a@b\",\"crm.id\":\"7\"}",
		  ERR_OK, NULL },
		{ CUSTOMER, "{\"email\":\"a@b\"}", "{\"email\":\"a@b\"}", ERR_OK, NULL },
		{ CUSTOMER, "{\"crm.id\":\"7\",\"newsletter.id\":\"1\"}",
		  "{\"crm.id\":\"7\",\"newsletter.id\":\"1\"}", ERR_OK, NULL },
		{ CUSTOMER, "{\"email\":\"a@c\"}", NULL, ERR_DENIED, "email" },
		{ CUSTOMER, "{\"email\":\"A@b\"}", NULL, ERR_DENIED, "email" },
		{ CUSTOMER, "{\"crm.id\":\"a@b\"}", NULL, ERR_DENIED, "crm.id" },
		{ CUSTOMER, "{\"email\":\"a@b\",\"x\":\"a@b\"}", NULL, ERR_DENIED, "x" },
		{ STAFF_CUSTOMER, "{\"email\":\"z\"}", "{\"email\":\"z\"}", ERR_OK, NULL },
		{ STAFF_CUSTOMER, NULL, "{\"email\":\"a@b\",\"crm.id\":\"7\"}",
		  ERR_OK, NULL },
		/* clang-format on */
	};

	(void)state;
	CHECK(t);
}

static void
test_shape(void **state)
{
	static const struct expect t[] = {
		/* clang-format off */
		{ WRITER, "{\"a\":1}", NULL, ERR_INVALID, "a" },
		{ WRITER, "{\"a\":[\"1\"]}", NULL, ERR_INVALID, "a" },
		{ WRITER, "{\"a\":true}", NULL, ERR_INVALID, "a" },
		{ NOBODY, "{\"shop.id\":\"12345\",\"shop.id.hmac\":5}", NULL,
		  ERR_INVALID, "shop.id.hmac" },
		{ WRITER, "{\"a.hmac\":\"1\"}", NULL, ERR_INVALID, "a.hmac" },
		{ WRITER, "{\"a.secret\":\"1\"}", NULL, ERR_INVALID, "a.secret" },
		{ WRITER, "{\".hmac\":\"1\"}", NULL, ERR_INVALID, ".hmac" },
		{ WRITER, "{\"a\":\"1\",\"a.hmac.hmac\":\"1\"}", NULL,
		  ERR_INVALID, "a.hmac.hmac" },
		{ NOBODY, "{\"a.hmac\":\"1\"}", NULL, ERR_DENIED, "identifiers" },
		{ NOBODY, "{\"newsletter.id\":\"1\",\"b.hmac\":\"1\"}", NULL,
		  ERR_INVALID, "b.hmac" },
		{ WRITER, "{\"a\":\"\",\"a.hmac\":\"1\"}", "{}", ERR_OK, NULL },
		{ WRITER, "{\"a\":null,\"a.hmac\":\"1\"}", "{}", ERR_OK, NULL },
		{ WRITER, "{\"hmac\":\"1\",\"x.hmacs\":\"2\"}",
		  "{\"hmac\":\"1\",\"x.hmacs\":\"2\"}", ERR_OK, NULL },
		/* one that is not proven spoils the rest, wherever it stands */
		{ NOBODY, "{\"newsletter.id\":\"1\",\"a\":\"2\"}", NULL,
		  ERR_DENIED, "a" },
		{ NOBODY, "{\"a\":\"2\",\"newsletter.id\":\"1\"}", NULL,
		  ERR_DENIED, "a" },
		/* clang-format on */
	};

	(void)state;
	CHECK(t);
}

/* What was given stays as it was; what comes out is not part of it. */
static void
test_given_is_not_changed(void **state)
{
	static const char text[] = ID(ONE);
	struct arena *a = arena_new(4096);
	struct caller c = caller_of(a, NOBODY);
	struct proof p = { &c, "Pass.Write", parsed(a, text) };
	struct json_object *out = NULL;

	(void)state;
	assert_int_equal(proof_identifiers(a, &tenant, &p, &out, NULL), ERR_OK);
	json_set_string(out, "more", "x");
	assert_string_equal(json_text(a, p.given).s, text);

	c = caller_of(a, CUSTOMER);
	p.given = NULL;
	assert_int_equal(proof_identifiers(a, &tenant, &p, &out, NULL), ERR_OK);
	json_set_string(out, "more", "x");
	assert_null(json_get(c.claims, "more"));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_secret_and_unsigned),
		cmocka_unit_test(test_caller),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_given_is_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
