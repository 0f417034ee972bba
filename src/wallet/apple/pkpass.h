#ifndef WALLET_APPLE_PKPASS_H
#define WALLET_APPLE_PKPASS_H

/*
 * pkpass - the package: files, manifest, signature, zip.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/why.h"
#include "conf/fault.h"
#include "conf/tenant.h"
#include "pass/pass.h"

struct pkpass {
	struct slice zip;
	const char *file; /* kept on disk; then `zip` is empty; or NULL */
	char etag[43];    /* quoted, of the manifest */
	int64_t modified; /* seconds; the newest of pass and pass type */
};

struct pkpass_of {
	struct tenant *tenant;
	struct pass_type *type;
	const struct pass *pass; /* whole, or as pass_peek() has it */
	struct slice document;   /* that it was read from */
	int64_t now;
};

/*
 * Render, sign and pack; the document of a whole pass is not looked at.  The
 * same pass gives the same bytes but for the signature.  ERR_UNSET with `why`
 * naming the missing setting (an icon among them); ERR_INTERNAL (logged) when a
 * template fails, or the certificate or an image cannot be used.
 */
MUST_CHECK enum err pkpass_build(struct arena *a, const struct pkpass_of *of,
    struct pkpass *out, struct why *w);

/*
 * The same pass, signed once for as long as pass, pass type and certificate
 * stay what they are: it may be a kept file, which the next few seconds do
 * not remove.
 */
MUST_CHECK enum err pkpass_get(struct arena *a, const struct pkpass_of *of,
    struct pkpass *out, struct why *w);

/*
 * Only the tag and time of it, where this process has met it of late; else
 * ERR_NOTFOUND, or what pkpass_get() says.
 */
MUST_CHECK enum err pkpass_recall(struct arena *a, const struct pkpass_of *of,
    struct pkpass *out, struct why *w);

/* Read the kept file into `zip`, if it is one.  ERR_INTERNAL, logged. */
MUST_CHECK enum err pkpass_read(struct arena *a, struct pkpass *p);

/*
 * What Wallet would refuse of that pass in any language, and images that are
 * missing, no PNG or of another size than Apple's, as faults of the pass
 * type's file, on the line that gives them.  The certificate is not looked
 * at: see signer_load().
 */
void pkpass_check(struct tenant *t, struct pass_type *type,
    const struct pass *p, int64_t now, struct faults *f);

/* Several packages as one .pkpasses: a zip of NAME.pkpass files. */
struct pkpass_file {
	const char *name; /* without the ending */
	struct slice zip;
};
MUST_CHECK enum err pkpass_bundle(struct arena *a,
    const struct pkpass_file *files, size_t n, struct slice *zip);

#endif
