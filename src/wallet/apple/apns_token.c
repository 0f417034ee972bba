#include "wallet/apple/apns_token.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "store/state.h"

#define KEY_MAX 16384 /* bytes of the file */
#define HALF    32    /* bytes of r and of s, P-256 */
#define HEX     64    /* of a digest */
#define TRIES   3
#define SKEW_MS 60000 /* that the clocks of two processes may differ by */

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
	buf_adds(&b, text_base64url(b.a, part, strlen(part)));
	buf_addc(&b, '.');
	part = arena_printf(a, "{\"iss\":\"%s\",\"iat\":%lld}",
	    c->team_identifier == NULL ? "" : c->team_identifier,
	    (long long)(now / 1000));
	buf_adds(&b, text_base64url(b.a, part, strlen(part)));
	if (key == NULL || EVP_PKEY_get_bits(key) != HALF * 8 ||
	    EVP_PKEY_base_id(key) != EVP_PKEY_EC ||
	    !sign(key, buf_slice(&b), sig))
		e = unusable(c, "holds no P-256 key as Apple hands it out");
	if (e == ERR_OK) {
		buf_addc(&b, '.');
		buf_adds(&b, text_base64url(b.a, sig, sizeof(sig)));
		*token = b.s;
	}
	EVP_PKEY_free(key);
	BIO_free(bio);
	return e;
}

/* -- the one that is kept: key's digest, when it was made, token ----------- */

struct keeping {
	const struct apple_conf *conf;
	struct store *store;
	struct slice pem;
	int64_t now;
	struct arena *a;
};

/* The token of what is kept, or NULL when it is time for another. */
static const char *
still_good(const struct keeping *k, const char *hex, struct slice kept)
{
	char *end;
	long long made;

	if (kept.len <= HEX || memcmp(kept.s, hex, HEX) != 0)
		return NULL;
	made = strtoll(kept.s + HEX, &end, 10);
	if (*end != ' ' || k->now < made - SKEW_MS ||
	    k->now - made >= APNS_TOKEN_MS)
		return NULL;
	return end + 1;
}

/* ERR_CONFLICT: another process was faster. */
static enum err
renew(const struct keeping *k, const char *hex, const char *name,
    struct slice kept, const char **token)
{
	const char *made = NULL, *text;
	enum err e = make(k->conf, k->pem, k->now, k->a, &made);

	if (e != ERR_OK)
		return e;
	text = arena_printf(k->a, "%s %s %s", hex, text_num(k->now).s, made);
	e = state_replace(k->store, name, kept, slice_of(text));
	if (e == ERR_TOOBIG)
		return unusable(k->conf, "keyId is too long");
	*token = made;
	return e;
}

static enum err
get(const struct keeping *k, const char **token)
{
	const char *name = arena_printf(k->a, "apns.token.%s", k->conf->key_id);
	unsigned char digest[HEX / 2];
	char hex[HEX + 1];
	enum err e = ERR_CONFLICT;

	digest_of(k->conf, k->pem, digest);
	text_hex(hex, digest, sizeof(digest));
	for (unsigned i = 0; i < TRIES && e == ERR_CONFLICT; i++) {
		struct slice kept = { NULL, 0 };

		e = state_get(k->store, name, k->a, &kept);
		if (e != ERR_OK && e != ERR_NOTFOUND)
			return e;
		if ((*token = still_good(k, hex, kept)) != NULL)
			return ERR_OK;
		e = renew(k, hex, name, kept, token);
	}
	return e;
}

enum err
apns_token_get(const struct apple_conf *c, struct store *st, int64_t now,
    struct arena *a, const char **token)
{
	struct keeping k = { .conf = c, .store = st, .now = now, .a = a };
	char key[KEY_MAX];
	enum err e = read_key(c, key, &k.pem.len);

	k.pem.s = key;
	if (e == ERR_OK)
		e = get(&k, token);
	OPENSSL_cleanse(key, sizeof(key));
	return e;
}
