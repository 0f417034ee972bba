#include "store/google.h"

#include <string.h>

#include "store/private.h"

#define CLASS     'c' /* id -> digest */
#define NONCE     'n' /* when it expires, digest of it -> nothing */
#define LOUD      'l' /* object id -> when, the newest first */
#define GIVEN     'g' /* object id -> when the pass was changed last */
#define END       'e' /* pass id -> pass type, NUL, object id or nothing */
#define KEY_MAX   512
#define NONCE_LEN (1 + 8 + DIGEST_LEN)
#define PURGE_MAX 100 /* expired nonces that one more takes with it */

struct key {
	unsigned char s[KEY_MAX];
};

static struct slice
key_of(struct key *k, char kind, const char *id)
{
	size_t len = strlen(id);

	len = len < KEY_MAX - 1 ? len : KEY_MAX - 1;
	k->s[0] = (unsigned char)kind;
	memcpy(k->s + 1, id, len);
	return table_slice(k->s, len + 1);
}

struct class
{
	const char *id;
	const unsigned char *put;
	unsigned char *got;
};

static enum err
class_get(struct txn *t, void *arg)
{
	struct class *c = arg;
	struct slice v;
	struct key k;
	enum err e =
	    table_get(t, TABLE_GOOGLE, key_of(&k, CLASS, c->id), &v, 0);

	if (e != ERR_OK)
		return e;
	if (v.len != DIGEST_LEN)
		return ERR_NOTFOUND;
	memcpy(c->got, v.s, DIGEST_LEN);
	return ERR_OK;
}

enum err
google_class_get(
    struct store *st, const char *id, unsigned char digest[DIGEST_LEN])
{
	struct class c = { .id = id, .got = digest };

	return store_read(st, class_get, &c);
}

static enum err
class_put(struct txn *t, void *arg)
{
	struct class *c = arg;
	struct key k;
	struct slice key = key_of(&k, CLASS, c->id);
	enum err e;

	if (c->put != NULL)
		return table_put(
		    t, TABLE_GOOGLE, key, table_slice(c->put, DIGEST_LEN), 0);
	e = table_del(t, TABLE_GOOGLE, key);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
google_class_put(struct store *st, const char *id, const unsigned char *digest)
{
	struct class c = { .id = id, .put = digest };

	return store_run(st, class_put, &c);
}

/* Those that expired stand first. */
static enum err
purge(struct txn *t, int64_t now)
{
	unsigned char old[NONCE_LEN] = { NONCE };
	DBT key = table_dbt(table_slice(old, 1)), value = { .data = NULL };
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_GOOGLE, &c);

	for (int i = 0; e == ERR_OK && i < PURGE_MAX; i++) {
		const unsigned char *p;

		e = table_cursor_get(
		    t, c, &key, &value, i == 0 ? DB_SET_RANGE : DB_NEXT);
		p = key.data;
		if (e != ERR_OK || key.size != NONCE_LEN || p[0] != NONCE ||
		    (int64_t)table_get64(p + 1) > now)
			break;
		e = table_rc(t, c->del(c, 0), "delete");
	}
	if (c != NULL && c->close(c) != 0 && e == ERR_OK)
		e = ERR_BUSY;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
google_nonce_take(
    struct txn *t, struct slice nonce, int64_t expires, int64_t now)
{
	unsigned char key[NONCE_LEN] = { NONCE };
	struct slice k = table_slice(key, sizeof(key)), v;
	enum err e;

	table_put64(key + 1, (uint64_t)expires);
	digest_sha256(nonce.s, nonce.len, key + 9);
	e = table_get(t, TABLE_GOOGLE, k, &v, DB_RMW);
	if (e != ERR_NOTFOUND)
		return e == ERR_OK ? ERR_CONFLICT : e;
	if ((e = purge(t, now)) != ERR_OK)
		return e;
	return table_put(t, TABLE_GOOGLE, k, table_slice("", 0), 0);
}

struct loud {
	const char *object;
	int64_t now;
	bool loud;
};

/* When the last ones were, the newest first; zeros: not yet. */
static enum err
loud_row(struct txn *t, const struct loud *l, bool update,
    unsigned char row[8 * GOOGLE_LOUD_MAX])
{
	struct slice v;
	struct key k;
	enum err e = table_get(t, TABLE_GOOGLE, key_of(&k, LOUD, l->object), &v,
	    update ? DB_RMW : 0);

	memset(row, 0, (size_t)8 * GOOGLE_LOUD_MAX);
	if (e == ERR_OK && v.len == (size_t)8 * GOOGLE_LOUD_MAX)
		memcpy(row, v.s, v.len);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
loud_get(struct txn *t, void *arg)
{
	struct loud *l = arg;
	unsigned char row[8 * GOOGLE_LOUD_MAX];
	enum err e = loud_row(t, l, false, row);

	l->loud = (int64_t)table_get64(row + sizeof(row) - 8) <=
	    l->now - GOOGLE_LOUD_MS;
	return e;
}

enum err
google_loud_get(struct store *st, const char *object, int64_t now, bool *loud)
{
	struct loud l = { .object = object, .now = now };
	enum err e = store_read(st, loud_get, &l);

	*loud = l.loud;
	return e;
}

static enum err
loud_put(struct txn *t, void *arg)
{
	const struct loud *l = arg;
	unsigned char row[8 * GOOGLE_LOUD_MAX];
	struct key k;
	enum err e = loud_row(t, l, true, row);

	if (e != ERR_OK)
		return e;
	memmove(row + 8, row, sizeof(row) - 8);
	table_put64(row, (uint64_t)l->now);
	return table_put(t, TABLE_GOOGLE, key_of(&k, LOUD, l->object),
	    table_slice(row, sizeof(row)), 0);
}

enum err
google_loud_put(struct store *st, const char *object, int64_t now)
{
	struct loud l = { .object = object, .now = now };

	return store_run(st, loud_put, &l);
}

/* -- what links carry ------------------------------------------------------ */

struct giving {
	const struct google_given *list;
	size_t n;
};

static enum err
given_put(struct txn *t, void *arg)
{
	const struct giving *g = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < g->n; i++) {
		unsigned char row[8];
		struct key k;

		table_put64(row, (uint64_t)g->list[i].updated);
		e = table_put(t, TABLE_GOOGLE,
		    key_of(&k, GIVEN, g->list[i].object),
		    table_slice(row, sizeof(row)), 0);
	}
	return e;
}

enum err
google_given_put(struct store *st, const struct google_given *list, size_t n)
{
	struct giving g = { list, n };

	return run_with(st, given_put, &g, DB_TXN_NOSYNC);
}

enum err
google_given_take(struct txn *t, const char *object, int64_t *updated)
{
	struct key k;
	struct slice key = key_of(&k, GIVEN, object), v;
	enum err e = table_get(t, TABLE_GOOGLE, key, &v, DB_RMW);

	*updated = 0;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (v.len == 8)
		*updated = (int64_t)table_get64((const unsigned char *)v.s);
	return table_del(t, TABLE_GOOGLE, key);
}

/* -- objects of passes that were erased --------------------------------- */

enum err
google_end_put(struct txn *t, const struct google_end *end, int64_t now)
{
	const struct store_due owes = { .wallets = STORE_GOOGLE, .at = now };
	const char *object = end->object == NULL ? "" : end->object;
	const size_t type = strlen(end->type), len = type + 1 + strlen(object);
	char value[KEY_MAX];
	struct key k;
	enum err e;

	if (len >= sizeof(value))
		return ERR_TOOBIG;
	memcpy(value, end->type, type + 1);
	memcpy(value + type + 1, object, len - type);
	e = table_put(t, TABLE_GOOGLE, key_of(&k, END, end->pass),
	    table_slice(value, len), 0);
	return e == ERR_OK ? due_add(t, end->pass, &owes) : e;
}

struct finding {
	const char *pass;
	struct arena *a;
	struct google_end *out;
};

static enum err
end_get(struct txn *t, void *arg)
{
	struct finding *f = arg;
	struct slice v;
	struct key k;
	enum err e =
	    table_get(t, TABLE_GOOGLE, key_of(&k, END, f->pass), &v, 0);
	const char *s;
	size_t type;

	if (e != ERR_OK)
		return e;
	s = arena_strndup(f->a, v.s, v.len);
	type = strlen(s);
	*f->out = (struct google_end){ .pass = f->pass,
		.type = s,
		.object = type + 1 < v.len ? s + type + 1 : NULL };
	return ERR_OK;
}

enum err
google_end_get(
    struct store *st, const char *pass, struct arena *a, struct google_end *out)
{
	struct finding f = { .pass = pass, .a = a, .out = out };

	return store_read(st, end_get, &f);
}

struct ended {
	const char *pass, *object;
};

static enum err
forget(struct txn *t, char kind, const char *id)
{
	struct key k;
	enum err e = table_del(t, TABLE_GOOGLE, key_of(&k, kind, id));

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
end_done(struct txn *t, void *arg)
{
	struct ended *d = arg;
	enum err e = forget(t, END, d->pass);

	if (e == ERR_OK && d->object != NULL)
		e = forget(t, LOUD, d->object);
	if (e == ERR_OK && d->object != NULL)
		e = forget(t, GIVEN, d->object);
	return e;
}

enum err
google_end_done(struct store *st, const char *pass, const char *object)
{
	struct ended d = { .pass = pass, .object = object };

	return store_run(st, end_done, &d);
}
