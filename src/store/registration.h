#ifndef STORE_REGISTRATION_H
#define STORE_REGISTRATION_H

/*
 * registration - which devices want to hear of which passes.
 *
 * A device is known by its library identifier and has one push token, which
 * is of all its registrations.  Apple's identifiers do not last as long as a
 * phone, so that a phone is counted by its token.
 */

#include "store/store.h"

#define REGISTRATION_NAME_MAX  255  /* bytes of a device, of a topic */
#define REGISTRATION_TOKEN_MAX 4096 /* bytes of a push token */

#define REGISTRATION_DEVICES_MAX 10000 /* of a pass */
#define REGISTRATION_PASSES_MAX  2000  /* of a device */

struct registration {
	const char *device, *topic; /* topic: the pass type identifier */
	const char *pass, *token;
	int64_t date; /* ms */
};

/* Passes that are on more or fewer phones than before, each once. */
struct registration_moves {
	struct registration_move {
		const char *pass;
		int by;
	} * list;
	size_t n, size;
};

/*
 * ERR_TOOBIG: the pass has as many devices, or the device as many passes, as
 * are kept, and this is another one.  Those who ask at the same moment may all
 * be let in.
 */
MUST_CHECK enum err registration_room(
    struct store *st, const struct registration *r);

/*
 * Register, or refresh date and token of what is registered; `*new` tells
 * which.  ERR_TOOBIG: a name or the token.  That the pass is there is for the
 * caller to know, who has read it in this transaction.
 */
MUST_CHECK enum err registration_add(struct txn *t, struct arena *a,
    const struct registration *r, bool *new, struct registration_moves *m);

/* Token and date are not looked at; nothing registered is ERR_OK too. */
MUST_CHECK enum err registration_remove(struct txn *t, struct arena *a,
    const struct registration *r, struct registration_moves *m);

/* Drop every device that has this token and none newer than `until`. */
MUST_CHECK enum err registration_drop(struct txn *t, struct arena *a,
    const char *token, int64_t until, struct registration_moves *m);

/* All registrations of a pass. */
MUST_CHECK enum err registration_list(struct txn *t, struct arena *a,
    const char *pass, struct registration **list, size_t *n);

/* On how many phones a pass is: different tokens of its devices. */
MUST_CHECK enum err registration_phones(
    struct txn *t, struct arena *a, const char *pass, size_t *n);

/*
 * What of a device's passes changed since a tag that an earlier poll gave; 0
 * or one that was never given: all of them.  Tags rise with each change, and
 * no change is ever behind one that was given out.  `tag` is the highest of
 * the device's passes.
 */
struct registration_poll {
	const char *device, *topic;
	uint64_t since;
	int64_t now;
};
struct registration_news {
	const char **ids;
	size_t n;
	uint64_t tag;
};
MUST_CHECK enum err registration_poll(struct store *st, struct arena *a,
    const struct registration_poll *poll, struct registration_news *out);

#endif
