#ifndef PASS_NOTIFICATION_H
#define PASS_NOTIFICATION_H

/*
 * notification - a message to the holders of a pass.
 *
 * The pass keeps the last one: content, localizedContent, date, id, and
 * `number`, which counts them.
 */

#include "base/ident.h"
#include "base/json.h"
#include "base/why.h"

#define NOTIFICATION_BYTES     2048 /* of a content */
#define NOTIFICATION_LANGUAGES 100

/*
 * The message in a caller's body, {content, localizedContent}.  ERR_INVALID
 * with `w`.
 */
MUST_CHECK enum err notification_read(struct arena *a, struct json_object *body,
    struct json_object **message, struct why *w);

/* Is `o` one that a pass may keep?  ERR_INVALID with `w`. */
MUST_CHECK enum err notification_check(
    struct arena *a, struct json_object *o, struct why *w);

/* What is kept of `message`, after `last` (or NULL). */
struct json_object *notification_next(struct arena *a, struct json_object *last,
    struct json_object *message, int64_t now, ident_random_fn *random);

/*
 * The text for a language, else for the tenant's first one; "" where `n` is
 * NULL.  Invisible characters at its end make it another than that of the
 * notifications just before.
 */
const char *notification_text(struct arena *a, struct json_object *n,
    const char *language, const char *first);

#endif
