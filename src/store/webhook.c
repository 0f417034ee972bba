#include "store/webhook.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "store/delivery.h"
#include "store/private.h"

/*
 * A row: version of the layout, enabled, events, the secrets, the numbers of
 * NUMBERS, then url, reason and pass types, each ended by a NUL.
 */
#define ROW_VERSION 1
#define ROW_NUMBERS (3 + 2 * WEBHOOK_SECRET)
#define NUMBERS     10
#define ROW_HEAD    (ROW_NUMBERS + 8 * NUMBERS)

static enum err
damaged(struct txn *t)
{
	log_error("store_fault", "dir", t->st->dir, "what", "webhook", "why",
	    "a row is damaged, or of a newer version", NULL);
	return ERR_INTERNAL;
}

/* The string that begins at `*p`; NULL: it is not ended. */
static const char *
next_string(struct arena *a, const char **p, const char *end)
{
	const char *s = *p;
	const char *nul = memchr(s, '\0', (size_t)(end - s));

	if (nul == NULL)
		return NULL;
	*p = nul + 1;
	return arena_strndup(a, s, (size_t)(nul - s));
}

static bool
decode_strings(
    struct arena *a, const char *p, const char *end, struct webhook *w)
{
	w->types.s = arena_alloc(a, WEBHOOK_TYPES * sizeof(*w->types.s));
	w->types.n = 0;
	if ((w->url = next_string(a, &p, end)) == NULL ||
	    (w->why = next_string(a, &p, end)) == NULL)
		return false;
	if (*w->why == '\0')
		w->why = NULL;
	while (p < end && w->types.n < WEBHOOK_TYPES)
		if ((w->types.s[w->types.n++] = next_string(a, &p, end)) ==
		    NULL)
			return false;
	return p == end;
}

static enum err
decode(struct txn *t, struct slice row, struct arena *a, struct webhook *w)
{
	const char *p = row.s;
	uint64_t n[NUMBERS];

	if (row.len < ROW_HEAD || p[0] != ROW_VERSION)
		return damaged(t);
	w->enabled = p[1] != 0;
	w->events = (unsigned char)p[2];
	memcpy(w->secret, p + 3, WEBHOOK_SECRET);
	memcpy(w->former, p + 3 + WEBHOOK_SECRET, WEBHOOK_SECRET);
	for (size_t i = 0; i < NUMBERS; i++)
		n[i] = table_get64(p + ROW_NUMBERS + 8 * i);
	w->former_until = (int64_t)n[0];
	w->created = (int64_t)n[1];
	w->updated = (int64_t)n[2];
	w->pending = (uint32_t)n[3];
	w->parked = (uint32_t)n[4];
	w->dropped = n[5];
	w->failures = (uint32_t)n[6];
	w->next = (int64_t)n[7];
	w->succeeded = (int64_t)n[8];
	w->failed = (int64_t)n[9];
	return decode_strings(a, p + ROW_HEAD, row.s + row.len, w) ? ERR_OK
								   : damaged(t);
}

static void
encode_numbers(struct buf *b, const struct webhook *w)
{
	const uint64_t n[NUMBERS] = { (uint64_t)w->former_until,
		(uint64_t)w->created, (uint64_t)w->updated, w->pending,
		w->parked, w->dropped, w->failures, (uint64_t)w->next,
		(uint64_t)w->succeeded, (uint64_t)w->failed };

	for (size_t i = 0; i < NUMBERS; i++) {
		unsigned char eight[8];

		table_put64(eight, n[i]);
		buf_add(b, eight, sizeof(eight));
	}
}

static void
encode_string(struct buf *b, const char *s, size_t max)
{
	buf_add(b, s, text_cut(slice_of(s), max));
	buf_addc(b, '\0');
}

static enum err
put(struct txn *t, const struct webhook *w, u_int32_t flags)
{
	struct arena *a = arena_new(4096);
	struct buf b;
	enum err e;

	buf_init(&b, a);
	buf_addc(&b, ROW_VERSION);
	buf_addc(&b, (char)w->enabled);
	buf_addc(&b, (char)w->events);
	buf_add(&b, w->secret, sizeof(w->secret));
	buf_add(&b, w->former, sizeof(w->former));
	encode_numbers(&b, w);
	encode_string(&b, w->url, WEBHOOK_URL);
	encode_string(&b, w->why == NULL ? "" : w->why, WEBHOOK_WHY);
	for (size_t i = 0; i < w->types.n; i++)
		encode_string(&b, w->types.s[i], WEBHOOK_TYPE);
	e = table_put(t, TABLE_WEBHOOK, slice_of(w->id), buf_slice(&b), flags);
	arena_free(a);
	return e;
}

enum err
webhook_put(struct txn *t, const struct webhook *w)
{
	return put(t, w, 0);
}

static enum err
get(struct txn *t, const char *id, struct arena *a, struct webhook *out)
{
	struct slice row;
	enum err e;

	if (strlen(id) != WEBHOOK_ID_LEN)
		return ERR_NOTFOUND;
	e = table_get(
	    t, TABLE_WEBHOOK, slice_of(id), &row, t->tid == NULL ? 0 : DB_RMW);
	if (e != ERR_OK)
		return e;
	memcpy(out->id, id, sizeof(out->id));
	return decode(t, row, a, out);
}

enum err
webhook_get(struct txn *t, const char *id, struct arena *a, struct webhook *out)
{
	return get(t, id, a, out);
}

static enum err
take(struct txn *t, DBC *c, struct arena *a, struct webhook *w)
{
	DBT key = { 0 }, value = { 0 };
	enum err e = table_cursor_get(
	    t, c, &key, &value, DB_NEXT | (t->tid == NULL ? 0 : DB_RMW));

	if (e != ERR_OK)
		return e;
	if (key.size != WEBHOOK_ID_LEN)
		return damaged(t);
	memcpy(w->id, key.data, WEBHOOK_ID_LEN);
	w->id[WEBHOOK_ID_LEN] = '\0';
	return decode(t, table_slice(value.data, value.size), a, w);
}

enum err
webhook_get_all(struct txn *t, struct arena *a, struct webhook *out, size_t *n)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_WEBHOOK, &c);

	for (*n = 0; e == ERR_OK && *n < WEBHOOK_MAX; (*n)++)
		if ((e = take(t, c, a, &out[*n])) != ERR_OK)
			break;
	if (c != NULL)
		c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* -- each in a transaction of its own -------------------------------------- */

struct asking {
	const char *id;
	struct arena *a;
	struct webhook *out;
	size_t n;
};

static enum err
add(struct txn *t, void *arg)
{
	const struct asking *q = arg;
	struct arena *a = arena_new(4096);
	struct webhook *all = arena_alloc(a, WEBHOOK_MAX * sizeof(*all));
	size_t n = 0;
	enum err e = webhook_get_all(t, a, all, &n);

	arena_free(a);
	if (e == ERR_OK && n >= WEBHOOK_MAX)
		return ERR_TOOBIG;
	return e == ERR_OK ? put(t, q->out, DB_NOOVERWRITE) : e;
}

enum err
webhook_add(struct store *st, const struct webhook *w)
{
	struct webhook copy = *w;
	struct asking q = { .out = &copy };

	return store_run(st, add, &q);
}

static enum err
find(struct txn *t, void *arg)
{
	const struct asking *q = arg;

	return get(t, q->id, q->a, q->out);
}

enum err
webhook_find(
    struct store *st, const char *id, struct arena *a, struct webhook *out)
{
	struct asking q = { .id = id, .a = a, .out = out };

	return store_read(st, find, &q);
}

static enum err
find_all(struct txn *t, void *arg)
{
	struct asking *q = arg;

	return webhook_get_all(t, q->a, q->out, &q->n);
}

enum err
webhook_list(struct store *st, struct arena *a, struct webhook *out, size_t *n)
{
	struct asking q = { .a = a, .out = out };
	enum err e = store_read(st, find_all, &q);

	*n = q.n;
	return e;
}

struct changing {
	const struct webhook_change *c;
	struct arena *a;
	struct webhook *out;
};

static enum err
change(struct txn *t, void *arg)
{
	const struct changing *g = arg;
	enum err e = get(t, g->c->id, g->a, g->out);

	if (e == ERR_OK)
		e = g->c->fn(g->out, g->c->arg);
	return e == ERR_OK ? put(t, g->out, 0) : e;
}

enum err
webhook_change(struct store *st, const struct webhook_change *c,
    struct arena *a, struct webhook *out)
{
	struct changing g = { c, a, out };

	return store_run(st, change, &g);
}

/* -- the end of one ---------------------------------------------------------
 */

/* From now on nothing comes to its queue. */
static enum err
disable(struct webhook *w, void *arg)
{
	(void)arg;
	w->enabled = false;
	return ERR_OK;
}

#define REMOVE_TRIES 10

/* ERR_CONFLICT: it was enabled meanwhile, and has something to tell again. */
static enum err
drop(struct txn *t, void *arg)
{
	const struct asking *q = arg;
	struct webhook w;
	enum err e = webhook_get(t, q->id, q->a, &w);

	if (e != ERR_OK)
		return e;
	return w.pending + w.parked > 0
	    ? ERR_CONFLICT
	    : table_del(t, TABLE_WEBHOOK, slice_of(q->id));
}

/* Its queue goes piece by piece: it may be as large as the store. */
enum err
webhook_remove(struct store *st, const char *id)
{
	const struct webhook_change c = { .id = id, .fn = disable };
	struct asking q = { .id = id, .a = arena_new(4096) };
	struct webhook w;
	enum err e = ERR_CONFLICT;

	for (int i = 0; e == ERR_CONFLICT && i < REMOVE_TRIES; i++) {
		size_t n = 1;

		e = webhook_change(st, &c, q.a, &w);
		while (e == ERR_OK && n > 0)
			e = delivery_drop(st, w.id, &n);
		if (e == ERR_OK)
			e = store_run(st, drop, &q);
	}
	arena_free(q.a);
	return e == ERR_CONFLICT ? ERR_BUSY : e;
}
