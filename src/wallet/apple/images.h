#ifndef WALLET_APPLE_IMAGES_H
#define WALLET_APPLE_IMAGES_H

/*
 * images - the image files of a pass type, kept in the process hashed and
 * packed, and looked at again at most once a second.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "conf/setting.h"

struct image {
	const char *name; /* in the package: "icon@2x.png" */
	const char *path;
	char sha1[41];          /* lower-case hexadecimal */
	unsigned width, height; /* pixels; 0: it is no PNG */
};

struct images {
	struct image *list;
	size_t n;
	struct slice zip; /* of all of them: what a package begins with */
	bool known;       /* they are just what the query knows */
};

struct images_query {
	const char *dir;            /* the pass type's folder */
	struct json_object *images; /* {icon: "icon.png"}, or NULL */
	const struct strings *languages;
	int64_t now;               /* milliseconds */
	struct json_object *known; /* of a pass_type, or NULL */
};

/*
 * Of each name its file, those with @2x and @3x beside it, and of each
 * language its own (strip.png: strip.fr.png and strip.fr@2x.png); what does
 * not exist is left out.  `*out` is good until the next call.  ERR_INTERNAL,
 * logged, when a file cannot be read.
 */
MUST_CHECK enum err images_get(
    struct arena *a, const struct images_query *q, const struct images **out);

#endif
