#ifndef BASE_WHY_H
#define BASE_WHY_H

/*
 * why - the sentence that goes with an enum err to the one who asked.
 *
 * A function that judges a caller's input takes a struct why and fills it
 * whenever it returns another err than ERR_OK and ERR_INTERNAL.  The text
 * says what to do next and never holds anything internal.
 */

#include "base/err.h"

struct why {
	char field[160]; /* the member or parameter at fault, or "" */
	char text[320];
};

/*
 * Fill `w` (nothing happens if it is NULL) and return `e`, so that
 * `return why(w, ERR_INVALID, "passType", "...")` is one line.  `field` may
 * be NULL.  Text that is too long is cut at a whole UTF-8 character.
 */
enum err why(struct why *w, enum err e, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
