#include "store/column.h"

#include <endian.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/cell.h"
#include "store/dict.h"
#include "store/zone.h"

#define KEY_LEN  STRIP_KEY_LEN
#define CELL_LEN 12 /* of TABLE_FRESH: field, cell */
#define DUE      64 /* rows that a process owes before it moves them */
#define FOLD_MAX 256
#define FEW      4 /* cells of a strip that are logged one by one */

struct column {
	unsigned owed;
	uint32_t rover; /* where in TABLE_FRESH to go on */
	/* Of the present fold, or of a transaction of many passes. */
	struct column_cell *cells;
	size_t ncells, size;
	uint32_t most; /* ordinal of those */
	unsigned char strip[STRIP_MAX];
	struct zone_notes zones;
};

static struct column *
column(struct store *st)
{
	if (st->column == NULL &&
	    (st->column = calloc(1, sizeof(*st->column))) == NULL)
		abort();
	return st->column;
}

void
column_close(struct store *st)
{
	if (st->column == NULL)
		return;
	if (st->column->owed > 0)
		(void)!column_fold(st, st->column->owed);
	free(st->column->cells);
	free(st->column);
}

/* -- what cells a pass has ------------------------------------------------- */

struct cells {
	struct column_cell *list;
	size_t n;
};

/* Odd, so that every ordinal has a key of its own. */
static uint32_t
scatter(uint32_t ordinal)
{
	return ordinal * 0x9e3779b1U;
}

static uint64_t
id_cell(const char *id)
{
	uint64_t c = 0;

	for (size_t i = 0, n = strlen(id); i < 8; i++)
		c = c << 8 | (i < n ? (unsigned char)id[i] : 0);
	return c;
}

static enum err
text_cell(struct store *st, uint32_t field, const struct store_column *f,
    uint64_t *cell)
{
	uint32_t code;
	enum err e = dict_code(st, field, f->value, &code);

	if (e == ERR_OK)
		*cell = (f->kind == STORE_NUMBER ? CELL_BIG : CELL_TEXT) + code;
	return e;
}

static enum err
cell_of(struct store *st, uint32_t field, const struct store_column *f,
    uint64_t *cell)
{
	struct arena *a;
	bool exact;

	switch (f->kind) {
	case STORE_DATE:
		*cell = cell_of_number((double)f->number);
		return ERR_OK;
	case STORE_HOLLOW:
		*cell = CELL_TEXT +
		    (slice_is(f->value, "[]") ? CODE_ARRAY : CODE_OBJECT);
		return ERR_OK;
	case STORE_NUMBER:
		a = arena_new(256);
		exact = cell_of_text(a, f->value, cell);
		arena_free(a);
		if (exact)
			return ERR_OK;
		break;
	default:
		break;
	}
	return text_cell(st, field, f, cell);
}

static bool
has_column(const struct store_column *f)
{
	return f->kind != STORE_SET;
}

/* FIELD_STATUS: it says also that there is such a pass. */
static uint64_t
status_cell(const struct store_pass *p)
{
	for (size_t i = 0; i < p->ncolumns; i++)
		if (p->columns[i].kind == STORE_SET)
			return CELL_TEXT + 1 + (uint64_t)p->columns[i].number;
	return CELL_TEXT + 1;
}

static void
cells_add(struct cells *c, uint32_t field, uint64_t cell)
{
	c->list[c->n++] = (struct column_cell){ .field = field, .cell = cell };
}

static const struct store_column *
field_of(const struct store_pass *p, struct slice name)
{
	for (size_t i = 0; p != NULL && i < p->ncolumns; i++)
		if (has_column(&p->columns[i]) &&
		    slice_eq(p->columns[i].name, name))
			return &p->columns[i];
	return NULL;
}

static bool
same(const struct store_column *a, const struct store_column *b)
{
	return b != NULL && a->kind == b->kind && a->number == b->number &&
	    slice_eq(a->value, b->value);
}

/* The fields of `new` that `old` has not just so. */
static enum err
add_new(struct store *st, const struct store_pass *old,
    const struct store_pass *new, struct cells *c)
{
	uint32_t field;
	uint64_t cell;
	enum err e;

	for (size_t i = 0; i < new->ncolumns; i++) {
		const struct store_column *f = &new->columns[i];

		if (!has_column(f) || same(f, field_of(old, f->name)))
			continue;
		if ((e = dict_code(st, DICT_NAMES, f->name, &field)) !=
			ERR_OK ||
		    (e = cell_of(st, field, f, &cell)) != ERR_OK)
			return e;
		cells_add(c, field, cell);
	}
	return ERR_OK;
}

/* The fields of `old` that `new` has no more. */
static enum err
add_gone(struct store *st, const struct store_pass *old,
    const struct store_pass *new, struct cells *c)
{
	uint32_t field;
	enum err e;

	for (size_t i = 0; i < old->ncolumns; i++) {
		const struct store_column *f = &old->columns[i];

		if (!has_column(f) || field_of(new, f->name) != NULL)
			continue;
		if ((e = dict_code(st, DICT_NAMES, f->name, &field)) != ERR_OK)
			return e;
		cells_add(c, field, CELL_MISSING);
	}
	return ERR_OK;
}

static enum err
add_all(struct store *st, const struct store_pass *old,
    const struct store_pass *new, struct cells *c)
{
	uint64_t was = old == NULL ? CELL_MISSING : status_cell(old);
	uint64_t now = new == NULL ? CELL_MISSING : status_cell(new);
	enum err e = ERR_OK;

	if (was != now)
		cells_add(c, FIELD_STATUS, now);
	if (old == NULL || new == NULL)
		cells_add(c, FIELD_ID, new == NULL ? 0 : id_cell(new->id));
	if (new != NULL)
		e = add_new(st, old, new, c);
	if (e == ERR_OK && old != NULL)
		e = add_gone(st, old, new, c);
	return e;
}

/* -- fresh rows ------------------------------------------------------------ */

/* A row: the ordinal, then field and cell by turns. */
void
fresh_decode(struct slice row, struct column_cell *out)
{
	uint32_t ordinal = table_get32(row.s);

	for (size_t at = 4; at + CELL_LEN <= row.len; at += CELL_LEN, out++) {
		out->ordinal = ordinal;
		out->field = table_get32(row.s + at);
		memcpy(&out->cell, row.s + at + 4, 8);
		out->cell = le64toh(out->cell);
	}
}

size_t
fresh_count(struct slice row)
{
	return row.len < 4 ? 0 : (row.len - 4) / CELL_LEN;
}

/* Put `n` cells over those that the row has already. */
static unsigned char *
row_merge(struct slice was, uint32_t ordinal, const struct column_cell *cells,
    size_t n, size_t *len)
{
	unsigned char *row = malloc(was.len + 4 + n * CELL_LEN);
	size_t at;

	if (row == NULL)
		abort();
	table_put32(row, ordinal);
	*len = was.len < 4 ? 4 : was.len;
	if (was.len > 4)
		memcpy(row + 4, was.s + 4, was.len - 4);
	for (size_t i = 0; i < n; i++) {
		uint64_t cell = htole64(cells[i].cell);

		at = 4;
		while (at < *len && table_get32(row + at) != cells[i].field)
			at += CELL_LEN;
		table_put32(row + at, cells[i].field);
		memcpy(row + at + 4, &cell, 8);
		if (at == *len)
			*len += CELL_LEN;
	}
	return row;
}

enum err
column_put(
    struct txn *t, uint32_t ordinal, const struct column_cell *cells, size_t n)
{
	unsigned char key[4], *row;
	struct slice was = { NULL, 0 };
	size_t len;
	enum err e;

	table_put32(key, scatter(ordinal));
	e = table_get(t, TABLE_FRESH, table_slice(key, 4), &was, DB_RMW);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	row = row_merge(was, ordinal, cells, n, &len);
	e = table_put(
	    t, TABLE_FRESH, table_slice(key, 4), table_slice(row, len), 0);
	free(row);
	column(t->st)->owed++;
	return e;
}

/* Room for `n` more cells. */
static struct column_cell *
more_cells(struct column *col, size_t n)
{
	if (col->ncells + n > col->size) {
		col->size = (col->ncells + n) * 2;
		col->cells =
		    realloc(col->cells, col->size * sizeof(*col->cells));
		if (col->cells == NULL)
			abort();
	}
	return col->cells + col->ncells;
}

/*
 * Until the end of the transaction; of a pass that was changed before in it
 * (`again`), in the place of what was kept then.  `c` may be the place where
 * it is to be.
 */
static void
keep_cell(struct column *col, bool again, const struct column_cell *c)
{
	const struct column_cell cell = *c;

	for (size_t i = 0; again && i < col->ncells; i++)
		if (col->cells[i].ordinal == cell.ordinal &&
		    col->cells[i].field == cell.field) {
			col->cells[i] = cell;
			return;
		}
	col->cells[col->ncells++] = cell;
}

/* Only ordinals that rise are surely new. */
static void
keep_cells(struct column *col, uint32_t ordinal, const struct cells *c)
{
	const bool again = ordinal <= col->most;

	for (size_t i = 0; i < c->n; i++) {
		c->list[i].ordinal = ordinal;
		keep_cell(col, again, &c->list[i]);
	}
	col->most = again ? col->most : ordinal;
}

enum err
column_change(struct txn *t, uint32_t ordinal, const struct store_pass *old,
    const struct store_pass *new)
{
	struct column *col = column(t->st);
	const size_t max = 2 + (old == NULL ? 0 : old->ncolumns) +
	    (new == NULL ? 0 : new->ncolumns);
	struct cells c = { .n = 0 };
	enum err e = t->many ? ERR_OK : dict_refresh(t->st);

	if (e != ERR_OK)
		return e;
	if (!t->many)
		col->ncells = 0;
	c.list = more_cells(col, max);
	e = add_all(t->st, old, new, &c);
	if (e != ERR_OK || c.n == 0)
		return e;
	if (!t->many)
		return column_put(t, ordinal, c.list, c.n);
	keep_cells(col, ordinal, &c);
	return ERR_OK;
}

enum err
column_cells(struct store *st, const struct store_pass *p,
    struct column_cell *cells, size_t *n)
{
	struct cells c = { .list = cells };
	enum err e = dict_refresh(st);

	if (e == ERR_OK)
		e = add_all(st, NULL, p, &c);
	*n = c.n;
	return e;
}

/* -- strips ---------------------------------------------------------------- */

void
strip_key(uint32_t field, uint32_t chunk, unsigned char key[KEY_LEN])
{
	table_put32(key, field);
	table_put32(key + 4, chunk);
}

static void
save(unsigned char *p, unsigned width, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, width);
}

unsigned
strip_need(uint32_t field, uint64_t cell)
{
	if (cell == CELL_MISSING)
		return 0;
	if (field == FIELD_ID || !cell_is_text(cell))
		return 8;
	if (cell_code(cell) < 1U << 8)
		return 1;
	return cell_code(cell) < 1U << 16 ? 2 : 4;
}

/* Make the cells of `p` as wide as `to`. */
void
strip_widen(unsigned char *p, unsigned from, unsigned to)
{
	struct strip s = { .width = from, .p = p };

	if (from == 0)
		memset(p, 0, (size_t)COLUMN_CHUNK * to);
	else
		for (unsigned i = COLUMN_CHUNK; i-- > 0;) {
			uint64_t c = strip_cell(&s, i);

			save(
			    p + (size_t)i * to, to, to == 8 ? c : cell_code(c));
		}
}

void
strip_set(unsigned char *p, unsigned width, const struct column_cell *c)
{
	size_t i = c->ordinal % COLUMN_CHUNK;

	save(p + i * width, width, width == 8 ? c->cell : cell_code(c->cell));
}

enum err
strip_width(struct store *st, size_t len, unsigned *width)
{
	*width = (unsigned)(len / COLUMN_CHUNK);
	if (len % COLUMN_CHUNK == 0 && len <= STRIP_MAX &&
	    (*width & (*width - 1)) == 0)
		return ERR_OK;
	log_error("store_fault", "dir", st->dir, "what", "column", "why",
	    "a row is damaged", NULL);
	return ERR_INTERNAL;
}

/* True when the row of TABLE_FRESH tells it. */
static bool
in_row(struct slice row, uint32_t field, uint64_t *cell)
{
	for (size_t i = 0; i < fresh_count(row); i++) {
		const char *p = row.s + 4 + i * CELL_LEN;

		if (table_get32(p) != field)
			continue;
		*cell = strip_load((const unsigned char *)p + 4, 8);
		return true;
	}
	return false;
}

enum err
column_get(struct txn *t, uint32_t field, uint32_t ordinal, uint64_t *cell)
{
	unsigned char fresh[4], key[KEY_LEN];
	struct strip s = { .width = 0 };
	struct slice row;
	enum err e;

	*cell = CELL_MISSING;
	table_put32(fresh, scatter(ordinal));
	e = table_get(t, TABLE_FRESH, table_slice(fresh, 4), &row, 0);
	if (e == ERR_OK && in_row(row, field, cell))
		return ERR_OK;
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	strip_key(field, ordinal / COLUMN_CHUNK, key);
	e = table_get(t, TABLE_COLUMN, table_slice(key, KEY_LEN), &row, 0);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	s.p = (const unsigned char *)row.s;
	if ((e = strip_width(t->st, row.len, &s.width)) == ERR_OK)
		*cell = strip_cell(&s, ordinal % COLUMN_CHUNK);
	return e;
}

/* -- moving fresh rows to their columns ------------------------------------ */

int
column_by_field(const void *a, const void *b)
{
	const struct column_cell *x = a, *y = b;

	if (x->field != y->field)
		return x->field < y->field ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static enum err
read_strip(struct txn *t, struct slice key, unsigned char *p, unsigned *width)
{
	struct slice row;
	enum err e = table_get(t, TABLE_COLUMN, key, &row, DB_RMW);

	*width = 0;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if ((e = strip_width(t->st, row.len, width)) == ERR_OK)
		memcpy(p, row.s, row.len);
	return e;
}

/*
 * The cells of one strip.  Berkeley DB logs what lies between the first and
 * the last byte that changed, so few are put one by one.
 */
static enum err
move_strip(struct txn *t, const struct column_cell *c, size_t n)
{
	unsigned char *p = column(t->st)->strip, bytes[KEY_LEN];
	struct slice key = table_slice(bytes, KEY_LEN);
	unsigned width = 0, need = 0, was;
	enum err e;

	strip_key(c->field, c->ordinal / COLUMN_CHUNK, bytes);
	if ((e = read_strip(t, key, p, &was)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		if (need < strip_need(c->field, c[i].cell))
			need = strip_need(c->field, c[i].cell);
	width = need > was ? need : was;
	if (width == 0)
		return ERR_OK;
	if (width > was)
		strip_widen(p, was, width);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		strip_set(p, width, &c[i]);
		if (i + 1 == n || (n <= FEW && width == was))
			e = table_put(t, TABLE_COLUMN, key,
			    table_slice(p, (size_t)width * COLUMN_CHUNK), 0);
	}
	zone_note(&column(t->st)->zones, c->field,
	    &(struct strip){ c->ordinal / COLUMN_CHUNK, width, p });
	return e;
}

/* Locks are taken in the order of the keys: zones follow the field's strips. */
static enum err
move_cells(struct txn *t, struct column *col)
{
	enum err e = ERR_OK;

	col->zones.n = 0;
	for (size_t i = 0, k; e == ERR_OK && i < col->ncells; i = k) {
		const struct column_cell *c = &col->cells[i];

		for (k = i + 1; k < col->ncells; k++)
			if (col->cells[k].field != c->field ||
			    col->cells[k].ordinal / COLUMN_CHUNK !=
				c->ordinal / COLUMN_CHUNK)
				break;
		e = move_strip(t, c, k - i);
		if (e == ERR_OK &&
		    (k == col->ncells || col->cells[k].field != c->field ||
			col->zones.n == ZONE_NOTES))
			e = zone_write(t, c->field, &col->zones);
	}
	return e;
}

static void
take_row(struct column *col, struct slice row)
{
	size_t n = fresh_count(row);

	fresh_decode(row, more_cells(col, n));
	col->ncells += n;
}

/* Take up to `max` rows away, going on where the last time ended. */
static enum err
take_rows(struct txn *t, struct column *col, unsigned max, uint32_t *rover)
{
	unsigned char from[4];
	DBT key = { .data = from, .size = 4 }, row = { 0 };
	u_int32_t flag = DB_SET_RANGE;
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FRESH, &c);

	col->ncells = 0;
	table_put32(from, *rover);
	for (unsigned i = 0; e == ERR_OK && i < max; i++) {
		e = table_cursor_get(t, c, &key, &row, flag | DB_RMW);
		if (e != ERR_OK)
			break;
		flag = DB_NEXT;
		*rover = table_get32(key.data) + 1;
		take_row(col, table_slice(row.data, row.size));
		e = table_rc(t, c->del(c, 0), "delete");
	}
	if (e == ERR_NOTFOUND) {
		*rover = 0;
		e = ERR_OK;
	}
	if (c != NULL)
		c->close(c);
	return e;
}

struct fold {
	unsigned rows;
	uint32_t rover;
};

static enum err
fold_once(struct txn *t, void *arg)
{
	struct column *col = column(t->st);
	struct fold *f = arg;
	enum err e;

	f->rover = col->rover;
	if ((e = take_rows(t, col, f->rows, &f->rover)) != ERR_OK)
		return e;
	if (col->ncells == 0)
		return ERR_OK;
	qsort(col->cells, col->ncells, sizeof(*col->cells), column_by_field);
	return move_cells(t, col);
}

/* It need not be flushed: either both tables have it or neither. */
enum err
column_fold(struct store *st, unsigned rows)
{
	struct column *col = column(st);
	struct fold f = { .rows = rows > FOLD_MAX ? FOLD_MAX : rows };
	enum err e = run_with(st, fold_once, &f, DB_TXN_NOSYNC);

	if (e != ERR_OK)
		return e;
	col->rover = f.rover;
	col->owed = col->owed > f.rows ? col->owed - f.rows : 0;
	return ERR_OK;
}

/* A fourth more than it made: what others left who died before they did. */
void
column_settle(struct store *st)
{
	while (column(st)->owed >= DUE)
		if (column_fold(st, column(st)->owed * 5 / 4) != ERR_OK)
			return;
}

/* -- many passes at once --------------------------------------------------- */

/* True when one of the cells, which are sorted by ordinal, is the pass's. */
static bool
is_among(const struct column *col, uint32_t ordinal)
{
	size_t lo = 0, hi = col->ncells;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (col->cells[mid].ordinal == ordinal)
			return true;
		if (col->cells[mid].ordinal < ordinal)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

struct ordinals {
	uint32_t *list;
	size_t n, size;
};

static void
note_ordinal(struct ordinals *o, uint32_t ordinal)
{
	if (o->n == o->size) {
		o->size = o->size * 2 + 16;
		o->list = realloc(o->list, o->size * sizeof(*o->list));
		if (o->list == NULL)
			abort();
	}
	o->list[o->n++] = ordinal;
}

/*
 * The passes that have a row in TABLE_FRESH.  No lock of it is kept: whoever
 * adds one for a pass has the pass locked, as we have.
 */
static enum err
find_fresh(struct txn *t, const struct column *col, struct ordinals *out)
{
	DBT key = { 0 }, row = { 0 };
	DB *db = t->st->db[TABLE_FRESH];
	DBC *c = NULL;
	enum err e = table_rc(
	    t, db->cursor(db, t->tid, &c, DB_READ_COMMITTED), "cursor");

	while (e == ERR_OK) {
		e = table_cursor_get(t, c, &key, &row, DB_NEXT);
		if (e == ERR_OK && row.size >= 4 &&
		    is_among(col, table_get32(row.data)))
			note_ordinal(out, table_get32(row.data));
	}
	if (c != NULL)
		c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static bool
has_ordinal(const struct ordinals *o, uint32_t ordinal)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i] == ordinal)
			return true;
	return false;
}

/* Cells of passes that have a fresh row go there; the others are kept. */
static enum err
put_fresh(struct txn *t, struct column *col, const struct ordinals *fresh)
{
	size_t kept = 0;

	for (size_t i = 0, k; i < col->ncells; i = k) {
		const struct column_cell *c = &col->cells[i];
		enum err e;

		for (k = i + 1; k < col->ncells; k++)
			if (col->cells[k].ordinal != c->ordinal)
				break;
		if (has_ordinal(fresh, c->ordinal)) {
			e = column_put(t, c->ordinal, c, k - i);
			if (e != ERR_OK)
				return e;
			continue;
		}
		memmove(&col->cells[kept], c, (k - i) * sizeof(*c));
		kept += k - i;
	}
	col->ncells = kept;
	return ERR_OK;
}

static int
by_ordinal(const void *a, const void *b)
{
	const struct column_cell *x = a, *y = b;

	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

enum err
column_begin_many(struct txn *t)
{
	column(t->st)->ncells = 0;
	column(t->st)->most = 0;
	return dict_refresh(t->st);
}

enum err
column_end_many(struct txn *t)
{
	struct column *col = column(t->st);
	struct ordinals fresh = { .n = 0 };
	enum err e;

	if (col->ncells == 0)
		return ERR_OK;
	qsort(col->cells, col->ncells, sizeof(*col->cells), by_ordinal);
	e = find_fresh(t, col, &fresh);
	if (e == ERR_OK && fresh.n > 0)
		e = put_fresh(t, col, &fresh);
	free(fresh.list);
	if (e != ERR_OK)
		return e;
	qsort(col->cells, col->ncells, sizeof(*col->cells), column_by_field);
	return move_cells(t, col);
}
