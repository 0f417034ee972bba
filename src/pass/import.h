#ifndef PASS_IMPORT_H
#define PASS_IMPORT_H

/*
 * import - passes that were issued elsewhere, taken in by the batch.
 *
 * A pass that is here already, by its id or its unique identifiers, is left
 * as it is: so an import may be run again, and goes on where it was cut off.
 */

#include "pass/change.h"
#include "pass/record.h"

#define IMPORT_BATCH 200

enum import_fate { IMPORT_FAULT, IMPORT_ADDED, IMPORT_PRESENT };

struct import_item {
	unsigned line;            /* of the file */
	struct json_object *json; /* what it says; NULL: `why` is told */
	enum import_fate fate;
	struct why why; /* of a fault */
};

/*
 * One import: `env` but for its arena; `key` is of store_secret(); `seen`
 * begins empty and remembers what lines named, so that a later line that names
 * the same is at fault.
 */
struct import {
	struct change_env env;
	unsigned char key[STORE_SECRET_LEN];
	struct seen *seen;
	bool dry; /* only judge: nothing is stored */
};

/*
 * Judge and complete up to IMPORT_BATCH items, all of whose memory is of `a`;
 * those that are at fault get their fate.
 */
struct import_batch;
struct import_batch *import_adopt(
    struct import *im, struct arena *a, struct import_item *items, size_t n);

/*
 * Store them in one transaction, which is durable after store_flush(); the
 * others get their fate.  Unless ERR_OK, nothing was stored.  It touches
 * nothing but the store and the batch: another thread may adopt meanwhile.
 */
MUST_CHECK enum err import_store(struct import_batch *b);

#endif
