#include "wallet/google/callback.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/text.h"
#include "test.h"

#define NOW    INT64_C(1795323845678)
#define ISSUER "3388000000012345678"

/* What Google would send, and what may be wrong with it. */
struct sample {
	const char *what;
	const char *issuer, *sender, *protocol, *signed_protocol, *event;
	int64_t expires, key_expires, root_expires; /* after NOW; 0: good */
	bool good;
	bool altered, altered_key, other_root, other_middle, swapped, extra;
	bool old_root; /* published for another protocol */
};

static EVP_PKEY *root, *middle, *other;

static const char *
base64_key(struct arena *a, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	const char *s;

	assert_true(n > 0);
	s = text_base64(a, der, (size_t)n);
	OPENSSL_free(der);
	return s;
}

static const char *
sign(struct arena *a, EVP_PKEY *key, const char *const *parts)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[256];
	size_t len = sizeof(sig);

	assert_int_equal(
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	for (; *parts != NULL; parts++) {
		const size_t n = strlen(*parts);
		const unsigned char head[4] = { n & 255, n >> 8 & 255 };

		assert_int_equal(EVP_DigestSignUpdate(ctx, head, 4), 1);
		assert_int_equal(EVP_DigestSignUpdate(ctx, *parts, n), 1);
	}
	assert_int_equal(EVP_DigestSignFinal(ctx, sig, &len), 1);
	EVP_MD_CTX_free(ctx);
	return text_base64(a, sig, len);
}

static const char *
either(const char *s, const char *usual)
{
	return s == NULL ? usual : s;
}

static long long
time_in(int64_t after)
{
	return NOW + (after == 0 ? 1000 : after);
}

static struct json_object *
keys_for(struct arena *a, const struct sample *s)
{
	struct json_object *o;
	const char *text = arena_printf(a,
	    "{\"keys\":[{\"keyValue\":\"bm9uc2Vuc2U=\",\"protocolVersion\":"
	    "\"ECv2SigningOnly\",\"keyExpiration\":\"%lld\"},"
	    "{\"keyValue\":\"%s\",\"protocolVersion\":\"%s\","
	    "\"keyExpiration\":\"%lld\"}]}",
	    time_in(0), base64_key(a, root),
	    s->old_root ? "ECv1" : "ECv2SigningOnly", time_in(s->root_expires));

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static struct json_object *
body_of(struct arena *a, const struct sample *s)
{
	const char *sender = either(s->sender, "GooglePayPasses");
	const char *version = either(s->signed_protocol, "ECv2SigningOnly");
	const char *key =
	    arena_printf(a, "{\"keyValue\":\"%s\",\"keyExpiration\":\"%lld\"}",
		base64_key(a, middle), time_in(s->key_expires));
	const char *text = arena_printf(a,
	    "{\"classId\":\"c\",\"objectId\":\"" ISSUER ".x\",\"eventType\":"
	    "\"%s\",\"expTimeMillis\":%lld,\"count\":1,\"nonce\":\"n\"}",
	    either(s->event, "save"), time_in(s->expires));
	const char *of_key[] = { sender, version, key, NULL };
	const char *of_text[] = { sender, either(s->issuer, ISSUER), version,
		text, NULL };
	struct json_object *o = json_object_in(a), *by = json_object_in(a);
	struct json_object *list = json_array_in(a);
	const char *sigs[] = { "bm9uc2Vuc2U=",
		sign(a, s->other_root ? other : root, of_key) };

	if (s->swapped) {
		of_text[1] = version;
		of_text[2] = either(s->issuer, ISSUER);
	}
	json_set_string(
	    o, "signature", sign(a, s->other_middle ? other : middle, of_text));
	for (size_t i = 0; i < 2; i++)
		json_push(list, json_own(a, json_object_new_string(sigs[i])));
	json_set_string(by, "signedKey",
	    s->altered_key ? arena_printf(a, "%s ", key) : key);
	json_set(by, "signatures", list);
	json_set(o, "intermediateSigningKey", by);
	json_set_string(
	    o, "protocolVersion", either(s->protocol, "ECv2SigningOnly"));
	json_set_string(o, "signedMessage",
	    s->altered ? arena_printf(a, "%s ", text) : text);
	if (s->extra)
		json_set_string(o, "extra", "");
	return o;
}

static const struct sample samples[] = {
	{ "save", .good = true, .event = "save" },
	{ "del", .good = true, .event = "del" },
	{ "the last moment", .good = true, .expires = 1 },
	{ "other event", .event = "saved" },
	{ "expired", .expires = -1 },
	{ "expired long ago", .expires = -NOW },
	{ "key expired", .key_expires = -1 },
	{ "root expired", .root_expires = -1 },
	{ "root of another protocol", .old_root = true },
	{ "other recipient", .issuer = "3388000000012345679" },
	{ "recipient's beginning", .issuer = "338800000001234567" },
	{ "other sender", .sender = "Google" },
	{ "other protocol", .protocol = "ECv2" },
	{ "signed for another", .signed_protocol = "ECv1" },
	{ "one byte more", .altered = true },
	{ "one byte more in the key", .altered_key = true },
	{ "by another root", .other_root = true },
	{ "by another key", .other_middle = true },
	{ "parts in another order", .swapped = true },
	{ "another member", .extra = true },
};

static void
test_only_genuine_ones(void **state)
{
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		const struct callback_by by = { keys_for(a, s),
			"GooglePayPasses", ISSUER, NOW };
		struct json_object *body = body_of(a, s);
		struct callback out = { .save = false };
		struct why w;
		enum err e = callback_shape(body, &w);

		if (e == ERR_OK)
			e = callback_verify(a, body, &by, &out, &w);
		if (e != (s->good ? ERR_OK : ERR_INVALID))
			fail_msg("%s: %d", s->what, (int)e);
		if (!s->good)
			continue;
		assert_string_equal(out.object_id, ISSUER ".x");
		assert_string_equal(out.nonce, "n");
		assert_int_equal(out.expires, time_in(s->expires));
		assert_int_equal(
		    out.save, strcmp(either(s->event, "save"), "save") == 0);
	}
	arena_free(a);
}

/* Each member gone, or of another kind. */
static void
test_shape(void **state)
{
	static const char *const members[] = { "signature",
		"intermediateSigningKey", "protocolVersion", "signedMessage" };
	const struct sample good = { .what = "good" };
	struct arena *a = arena_new(4096);
	struct why w;

	(void)state;
	assert_int_equal(callback_shape(NULL, &w), ERR_INVALID);
	assert_int_equal(callback_shape(json_array_in(a), &w), ERR_INVALID);
	for (size_t i = 0; i < 8; i++) {
		struct json_object *body = body_of(a, &good);

		assert_int_equal(callback_shape(body, &w), ERR_OK);
		if (i < 4)
			json_object_object_del(body, members[i]);
		else
			json_set_int(body, members[i - 4], 1);
		assert_int_equal(callback_shape(body, &w), ERR_INVALID);
	}
	arena_free(a);
}

static int
setup(void **state)
{
	(void)state;
	root = EVP_EC_gen("P-256");
	middle = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	return root == NULL || middle == NULL || other == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(root);
	EVP_PKEY_free(middle);
	EVP_PKEY_free(other);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_genuine_ones),
		cmocka_unit_test(test_shape),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
