#ifndef PASS_CHANGE_H
#define PASS_CHANGE_H

/*
 * change - creating and updating passes: the rules of the contract.
 *
 * Every path that changes a pass comes through here: POST, PATCH, and later
 * bulk updates, imports and notifications.
 */

#include "base/why.h"
#include "conf/tenant.h"
#include "pass/pass.h"
#include "store/store.h"

struct change_env {
	struct arena *a;
	struct tenant *tenant;
	struct store *store;
	const struct strings *allow_private; /* that providers may reach; or
						NULL */
	int64_t now;
	ident_random_fn *random;
};

/* What an update that computes metadata does about data providers. */
enum change_ask {
	CHANGE_STORED, /* last answers do; what is to be asked is owed */
	CHANGE_FRESH,  /* they are asked; what fails is owed */
	CHANGE_MUST    /* they are asked; ERR_UPSTREAM when one has no answer */
};

struct change_input {
	const char *type; /* NULL: the default (create), no change (update) */
	struct json_object *identifiers; /* object or NULL */
	struct json_object *additional;  /* object or NULL */
	struct json_object *extensions;  /* create only */
	bool update_metadata;            /* update only */
	enum change_ask ask;             /* update only */
	bool known;     /* create only: a pass of that type with all these
			   identifiers is found in the place of a new one */
	unsigned tries; /* of a refresh, that failed before */
	const char *operation;       /* that counts the update, or NULL */
	struct json_object *message; /* to its holders, judged; update only */
};

struct change_result {
	const char *id;
	bool changed; /* false: found by unique identifiers, or no change */
	bool owes;    /* wallets are to be told of it */
	bool refresh; /* providers are to be asked still: store/refresh.h */
};

/*
 * Judge what a caller sent: keys and values of identifiers, their number,
 * the kind of the members.  ERR_INVALID with `why`.
 */
MUST_CHECK enum err change_check(
    const struct change_input *in, bool create, struct why *w);

/*
 * Create a pass, or find the one that has the same unique identifiers.
 * Metadata is computed.  ERR_INVALID (unknown or missing type), ERR_TOOBIG,
 * ERR_INTERNAL (a template failed: nothing is stored).
 */
MUST_CHECK enum err change_create(struct change_env *env,
    const struct change_input *in, struct change_result *out, struct why *w);

/* The first pass of `in`'s type with all its identifiers.  ERR_NOTFOUND. */
MUST_CHECK enum err change_find(
    struct change_env *env, const struct change_input *in, const char **id);

/*
 * The pass that change_create() would store, without storing or finding any;
 * `env->store` is not used.
 */
MUST_CHECK enum err change_make(struct change_env *env,
    const struct change_input *in, struct pass *out, struct why *w);

/*
 * Complete a pass that was issued elsewhere, as record_parse() left it, as
 * change_create() would, and the row to store it in.  Its id, when it has none,
 * is derived from `key`, 32 bytes, and what is said of it: the same for the
 * same.  Nothing is stored.  ERR_INVALID, ERR_TOOBIG and ERR_INTERNAL as above.
 */
MUST_CHECK enum err change_adopt(const struct change_env *env,
    const unsigned char *key, struct pass *p, struct store_pass *row,
    struct why *w);

/*
 * Merge `in` into pass `id`.  ERR_NOTFOUND; ERR_CONFLICT when another pass
 * has the unique values; ERR_UNSET when metadata are to be computed and the
 * pass's type is no longer configured; the rest as above.  Wallets where the
 * pass is installed are owed a push from the same transaction on.
 */
MUST_CHECK enum err change_update(struct change_env *env, const char *id,
    const struct change_input *in, struct change_result *out, struct why *w);

/*
 * Remove pass `id` from every table and index.  The end of its object is owed
 * to Google from the same transaction on.  ERR_NOTFOUND; ERR_BUSY: others go
 * on changing it.
 */
MUST_CHECK enum err change_erase(
    struct change_env *env, const char *id, struct why *w);

/*
 * Merge `in`, which passed change_check(), into many passes in one
 * transaction, of which `also`, called last, is a part.  Each of `items` is
 * updated, or its `err` tells why it is not; NULL for an id is ERR_NOTFOUND.
 * What is returned is of the transaction: unless ERR_OK, nothing was changed.
 */
struct change_item {
	const char *id;
	enum err err;
	bool changed, owes;
};
MUST_CHECK enum err change_batch(struct change_env *env,
    const struct change_input *in, struct change_item *items, size_t n,
    store_fn *also, void *arg);

#endif
