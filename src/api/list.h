#ifndef API_LIST_H
#define API_LIST_H

/*
 * list - the query that a request's parameters ask.
 */

#include "http/request.h"
#include "store/query.h"

#define LIST_SIZE     20 /* of a page, unless told */
#define LIST_SIZE_MAX 1000

/*
 * Read filter[i].field|operator|value, sortBy[i].field|direction, pageIndex
 * and pageSize.  Indexes may come in any order and leave gaps; they order
 * what they number.  ERR_INVALID with `why` naming the parameter at fault.
 * `*out` points into the request.
 */
MUST_CHECK enum err list_query(
    struct arena *a, const struct request *r, struct query *out, struct why *w);

#endif
