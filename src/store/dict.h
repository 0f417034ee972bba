#ifndef STORE_DICT_H
#define STORE_DICT_H

/*
 * dict - texts and the codes that stand for them in columns.
 *
 * A dictionary grows: an entry commits before any pass has its code, in a
 * transaction of its own, and stays when the last pass lets go of it, until
 * a pass is erased.  So no pass locks it, and a code once read is good.
 * Dictionary DICT_NAMES gives the fields their numbers, which are those of
 * their dictionaries.
 */

#include "store/private.h"

#define DICT_NAMES 0

/* Forget what was remembered. */
void dict_close(struct store *st);

/* The code of a text; ERR_NOTFOUND when there is none yet. */
MUST_CHECK enum err dict_find(
    struct store *st, uint32_t dict, struct slice text, uint32_t *code);

/* The same, giving it one. */
MUST_CHECK enum err dict_code(
    struct store *st, uint32_t dict, struct slice text, uint32_t *code);

/* Call `fn` for every text, in order of the bytes. */
typedef enum err dict_fn(struct slice text, uint32_t code, void *arg);
MUST_CHECK enum err dict_each(
    struct store *st, uint32_t dict, dict_fn *fn, void *arg);

/*
 * Codes that this process remembers are good as long as nobody mends the
 * dictionary: look, and forget them if somebody did.
 */
MUST_CHECK enum err dict_refresh(struct store *st);

/* Have every process forget. */
MUST_CHECK enum err dict_renew(struct store *st);

/* All codes that were ever given are less; ERR_NOTFOUND: none was. */
MUST_CHECK enum err dict_next(struct store *st, uint32_t dict, uint32_t *next);

/*
 * Remove an entry whose code no pass has any more, and have every process
 * forget it; or put it back.
 */
MUST_CHECK enum err dict_drop(
    struct store *st, uint32_t dict, struct slice text);
MUST_CHECK enum err dict_put_back(
    struct store *st, uint32_t dict, struct slice text, uint32_t code);

/*
 * Remove entries whose code another has, or that was never given, so that
 * dict_code() gives them new ones; each is told to `report`, if not NULL,
 * and stays unless `mend`.
 */
MUST_CHECK enum err dict_check(struct store *st, bool mend,
    store_report_fn *report, void *arg, uint64_t *faults);

#endif
