#ifndef STORE_JUDGE_H
#define STORE_JUDGE_H

/*
 * judge - do the columns say what the documents say?
 */

#include "store/private.h"

/* All fields that passes have or had. */
struct judge;
MUST_CHECK enum err judge_new(struct store *st, struct judge **out);
void judge_free(struct judge *j);

/*
 * Compare the cells of an ordinal with those that `p` ought to have, or,
 * where that is NULL, with none; the first field that differs to `*field`,
 * else NULL.  judge_mend() puts all right.
 */
MUST_CHECK enum err judge_cells(struct txn *t, struct judge *j,
    uint32_t ordinal, const struct store_pass *p, const char **field);
MUST_CHECK enum err judge_mend(struct txn *t, struct judge *j, uint32_t ordinal,
    const struct store_pass *p);

/* Call `fn` for every ordinal that has cells but no pass, as it seems. */
typedef enum err judge_fn(uint32_t ordinal, void *arg);
MUST_CHECK enum err judge_orphans(
    struct store *st, struct judge *j, judge_fn *fn, void *arg);

/*
 * Call `fn` for every zone that is not what its strip says; with `mend`, it
 * is by then.
 */
typedef void judge_zone_fn(const char *field, void *arg);
MUST_CHECK enum err judge_zones(
    struct store *st, struct judge *j, bool mend, judge_zone_fn *fn, void *arg);

#endif
