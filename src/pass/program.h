#ifndef PASS_PROGRAM_H
#define PASS_PROGRAM_H

/*
 * program - jq expressions as one program, and their values.
 *
 * One program for many expressions, because a program costs 20 ms and 2 MiB
 * however small it is.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/fault.h"
#include "pass/template.h"

#define PROGRAM_MAX    1000    /* expressions of one program */
#define PROGRAM_VALUES 1048576 /* bytes that the values of a run come to */

struct program;

struct expr {
	struct slice text; /* that passed expr_scan() */
	int line;          /* of the file */
};

struct source {
	const char *file; /* for faults and the log */
	const struct expr *list;
	size_t n;
	/* Names of variables in the place of $text and $tenant, ended by NULL;
	 * or NULL. */
	const char *const *names;
};

struct value {
	struct json_object *o; /* NULL: null */
};

/*
 * Compile; what `src` points to is copied.  ERR_INVALID after a fault for
 * each expression that jq does not take.  Lives as long as `a`.
 */
MUST_CHECK enum err program_compile(struct arena *a, const struct source *src,
    struct faults *f, struct program **out);

/*
 * The first value of each expression, null if it has none, in their
 * order; new and owned by `a`.  What fails, takes too much or gives too much
 * (also nesting over JSON_DEPTH, and U+0000) is logged with file and
 * expression: ERR_INTERNAL, and `*values` is untouched.
 */
MUST_CHECK enum err program_run(struct program *p,
    const struct template_input *in, struct arena *a,
    const struct value **values);

#endif
