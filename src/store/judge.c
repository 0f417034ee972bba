#include "store/judge.h"

#include <stdlib.h>

#include "store/column.h"
#include "store/dict.h"
#include "store/filter.h"
#include "store/zone.h"

struct judge {
	struct arena *a;
	struct known {
		uint32_t field;
		const char *name;
	} * fields;
	size_t n, size;
	struct column_cell *cells; /* of the present pass */
	size_t ncells, cells_size;
};

static void
add_known(struct judge *j, uint32_t field, const char *name)
{
	if (j->n == j->size) {
		j->size = j->size * 2 + 16;
		j->fields = realloc(j->fields, j->size * sizeof(*j->fields));
		if (j->fields == NULL)
			abort();
	}
	j->fields[j->n].field = field;
	j->fields[j->n++].name = name;
}

static enum err
add_name(struct slice name, uint32_t field, void *arg)
{
	struct judge *j = arg;

	add_known(j, field, arena_strndup(j->a, name.s, name.len));
	return ERR_OK;
}

enum err
judge_new(struct store *st, struct judge **out)
{
	struct judge *j = calloc(1, sizeof(*j));
	enum err e;

	if (j == NULL)
		abort();
	j->a = arena_new(4096);
	add_known(j, FIELD_STATUS, FIELD_STATUS_NAME);
	add_known(j, FIELD_ID, "id");
	if ((e = dict_each(st, DICT_NAMES, add_name, j)) != ERR_OK)
		judge_free(j);
	else
		*out = j;
	return e;
}

void
judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	arena_free(j->a);
	free(j->fields);
	free(j->cells);
	free(j);
}

/* -- one ordinal ------------------------------------------------------------
 */

static uint64_t
cell_in(const struct column_cell *cells, size_t n, uint32_t field)
{
	for (size_t i = 0; i < n; i++)
		if (cells[i].field == field)
			return cells[i].cell;
	return CELL_MISSING;
}

/* What the pass ought to have. */
static enum err
expect(struct txn *t, struct judge *j, const struct store_pass *p)
{
	size_t need = p == NULL ? 0 : p->ncolumns + 2;

	j->ncells = 0;
	if (p == NULL)
		return ERR_OK;
	if (need > j->cells_size) {
		j->cells = realloc(j->cells, need * sizeof(*j->cells));
		if (j->cells == NULL)
			abort();
		j->cells_size = need;
	}
	return column_cells(t->st, p, j->cells, &j->ncells);
}

static const char *
name_of(const struct judge *j, uint32_t field)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->fields[i].field == field)
			return j->fields[i].name;
	return "a field whose name was lost";
}

/* What it ought to have, then what it ought not to. */
enum err
judge_cells(struct txn *t, struct judge *j, uint32_t ordinal,
    const struct store_pass *p, const char **field)
{
	enum err e = expect(t, j, p);
	uint64_t cell;

	*field = NULL;
	for (size_t i = 0; e == ERR_OK && *field == NULL && i < j->ncells;
	     i++) {
		e = column_get(t, j->cells[i].field, ordinal, &cell);
		if (e == ERR_OK && cell != j->cells[i].cell)
			*field = name_of(j, j->cells[i].field);
	}
	for (size_t i = 0; e == ERR_OK && *field == NULL && i < j->n; i++) {
		if (cell_in(j->cells, j->ncells, j->fields[i].field) !=
		    CELL_MISSING)
			continue;
		e = column_get(t, j->fields[i].field, ordinal, &cell);
		if (e == ERR_OK && cell != CELL_MISSING)
			*field = j->fields[i].name;
	}
	return e;
}

/* Every known field is put: those of the pass, and nothing in the others. */
enum err
judge_mend(struct txn *t, struct judge *j, uint32_t ordinal,
    const struct store_pass *p)
{
	struct column_cell *cells;
	size_t n;
	enum err e = expect(t, j, p);

	if (e != ERR_OK)
		return e;
	cells = malloc((j->ncells + j->n) * sizeof(*cells));
	if (cells == NULL)
		abort();
	n = j->ncells;
	for (size_t i = 0; i < n; i++)
		cells[i] = j->cells[i];
	for (size_t i = 0; i < j->n; i++)
		if (cell_in(j->cells, j->ncells, j->fields[i].field) ==
		    CELL_MISSING)
			cells[n++] =
			    (struct column_cell){ .field = j->fields[i].field };
	e = column_put(t, ordinal, cells, n);
	free(cells);
	return e;
}

/* -- cells of no pass -------------------------------------------------------
 */

struct orphans {
	uint64_t *passes, *cells; /* a bit for each ordinal */
	size_t nbits;
};

static void
note_pass(uint32_t ordinal, struct slice id, void *arg)
{
	struct orphans *o = arg;

	if (id.len > 0 && ordinal < o->nbits)
		o->passes[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
}

static void
note_cells(const struct strip *s, void *arg)
{
	struct orphans *o = arg;
	uint64_t *w = o->cells + (size_t)s->chunk * COLUMN_WORDS;

	for (unsigned i = 0; i < COLUMN_CHUNK; i++)
		w[i / 64] |= (uint64_t)(strip_cell(s, i) != CELL_MISSING)
		    << i % 64;
}

static enum err
find_orphans(struct store *st, struct judge *j, struct orphans *o)
{
	struct view v;
	enum err e = view_open(st, &v);
	size_t n;

	if (e != ERR_OK)
		return e;
	n = (size_t)v.nchunks * COLUMN_WORDS;
	o->nbits = n * 64;
	o->passes = calloc(n, sizeof(*o->passes));
	o->cells = calloc(n, sizeof(*o->cells));
	if (o->passes == NULL || o->cells == NULL)
		abort();
	for (size_t i = 0; e == ERR_OK && i < j->n; i++)
		e = view_each(&v, j->fields[i].field, NULL, note_cells, o);
	view_close(&v);
	return e == ERR_OK ? filter_each_id(st, note_pass, o) : e;
}

enum err
judge_orphans(struct store *st, struct judge *j, judge_fn *fn, void *arg)
{
	struct orphans o = { .nbits = 0 };
	enum err e = find_orphans(st, j, &o);

	for (size_t i = 0; e == ERR_OK && i < o.nbits; i++)
		if (((o.cells[i / 64] & ~o.passes[i / 64]) >> i % 64 & 1) != 0)
			e = fn((uint32_t)i, arg);
	free(o.passes);
	free(o.cells);
	return e;
}

/* -- zones ------------------------------------------------------------------
 */

struct zoning {
	uint32_t field, chunk;
	bool mend, good;
};

static enum err
check_zone(struct txn *t, void *arg)
{
	struct zoning *z = arg;

	return zone_check(t, z->field, z->chunk, z->mend, &z->good);
}

enum err
judge_zones(
    struct store *st, struct judge *j, bool mend, judge_zone_fn *fn, void *arg)
{
	struct zoning z = { .mend = mend };
	struct view v;
	enum err e = view_open(st, &v);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; e == ERR_OK && i < j->n; i++) {
		z.field = j->fields[i].field;
		for (z.chunk = 0; e == ERR_OK && z.chunk < v.nchunks;
		     z.chunk++) {
			e = run_with(st, check_zone, &z, DB_TXN_NOSYNC);
			if (e == ERR_OK && !z.good)
				fn(j->fields[i].name, arg);
		}
	}
	view_close(&v);
	return e;
}
