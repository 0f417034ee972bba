#ifndef WALLET_APPLE_PUSH_APPLE_H
#define WALLET_APPLE_PUSH_APPLE_H

/*
 * push_apple - telling phones that passes of theirs have changed.
 */

#include "wallet/push.h"

/*
 * True when Apple has refused these credentials, and their files have not been
 * written since: nothing is pushed with them.  `*reason` is Apple's word.
 */
bool push_apple_stopped(
    struct push_env *env, const struct apple_conf *conf, const char **reason);

#endif
