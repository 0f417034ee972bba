#ifndef CONF_EDIT_H
#define CONF_EDIT_H

/*
 * edit - changes to an operator's YAML file that keep the rest of it, byte
 * for byte: comments, order, style and line ends.
 *
 * A file is replaced whole or not at all, keeps its mode and owner, and is
 * replaced only if it then says what it said before plus the change.  Two
 * edits at the same time wait for each other.
 */

#include "base/arena.h"
#include "base/err.h"
#include "conf/fault.h"

/*
 * Append `item`, a value in flow style ("{ name: crm }"), to the list that
 * the top-level member `key` holds; list and file are made if missing.
 * ERR_INVALID after a fault: the file does not parse, or `key` holds
 * something else.  ERR_INTERNAL, logged, when it cannot be written.
 */
MUST_CHECK enum err edit_add_item(struct arena *a, const char *path,
    const char *key, const char *item, struct faults *f);

/*
 * Remove every item of that list whose `member` is `value`.  ERR_NOTFOUND if
 * there is none.
 */
struct edit_match {
	const char *key, *member, *value;
};
MUST_CHECK enum err edit_remove_item(struct arena *a, const char *path,
    const struct edit_match *m, struct faults *f);

#endif
