#ifndef WALLET_APPLE_PASSJSON_H
#define WALLET_APPLE_PASSJSON_H

/*
 * passjson - a rendered card as Apple's pass.json and its pass.strings.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/fault.h"
#include "conf/tenant.h"
#include "wallet/apple/lproj.h"
#include "wallet/card.h"

struct passjson {
	struct slice json;
	struct lproj *strings; /* nothing differs between languages: none */
	size_t nstrings;
};

/*
 * What `card` gives, with the type's `apple` keys laid over it (RFC 7396);
 * unknown keys go through.  Strings that differ between languages become
 * keys, with their texts in pass.strings.
 */
MUST_CHECK enum err passjson_build(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const struct pass *p, const struct card *card,
    struct passjson *out);

/*
 * W3C, "Date and Time Formats": a complete date with hours, minutes and a
 * zone, perhaps seconds; no fraction, no +0000, over which Wallet refuses a
 * whole pass.
 */
bool passjson_is_date(const char *s);

/* What a pass.json came from: the pass type's file, and its members. */
struct passjson_source {
	const char *file;
	struct json_object *card, *apple; /* or NULL */
};

/*
 * Whatever Wallet would refuse of a finished pass.json, as faults of the
 * source, on the line of the field or member that gave it (Apple, "Pass"
 * reference; wallet/apple/passjson_check.c cites each rule).
 */
void passjson_check(struct slice json, const struct passjson_source *src,
    struct faults *f, struct arena *a);

#endif
