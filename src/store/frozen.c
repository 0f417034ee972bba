#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/private.h"

/*
 * Rows of an operation: chunk 0 is its data, chunk n > 0 the bits of the
 * ordinals from (n - 1) * CHUNK_BITS on.  A chunk without any bit has no row.
 */
#define CHUNK_WORDS 256
#define CHUNK_BITS  (CHUNK_WORDS * 64)
#define CHUNK_BYTES (CHUNK_WORDS * 8)
#define KEY_LEN     (OPERATION_ID_LEN + 4)

static struct slice
make_key(const char *id, uint32_t chunk, unsigned char key[KEY_LEN])
{
	memcpy(key, id, OPERATION_ID_LEN);
	table_put32(key + OPERATION_ID_LEN, chunk);
	return table_slice(key, KEY_LEN);
}

static enum err
put_chunk(struct txn *t, struct slice key, const uint64_t *bits, size_t n)
{
	unsigned char row[CHUNK_BYTES];
	uint64_t any = 0;

	for (size_t i = 0; i < n; i++) {
		table_put64(row + 8 * i, bits[i]);
		any |= bits[i];
	}
	if (any == 0)
		return ERR_OK;
	return table_put(t, TABLE_FROZEN, key, table_slice(row, 8 * n), 0);
}

enum err
frozen_put(struct txn *t, const char *id, const struct operation_work *work)
{
	unsigned char key[KEY_LEN];
	enum err e =
	    table_put(t, TABLE_FROZEN, make_key(id, 0, key), work->data, 0);
	uint32_t chunk = 1;

	for (size_t i = 0; e == ERR_OK && i < work->nwords;
	     i += CHUNK_WORDS, chunk++) {
		size_t n = work->nwords - i;

		e = put_chunk(t, make_key(id, chunk, key), work->bits + i,
		    n < CHUNK_WORDS ? n : CHUNK_WORDS);
	}
	return e;
}

static bool
is_of(const DBT *key, const char *id)
{
	return key->size == KEY_LEN &&
	    memcmp(key->data, id, OPERATION_ID_LEN) == 0;
}

static enum err
del_at(struct txn *t, DBC *c, const char *id)
{
	unsigned char first[KEY_LEN];
	DBT key = table_dbt(make_key(id, 0, first));
	DBT value = { .flags = DB_DBT_PARTIAL };
	enum err e;

	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE | DB_RMW);
	while (e == ERR_OK && is_of(&key, id)) {
		if ((e = table_rc(t, c->del(c, 0), "delete")) == ERR_OK)
			e = table_cursor_get(
			    t, c, &key, &value, DB_NEXT | DB_RMW);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
frozen_del(struct txn *t, const char *id)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FROZEN, &c);

	if (e == ERR_OK)
		e = del_at(t, c, id);
	if (c != NULL)
		c->close(c);
	return e;
}

struct data {
	const char *id;
	struct arena *a;
	struct slice *out;
};

static enum err
get_data(struct txn *t, void *arg)
{
	struct data *d = arg;
	unsigned char key[KEY_LEN];
	struct slice row;
	enum err e;

	e = table_get(t, TABLE_FROZEN, make_key(d->id, 0, key), &row, 0);
	if (e == ERR_OK)
		*d->out =
		    table_slice(arena_strndup(d->a, row.s, row.len), row.len);
	return e;
}

enum err
operation_data(
    struct store *st, const char *id, struct arena *a, struct slice *out)
{
	struct data d = { id, a, out };

	return store_read(st, get_data, &d);
}

/* -- its passes ------------------------------------------------------------ */

struct passes {
	const struct operation *op;
	struct arena *a;
	struct operation_pass *out;
	size_t max, n;
};

/* Ordinals of one chunk that are not done with. */
static void
take(struct passes *p, uint32_t chunk, const unsigned char *row, size_t nwords)
{
	uint32_t base = (chunk - 1) * CHUNK_BITS;

	for (size_t i = 0; i < nwords && p->n < p->max; i++) {
		uint64_t word = table_get64(row + 8 * i);

		for (; word != 0 && p->n < p->max; word &= word - 1) {
			uint32_t ordinal = base + (uint32_t)i * 64 +
			    (uint32_t)__builtin_ctzll(word);

			if (ordinal >= p->op->next)
				p->out[p->n++].ordinal = ordinal;
		}
	}
}

static enum err
take_at(struct txn *t, DBC *c, struct passes *p)
{
	unsigned char first[KEY_LEN];
	DBT key =
	    table_dbt(make_key(p->op->id, p->op->next / CHUNK_BITS + 1, first));
	DBT value = { 0 };
	enum err e;

	p->n = 0;
	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	while (e == ERR_OK && p->n < p->max && is_of(&key, p->op->id)) {
		take(p, table_get32((char *)key.data + OPERATION_ID_LEN),
		    value.data, value.size / 8);
		e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
find_passes(struct txn *t, void *arg)
{
	struct passes *p = arg;
	char id[STORE_ID_MAX + 1];
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FROZEN, &c);

	if (e == ERR_OK)
		e = take_at(t, c, p);
	if (c != NULL)
		c->close(c);
	for (size_t i = 0; e == ERR_OK && i < p->n; i++) {
		e = ordinal_find(t, p->out[i].ordinal, id);
		p->out[i].id = e == ERR_OK ? arena_strdup(p->a, id) : NULL;
		if (e == ERR_NOTFOUND)
			e = ERR_OK;
	}
	return e;
}

enum err
operation_passes(struct store *st, const struct operation *op, struct arena *a,
    struct operation_pass *out, size_t *max)
{
	struct passes p = { .op = op, .a = a, .out = out, .max = *max };
	enum err e = store_read(st, find_passes, &p);

	if (e == ERR_OK)
		*max = p.n;
	return e;
}
