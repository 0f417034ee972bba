#include "store/refresh.h"

#include <string.h>

#include "base/log.h"
#include "store/private.h"

/* A row: version of the layout, when it is due, tries. */
#define ROW_VERSION 1
#define ROW_LEN     13

enum err
refresh_put(struct txn *t, const struct refresh *r)
{
	unsigned char row[ROW_LEN] = { ROW_VERSION };

	table_put64(row + 1, (uint64_t)r->at);
	table_put32(row + 9, r->tries);
	return table_put(t, TABLE_REFRESH, slice_of(r->id),
	    table_slice(row, sizeof(row)), 0);
}

/* A pass that is gone owes nothing. */
static enum err
set(struct txn *t, void *arg)
{
	const struct refresh *r = arg;
	struct slice pass;
	enum err e = table_get(t, TABLE_PASS, slice_of(r->id), &pass, 0);

	if (e == ERR_NOTFOUND)
		return refresh_drop(t, r->id);
	return e == ERR_OK ? refresh_put(t, r) : e;
}

enum err
refresh_set(struct store *st, const struct refresh *r)
{
	struct refresh copy = *r;

	return store_run(st, set, &copy);
}

enum err
refresh_drop(struct txn *t, const char *id)
{
	enum err e = table_del(t, TABLE_REFRESH, slice_of(id));

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

struct looking {
	struct refresh_look *look;
	struct arena *a;
	struct refresh *out;
	size_t n;
};

static enum err
take(struct slice key, struct slice value, void *arg)
{
	struct looking *l = arg;
	struct refresh r = { .id = NULL };

	if (value.len != ROW_LEN || value.s[0] != ROW_VERSION) {
		log_error("store_fault", "what", "refresh", "why",
		    "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	r.at = (int64_t)table_get64(value.s + 1);
	r.tries = table_get32(value.s + 9);
	if (r.at > l->look->now) {
		if (l->look->soonest == 0 || r.at < l->look->soonest)
			l->look->soonest = r.at;
	} else if (l->n < REFRESH_ROWS) {
		r.id = arena_strndup(l->a, key.s, key.len);
		l->out[l->n++] = r;
	} else {
		l->look->soonest = l->look->now;
	}
	return ERR_OK;
}

enum err
refresh_due(struct store *st, struct refresh_look *look, struct arena *a,
    struct refresh *out, size_t *n)
{
	struct looking l = { look, a, out, 0 };
	enum err e;

	look->soonest = 0;
	e = table_each(st, TABLE_REFRESH, take, &l);
	*n = l.n;
	return e;
}
