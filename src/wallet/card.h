#ifndef WALLET_CARD_H
#define WALLET_CARD_H

/*
 * card - a pass rendered, before it becomes any wallet's.
 *
 * Evaluates the templates of a pass type for one pass, once per language.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/tenant.h"
#include "pass/pass.h"

struct card_side {
	const char *language;
	struct json_object *card;   /* object; fields without value are gone */
	struct json_object *apple;  /* object or NULL */
	struct json_object *google; /* object or NULL */
};

struct card {
	struct card_side *sides; /* the tenant's languages, first is default */
	size_t n;
};

/* ERR_INTERNAL after a template failed; logged. */
MUST_CHECK enum err card_render(struct arena *a, struct tenant *t,
    struct pass_type *type, const struct pass *p, struct card *out);

#endif
