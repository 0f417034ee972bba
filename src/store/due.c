#include <string.h>

#include "base/log.h"
#include "store/private.h"

/*
 * A row: version of the layout, wallets and how many of the operations count
 * it as an error for as long as a wallet is stopped, changes, time, then the
 * ids of the operations that count it.  Keyed by the pass, so that changes of
 * one pass meet there and those of different ones do not.
 */
#define ROW_VERSION 1
#define ROW_HEAD    14
#define MARKED      2 /* bits before their number */
#define ROW_MAX     (ROW_HEAD + DUE_OPERATIONS * OPERATION_ID_LEN)
#define SCAN_ROWS   10000 /* that one look sees */

struct row {
	unsigned wallets;
	uint32_t changes;
	int64_t at;
	size_t n, marked; /* the first of them */
	char operations[DUE_OPERATIONS][OPERATION_ID_LEN];
};

static struct slice
encode(const struct row *r, unsigned char buf[ROW_MAX])
{
	buf[0] = ROW_VERSION;
	buf[1] = (unsigned char)(r->wallets | r->marked << MARKED);
	table_put32(buf + 2, r->changes);
	table_put64(buf + 6, (uint64_t)r->at);
	memcpy(buf + ROW_HEAD, r->operations, r->n * OPERATION_ID_LEN);
	return table_slice(buf, ROW_HEAD + r->n * OPERATION_ID_LEN);
}

static enum err
decode(const struct store *st, struct slice s, struct row *r)
{
	const unsigned char *p = (const unsigned char *)s.s;

	if (s.len < ROW_HEAD || s.len > ROW_MAX || p[0] != ROW_VERSION ||
	    (s.len - ROW_HEAD) % OPERATION_ID_LEN != 0) {
		log_error("store_fault", "dir", st->dir, "what", "due", "why",
		    "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	r->wallets = p[1] & ((1U << MARKED) - 1);
	r->marked = p[1] >> MARKED;
	r->changes = table_get32(p + 2);
	r->at = (int64_t)table_get64(p + 6);
	r->n = (s.len - ROW_HEAD) / OPERATION_ID_LEN;
	memcpy(r->operations, p + ROW_HEAD, s.len - ROW_HEAD);
	return ERR_OK;
}

static enum err
get(struct txn *t, const char *id, bool update, struct row *r)
{
	struct slice s;
	enum err e =
	    table_get(t, TABLE_DUE, slice_of(id), &s, update ? DB_RMW : 0);

	return e == ERR_OK ? decode(t->st, s, r) : e;
}

static enum err
put(struct txn *t, const char *id, const struct row *r)
{
	unsigned char buf[ROW_MAX];

	return table_put(t, TABLE_DUE, slice_of(id), encode(r, buf), 0);
}

/* -- owing ----------------------------------------------------------------- */

static void
count_for(struct row *r, const char *operation)
{
	if (operation == NULL || r->n == DUE_OPERATIONS ||
	    strlen(operation) != OPERATION_ID_LEN)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (memcmp(r->operations[i], operation, OPERATION_ID_LEN) == 0)
			return;
	memcpy(r->operations[r->n++], operation, OPERATION_ID_LEN);
}

enum err
due_add(struct txn *t, const char *id, const struct store_due *owes)
{
	struct row r = { .n = 0 };
	enum err e = get(t, id, true, &r);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	/* Not to be taken for a row that was here and is done with. */
	if (e == ERR_NOTFOUND)
		r.changes = (uint32_t)owes->at;
	if (e == ERR_NOTFOUND || owes->at < r.at)
		r.at = owes->at;
	r.wallets |= owes->wallets;
	r.changes++;
	count_for(&r, owes->operation);
	return put(t, id, &r);
}

enum err
due_forget(struct txn *t, const char *id)
{
	enum err e = table_del(t, TABLE_DUE, slice_of(id));

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* -- looking --------------------------------------------------------------- */

static void
show(struct arena *a, const char *id, const struct row *r, struct due *out)
{
	*out = (struct due){ .id = id,
		.wallets = r->wallets,
		.changes = r->changes,
		.at = r->at,
		.noperations = r->n };
	out->operations = arena_alloc(a, (r->n + 1) * sizeof(char *));
	for (size_t i = 0; i < r->n; i++)
		out->operations[i] =
		    arena_strndup(a, r->operations[i], OPERATION_ID_LEN);
}

struct looking {
	struct due_scan scan; /* as it becomes */
	const struct due_when *when;
	struct arena *a;
	struct due *out;
	size_t max, n;
};

static enum err
look_row(struct txn *t, struct looking *l, const DBT *key, const DBT *value)
{
	struct row r;
	enum err e;

	if (key->size >= sizeof(l->scan.after))
		return ERR_INTERNAL;
	e = decode(t->st, table_slice(value->data, value->size), &r);
	if (e != ERR_OK)
		return e;
	memcpy(l->scan.after, key->data, key->size);
	l->scan.after[key->size] = '\0';
	if (r.at <= l->when->now || r.at > l->when->horizon)
		show(l->a, arena_strdup(l->a, l->scan.after), &r,
		    &l->out[l->n++]);
	else if (l->scan.soonest == 0 || r.at < l->scan.soonest)
		l->scan.soonest = r.at;
	return ERR_OK;
}

static enum err
look_at(struct txn *t, DBC *c, struct looking *l)
{
	/* With its NUL a key is the least that is greater. */
	DBT key = { .data = l->scan.after,
		.size = (u_int32_t)strlen(l->scan.after) + 1 };
	DBT value = { 0 };
	enum err e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);

	for (unsigned i = 0; e == ERR_OK && i < SCAN_ROWS && l->n < l->max;
	     i++) {
		if ((e = look_row(t, l, &key, &value)) == ERR_OK)
			e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	l->scan.ended = e == ERR_NOTFOUND;
	return l->scan.ended ? ERR_OK : e;
}

static enum err
look(struct txn *t, void *arg)
{
	struct looking *l = arg;
	const struct due_scan before = l->scan;
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_DUE, &c);

	l->n = 0;
	if (e == ERR_OK)
		e = look_at(t, c, l);
	if (c != NULL)
		c->close(c);
	if (e != ERR_OK)
		l->scan = before;
	return e;
}

enum err /* NOLINTNEXTLINE(readability-function-size) */
due_next(struct store *st, struct due_scan *s, const struct due_when *when,
    struct arena *a, struct due *out, size_t *max)
{
	struct looking l = {
		.scan = *s, .when = when, .a = a, .out = out, .max = *max
	};
	enum err e = store_read(st, look, &l);

	if (e == ERR_OK) {
		*s = l.scan;
		*max = l.n;
	}
	return e;
}

struct finding {
	const char *id;
	struct row row;
};

static enum err
find(struct txn *t, void *arg)
{
	struct finding *f = arg;

	return get(t, f->id, false, &f->row);
}

enum err
due_find(struct store *st, const char *id, struct arena *a, struct due *out)
{
	struct finding f = { .id = id };
	enum err e = store_read(st, find, &f);

	if (e == ERR_OK)
		show(a, arena_strdup(a, id), &f.row, out);
	return e;
}

struct counting {
	const struct store *st;
	struct due_count n;
};

static enum err
count_row(struct slice id, struct slice value, void *arg)
{
	struct counting *c = arg;
	struct row r;
	enum err e = decode(c->st, value, &r);

	(void)id;
	if (e != ERR_OK)
		return e;
	c->n.apple += (r.wallets & STORE_APPLE) != 0;
	c->n.google += (r.wallets & STORE_GOOGLE) != 0;
	return ERR_OK;
}

enum err
due_count(struct store *st, struct due_count *out)
{
	struct counting c = { .st = st };
	enum err e = table_each(st, TABLE_DUE, count_row, &c);

	if (e == ERR_OK)
		*out = c.n;
	return e;
}

/* -- settling -------------------------------------------------------------- */

/* Each operation is counted once, however many of the rows it has. */
struct tally {
	const char *id;
	struct operation_step step;
};

struct settling {
	const struct due *rows;
	size_t n;
	int64_t now;
	struct arena *a;
	struct tally *tallies;
	size_t ntallies;
};

static struct operation_step *
tally_of(struct settling *s, const char *id)
{
	size_t i = s->ntallies;

	while (i > 0)
		if (strcmp(s->tallies[--i].id, id) == 0)
			return &s->tallies[i].step;
	s->tallies[s->ntallies] = (struct tally){ id, { .now = s->now } };
	return &s->tallies[s->ntallies++].step;
}

static void
tally(struct settling *s, const struct due *d)
{
	for (size_t i = 0; i < d->noperations; i++) {
		struct operation_step *step = tally_of(s, d->operations[i]);

		step->apple += (d->done & STORE_APPLE) != 0;
		step->google += (d->done & STORE_GOOGLE) != 0;
		step->errors += d->refused != 0;
		step->completed -= d->refused != 0;
	}
}

/*
 * A pass that waits for a stopped wallet is an error of its operations, until
 * it is told after all.  Operations that came in since are behind these.
 */
static void
mark(struct settling *s, struct row *r, const struct due *d, bool over)
{
	const size_t n = r->n < d->noperations ? r->n : d->noperations;
	const size_t marked = over ? 0 : d->stuck != 0 ? n : r->marked;
	const size_t from = marked < r->marked ? marked : r->marked;
	const size_t to = marked < r->marked ? r->marked : marked;
	const int by = marked < r->marked ? -1 : 1;

	for (size_t i = from; i < to && i < n; i++) {
		struct operation_step *step = tally_of(s, d->operations[i]);

		step->errors += by;
		step->completed -= by;
	}
	r->marked = marked;
}

/* What was counted is not counted again with the change that came in. */
static void
uncount(struct row *r, const struct due *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		bool was = false;

		for (size_t j = 0; j < d->noperations; j++)
			was = was ||
			    memcmp(r->operations[i], d->operations[j],
				OPERATION_ID_LEN) == 0;
		if (!was)
			memmove(r->operations[kept++], r->operations[i],
			    OPERATION_ID_LEN);
	}
	r->n = kept;
}

static enum err
settle_row(struct txn *t, struct settling *s, const struct due *d)
{
	const unsigned over = d->done | d->refused | ~d->wallets;
	struct row r;
	enum err e = get(t, d->id, true, &r);

	if (e == ERR_NOTFOUND) { /* the pass was removed */
		tally(s, d);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	tally(s, d);
	mark(s, &r, d, (d->wallets & ~over) == 0);
	if (r.changes == d->changes && (r.wallets & ~over) == 0)
		return table_del(t, TABLE_DUE, slice_of(d->id));
	if ((d->wallets & ~over) == 0)
		uncount(&r, d);
	if (r.changes == d->changes)
		r.wallets &= ~over;
	r.at = d->again;
	return put(t, d->id, &r);
}

static enum err
settle(struct txn *t, void *arg)
{
	struct settling *s = arg;
	enum err e = ERR_OK;

	s->ntallies = 0;
	for (size_t i = 0; e == ERR_OK && i < s->n; i++)
		e = settle_row(t, s, &s->rows[i]);
	for (size_t i = 0; e == ERR_OK && i < s->ntallies; i++) {
		e = operation_add_step(
		    t, s->tallies[i].id, &s->tallies[i].step);
		if (e == ERR_NOTFOUND) /* forgotten meanwhile */
			e = ERR_OK;
	}
	return e;
}

enum err
due_settle(struct store *st, const struct due *rows, size_t n, int64_t now)
{
	struct settling s = {
		.rows = rows, .n = n, .now = now, .a = arena_new(4096)
	};
	size_t most = 0;
	enum err e;

	for (size_t i = 0; i < n; i++)
		most += rows[i].noperations;
	s.tallies = arena_alloc(s.a, (most + 1) * sizeof(*s.tallies));
	e = store_run(st, settle, &s);
	arena_free(s.a);
	return e;
}
