#ifndef WALLET_APPLE_ARCHIVE_H
#define WALLET_APPLE_ARCHIVE_H

/*
 * archive - zip files made in memory; the same input gives the same bytes.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct archive_file {
	const char *name; /* UTF-8 */
	struct slice data;
};

struct archive {
	struct slice base; /* a zip made here before, whose files come first */
	const struct archive_file *files;
	size_t n;
	int64_t seconds; /* since 1970, the time of `files` */
};

/*
 * Files are stored: deflating what are mostly images costs half of the
 * speed.  ERR_INTERNAL, logged.
 */
MUST_CHECK enum err archive_make(
    struct arena *a, const struct archive *in, struct slice *zip);

#endif
