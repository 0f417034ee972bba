#ifndef PASS_EXPR_H
#define PASS_EXPR_H

/*
 * expr - where a jq expression ends, and whether it keeps to itself.
 *
 * jq's own lexer, as far as it takes to know text from code: an expression
 * that passes has balanced brackets, so it stays within the parentheses that
 * the program puts around it, and names nothing that reaches outside.
 */

#include "base/err.h"
#include "base/slice.h"

#define EXPR_MAX   16384 /* bytes of one expression */
#define EXPR_DEPTH 64    /* brackets and strings within each other */

/*
 * Scan the expression at the start of `in` up to the `}}` that ends it, which
 * stands outside of its strings and brackets (a comment does not hide it):
 * `*len` is what lies before.  ERR_INVALID with `*fault`, one line, when it
 * has no end, is empty, too long or too deep, when its brackets do not match,
 * or when it names what is refused: env, $ENV, input, debug, halt, modules
 * and all that begins with two underscores.  A field or key of such a name
 * (.env, {input: 1}) is only data.  `*len` is untouched on failure.
 */
MUST_CHECK enum err expr_scan(struct slice in, size_t *len, const char **fault);

#endif
