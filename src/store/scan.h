#ifndef STORE_SCAN_H
#define STORE_SCAN_H

/*
 * scan - rows of a table in order, many at a time, outside a transaction.
 *
 * No lock is held between two calls; a row that is there all the while is
 * seen once.
 */

#include "store/private.h"

#define SCAN_BYTES (128U << 10) /* stays in a processor's own cache */

struct scan {
	struct store *st;
	enum table table;
	DBT rows;
	void *next; /* in rows; NULL: fetch more */
	bool started, ended;
	struct slice key, value; /* the row given last */
	unsigned char *last;     /* a copy of both */
	struct slice within, needle;
	uint64_t *hits; /* where it begins in rows: a bit for each 8 bytes */
};

void scan_init(struct scan *s, struct store *st, enum table n);

/* The next row is the first one whose key is not less. */
void scan_from(struct scan *s, struct slice key);

/* Give all rows whose key begins so; `prefix` must stay. */
void scan_within(struct scan *s, struct slice prefix);

/*
 * Give only rows in which `needle` occurs, which must stay; others may be
 * given as well.
 */
void scan_only(struct scan *s, struct slice needle);

/*
 * The next row, good until the next call; ERR_NOTFOUND after the last.  Of
 * sorted duplicates each is a row.
 */
MUST_CHECK enum err scan_next(
    struct scan *s, struct slice *key, struct slice *value);

void scan_free(struct scan *s);

#endif
