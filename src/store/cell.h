#ifndef STORE_CELL_H
#define STORE_CELL_H

/*
 * cell - one value of one pass in a column, as 64 bits.
 *
 * 0 is missing.  A number is its double with the bits turned so that cells
 * compare as the numbers do (Radix Tricks, Herf 2001); they end below
 * CELL_BIG, where the NaNs would lie.  There lie the codes of texts: what
 * has no code of its own is looked up in the field's dictionary.  A number
 * that no double holds exactly has the code of its text, from CELL_BIG on.
 * Numbers change all the time (points, dates), so they need no dictionary.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define CELL_MISSING 0
#define CELL_BIG     (UINT64_C(0xfff4) << 48)
#define CELL_TEXT    (UINT64_C(0xfff8) << 48)

/* Codes that no dictionary gives. */
enum code { CODE_MISSING, CODE_EMPTY, CODE_ARRAY, CODE_OBJECT, CODE_FIRST };

static inline bool
cell_is_text(uint64_t c)
{
	return c >= CELL_TEXT;
}

static inline bool
cell_is_number(uint64_t c)
{
	return c != CELL_MISSING && c < CELL_BIG;
}

static inline uint32_t
cell_code(uint64_t c)
{
	return (uint32_t)c;
}

uint64_t cell_of_number(double d);
double cell_number(uint64_t cell);

/* False when the text is not how a double is printed. */
bool cell_of_text(struct arena *a, struct slice text, uint64_t *cell);

/* The canonical text of a number. */
struct slice cell_text(struct arena *a, uint64_t cell);

#endif
