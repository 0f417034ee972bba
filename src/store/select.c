#include <stdlib.h>

#include "base/log.h"
#include "store/column.h"
#include "store/filter.h"
#include "store/order.h"

static enum err
select_bits(struct view *v, const struct query *q, struct store_set *set)
{
	enum err e;

	set->nwords = (size_t)v->nchunks * COLUMN_WORDS;
	set->count = 0;
	if ((set->bits = malloc(set->nwords * sizeof(*set->bits))) == NULL)
		abort();
	if ((e = filter_all(v, q, set->bits)) != ERR_OK) {
		free(set->bits);
		return e;
	}
	for (size_t i = 0; i < set->nwords; i++)
		set->count += (uint64_t)__builtin_popcountll(set->bits[i]);
	return ERR_OK;
}

enum err
store_select(struct store *st, const struct query *q, struct arena *a,
    struct store_set *out)
{
	struct store_set set;
	struct view v;
	enum err e = view_open(st, &v);

	if (e != ERR_OK)
		return e;
	if ((e = select_bits(&v, q, &set)) == ERR_OK) {
		uint64_t *bits = set.bits;

		set.bits =
		    arena_memdup(a, bits, set.nwords * sizeof(*set.bits));
		free(bits);
		*out = set;
	}
	view_close(&v);
	return e;
}

static enum err
read_ids(struct store *st, const uint32_t *ordinals, size_t n, struct arena *a,
    struct query_page *out)
{
	char id[STORE_ID_MAX + 1];

	out->ids = arena_alloc(a, n * sizeof(*out->ids));
	out->n = 0;
	for (size_t i = 0; i < n; i++) {
		enum err e = ERR_BUSY;

		for (unsigned k = 0; e == ERR_BUSY && k < RUN_TRIES; k++) {
			struct txn t = { .st = st };

			run_back_off(k);
			e = ordinal_find(&t, ordinals[i], id);
		}
		if (e == ERR_OK)
			out->ids[out->n++] = arena_strdup(a, id);
		else if (e != ERR_NOTFOUND) /* removed meanwhile */
			return e;
	}
	return ERR_OK;
}

enum err
store_query(struct store *st, const struct query *q, struct arena *a,
    struct query_page *out)
{
	struct query_page page = { .n = 0 };
	struct store_set set;
	struct view v;
	uint32_t *ordinals;
	size_t n = 0;
	enum err e = view_open(st, &v);

	if (e != ERR_OK)
		return e;
	if ((e = select_bits(&v, q, &set)) != ERR_OK) {
		view_close(&v);
		return e;
	}
	page.total = set.count;
	ordinals = arena_alloc(a, q->count * sizeof(*ordinals));
	e = order_page(&v, q, &set, ordinals, &n);
	free(set.bits);
	view_close(&v);
	if (e == ERR_OK)
		e = read_ids(st, ordinals, n, a, &page);
	if (e == ERR_OK)
		*out = page;
	return e;
}

/* -- counts ---------------------------------------------------------------- */

/* Of FIELD_STATUS. */
#define CODES ((STORE_APPLE | STORE_GOOGLE) + 1)

struct counting {
	const uint64_t *bits;
	uint64_t n[CODES + 1];
};

static void
count_strip(const struct strip *s, void *arg)
{
	struct counting *c = arg;
	const uint64_t *w = c->bits + (size_t)s->chunk * COLUMN_WORDS;

	for (unsigned i = 0; s->width == 1 && i < COLUMN_WORDS; i++)
		for (unsigned code = 1; code <= CODES; code++)
			c->n[code] += (uint64_t)__builtin_popcountll(w[i] &
			    strip_equal(
				s->p + (size_t)i * 64, (unsigned char)code));
}

enum err
store_stats(struct store *st, const char *type, struct store_stats *out)
{
	struct slice value = slice_of(type);
	const struct query q = { .filters = { { .field = slice_of("passType"),
				     .op = QUERY_EQUALS,
				     .values = &value,
				     .nvalues = 1 } },
		.nfilters = type == NULL ? 0 : 1 };
	struct counting c = { .bits = NULL };
	struct store_set set;
	struct view v;
	enum err e = view_open(st, &v);

	if (e != ERR_OK)
		return e;
	if ((e = select_bits(&v, &q, &set)) == ERR_OK) {
		c.bits = set.bits;
		e = view_each(&v, FIELD_STATUS, NULL, count_strip, &c);
		free(set.bits);
	}
	view_close(&v);
	if (e == ERR_OK)
		*out = (struct store_stats){ .total = set.count,
			.active = c.n[2] + c.n[3] + c.n[4],
			.apple = c.n[1 + STORE_APPLE] +
			    c.n[1 + (STORE_APPLE | STORE_GOOGLE)],
			.google = c.n[1 + STORE_GOOGLE] +
			    c.n[1 + (STORE_APPLE | STORE_GOOGLE)] };
	return e;
}
