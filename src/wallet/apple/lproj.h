#ifndef WALLET_APPLE_LPROJ_H
#define WALLET_APPLE_LPROJ_H

/*
 * lproj - one pass.json out of several languages, and its pass.strings.
 */

#include "base/arena.h"
#include "base/json.h"
#include "base/slice.h"

/* LANG.lproj/pass.strings of one language. */
struct lproj {
	const char *language;
	struct slice text; /* UTF-8 */
};

/*
 * `trees` are the same pass in `n` languages, the default first, named in
 * `out`.  A text of the default tree that another language words differently
 * becomes a key of the strings, which is the text itself, so that a reader
 * without the language, or without translations at all, shows the default.
 * Where the key is taken (another use of the text is translated otherwise,
 * or not), invisible characters make it another.  What is no text for a
 * reader (identifiers, dates, colours, addresses) stays as it is.
 *
 * Gives the default tree with keys, or itself if nothing differs; `out` has
 * then no texts, and false is returned.
 */
bool lproj_split(struct arena *a, struct json_object **trees, size_t n,
    struct json_object **tree, struct lproj *out);

#endif
