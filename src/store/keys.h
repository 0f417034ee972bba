#ifndef STORE_KEYS_H
#define STORE_KEYS_H

/*
 * keys - keys made of parts, for what is registered; of this room only.
 */

#include "store/private.h"

#define KEYS_HASH 16 /* bytes of a token's hash */

struct keys_key {
	unsigned char b[STORE_KEY_MAX];
	size_t len;
};

static inline struct slice
keys_slice(const struct keys_key *k)
{
	return table_slice(k->b, k->len);
}

/* There is room for what registration.h lets in. */
void keys_add(struct keys_key *k, const void *p, size_t n);
/* With its NUL. */
void keys_word(struct keys_key *k, const char *word);
void keys_hash(const char *token, unsigned char hash[KEYS_HASH]);

/* What follows the prefix in each key that begins with it; NUL-ended. */
struct keys_rows {
	struct slice *rest;
	size_t n;
};
MUST_CHECK enum err keys_list(struct txn *t, enum table n,
    const struct keys_key *prefix, struct arena *a, struct keys_rows *out);

/* How many keys begin so, counted up to `max`. */
MUST_CHECK enum err keys_count(struct txn *t, enum table n,
    const struct keys_key *prefix, size_t max, size_t *count);

/* ERR_NOTFOUND: no key begins so. */
MUST_CHECK enum err keys_any(
    struct txn *t, enum table n, const struct keys_key *prefix);

/* Of TABLE_REGISTRATION, and of TABLE_TOKEN. */
struct keys_key keys_registration(
    const char *device, const char *topic, const char *pass);
struct keys_key keys_token(
    const unsigned char hash[KEYS_HASH], char kind, const char *rest);

/* The counter of change tags; `update` locks it until the end. */
MUST_CHECK enum err tag_counter(struct txn *t, bool update, uint64_t *n);
MUST_CHECK enum err tag_put(struct txn *t, uint64_t n);
/* The tag that follows. */
uint64_t tag_after(uint64_t counter, int64_t now);

/*
 * A pass's change tag; one that is 0 becomes `stamp`, unless that is 0 too.
 */
MUST_CHECK enum err pass_tag(
    struct txn *t, const char *id, uint64_t stamp, uint64_t *tag);

/* The push token of a device. */
MUST_CHECK enum err registration_token(
    struct txn *t, const char *device, struct arena *a, const char **token);

/* Forget a device that has no registration left. */
MUST_CHECK enum err registration_tidy(
    struct txn *t, struct arena *a, const char *device);

#endif
