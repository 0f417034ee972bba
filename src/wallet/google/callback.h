#ifndef WALLET_GOOGLE_CALLBACK_H
#define WALLET_GOOGLE_CALLBACK_H

/*
 * callback - what Google tells of saved and deleted passes.
 *
 * A message is signed by a key that is signed by one of Google's published
 * keys: ECv2SigningOnly (Google Wallet, "Use callbacks"; Tink, paymentmethod
 * token verification).  Signatures are over the very bytes of the strings.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/why.h"

struct callback {
	const char *class_id, *object_id, *nonce;
	bool save;       /* else it was deleted */
	int64_t expires; /* ms */
};

/* What a message is held against. */
struct callback_by {
	struct json_object *keys; /* as Google publishes them */
	const char *sender;       /* what Google calls itself */
	const char *issuer;       /* id of the recipient */
	int64_t now;              /* ms */
};

/*
 * ERR_INVALID with `why` for whatever is not four members of the right kind
 * and version: no key is needed to say so.
 */
MUST_CHECK enum err callback_shape(struct json_object *body, struct why *w);

/*
 * `body` passed callback_shape().  ERR_INVALID with `why` unless it is a
 * genuine message to that issuer which has not expired.
 */
MUST_CHECK enum err callback_verify(struct arena *a, struct json_object *body,
    const struct callback_by *by, struct callback *out, struct why *w);

#endif
