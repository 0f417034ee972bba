#ifndef PASS_SUPPLIER_H
#define PASS_SUPPLIER_H

/*
 * supplier - from a value of another system, such as an order's number, to
 * passes.
 */

#include "base/why.h"
#include "pass/change.h"

#define SUPPLIER_PASSES 100 /* of one value */
#define SUPPLIER_VALUE  512 /* bytes of it */

struct supplied {
	const char **ids; /* in the order of the supplier */
	size_t n;
	bool refresh; /* see struct change_result */
};

/*
 * The passes that supplier `r` names for `value`: found by pass type and
 * identifiers, and made where it says so; the rest is left out.  ERR_INVALID:
 * no value that may be asked; ERR_UPSTREAM: it fails, or names what can be no
 * pass.
 */
MUST_CHECK enum err supplier_find(struct change_env *env, struct remote *r,
    const char *value, struct supplied *out, struct why *w);

#endif
