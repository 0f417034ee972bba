#ifndef API_BODY_H
#define API_BODY_H

/*
 * body - the members that a JSON body may have, by a table.
 *
 * Names match without regard to case, and a member that the table does not
 * name is refused, as the published schemas say.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/why.h"

enum body_type { BODY_STRING, BODY_BOOL, BODY_NUMBER, BODY_OBJECT, BODY_ARRAY };

struct body_field {
	const char *name; /* NULL ends a table */
	enum body_type type;
	const struct body_field *fields; /* BODY_OBJECT: its own; NULL: any */
};

/*
 * Copy `in` (NULL is empty) to `*out`, a new object under the table's own
 * names; members that are null are left out.  Of two names that differ in
 * case alone the last wins.  ERR_INVALID with `w` naming the member.
 */
MUST_CHECK enum err body_read(struct arena *a, const struct body_field *fields,
    struct json_object *in, struct json_object **out, struct why *w);

#endif
