#ifndef PASS_HOOK_H
#define PASS_HOOK_H

/*
 * hook - what a webhook is sent, and how it is signed: as Standard Webhooks
 * 1.0.0 says, so that libraries that know it can verify it.
 */

#include "store/delivery.h"

/* "pass.created"... */
const char *hook_event(enum event_kind kind);
bool hook_event_find(const char *name, enum event_kind *kind);

/* The secret as its owner is told: whsec_ and base64. */
char *hook_secret(struct arena *a, const unsigned char secret[WEBHOOK_SECRET]);

/* The JSON that tells of it: ids, and nothing else of the pass. */
struct slice hook_body(
    struct arena *a, const char *tenant, const struct delivery *d);

/*
 * "Name: value", ended by NULL, for fetch: id, time and signatures, one for
 * each secret that is good at `now` (ms).
 */
const char *const *hook_headers(struct arena *a, const struct webhook *w,
    const struct delivery *d, struct slice body, int64_t now);

/* What is signed, and by what. */
struct hook_signed {
	struct slice key;
	const char *id;
	int64_t seconds; /* since 1970 */
	struct slice body;
};

/* "v1," and base64 of the HMAC-SHA256 over "id.seconds.body". */
const char *hook_sign(struct arena *a, const struct hook_signed *s);

#endif
