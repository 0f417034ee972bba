#ifndef WALLET_GOOGLE_LOCALIZE_H
#define WALLET_GOOGLE_LOCALIZE_H

/*
 * localize - one tree for Google out of the same in several languages.
 */

#include "base/arena.h"
#include "base/json.h"

/* A LocalizedString of one language, for localize_merge() to complete. */
struct json_object *localize_text(
    struct arena *a, const char *language, const char *text);

/*
 * `trees` are the same in `n` `languages`, the default first; gives a new
 * one, owned by `a`.  What another language words differently becomes a
 * translation: in a LocalizedString, unless it lists its own, or beside a
 * plain text that Google has a localized member for.  Other texts are the
 * default's.  Elements of lists are the same by their id, or by their place.
 */
struct json_object *localize_merge(struct arena *a,
    struct json_object *const *trees, const char *const *languages, size_t n);

#endif
