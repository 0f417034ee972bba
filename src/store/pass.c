#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/column.h"
#include "store/keys.h"
#include "store/message.h"
#include "store/private.h"
#include "store/refresh.h"

/* A row: version of the layout, ordinal, tag, document. */
#define ROW_VERSION 1
#define ROW_HEAD    13

enum err
pass_decode(struct store *st, struct slice row, struct store_pass *out)
{
	const unsigned char *p = (const unsigned char *)row.s;

	if (row.len < ROW_HEAD || p[0] != ROW_VERSION) {
		log_error("store_fault", "dir", st->dir, "what", "pass", "why",
		    row.len >= ROW_HEAD && p[0] > ROW_VERSION
			? "a row was written by a newer version"
			: "a row is damaged",
		    NULL);
		return ERR_INTERNAL;
	}
	out->ordinal = table_get32(p + 1);
	out->tag = (uint64_t)table_get32(p + 5) << 32 | table_get32(p + 9);
	out->document = table_slice(row.s + ROW_HEAD, row.len - ROW_HEAD);
	return ERR_OK;
}

static struct slice
encode(struct store *st, const struct store_pass *p)
{
	size_t size = ROW_HEAD + p->document.len;

	if (size > st->row_size) {
		if ((st->row = realloc(st->row, size)) == NULL)
			abort();
		st->row_size = size;
	}
	st->row[0] = ROW_VERSION;
	table_put32(st->row + 1, p->ordinal);
	table_put32(st->row + 5, (uint32_t)(p->tag >> 32));
	table_put32(st->row + 9, (uint32_t)p->tag);
	if (p->document.len != 0)
		memcpy(st->row + ROW_HEAD, p->document.s, p->document.len);
	return table_slice(st->row, size);
}

enum err
store_pass_get(struct txn *t, const char *id, bool update, struct arena *a,
    struct store_pass *out)
{
	struct store_pass p = { 0 };
	struct slice row;
	enum err e;

	e = table_get(t, TABLE_PASS, slice_of(id), &row, update ? DB_RMW : 0);
	if (e == ERR_OK)
		e = pass_decode(t->st, row, &p);
	if (e != ERR_OK)
		return e;
	p.id = arena_strdup(a, id);
	p.document.s = arena_strndup(a, p.document.s, p.document.len);
	*out = p;
	return ERR_OK;
}

enum err
pass_tag(struct txn *t, const char *id, uint64_t stamp, uint64_t *tag)
{
	struct store_pass p = { 0 };
	struct slice row;
	enum err e = table_get(t, TABLE_PASS, slice_of(id), &row, 0);

	if (e == ERR_OK)
		e = pass_decode(t->st, row, &p);
	if (e != ERR_OK)
		return e;
	*tag = p.tag;
	if (p.tag != 0 || stamp == 0)
		return ERR_OK;
	*tag = p.tag = stamp;
	return table_put(t, TABLE_PASS, slice_of(id), encode(t->st, &p), 0);
}

/* A lock for the moment of the read keeps what is not committed out. */
enum err
store_pass_read(
    struct store *st, const char *id, struct arena *a, struct store_pass *out)
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = st };

		run_back_off(i);
		e = store_pass_get(&t, id, false, a, out);
	}
	return e;
}

static enum err
check(const struct store_pass *p)
{
	size_t len = strlen(p->id);

	if (len == 0 || len > STORE_ID_MAX)
		return ERR_INVALID;
	return p->document.len > STORE_DOC_MAX ? ERR_TOOBIG : ERR_OK;
}

/* The digest goes first: it is the likely conflict, and leaves no trace. */
static enum err
add_row(struct txn *t, struct store_pass *p)
{
	enum err undone;
	enum err e = unique_change(t, p->id, NULL, p->unique);

	if (e != ERR_OK)
		return e;
	e = table_put(
	    t, TABLE_PASS, slice_of(p->id), encode(t->st, p), DB_NOOVERWRITE);
	if (e != ERR_CONFLICT)
		return e;
	undone = unique_change(t, p->id, p->unique, NULL);
	return undone == ERR_OK ? e : undone;
}

static enum err
fields_change(struct txn *t, uint32_t ordinal, const struct store_pass *old,
    const struct store_pass *new)
{
	enum err e = field_change(t, ordinal, old, new);

	return e == ERR_OK ? column_change(t, ordinal, old, new) : e;
}

enum err
store_pass_add(struct txn *t, struct store_pass *p)
{
	enum err e = check(p);

	if (e == ERR_OK)
		e = ordinal_take(t, &p->ordinal);
	if (e != ERR_OK)
		return e;
	p->tag = 0;
	e = add_row(t, p);
	if (e == ERR_CONFLICT)
		ordinal_untake(t);
	if (e != ERR_OK)
		return e;
	if ((e = ordinal_put(t, p->ordinal, p->id)) != ERR_OK)
		return e;
	return fields_change(t, p->ordinal, NULL, p);
}

enum err
store_pass_change(
    struct txn *t, const struct store_pass *old, struct store_pass *p)
{
	enum err e = check(p);

	if (e != ERR_OK)
		return e;
	p->ordinal = old->ordinal;
	p->tag = p->same ? old->tag : 0;
	if ((e = unique_change(t, p->id, old->unique, p->unique)) != ERR_OK)
		return e;
	e = table_put(t, TABLE_PASS, slice_of(p->id), encode(t->st, p), 0);
	if (e == ERR_OK)
		e = fields_change(t, p->ordinal, old, p);
	if (e == ERR_OK && p->owes != NULL)
		e = due_add(t, p->id, p->owes);
	return e;
}

enum err
store_pass_remove(struct txn *t, const struct store_pass *old)
{
	enum err e = unique_change(t, old->id, old->unique, NULL);

	if (e == ERR_OK)
		e = table_del(t, TABLE_PASS, slice_of(old->id));
	if (e == ERR_OK)
		e = ordinal_del(t, old->ordinal);
	if (e == ERR_OK)
		e = due_forget(t, old->id);
	if (e == ERR_OK)
		e = source_forget(t, old->id);
	if (e == ERR_OK)
		e = registration_forget(t, old->id);
	if (e == ERR_OK)
		e = answer_forget(t, old->id);
	if (e == ERR_OK)
		e = message_forget(t, old->id);
	if (e == ERR_OK)
		e = refresh_drop(t, old->id);
	return e == ERR_OK ? fields_change(t, old->ordinal, old, NULL) : e;
}
