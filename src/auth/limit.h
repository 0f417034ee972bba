#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

/*
 * limit - how many requests come from one place, counted by all processes.
 *
 * A window opens with the first request and lasts as long as the rate says;
 * `count` requests pass in it.  The counts lie in a small file that the
 * processes of a machine share, under keyed digests, not addresses.  It is a
 * cache: it forgets the oldest of more than LIMIT_SETS * LIMIT_WAYS places,
 * whatever garbage it holds is taken for none, and where it cannot be read or
 * written everybody passes.
 */

#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"
#include "conf/setting.h"

#define LIMIT_SETS 4096
#define LIMIT_WAYS 8

struct limit;

/* Open or make the file.  ERR_INTERNAL: it cannot be; logged. */
MUST_CHECK enum err limit_open(
    const char *path, ident_random_fn *random, struct limit **out);
void limit_close(struct limit *l);

/*
 * Count a request of `who`: an address, of IPv6 its /64 network, or any other
 * text, which is a place of its own.  ERR_BUSY: over the rate, and
 * `*retry_after` is the seconds until the window ends, at least 1.
 */
MUST_CHECK enum err limit_take(struct limit *l, const char *who,
    const struct rate *r, int64_t now, long *retry_after);

#endif
