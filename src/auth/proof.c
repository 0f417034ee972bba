#include "auth/proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

#define DIGEST DIGEST_LEN

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

static bool
is_proof(const char *key)
{
	return ends_with(key, ".hmac") || ends_with(key, ".secret");
}

/* A string, or NULL when it is absent, null or empty. */
static const char *
text_at(struct json_object *o, const char *key)
{
	const char *s = json_get_string(o, key);

	return s != NULL && s[0] != '\0' ? s : NULL;
}

static const struct identifier_rule *
rule_of(const struct tenant *t, const char *key)
{
	for (size_t i = 0; i < t->nidentifiers; i++)
		if (strcmp(t->identifiers[i].key, key) == 0)
			return &t->identifiers[i];
	return NULL;
}

/*
 * The 32 bytes of a proof in any of its forms.  A form decodes '+' to a space
 * (WHATWG URL, 5.1), and base64 that was not percent-encoded comes so.
 */
static bool
decode(struct arena *a, const char *text, unsigned char out[DIGEST])
{
	struct slice in = slice_of(text), bytes;
	char *s;

	if (text_unhex(in, out, DIGEST))
		return true;
	s = arena_strdup(a, text);
	for (size_t i = 0; i < in.len; i++)
		if (s[i] == ' ')
			s[i] = '+';
	if (!text_unbase64(a, slice_of(s), &bytes) || bytes.len != DIGEST)
		return false;
	memcpy(out, bytes.s, DIGEST);
	return true;
}

static bool
hmac_is(struct slice secret, struct slice value, const unsigned char *want)
{
	unsigned char got[DIGEST];

	/* An empty file would be a key that everybody knows. */
	if (secret.len == 0)
		return false;
	if (HMAC(EVP_sha256(), secret.s, (int)secret.len,
		(const unsigned char *)value.s, value.len, got, NULL) == NULL) {
		log_error("proof_hmac", "why", "HMAC-SHA256 failed", NULL);
		return false;
	}
	return CRYPTO_memcmp(got, want, sizeof(got)) == 0;
}

static bool
by_hmac(struct arena *a, const struct tenant *t,
    const struct identifier_rule *rule, const char *value, const char *proof)
{
	const struct slices *l = &t->hmac_secrets;
	unsigned char want[DIGEST];
	bool ok = false;

	if (proof == NULL || !decode(a, proof, want))
		return false;
	if (rule != NULL && rule->hmac_secrets.n > 0)
		l = &rule->hmac_secrets;
	for (size_t i = 0; i < l->n; i++)
		ok |= hmac_is(l->s[i], slice_of(value), want);
	return ok;
}

static bool
by_secret(const struct identifier_rule *rule, const char *proof)
{
	unsigned char hash[DIGEST];
	bool ok = false;

	if (rule == NULL || proof == NULL)
		return false;
	digest_sha256(proof, strlen(proof), hash);
	for (size_t i = 0; i < rule->nsecrets; i++)
		ok |= CRYPTO_memcmp(rule->secrets[i], hash, DIGEST) == 0;
	return ok;
}

static bool
by_claim(const struct caller *c, const char *key, const char *value)
{
	const char *claim = json_get_string(c->claims, key);

	return claim != NULL && strcmp(claim, value) == 0;
}

/* Any of the ways but the scope. */
static bool
is_proven(struct arena *a, const struct tenant *t, const struct proof *p,
    const char *key, const char *value)
{
	const struct identifier_rule *rule = rule_of(t, key);
	const char *hmac, *secret;

	hmac = text_at(p->given, arena_printf(a, "%s.hmac", key));
	secret = text_at(p->given, arena_printf(a, "%s.secret", key));
	return strings_has(&t->allow_unsigned, key) ||
	    by_claim(p->caller, key, value) || by_secret(rule, secret) ||
	    by_hmac(a, t, rule, value, hmac);
}

/* The first member, or NULL. */
static struct lh_entry *
first(struct json_object *o)
{
	return o == NULL ? NULL : lh_table_head(json_object_get_object(o));
}

/* The identifiers proper to `out`; ERR_INVALID for a value of another type. */
static enum err
collect(struct json_object *given, struct json_object *out, struct why *w)
{
	for (struct lh_entry *m = first(given); m != NULL; m = m->next) {
		const char *key = lh_entry_k(m);
		struct json_object *v = lh_entry_v(m);

		if (v == NULL || strcmp(key, "passType") == 0)
			continue;
		if (!json_object_is_type(v, json_type_string))
			return why(w, ERR_INVALID, key,
			    "An identifier and its proof are strings; "
			    "send %s as one.",
			    key);
		if (!is_proof(key) && json_object_get_string_len(v) > 0)
			json_set(out, key, v);
	}
	return ERR_OK;
}

static enum err
check_proven(struct arena *a, const struct tenant *t, const struct proof *p,
    struct json_object *identifiers, struct why *w)
{
	for (struct lh_entry *m = first(identifiers); m != NULL; m = m->next) {
		const char *key = lh_entry_k(m);

		if (is_proven(
			a, t, p, key, json_object_get_string(lh_entry_v(m))))
			continue;
		return why(w, ERR_DENIED, key,
		    "The identifier %s is not proven: send a valid %s.hmac or "
		    "%s.secret, or credentials with the scope %s.",
		    key, key, key, p->scope);
	}
	return ERR_OK;
}

/* A proof belongs to an identifier that was sent, even an empty one. */
static enum err
check_proofs(struct arena *a, struct json_object *given, struct why *w)
{
	for (struct lh_entry *m = first(given); m != NULL; m = m->next) {
		const char *key = lh_entry_k(m), *dot = strrchr(key, '.');

		if (lh_entry_v(m) == NULL || !is_proof(key) || dot == NULL)
			continue;
		if (json_object_object_get_ex(given,
			arena_strndup(a, key, (size_t)(dot - key)), NULL))
			continue;
		return why(w, ERR_INVALID, key,
		    "%s came without its identifier; send both.", key);
	}
	return ERR_OK;
}

enum err
proof_identifiers(struct arena *a, const struct tenant *t,
    const struct proof *p, struct json_object **out, struct why *w)
{
	struct json_object *ids = json_object_in(a);
	bool trusted = caller_may(p->caller, p->scope);
	enum err e;

	if ((e = collect(p->given, ids, w)) != ERR_OK)
		return e;
	if (json_object_object_length(ids) == 0 && p->caller->claims != NULL)
		ids = json_copy(a, p->caller->claims);
	if (json_object_object_length(ids) == 0 && !trusted)
		return why(w, ERR_DENIED, "identifiers",
		    "No identifier was sent: send one with its proof, or "
		    "credentials with the scope %s.",
		    p->scope);
	if (!trusted && (e = check_proven(a, t, p, ids, w)) != ERR_OK)
		return e;
	if ((e = check_proofs(a, p->given, w)) != ERR_OK)
		return e;
	*out = ids;
	return ERR_OK;
}
