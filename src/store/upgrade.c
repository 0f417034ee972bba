#include "store/upgrade.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define BATCH   100  /* rows of a transaction */
#define TELL_MS 5000 /* between two lines of the log */

static const struct slice format_key = { "format", 6 };
static const struct slice place_key = { "upgrade", 7 };

struct upgrade {
	struct store *st;
	struct arena *a; /* of a row */
	uint32_t format; /* of the store, now */
	uint64_t rows;   /* of the present step, by this process */
	unsigned n;      /* rows of the present transaction */
};

static enum err
format_put(struct txn *t, uint32_t format)
{
	unsigned char v[4];

	table_put32(v, format);
	return table_put(
	    t, TABLE_META, format_key, table_slice(v, sizeof(v)), 0);
}

/* 0: it has none that makes sense. */
static enum err
format_get(struct txn *t, uint32_t *format)
{
	struct slice v;
	enum err e = table_get(t, TABLE_META, format_key, &v, 0);

	if (e == ERR_OK)
		*format = v.len == 4 ? table_get32(v.s) : 0;
	return e;
}

/* -- judging --------------------------------------------------------------- */

static enum err
get_or_put(struct txn *t, void *arg)
{
	uint32_t *format = arg;
	enum err e = format_get(t, format);

	if (e != ERR_NOTFOUND)
		return e;
	*format = upgrade_format();
	return format_put(t, *format);
}

enum err
upgrade_refuse(const char *dir)
{
	log_error("store_open", "dir", dir, "why",
	    "the data is of a newer format; install the version that wrote "
	    "it, or a newer one",
	    NULL);
	return ERR_INTERNAL;
}

enum err
upgrade_check(struct store *st)
{
	uint32_t format = 0;
	enum err e = run_with(st, get_or_put, &format, DB_TXN_NOSYNC);

	if (e != ERR_OK)
		return e;
	if (format == 0 || format > upgrade_format())
		return upgrade_refuse(st->dir);
	if (format == upgrade_format() || st->boot.stale)
		return ERR_OK;
	boot_spoil(&st->boot);
	log_warning("store_open", "dir", st->dir, "why",
	    "the data is of an older format; the next opener upgrades it",
	    NULL);
	return ERR_BUSY;
}

/* -- a step ---------------------------------------------------------------- */

/* The first row that is not upgraded yet. */
static enum err
find_place(struct txn *t, DBC *c, DBT *key, DBT *value)
{
	unsigned char from[STORE_KEY_MAX + 1];
	struct slice at;
	enum err e = table_get(t, TABLE_META, place_key, &at, 0);

	if (e == ERR_NOTFOUND)
		return table_cursor_get(t, c, key, value, DB_FIRST);
	if (e != ERR_OK)
		return e;
	if (at.len > STORE_KEY_MAX)
		return store_rc(t->st, EINVAL, "upgrade");
	/* A byte more is the least key that is greater. */
	memcpy(from, at.s, at.len);
	from[at.len] = 0;
	*key = table_dbt(table_slice(from, at.len + 1));
	return table_cursor_get(t, c, key, value, DB_SET_RANGE);
}

static enum err
rewrite(struct txn *t, struct upgrade *u, DBC *c, struct slice *last)
{
	const struct upgrade_step *step = &upgrade_plan.steps[u->format - 1];
	DBT key = { .data = NULL }, value = { .data = NULL };
	enum err e = find_place(t, c, &key, &value);

	for (u->n = 0; e == ERR_OK; u->n++) {
		*last = table_slice(
		    arena_strndup(u->a, key.data, key.size), key.size);
		e = step->row(t, *last,
		    table_slice(arena_strndup(u->a, value.data, value.size),
			value.size));
		if (e == ERR_OK && u->n + 1 == BATCH) {
			u->n++;
			return ERR_OK;
		}
		if (e == ERR_OK)
			e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	return e;
}

/* ERR_OK with less than BATCH rows: the step is done, and that is written. */
static enum err
batch(struct txn *t, void *arg)
{
	struct upgrade *u = arg;
	struct slice last;
	DBC *c = NULL;
	enum err e;

	arena_reset(u->a);
	e = table_cursor(t, upgrade_plan.steps[u->format - 1].table, &c);
	if (e != ERR_OK)
		return e;
	e = rewrite(t, u, c, &last);
	if (c->close(c) != 0 && e == ERR_OK)
		e = ERR_BUSY;
	if (e == ERR_OK)
		return table_put(t, TABLE_META, place_key, last, 0);
	if (e != ERR_NOTFOUND)
		return e;
	e = table_del(t, TABLE_META, place_key);
	if (e == ERR_OK || e == ERR_NOTFOUND)
		e = format_put(t, u->format + 1);
	return e;
}

static void
tell(const struct upgrade *u, const char *how)
{
	log_info("store_upgrade", "dir", u->st->dir, "what",
	    upgrade_plan.steps[u->format - 1].what, "count",
	    text_num((long long)u->rows).s, "why", how, NULL);
}

static enum err
run_step(struct upgrade *u)
{
	int64_t told = clock_now();
	enum err e;

	u->rows = 0;
	tell(u, "the data is of an older format");
	do {
		u->n = 0;
		e = run_with(u->st, batch, u, u->st->commit);
		u->rows += u->n;
		if (e == ERR_OK && clock_now() - told >= TELL_MS) {
			tell(u, "going on");
			told = clock_now();
			e = store_checkpoint(u->st, STORE_LOG_KBYTES);
		}
	} while (e == ERR_OK && u->n == BATCH);
	if (e == ERR_OK)
		tell(u, "done");
	return e;
}

static enum err
note_format(struct txn *t, void *arg)
{
	return format_get(t, arg);
}

enum err
upgrade_run(struct store *st)
{
	struct upgrade u = { .st = st };
	enum err e = store_read(st, note_format, &u.format);

	if (e != ERR_OK || u.format == upgrade_format())
		return e;
	u.a = arena_new(1U << 16);
	for (; e == ERR_OK && u.format < upgrade_format(); u.format++)
		e = run_step(&u);
	/* What follows is not to be undone by a power cut. */
	if (e == ERR_OK)
		e = store_checkpoint(st, 0);
	arena_free(u.a);
	return e;
}
