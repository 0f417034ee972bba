#include "store/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/private.h"

/* A row: version of the layout, date, digest of the request, the JSON. */
#define ROW_VERSION 1
#define ROW_HEAD    (9 + ANSWER_REQUEST)

/* id, NUL, provider */
static struct slice
key_of(const char *id, const char *provider, unsigned char *key)
{
	const size_t n = strlen(id) + 1, m = strlen(provider);

	if (n + m > STORE_KEY_MAX)
		return (struct slice){ NULL, 0 };
	memcpy(key, id, n - 1);
	key[n - 1] = '\0';
	memcpy(key + n, provider, m);
	return table_slice(key, n + m);
}

struct reading {
	const char *id, *provider;
	struct arena *a;
	struct answer *out;
};

static enum err
read_row(struct txn *t, void *arg)
{
	const struct reading *r = arg;
	unsigned char key[STORE_KEY_MAX];
	struct slice row;
	enum err e;

	e = table_get(
	    t, TABLE_ANSWER, key_of(r->id, r->provider, key), &row, 0);
	if (e != ERR_OK)
		return e;
	if (row.len < ROW_HEAD || row.s[0] != ROW_VERSION) {
		log_error("store_fault", "dir", t->st->dir, "what", "answer",
		    "why", "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	r->out->provider = r->provider;
	r->out->date = (int64_t)table_get64(row.s + 1);
	memcpy(r->out->request, row.s + 9, ANSWER_REQUEST);
	r->out->json.len = row.len - ROW_HEAD;
	r->out->json.s =
	    arena_strndup(r->a, row.s + ROW_HEAD, r->out->json.len);
	return ERR_OK;
}

enum err
answer_read(struct store *st, const char *id, const char *provider,
    struct arena *a, struct answer *out)
{
	struct reading r = { id, provider, a, out };

	return store_read(st, read_row, &r);
}

static enum err
put_one(struct txn *t, const char *id, const struct answer *answer)
{
	const size_t len = ROW_HEAD + answer->json.len;
	unsigned char key[STORE_KEY_MAX], *row = malloc(len);
	enum err e;

	if (row == NULL)
		abort();
	row[0] = ROW_VERSION;
	table_put64(row + 1, (uint64_t)answer->date);
	memcpy(row + 9, answer->request, ANSWER_REQUEST);
	memcpy(row + ROW_HEAD, answer->json.s, answer->json.len);
	e = table_put(t, TABLE_ANSWER, key_of(id, answer->provider, key),
	    table_slice(row, len), 0);
	free(row);
	return e;
}

enum err
answer_put(struct txn *t, const char *id, const struct answer *list, size_t n)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = put_one(t, id, &list[i]);
	return e;
}

struct keeping {
	const char *id;
	const struct answer *list;
	size_t n;
};

/* The pass is read so that it cannot be removed meanwhile. */
static enum err
keep(struct txn *t, void *arg)
{
	const struct keeping *k = arg;
	struct slice pass;
	enum err e = table_get(t, TABLE_PASS, slice_of(k->id), &pass, 0);

	return e == ERR_OK ? answer_put(t, k->id, k->list, k->n) : e;
}

enum err
answer_keep(
    struct store *st, const char *id, const struct answer *list, size_t n)
{
	struct keeping k = { id, list, n };

	return n == 0 ? ERR_OK : run_with(st, keep, &k, DB_TXN_NOSYNC);
}

enum err
answer_forget(struct txn *t, const char *id)
{
	return table_del_all(
	    t, TABLE_ANSWER, (struct slice){ id, strlen(id) + 1 });
}
