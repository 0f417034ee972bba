#ifndef PASS_RENDERED_H
#define PASS_RENDERED_H

/*
 * rendered - the digest of all that a pass is rendered from: the pass type
 * with its templates, strings and images, the data document, and the last
 * message.  A pass type that is gone (NULL) counts as zeros.
 */

#include "base/buf.h"
#include "pass/pass.h"

/* Set `p->rendered`. */
void rendered_digest(
    struct arena *a, const struct pass_type *type, struct pass *p);

/*
 * The same, where the sorted texts of data document and message are at hand:
 * begin a buffer, add both, and make the digest of what it holds.
 */
void rendered_begin(
    struct buf *b, struct arena *a, const struct pass_type *type);

#endif
