#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

/*
 * message - notifications that the holders of a pass in Google Wallet have
 * not got yet, each of them, in their order.  They go with the pass, and with
 * the last holder.
 */

#include "store/store.h"

struct message {
	int64_t sequence;  /* rises from one to the next of a pass */
	struct slice json; /* the notification */
};

/* Owe it; in the transaction of what it tells of. */
MUST_CHECK enum err message_add(
    struct txn *t, const char *pass, const struct message *m);

/* The oldest one; ERR_NOTFOUND: none is owed. */
MUST_CHECK enum err message_next(
    struct store *st, const char *pass, struct arena *a, struct message *out);

/* It needs no telling any more. */
MUST_CHECK enum err message_done(
    struct store *st, const char *pass, int64_t sequence);

/* None of the pass does. */
MUST_CHECK enum err message_forget(struct txn *t, const char *pass);

#endif
