#ifndef STORE_PHONE_H
#define STORE_PHONE_H

/*
 * phone - do the rows of devices, registrations, holders and tokens agree?
 *
 * What is registered is believed when device and pass are there; the rest is
 * made to follow.
 */

#include "store/private.h"

/* A row of TABLE_DEVICE, _REGISTRATION, _HOLDER or _TOKEN. */
struct phone_row {
	enum table table;
	struct slice key;
};

/* What is wrong with it to `*fault`, else NULL, as when it has gone. */
MUST_CHECK enum err phone_judge(struct txn *t, struct arena *a,
    const struct phone_row *row, const char **fault);
MUST_CHECK enum err phone_mend(
    struct txn *t, struct arena *a, const struct phone_row *row);

#endif
