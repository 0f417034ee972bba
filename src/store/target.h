#ifndef STORE_TARGET_H
#define STORE_TARGET_H

/*
 * target - the phones that are to hear of changed passes.
 *
 * A phone is told once however many of its passes changed: it asks what did.
 * That it is about to be told is kept before it is, and that it was after, so
 * that whoever dies between the two neither loses a push nor, within the
 * window, sends it twice.
 */

#include "store/store.h"

#define TARGET_LEAD 1000 /* ms, in which those that were taken are sent to */

enum target_end {
	TARGET_OPEN,   /* told or not, nobody knows: once more, later */
	TARGET_UNSENT, /* it was surely not told: as if never tried */
	TARGET_TOLD,   /* or refused for good */
};

struct target {
	const char *topic, *token;
	unsigned char hash[16]; /* of the token */
	uint64_t covers;        /* change tags up to this one */
	uint64_t covered;
	unsigned failures;   /* in a row, this one not counted */
	int64_t sent;        /* no later */
	enum target_end end; /* for target_settle() */
};

struct target_ask {
	const char *const *passes;
	size_t n;
	int64_t now, window; /* ms */
	bool at_once;        /* never mind the window */
};

/* `pass`, an index, waits for `target`. */
struct target_link {
	size_t pass, target;
};

struct target_set {
	struct target *list;
	size_t n;
	struct target_link *links;
	size_t nlinks;
	int64_t *again; /* of each pass: when a phone that was told just now may
			   be told again, or, with `now` of the ask, that there
			   are more; 0: none has to wait */
};

/*
 * The phones that have not heard of the passes as they are now, or as many of
 * them as one transaction should change; each is noted as about to be told.
 * After a failure it waits longer each time.
 */
MUST_CHECK enum err target_take(struct store *st, struct arena *a,
    const struct target_ask *ask, struct target_set *out);

/* Note what came of it by `now`, from when on the window counts. */
MUST_CHECK enum err target_settle(
    struct store *st, const struct target *list, size_t n, int64_t now);

#endif
