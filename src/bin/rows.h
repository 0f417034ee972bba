#ifndef BIN_ROWS_H
#define BIN_ROWS_H

/*
 * rows - the passes of a file, NDJSON or CSV, as JSON objects.
 */

#include <stdio.h>

#include "base/csv.h"
#include "base/json.h"

#define ROWS_LINE_MAX 1048576 /* bytes */

struct rows;

/* `in` stays the caller's; so does what `map` points to. */
struct rows_source {
	FILE *in;
	bool csv;
	const char *const *map; /* "COLUMN=NAME" */
	size_t nmap;
};

/*
 * A CSV's first record names the columns; `map` gives some of them another
 * name, or none, which leaves them out.  ERR_INVALID with `why`.
 */
MUST_CHECK enum err rows_open(struct arena *a, const struct rows_source *from,
    struct rows **out, struct why *w);

/*
 * The next row, on `a`, and its line.  ERR_NOTFOUND: there is none;
 * ERR_INVALID or ERR_TOOBIG with `why`: this one is at fault, go on.
 */
MUST_CHECK enum err rows_next(struct rows *r, struct arena *a,
    struct json_object **out, unsigned *line, struct why *w);

#endif
