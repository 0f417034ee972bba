#ifndef WALLET_APPLE_KEPT_H
#define WALLET_APPLE_KEPT_H

/*
 * kept - signed passes, kept on disk until what they are made of changes.
 *
 * A file's name holds the digest of all that the pass was made of, so a kept
 * pass is never stale: another digest is another file.  The boot of the
 * machine is part of it, because a file that nobody synced may be anything
 * after a power cut.  The folder has a fixed number of slots, a pass goes to
 * the slot of its id, and whoever stores into a slot removes what nobody has
 * asked for in the last KEPT_GRACE seconds; what was asked for later stays,
 * because a web server may be about to open it.  A slot of KEPT_WAYS such
 * files takes no more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define KEPT_SLOTS 4096
#define KEPT_WAYS  4
#define KEPT_GRACE 10
#define KEPT_ETAG  42 /* an entity tag: 40 digits in quotes */

struct kept {
	const char *path;
	char etag[KEPT_ETAG + 1];
	int64_t modified; /* seconds */
};

struct kept_key {
	const char *dir; /* of the tenant's data */
	const char *id;  /* of the pass */
	unsigned char digest[32];
};

/*
 * False when that pass, made of that, is not kept.  The file stays for
 * another KEPT_GRACE seconds from `now` (milliseconds) at least.
 */
bool kept_find(
    struct arena *a, const struct kept_key *key, int64_t now, struct kept *out);

/*
 * The tag and time of what this process found or kept of late, without a look
 * at the file system: the file may be gone, and `path` is NULL.
 */
bool kept_recall(const struct kept_key *key, struct kept *out);

/*
 * Keep `zip`, whose etag and modified are `k`'s.  A failure is logged at most
 * once a minute and otherwise without effect: the pass is made again next
 * time.
 */
void kept_store(struct arena *a, const struct kept_key *key,
    const struct kept *k, struct slice zip, int64_t now);

/* Remove what is kept in the slot of pass `id`, that of other passes too. */
void kept_forget(struct arena *a, const char *dir, const char *id);

#endif
