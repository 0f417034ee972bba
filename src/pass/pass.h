#ifndef PASS_PASS_H
#define PASS_PASS_H

/*
 * pass - the pass document: what is stored, what is shown, what is indexed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "conf/tenant.h"
#include "store/store.h"

#define PASS_DOCUMENT_MAX    262144 /* bytes, without `providers` */
#define PASS_IDENTIFIERS_MAX 32
#define PASS_SERIAL_FIELD    "apple.serialNumber" /* of store_field_find() */

/* The field by which an imported pass is found, see store_field_find(). */
#define PASS_GOOGLE_OBJECT "google.objectId"

struct pass {
	const char *id, *secret, *type;
	int64_t created, updated; /* ms; what the API shows */
	int64_t modified;         /* seconds, since 1970; Last-Modified */
	struct json_object *identifiers, *metadata, *additional; /* objects */
	struct json_object *providers, *extensions;              /* objects */
	struct json_object *notification; /* the last message to its holders;
					     see notification.h; or NULL */
	struct json_object *answers; /* of data providers: [{provider, data}],
					or NULL */
	const char *apple_serial;    /* = id, but for imported passes */
	const char *apple_token;    /* authentication token, >= 16 characters */
	const char *google_object;  /* id of the object of an imported pass,
				       else NULL */
	unsigned char rendered[32]; /* digest of what it was last rendered
				       from; see change.h */
	bool has_rendered;
};

/* Make the pass that a store row holds; owned by `a`. */
MUST_CHECK enum err pass_parse(
    struct arena *a, struct slice document, struct pass *out);

/*
 * The same, but only `id`, `type` and `modified` need be filled: what decides
 * which package it has, and little of the work.
 */
MUST_CHECK enum err pass_peek(
    struct arena *a, struct slice document, struct pass *out);

/* The document to store.  ERR_TOOBIG over PASS_DOCUMENT_MAX. */
MUST_CHECK enum err pass_print(
    struct arena *a, const struct pass *p, struct slice *document);

/* Exactly the nine properties of `Pass`, for lists. */
struct json_object *pass_row(struct arena *a, const struct pass *p);

/*
 * The stored document as `data/raw` shows it; without `secrets`, less the
 * secret and the Apple authentication token.
 */
struct json_object *pass_raw(
    struct arena *a, const struct pass *p, bool secrets);

/*
 * The data document: id, passType, identifiers, additionalData, and, with
 * `metadata`, metadata; and over these (RFC 7396) what the data providers
 * answered.  What templates see as `.`.
 */
struct json_object *pass_data(
    struct arena *a, const struct pass *p, bool metadata);

/* STORE_APPLE | STORE_GOOGLE: the wallets where it is installed now. */
unsigned pass_installed(const struct pass *p);

/* A date of a change that rises by at least one from the last, `than`. */
static inline int64_t
pass_later(int64_t now, int64_t than)
{
	return now > than ? now : than + 1;
}

/* Fill `row->fields`, `row->columns` and `row->unique` from the pass. */
void pass_index(struct arena *a, const struct tenant *t, const struct pass *p,
    struct store_pass *row);

/*
 * The digest of pass type and unique values; false when the type lists none
 * or one of them is absent.
 */
bool pass_unique(const struct pass_type *type, struct json_object *identifiers,
    unsigned char out[32]);

#endif
