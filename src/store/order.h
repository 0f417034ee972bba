#ifndef STORE_ORDER_H
#define STORE_ORDER_H

/*
 * order - which passes of a set come first..first+count-1 in an order.
 *
 * Nothing is sorted but what stands on the page and what equals its first
 * and last: a pass over the keys finds those two by selection.  What is
 * equal there is narrowed by the next key in turn; the id, eight bytes at a
 * time, are the last keys.
 */

#include "store/column.h"

/*
 * `bits` has a bit for each of the set, `total` of them.  `out` has room
 * for q->count ordinals; `*n` tells how many there are on the page.
 */
MUST_CHECK enum err order_page(struct view *v, const struct query *q,
    const struct store_set *set, uint32_t *out, size_t *n);

#endif
