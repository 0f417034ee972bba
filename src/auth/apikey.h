#ifndef AUTH_APIKEY_H
#define AUTH_APIKEY_H

/*
 * apikey - keys by their SHA-256.
 */

#include "base/ident.h"
#include "base/slice.h"
#include "conf/tenant.h"

#define APIKEY_LEN 40

/* A new key's text (APIKEY_LEN characters and a NUL). */
void apikey_new(char out[APIKEY_LEN + 1], ident_random_fn *random);

/* "sha256:" and 64 digits of a key's text, as security.yml has it. */
#define APIKEY_HASH_LEN 71
void apikey_hash(struct slice key, char out[APIKEY_HASH_LEN + 1]);

/*
 * The enabled key with this text, or NULL.  Every key is compared, each in
 * constant time.
 */
const struct api_key *apikey_find(const struct tenant *t, struct slice key);

#endif
