#ifndef AUTH_JWKS_H
#define AUTH_JWKS_H

/*
 * jwks - the key sets that issuers publish, kept by the process.
 *
 * A set is kept as long as its max-age says, but at least a minute and at
 * most a day; ten minutes without one.  When it cannot be had again, the old
 * one serves for another day.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/setting.h"

#define JWKS_MIN_AGE  60000LL
#define JWKS_AGE      600000LL
#define JWKS_MAX_AGE  86400000LL
#define JWKS_STALE    86400000LL
#define JWKS_PATIENCE 10000LL /* between tries while there is no set */
#define JWKS_SETS     64      /* kept; of more, the least lately tried goes */

struct jwks_source {
	const char *url;
	const struct strings *allow_private; /* or NULL */
	int64_t now;
};

/*
 * The set of `src`, an object with an array `keys`.  With `again` a kept one
 * is not good enough: it is fetched, but at most once a minute.  ERR_BUSY: it
 * cannot be had now; logged.
 */
MUST_CHECK enum err jwks_get(struct arena *a, const struct jwks_source *src,
    bool again, struct json_object **out);

/* Forget all that is kept. */
void jwks_forget(void);

#endif
