#ifndef PAGE_LAYOUT_H
#define PAGE_LAYOUT_H

/*
 * layout - a tenant's own page: HTML with jq expressions in {{ }}.
 *
 * What an expression gives is escaped as html_text() does it, null is
 * nothing, the rest compact JSON.  It stands as text or in a quoted
 * attribute; in an address of href, `| @uri` keeps it a part of it.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/tenant.h"

/* ERR_INVALID after faults with their lines, each time the same. */
MUST_CHECK enum err layout_check(
    struct tenant *t, struct layout *l, struct faults *f);

/* ERR_INTERNAL after an expression failed, which is logged. */
MUST_CHECK enum err layout_fill(struct arena *a, struct tenant *t,
    struct layout *l, struct json_object *data, struct slice *out);

#endif
