#include <string.h>

#include "base/log.h"
#include "store/private.h"

bool
field_key(const struct store_field *f, unsigned char *key, size_t *len)
{
	size_t n = f->name.len;

	if (n >= STORE_KEY_MAX || f->value.len >= STORE_KEY_MAX - n ||
	    (n != 0 && memchr(f->name.s, '\0', n) != NULL))
		return false;
	if (n != 0)
		memcpy(key, f->name.s, n);
	key[n] = '\0';
	if (f->value.len != 0)
		memcpy(key + n + 1, f->value.s, f->value.len);
	*len = n + 1 + f->value.len;
	return true;
}

static bool
has(const struct store_pass *p, const struct store_field *f)
{
	for (size_t i = 0; p != NULL && i < p->nfields; i++)
		if (slice_eq(p->fields[i].name, f->name) &&
		    slice_eq(p->fields[i].value, f->value))
			return true;
	return false;
}

static enum err
entry_put(struct txn *t, uint32_t ordinal, const struct store_field *f)
{
	unsigned char key[STORE_KEY_MAX], value[4];
	size_t len;

	if (!field_key(f, key, &len))
		return ERR_INVALID;
	table_put32(value, ordinal);
	return table_put(t, TABLE_FIELD, table_slice(key, len),
	    table_slice(value, sizeof(value)), DB_OVERWRITE_DUP);
}

/* That it is missing already is for store_verify() to tell. */
static enum err
entry_del(struct txn *t, uint32_t ordinal, const struct store_field *f)
{
	unsigned char key[STORE_KEY_MAX], value[4];
	DBT k = { .data = key }, v = { .data = value, .size = sizeof(value) };
	DBC *c = NULL;
	size_t len;
	enum err e;

	if (!field_key(f, key, &len))
		return ERR_OK;
	k.size = (u_int32_t)len;
	table_put32(value, ordinal);
	if ((e = table_cursor(t, TABLE_FIELD, &c)) != ERR_OK)
		return e;
	e = table_cursor_get(t, c, &k, &v, DB_GET_BOTH | DB_RMW);
	if (e == ERR_OK)
		e = table_rc(t, c->del(c, 0), "delete");
	c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
field_change(struct txn *t, uint32_t ordinal, const struct store_pass *old,
    const struct store_pass *new)
{
	enum err e = ERR_OK;

	for (size_t i = 0; old != NULL && e == ERR_OK && i < old->nfields; i++)
		if (!has(new, &old->fields[i]))
			e = entry_del(t, ordinal, &old->fields[i]);
	for (size_t i = 0; new != NULL &&e == ERR_OK &&i < new->nfields; i++)
		if (!has(old, &new->fields[i]))
			e = entry_put(t, ordinal, &new->fields[i]);
	return e;
}

/* -- finding --------------------------------------------------------------- */

struct find {
	struct slice *keys; /* of TABLE_FIELD */
	size_t n;
	struct arena *a;
	const char **ids;
	size_t max, nids;
};

/* The least ordinal of field `i` that is not less than `*at`. */
static enum err
seek(struct txn *t, DBC *c, struct find *f, size_t i, uint32_t *at)
{
	unsigned char value[4];
	DBT k = table_dbt(f->keys[i]);
	DBT v = { .data = value, .size = sizeof(value) };
	enum err e;

	table_put32(value, *at);
	e = table_cursor_get(t, c, &k, &v, DB_GET_BOTH_RANGE);
	if (e == ERR_OK)
		*at = table_get32(v.data);
	return e;
}

/*
 * The least ordinal from `*at` on that all fields have.  They leap over each
 * other, so that the rarest field sets the pace; a single cursor holds one
 * page at a time.
 */
static enum err
next_match(struct txn *t, DBC *c, struct find *f, uint32_t *at)
{
	uint32_t was;
	enum err e;

	for (size_t i = 0, same = 0; same < f->n; i = (i + 1) % f->n) {
		was = *at;
		if ((e = seek(t, c, f, i, at)) != ERR_OK)
			return e;
		same = *at == was ? same + 1 : 1;
	}
	return ERR_OK;
}

static enum err
matches(struct txn *t, DBC *c, struct find *f)
{
	char id[STORE_ID_MAX + 1];
	uint32_t at = 0;
	enum err e;

	for (f->nids = 0; f->nids < f->max; at++) {
		if ((e = next_match(t, c, f, &at)) != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		e = ordinal_find(t, at, id);
		if (e == ERR_OK)
			f->ids[f->nids++] = arena_strdup(f->a, id);
		else if (e != ERR_NOTFOUND) /* removed meanwhile */
			return e;
		if (at == UINT32_MAX)
			break;
	}
	return ERR_OK;
}

static enum err
find_in(struct txn *t, struct find *f)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FIELD, &c);

	if (e == ERR_OK)
		e = matches(t, c, f);
	if (c != NULL)
		c->close(c);
	return e;
}

static enum err
find_once(struct store *st, struct find *f)
{
	struct txn t = { .st = st };

	return find_in(&t, f);
}

/* What cannot be stored is not found. */
static bool
find_key(struct arena *a, const struct store_field *f, struct slice *key)
{
	unsigned char buf[STORE_KEY_MAX];
	size_t len;

	if (!field_key(f, buf, &len))
		return false;
	*key = table_slice(arena_memdup(a, buf, len), len);
	return true;
}

enum err /* NOLINTNEXTLINE(readability-function-size) */
store_field_find(struct store *st, const struct store_field *fields, size_t n,
    struct arena *a, const char **ids, size_t max, size_t *nids)
{
	struct find f = { .n = n, .a = a, .ids = ids, .max = max };
	enum err e = ERR_BUSY;

	f.keys = arena_alloc(a, n * sizeof(*f.keys));
	for (size_t i = 0; i < n; i++)
		if (!find_key(a, &fields[i], &f.keys[i])) {
			*nids = 0;
			return ERR_OK;
		}
	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		run_back_off(i);
		e = find_once(st, &f);
	}
	if (e == ERR_OK)
		*nids = f.nids;
	return e;
}

enum err
store_field_get(struct txn *t, struct store_find *find, struct arena *a)
{
	struct find f = {
		.n = find->n, .a = a, .ids = find->ids, .max = find->max
	};
	enum err e;

	find->nids = 0;
	f.keys = arena_alloc(a, f.n * sizeof(*f.keys));
	for (size_t i = 0; i < f.n; i++)
		if (!find_key(a, &find->fields[i], &f.keys[i]))
			return ERR_OK;
	if ((e = find_in(t, &f)) == ERR_OK)
		find->nids = f.nids;
	return e;
}
