#ifndef STORE_ANSWER_H
#define STORE_ANSWER_H

/*
 * answer - the last good answer of each data provider about each pass.
 *
 * All processes share them.  They go with the pass.
 */

#include "store/store.h"

#define ANSWER_REQUEST 32 /* bytes of a request's digest */

struct answer {
	const char *provider;
	unsigned char request[ANSWER_REQUEST]; /* what was asked */
	int64_t date;                          /* ms */
	struct slice json;                     /* an object, or null */
};

/* ERR_NOTFOUND: none yet. */
MUST_CHECK enum err answer_read(struct store *st, const char *id,
    const char *provider, struct arena *a, struct answer *out);

/* Keep `n` answers in the place of older ones. */
MUST_CHECK enum err answer_put(
    struct txn *t, const char *id, const struct answer *list, size_t n);

/*
 * The same in a transaction of its own, which is not flushed.  ERR_NOTFOUND:
 * there is no such pass.
 */
MUST_CHECK enum err answer_keep(
    struct store *st, const char *id, const struct answer *list, size_t n);

#endif
