#ifndef CONF_TENANTS_H
#define CONF_TENANTS_H

/*
 * tenants - all tenants of a server, as a program that keeps running sees
 * them.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/server.h"
#include "conf/setting.h"
#include "conf/tenant.h"

struct tenants;

/* `s` must outlive the result. */
struct tenants *tenants_new(const struct server *s);
void tenants_free(struct tenants *ts);

/*
 * The present snapshot of tenant `id`, good until the next call of this
 * function.  It looks for changes at most once a second per tenant.  A
 * change that is at fault, or still being written, is not taken: the old
 * snapshot serves on, and the faults are logged once.  At most 64 snapshots
 * are kept.
 *
 * ERR_NOTFOUND: no such folder, or it has gone.  ERR_INTERNAL: at fault, and
 * there is no old snapshot; logged.  ERR_BUSY: being written, and there is no
 * old snapshot.
 */
MUST_CHECK enum err tenants_get(
    struct tenants *ts, const char *id, int64_t now, struct tenant **out);

/*
 * The paths of all tenants' urls, those that have one ("/wallet"), each once,
 * the longest first, ended by NULL; good until the next call of this
 * function.  Looks for changes at most once a second.
 */
const char *const *tenants_mounts(struct tenants *ts, int64_t now);

/*
 * The names of the tenants' folders, sorted.  ERR_INTERNAL, logged, when the
 * folder of tenants cannot be read.
 */
MUST_CHECK enum err tenants_list(
    struct arena *a, const struct server *s, struct strings *out);

#endif
