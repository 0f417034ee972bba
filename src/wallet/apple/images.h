#ifndef WALLET_APPLE_IMAGES_H
#define WALLET_APPLE_IMAGES_H

/*
 * images - the image files of a pass type, kept in the process with their
 * hashes and looked at again at most once a second.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "conf/setting.h"

struct image {
	const char *name; /* in the package: "icon@2x.png" */
	const char *path;
	struct slice data;
	const char *sha1; /* lower-case hexadecimal */
};

struct images_query {
	const char *dir;            /* the pass type's folder */
	struct json_object *images; /* {icon: "icon.png"}, or NULL */
	const struct strings *languages;
	int64_t now; /* milliseconds */
};

/*
 * Of each name its file, those with @2x and @3x beside it, and the same in
 * LANG.lproj of the folder; what does not exist is left out.  `out` is good
 * until the next call.  ERR_INTERNAL, logged, when a file cannot be read.
 */
MUST_CHECK enum err images_find(struct arena *a, const struct images_query *q,
    struct image **out, size_t *n);

#endif
