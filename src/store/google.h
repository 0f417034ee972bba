#ifndef STORE_GOOGLE_H
#define STORE_GOOGLE_H

/*
 * google - what is remembered of Google Wallet beside the passes.
 */

#include "base/digest.h"
#include "store/store.h"

#define GOOGLE_LOUD_MAX 3 /* notifications of a pass in GOOGLE_LOUD_MS */
#define GOOGLE_LOUD_MS  (24LL * 60 * 60 * 1000)

/* The digest of the class as Google has it; ERR_NOTFOUND: it is not known. */
MUST_CHECK enum err google_class_get(
    struct store *st, const char *id, unsigned char digest[DIGEST_LEN]);

/* `digest` NULL: Google has it no more. */
MUST_CHECK enum err google_class_put(
    struct store *st, const char *id, const unsigned char *digest);

/*
 * Remember `nonce` until `expires` (ms), and forget some that are past it.
 * ERR_CONFLICT, and nothing is written: it is remembered already.
 */
MUST_CHECK enum err google_nonce_take(
    struct txn *t, struct slice nonce, int64_t expires, int64_t now);

/*
 * `*loud`: Google lets one more notification of the object be heard, for less
 * than GOOGLE_LOUD_MAX were in the last GOOGLE_LOUD_MS.
 */
MUST_CHECK enum err google_loud_get(
    struct store *st, const char *object, int64_t now, bool *loud);

/* One was heard. */
MUST_CHECK enum err google_loud_put(
    struct store *st, const char *object, int64_t now);

/*
 * What links to save objects carry: the pass as it was at `updated` (ms).  The
 * commit is not flushed, see store_source_put().
 */
struct google_given {
	const char *object;
	int64_t updated;
};
MUST_CHECK enum err google_given_put(
    struct store *st, const struct google_given *list, size_t n);

/* The last link's, which is forgotten; `*updated` 0: there was none. */
MUST_CHECK enum err google_given_take(
    struct txn *t, const char *object, int64_t *updated);

/*
 * The object of a pass that was erased: Google is to have it INACTIVE, which
 * the pass owes (due.h) from `now` on.
 */
struct google_end {
	const char *pass, *type;
	const char *object; /* id, of an imported pass; or NULL */
};
MUST_CHECK enum err google_end_put(
    struct txn *t, const struct google_end *end, int64_t now);

/* Of the pass of that id; ERR_NOTFOUND: it was not erased. */
MUST_CHECK enum err google_end_get(struct store *st, const char *pass,
    struct arena *a, struct google_end *out);

/*
 * It is dealt with.  What is remembered of `object`, its id, is forgotten
 * too; or NULL.
 */
MUST_CHECK enum err google_end_done(
    struct store *st, const char *pass, const char *object);

#endif
