#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/private.h"

#define BULK_BYTES (1U << 20) /* a multiple of 1024, over any row */

/* Where the last buffer of rows ended: what follows comes next. */
struct place {
	bool started;
	unsigned char key[STORE_KEY_MAX + 1], value[STORE_ID_MAX + 1];
	u_int32_t key_len, value_len; /* value_len 0: not among duplicates */
};

/* A byte more is the least key (or value) that is greater. */
static DBT
successor(unsigned char *p, u_int32_t len)
{
	p[len] = 0;
	return (DBT){ .data = p, .size = len + 1 };
}

static enum err
step_to(struct txn *t, DBC *c, struct place *at)
{
	DBT key = { .data = at->key, .size = at->key_len }, value = { 0 };
	enum err e = ERR_NOTFOUND;

	if (!at->started)
		return table_cursor_get(t, c, &key, &value, DB_FIRST);
	if (at->value_len != 0) {
		value = successor(at->value, at->value_len);
		e = table_cursor_get(t, c, &key, &value, DB_GET_BOTH_RANGE);
	}
	if (e != ERR_NOTFOUND)
		return e;
	key = successor(at->key, at->key_len);
	value = (DBT){ 0 };
	return table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
}

static enum err
fill_once(struct store *st, enum table n, struct place *at, DBT *rows)
{
	struct txn t = { .st = st };
	DBT key = { 0 };
	DBC *c = NULL;
	enum err e;

	if ((e = table_cursor(&t, n, &c)) != ERR_OK)
		return e;
	if ((e = step_to(&t, c, at)) == ERR_OK)
		e = table_cursor_get(
		    &t, c, &key, rows, DB_CURRENT | DB_MULTIPLE_KEY);
	c->close(c);
	return e;
}

static enum err
fill(struct store *st, enum table n, struct place *at, DBT *rows)
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		run_back_off(i);
		e = fill_once(st, n, at, rows);
	}
	return e;
}

static void
remember(struct place *at, bool dups, struct slice key, struct slice value)
{
	at->started = true;
	at->key_len = (u_int32_t)key.len;
	memcpy(at->key, key.s, key.len);
	at->value_len = dups ? (u_int32_t)value.len : 0;
	memcpy(at->value, value.s, at->value_len);
}

static bool
next_row(void **next, DBT *rows, struct slice *key, struct slice *value)
{
	void *k, *v;
	size_t klen, vlen;

	DB_MULTIPLE_KEY_NEXT(*next, rows, k, klen, v, vlen);
	if (*next == NULL)
		return false;
	*key = table_slice(k, klen);
	*value = table_slice(v, vlen);
	return true;
}

static enum err
tell(struct place *at, bool dups, DBT *rows, table_row_fn *fn, void *arg)
{
	struct slice key = { "", 0 }, value = { "", 0 };
	enum err e = ERR_OK;
	void *next;

	DB_MULTIPLE_INIT(next, rows);
	while (e == ERR_OK && next_row(&next, rows, &key, &value))
		e = fn(key, value, arg);
	if (e == ERR_OK)
		remember(at, dups, key, value);
	return e;
}

enum err
table_each(struct store *st, enum table n, table_row_fn *fn, void *arg)
{
	DBT rows = { .ulen = BULK_BYTES, .flags = DB_DBT_USERMEM };
	struct place at = { .started = false };
	enum err e;

	if ((rows.data = malloc(BULK_BYTES)) == NULL)
		abort();
	while ((e = fill(st, n, &at, &rows)) == ERR_OK)
		if ((e = tell(&at, n == TABLE_FIELD, &rows, fn, arg)) != ERR_OK)
			goto out;
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
out:
	free(rows.data);
	return e;
}

/* -- passes --------------------------------------------------------------- */

struct each {
	struct store *st;
	store_each_fn *fn;
	void *arg;
};

static enum err
each_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct store_pass p = { 0 };
	char id[STORE_ID_MAX + 1];
	enum err e = pass_decode(each->st, value, &p);

	if (e != ERR_OK)
		return e;
	if (key.len > STORE_ID_MAX)
		return store_rc(each->st, EINVAL, "pass id");
	memcpy(id, key.s, key.len);
	id[key.len] = '\0';
	p.id = id;
	return each->fn(&p, each->arg);
}

enum err
store_each(struct store *st, store_each_fn *fn, void *arg)
{
	struct each each = { st, fn, arg };

	return table_each(st, TABLE_PASS, each_row, &each);
}

struct following {
	const char *after;
	struct arena *a;
	const char **id;
};

static enum err
follow(struct txn *t, void *arg)
{
	const struct following *f = arg;
	DBT key = table_dbt((struct slice){ f->after, strlen(f->after) + 1 });
	DBT value = { .flags = DB_DBT_PARTIAL };
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_PASS, &c);

	if (e != ERR_OK)
		return e;
	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	if (e == ERR_OK)
		*f->id = arena_strndup(f->a, key.data, key.size);
	c->close(c);
	return e;
}

enum err
store_pass_next(
    struct store *st, const char *after, struct arena *a, const char **id)
{
	struct following f = { after, a, id };

	return run_bare(st, follow, &f);
}
