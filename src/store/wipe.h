#ifndef STORE_WIPE_H
#define STORE_WIPE_H

/*
 * wipe - what removed rows left behind in the pages of a copy; of this room
 * only.
 *
 * Berkeley DB leaves the bytes of a removed row where they are until others
 * take the place.  Nobody reads them, not even recovery, which has in the log
 * what it puts back.
 */

#include "store/private.h"

/*
 * Overwrite them in every file of a folder that nobody has open.  An errno,
 * or 0.
 */
int wipe_folder(const char *dir);

/* Of one page; true when there was something.  For tests. */
struct wipe_layout {
	size_t page;   /* bytes */
	size_t record; /* of a queue's: bytes with its flags; 0: a btree */
};
bool wipe_page(unsigned char *p, const struct wipe_layout *l);

#endif
