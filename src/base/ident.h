#ifndef BASE_IDENT_H
#define BASE_IDENT_H

/*
 * ident - names that are made up at random, and names that are allowed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define IDENT_PASS_LEN 12 /* characters of a pass id that we make */
#define IDENT_PASS_MAX 50 /* and of one that was imported */

/* A source of random bytes; it never fails. */
typedef void ident_random_fn(void *p, size_t n);

/* The system's CSPRNG; ends the process if there is none. */
void ident_random(void *p, size_t n);

/*
 * `len` characters of [A-Za-z0-9], each equally likely, and a NUL: `out` has
 * room for len + 1.
 */
void ident_new(char *out, size_t len, ident_random_fn *random);

/* ^[\w-]{5,50}$ over ASCII, and not a literal segment of the API. */
bool ident_is_pass(struct slice s);

/* ^[a-z0-9][a-z0-9-]{0,62}$, and none of the reserved names. */
bool ident_is_tenant(struct slice s);

/* ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$: pass types, providers, secrets... */
bool ident_is_name(struct slice s);

/* What X-Request-Id may be: 8..64 of [A-Za-z0-9._-]. */
bool ident_is_request(struct slice s);

#endif
