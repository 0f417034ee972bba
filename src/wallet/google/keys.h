#ifndef WALLET_GOOGLE_KEYS_H
#define WALLET_GOOGLE_KEYS_H

/*
 * keys - what Google signs its callbacks with.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/server.h"
#include "conf/tenant.h"

#define KEYS_DAY (24LL * 60 * 60 * 1000) /* ms that they are kept at most */
#define KEYS_TRY (60LL * 1000)           /* ms between two attempts that fail */

/*
 * The published keys, kept in the tenant's data until the first of them
 * expires, for a day at most; no message, however bad, has them fetched
 * sooner.  What is kept serves on while they cannot be fetched.
 * ERR_UPSTREAM: there are none.
 */
MUST_CHECK enum err keys_get(struct arena *a, const struct server *s,
    const struct tenant *t, int64_t now, struct json_object **out);

#endif
