/*
 * fuzz_jwt - tokens of any kind.
 *
 * 'r' and a token: judged as it is, by issuers whose keys nobody knows, so
 * that it can never be good.  's', a header, a newline and claims: signed
 * first, so that what stands behind the signature is reached.
 */

#include <openssl/ec.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "base/ident.h"

/* A fuzzer is built of one file. */
#include "../auth/token.c"

#define NOW 1800000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const algorithms[] = { "HS256", "HS512", "ES256", "RS256",
	"none" };
static struct claim_rule claims[] = { { "email", "email" }, { "sub", "id" } };
static struct jwt_issuer issuers[] = {
	{ .issuer = "secret",
	    .audience = "me",
	    .algorithms = { (const char **)algorithms, 5 } },
	{ .issuer = "keys",
	    .audience = "me",
	    .use = JWT_CUSTOMERS,
	    .algorithms = { (const char **)algorithms, 5 } },
};
static const struct tenant tenant = {
	.issuers = issuers, .nissuers = 2, .claims = claims, .nclaims = 2
};

static struct arena *keys_arena, *arena;

static void
make_keys(void)
{
	static const char *const kids[] = { "one" };
	static char secret[32];
	EVP_PKEY *key = EVP_EC_gen("P-256");

	keys_arena = arena_new(4096);
	ident_random(secret, sizeof(secret));
	issuers[0].secret = (struct slice){ secret, sizeof(secret) };
	issuers[1].jwks = token_set(keys_arena, &key, kids, 1);
	EVP_PKEY_free(key);
}

static const char *
signed_text(struct arena *a, const char *text)
{
	const struct token_key k = { "HS256", NULL, issuers[0].secret };
	const char *end = text + strcspn(text, "\n");

	return token_sign(a, &k, arena_strndup(a, text, (size_t)(end - text)),
	    *end == '\0' ? "" : end + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jwt_ask ask = { .now = NOW };
	struct jwt jwt = { NULL, NULL };
	struct arena *a = arena;
	struct strings scopes;
	struct why w;

	if (a == NULL) {
		a = arena = arena_new(65536);
		make_keys();
	}
	if (size == 0)
		return 0;
	ask.token = (struct slice){ (const char *)data + 1, size - 1 };
	if (data[0] == 's')
		ask.token = slice_of(signed_text(
		    a, arena_strndup(a, ask.token.s, ask.token.len)));
	if (jwt_verify(a, &tenant, &ask, &jwt, &w) == ERR_OK) {
		if (data[0] != 's' || jwt.issuer != &issuers[0])
			abort();
		scopes = jwt_scopes(a, jwt.claims);
		if (strings_has(&scopes, "*"))
			abort();
		(void)jwt_identifiers(a, &tenant, jwt.claims);
	} else if (jwt.claims != NULL) {
		abort();
	}
	arena_reset(a);
	return 0;
}
