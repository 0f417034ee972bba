#ifndef WALLET_APPLE_SIGNER_H
#define WALLET_APPLE_SIGNER_H

/*
 * signer - an Apple pass type certificate, its key and the WWDR certificate.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/why.h"
#include "conf/fault.h"
#include "conf/tenant.h"

struct signer;

/*
 * Load and judge: the key fits, UID is the pass type identifier, OU the team,
 * WWDR issued the certificate, both are valid at `now` (milliseconds).  The
 * certificates are PEM or DER; without `key` the key is looked for beside the
 * certificate, and so is WWDR's certificate without `wwdr`.  ERR_UNSET when a
 * setting is missing (`faults` says which), ERR_INVALID after other faults.
 * A certificate in its last 30 days is a warning.  Lives as long as `a`.
 */
MUST_CHECK enum err signer_load(struct arena *a, const struct apple_conf *c,
    int64_t now, struct faults *f, struct signer **out);

/* SHA-256 over the certificates: changes when they do. */
void signer_digest(const struct signer *s, unsigned char out[32]);

/*
 * The detached CMS signature over `manifest`: SHA-256, attributes
 * contentType, signingTime (`now`) and messageDigest, certificates WWDR and
 * leaf (RFC 5652; Apple, "Creating a pass": sign with the manifest's bytes).
 */
MUST_CHECK enum err signer_sign(const struct signer *s, struct slice manifest,
    int64_t now, struct arena *a, struct slice *der);

/* Be this certificate in connections of `ctx`, an SSL_CTX. */
bool signer_use(const struct signer *s, void *ctx);

/*
 * The process's signers, kept until a file of theirs changes (looked at most
 * once a second) or a certificate expires; good until the next call.  Faults
 * are logged once per change.  ERR_UNSET with `why` naming the missing
 * setting; ERR_INTERNAL when the files cannot be used.
 */
MUST_CHECK enum err signer_get(const struct apple_conf *c, int64_t now,
    const struct signer **out, struct why *w);

#endif
