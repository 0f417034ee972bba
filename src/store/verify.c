#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	/* The row in question; what was found is told after its transaction. */
	struct slice key, value;
	uint32_t ordinal;
	const char *fault;
};

#define TRIES 3

static enum err
judge(struct verify *v, store_fn *fn, struct slice key, struct slice value)
{
	enum err e;

	v->key = key;
	v->value = value;
	e = run_with(v->st, fn, v, 0);
	if (e == ERR_OK && v->fault != NULL) {
		v->faults++;
		v->report(v->arg, v->fault);
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
	return ERR_OK;
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
note_bound(struct txn *t, void *arg)
{
	enum err e = ordinal_bound(t, arg);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
all_ordinals(struct verify *v)
{
	const struct slice none = { NULL, 0 };
	uint32_t bound = 0;
	enum err e = run_with(v->st, note_bound, &bound, 0);

	for (v->ordinal = 1; e == ERR_OK && v->ordinal < bound; v->ordinal++)
		e = judge(v, judge_ordinal, none, none);
	return e;
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
row_of_pass(struct slice key, struct slice value, void *arg)
{
	return judge(arg, judge_pass, key, value);
}

static enum err
row_of_unique(struct slice key, struct slice value, void *arg)
{
	return judge(arg, judge_unique, key, value);
}

static enum err
row_of_field(struct slice key, struct slice value, void *arg)
{
	return judge(arg, judge_field, key, value);
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

enum err
store_verify(struct store *st, store_index_fn *index, store_report_fn *report,
    void *arg, uint64_t *faults)
{
	static table_row_fn *const row[TABLE__MAX] = {
		[TABLE_PASS] = row_of_pass,
		[TABLE_UNIQUE] = row_of_unique,
		[TABLE_FIELD] = row_of_field,
	};
	struct verify v = { .st = st,
		.index = index,
		.report = report,
		.arg = arg,
		.a = arena_new(1U << 16) };
	enum err e = ERR_OK;

	for (enum table n = 0; e == ERR_OK && n < TABLE__MAX; n++)
		e = structure(&v, n);
	for (enum table n = 0; e == ERR_OK && n < TABLE__MAX; n++)
		if (row[n] != NULL)
			e = table_each(st, n, row[n], &v);
	if (e == ERR_OK)
		e = all_ordinals(&v);
	arena_free(v.a);
	if (e == ERR_OK)
		*faults = v.faults;
	return e;
}
