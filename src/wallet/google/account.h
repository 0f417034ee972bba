#ifndef WALLET_GOOGLE_ACCOUNT_H
#define WALLET_GOOGLE_ACCOUNT_H

/*
 * account - a Google service account: its address and its key.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/why.h"
#include "conf/tenant.h"

struct account;

/*
 * The process's accounts, kept until their file changes, which is looked at
 * at most once a second; good until the next call.  ERR_UNSET with `why`
 * naming the missing setting; ERR_INTERNAL when the file cannot be used,
 * logged once per change.
 */
MUST_CHECK enum err account_get(const struct google_conf *c, int64_t now,
    const struct account **out, struct why *w);

/* What is wrong with the file, in words for the operator; NULL: nothing. */
const char *account_fault(struct arena *a, const struct google_conf *c);

const char *account_email(const struct account *acc);

/* Of the file as it was written last: DIGEST_LEN bytes. */
const unsigned char *account_digest(const struct account *acc);

/*
 * A JSON Web Token of `claims`, signed by the account: RS256 in the compact
 * form (RFC 7515, section 3.1).  ERR_INTERNAL, logged.
 */
MUST_CHECK enum err account_sign(const struct account *acc, struct arena *a,
    struct json_object *claims, const char **token);

#endif
