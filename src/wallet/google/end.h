#ifndef WALLET_GOOGLE_END_H
#define WALLET_GOOGLE_END_H

/*
 * end - objects of passes that were erased become INACTIVE.
 */

#include "wallet/push.h"

/*
 * Tell Google of at most `*n` of them; `*n` becomes how many were looked at.
 * What Google does not take now stays owed, and is an err; logged.
 */
MUST_CHECK enum err end_objects(struct push_env *env, size_t *n);

#endif
