#ifndef WALLET_PREVIEW_H
#define WALLET_PREVIEW_H

/*
 * preview - what a page or an app shows of a pass before it is installed.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/tenant.h"
#include "pass/pass.h"
#include "wallet/card.h"

/* Whether a rendered pass is of use at `now`. */
enum preview_state { PREVIEW_VALID, PREVIEW_VOID, PREVIEW_EXPIRED };
enum preview_state preview_state(const struct card_side *side, int64_t now);

struct preview_of {
	const struct pass *pass;
	int64_t now; /* ms */
	bool full;
};

/*
 * id, passType, title, subtitle, headerText, backgroundColor,
 * foregroundColor, enabled (neither void nor expired at `now`), apple and
 * google (offered by the tenant); with `full`, also `fields`, each with its
 * group, and `barcode`.  Texts are in the tenant's first language.
 */
MUST_CHECK enum err preview_build(struct arena *a, struct tenant *t,
    const struct preview_of *of, struct json_object **out);

#endif
