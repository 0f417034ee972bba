#include "pass/import.h"

#include <string.h>

#include "base/buf.h"
#include "base/seen.h"

/* An item that may be stored. */
struct adopted {
	struct import_item *item;
	struct pass pass;
	struct store_pass row;
	bool named; /* its line gave the id */
};

struct batch {
	struct import *im;
	struct adopted list[IMPORT_BATCH];
	size_t n;
};

static void
refuse(struct import_item *item, const char *field, const char *text)
{
	item->fate = IMPORT_FAULT;
	(void)why(&item->why, ERR_CONFLICT, field, "%s", text);
}

/* False, and a fault of `item`, when an earlier line has named the same. */
static bool
first_to_name(struct import *im, struct import_item *item, const char *field,
    struct slice value)
{
	struct arena *a = im->env.a;
	uint32_t *line;
	struct buf key;

	buf_init(&key, a);
	buf_add(&key, field, strlen(field) + 1);
	buf_add(&key, value.s, value.len);
	line = seen_number(im->seen, buf_slice(&key));
	if (*line != 0 && *line != item->line) {
		refuse(item, field,
		    arena_printf(a,
			"Line %u has the same; leave one of the two out.",
			*line));
		return false;
	}
	*line = item->line;
	return true;
}

static bool
is_first(struct import *im, struct adopted *d)
{
	const struct slice unique = { (const char *)d->row.unique, 32 };

	if (!first_to_name(im, d->item, "id", slice_of(d->pass.id)))
		return false;
	if (!first_to_name(im, d->item, "apple.serialNumber",
		slice_of(d->pass.apple_serial)))
		return false;
	return d->row.unique == NULL ||
	    first_to_name(im, d->item, "identifiers", unique);
}

/* What its line says, completed; false when it is at fault. */
static bool
adopt(struct import *im, struct import_item *item, struct adopted *d)
{
	item->fate = IMPORT_FAULT;
	if (item->json == NULL)
		return false;
	*d = (struct adopted){ .item = item };
	if (record_parse(item->json, &d->pass, &item->why) != ERR_OK)
		return false;
	d->named = d->pass.id != NULL;
	if (change_adopt(&im->env, im->key, &d->pass, &d->row, &item->why) !=
	    ERR_OK)
		return false;
	return is_first(im, d);
}

/* Is it here already?  Its fate is IMPORT_ADDED when it is not. */
static enum err
look(struct txn *t, struct batch *b, struct adopted *d)
{
	struct arena *a = b->im->env.a;
	struct store_pass old;
	const char *holder = NULL;
	enum err e = ERR_NOTFOUND;

	if (d->row.unique != NULL)
		e = store_unique_find(t, d->row.unique, a, &holder);
	if (e == ERR_OK) {
		d->item->fate = IMPORT_PRESENT;
		if (d->named && strcmp(holder, d->pass.id) != 0)
			refuse(d->item, "identifiers",
			    "Another pass of this type has these identifiers, "
			    "which are unique.");
		return ERR_OK;
	}
	if (e == ERR_NOTFOUND)
		e = store_pass_get(t, d->pass.id, false, a, &old);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	d->item->fate = e == ERR_OK ? IMPORT_PRESENT : IMPORT_ADDED;
	return ERR_OK;
}

static enum err
store_all(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->n; i++) {
		struct adopted *d = &b->list[i];

		e = look(t, b, d);
		if (e == ERR_OK && d->item->fate == IMPORT_ADDED && !b->im->dry)
			e = store_pass_add(t, &d->row);
	}
	return e;
}

enum err
import_batch(struct import *im, struct import_item *items, size_t n)
{
	struct batch *b = arena_alloc(im->env.a, sizeof(*b));

	b->im = im;
	for (size_t i = 0; i < n && i < IMPORT_BATCH; i++)
		if (adopt(im, &items[i], &b->list[b->n]))
			b->n++;
	return b->n == 0 ? ERR_OK : store_run(im->env.store, store_all, b);
}
