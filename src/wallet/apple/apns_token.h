#ifndef WALLET_APPLE_APNS_TOKEN_H
#define WALLET_APPLE_APNS_TOKEN_H

/*
 * apns_token - a provider's token for Apple's push service (Apple,
 * "Establishing a token-based connection to APNs"): ES256 by a .p8 key.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/tenant.h"
#include "store/store.h"

#define APNS_TOKEN_MS INT64_C(2400000) /* 40 minutes: over 20, under 60 */

/*
 * The token to send now.  All processes share one, kept in the store and made
 * anew after 40 minutes, or when the key changes.  ERR_INTERNAL: the key
 * cannot be used (logged).
 */
MUST_CHECK enum err apns_token_get(const struct apple_conf *c, struct store *st,
    int64_t now, struct arena *a, const char **token);

/* SHA-256 over key, key id and team. */
MUST_CHECK enum err apns_token_digest(
    const struct apple_conf *c, unsigned char out[32]);

#endif
