#ifndef AUTH_JWS_H
#define AUTH_JWS_H

/*
 * jws - signatures with public keys, by libjose.
 *
 * libjose speaks jansson, and jansson's header cannot stand beside json-c's:
 * this header knows neither, and nothing of theirs leaves the room's file.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* The three parts of a compact serialization, still in base64url. */
struct jws {
	struct slice header, payload, signature;
};

/*
 * True when `jwk`, the JSON text of one key, verifies the signature by `alg`.
 * The header must name that same algorithm, and the key no other one and no
 * other use (RFC 7517, sections 4.2 to 4.4).
 */
bool jws_verify(
    struct arena *a, const struct jws *jws, const char *alg, struct slice jwk);

#endif
