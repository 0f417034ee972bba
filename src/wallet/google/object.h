#ifndef WALLET_GOOGLE_OBJECT_H
#define WALLET_GOOGLE_OBJECT_H

/*
 * object - a rendered card as Google's class and object.
 *
 * What all passes of a type share is the class, what one of them has is the
 * object (Google Wallet API, REST reference).  The keys of `google.class` and
 * `google.object` are laid over what the card gives (RFC 7396); unknown ones
 * go through.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/why.h"
#include "conf/fault.h"
#include "conf/tenant.h"
#include "pass/pass.h"
#include "wallet/card.h"

struct object {
	const char *kind;               /* "loyalty": of loyaltyClass */
	const char *class_id, *id;      /* with the issuer's before them */
	struct json_object *class, *of; /* the class, and the object of it */

	/*
	 * A field with a changeMessage has its place there: whoever has the
	 * pass is told when it changes ("Trigger push notifications").
	 */
	bool notify_class, notify_object;
};

/*
 * Render `p`.  ERR_UNSET with `why` naming the missing setting;
 * ERR_INTERNAL (logged) when a template fails.
 */
MUST_CHECK enum err object_build(struct arena *a, struct tenant *t,
    struct pass_type *type, const struct pass *p, struct object *out,
    struct why *w);

/* The same of a card that is rendered already; the type has an issuer. */
void object_of_card(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const struct pass *p, const struct card *card,
    struct object *out);

/* The id of a pass's object without rendering it; NULL: no issuer is set. */
const char *object_id(
    struct arena *a, const struct pass_type *type, const struct pass *p);

/* "loyalty" of an enum pass_kind. */
const char *object_kind(int kind);

/*
 * Whatever Google would refuse of that pass, as faults of the pass type's
 * file; roles that the kind does not have are warnings.
 */
void object_check(struct tenant *t, struct pass_type *type,
    const struct pass *p, struct faults *f);

#endif
