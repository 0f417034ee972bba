#include <stdlib.h>

#include "base/log.h"
#include "store/column.h"
#include "store/scan.h"

#define FRESH_MANY 4096 /* rows: their makers died, or are many */

#define FEW  4096
#define HELD 196608 /* of 16 bytes: 3 MiB */

/* -- opening --------------------------------------------------------------- */

static void
add_row(struct view *v, size_t *size, struct slice row)
{
	size_t n = fresh_count(row);

	if (v->nfresh + n > *size) {
		*size = (v->nfresh + n) * 2;
		v->fresh = realloc(v->fresh, *size * sizeof(*v->fresh));
		if (v->fresh == NULL)
			abort();
	}
	fresh_decode(row, v->fresh + v->nfresh);
	v->nfresh += n;
}

static enum err
read_fresh(struct view *v, unsigned *rows)
{
	struct slice key, row;
	struct scan s;
	size_t size = 64;
	enum err e;

	if ((v->fresh = malloc(size * sizeof(*v->fresh))) == NULL)
		abort();
	scan_init(&s, v->st, TABLE_FRESH);
	scan_from(&s, table_slice("", 0));
	for (*rows = 0; (e = scan_next(&s, &key, &row)) == ERR_OK; ++*rows)
		add_row(v, &size, row);
	scan_free(&s);
	qsort(v->fresh, v->nfresh, sizeof(*v->fresh), column_by_field);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
count_chunks(struct view *v)
{
	uint32_t bound = 0;
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = v->st };

		run_back_off(i);
		e = ordinal_bound(&t, &bound);
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	v->nchunks = bound / COLUMN_CHUNK + 1;
	return ERR_OK;
}

enum err
view_open(struct store *st, struct view *v)
{
	unsigned rows = 0;
	enum err e;

	*v = (struct view){ .st = st, .few = FEW, .held = HELD };
	if ((v->buf = malloc(STRIP_MAX)) == NULL)
		abort();
	if ((e = read_fresh(v, &rows)) == ERR_OK)
		e = count_chunks(v);
	/* What was read stays true of what is moved now. */
	if (e == ERR_OK && rows > FRESH_MANY)
		e = column_fold(st, rows);
	if (e != ERR_OK)
		view_close(v);
	return e;
}

void
view_close(struct view *v)
{
	free(v->fresh);
	free(v->buf);
}

/* -- reading --------------------------------------------------------------- */

struct reading {
	struct view *v;
	uint32_t field;
	const uint64_t *wanted;
	strip_fn *fn;
	void *arg;
	const struct column_cell *fresh, *end; /* of the field, to come */
};

static bool
is_wanted(const struct reading *r, uint32_t chunk)
{
	uint64_t any = 0;

	if (r->wanted == NULL)
		return true;
	for (size_t i = 0; i < COLUMN_WORDS; i++)
		any |= r->wanted[(size_t)chunk * COLUMN_WORDS + i];
	return any != 0;
}

static void
find_fresh(struct reading *r)
{
	const struct view *v = r->v;
	size_t lo = 0, hi = v->nfresh;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v->fresh[mid].field < r->field)
			lo = mid + 1;
		else
			hi = mid;
	}
	r->fresh = v->fresh + lo;
	while (lo < v->nfresh && v->fresh[lo].field == r->field)
		lo++;
	r->end = v->fresh + lo;
}

/* Tell of a chunk, with the fresh cells laid over it. */
static void
tell(struct reading *r, struct strip *s)
{
	const struct column_cell *c = r->fresh, *end;
	unsigned need = s->width;

	while (c < r->end && c->ordinal / COLUMN_CHUNK < s->chunk)
		c++;
	for (end = c; end < r->end && end->ordinal / COLUMN_CHUNK == s->chunk;
	     end++)
		if (need < strip_need(r->field, end->cell))
			need = strip_need(r->field, end->cell);
	r->fresh = end;
	if (c < end && need > 0) {
		memcpy(r->v->buf, s->p, (size_t)COLUMN_CHUNK * s->width);
		if (need > s->width)
			strip_widen(r->v->buf, s->width, need);
		s->width = need;
		s->p = r->v->buf;
		for (; c < end; c++)
			strip_set(r->v->buf, need, c);
	}
	r->fn(s, r->arg);
}

/* One by one: most chunks are not wanted. */
static enum err
read_one(struct reading *r, uint32_t chunk)
{
	unsigned char key[STRIP_KEY_LEN];
	struct strip s = { .chunk = chunk, .p = key };
	struct slice row;
	enum err e = ERR_BUSY;

	strip_key(r->field, chunk, key);
	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = r->v->st };

		run_back_off(i);
		e = table_get(
		    &t, TABLE_COLUMN, table_slice(key, sizeof(key)), &row, 0);
	}
	if (e == ERR_OK) {
		s.p = (const unsigned char *)row.s;
		e = strip_width(r->v->st, row.len, &s.width);
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	tell(r, &s);
	return ERR_OK;
}

/* Chunks before `end` that have no row. */
static void
tell_empty(struct reading *r, uint32_t *at, uint32_t end)
{
	for (; *at < end; ++*at)
		if (is_wanted(r, *at)) {
			struct strip s = { .chunk = *at, .p = r->v->buf };

			tell(r, &s);
		}
}

static enum err
read_all(struct reading *r)
{
	unsigned char from[STRIP_KEY_LEN];
	struct slice key, row;
	struct scan s;
	uint32_t at = 0, chunk;
	enum err e;

	strip_key(r->field, 0, from);
	scan_init(&s, r->v->st, TABLE_COLUMN);
	scan_within(&s, table_slice(from, 4));
	while ((e = scan_next(&s, &key, &row)) == ERR_OK) {
		struct strip strip = { .p = (const unsigned char *)row.s };

		chunk = table_get32(key.s + 4);
		if (chunk >= r->v->nchunks)
			break;
		e = strip_width(r->v->st, row.len, &strip.width);
		if (e != ERR_OK)
			break;
		tell_empty(r, &at, chunk);
		strip.chunk = at++;
		if (is_wanted(r, chunk))
			tell(r, &strip);
	}
	scan_free(&s);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	tell_empty(r, &at, r->v->nchunks);
	return ERR_OK;
}

enum err
view_each(struct view *v, uint32_t field, const uint64_t *wanted, strip_fn *fn,
    void *arg)
{
	struct reading r = {
		.v = v, .field = field, .wanted = wanted, .fn = fn, .arg = arg
	};
	uint32_t n = 0;
	enum err e = ERR_OK;

	find_fresh(&r);
	for (uint32_t i = 0; i < v->nchunks; i++)
		n += is_wanted(&r, i);
	if (n > v->nchunks / 8)
		return read_all(&r);
	for (uint32_t i = 0; e == ERR_OK && i < v->nchunks; i++)
		if (is_wanted(&r, i))
			e = read_one(&r, i);
	return e;
}
