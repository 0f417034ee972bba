#include "auth/caller.h"

#include <string.h>
#include <strings.h>

#include "auth/apikey.h"
#include "auth/jwt.h"
#include "base/text.h"

#define NAME_MAX_LEN 128

/* How many scopes one caller can have; of more, the first count. */
#define SCOPES_MAX 256

static bool
given(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static void
scopes_add(struct arena *a, struct strings *to, const struct strings *from)
{
	const char **s;
	size_t room = SCOPES_MAX - to->n, n = from->n < room ? from->n : room;

	if (n == 0)
		return;
	s = arena_alloc(a, (to->n + n) * sizeof(*s));
	if (to->n > 0)
		memcpy(s, to->s, to->n * sizeof(*s));
	memcpy(s + to->n, from->s, n * sizeof(*s));
	to->s = s;
	to->n += n;
}

static enum err
by_key(struct arena *a, const struct tenant *t, const char *text,
    struct caller *out, struct why *w)
{
	const struct api_key *k = apikey_find(t, slice_of(text));

	if (k == NULL)
		return why(w, ERR_DENIED, NULL,
		    "The API key in X-API-KEY is unknown or disabled; "
		    "send a valid one, or none.");
	out->name = k->name;
	out->known = true;
	scopes_add(a, &out->scopes, &k->permissions);
	return ERR_OK;
}

/*
 * The token of "Bearer TOKEN" to `*token`; NULL when the header is not for
 * us (RFC 9110, section 11.4: schemes are compared without regard to case).
 */
static enum err
bearer(const char *header, const char **token, struct why *w)
{
	size_t scheme;

	*token = NULL;
	if (!given(header))
		return ERR_OK;
	scheme = strcspn(header, " ");
	if (slice_is_nocase((struct slice){ header, scheme }, "ApplePass"))
		return ERR_OK;
	if (!slice_is_nocase((struct slice){ header, scheme }, "Bearer"))
		return why(w, ERR_DENIED, NULL,
		    "Authorization has a scheme that is not taken here; "
		    "send \"Bearer\" and a JWT, or X-API-KEY.");
	*token = header + scheme + strspn(header + scheme, " ");
	if (**token == '\0')
		return why(w, ERR_DENIED, NULL,
		    "Authorization says Bearer, but no token follows.");
	return ERR_OK;
}

/* The subject, for the log; the issuer where there is none. */
static const char *
name_of(struct arena *a, const struct jwt *jwt)
{
	const char *sub = json_get_string(jwt->claims, "sub");
	struct slice s = slice_of(sub == NULL ? jwt->issuer->issuer : sub);

	return arena_strndup(a, s.s, text_cut(s, NAME_MAX_LEN));
}

static enum err
by_token(struct arena *a, const struct tenant *t, const struct jwt_ask *ask,
    struct caller *out, struct why *w)
{
	struct json_object *ids;
	struct strings scopes;
	struct jwt jwt;
	enum err e;

	if ((e = jwt_verify(a, t, ask, &jwt, w)) != ERR_OK)
		return e;
	out->known = true;
	if (out->name == NULL)
		out->name = name_of(a, &jwt);
	if (jwt.issuer->use == JWT_CUSTOMERS) {
		if ((ids = jwt_identifiers(a, t, jwt.claims)) != NULL)
			out->claims = json_merge(a, out->claims, ids, false);
		return ERR_OK;
	}
	scopes = jwt_scopes(a, jwt.claims);
	scopes_add(a, &out->scopes, &scopes);
	return ERR_OK;
}

enum err
caller_identify(struct arena *a, const struct tenant *t,
    const struct credentials *c, struct caller *out, struct why *w)
{
	struct jwt_ask ask = { .now = c->now,
		.allow_private = c->allow_private };
	struct caller who = { .name = NULL };
	const char *token;
	enum err e;

	if (given(c->api_key) &&
	    (e = by_key(a, t, c->api_key, &who, w)) != ERR_OK)
		return e;
	if ((e = bearer(c->authorization, &token, w)) != ERR_OK)
		return e;
	ask.token = slice_of(token);
	if (token != NULL && (e = by_token(a, t, &ask, &who, w)) != ERR_OK)
		return e;
	ask.token = slice_of(c->auth_token);
	ask.customers = true;
	if (given(c->auth_token) &&
	    (e = by_token(a, t, &ask, &who, w)) != ERR_OK)
		return e;
	*out = who;
	return ERR_OK;
}

bool
caller_may(const struct caller *c, const char *scope)
{
	return strings_has(&c->scopes, scope) || strings_has(&c->scopes, "*");
}
