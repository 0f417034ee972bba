#ifndef BASE_CSV_H
#define BASE_CSV_H

/*
 * csv - comma-separated values (RFC 4180): records that a stream gives, and
 * cells that a record takes.
 *
 * A line ends in CR LF or LF; a cell in quotes may hold either.  A byte order
 * mark at the start is not a part of the first cell.
 */

#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/why.h"

#define CSV_CELLS_MAX 1024

struct csv {
	FILE *in;
	size_t max;    /* bytes of a record */
	unsigned line; /* that the last record began in; from 1 */
	unsigned next; /* that the next begins in; set to 1 */
};

struct csv_record {
	struct slice cells[CSV_CELLS_MAX]; /* each ended by a NUL */
	size_t n;
};

/*
 * The next record that is not an empty line, on the arena.  ERR_NOTFOUND: the
 * stream ends here; ERR_INVALID or ERR_TOOBIG with `why`: this record is at
 * fault, and the next call goes on after its line.
 */
MUST_CHECK enum err csv_read(
    struct csv *c, struct arena *a, struct csv_record *out, struct why *w);

/* Add a cell, in quotes where it needs them. */
void csv_cell(struct buf *b, struct slice cell);

#endif
