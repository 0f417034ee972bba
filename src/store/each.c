#include <errno.h>
#include <string.h>

#include "store/scan.h"

enum err
table_each(struct store *st, enum table n, table_row_fn *fn, void *arg)
{
	struct slice key, value;
	struct scan s;
	enum err e;

	scan_init(&s, st, n);
	scan_within(&s, table_slice("", 0));
	while ((e = scan_next(&s, &key, &value)) == ERR_OK)
		if ((e = fn(key, value, arg)) != ERR_OK)
			goto out;
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
out:
	scan_free(&s);
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

	return store_read(st, follow, &f);
}
