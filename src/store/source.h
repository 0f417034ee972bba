#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

/*
 * source - by what way somebody came to a pass: what was said of it when the
 * pass was last downloaded.  An install that follows takes it over.
 */

#include "store/store.h"

#define STORE_SOURCE_MAX 8192 /* bytes of `json` */

struct store_source {
	int64_t date;      /* of the download, in ms */
	struct slice json; /* an object */
};

/*
 * Keep the source of a pass's last download.  The pass does not change by it.
 * The commit is not flushed: a crash of the machine may take the source of
 * the last downloads back, and nothing else.  ERR_NOTFOUND: there is no such
 * pass; ERR_TOOBIG.
 */
MUST_CHECK enum err store_source_put(
    struct store *st, const char *id, const struct store_source *s);

/* The source of a pass's last download; ERR_NOTFOUND: none was given. */
MUST_CHECK enum err store_source_get(
    struct txn *t, const char *id, struct arena *a, struct store_source *out);

#endif
