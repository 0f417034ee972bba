#ifndef API_PASSES_H
#define API_PASSES_H

/*
 * passes - changing one pass, whatever asked for it.
 */

#include "api/call.h"

struct passes_update {
	struct change_input in;
	const char *correlation; /* or NULL */
	bool bypass;             /* tell the wallets before the answer */
};

/* Change pass `id` and answer; the store is open. */
MUST_CHECK enum err passes_update(struct call *c, struct response *resp,
    const char *id, struct passes_update *u);

#endif
