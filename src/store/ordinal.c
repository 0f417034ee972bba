#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/private.h"

static const struct slice next_key = { "ordinal", 7 };

struct want {
	uint32_t n;
	struct lease got;
};

/* What is left of the old block is kept when the new one follows it. */
static enum err
lease_block(struct txn *t, void *arg)
{
	struct want *w = arg;
	unsigned char buf[4];
	struct slice was;
	uint32_t next = 1;
	enum err e = table_get(t, TABLE_META, next_key, &was, DB_RMW);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if (e == ERR_OK)
		next = was.len == sizeof(buf) ? table_get32(was.s) : 0;
	if (next == 0 || UINT32_MAX - next < w->n) {
		log_error("store_fault", "dir", t->st->dir, "what", "ordinal",
		    "why", "all ordinals are given", NULL);
		return ERR_INTERNAL;
	}
	w->got = (struct lease){ next, next + w->n };
	table_put32(buf, w->got.end);
	return table_put(
	    t, TABLE_META, next_key, table_slice(buf, sizeof(buf)), 0);
}

/*
 * In a transaction of its own, so that nobody waits for the counter until
 * another's commit.  It need not be flushed: a commit that uses one of these
 * ordinals flushes all the log before it.
 */
enum err
ordinal_lease(struct store *st, uint32_t n)
{
	struct want w = { .n = n > st->lease_size ? n : st->lease_size };
	enum err e = run_with(st, lease_block, &w, DB_TXN_NOSYNC);

	if (e != ERR_OK)
		return e;
	if (st->lease.next < st->lease.end && st->lease.end == w.got.next)
		st->lease.end = w.got.end;
	else
		st->lease = w.got;
	return ERR_OK;
}

static enum err
give_back(struct txn *t, void *arg)
{
	const struct lease *l = arg;
	unsigned char buf[4];
	struct slice was;
	enum err e = table_get(t, TABLE_META, next_key, &was, DB_RMW);

	if (e != ERR_OK || table_get32(was.s) != l->end)
		return e;
	table_put32(buf, l->next);
	return table_put(
	    t, TABLE_META, next_key, table_slice(buf, sizeof(buf)), 0);
}

enum err
ordinal_give_back(struct store *st)
{
	struct lease rest = st->lease;

	st->lease = (struct lease){ 0, 0 };
	if (rest.next == rest.end)
		return ERR_OK;
	return run_with(st, give_back, &rest, DB_TXN_NOSYNC);
}

enum err
ordinal_take(struct txn *t, uint32_t *out)
{
	struct lease *l = &t->st->lease;

	if (l->next == l->end) {
		t->dry = true;
		return ERR_BUSY;
	}
	t->taken++;
	*out = l->next++;
	return ERR_OK;
}

void
ordinal_untake(struct txn *t)
{
	t->taken--;
	t->st->lease.next--;
}

enum err
ordinal_put(struct txn *t, uint32_t ordinal, const char *id)
{
	struct slice key = table_slice(&ordinal, sizeof(ordinal));

	return table_put(t, TABLE_ORDINAL, key, slice_of(id), 0);
}

/* A queue leaves what it held in its place: that is overwritten. */
enum err
ordinal_del(struct txn *t, uint32_t ordinal)
{
	struct slice key = table_slice(&ordinal, sizeof(ordinal));
	enum err e = table_put(t, TABLE_ORDINAL, key, table_slice("", 0), 0);

	return e == ERR_OK ? table_del(t, TABLE_ORDINAL, key) : e;
}

/* Records are of one length, filled up with NUL. */
enum err
ordinal_find(struct txn *t, uint32_t ordinal, char *id)
{
	struct slice v;
	enum err e;

	if (ordinal == 0) /* none has it, and the queue would complain */
		return ERR_NOTFOUND;
	e = table_get(
	    t, TABLE_ORDINAL, table_slice(&ordinal, sizeof(ordinal)), &v, 0);
	if (e != ERR_OK)
		return e;
	memcpy(id, v.s, v.len);
	id[v.len] = '\0';
	return ERR_OK;
}

enum err
ordinal_bound(struct txn *t, uint32_t *bound)
{
	struct slice was;
	enum err e = table_get(t, TABLE_META, next_key, &was, 0);

	if (e == ERR_OK)
		*bound = table_get32(was.s);
	return e;
}

/*
 * Of blocks that nobody used whole pages are missing, which is no matter
 * unless the file ends before them.
 */
static int
count_records(DB *db, DB_QUEUE_STAT **stat)
{
	int rc = db->stat(db, NULL, stat, 0);

	if (rc != DB_PAGE_NOTFOUND || (rc = db->sync(db, 0)) != 0)
		return rc;
	return db->stat(db, NULL, stat, 0);
}

/*
 * Counted here because the queue has one small record for each pass.
 */
enum err
store_count(struct store *st, uint64_t *n)
{
	DB *db = st->db[TABLE_ORDINAL];
	DB_QUEUE_STAT *stat = NULL;
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		run_back_off(i);
		e = store_rc(st, count_records(db, &stat), "stat");
	}
	if (e == ERR_OK)
		*n = stat->qs_ndata;
	free(stat);
	return e;
}
