#include "store/source.h"

#include <string.h>

#include "base/log.h"
#include "store/private.h"

/* A row: version of the layout, date, the object. */
#define ROW_VERSION 1
#define ROW_HEAD    9

struct put {
	const char *id;
	struct slice row;
};

/* The pass is read so that it cannot be removed meanwhile. */
static enum err
put(struct txn *t, void *arg)
{
	const struct put *p = arg;
	struct slice pass;
	enum err e = table_get(t, TABLE_PASS, slice_of(p->id), &pass, 0);

	if (e != ERR_OK)
		return e;
	return table_put(t, TABLE_SOURCE, slice_of(p->id), p->row, 0);
}

enum err
store_source_put(struct store *st, const char *id, const struct store_source *s)
{
	unsigned char row[ROW_HEAD + STORE_SOURCE_MAX];
	struct put p = { .id = id,
		.row = table_slice(row, ROW_HEAD + s->json.len) };

	if (s->json.len > STORE_SOURCE_MAX)
		return ERR_TOOBIG;
	row[0] = ROW_VERSION;
	table_put64(row + 1, (uint64_t)s->date);
	if (s->json.len > 0)
		memcpy(row + ROW_HEAD, s->json.s, s->json.len);
	return run_with(st, put, &p, DB_TXN_NOSYNC);
}

enum err
store_source_get(
    struct txn *t, const char *id, struct arena *a, struct store_source *out)
{
	struct slice row;
	enum err e = table_get(t, TABLE_SOURCE, slice_of(id), &row, 0);

	if (e != ERR_OK)
		return e;
	if (row.len < ROW_HEAD || row.s[0] != ROW_VERSION) {
		log_error("store_fault", "dir", t->st->dir, "what", "source",
		    "why", "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	out->date = (int64_t)table_get64(row.s + 1);
	out->json.len = row.len - ROW_HEAD;
	out->json.s = arena_strndup(a, row.s + ROW_HEAD, out->json.len);
	return ERR_OK;
}

enum err
source_forget(struct txn *t, const char *id)
{
	enum err e = table_del(t, TABLE_SOURCE, slice_of(id));

	return e == ERR_NOTFOUND ? ERR_OK : e;
}
