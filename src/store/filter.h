#ifndef STORE_FILTER_H
#define STORE_FILTER_H

/*
 * filter - which passes meet the filters of a query, as a bit for each.
 */

#include "store/column.h"

/* `bits` has COLUMN_WORDS words for each chunk of the view. */
MUST_CHECK enum err filter_all(
    struct view *v, const struct query *q, uint64_t *bits);

/* Call `fn` for the id of every ordinal, in their order. */
typedef void filter_id_fn(uint32_t ordinal, struct slice id, void *arg);
MUST_CHECK enum err filter_each_id(
    struct store *st, filter_id_fn *fn, void *arg);

#endif
