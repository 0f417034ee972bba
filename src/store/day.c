#include "store/day.h"

#include <string.h>

#include "base/log.h"
#include "store/private.h"
#include "store/scan.h"

/* Keys: day with its sign turned, type.  Rows: version, a count per kind. */
#define ROW_VERSION 1
#define ROW_LEN     (1 + 8 * EVENT__MAX)
#define TYPE_MAX    64
#define KEY_MAX     (4 + TYPE_MAX)
#define SIGN        0x80000000U

int32_t
day_of(int64_t ms)
{
	return (int32_t)(ms >= 0 ? ms / DAY_MS : -((DAY_MS - 1 - ms) / DAY_MS));
}

static struct slice
make_key(int32_t day, const char *type, unsigned char key[KEY_MAX])
{
	const size_t n = strnlen(type, TYPE_MAX);

	table_put32(key, (uint32_t)day ^ SIGN);
	memcpy(key + 4, type, n);
	return table_slice(key, 4 + n);
}

static enum err
decode(struct store *st, struct slice row, uint64_t n[EVENT__MAX])
{
	if (row.len != ROW_LEN || row.s[0] != ROW_VERSION) {
		log_error("store_fault", "dir", st->dir, "what", "day", "why",
		    "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	for (size_t i = 0; i < EVENT__MAX; i++)
		n[i] = table_get64(row.s + 1 + 8 * i);
	return ERR_OK;
}

static enum err
add(struct txn *t, const struct day *d)
{
	unsigned char key[KEY_MAX], row[ROW_LEN] = { ROW_VERSION };
	const struct slice k = make_key(d->day, d->type, key);
	uint64_t was[EVENT__MAX] = { 0 };
	struct slice s;
	enum err e = table_get(t, TABLE_DAY, k, &s, DB_RMW);

	if (e == ERR_OK)
		e = decode(t->st, s, was);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	for (size_t i = 0; i < EVENT__MAX; i++)
		table_put64(row + 1 + 8 * i, was[i] + d->n[i]);
	return table_put(t, TABLE_DAY, k, table_slice(row, sizeof(row)), 0);
}

static bool
is_of(const struct day *d, const struct event *e)
{
	return d->day == day_of(e->date) && strcmp(d->type, e->type) == 0;
}

/* Neighbours are mostly alike, so a run of them is one step. */
enum err
day_count(struct txn *t, const struct event *events, size_t n)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n;) {
		struct day d = { .day = day_of(events[i].date),
			.type = events[i].type };

		for (; i < n && is_of(&d, &events[i]); i++)
			d.n[events[i].kind]++;
		e = add(t, &d);
	}
	return e;
}

static enum err
show(struct store *st, struct slice key, struct slice row, struct day *d,
    char type[TYPE_MAX + 1])
{
	if (key.len < 4 || key.len > KEY_MAX)
		return ERR_INTERNAL;
	memcpy(type, key.s + 4, key.len - 4);
	type[key.len - 4] = '\0';
	d->day = (int32_t)(table_get32(key.s) ^ SIGN);
	d->type = type;
	return decode(st, row, d->n);
}

enum err
day_each(struct store *st, int32_t from, day_fn *fn, void *arg)
{
	unsigned char first[KEY_MAX];
	char type[TYPE_MAX + 1];
	struct slice key, row;
	struct scan s;
	struct day d;
	enum err e;

	scan_init(&s, st, TABLE_DAY);
	scan_from(&s, make_key(from, "", first));
	while ((e = scan_next(&s, &key, &row)) == ERR_OK)
		if ((e = show(st, key, row, &d, type)) != ERR_OK ||
		    (e = fn(&d, arg)) != ERR_OK)
			break;
	scan_free(&s);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

struct forgetting {
	int32_t before;
	size_t max, n;
};

/* The first row goes; ERR_NOTFOUND: it stays, or there is none. */
static enum err
forget_first(struct txn *t, int32_t before)
{
	DBT key = { 0 }, value = { 0 };
	unsigned char end[4], first[KEY_MAX];
	size_t len = 0;
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_DAY, &c);

	table_put32(end, (uint32_t)before ^ SIGN);
	if (e == ERR_OK)
		e = table_cursor_get(t, c, &key, &value, DB_FIRST | DB_RMW);
	if (e == ERR_OK &&
	    (key.size < 4 || key.size > KEY_MAX ||
		memcmp(key.data, end, 4) >= 0))
		e = ERR_NOTFOUND;
	if (e == ERR_OK)
		memcpy(first, key.data, len = key.size);
	if (c != NULL)
		c->close(c);
	return e == ERR_OK ? table_del(t, TABLE_DAY, table_slice(first, len))
			   : e;
}

static enum err
forget(struct txn *t, void *arg)
{
	struct forgetting *f = arg;
	enum err e = ERR_OK;

	for (f->n = 0; f->n < f->max; f->n++)
		if ((e = forget_first(t, f->before)) != ERR_OK)
			break;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
day_forget(struct store *st, int32_t before, size_t *max)
{
	struct forgetting f = { .before = before, .max = *max };
	enum err e = store_run(st, forget, &f);

	if (e == ERR_OK)
		*max = f.n;
	return e;
}
