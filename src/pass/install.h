#ifndef PASS_INSTALL_H
#define PASS_INSTALL_H

/*
 * install - where a pass is installed: `providers.apple` and `.google`.
 *
 * Neither lastUpdateDate nor what the pass is rendered from, nor its change
 * tag, is moved by it: to a wallet the pass stays the same.
 */

#include "conf/tenant.h"
#include "store/store.h"

#define INSTALL_SOURCE_DAYS 30 /* a download before them tells no source */

struct install {
	const char *pass;
	unsigned wallet; /* STORE_APPLE or STORE_GOOGLE */
	int by;          /* phones that it came to; below 0: that it left */
	int64_t now;     /* ms */
	int64_t given;   /* ms: what came is the pass as it was changed last
			    then; 0: as it is, or the phone fetches it */
};

/*
 * Note it in the pass: dates, counts and, when it came, the source of the last
 * download.  Index and event follow in the same transaction.  The count never
 * falls below zero: what is installed nowhere does not leave, and nothing is
 * written.  What came with an older pass, and what comes back to Google, which
 * keeps it as it was, owes the wallet the changes since.  ERR_NOTFOUND: there
 * is no such pass.
 */
MUST_CHECK enum err install_note(struct txn *t, struct arena *a,
    const struct tenant *tenant, const struct install *in);

/* The same in a transaction of its own. */
MUST_CHECK enum err install_run(struct store *st, struct arena *a,
    const struct tenant *tenant, const struct install *in);

/*
 * Does each pass count the phones that have registered it?  What is not so is
 * told to `report`, unless that is NULL, and, with `mend`, put right, of which
 * no event tells.  `faults` rises by those found.
 */
struct install_check {
	store_report_fn *report;
	void *arg;
	bool mend;
	int64_t now;
	uint64_t faults;
};
MUST_CHECK enum err install_verify(
    struct store *st, const struct tenant *tenant, struct install_check *c);

#endif
