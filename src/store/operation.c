#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/private.h"

/*
 * A row: version of the layout, kind, flags, the numbers, the correlation id.
 * Its key begins with the time, so that the last row is the newest.
 */
#define ROW_VERSION 1
#define ROW_HEAD    51
#define ROW_MAX     (ROW_HEAD + OPERATION_CORRELATION)

enum { FLAG_CANCELED = 1, FLAG_ENDED = 2 };

static struct slice
encode(const struct operation *op, unsigned char row[ROW_MAX])
{
	const uint32_t counts[] = { op->total, op->completed, op->errors,
		op->apple, op->google, op->next };
	size_t len = strlen(op->correlation);
	uint64_t rate;

	row[0] = ROW_VERSION;
	row[1] = (unsigned char)op->kind;
	row[2] = (unsigned char)((op->canceled ? FLAG_CANCELED : 0) |
	    (op->ended ? FLAG_ENDED : 0));
	memcpy(&rate, &op->throughput, sizeof(rate));
	table_put64(row + 3, rate);
	table_put64(row + 11, (uint64_t)op->started);
	table_put64(row + 19, (uint64_t)op->active);
	for (size_t i = 0; i < 6; i++)
		table_put32(row + 27 + 4 * i, counts[i]);
	memcpy(row + ROW_HEAD, op->correlation, len);
	return table_slice(row, ROW_HEAD + len);
}

static enum err
damaged(struct store *st)
{
	log_error("store_fault", "dir", st->dir, "what", "operation", "why",
	    "a row is damaged, or of a newer version", NULL);
	return ERR_INTERNAL;
}

static enum err
decode(struct txn *t, struct slice key, struct slice row, struct operation *op)
{
	uint32_t *const counts[] = { &op->total, &op->completed, &op->errors,
		&op->apple, &op->google, &op->next };
	const unsigned char *p = (const unsigned char *)row.s;
	uint64_t rate;

	if (key.len != OPERATION_ID_LEN || row.len < ROW_HEAD ||
	    row.len > ROW_MAX || p[0] != ROW_VERSION)
		return damaged(t->st);
	memcpy(op->id, key.s, key.len);
	op->id[key.len] = '\0';
	op->kind = (enum operation_kind)p[1];
	op->canceled = (p[2] & FLAG_CANCELED) != 0;
	op->ended = (p[2] & FLAG_ENDED) != 0;
	rate = table_get64(p + 3);
	memcpy(&op->throughput, &rate, sizeof(rate));
	op->started = (int64_t)table_get64(p + 11);
	op->active = (int64_t)table_get64(p + 19);
	for (size_t i = 0; i < 6; i++)
		*counts[i] = table_get32(p + 27 + 4 * i);
	return ERR_OK;
}

/* The correlation id of a row, which decode() leaves to be copied. */
static const char *
correlation_of(struct arena *a, struct slice row)
{
	return arena_strndup(a, row.s + ROW_HEAD, row.len - ROW_HEAD);
}

/* -- one row --------------------------------------------------------------- */

/* With room for the correlation id, which `op` points to. */
struct one {
	struct operation op;
	char correlation[OPERATION_CORRELATION + 1];
};

static enum err
get(struct txn *t, const char *id, bool update, struct one *out)
{
	struct slice row;
	enum err e;

	e = table_get(
	    t, TABLE_OPERATION, slice_of(id), &row, update ? DB_RMW : 0);
	if (e == ERR_OK)
		e = decode(t, slice_of(id), row, &out->op);
	if (e != ERR_OK)
		return e;
	memcpy(out->correlation, row.s + ROW_HEAD, row.len - ROW_HEAD);
	out->correlation[row.len - ROW_HEAD] = '\0';
	out->op.correlation = out->correlation;
	return ERR_OK;
}

static enum err
put(struct txn *t, const struct operation *op, u_int32_t flags)
{
	unsigned char row[ROW_MAX];

	return table_put(
	    t, TABLE_OPERATION, slice_of(op->id), encode(op, row), flags);
}

struct finding {
	const char *id;
	struct one one;
};

static enum err
find(struct txn *t, void *arg)
{
	struct finding *f = arg;

	return get(t, f->id, false, &f->one);
}

enum err
operation_find(
    struct store *st, const char *id, struct arena *a, struct operation *out)
{
	struct finding f = { .id = id };
	enum err e = store_read(st, find, &f);

	if (e == ERR_OK) {
		*out = f.one.op;
		out->correlation = arena_strdup(a, f.one.correlation);
	}
	return e;
}

/* The key under which an operation is found by its correlation id. */
struct related {
	unsigned char key[OPERATION_CORRELATION + 1 + OPERATION_ID_LEN];
	size_t prefix, len;
};

static void
related_key(const char *correlation, const char *id, struct related *r)
{
	r->prefix = strlen(correlation) + 1;
	memcpy(r->key, correlation, r->prefix);
	memcpy(r->key + r->prefix, id, strlen(id));
	r->len = r->prefix + strlen(id);
}

/* -- adding ---------------------------------------------------------------- */

/* In the order of time: 12 digits of milliseconds, 12 at random. */
static void
make_id(struct operation *op, ident_random_fn *random)
{
	unsigned char chance[6];
	unsigned long long low = 0;

	random(chance, sizeof(chance));
	for (size_t i = 0; i < sizeof(chance); i++)
		low = low << 8 | chance[i];
	(void)snprintf(op->id, sizeof(op->id), "%012llx%012llx",
	    (unsigned long long)op->started & 0xffffffffffffULL, low);
}

static enum err
put_new(struct txn *t, const struct operation *op)
{
	struct related r;
	enum err e = put(t, op, DB_NOOVERWRITE);

	if (e != ERR_OK)
		return e;
	related_key(op->correlation, op->id, &r);
	return table_put(
	    t, TABLE_RELATED, table_slice(r.key, r.len), table_slice("", 0), 0);
}

struct adding {
	const struct operation *op;
	const struct operation_work *work;
};

static enum err
add(struct txn *t, void *arg)
{
	struct adding *ad = arg;
	enum err e = put_new(t, ad->op);

	if (e == ERR_OK && !ad->op->ended)
		e = frozen_put(t, ad->op->id, ad->work);
	return e;
}

static uint32_t
count(const struct operation_work *work)
{
	uint32_t n = 0;

	for (size_t i = 0; i < work->nwords; i++)
		n += (uint32_t)__builtin_popcountll(work->bits[i]);
	return n;
}

enum err
operation_add(struct store *st, struct operation *op,
    const struct operation_work *work, ident_random_fn *random)
{
	struct operation made = { .kind = op->kind,
		.throughput = op->throughput,
		.started = op->started,
		.correlation = op->correlation,
		.total = count(work) };
	struct adding ad = { &made, work };
	enum err e;

	if (strlen(op->correlation) > OPERATION_CORRELATION)
		return ERR_INVALID;
	made.ended = made.total == 0;
	make_id(&made, random);
	if ((e = store_run(st, add, &ad)) == ERR_OK)
		*op = made;
	return e;
}

/* -- by correlation id ----------------------------------------------------- */

/*
 * Call `fn` for each operation of that correlation id until it returns
 * another err than ERR_OK, which is then returned.
 */
typedef enum err each_fn(struct txn *t, struct one *one, void *arg);

static enum err
each_at(struct txn *t, DBC *c, struct related *r, each_fn *fn, void *arg)
{
	DBT key = { .data = r->key, .size = (u_int32_t)r->prefix };
	DBT value = { 0 };
	struct one one;
	enum err e;

	e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	while (e == ERR_OK && key.size == r->prefix + OPERATION_ID_LEN &&
	    memcmp(key.data, r->key, r->prefix) == 0) {
		char id[OPERATION_ID_LEN + 1] = "";

		memcpy(id, (char *)key.data + r->prefix, OPERATION_ID_LEN);
		if ((e = get(t, id, true, &one)) == ERR_OK)
			e = fn(t, &one, arg);
		if (e == ERR_OK)
			e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
each(struct txn *t, const char *correlation, each_fn *fn, void *arg)
{
	struct related r;
	DBC *c = NULL;
	enum err e;

	if (strlen(correlation) > OPERATION_CORRELATION)
		return ERR_OK;
	related_key(correlation, "", &r);
	if ((e = table_cursor(t, TABLE_RELATED, &c)) != ERR_OK)
		return e;
	e = each_at(t, c, &r, fn, arg);
	c->close(c);
	return e;
}

struct noting {
	const struct operation_note *note;
	char *id;
	bool found;
};

static enum err
note_one(struct txn *t, struct one *one, void *arg)
{
	struct noting *n = arg;

	if (one->op.kind != OPERATION_UPDATE || n->found)
		return ERR_OK;
	n->found = true;
	one->op.total++;
	one->op.active = n->note->now;
	memcpy(n->id, one->op.id, sizeof(one->op.id));
	return put(t, &one->op, 0);
}

static enum err
note(struct txn *t, void *arg)
{
	struct noting *n = arg;
	struct operation op = { .kind = OPERATION_UPDATE,
		.started = n->note->now,
		.active = n->note->now,
		.total = 1,
		.correlation = n->note->correlation };
	enum err e;

	n->found = false;
	e = each(t, n->note->correlation, note_one, n);
	if (e != ERR_OK || n->found)
		return e;
	make_id(&op, n->note->random);
	memcpy(n->id, op.id, sizeof(op.id));
	return put_new(t, &op);
}

/* Not worth a flush: it only counts, and the change itself flushes it. */
enum err
operation_note(struct store *st, const struct operation_note *n, char *id)
{
	struct noting noting = { .note = n, .id = id };

	if (strlen(n->correlation) > OPERATION_CORRELATION)
		return ERR_INVALID;
	return run_with(st, note, &noting, DB_TXN_NOSYNC);
}

struct canceling {
	const char *correlation;
	int64_t now;
	bool found;
};

static enum err
cancel_one(struct txn *t, struct one *one, void *arg)
{
	struct canceling *c = arg;
	enum err e;

	c->found = true;
	if (one->op.ended || one->op.kind != OPERATION_PUSH_UPDATE)
		return ERR_OK;
	one->op.canceled = one->op.ended = true;
	one->op.active = c->now;
	if ((e = put(t, &one->op, 0)) != ERR_OK)
		return e;
	return frozen_del(t, one->op.id);
}

static enum err
cancel(struct txn *t, void *arg)
{
	struct canceling *c = arg;

	c->found = false;
	return each(t, c->correlation, cancel_one, c);
}

enum err
operation_cancel(struct store *st, const char *correlation, int64_t now)
{
	struct canceling c = { .correlation = correlation, .now = now };
	enum err e = store_run(st, cancel, &c);

	return e == ERR_OK && !c.found ? ERR_NOTFOUND : e;
}

/* -- lists ----------------------------------------------------------------- */

struct listing {
	struct arena *a;
	struct operation *out;
	size_t max, n;
	const struct operation_retention *retention; /* NULL: all */
};

static bool
is_over(const struct operation *op, int64_t before)
{
	return op->started < before &&
	    (op->kind == OPERATION_UPDATE ? op->active < before : op->ended);
}

static bool
is_wanted(const struct listing *l, const struct operation *op)
{
	return l->retention == NULL || is_over(op, l->retention->before);
}

static enum err
list_at(struct txn *t, DBC *c, struct listing *l)
{
	const u_int32_t step = l->retention != NULL ? DB_NEXT : DB_PREV;
	DBT key = { 0 }, value = { 0 };
	enum err e;

	e = table_cursor_get(
	    t, c, &key, &value, l->retention != NULL ? DB_FIRST : DB_LAST);
	for (l->n = 0; e == ERR_OK && l->n < l->max;
	     e = table_cursor_get(t, c, &key, &value, step)) {
		struct slice row = table_slice(value.data, value.size);
		struct operation *op = &l->out[l->n];

		e = decode(t, table_slice(key.data, key.size), row, op);
		if (e != ERR_OK)
			return e;
		op->correlation = correlation_of(l->a, row);
		if (is_wanted(l, op))
			l->n++;
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
list(struct txn *t, void *arg)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_OPERATION, &c);

	if (e == ERR_OK)
		e = list_at(t, c, arg);
	if (c != NULL)
		c->close(c);
	return e;
}

enum err
operation_list(struct store *st, struct arena *a, struct operation *out,
    size_t max, size_t *n)
{
	struct listing l = { .a = a, .out = out, .max = max };
	enum err e = store_read(st, list, &l);

	if (e == ERR_OK)
		*n = l.n;
	return e;
}

/* Those that have a set; it takes one step for each. */
static enum err
running_at(struct txn *t, DBC *c, struct listing *l)
{
	char from[OPERATION_ID_LEN + 1] = "";
	size_t len = 0;
	struct slice row;
	enum err e;

	for (l->n = 0; l->n < l->max; l->n++) {
		struct operation *op = &l->out[l->n];
		DBT key = { .data = from, .size = (u_int32_t)len };
		DBT value = { .flags = DB_DBT_PARTIAL };

		e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		if (key.size < OPERATION_ID_LEN)
			return damaged(t->st);
		memcpy(from, key.data, OPERATION_ID_LEN);
		e = table_get(t, TABLE_OPERATION,
		    table_slice(from, OPERATION_ID_LEN), &row, 0);
		if (e == ERR_OK)
			e = decode(
			    t, table_slice(from, OPERATION_ID_LEN), row, op);
		if (e != ERR_OK)
			return e;
		op->correlation = correlation_of(l->a, row);
		from[OPERATION_ID_LEN] = (char)0xff; /* after its chunks */
		len = sizeof(from);
	}
	return ERR_OK;
}

static enum err
running(struct txn *t, void *arg)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FROZEN, &c);

	if (e == ERR_OK)
		e = running_at(t, c, arg);
	if (c != NULL)
		c->close(c);
	return e;
}

enum err
operation_running(struct store *st, struct arena *a, struct operation *out,
    size_t max, size_t *n)
{
	struct listing l = { .a = a, .out = out, .max = max };
	enum err e = store_read(st, running, &l);

	if (e == ERR_OK)
		*n = l.n;
	return e;
}

/* -- moving on ------------------------------------------------------------- */

enum err
operation_add_step(
    struct txn *t, const char *id, const struct operation_step *s)
{
	struct one one;
	struct operation *op = &one.op;
	enum err e = get(t, id, true, &one);

	if (e != ERR_OK)
		return e;
	if (s->next != 0 && (op->ended || op->next != s->from))
		return ERR_CONFLICT;
	if (s->next != 0)
		op->next = s->next;
	op->completed += (uint32_t)s->completed;
	op->errors += (uint32_t)s->errors;
	op->apple += s->apple;
	op->google += s->google;
	op->active = s->now;
	op->ended = op->ended || s->ends;
	if ((e = put(t, op, 0)) != ERR_OK || !s->ends)
		return e;
	return frozen_del(t, id);
}

struct stepping {
	const char *id;
	const struct operation_step *step;
};

static enum err
step(struct txn *t, void *arg)
{
	const struct stepping *s = arg;

	return operation_add_step(t, s->id, s->step);
}

enum err
operation_take_step(
    struct store *st, const char *id, const struct operation_step *s)
{
	struct stepping stepping = { id, s };

	return run_with(
	    st, step, &stepping, s->next == 0 ? DB_TXN_NOSYNC : st->commit);
}

/* -- forgetting ------------------------------------------------------------ */

struct forgetting {
	const struct listing *l;
	int64_t before;
	size_t n;
};

static enum err
forget_one(struct txn *t, struct forgetting *f, const struct operation *op)
{
	const char *id = op->id;
	struct related r;
	struct one one;
	enum err e = get(t, id, true, &one);

	if (e == ERR_NOTFOUND || (e == ERR_OK && !is_over(&one.op, f->before)))
		return ERR_OK;
	if (e == ERR_OK)
		e = table_del(t, TABLE_OPERATION, slice_of(id));
	if (e != ERR_OK)
		return e;
	related_key(one.correlation, one.op.id, &r);
	f->n++;
	e = table_del(t, TABLE_RELATED, table_slice(r.key, r.len));
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
forget(struct txn *t, void *arg)
{
	struct forgetting *f = arg;
	enum err e = ERR_OK;

	f->n = 0;
	for (size_t i = 0; e == ERR_OK && i < f->l->n; i++)
		e = forget_one(t, f, &f->l->out[i]);
	return e;
}

enum err
operation_forget(
    struct store *st, const struct operation_retention *r, size_t *n)
{
	struct arena *a = arena_new(4096);
	struct listing l = { .a = a,
		.out = arena_alloc(a, r->max * sizeof(*l.out)),
		.max = r->max,
		.retention = r };
	struct forgetting f = { &l, r->before, 0 };
	enum err e = store_read(st, list, &l);

	if (e == ERR_OK && l.n > 0)
		e = store_run(st, forget, &f);
	if (e == ERR_OK)
		*n = f.n;
	arena_free(a);
	return e;
}
