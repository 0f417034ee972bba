#include "token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void
must(int ok)
{
	if (!ok)
		abort();
}

const char *
token_base64(struct arena *a, struct slice s)
{
	char *text = text_base64(a, s.s, s.len);

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		if (*c == '/')
			*c = '_';
		if (*c == '=')
			*c = '\0';
	}
	return text;
}

/* A number, `len` bytes wide (0: as many as it takes). */
static void
set_number(struct arena *a, struct json_object *o, const char *name,
    const BIGNUM *n, int len)
{
	unsigned char b[1024];

	if (len == 0)
		len = BN_num_bytes(n);
	must(BN_bn2binpad(n, b, len) == len);
	json_set_string(
	    o, name, token_base64(a, (struct slice){ (char *)b, (size_t)len }));
}

static void
set_param(struct arena *a, struct json_object *o, const char *name,
    EVP_PKEY *pkey, const char *param)
{
	BIGNUM *n = NULL;
	int len = 0;

	must(EVP_PKEY_get_bn_param(pkey, param, &n));
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
		len = (EVP_PKEY_get_bits(pkey) + 7) / 8;
	set_number(a, o, name, n, len);
	BN_free(n);
}

struct json_object *
token_jwk(struct arena *a, EVP_PKEY *pkey)
{
	struct json_object *o = json_object_in(a);
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
		json_set_string(o, "kty", "RSA");
		set_param(a, o, "n", pkey, OSSL_PKEY_PARAM_RSA_N);
		set_param(a, o, "e", pkey, OSSL_PKEY_PARAM_RSA_E);
		return o;
	}
	json_set_string(o, "kty", "EC");
	json_set_string(o, "crv",
	    bits == 256       ? "P-256"
		: bits == 384 ? "P-384"
			      : "P-521");
	set_param(a, o, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X);
	set_param(a, o, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
	return o;
}

struct json_object *
token_set(
    struct arena *a, EVP_PKEY *const *pkeys, const char *const *kids, size_t n)
{
	struct json_object *set = json_object_in(a), *keys = json_array_in(a);

	for (size_t i = 0; i < n; i++) {
		struct json_object *k = token_jwk(a, pkeys[i]);

		if (kids[i] != NULL)
			json_set_string(k, "kid", kids[i]);
		json_push(keys, k);
	}
	json_set(set, "keys", keys);
	return set;
}

static const EVP_MD *
md_of(const char *alg)
{
	if (strstr(alg, "256") != NULL)
		return EVP_sha256();
	return strstr(alg, "384") != NULL ? EVP_sha384() : EVP_sha512();
}

/* RFC 7518, section 3.4: R and S beside each other, instead of DER. */
static size_t
raw_ecdsa(unsigned char *sig, size_t len, EVP_PKEY *pkey)
{
	const unsigned char *p = sig;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)len);
	int half = (EVP_PKEY_get_bits(pkey) + 7) / 8;

	must(s != NULL);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, half) == half);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + half, half) == half);
	ECDSA_SIG_free(s);
	return (size_t)half * 2;
}

static size_t
sign(const struct token_key *key, const char *text, unsigned char *sig,
    size_t size)
{
	const unsigned char *in = (const unsigned char *)text;
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx;
	unsigned len = 0;

	if (key->pkey == NULL) {
		must(HMAC(md_of(key->alg), key->secret.s, (int)key->secret.len,
			 in, strlen(text), sig, &len) != NULL);
		return len;
	}
	must((ctx = EVP_MD_CTX_new()) != NULL);
	must(EVP_DigestSignInit(ctx, &pctx, md_of(key->alg), NULL, key->pkey));
	if (key->alg[0] == 'P')
		must(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) >
			0 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(
			pctx, RSA_PSS_SALTLEN_DIGEST) > 0);
	must(EVP_DigestSign(ctx, sig, &size, in, strlen(text)));
	EVP_MD_CTX_free(ctx);
	return key->alg[0] == 'E' ? raw_ecdsa(sig, size, key->pkey) : size;
}

char *
token_sign(struct arena *a, const struct token_key *key, const char *header,
    const char *payload)
{
	unsigned char sig[1024];
	char *text = arena_printf(a, "%s.%s", token_base64(a, slice_of(header)),
	    token_base64(a, slice_of(payload)));
	size_t len = sign(key, text, sig, sizeof(sig));

	return arena_printf(a, "%s.%s", text,
	    token_base64(a, (struct slice){ (char *)sig, len }));
}
