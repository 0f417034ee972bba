#include "wallet/google/callback.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

#define PROTOCOL "ECv2SigningOnly"

static enum err
forged(struct why *w, const char *what)
{
	return why(
	    w, ERR_INVALID, NULL, "This is no message of Google's: %s.", what);
}

/* Each string with its length in bytes, little-endian, before it. */
static void
add_part(struct buf *b, const char *s)
{
	const size_t len = strlen(s);

	for (int i = 0; i < 4; i++)
		buf_addc(b, (char)(len >> 8 * i & 255));
	buf_add(b, s, len);
}

/* A key of base64 DER: P-256 only. */
static EVP_PKEY *
key_of(struct arena *a, const char *base64)
{
	const unsigned char *p;
	EVP_PKEY *key = NULL;
	struct slice der;
	char group[16] = "";

	if (base64 == NULL || !text_unbase64(a, slice_of(base64), &der))
		return NULL;
	p = (const unsigned char *)der.s;
	key = d2i_PUBKEY(NULL, &p, (long)der.len);
	if (key != NULL &&
	    (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
		EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
		strcmp(group, "prime256v1") != 0)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

static bool
holds(struct arena *a, EVP_PKEY *key, const char *signature, struct slice data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct slice sig;
	bool ok;

	ok = ctx != NULL && signature != NULL &&
	    text_unbase64(a, slice_of(signature), &sig) &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, (const unsigned char *)sig.s, sig.len,
		(const unsigned char *)data.s, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* Milliseconds, as a number or in a string; false: neither. */
static bool
time_of(struct json_object *o, const char *key, int64_t *ms)
{
	struct json_object *v = json_get(o, key);
	const char *s = json_get_string(o, key);
	char *end = NULL;

	if (json_object_is_type(v, json_type_int)) {
		*ms = json_object_get_int64(v);
		return true;
	}
	if (s == NULL || strspn(s, "0123456789") != strlen(s) || *s == '\0')
		return false;
	errno = 0;
	*ms = strtoll(s, &end, 10);
	return errno == 0 && *end == '\0';
}

enum err
callback_shape(struct json_object *body, struct why *w)
{
	struct json_object *middle = json_get(body, "intermediateSigningKey");
	const char *protocol = json_get_string(body, "protocolVersion");

	if (!json_object_is_type(body, json_type_object) ||
	    json_object_object_length(body) != 4 || protocol == NULL ||
	    json_get_string(body, "signature") == NULL ||
	    json_get_string(body, "signedMessage") == NULL ||
	    json_get_string(middle, "signedKey") == NULL ||
	    !json_object_is_type(
		json_get(middle, "signatures"), json_type_array))
		return forged(w, "its members are others");
	if (strcmp(protocol, PROTOCOL) != 0)
		return forged(w, "its protocolVersion is another");
	return ERR_OK;
}

/* Any of its signatures, by any published key that is good now. */
static bool
is_signed_by_root(
    struct arena *a, struct json_object *middle, const struct callback_by *by)
{
	struct json_object *keys = json_get(by->keys, "keys");
	struct json_object *sigs = json_get(middle, "signatures");
	struct buf data;
	bool ok = false;

	buf_init(&data, a);
	add_part(&data, by->sender);
	add_part(&data, PROTOCOL);
	add_part(&data, json_get_string(middle, "signedKey"));
	for (size_t i = 0; json_object_is_type(keys, json_type_array) && !ok &&
	     i < json_object_array_length(keys) && i < 16;
	     i++) {
		struct json_object *k = json_object_array_get_idx(keys, i);
		const char *version = json_get_string(k, "protocolVersion");
		EVP_PKEY *key;
		int64_t until;

		if (version == NULL || strcmp(version, PROTOCOL) != 0 ||
		    !time_of(k, "keyExpiration", &until) || until <= by->now ||
		    (key = key_of(a, json_get_string(k, "keyValue"))) == NULL)
			continue;
		for (size_t n = 0;
		     !ok && n < json_object_array_length(sigs) && n < 16; n++)
			ok = holds(a, key,
			    json_object_get_string(
				json_object_array_get_idx(sigs, n)),
			    buf_slice(&data));
		EVP_PKEY_free(key);
	}
	return ok;
}

/* The message itself, by the key between. */
static bool
is_signed(struct arena *a, struct json_object *body, const char *base64,
    const struct callback_by *by)
{
	EVP_PKEY *key = key_of(a, base64);
	struct buf data;
	bool ok;

	if (key == NULL)
		return false;
	buf_init(&data, a);
	add_part(&data, by->sender);
	add_part(&data, by->issuer);
	add_part(&data, PROTOCOL);
	add_part(&data, json_get_string(body, "signedMessage"));
	ok =
	    holds(a, key, json_get_string(body, "signature"), buf_slice(&data));
	EVP_PKEY_free(key);
	return ok;
}

static struct json_object *
parsed(struct arena *a, struct json_object *o, const char *key)
{
	struct json_object *out = NULL;

	return json_parse(a, slice_of(json_get_string(o, key)), JSON_DEPTH,
		   &out, NULL) == ERR_OK
	    ? out
	    : NULL;
}

static enum err
read_message(struct json_object *m, const struct callback_by *by,
    struct callback *out, struct why *w)
{
	const char *event = json_get_string(m, "eventType");

	out->class_id = json_get_string(m, "classId");
	out->object_id = json_get_string(m, "objectId");
	out->nonce = json_get_string(m, "nonce");
	if (out->object_id == NULL || out->nonce == NULL || event == NULL ||
	    !time_of(m, "expTimeMillis", &out->expires))
		return forged(w, "its message is another");
	if (out->expires <= by->now)
		return forged(w, "it has expired");
	out->save = strcmp(event, "save") == 0;
	if (!out->save && strcmp(event, "del") != 0)
		return forged(w, "its event is neither save nor del");
	return ERR_OK;
}

enum err
callback_verify(struct arena *a, struct json_object *body,
    const struct callback_by *by, struct callback *out, struct why *w)
{
	struct json_object *middle = json_get(body, "intermediateSigningKey");
	struct json_object *key;
	int64_t until;

	if (!is_signed_by_root(a, middle, by))
		return forged(w, "its key is not signed by Google's");
	key = parsed(a, middle, "signedKey");
	if (!time_of(key, "keyExpiration", &until) || until <= by->now)
		return forged(w, "its key has expired");
	if (!is_signed(a, body, json_get_string(key, "keyValue"), by))
		return forged(w, "its signature does not hold for this issuer");
	return read_message(parsed(a, body, "signedMessage"), by, out, w);
}
