#include "store/state.h"

#include "store/private.h"

#define NAME_LEN 300

struct saying {
	struct slice name, value;
	struct slice was; /* of state_replace() */
	struct arena *a;
};

/* The table has rows of others: theirs have no such beginning. */
static struct slice
key_of(struct arena *a, const char *name)
{
	return slice_of(arena_printf(a, "state.%.*s", NAME_LEN, name));
}

static enum err
get(struct txn *t, void *arg)
{
	struct saying *s = arg;
	struct slice v;
	enum err e = table_get(t, TABLE_META, s->name, &v, 0);

	if (e == ERR_OK) {
		s->value.s = arena_strndup(s->a, v.s, v.len);
		s->value.len = v.len;
	}
	return e;
}

enum err
state_get(
    struct store *st, const char *name, struct arena *a, struct slice *out)
{
	struct saying s = { .name = key_of(a, name), .a = a };
	enum err e = store_read(st, get, &s);

	if (e == ERR_OK)
		*out = s.value;
	return e;
}

static enum err
put(struct txn *t, void *arg)
{
	struct saying *s = arg;
	enum err e;

	if (s->value.s != NULL)
		return table_put(t, TABLE_META, s->name, s->value, 0);
	e = table_del(t, TABLE_META, s->name);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
state_put(struct store *st, const char *name, struct slice value)
{
	struct arena *a = arena_new(512);
	struct saying s = { .name = key_of(a, name), .value = value };
	enum err e =
	    value.len > STATE_MAX ? ERR_TOOBIG : store_run(st, put, &s);

	arena_free(a);
	return e;
}

static enum err
replace(struct txn *t, void *arg)
{
	struct saying *s = arg;
	struct slice is = { NULL, 0 };
	enum err e = table_get(t, TABLE_META, s->name, &is, DB_RMW);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if ((e == ERR_NOTFOUND) != (s->was.s == NULL) ||
	    (e == ERR_OK && !slice_eq(is, s->was)))
		return ERR_CONFLICT;
	return put(t, s);
}

enum err
state_replace(
    struct store *st, const char *name, struct slice was, struct slice value)
{
	struct arena *a = arena_new(512);
	struct saying s = {
		.name = key_of(a, name), .value = value, .was = was
	};
	enum err e =
	    value.len > STATE_MAX ? ERR_TOOBIG : store_run(st, replace, &s);

	arena_free(a);
	return e;
}
