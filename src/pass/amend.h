#ifndef PASS_AMEND_H
#define PASS_AMEND_H

/*
 * amend - a change of additionalData alone, made in the text of a document.
 *
 * For bulk updates, where reading and printing each document whole would be
 * most of the work.  It gives what reading, merging and printing give, to the
 * byte, or says that it cannot.
 */

#include "base/clock.h"
#include "pass/pass.h"

/* What is to be merged, made ready once for many documents. */
struct amend_part {
	struct slice key;   /* as it is printed */
	struct slice value; /* the same; s NULL: removed */
};
struct amend {
	struct amend_part *parts;
	size_t n;
	int64_t now; /* ms */
	char now_iso[CLOCK_ISO_SIZE];
};

/*
 * False when it needs more than text: members that are objects, or very many.
 * `additional` may be NULL: nothing is merged.
 */
bool amend_prepare(struct arena *a, struct json_object *additional, int64_t now,
    struct amend *out);

/* What became of a document. */
struct amended {
	const char *type;
	unsigned installed; /* STORE_APPLE | STORE_GOOGLE */
	bool changed;       /* the rest is set only if so */
	int64_t was, updated;
	struct slice document;
};

/*
 * False when the document is to be read whole: an answer of a data provider
 * in it, keys that are not in order, too large...
 */
bool amend_document(const struct amend *am, struct arena *a,
    const struct tenant *t, struct slice document, struct amended *out);

#endif
