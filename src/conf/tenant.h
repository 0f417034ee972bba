#ifndef CONF_TENANT_H
#define CONF_TENANT_H

/*
 * tenant - a tenant's folder as one snapshot.
 *
 * A snapshot is read whole, never changes, and is replaced as a whole when a
 * file of the folder has changed.  Paths in it are absolute, secrets are
 * loaded.  Expressions in it are text; the pass room compiles them and hangs
 * the result on `pass_type.compiled`, freed with the snapshot's arena.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "conf/fault.h"
#include "conf/remote.h"
#include "conf/server.h"
#include "conf/setting.h"

struct apple_conf {
	const char *pass_type_identifier, *team_identifier;
	const char *certificate, *key, *wwdr; /* files */
	const char *p8, *key_id;
};

struct google_conf {
	const char *issuer_id;
	const char *service_account; /* file */
	struct strings origins;
	long poll; /* ms from one round of asking who has each pass to the
		      next, of the tenant's own only; 0: none */
};

enum pass_kind {
	KIND_CUSTOMER_CARD,
	KIND_EVENT_TICKET,
	KIND_GIFT_CARD,
	KIND_OFFER,
	KIND_BOARDING_PASS,
	KIND_TRANSIT,
	KIND_GENERIC
};

struct pass_type {
	const char *name;
	const char *file; /* as shown to the operator */
	const char *dir;  /* of its images and texts; may not exist */
	int kind;         /* enum pass_kind */
	struct strings unique_identifiers;
	const char *layout;
	struct strings caller_data;
	bool has_caller_data;         /* absent: all keys are allowed */
	struct apple_conf apple_conf; /* the tenant's, then its own over it */
	struct google_conf google_conf;
	struct json_object *metadata, *card, *apple, *google; /* or NULL */
	struct json_object *texts;     /* {lang: {key: string}}; never NULL */
	struct json_object *images;    /* {"icon.png": SHA-1 in hexadecimal};
					  never NULL; what `digest` is of */
	unsigned char digest[32];      /* of all that a rendering depends on but
					  the pass: what the yml says, texts,
					  images, the tenant's name, url and
					  languages, the wallets' ids; comments
					  and certificates leave it alone */
	int64_t changed;               /* the newest mtime of those files, in
					  seconds */
	struct template_set *compiled; /* pass room; NULL until needed */
};

struct api_key {
	const char *name;
	unsigned char hash[32];
	bool enabled;
	struct strings permissions;
};

enum jwt_use { JWT_API, JWT_CUSTOMERS };

struct jwt_issuer {
	const char *issuer, *audience;
	struct strings algorithms;
	int use; /* enum jwt_use */
	/* exactly one of the three */
	struct json_object *jwks; /* of jwksFile, parsed */
	const char *jwks_url;
	struct slice secret;
};

struct slices {
	struct slice *s;
	size_t n;
};

struct identifier_rule {
	const char *key;
	struct slices hmac_secrets;   /* loaded */
	unsigned char (*secrets)[32]; /* SHA-256 of each */
	size_t nsecrets;
};

struct claim_rule {
	const char *claim, *identifier;
};

struct named_secret {
	const char *name;
	struct slice value;
};

/* layouts/NAME.html */
struct layout {
	const char *name, *file;
	struct slice text;
	struct layout_program *compiled; /* page room; NULL until needed */
	bool broken;                     /* it cannot be */
};

struct tenant {
	const char *id, *dir;
	struct arena *a;        /* owns the snapshot itself */
	struct strings outside; /* files that were read, not in `dir` */

	/* tenant.yml */
	const char *name, *url, *default_pass_type;
	struct strings languages; /* at least one */
	struct apple_conf apple;
	struct google_conf google;
	long push_window, keep_operations, keep_events; /* milliseconds */

	/* security.yml */
	struct api_key *keys;
	size_t nkeys;
	struct jwt_issuer *issuers;
	size_t nissuers;
	struct claim_rule *claims;
	size_t nclaims;
	struct slices hmac_secrets;
	struct identifier_rule *identifiers;
	size_t nidentifiers;
	struct strings allow_unsigned;
	struct strings require_scope_for;
	struct strings cors_origins;
	struct rate anonymous_limit, tenant_limit;

	/* layouts/ */
	struct layout *layouts;
	size_t nlayouts;
	const char *apple_badge, *google_badge; /* data: URLs, or NULL */

	/* server/ */
	struct pass_type *types;
	size_t ntypes;
	struct remote *providers; /* in the order in which they are asked */
	size_t nproviders;
	struct remote *suppliers;
	size_t nsuppliers;
	struct named_secret *secrets; /* every file of secrets/ up to 64 KiB
					 whose name is a name */
	size_t nsecrets;
};

/* The tables of the three files, and of one rule of `identifiers`. */
extern const struct setting tenant_settings[], security_settings[],
    pass_type_settings[], identifier_settings[];

/* The pass type of that name, or NULL. */
struct pass_type *tenant_type(const struct tenant *t, const char *name);

/* The tenant's own layout of that name, or NULL. */
struct layout *tenant_layout(const struct tenant *t, const char *name);

/*
 * Read the folder of tenant `id`.  ERR_NOTFOUND if there is none; faults go
 * to `f` (warnings alone are ERR_OK).  The caller frees with tenant_free().
 */
MUST_CHECK enum err tenant_load(const struct server *s, const char *id,
    struct faults *f, struct tenant **out);

/*
 * The same to look for more faults, not to serve: with ERR_INVALID too,
 * `*out` is what could be read, with defaults in the place of the rest.
 */
MUST_CHECK enum err tenant_inspect(const struct server *s, const char *id,
    struct faults *f, struct tenant **out);
void tenant_free(struct tenant *t);

#endif
