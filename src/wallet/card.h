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

/* The channels of "#rrggbb", "#rgb" or "rgb(r, g, b)"; false if it is none. */
bool card_colour(const char *s, unsigned rgb[3]);

/*
 * What the type's file says that is wrong for any pass, on its line: unknown
 * keys, fields without key or value, keys used twice, colours, formats and
 * dates that are none, texts that a language lacks (a warning).
 */
void card_check(
    const struct tenant *t, const struct pass_type *type, struct faults *f);

#endif
