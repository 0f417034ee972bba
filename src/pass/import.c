#include "pass/import.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/seen.h"
#include "pass/install.h"
#include "store/registration.h"

/* An item that may be stored. */
struct adopted {
	struct import_item *item;
	struct record record;
	struct store_pass row;
	bool named; /* its line gave the id */
};

struct import_batch {
	struct import *im;
	struct change_env env; /* with the arena of its own */
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
first_to_name(struct import_batch *b, struct import_item *item,
    const char *field, struct slice value)
{
	struct arena *a = b->env.a;
	uint32_t *line;
	struct buf key;

	buf_init(&key, a);
	buf_add(&key, field, strlen(field) + 1);
	buf_add(&key, value.s, value.len);
	line = seen_number(b->im->seen, buf_slice(&key));
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
is_first(struct import_batch *b, struct adopted *d)
{
	const struct slice unique = { (const char *)d->row.unique, 32 };

	if (!first_to_name(b, d->item, "id", slice_of(d->record.pass.id)))
		return false;
	if (!first_to_name(b, d->item, "apple.serialNumber",
		slice_of(d->record.pass.apple_serial)))
		return false;
	return d->row.unique == NULL ||
	    first_to_name(b, d->item, "identifiers", unique);
}

/* As install_note() would have it, where the line does not say. */
static bool
count_devices(struct import_batch *b, struct adopted *d)
{
	struct arena *a = b->env.a;
	const struct record *r = &d->record;
	struct json_object *all, *o;
	int64_t phones = 0;

	if (r->ndevices == 0 && json_get(r->pass.providers, "apple") == NULL)
		return true;
	for (size_t i = 0; i < r->ndevices; i++) {
		size_t n = 0;

		while (strcmp(r->devices[n].token, r->devices[i].token) != 0)
			n++;
		phones += n == i;
		if (r->devices[i].date == 0)
			r->devices[i].date = b->env.now;
	}
	/* A count that somebody else kept is of phones that are not here. */
	all = r->pass.providers == NULL ? json_object_in(a)
					: json_copy(a, r->pass.providers);
	if ((o = json_get(all, "apple")) == NULL) {
		char iso[CLOCK_ISO_SIZE];

		clock_iso(r->devices[0].date, iso);
		o = json_object_in(a);
		json_set_string(o, "installationDate", iso);
		json_set_string(o, "lastInstallDate", iso);
		json_set_int(o, "totalRegistrations", phones);
		json_set(all, "apple", o);
	}
	if (!json_object_is_type(o, json_type_object)) {
		refuse(d->item, "providers.apple", "Write an object.");
		return false;
	}
	json_set_int(o, "activeRegistrations", phones);
	d->record.pass.providers = all;
	return true;
}

/* What its line says, completed; false when it is at fault. */
static bool
adopt(struct import_batch *b, struct import_item *item, struct adopted *d)
{
	item->fate = IMPORT_FAULT;
	if (item->json == NULL)
		return false;
	*d = (struct adopted){ .item = item };
	if (record_parse(b->env.a, item->json, &d->record, &item->why) !=
	    ERR_OK)
		return false;
	if (!count_devices(b, d))
		return false;
	d->named = d->record.pass.id != NULL;
	if (change_adopt(&b->env, b->im->key, &d->record.pass, &d->row,
		&item->why) != ERR_OK)
		return false;
	if (d->record.ndevices > 0 &&
	    tenant_type(b->env.tenant, d->record.pass.type)
		    ->apple_conf.pass_type_identifier == NULL) {
		refuse(item, "apple.registrations",
		    "The pass type has no apple.passTypeIdentifier; set it "
		    "first.");
		return false;
	}
	return is_first(b, d);
}

/* Is it here already?  Its fate is IMPORT_ADDED when it is not. */
static enum err
look(struct txn *t, struct import_batch *b, struct adopted *d)
{
	struct arena *a = b->env.a;
	struct store_pass old;
	const char *holder = NULL;
	enum err e = ERR_NOTFOUND;

	if (d->row.unique != NULL)
		e = store_unique_find(t, d->row.unique, a, &holder);
	if (e == ERR_OK) {
		d->item->fate = IMPORT_PRESENT;
		if (d->named && strcmp(holder, d->record.pass.id) != 0)
			refuse(d->item, "identifiers",
			    "Another pass of this type has these identifiers, "
			    "which are unique.");
		return ERR_OK;
	}
	if (e == ERR_NOTFOUND)
		e = store_pass_get(t, d->record.pass.id, false, a, &old);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	d->item->fate = e == ERR_OK ? IMPORT_PRESENT : IMPORT_ADDED;
	return ERR_OK;
}

/* Other passes that were on one of the devices may be counted anew. */
static enum err
register_one(struct txn *t, struct import_batch *b, struct adopted *d, size_t i)
{
	const struct record_device *of = &d->record.devices[i];
	const struct pass_type *type =
	    tenant_type(b->env.tenant, d->record.pass.type);
	const struct registration r = { .device = of->device,
		.topic = type->apple_conf.pass_type_identifier,
		.pass = d->record.pass.id,
		.token = of->token,
		.date = of->date };
	struct registration_moves m = { .n = 0 };
	bool new;
	enum err e = registration_add(t, b->env.a, &r, &new, &m);

	for (size_t n = 0; e == ERR_OK && n < m.n; n++) {
		const struct install in = { .pass = m.list[n].pass,
			.wallet = STORE_APPLE,
			.by = m.list[n].by,
			.now = b->env.now };

		if (strcmp(in.pass, r.pass) != 0)
			e = install_note(t, b->env.a, b->env.tenant, &in);
	}
	return e;
}

/* Most are not here yet: what is tells itself by being in the way. */
static enum err
store_one(struct txn *t, struct import_batch *b, struct adopted *d)
{
	enum err e = store_pass_add(t, &d->row);

	if (e == ERR_CONFLICT)
		return look(t, b, d);
	d->item->fate = IMPORT_ADDED;
	for (size_t i = 0; e == ERR_OK && i < d->record.ndevices; i++)
		e = register_one(t, b, d, i);
	return e;
}

static enum err
store_all(struct txn *t, void *arg)
{
	struct import_batch *b = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->n; i++) {
		struct adopted *d = &b->list[i];

		e = b->im->dry ? look(t, b, d) : store_one(t, b, d);
	}
	return e;
}

struct import_batch *
import_adopt(
    struct import *im, struct arena *a, struct import_item *items, size_t n)
{
	struct import_batch *b = arena_alloc(a, sizeof(*b));

	b->im = im;
	b->env = im->env;
	b->env.a = a;
	for (size_t i = 0; i < n && i < IMPORT_BATCH; i++)
		if (adopt(b, &items[i], &b->list[b->n]))
			b->n++;
	return b;
}

enum err
import_store(struct import_batch *b)
{
	return b->n == 0 ? ERR_OK : store_run_many(b->env.store, store_all, b);
}
