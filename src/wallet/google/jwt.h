#ifndef WALLET_GOOGLE_JWT_H
#define WALLET_GOOGLE_JWT_H

/*
 * jwt - the token by which somebody saves passes in Google Wallet.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/why.h"
#include "wallet/google/account.h"
#include "wallet/google/object.h"

/* Longer ones may be cut where a link is opened (Google, "JWTs"). */
#define JWT_MAX 1800

/* How much of the passes the token carries itself. */
enum jwt_form {
	JWT_FAT,       /* classes and objects */
	JWT_CLASSLESS, /* objects, of classes that Google has */
	JWT_SLIM       /* ids of objects that Google has */
};

struct jwt_of {
	const struct account *account;
	const struct strings *origins;
	const struct object *objects;
	size_t n;
	int64_t now; /* ms */
	enum jwt_form form;
};

/* ERR_INTERNAL, logged. */
MUST_CHECK enum err jwt_save(
    struct arena *a, const struct jwt_of *of, const char **token);

#endif
