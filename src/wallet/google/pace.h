#ifndef WALLET_GOOGLE_PACE_H
#define WALLET_GOOGLE_PACE_H

/*
 * pace - the requests that an issuer may make, shared by all processes.
 */

#include "base/arena.h"
#include "base/err.h"
#include "conf/server.h"
#include "conf/tenant.h"

#define PACE_MS   50   /* between two requests: Google takes 20 a second */
#define PACE_WAIT 5000 /* ms; who would wait longer is told to come again */

/*
 * Wait for this process's turn.  The next one is written into a file of the
 * tenants' folder, or, where that cannot be written, of the tenant.
 * ERR_BUSY: too many wait already.  Without such a file nobody waits for
 * others; logged.
 */
MUST_CHECK enum err pace_wait(struct arena *a, const struct server *s,
    const struct tenant *t, const char *issuer);

#endif
