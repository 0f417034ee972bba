#include "wallet/apple/apns_token.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

#define KEY_MAX   16384 /* bytes of the file */
#define KEPT      16    /* tokens of one process */
#define HALF      32    /* bytes of r and of s, P-256 */
#define TOKEN_MAX 1024

static struct {
	unsigned char digest[32];
	int64_t made; /* 0: none */
	char token[TOKEN_MAX];
} kept[KEPT];

static enum err
unusable(const struct apple_conf *c, const char *why)
{
	log_error("apns_key", "file", c->p8, "why", why, NULL);
	ERR_clear_error();
	return ERR_INTERNAL;
}

static enum err
read_key(const struct apple_conf *c, char *buf, size_t *len)
{
	FILE *f = fopen(c->p8, "re");

	if (f == NULL)
		return unusable(c, strerror(errno));
	*len = fread(buf, 1, KEY_MAX, f);
	(void)fclose(f);
	return *len > 0 && *len < KEY_MAX ? ERR_OK
					  : unusable(c, "is no key file");
}

static void
digest_of(const struct apple_conf *c, struct slice key, unsigned char out[32])
{
	struct arena *a = arena_new(1024);
	struct buf b;

	buf_init(&b, a);
	buf_add(&b, key.s, key.len);
	buf_printf(&b, "\n%s\n%s", c->key_id == NULL ? "" : c->key_id,
	    c->team_identifier == NULL ? "" : c->team_identifier);
	digest_sha256(b.s, b.len, out);
	OPENSSL_cleanse(b.s, b.len);
	arena_free(a);
}

enum err
apns_token_digest(const struct apple_conf *c, unsigned char out[32])
{
	char key[KEY_MAX];
	size_t len;
	enum err e = read_key(c, key, &len);

	if (e == ERR_OK)
		digest_of(c, (struct slice){ key, len }, out);
	OPENSSL_cleanse(key, sizeof(key));
	return e;
}

/* RFC 7515: base64url without padding. */
static void
add_base64url(struct buf *b, const void *p, size_t n)
{
	char *s = text_base64(b->a, p, n);

	for (char *c = s; *c != '\0'; c++)
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
	buf_add(b, s, strcspn(s, "="));
}

/* RFC 7518, section 3.4: r and s, each of 32 bytes, one after the other. */
static bool
sign(EVP_PKEY *key, struct slice text, unsigned char out[2 * HALF])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[128];
	const unsigned char *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig = NULL;
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(
		ctx, der, &len, (const unsigned char *)text.s, text.len) == 1 &&
	    (sig = d2i_ECDSA_SIG(NULL, &p, (long)len)) != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF) == HALF &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF) == HALF;
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static enum err
make(const struct apple_conf *c, struct slice pem, int64_t now, struct arena *a,
    const char **token)
{
	BIO *bio = BIO_new_mem_buf(pem.s, (int)pem.len);
	EVP_PKEY *key = bio == NULL
	    ? NULL
	    : PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	unsigned char sig[2 * HALF];
	const char *part;
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, a);
	part = arena_printf(a, "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
	    c->key_id == NULL ? "" : c->key_id);
	add_base64url(&b, part, strlen(part));
	buf_addc(&b, '.');
	part = arena_printf(a, "{\"iss\":\"%s\",\"iat\":%lld}",
	    c->team_identifier == NULL ? "" : c->team_identifier,
	    (long long)(now / 1000));
	add_base64url(&b, part, strlen(part));
	if (key == NULL || EVP_PKEY_get_bits(key) != HALF * 8 ||
	    EVP_PKEY_base_id(key) != EVP_PKEY_EC ||
	    !sign(key, buf_slice(&b), sig))
		e = unusable(c, "holds no P-256 key as Apple hands it out");
	if (e == ERR_OK) {
		buf_addc(&b, '.');
		add_base64url(&b, sig, sizeof(sig));
		*token = b.s;
	}
	EVP_PKEY_free(key);
	BIO_free(bio);
	return e;
}

/* Its place: that of the same key, else the oldest. */
static size_t
place_of(const unsigned char digest[32])
{
	size_t old = 0;

	for (size_t i = 0; i < KEPT; i++) {
		if (memcmp(kept[i].digest, digest, 32) == 0)
			return i;
		if (kept[i].made < kept[old].made)
			old = i;
	}
	kept[old].made = 0;
	return old;
}

static enum err
get(const struct apple_conf *c, struct slice pem, int64_t now, struct arena *a,
    const char **token)
{
	unsigned char digest[32];
	const char *made = NULL;
	size_t i;
	enum err e;

	digest_of(c, pem, digest);
	i = place_of(digest);
	if (kept[i].made == 0 || now < kept[i].made ||
	    now - kept[i].made >= APNS_TOKEN_MS) {
		if ((e = make(c, pem, now, a, &made)) != ERR_OK)
			return e;
		if (strlen(made) >= TOKEN_MAX)
			return unusable(c, "keyId is too long");
		memcpy(kept[i].token, made, strlen(made) + 1);
		memcpy(kept[i].digest, digest, 32);
		kept[i].made = now;
	}
	*token = arena_strdup(a, kept[i].token);
	return ERR_OK;
}

enum err
apns_token_get(const struct apple_conf *c, int64_t now, struct arena *a,
    const char **token)
{
	char key[KEY_MAX];
	size_t len;
	enum err e = read_key(c, key, &len);

	if (e == ERR_OK)
		e = get(c, (struct slice){ key, len }, now, a, token);
	OPENSSL_cleanse(key, sizeof(key));
	return e;
}
