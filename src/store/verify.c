#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/dict.h"
#include "store/judge.h"
#include "store/phone.h"
#include "store/private.h"

/*
 * Each row is read without a lock and then judged in a transaction of its
 * own, so that changes made meanwhile are no faults.
 */
struct verify {
	struct store *st;
	store_index_fn *index;
	store_report_fn *report;
	void *arg;
	uint64_t faults;
	struct arena *a; /* reset for each row */
	struct judge *judge;
	bool mend;
	store_progress_fn *progress;
	uint64_t done, total; /* passes */

	/* The row in question; what was found is told after its transaction. */
	struct slice key, value;
	uint32_t ordinal;
	enum table table; /* of a phone */
	const char *fault;
};

#define TRIES 3

static enum err
judge(struct verify *v, store_fn *fn, store_fn *mend)
{
	enum err e = run_with(v->st, fn, v, 0);

	if (e == ERR_OK && v->fault != NULL) {
		v->faults++;
		if (v->report != NULL)
			v->report(v->arg, v->fault);
		if (v->mend)
			e = run_with(v->st, mend, v, v->st->commit);
	}
	arena_reset(v->a);
	return e;
}

/*
 * The pass with all that is to be indexed.  ERR_INTERNAL: its row is damaged;
 * ERR_INVALID: its document is.  Both are told when the pass is judged.
 */
static enum err
get_indexed(
    struct txn *t, struct verify *v, const char *id, struct store_pass *p)
{
	enum err e = store_pass_get(t, id, false, v->a, p);

	if (e != ERR_OK)
		return e;
	return v->index(v->a, p, v->arg) == ERR_OK ? ERR_OK : ERR_INVALID;
}

static enum err
told_elsewhere(enum err e)
{
	return e == ERR_INTERNAL || e == ERR_INVALID ? ERR_OK : e;
}

/* ERR_NOTFOUND unless the table's entry for `key` is exactly the id. */
static enum err
entry_is(struct txn *t, enum table n, struct slice key, const char *id)
{
	struct slice was;
	enum err e = table_get(t, n, key, &was, 0);

	return e == ERR_OK && !slice_is(was, id) ? ERR_NOTFOUND : e;
}

static enum err
ordinal_is(struct txn *t, uint32_t ordinal, const char *id)
{
	char was[STORE_ID_MAX + 1];
	enum err e = ordinal_find(t, ordinal, was);

	return e == ERR_OK && strcmp(was, id) != 0 ? ERR_NOTFOUND : e;
}

static enum err
field_is(struct txn *t, const struct store_field *f, uint32_t ordinal)
{
	unsigned char key[STORE_KEY_MAX], value[4];
	size_t len;

	if (!field_key(f, key, &len))
		return ERR_NOTFOUND;
	table_put32(value, ordinal);
	return table_has(t, TABLE_FIELD, table_slice(key, len),
	    table_slice(value, sizeof(value)));
}

/* Note a fault if `e` is ERR_NOTFOUND; true when there is no more to see. */
static bool
missing(struct verify *v, enum err *e, const char *id, struct slice what)
{
	if (*e != ERR_NOTFOUND)
		return *e != ERR_OK;
	v->fault = arena_printf(v->a, "pass %s: no index entry for %.*s", id,
	    (int)what.len, what.s);
	*e = ERR_OK;
	return true;
}

static enum err
pass_entries(struct txn *t, struct verify *v, const struct store_pass *p)
{
	enum err e = ordinal_is(t, p->ordinal, p->id);
	const char *field;

	if (missing(v, &e, p->id, slice_of("its ordinal")))
		return e;
	if (p->unique != NULL)
		e = entry_is(
		    t, TABLE_UNIQUE, table_slice(p->unique, 32), p->id);
	if (missing(v, &e, p->id, slice_of("its unique identifiers")))
		return e;
	for (size_t i = 0; i < p->nfields; i++) {
		e = field_is(t, &p->fields[i], p->ordinal);
		if (missing(v, &e, p->id, p->fields[i].name))
			return e;
	}
	if ((e = judge_cells(t, v->judge, p->ordinal, p, &field)) == ERR_OK &&
	    field != NULL)
		v->fault = arena_printf(v->a,
		    "pass %s: the column of %s says something else", p->id,
		    field);
	return e;
}

static enum err
judge_pass(struct txn *t, void *arg)
{
	struct verify *v = arg;
	struct store_pass p = { 0 };
	const char *id = arena_strndup(v->a, v->key.s, v->key.len);
	enum err e;

	v->fault = NULL;
	if (v->key.len > STORE_ID_MAX) {
		v->fault = "a pass id is too long";
		return ERR_OK;
	}
	e = get_indexed(t, v, id, &p);
	if (e == ERR_OK)
		return pass_entries(t, v, &p);
	if (e == ERR_INTERNAL || e == ERR_INVALID)
		v->fault = arena_printf(v->a, "pass %s: its %s is damaged", id,
		    e == ERR_INVALID ? "document" : "row");
	else if (e != ERR_NOTFOUND)
		return e;
	return ERR_OK;
}

static enum err
judge_ordinal(struct txn *t, void *arg)
{
	struct verify *v = arg;
	struct store_pass p = { 0 };
	char id[STORE_ID_MAX + 1];
	enum err e = ordinal_find(t, v->ordinal, id);

	v->fault = NULL;
	if (e == ERR_NOTFOUND) /* not given, or removed */
		return ERR_OK;
	if (e == ERR_OK)
		e = store_pass_get(t, id, false, v->a, &p);
	if (e == ERR_NOTFOUND || (e == ERR_OK && p.ordinal != v->ordinal)) {
		v->fault = arena_printf(v->a,
		    "ordinal %u: pass %s does not have it", v->ordinal, id);
		return ERR_OK;
	}
	return told_elsewhere(e);
}

static enum err
judge_unique(struct txn *t, void *arg)
{
	struct verify *v = arg;
	struct store_pass p = { 0 };
	const char *id = arena_strndup(v->a, v->value.s, v->value.len);
	enum err e = entry_is(t, TABLE_UNIQUE, v->key, id);

	v->fault = NULL;
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e == ERR_OK)
		e = get_indexed(t, v, id, &p);
	if (e == ERR_NOTFOUND ||
	    (e == ERR_OK &&
		(p.unique == NULL || v->key.len != 32 ||
		    memcmp(p.unique, v->key.s, 32) != 0))) {
		v->fault = arena_printf(
		    v->a, "unique identifiers: pass %s does not have them", id);
		return ERR_OK;
	}
	return told_elsewhere(e);
}

static bool
has_key(const struct store_pass *p, struct slice key)
{
	unsigned char own[STORE_KEY_MAX];
	size_t len;

	for (size_t i = 0; i < p->nfields; i++)
		if (field_key(&p->fields[i], own, &len) &&
		    slice_eq(key, table_slice(own, len)))
			return true;
	return false;
}

static enum err
judge_field(struct txn *t, void *arg)
{
	struct verify *v = arg;
	struct store_pass p = { 0 };
	char id[STORE_ID_MAX + 1];
	enum err e;

	e = table_has(t, TABLE_FIELD, v->key, v->value);
	v->fault = NULL;
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e == ERR_OK && v->value.len != 4)
		e = ERR_NOTFOUND;
	if (e == ERR_OK)
		e = ordinal_find(t, table_get32(v->value.s), id);
	if (e == ERR_OK)
		e = get_indexed(t, v, id, &p);
	if (e == ERR_NOTFOUND || (e == ERR_OK && !has_key(&p, v->key))) {
		v->fault = arena_printf(v->a, "field %.*s: an entry of no pass",
		    (int)strnlen(v->key.s, v->key.len), v->key.s);
		return ERR_OK;
	}
	return told_elsewhere(e);
}

static enum err
judge_orphan(struct txn *t, void *arg)
{
	struct verify *v = arg;
	char id[STORE_ID_MAX + 1];
	const char *field = NULL;
	enum err e = ordinal_find(t, v->ordinal, id);

	v->fault = NULL;
	if (e == ERR_NOTFOUND)
		e = judge_cells(t, v->judge, v->ordinal, NULL, &field);
	if (field != NULL)
		v->fault = arena_printf(v->a,
		    "ordinal %u: the column of %s has a cell of no pass",
		    v->ordinal, field);
	return e;
}

static enum err
judge_phone(struct txn *t, void *arg)
{
	struct verify *v = arg;
	const struct phone_row row = { v->table, v->key };

	return phone_judge(t, v->a, &row, &v->fault);
}

/* -- mending ----------------------------------------------------------------
 */

/* What another pass holds is that one's; its own fault is told already. */
static enum err
mend_unique(struct txn *t, const struct store_pass *p)
{
	enum err e;

	if (p->unique == NULL)
		return ERR_OK;
	e = table_put(t, TABLE_UNIQUE, table_slice(p->unique, 32),
	    slice_of(p->id), DB_NOOVERWRITE);
	return e == ERR_CONFLICT ? ERR_OK : e;
}

static enum err
mend_field(struct txn *t, const struct store_field *f, uint32_t ordinal)
{
	unsigned char key[STORE_KEY_MAX], value[4];
	size_t len;

	if (!field_key(f, key, &len))
		return ERR_OK;
	table_put32(value, ordinal);
	return table_put(t, TABLE_FIELD, table_slice(key, len),
	    table_slice(value, sizeof(value)), DB_OVERWRITE_DUP);
}

static enum err
mend_pass(struct txn *t, void *arg)
{
	struct verify *v = arg;
	struct store_pass p = { 0 };
	const char *id = arena_strndup(v->a, v->key.s, v->key.len);
	enum err e = v->key.len > STORE_ID_MAX ? ERR_NOTFOUND
					       : get_indexed(t, v, id, &p);

	if (e == ERR_NOTFOUND || e == ERR_INTERNAL || e == ERR_INVALID)
		return ERR_OK; /* that takes a backup */
	if (e == ERR_OK)
		e = ordinal_put(t, p.ordinal, p.id);
	if (e == ERR_OK)
		e = mend_unique(t, &p);
	for (size_t i = 0; e == ERR_OK && i < p.nfields; i++)
		e = mend_field(t, &p.fields[i], p.ordinal);
	return e == ERR_OK ? judge_mend(t, v->judge, p.ordinal, &p) : e;
}

static enum err
drop_ordinal(struct txn *t, void *arg)
{
	return ordinal_del(t, ((struct verify *)arg)->ordinal);
}

static enum err
drop_orphan(struct txn *t, void *arg)
{
	struct verify *v = arg;

	return judge_mend(t, v->judge, v->ordinal, NULL);
}

static enum err
drop_unique(struct txn *t, void *arg)
{
	return table_del(t, TABLE_UNIQUE, ((struct verify *)arg)->key);
}

static enum err
drop_field(struct txn *t, void *arg)
{
	struct verify *v = arg;
	DBT key = table_dbt(v->key), value = table_dbt(v->value);
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_FIELD, &c);

	if (e != ERR_OK)
		return e;
	e = table_cursor_get(t, c, &key, &value, DB_GET_BOTH | DB_RMW);
	if (e == ERR_OK)
		e = table_rc(t, c->del(c, 0), "delete");
	c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
mend_phone(struct txn *t, void *arg)
{
	struct verify *v = arg;
	const struct phone_row row = { v->table, v->key };

	return phone_mend(t, v->a, &row);
}

/* -- all of them ------------------------------------------------------------
 */

static enum err
note_bound(struct txn *t, void *arg)
{
	enum err e = ordinal_bound(t, arg);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
all_ordinals(struct verify *v)
{
	uint32_t bound = 0;
	enum err e = run_with(v->st, note_bound, &bound, 0);

	for (v->ordinal = 1; e == ERR_OK && v->ordinal < bound; v->ordinal++)
		e = judge(v, judge_ordinal, drop_ordinal);
	return e;
}

static enum err
row_of_pass(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;

	v->key = key;
	v->value = value;
	if (v->progress != NULL)
		v->progress(v->arg, v->done, v->total);
	v->done++;
	return judge(v, judge_pass, mend_pass);
}

static enum err
row_of_unique(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;

	v->key = key;
	v->value = value;
	return judge(v, judge_unique, drop_unique);
}

static enum err
row_of_field(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;

	v->key = key;
	v->value = value;
	return judge(v, judge_field, drop_field);
}

static enum err
row_of_phone(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;

	v->key = key;
	v->value = value;
	return judge(v, judge_phone, mend_phone);
}

static enum err
row_of_orphan(uint32_t ordinal, void *arg)
{
	struct verify *v = arg;

	v->ordinal = ordinal;
	return judge(v, judge_orphan, drop_orphan);
}

static void
bad_zone(const char *field, void *arg)
{
	struct verify *v = arg;

	v->faults++;
	if (v->report != NULL)
		v->report(v->arg,
		    arena_printf(v->a,
			"the column of %s: a zone says something else", field));
}

static int
look(struct store *st, enum table n)
{
	DB *db;
	int rc;

	if ((rc = db_create(&db, st->env, 0)) != 0)
		return rc;
	return db->verify(db, table_file(n), NULL, NULL, 0);
}

/*
 * Berkeley DB takes no locks to verify, so a writer may look like damage to
 * it, and so does a file that ends before pages that nobody wrote: only what
 * it finds every time, in all that is in the cache too, is told.
 */
static enum err
structure(struct verify *v, enum table n)
{
	char text[STORE_KEY_MAX] = "";
	DB *db = v->st->db[n];
	int rc;

	v->st->faults = text;
	rc = look(v->st, n);
	for (unsigned i = 0; rc == DB_VERIFY_BAD && i < TRIES; i++) {
		run_back_off(i);
		if ((rc = db->sync(db, 0)) == 0)
			rc = look(v->st, n);
	}
	v->st->faults = NULL;
	if (rc != DB_VERIFY_BAD)
		return store_rc(v->st, rc, "verify");
	v->faults++;
	v->report(v->arg, arena_printf(v->a, "%s: %s", table_file(n), text));
	return ERR_OK;
}

static enum err
walk(struct verify *v)
{
	static table_row_fn *const row[TABLE__MAX] = {
		[TABLE_PASS] = row_of_pass,
		[TABLE_UNIQUE] = row_of_unique,
		[TABLE_FIELD] = row_of_field,
		[TABLE_DEVICE] = row_of_phone,
		[TABLE_REGISTRATION] = row_of_phone,
		[TABLE_HOLDER] = row_of_phone,
		[TABLE_TOKEN] = row_of_phone,
	};
	enum err e;

	e = dict_check(v->st, v->mend, v->report, v->arg, &v->faults);
	if (e == ERR_OK)
		e = judge_new(v->st, &v->judge);
	/* Entries that are too many stand in the way of those that lack. */
	for (enum table n = 0; e == ERR_OK && n < TABLE__MAX; n++) {
		enum table next = v->mend ? TABLE__MAX - 1 - n : n;

		v->table = next;
		if (row[next] != NULL)
			e = table_each(v->st, next, row[next], v);
	}
	if (e == ERR_OK)
		e = all_ordinals(v);
	if (e == ERR_OK)
		e = judge_orphans(v->st, v->judge, row_of_orphan, v);
	if (e == ERR_OK)
		e = judge_zones(v->st, v->judge, v->mend, bad_zone, v);
	judge_free(v->judge);
	arena_free(v->a);
	return e;
}

enum err
store_verify(struct store *st, store_index_fn *index, store_report_fn *report,
    void *arg, uint64_t *faults)
{
	struct verify v = { .st = st,
		.index = index,
		.report = report,
		.arg = arg,
		.a = arena_new(1U << 16) };
	enum err e = ERR_OK;

	for (enum table n = 0; e == ERR_OK && n < TABLE__MAX; n++)
		e = structure(&v, n);
	if (e == ERR_OK)
		e = walk(&v);
	else
		arena_free(v.a);
	if (e == ERR_OK)
		*faults = v.faults;
	return e;
}

enum err
store_reindex(struct store *st, store_index_fn *index,
    store_progress_fn *progress, void *arg, uint64_t *mended)
{
	struct verify v = { .st = st,
		.index = index,
		.arg = arg,
		.a = arena_new(1U << 16),
		.mend = true,
		.progress = progress };
	enum err e = store_count(st, &v.total);

	if (e == ERR_OK)
		e = walk(&v);
	else
		arena_free(v.a);
	if (e == ERR_OK) {
		progress(arg, v.total, v.total);
		*mended = v.faults;
	}
	return e;
}
