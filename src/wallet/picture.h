#ifndef WALLET_PICTURE_H
#define WALLET_PICTURE_H

/*
 * picture - the images of pass types as anybody may see them.
 *
 * A picture's name is the SHA-1 of its content, a dash and its file's name:
 * another content is another name, so that whoever keeps one never shows an
 * old one.  Images in a folder below the pass type's are not among them.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "conf/tenant.h"

/*
 * Where the file that `images` (card.images, as rendered) has under `name`
 * is seen: the one with most pixels of NAME@3x.png, NAME@2x.png and NAME.png.
 * NULL when there is none, or the tenant has no url.
 */
const char *picture_url(struct arena *a, const struct tenant *t,
    const struct pass_type *type, struct json_object *images, const char *name);

/*
 * The picture of that name.  ERR_NOTFOUND: no pass type has it, or its file
 * holds something else by now.
 */
MUST_CHECK enum err picture_read(struct arena *a, const struct tenant *t,
    const char *name, struct slice *out);

#endif
