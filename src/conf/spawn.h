#ifndef CONF_SPAWN_H
#define CONF_SPAWN_H

/*
 * spawn - the worker is a program of its own: who runs, and who starts it.
 *
 * One worker runs for a folder of tenants: it holds the lock on the folder's
 * file `.worker` for as long as it works.  Whoever queues something touches
 * the tenant's data/, which the worker looks at all the time, and starts a
 * worker if none runs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/server.h"

/*
 * Something was queued in the folder `data`.  Looks at most once a second
 * whether a worker runs, by the time `now` in ms.  What fails is logged: the
 * next one, or cron, starts it.
 */
void spawn_worker(const struct server *s, const char *data, int64_t now);

/*
 * The side of the one that runs: take the lock, or ERR_BUSY when another has
 * it.  `*fd` holds it until it is closed.
 */
#define SPAWN_WORKER ".worker"
#define SPAWN_HUB    ".hub"
MUST_CHECK enum err spawn_lock(
    const struct server *s, const char *name, int *fd);

#endif
