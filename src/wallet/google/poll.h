#ifndef WALLET_GOOGLE_POLL_H
#define WALLET_GOOGLE_POLL_H

/*
 * poll - asking Google who has a pass, for callbacks that never come.
 */

#include "wallet/push.h"

/*
 * Ask about pass `id`, and note in it (pass/install.h) that it came to Google
 * Wallet or left it.  What is noted meanwhile by a callback stands.  ERR_OK
 * too where there is nothing to ask; ERR_UPSTREAM: try later; logged.
 */
MUST_CHECK enum err poll_pass(struct push_env *env, const char *id);

#endif
