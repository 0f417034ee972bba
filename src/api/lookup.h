#ifndef API_LOOKUP_H
#define API_LOOKUP_H

/*
 * lookup - from identifiers to passes.
 */

#include "api/call.h"

/*
 * The one pass that the query of a PATCH names, by `id` or by `id.KEY`; all
 * given must match.  ERR_INVALID: none given; ERR_NOTFOUND; ERR_CONFLICT:
 * several.  The store is open.
 */
MUST_CHECK enum err lookup_one(struct call *c, const char **id);

#endif
