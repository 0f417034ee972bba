#ifndef PASS_BULK_H
#define PASS_BULK_H

/*
 * bulk - what a bulk update merges into its passes, as it is stored.
 */

#include "base/slice.h"
#include "pass/change.h"

/* The type, identifiers, data and flag of an update, as text. */
struct slice bulk_print(struct arena *a, const struct change_input *in);

/* The reverse; ERR_INTERNAL, logged, for what bulk_print() did not make. */
MUST_CHECK enum err bulk_parse(
    struct arena *a, struct slice text, struct change_input *out);

#endif
