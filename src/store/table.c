#include <stdlib.h>
#include <string.h>

#include "store/private.h"
#include "store/upgrade.h"

/*
 * The ordinals are a queue because that locks single records: neighbours in
 * it are written by different processes at once.
 */
static const struct {
	const char *file;
	DBTYPE type;
	u_int32_t page, flags;
	u_int32_t record, extent; /* of a queue: bytes; pages of a file */
} tables[TABLE__MAX] = {
	[TABLE_META] = { "meta.db", DB_BTREE, 512, 0, 0, 0 },
	[TABLE_PASS] = { "pass.db", DB_BTREE, 16384, 0, 0, 0 },
	[TABLE_ORDINAL] = { "ordinal.db", DB_QUEUE, 4096, 0, STORE_ID_MAX, 0 },
	[TABLE_UNIQUE] = { "unique.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_FIELD] = { "field.db", DB_BTREE, 32768, DB_DUPSORT, 0, 0 },
	[TABLE_OPERATION] = { "operation.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_FROZEN] = { "frozen.db", DB_BTREE, 16384, 0, 0, 0 },
	[TABLE_RELATED] = { "related.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_DUE] = { "due.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_SOURCE] = { "source.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_GOOGLE] = { "google.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_DICT] = { "dict.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_COLUMN] = { "column.db", DB_BTREE, 65536, 0, 0, 0 },
	[TABLE_DAY] = { "day.db", DB_BTREE, 4096, 0, 0, 0 },
	/* Its files go as it empties: it would grow for ever. */
	[TABLE_EVENT] = { "event.db", DB_QUEUE, 8192, 0, EVENT_LEN, 256 },
	[TABLE_DEVICE] = { "device.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_REGISTRATION] = { "registration.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_HOLDER] = { "holder.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_TOKEN] = { "token.db", DB_BTREE, 4096, 0, 0, 0 },
	/* Its pages fill and empty all the time, and should stay many. */
	[TABLE_FRESH] = { "fresh.db", DB_BTREE, 2048, DB_REVSPLITOFF, 0, 0 },
	[TABLE_ANSWER] = { "answer.db", DB_BTREE, 8192, 0, 0, 0 },
	[TABLE_MESSAGE] = { "message.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_REFRESH] = { "refresh.db", DB_BTREE, 4096, 0, 0, 0 },
	[TABLE_WEBHOOK] = { "webhook.db", DB_BTREE, 8192, 0, 0, 0 },
	[TABLE_DELIVERY] = { "delivery.db", DB_BTREE, 8192, 0, 0, 0 },
};

const char *
table_file(enum table n)
{
	return tables[n].file;
}

bool
table_is_split(enum table n)
{
	return tables[n].extent != 0;
}

static enum err
open_one(struct store *st, enum table n)
{
	DB *db;
	int rc;

	if ((rc = db_create(&db, st->env, 0)) != 0)
		return store_rc(st, rc, "create");
	st->db[n] = db;
	if ((rc = db->set_pagesize(db, tables[n].page)) == 0 &&
	    (rc = db->set_flags(db, tables[n].flags)) == 0 &&
	    tables[n].type == DB_QUEUE &&
	    (rc = db->set_re_len(db, tables[n].record)) == 0 &&
	    (rc = db->set_re_pad(db, 0)) == 0 && tables[n].extent != 0)
		rc = db->set_q_extentsize(db, tables[n].extent);
	if (rc == 0)
		rc = db->open(db, NULL, tables[n].file, NULL, tables[n].type,
		    DB_CREATE | DB_AUTO_COMMIT, 0600);
	return store_rc(st, rc, tables[n].file);
}

/* The format is judged before anything else of a newer one is touched. */
enum err
table_open_all(struct store *st)
{
	enum err e = open_one(st, TABLE_META);

	if (e == ERR_OK)
		e = upgrade_check(st);
	for (enum table n = TABLE_META + 1; e == ERR_OK && n < TABLE__MAX; n++)
		e = open_one(st, n);
	return e;
}

void
table_close_all(struct store *st)
{
	for (enum table n = TABLE__MAX; n-- > 0;)
		if (st->db[n] != NULL)
			(void)!store_rc(
			    st, st->db[n]->close(st->db[n], 0), tables[n].file);
}

enum err
table_rc(struct txn *t, int rc, const char *what)
{
	if (rc == DB_LOCK_DEADLOCK || rc == DB_LOCK_NOTGRANTED)
		t->victim = true;
	return store_rc(t->st, rc, what);
}

/* What a victim does after that is not for Berkeley DB any more. */
enum err
table_get(struct txn *t, enum table n, struct slice key, struct slice *value,
    u_int32_t flags)
{
	DB *db = t->st->db[n];
	DBT k = table_dbt(key), v = { .data = NULL };
	enum err e;

	if (t->victim)
		return ERR_BUSY;
	e = table_rc(t, db->get(db, t->tid, &k, &v, flags), "get");
	if (e == ERR_OK)
		*value = table_slice(v.data, v.size);
	return e;
}

enum err
table_has(struct txn *t, enum table n, struct slice key, struct slice value)
{
	DB *db = t->st->db[n];
	DBT k = table_dbt(key), v = table_dbt(value);

	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, db->get(db, t->tid, &k, &v, DB_GET_BOTH), "get");
}

enum err
table_put(struct txn *t, enum table n, struct slice key, struct slice value,
    u_int32_t flags)
{
	DB *db = t->st->db[n];
	DBT k = table_dbt(key), v = table_dbt(value);

	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, db->put(db, t->tid, &k, &v, flags), "put");
}

enum err
table_del(struct txn *t, enum table n, struct slice key)
{
	DB *db = t->st->db[n];
	DBT k = table_dbt(key);

	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, db->del(db, t->tid, &k, 0), "delete");
}

enum err
table_del_all(struct txn *t, enum table n, struct slice prefix)
{
	DBT key = table_dbt(prefix), value = { .data = NULL };
	DBC *c = NULL;
	enum err e = table_cursor(t, n, &c);

	if (e != ERR_OK)
		return e;
	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	while (e == ERR_OK && key.size >= prefix.len &&
	    memcmp(key.data, prefix.s, prefix.len) == 0) {
		e = table_rc(t, c->del(c, 0), "delete");
		if (e == ERR_OK)
			e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	if (c->close(c) != 0 && e == ERR_OK)
		e = ERR_BUSY;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
table_consume(struct txn *t, enum table n, uint32_t *place)
{
	DB *db = t->st->db[n];
	DBT k = { .data = place, .ulen = sizeof(*place) }, v = { .data = NULL };

	k.flags = DB_DBT_USERMEM;
	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, db->get(db, t->tid, &k, &v, DB_CONSUME), "consume");
}

enum err
table_cursor(struct txn *t, enum table n, DBC **out)
{
	DB *db = t->st->db[n];

	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, db->cursor(db, t->tid, out, 0), "cursor");
}

enum err
table_cursor_get(struct txn *t, DBC *c, DBT *key, DBT *value, u_int32_t flags)
{
	if (t->victim)
		return ERR_BUSY;
	return table_rc(t, c->get(c, key, value, flags), "cursor get");
}
