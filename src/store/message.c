#include "store/message.h"

#include <string.h>

#include "store/keys.h"

#define SEQUENCE 8 /* bytes at the end of a key */

static void
key_of(struct keys_key *k, const char *pass, int64_t sequence)
{
	unsigned char n[SEQUENCE];

	table_put64(n, (uint64_t)sequence);
	k->len = 0;
	keys_word(k, pass);
	keys_add(k, n, sizeof(n));
}

enum err
message_add(struct txn *t, const char *pass, const struct message *m)
{
	struct keys_key k;

	key_of(&k, pass, m->sequence);
	return table_put(t, TABLE_MESSAGE, keys_slice(&k), m->json, 0);
}

struct taking {
	const char *pass;
	struct arena *a;
	struct message *out;
	int64_t sequence;
};

static enum err
next(struct txn *t, void *arg)
{
	struct taking *n = arg;
	struct keys_key first;
	DBT key, value = { .data = NULL };
	DBC *c = NULL;
	enum err e;

	key_of(&first, n->pass, 0);
	key = table_dbt(keys_slice(&first));
	if ((e = table_cursor(t, TABLE_MESSAGE, &c)) != ERR_OK)
		return e;
	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	if (e == ERR_OK &&
	    (key.size != first.len ||
		memcmp(key.data, first.b, first.len - SEQUENCE) != 0))
		e = ERR_NOTFOUND;
	if (e == ERR_OK) {
		const unsigned char *p = key.data;

		n->out->sequence =
		    (int64_t)table_get64(p + key.size - SEQUENCE);
		n->out->json.s = arena_strndup(n->a, value.data, value.size);
		n->out->json.len = value.size;
	}
	if (c->close(c) != 0 && e == ERR_OK)
		e = ERR_BUSY;
	return e;
}

enum err
message_next(
    struct store *st, const char *pass, struct arena *a, struct message *out)
{
	struct taking n = { .pass = pass, .a = a, .out = out };

	return store_read(st, next, &n);
}

static enum err
done(struct txn *t, void *arg)
{
	const struct taking *n = arg;
	struct keys_key k;
	enum err e;

	key_of(&k, n->pass, n->sequence);
	e = table_del(t, TABLE_MESSAGE, keys_slice(&k));
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
message_done(struct store *st, const char *pass, int64_t sequence)
{
	struct taking n = { .pass = pass, .sequence = sequence };

	return store_run(st, done, &n);
}

enum err
message_forget(struct txn *t, const char *pass)
{
	return table_del_all(
	    t, TABLE_MESSAGE, (struct slice){ pass, strlen(pass) + 1 });
}
