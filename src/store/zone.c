#include "store/zone.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/cell.h"
#include "store/scan.h"

#define ZONE_LEN  20
#define GROUP_LEN ((size_t)ZONE_GROUP * ZONE_LEN)

static struct zone
zone_of(uint32_t field, const struct strip *s)
{
	struct zone z = { .lo = UINT64_MAX };

	if (field == FIELD_ID || s->width != 8)
		return (struct zone){ .n = 0 };
	for (unsigned i = 0; i < COLUMN_CHUNK; i++) {
		uint64_t cell = strip_load(s->p + (size_t)i * 8, 8);

		if (cell == CELL_MISSING)
			continue;
		if (!cell_is_number(cell))
			return (struct zone){ .n = 0 };
		z.lo = cell < z.lo ? cell : z.lo;
		z.hi = cell > z.hi ? cell : z.hi;
		z.n++;
	}
	return z.n > 0 ? z : (struct zone){ .n = 0 };
}

static void
encode(const struct zone *z, unsigned char p[ZONE_LEN])
{
	table_put64(p, z->lo);
	table_put64(p + 8, z->hi);
	table_put32(p + 16, z->n);
}

static struct zone
decode(const char *p)
{
	struct zone z = { table_get64(p), table_get64(p + 8),
		table_get32(p + 16) };

	/* A row that was never written is all zero. */
	return z.n <= COLUMN_CHUNK && z.lo <= z.hi ? z
						   : (struct zone){ .n = 0 };
}

/* -- writing --------------------------------------------------------------- */

void
zone_note(struct zone_notes *z, uint32_t field, const struct strip *s)
{
	z->list[z->n++] = (struct zone_note){ s->chunk, zone_of(field, s) };
}

static enum err
read_group(struct txn *t, struct slice key, unsigned char row[GROUP_LEN])
{
	struct slice was;
	enum err e = table_get(t, TABLE_COLUMN, key, &was, DB_RMW);

	memset(row, 0, GROUP_LEN);
	if (e == ERR_OK && was.len == GROUP_LEN)
		memcpy(row, was.s, GROUP_LEN);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Zones of one group. */
static enum err
write_group(
    struct txn *t, uint32_t field, const struct zone_note *list, size_t n)
{
	unsigned char key[STRIP_KEY_LEN], row[GROUP_LEN], was[GROUP_LEN];
	struct slice k = table_slice(key, sizeof(key));
	enum err e;

	strip_key(field, ZONE_AT + list->chunk / ZONE_GROUP, key);
	if ((e = read_group(t, k, row)) != ERR_OK)
		return e;
	memcpy(was, row, sizeof(row));
	for (size_t i = 0; i < n; i++)
		encode(&list[i].zone,
		    row + (size_t)(list[i].chunk % ZONE_GROUP) * ZONE_LEN);
	return memcmp(was, row, sizeof(row)) == 0
	    ? ERR_OK
	    : table_put(t, TABLE_COLUMN, k, table_slice(row, GROUP_LEN), 0);
}

enum err
zone_write(struct txn *t, uint32_t field, struct zone_notes *z)
{
	enum err e = ERR_OK;

	for (size_t i = 0, k; e == ERR_OK && i < z->n; i = k) {
		for (k = i + 1; k < z->n; k++)
			if (z->list[k].chunk / ZONE_GROUP !=
			    z->list[i].chunk / ZONE_GROUP)
				break;
		e = write_group(t, field, &z->list[i], k - i);
	}
	z->n = 0;
	return e;
}

enum err
zone_check(struct txn *t, uint32_t field, uint32_t chunk, bool mend, bool *good)
{
	unsigned char key[STRIP_KEY_LEN], group[GROUP_LEN];
	struct strip s = { .chunk = chunk };
	struct zone_note note = { .chunk = chunk };
	struct zone was;
	struct slice row;
	enum err e;

	strip_key(field, chunk, key);
	e = table_get(
	    t, TABLE_COLUMN, table_slice(key, sizeof(key)), &row, DB_RMW);
	if (e == ERR_OK) {
		s.p = (const unsigned char *)row.s;
		e = strip_width(t->st, row.len, &s.width);
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	note.zone = zone_of(field, &s);
	strip_key(field, ZONE_AT + chunk / ZONE_GROUP, key);
	e = read_group(t, table_slice(key, sizeof(key)), group);
	if (e != ERR_OK)
		return e;
	was = decode(
	    (const char *)group + (size_t)(chunk % ZONE_GROUP) * ZONE_LEN);
	*good = was.n == 0 ||
	    (was.n == note.zone.n && was.lo == note.zone.lo &&
		was.hi == note.zone.hi);
	return *good || !mend ? ERR_OK : write_group(t, field, &note, 1);
}

/* -- reading --------------------------------------------------------------- */

/* A chunk of a set, in the order that is asked for. */
struct span {
	uint64_t lo, hi;
	uint32_t chunk;
	uint32_t n;    /* passes */
	uint32_t sure; /* have a number, and none is over `hi` */
};

static enum err
read_zones(struct view *v, uint32_t field, struct zone *zones)
{
	unsigned char from[STRIP_KEY_LEN];
	struct slice key, row;
	struct scan s;
	enum err e;

	strip_key(field, ZONE_AT, from);
	scan_init(&s, v->st, TABLE_COLUMN);
	scan_from(&s, table_slice(from, sizeof(from)));
	s.within = table_slice(from, 4);
	while ((e = scan_next(&s, &key, &row)) == ERR_OK) {
		size_t chunk;

		chunk = (size_t)(table_get32(key.s + 4) - ZONE_AT) * ZONE_GROUP;
		for (size_t i = 0; i < ZONE_GROUP && chunk < v->nchunks &&
		     row.len == GROUP_LEN;
		     i++, chunk++)
			zones[chunk] = decode(row.s + i * ZONE_LEN);
	}
	scan_free(&s);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Cells that are laid over the strips. */
static void
add_fresh(const struct view *v, uint32_t field, struct zone *zones)
{
	for (size_t i = 0; i < v->nfresh; i++) {
		const struct column_cell *c = &v->fresh[i];
		uint32_t chunk = c->ordinal / COLUMN_CHUNK;
		struct zone *z = &zones[chunk < v->nchunks ? chunk : 0];

		if (c->field != field || chunk >= v->nchunks || z->n == 0)
			continue;
		if (c->cell == CELL_MISSING) {
			z->n--;
		} else if (!cell_is_number(c->cell)) {
			z->n = 0;
		} else {
			z->lo = c->cell < z->lo ? c->cell : z->lo;
			z->hi = c->cell > z->hi ? c->cell : z->hi;
		}
	}
}

/* Of `n` passes those may lack a number whose cells may. */
static struct span
span_of(const struct zone *z, uint64_t flip, uint32_t chunk, uint32_t n)
{
	uint32_t away = COLUMN_CHUNK - z->n;
	struct span s = { .hi = UINT64_MAX, .chunk = chunk, .n = n };

	if (z->n == 0)
		return s;
	s.lo = flip == 0 ? z->lo : ~z->hi;
	s.hi = flip == 0 ? z->hi : ~z->lo;
	s.sure = n > away ? n - away : 0;
	return s;
}

static int
by_lo(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

static int
by_hi(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->hi > y->hi) - (x->hi < y->hi);
}

/*
 * The number of rank `first` is not less than `*from`, because the chunks
 * that begin before have no more passes; that of `last` not over `*to`.
 */
static void
find_range(struct span *list, size_t n, const struct zone_ask *ask,
    uint64_t *from, uint64_t *to)
{
	uint64_t sum = 0;

	*from = 0;
	*to = UINT64_MAX;
	qsort(list, n, sizeof(*list), by_hi);
	for (size_t i = 0; i < n; i++)
		if ((sum += list[i].sure) > ask->last) {
			*to = list[i].hi;
			break;
		}
	qsort(list, n, sizeof(*list), by_lo);
	sum = 0;
	for (size_t i = 0; i < n; i++)
		if ((sum += list[i].n) > ask->first) {
			*from = list[i].lo;
			break;
		}
}

static void
drop(struct store_set *set, const struct span *s)
{
	memset(set->bits + (size_t)s->chunk * COLUMN_WORDS, 0,
	    COLUMN_WORDS * sizeof(*set->bits));
	set->count -= s->n;
}

static void
narrow(struct zone_ask *ask, struct store_set *set, struct span *list, size_t n)
{
	uint64_t from, to, before = 0;

	find_range(list, n, ask, &from, &to);
	for (size_t i = 0; i < n; i++) {
		const struct span *s = &list[i];

		if (s->hi < from && s->sure == s->n) {
			before += s->n;
			drop(set, s);
		} else if (s->lo > to) {
			drop(set, s);
		}
	}
	ask->first -= before;
	ask->last -= before;
}

static size_t
make_spans(const struct store_set *set, const struct zone *zones, uint64_t flip,
    struct span *list)
{
	size_t n = 0;

	for (uint32_t chunk = 0; chunk < set->nwords / COLUMN_WORDS; chunk++) {
		const uint64_t *w = set->bits + (size_t)chunk * COLUMN_WORDS;
		uint32_t count = 0;

		for (size_t i = 0; i < COLUMN_WORDS; i++)
			count += (uint32_t)__builtin_popcountll(w[i]);
		if (count > 0)
			list[n++] = span_of(&zones[chunk], flip, chunk, count);
	}
	return n;
}

enum err
zone_narrow(struct view *v, struct zone_ask *ask, struct store_set *set)
{
	struct zone *zones = calloc(v->nchunks, sizeof(*zones));
	struct span *list = malloc(v->nchunks * sizeof(*list));
	enum err e;

	if (zones == NULL || list == NULL)
		abort();
	if ((e = read_zones(v, ask->field, zones)) == ERR_OK) {
		add_fresh(v, ask->field, zones);
		narrow(ask, set, list, make_spans(set, zones, ask->flip, list));
	}
	free(zones);
	free(list);
	return e;
}
