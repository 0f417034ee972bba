#ifndef STORE_STATE_H
#define STORE_STATE_H

/*
 * state - small things that processes of a tenant tell each other, by name.
 */

#include "store/store.h"

#define STATE_MAX 1024 /* bytes of a value */

/* ERR_NOTFOUND: nobody has said it.  It is ended by a NUL not counted. */
MUST_CHECK enum err state_get(
    struct store *st, const char *name, struct arena *a, struct slice *out);

/* Say it; nothing (s NULL) takes it back.  ERR_TOOBIG. */
MUST_CHECK enum err state_put(
    struct store *st, const char *name, struct slice value);

/*
 * Say it if what is said is still `was` (s NULL: nothing); otherwise
 * ERR_CONFLICT.
 */
MUST_CHECK enum err state_replace(
    struct store *st, const char *name, struct slice was, struct slice value);

#endif
