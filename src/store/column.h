#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

/*
 * column - the fields of all passes, a field at a time.
 *
 * TABLE_COLUMN has a row for each 1024 ordinals of each field: their cells,
 * 1, 2, 4 or 8 bytes each, as many as the widest of them needs.  One, two
 * and four are codes of texts, eight are cells (cell.h); all little-endian.
 *
 * A change of a pass does not go there at once, for then every two writers
 * of neighbours would wait for each other's commit.  It puts the cells that
 * changed into TABLE_FRESH, one row for each pass, and whoever reads a
 * column reads these first and lays them over it.  Every so many commits a
 * process moves some to their columns, in a transaction of its own.  Keys of
 * TABLE_FRESH are scattered, so that neighbours share no page.
 *
 * What has a column: the `columns` of a pass, FIELD_STATUS and FIELD_ID.
 */

#include <endian.h>

#include "store/cell.h"
#include "store/private.h"

#define COLUMN_CHUNK 1024 /* ordinals of a row */
#define COLUMN_WORDS (COLUMN_CHUNK / 64)

/* Numbers below CODE_FIRST that no field of a pass gets. */
#define FIELD_STATUS 1 /* code: wallets of installationStatus, plus 1 */
#define FIELD_ID     2 /* not a cell: the first 8 bytes of the id */

#define FIELD_STATUS_NAME "installationStatus"

struct column_cell {
	uint32_t field, ordinal;
	uint64_t cell;
};

/* -- writing --------------------------------------------------------------- */

/* Bring the columns from `old` to `new`; either may be NULL. */
MUST_CHECK enum err column_change(struct txn *t, uint32_t ordinal,
    const struct store_pass *old, const struct store_pass *new);

/* The cells that a pass ought to have; room for p->ncolumns + 2. */
MUST_CHECK enum err column_cells(struct store *st, const struct store_pass *p,
    struct column_cell *cells, size_t *n);

/* One cell as it is now, and the putting of some. */
MUST_CHECK enum err column_get(
    struct txn *t, uint32_t field, uint32_t ordinal, uint64_t *cell);
MUST_CHECK enum err column_put(
    struct txn *t, uint32_t ordinal, const struct column_cell *cells, size_t n);

/*
 * Of a transaction of many passes: what column_change() tells is put to the
 * columns at its end, a row of them once.  A pass that is changed stays locked
 * until then.
 */
MUST_CHECK enum err column_begin_many(struct txn *t);
MUST_CHECK enum err column_end_many(struct txn *t);

/* After a commit: move what is due. */
void column_settle(struct store *st);

/* Move what is left, while the store is open yet. */
void column_close(struct store *st);

/* Move about that many rows of TABLE_FRESH to their columns. */
MUST_CHECK enum err column_fold(struct store *st, unsigned rows);

/* -- reading --------------------------------------------------------------- */

/* One moment's sight of the columns. */
struct view {
	struct store *st;
	uint32_t nchunks;
	struct column_cell *fresh; /* by field, then ordinal */
	size_t nfresh;
	unsigned char *buf; /* a chunk with what is laid over it */
	size_t few;         /* passes that are simply sorted */
	size_t held;        /* entries of a selection among more */
};
MUST_CHECK enum err view_open(struct store *st, struct view *v);
void view_close(struct view *v);

/* Cells of one chunk: `width` bytes each; 0: all are missing. */
struct strip {
	uint32_t chunk;
	unsigned width;
	const unsigned char *p;
};

/*
 * Call `fn` for every chunk in turn; with `wanted`, a bit for each ordinal,
 * not for those where it has none.
 */
typedef void strip_fn(const struct strip *s, void *arg);
MUST_CHECK enum err view_each(struct view *v, uint32_t field,
    const uint64_t *wanted, strip_fn *fn, void *arg);

/* The number of `width` bytes at `p`; 0 when there are none. */
static inline uint64_t
strip_load(const unsigned char *p, unsigned width)
{
	uint16_t v2;
	uint32_t v4;
	uint64_t v8;

	switch (width) {
	case 1:
		return *p;
	case 2:
		memcpy(&v2, p, 2);
		return le16toh(v2);
	case 4:
		memcpy(&v4, p, 4);
		return le32toh(v4);
	case 8:
		memcpy(&v8, p, 8);
		return le64toh(v8);
	default:
		return 0;
	}
}

/* The cell of row `i`. */
static inline uint64_t
strip_cell(const struct strip *s, unsigned i)
{
	uint64_t v = strip_load(s->p + (size_t)i * s->width, s->width);

	return s->width < 8 && v != 0 ? v + CELL_TEXT : v;
}

/*
 * Which of 64 cells of one byte are `v`, as a bit for each: eight at a time,
 * and no carry leaves a byte (Hacker's Delight, 6-1).
 */
static inline uint64_t
strip_equal(const unsigned char *p, unsigned char v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
	uint64_t word = 0, x;

	for (unsigned i = 0; i < 8; i++) {
		memcpy(&x, p + (size_t)i * 8, 8);
		x = le64toh(x) ^ ones * v;
		x = ~((((x & low) + low) | x) | low) >> 7;
		word |= x * UINT64_C(0x0102040810204080) >> 56 << i * 8;
	}
	return word;
}

/* -- how they lie in the tables -------------------------------------------- */

#define STRIP_MAX     ((size_t)COLUMN_CHUNK * 8) /* bytes */
#define STRIP_KEY_LEN 8

void strip_key(
    uint32_t field, uint32_t chunk, unsigned char key[STRIP_KEY_LEN]);

/* The width of a row of `len` bytes; ERR_INTERNAL when none has that many. */
MUST_CHECK enum err strip_width(struct store *st, size_t len, unsigned *width);

/* The width that a cell needs. */
unsigned strip_need(uint32_t field, uint64_t cell);

/* Make the cells at `p`, where is room for STRIP_MAX, wider. */
void strip_widen(unsigned char *p, unsigned from, unsigned to);

/* Put a cell into its place; it must fit. */
void strip_set(unsigned char *p, unsigned width, const struct column_cell *c);

/* The cells of a row of TABLE_FRESH, and how many they are. */
size_t fresh_count(struct slice row);
void fresh_decode(struct slice row, struct column_cell *out);

/* For qsort(3): by field, then ordinal. */
int column_by_field(const void *a, const void *b);

#endif
