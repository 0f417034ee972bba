#include "store/scan.h"

#include <stdlib.h>

#include "base/text.h"

/* Of the row given last: its key, and its value among duplicates. */
#define VALUE_AT (STORE_KEY_MAX + 1)
#define LAST_MAX (VALUE_AT + STORE_ID_MAX + 1)

void
scan_init(struct scan *s, struct store *st, enum table n)
{
	*s = (struct scan){ .st = st, .table = n };
	s->rows = (DBT){ .ulen = SCAN_BYTES, .flags = DB_DBT_USERMEM };
	s->rows.data = calloc(1, SCAN_BYTES);
	s->last = malloc(LAST_MAX);
	if (s->rows.data == NULL || s->last == NULL)
		abort();
}

void
scan_free(struct scan *s)
{
	free(s->rows.data);
	free(s->last);
	free(s->hits);
}

void
scan_from(struct scan *s, struct slice key)
{
	memcpy(s->last, key.s, key.len);
	s->key = table_slice(s->last, key.len);
	s->value = (struct slice){ NULL, 0 };
	s->started = s->ended = false;
	s->next = NULL;
}

void
scan_within(struct scan *s, struct slice prefix)
{
	scan_from(s, prefix);
	s->within = prefix;
}

/* A bit for each eight bytes, and a word more to look beyond. */
static void
make_hits(struct scan *s)
{
	free(s->hits);
	s->hits = NULL;
	if (s->needle.len != 0 &&
	    (s->hits = malloc(s->rows.ulen / 64 + 16)) == NULL)
		abort();
}

void
scan_only(struct scan *s, struct slice needle)
{
	s->needle = needle;
	make_hits(s);
}

static bool
is_within(const struct scan *s, const void *key, size_t len)
{
	return len >= s->within.len &&
	    (s->within.len == 0 ||
		memcmp(key, s->within.s, s->within.len) == 0);
}

/* To the row after the last one; a byte more is the least that is greater. */
static enum err
step(struct scan *s, struct txn *t, DBC *c, DBT *key)
{
	DBT value = table_dbt(s->value);
	enum err e = ERR_NOTFOUND;

	*key = table_dbt(s->key);

	if (s->started && s->value.len != 0) {
		s->last[VALUE_AT + s->value.len] = 0;
		value.size++;
		e = table_cursor_get(t, c, key, &value, DB_GET_BOTH_RANGE);
	}
	if (e != ERR_NOTFOUND)
		return e;
	*key = table_dbt(s->key);
	value = (DBT){ 0 };
	if (s->started) {
		s->last[s->key.len] = 0;
		key->size++;
	}
	return table_cursor_get(t, c, key, &value, DB_SET_RANGE);
}

static enum err
fetch_once(struct scan *s)
{
	struct txn t = { .st = s->st };
	DBT key = { 0 };
	DBC *c = NULL;
	enum err e;
	int rc;

	if ((e = table_cursor(&t, s->table, &c)) != ERR_OK)
		return e;
	if ((e = step(s, &t, c, &key)) == ERR_OK &&
	    !is_within(s, key.data, key.size))
		e = ERR_NOTFOUND;
	if (e != ERR_OK)
		goto out;
	rc = c->get(c, &key, &s->rows, DB_CURRENT | DB_MULTIPLE_KEY);
	if (rc == DB_BUFFER_SMALL) {
		/* A size that is a multiple of 1024 is asked for. */
		s->rows.ulen = (s->rows.size | 1023U) + 1;
		free(s->rows.data);
		s->rows.data = calloc(1, s->rows.ulen);
		if (s->rows.data == NULL)
			abort();
		make_hits(s);
		e = ERR_BUSY;
	} else {
		e = table_rc(&t, rc, "scan");
	}
out:
	c->close(c);
	return e;
}

static void
remember(struct scan *s)
{
	size_t dup = s->table == TABLE_FIELD ? s->value.len : 0;

	memcpy(s->last, s->key.s, s->key.len);
	if (dup != 0)
		memcpy(s->last + VALUE_AT, s->value.s, dup);
	s->key = table_slice(s->last, s->key.len);
	s->value = table_slice(s->last + VALUE_AT, dup);
}

/* Rows lie as they do in their pages: in no order. */
static void
find_needle(struct scan *s)
{
	const char *all = s->rows.data, *p;
	struct slice rest = table_slice(all, s->rows.ulen);

	memset(s->hits, 0, s->rows.ulen / 64 + 16);
	while ((p = text_find(rest, s->needle)) != NULL) {
		size_t at = (size_t)(p - all);

		s->hits[at / 512] |= UINT64_C(1) << at / 8 % 64;
		/* The next eight bytes have a bit of their own. */
		at = (at | 7) + 1;
		if (at >= s->rows.ulen)
			break;
		rest = table_slice(all + at, s->rows.ulen - at);
	}
}

static enum err
fetch(struct scan *s)
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		run_back_off(i);
		e = fetch_once(s);
	}
	s->ended = e == ERR_NOTFOUND;
	if (e != ERR_OK)
		return e;
	DB_MULTIPLE_INIT(s->next, &s->rows);
	if (s->hits != NULL)
		find_needle(s);
	return ERR_OK;
}

static bool
has_needle(const struct scan *s)
{
	size_t at = (size_t)(s->key.s - (const char *)s->rows.data) / 8;
	size_t end = at + s->key.len / 8 + 1;

	for (; at <= end; at++)
		if ((s->hits[at / 64] >> at % 64 & 1) != 0)
			return true;
	return false;
}

static bool
any_row(struct scan *s)
{
	void *k, *v;
	size_t klen, vlen;

	DB_MULTIPLE_KEY_NEXT(s->next, &s->rows, k, klen, v, vlen);
	if (s->next == NULL)
		return false;
	s->key = table_slice(k, klen);
	s->value = table_slice(v, vlen);
	s->started = true;
	return true;
}

static bool
next_row(struct scan *s)
{
	while (any_row(s))
		if (s->hits == NULL || has_needle(s))
			return true;
	return false;
}

enum err
scan_next(struct scan *s, struct slice *key, struct slice *value)
{
	enum err e;

	while (s->next == NULL || !next_row(s)) {
		if (s->ended)
			return ERR_NOTFOUND;
		if (s->started)
			remember(s);
		if ((e = fetch(s)) != ERR_OK)
			return e;
	}
	if (!is_within(s, s->key.s, s->key.len)) {
		s->ended = true;
		s->next = NULL;
		return ERR_NOTFOUND;
	}
	*key = s->key;
	*value = s->value;
	return ERR_OK;
}
