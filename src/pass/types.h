#ifndef PASS_TYPES_H
#define PASS_TYPES_H

/*
 * types - the compiled templates of a pass type.
 *
 * Compiled when first needed, one program for metadata and one for what a
 * wallet shows (card, apple and google together); they live with the
 * snapshot.
 */

#include "base/err.h"
#include "conf/tenant.h"
#include "pass/template.h"

/* Metadata template of the type; `*out` is NULL when it has none. */
MUST_CHECK enum err types_metadata(struct tenant *t, struct pass_type *type,
    struct faults *f, struct template **out);

/* {card, apple, google} of the type as one template. */
MUST_CHECK enum err types_wallet(struct tenant *t, struct pass_type *type,
    struct faults *f, struct template **out);

/* `$tenant`: name, url, languages; and `$text` of one language, where a
 * string that is missing falls back to the first language. */
struct json_object *types_tenant(struct arena *a, const struct tenant *t);
struct json_object *types_text(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const char *language);

#endif
