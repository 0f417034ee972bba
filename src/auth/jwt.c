#include "auth/jwt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "auth/jwks.h"
#include "auth/jws.h"
#include "base/text.h"

#define KEYS_MAX   16 /* of a set that are tried for one token */
#define SCOPES_MAX 128

struct token {
	struct jws jws;
	struct json_object *header, *claims;
	const char *alg, *kid; /* kid: or NULL */
};

/* RFC 7518, section 3.1; crv is for the ES family. */
static const struct alg {
	const char *name, *kty, *crv;
	const EVP_MD *(*md)(void); /* of the HS family */
} algs[] = {
	/* clang-format off */
	{ "HS256", "oct", NULL,    EVP_sha256 },
	{ "HS384", "oct", NULL,    EVP_sha384 },
	{ "HS512", "oct", NULL,    EVP_sha512 },
	{ "RS256", "RSA", NULL,    NULL },
	{ "RS384", "RSA", NULL,    NULL },
	{ "RS512", "RSA", NULL,    NULL },
	{ "PS256", "RSA", NULL,    NULL },
	{ "PS384", "RSA", NULL,    NULL },
	{ "PS512", "RSA", NULL,    NULL },
	{ "ES256", "EC",  "P-256", NULL },
	{ "ES384", "EC",  "P-384", NULL },
	{ "ES512", "EC",  "P-521", NULL },
	/* clang-format on */
};

static enum err
denied(struct why *w, const char *text)
{
	(void)why(w, ERR_DENIED, NULL, "%s", text);
	return ERR_DENIED;
}

/* -- form ----------------------------------------------------------------- */

static bool
is_base64url(struct slice s)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < s.len; i++)
		if (s.s[i] == '\0' || strchr(set, s.s[i]) == NULL)
			return false;
	return s.len > 0;
}

/* Up to the next dot; false when there is none. */
static bool
cut(struct slice *rest, struct slice *part)
{
	const char *dot = memchr(rest->s, '.', rest->len);

	if (dot == NULL)
		return false;
	*part = (struct slice){ rest->s, (size_t)(dot - rest->s) };
	rest->s += part->len + 1;
	rest->len -= part->len + 1;
	return true;
}

static bool
split(struct slice token, struct jws *out)
{
	if (!cut(&token, &out->header) || !cut(&token, &out->payload))
		return false;
	out->signature = token;
	return is_base64url(out->header) && is_base64url(out->payload) &&
	    is_base64url(out->signature);
}

static bool
object_of(struct arena *a, struct slice part, struct json_object **out)
{
	struct slice text;

	return text_unbase64(a, part, &text) &&
	    json_parse(a, text, JSON_DEPTH, out, NULL) == ERR_OK &&
	    json_object_is_type(*out, json_type_object);
}

static enum err
read_token(struct arena *a, struct slice in, struct token *t, struct why *w)
{
	if (in.len > JWT_MAX)
		return denied(w, "The token is too long.");
	if (!split(in, &t->jws) || !object_of(a, t->jws.header, &t->header) ||
	    !object_of(a, t->jws.payload, &t->claims))
		return denied(w, "The token is no JWT; send it whole.");
	/* RFC 7515, section 4.1.11: we know no extension. */
	if (json_object_object_get_ex(t->header, "crit", NULL))
		return denied(w,
		    "The token demands an extension (crit) that "
		    "is not known here.");
	t->alg = json_get_string(t->header, "alg");
	t->kid = json_get_string(t->header, "kid");
	if (t->alg == NULL ||
	    (t->kid == NULL &&
		json_object_object_get_ex(t->header, "kid", NULL)))
		return denied(
		    w, "The token's header has no proper alg or kid.");
	return ERR_OK;
}

/* -- signature ------------------------------------------------------------ */

static const struct alg *
alg_of(const struct jwt_issuer *i, const char *name)
{
	if (!strings_has(&i->algorithms, name))
		return NULL;
	for (size_t n = 0; n < sizeof(algs) / sizeof(algs[0]); n++)
		if (strcmp(algs[n].name, name) == 0)
			return &algs[n];
	return NULL;
}

static bool
mac_is_good(struct arena *a, const struct jwt_issuer *i, const struct alg *alg,
    const struct jws *jws)
{
	const unsigned char *text = (const unsigned char *)jws->header.s;
	unsigned char mac[EVP_MAX_MD_SIZE];
	struct slice sig;
	unsigned len = 0;

	/* Header, dot and payload stand beside each other in the token. */
	if (i->secret.len == 0 || !text_unbase64(a, jws->signature, &sig) ||
	    HMAC(alg->md(), i->secret.s, (int)i->secret.len, text,
		jws->header.len + 1 + jws->payload.len, mac, &len) == NULL)
		return false;
	return sig.len == len && CRYPTO_memcmp(sig.s, mac, len) == 0;
}

static bool
set_has_kids(struct json_object *keys)
{
	for (size_t i = 0; i < json_object_array_length(keys); i++)
		if (json_get_string(
			json_object_array_get_idx(keys, i), "kid") != NULL)
			return true;
	return false;
}

static bool
is_text(struct json_object *o, const char *key, const char *want)
{
	const char *s = json_get_string(o, key);

	return s != NULL && strcmp(s, want) == 0;
}

enum match { NO_SUCH_KEY, NOT_SIGNED, SIGNED };

/* Try the keys of the right kind, and of the token's kid. */
static enum match
try_keys(struct arena *a, struct json_object *set, const struct alg *alg,
    const struct token *t)
{
	struct json_object *keys = json_get(set, "keys"), *k;
	const char *kid = NULL;
	size_t n = 0;

	if (!json_object_is_type(keys, json_type_array))
		return NO_SUCH_KEY;
	if (t->kid != NULL && set_has_kids(keys))
		kid = t->kid;
	for (size_t i = 0; i < json_object_array_length(keys); i++) {
		k = json_object_array_get_idx(keys, i);
		if (!is_text(k, "kty", alg->kty) ||
		    (alg->crv != NULL && !is_text(k, "crv", alg->crv)) ||
		    (kid != NULL && !is_text(k, "kid", kid)))
			continue;
		if (n++ == KEYS_MAX)
			break;
		if (jws_verify(a, &t->jws, alg->name, json_text(a, k)))
			return SIGNED;
	}
	return n == 0 ? NO_SUCH_KEY : NOT_SIGNED;
}

/* The same with keys that are published, which may have changed. */
static enum err
try_published(struct arena *a, const struct jwks_source *src,
    const struct alg *alg, const struct token *t, enum match *out)
{
	struct json_object *set;
	enum err e;

	if ((e = jwks_get(a, src, false, &set)) != ERR_OK)
		return e;
	*out = try_keys(a, set, alg, t);
	if (*out != NO_SUCH_KEY)
		return ERR_OK;
	if ((e = jwks_get(a, src, true, &set)) != ERR_OK)
		return e;
	*out = try_keys(a, set, alg, t);
	return ERR_OK;
}

static enum err
check_signature(struct arena *a, const struct jwt_issuer *i,
    const struct jwt_ask *ask, const struct token *t, struct why *w)
{
	const struct jwks_source src = { i->jwks_url, ask->allow_private,
		ask->now };
	const struct alg *alg = alg_of(i, t->alg);
	enum match m = NO_SUCH_KEY;
	enum err e;

	if (alg == NULL)
		return denied(w,
		    "The token's alg is not one that is taken "
		    "from its issuer.");
	/* A secret never meets a public key's algorithm, nor the reverse. */
	if (alg->md != NULL)
		m = mac_is_good(a, i, alg, &t->jws) ? SIGNED : NOT_SIGNED;
	else if (i->jwks != NULL)
		m = try_keys(a, i->jwks, alg, t);
	else if (i->jwks_url != NULL &&
	    (e = try_published(a, &src, alg, t, &m)) != ERR_OK)
		return why(w, e, NULL,
		    "The keys of the token's issuer cannot be had now; try "
		    "again later.");
	if (m == SIGNED)
		return ERR_OK;
	return denied(w,
	    m == NO_SUCH_KEY ? "The token's issuer has no such key."
			     : "The token's signature is not valid.");
}

/* -- claims --------------------------------------------------------------- */

/* A NumericDate in milliseconds; false when absent or no number. */
static bool
date_of(struct json_object *claims, const char *key, double *ms)
{
	struct json_object *o = json_get(claims, key);

	if (!json_object_is_type(o, json_type_int) &&
	    !json_object_is_type(o, json_type_double))
		return false;
	*ms = json_object_get_double(o) * 1000;
	return true;
}

static enum err
check_times(struct json_object *claims, int64_t now, struct why *w)
{
	double exp, nbf, leeway = JWT_LEEWAY;

	if (!date_of(claims, "exp", &exp))
		return denied(w, "The token has no expiry (exp).");
	if ((double)now >= exp + leeway)
		return denied(w, "The token has expired; get a new one.");
	if (!json_object_object_get_ex(claims, "nbf", NULL))
		return ERR_OK;
	if (!date_of(claims, "nbf", &nbf) || (double)now < nbf - leeway)
		return denied(w, "The token is not valid yet (nbf).");
	return ERR_OK;
}

static bool
has_string(struct json_object *array, const char *want)
{
	struct json_object *o;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		o = json_object_array_get_idx(array, i);
		if (json_object_is_type(o, json_type_string) &&
		    strcmp(json_object_get_string(o), want) == 0)
			return true;
	}
	return false;
}

static bool
is_for(struct json_object *claims, const char *audience)
{
	struct json_object *aud = json_get(claims, "aud");

	if (audience == NULL)
		return false;
	if (json_object_is_type(aud, json_type_array))
		return has_string(aud, audience);
	return is_text(claims, "aud", audience);
}

static enum err
check(struct arena *a, const struct jwt_issuer *i, const struct jwt_ask *ask,
    const struct token *t, struct why *w)
{
	enum err e;

	if ((e = check_signature(a, i, ask, t, w)) != ERR_OK)
		return e;
	if (!is_for(t->claims, i->audience))
		return denied(w, "The token is for another audience (aud).");
	return check_times(t->claims, ask->now, w);
}

enum err
jwt_verify(struct arena *a, const struct tenant *t, const struct jwt_ask *ask,
    struct jwt *out, struct why *w)
{
	struct token token = { .alg = NULL };
	enum err e, last;

	if ((e = read_token(a, ask->token, &token, w)) != ERR_OK)
		return e;
	last = denied(w,
	    "The token's issuer (iss) is not one of those that "
	    "are taken here.");
	for (size_t n = 0; n < t->nissuers; n++) {
		const struct jwt_issuer *i = &t->issuers[n];

		if (!is_text(token.claims, "iss", i->issuer) ||
		    (ask->customers && i->use != JWT_CUSTOMERS))
			continue;
		e = check(a, i, ask, &token, last == ERR_BUSY ? NULL : w);
		if (e == ERR_OK) {
			*out = (struct jwt){ i, token.claims };
			return ERR_OK;
		}
		last = last == ERR_BUSY ? last : e;
	}
	return last;
}

/* -- what claims grant ---------------------------------------------------- */

static void
add_words(struct arena *a, struct strings *l, const char *words)
{
	size_t len;

	for (; *words != '\0' && l->n < SCOPES_MAX; words += len) {
		words += strspn(words, " ");
		len = strcspn(words, " ");
		if (len > 0 && !(len == 1 && *words == '*'))
			l->s[l->n++] = arena_strndup(a, words, len);
	}
}

struct strings
jwt_scopes(struct arena *a, struct json_object *claims)
{
	static const char *const names[] = { "scope", "scp", "permissions" };
	struct strings l = { arena_alloc(a, SCOPES_MAX * sizeof(char *)), 0 };
	struct json_object *o, *item;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		o = json_get(claims, names[i]);
		if (json_object_is_type(o, json_type_string))
			add_words(a, &l, json_object_get_string(o));
		if (!json_object_is_type(o, json_type_array))
			continue;
		for (size_t n = 0; n < json_object_array_length(o); n++) {
			item = json_object_array_get_idx(o, n);
			if (json_object_is_type(item, json_type_string))
				add_words(a, &l, json_object_get_string(item));
		}
	}
	return l;
}

struct json_object *
jwt_identifiers(
    struct arena *a, const struct tenant *t, struct json_object *claims)
{
	struct json_object *out = json_object_in(a), *v;
	struct slice text;

	for (size_t i = 0; i < t->nclaims; i++) {
		const char *claim = t->claims[i].claim;

		v = json_get(claims, claim);
		if (!json_object_is_type(v, json_type_string) &&
		    !json_object_is_type(v, json_type_int) &&
		    !json_object_is_type(v, json_type_double))
			continue;
		if (strcmp(claim, "email") == 0 &&
		    !json_get_bool(claims, "email_verified", false))
			continue;
		text = json_plain(a, v);
		if (text.len > 0)
			json_set_string(out, t->claims[i].identifier,
			    arena_strndup(a, text.s, text.len));
	}
	return json_object_object_length(out) > 0 ? out : NULL;
}
