#ifndef TESTS_AUTH_TOKEN_H
#define TESTS_AUTH_TOKEN_H

/*
 * token - keys and signed tokens, made while a test runs.
 *
 * They are made by OpenSSL alone, so that a fault of the library that judges
 * them cannot hide here.
 */

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/slice.h"

struct token_key {
	const char *alg;
	EVP_PKEY *pkey; /* NULL: `secret` */
	struct slice secret;
};

/* base64url without padding. */
const char *token_base64(struct arena *a, struct slice s);

/* Members of a public JWK, without kid, use and alg. */
struct json_object *token_jwk(struct arena *a, EVP_PKEY *pkey);

/* {"keys": [...]} of `n` of them; kid NULL: none. */
struct json_object *token_set(
    struct arena *a, EVP_PKEY *const *pkeys, const char *const *kids, size_t n);

/* The compact form; `header` and `payload` are JSON text, or garbage. */
char *token_sign(struct arena *a, const struct token_key *key,
    const char *header, const char *payload);

#endif
