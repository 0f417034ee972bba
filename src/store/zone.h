#ifndef STORE_ZONE_H
#define STORE_ZONE_H

/*
 * zone - between which numbers the cells of each chunk of a column lie.
 *
 * Ordinals are given in the order of creation, so dates lie in runs: of most
 * chunks their zone tells that none of their passes can be on a page, and
 * they need not be read.
 *
 * Zones are rows of TABLE_COLUMN, after the strips of their field: chunk
 * ZONE_AT + n is of ZONE_GROUP chunks.  They change with the strips.  A zone
 * that is not there says nothing, and is no fault.
 */

#include "store/column.h"

#define ZONE_AT    UINT32_C(0x80000000)
#define ZONE_GROUP 64
#define ZONE_NOTES 256

struct zone {
	uint64_t lo, hi;
	uint32_t n; /* cells: all numbers; 0: nothing is known */
};

/* -- writing: the strips of a field first, then their zones ---------------- */

struct zone_notes {
	struct zone_note {
		uint32_t chunk;
		struct zone zone;
	} list[ZONE_NOTES];
	size_t n;
};

/* What the strip has now, while there is room.  Chunks come in their order. */
void zone_note(struct zone_notes *z, uint32_t field, const struct strip *s);

/* Write and forget what was noted. */
MUST_CHECK enum err zone_write(
    struct txn *t, uint32_t field, struct zone_notes *z);

/* Is the zone of a chunk what its strip says?  With `mend`, make it so. */
MUST_CHECK enum err zone_check(
    struct txn *t, uint32_t field, uint32_t chunk, bool mend, bool *good);

/* -- reading --------------------------------------------------------------- */

/* An order by the numbers of a column. */
struct zone_ask {
	uint32_t field;
	uint64_t flip;        /* all ones: descending */
	uint64_t first, last; /* ranks that are wanted */
};

/*
 * Take out of `set` chunks that cannot have a pass of the wanted ranks, and
 * count the ranks, and the set, without them.
 */
MUST_CHECK enum err zone_narrow(
    struct view *v, struct zone_ask *ask, struct store_set *set);

#endif
