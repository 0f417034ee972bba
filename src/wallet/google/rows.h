#ifndef WALLET_GOOGLE_ROWS_H
#define WALLET_GOOGLE_ROWS_H

/*
 * rows - where the fields of a card stand on its front in Google Wallet.
 */

#include "base/arena.h"
#include "base/json.h"
#include "conf/tenant.h"

/*
 * classTemplateInfo of the type: header and primary, secondary, auxiliary
 * fields in at most three rows of at most three (CardTemplateOverride).  It
 * comes from what the type's file says, because all passes share it: fields
 * without a literal key are not in it.  NULL when there is no field.
 */
struct json_object *rows_template(
    struct arena *a, const struct pass_type *type);

/* A field's key as the id of a text module, which has no dots. */
const char *rows_module(struct arena *a, const char *key);

#endif
