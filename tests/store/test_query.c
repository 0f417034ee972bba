/*
 * What the columns answer, against a model that does the same slowly: an
 * array of passes, judged one by one and sorted whole.  A document is the
 * model's own record, so that the model can be had again from a store that
 * a crash left behind.
 */

#include <signal.h>
#include <time.h>

#include "fixture.h"
#include "store/column.h"
#include "store/dict.h"
#include "store/filter.h"
#include "store/order.h"
#include "store/zone.h"

#define PASSES  5000
#define MAX     8000
#define QUERIES 100
#define BATCH   50

/* -- chance that can be repeated ------------------------------------------- */

static uint64_t seed = 42;

static unsigned
chance(unsigned n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)((seed >> 33) % n);
}

/* -- values ---------------------------------------------------------------- */

struct value {
	enum store_kind kind;
	const char *text; /* NULL: missing */
	double number;
};

#define X8   "xxxxxxxx"
#define X64  X8 X8 X8 X8 X8 X8 X8 X8
#define X512 X64 X64 X64 X64 X64 X64 X64 X64

static const struct value values[] = {
	/* clang-format off */
	{ 0, NULL, 0 },
	{ 0, NULL, 0 },
	{ STORE_TEXT, "", 0 },
	{ STORE_TEXT, "gold", 0 },
	{ STORE_TEXT, "Gold", 0 },
	{ STORE_TEXT, "silver", 0 },
	{ STORE_TEXT, "sil", 0 },
	{ STORE_TEXT, "old", 0 },
	{ STORE_TEXT, "true", 0 },
	{ STORE_TEXT, "10", 0 },
	{ STORE_TEXT, "[]", 0 },
	{ STORE_TEXT, "[1]", 0 },
	{ STORE_TEXT, "Zo\303\253", 0 },
	{ STORE_TEXT, "\377\376", 0 },
	{ STORE_TEXT, X512, 0 },
	{ STORE_TEXT, X512 "b", 0 },
	{ STORE_TEXT, X512 "a", 0 },
	{ STORE_TEXT, X512 "abc", 0 },
	{ STORE_TEXT, X512 X512 X512 X512, 0 },
	{ STORE_HOLLOW, "[]", 0 },
	{ STORE_HOLLOW, "{}", 0 },
	{ STORE_NUMBER, "10", 10 },
	{ STORE_NUMBER, "9", 9 },
	{ STORE_NUMBER, "0", 0 },
	{ STORE_NUMBER, "-1", -1 },
	{ STORE_NUMBER, "-1.5", -1.5 },
	{ STORE_NUMBER, "0.1", 0.1 },
	{ STORE_NUMBER, "1e-7", 1e-7 },
	{ STORE_NUMBER, "1e+21", 1e21 },
	{ STORE_NUMBER, "100", 100 },
	{ STORE_NUMBER, "9007199254740992", 9007199254740992.0 },
	{ STORE_NUMBER, "9007199254740993", 9007199254740992.0 },
	{ STORE_NUMBER, "18446744073709551615", 18446744073709551615.0 },
	/* clang-format on */
};
#define NVALUES (sizeof(values) / sizeof(*values))

static const char *const needles[] = { "o", "old", "1", "0", "-", ".", "x",
	"gold", "\303", "[", "]", "true", X512 "a", "e", "a@", "@b.example",
	"user1", "pass-", "id-00", "7", "2026-11", ":00.00", "T0" };
#define NNEEDLES (sizeof(needles) / sizeof(*needles))

static const char *const types[] = { "loyalty", "gift", "ticket" };
static const char *const platforms[] = { "apple", "google", "windows" };

#define METAS 4
#define KEYS  2

/* Numbers of values[]; NONE where there is none. */
struct model {
	char id[32];
	unsigned type, status;
	int64_t created, updated, installed[2]; /* 0: never */
	unsigned meta[METAS];
	unsigned key[KEYS]; /* 0: missing; else user number */
};

static struct model *models;
static size_t nmodels;

static const char *const meta_names[] = { "metadata.tier", "metadata.points",
	"metadata.a.b", "metadata.new" };
static const char *const key_names[] = { "identifiers.email",
	"identifiers.no" };
static const char *const installed_names[] = { "apple", "google" };

static const char *
key_text(unsigned i, unsigned n)
{
	static char text[64];

	snprintf(text, sizeof(text), i == 0 ? "user%u@b.example" : "%u", n);
	return text;
}

/* -- passes ---------------------------------------------------------------- */

#define DAY0 1763769600000 /* 2025-11-22 */

/* Some ids have long beginnings in common. */
static void
random_id(char *id, size_t size, unsigned n)
{
	switch (n % 3) {
	case 0:
		snprintf(id, size, "id-%05u", n);
		break;
	case 1:
		snprintf(id, size, "pass-of-the-month-%05u", n);
		break;
	default:
		snprintf(id, size, "%08x%u", n * 2654435761U, n);
	}
}

static void
random_meta(struct model *m, unsigned i)
{
	/* tier has texts, points numbers, the others anything. */
	do {
		m->meta[i] = chance(NVALUES);
	} while ((i == 0 && values[m->meta[i]].kind == STORE_NUMBER) ||
	    (i == 1 && values[m->meta[i]].kind != STORE_NUMBER &&
		chance(20) != 0));
}

/* Some runs have dates at random, some nearly in the order of ordinals. */
static bool in_order;

static int64_t
created_of(unsigned n)
{
	unsigned s = in_order ? n / 4 + chance(20) : chance(2000);

	return DAY0 + (int64_t)s * 1000;
}

static void
random_model(struct model *m, unsigned metas)
{
	m->type = chance(3);
	m->status = chance(4);
	m->created = created_of((unsigned)(m - models));
	m->updated = m->created + (int64_t)chance(3) * 86400000;
	for (int i = 0; i < 2; i++)
		m->installed[i] = chance(3) == 0 ? DAY0 + chance(50) : 0;
	for (unsigned i = 0; i < metas; i++)
		random_meta(m, i);
	m->key[0] = chance(10) == 0 ? 0 : 1 + chance(1000000);
	m->key[1] = chance(3) == 0 ? 0 : 1 + chance(20);
}

static void
add_column(struct store_pass *p, const char *name, struct store_column c)
{
	c.name = slice_of(name);
	p->columns[p->ncolumns++] = c;
}

static struct store_pass
pass_of(struct arena *a, const struct model *m)
{
	struct store_pass p = { .id = arena_strdup(a, m->id) };

	p.document =
	    (struct slice){ arena_memdup(a, m, sizeof(*m)), sizeof(*m) };
	p.fields = arena_alloc(a, KEYS * sizeof(*p.fields));
	p.columns = arena_alloc(a, 16 * sizeof(*p.columns));
	add_column(&p, "passType",
	    (struct store_column){
		.value = slice_of(types[m->type]), .kind = STORE_TEXT });
	add_column(&p, "installationStatus",
	    (struct store_column){ .kind = STORE_SET, .number = m->status });
	add_column(&p, "creationDate",
	    (struct store_column){ .kind = STORE_DATE, .number = m->created });
	add_column(&p, "lastUpdateDate",
	    (struct store_column){ .kind = STORE_DATE, .number = m->updated });
	for (int i = 0; i < 2; i++)
		if (m->installed[i] != 0)
			add_column(&p, installed_names[i],
			    (struct store_column){ .kind = STORE_DATE,
				.number = m->installed[i] });
	for (int i = 0; i < METAS; i++)
		if (values[m->meta[i]].text != NULL)
			add_column(&p, meta_names[i],
			    (struct store_column){
				.value = slice_of(values[m->meta[i]].text),
				.kind = values[m->meta[i]].kind });
	for (unsigned i = 0; i < KEYS; i++)
		if (m->key[i] != 0)
			p.fields[p.nfields++] =
			    (struct store_field){ slice_of(key_names[i]),
				    slice_of(arena_strdup(
					a, key_text(i, m->key[i]))) };
	return p;
}

/* -- the model's answers --------------------------------------------------- */

/* What a pass has under a name; `text` NULL: nothing. */
static struct value
get(const struct model *m, struct slice name)
{
	struct value v = { .kind = STORE_TEXT };
	int64_t date = 0;

	if (slice_is(name, "id"))
		v.text = m->id;
	if (slice_is(name, "passType"))
		v.text = types[m->type];
	if (slice_is(name, "creationDate"))
		date = m->created;
	if (slice_is(name, "lastUpdateDate"))
		date = m->updated;
	for (unsigned i = 0; i < 2; i++) {
		if (slice_is(name, installed_names[i]))
			date = m->installed[i];
		if (slice_is(name, key_names[i]) && m->key[i] != 0)
			v.text = key_text(i, m->key[i]);
	}
	for (unsigned i = 0; i < METAS; i++)
		if (slice_is(name, meta_names[i]))
			v = values[m->meta[i]];
	if (date != 0) {
		static char iso[32];
		time_t seconds = (time_t)(date / 1000);
		struct tm tm;
		size_t n = strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%S",
		    gmtime_r(&seconds, &tm));

		snprintf(
		    iso + n, sizeof(iso) - n, ".%03dZ", (int)(date % 1000));
		v = (struct value){ STORE_NUMBER, iso, (double)date };
	}
	return v;
}

static bool
status_meets(const struct model *m, const struct query_filter *f)
{
	if (f->op == QUERY_IS_EMPTY || f->op == QUERY_IS_NOT_EMPTY)
		return m->status == 0;
	for (size_t i = 0; i < f->nvalues; i++)
		if ((slice_is(f->values[i], "apple") && (m->status & 1) != 0) ||
		    (slice_is(f->values[i], "google") && (m->status & 2) != 0))
			return true;
	return false;
}

static bool
one_meets(enum query_op op, const char *text, const char *v)
{
	size_t n = strlen(text), k = strlen(v);

	switch (op) {
	case QUERY_CONTAINS:
		return strstr(text, v) != NULL;
	case QUERY_STARTS_WITH:
		return strncmp(text, v, k) == 0;
	case QUERY_ENDS_WITH:
		return n >= k && strcmp(text + n - k, v) == 0;
	default:
		return strcmp(text, v) == 0;
	}
}

static bool
meets(const struct model *m, const struct query_filter *f)
{
	struct value v = get(m, f->field);
	bool yes = false;

	if (slice_is(f->field, "installationStatus"))
		yes = status_meets(m, f);
	else if (f->op == QUERY_IS_EMPTY || f->op == QUERY_IS_NOT_EMPTY)
		yes = v.text == NULL || v.text[0] == '\0' ||
		    v.kind == STORE_HOLLOW;
	else
		for (size_t i = 0; v.text != NULL && i < f->nvalues; i++)
			yes = yes || one_meets(f->op, v.text, f->values[i].s);
	return yes !=
	    (f->op == QUERY_NOT_EQUALS || f->op == QUERY_NOT_IN ||
		f->op == QUERY_IS_NOT_EMPTY);
}

static const struct query *ordering;

static int
compare(const void *x, const void *y)
{
	static const struct query_sort usual = { { "creationDate", 12 },
		false };
	const struct model *a = x, *b = y;
	size_t n = ordering->nsorts == 0 ? 1 : ordering->nsorts;

	for (size_t i = 0; i < n; i++) {
		const struct query_sort *s =
		    ordering->nsorts == 0 ? &usual : &ordering->sorts[i];
		struct value v = get(a, s->field), w;
		char text[4096];
		int c;

		if (v.text != NULL) /* get() has one place for its texts */
			v.text = strcpy(text, v.text);
		w = get(b, s->field);
		if (v.text == NULL || w.text == NULL)
			c = (v.text == NULL) - (w.text == NULL);
		else if ((v.kind == STORE_NUMBER) != (w.kind == STORE_NUMBER))
			c = v.kind == STORE_NUMBER ? -1 : 1;
		else if (v.kind == STORE_NUMBER)
			c = (v.number > w.number) - (v.number < w.number);
		else
			c = strcmp(v.text, w.text);
		if (c != 0)
			return s->descending && v.text != NULL && w.text != NULL
			    ? -c
			    : c;
	}
	return strcmp(a->id, b->id);
}

/* -- questions --------------------------------------------------------------
 */

static struct slice
random_field(bool sort)
{
	static const char *const others[] = { "passType", "id", "creationDate",
		"lastUpdateDate", "metadata.nobody", "identifiers.nobody",
		"installationStatus" };
	static const char *const sorts[] = { "apple", "google" };

	if (sort && chance(6) == 0)
		return slice_of(sorts[chance(2)]);
	switch (chance(3)) {
	case 0:
		return slice_of(meta_names[chance(METAS)]);
	case 1:
		return slice_of(key_names[chance(KEYS)]);
	default:
		return slice_of(others[chance(sort ? 6 : 7)]);
	}
}

static struct slice
random_value(struct arena *a, struct slice field, enum query_op op)
{
	const struct model *m = &models[chance((unsigned)nmodels)];
	bool part = op == QUERY_CONTAINS || op == QUERY_STARTS_WITH ||
	    op == QUERY_ENDS_WITH;
	struct value v = get(m, field);
	const char *text;

	if (query_kind(field) == QUERY_SET)
		return slice_of(platforms[chance(3)]);
	if (part && chance(2) == 0)
		return slice_of(needles[chance(NNEEDLES)]);
	if (query_kind(field) != QUERY_DATE && chance(8) == 0)
		v = values[chance(NVALUES)];
	if (v.text == NULL || v.text[0] == '\0')
		return slice_of(needles[chance(NNEEDLES)]);
	text = arena_strdup(a, v.text);
	if (op == QUERY_STARTS_WITH)
		return slice_of(
		    arena_strndup(a, text, 1 + chance((unsigned)strlen(text))));
	if (op == QUERY_ENDS_WITH)
		return slice_of(text + chance((unsigned)strlen(text)));
	return slice_of(text);
}

static void
random_filter(struct arena *a, struct query_filter *f)
{
	struct slice *v = arena_alloc(a, 8 * sizeof(*v));
	struct why why;

	do {
		f->field = random_field(false);
		f->op = (enum query_op)chance(QUERY_OP__MAX);
		f->nvalues = f->op == QUERY_IN || f->op == QUERY_NOT_IN
		    ? 1 + chance(8)
		    : f->op < QUERY_IS_EMPTY;
		for (size_t i = 0; i < f->nvalues; i++)
			v[i] = random_value(a, f->field, f->op);
		f->values = v;
	} while (query_filter_check(f, "filter[0]", &why) != ERR_OK);
}

static struct query
random_query(struct arena *a)
{
	struct query q = { .nfilters = chance(4), .nsorts = chance(4) };

	for (size_t i = 0; i < q.nfilters; i++)
		random_filter(a, &q.filters[i]);
	for (size_t i = 0; i < q.nsorts; i++) {
		q.sorts[i].field = random_field(true);
		q.sorts[i].descending = chance(2) == 0;
	}
	q.count = chance(3) == 0 ? 1 + chance(1000) : 1 + chance(50);
	q.first = chance(3) == 0 ? 0 : chance(PASSES);
	return q;
}

static void
explain(const struct query *q)
{
	for (size_t i = 0; i < q->nfilters; i++)
		print_message("filter %.40s %d %.40s (%zu)\n",
		    q->filters[i].field.s, (int)q->filters[i].op,
		    q->filters[i].nvalues > 0 ? q->filters[i].values[0].s : "",
		    q->filters[i].nvalues);
	for (size_t i = 0; i < q->nsorts; i++)
		print_message("sort %.40s %s\n", q->sorts[i].field.s,
		    q->sorts[i].descending ? "down" : "up");
	print_message("first %zu count %zu\n", (size_t)q->first, q->count);
}

static size_t
model_answer(const struct query *q, struct model *out)
{
	size_t n = 0;

	for (size_t i = 0; i < nmodels; i++) {
		bool yes = true;

		for (size_t k = 0; yes && k < q->nfilters; k++)
			yes = meets(&models[i], &q->filters[k]);
		if (yes)
			out[n++] = models[i];
	}
	ordering = q;
	qsort(out, n, sizeof(*out), compare);
	return n;
}

static bool
same_page(const struct query *q, const struct query_page *page,
    const struct model *want, size_t total)
{
	size_t n = q->first >= total ? 0 : total - q->first;

	n = n > q->count ? q->count : n;
	if (page->total != total || page->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(page->ids[i], want[q->first + i].id) != 0)
			return false;
	return true;
}

/* The same question with less memory allowed, so that it takes more rounds. */
static struct query_page
ask_in_rounds(struct fixture *f, const struct query *q, struct arena *a)
{
	struct query_page page = { .n = 0 };
	uint32_t *ordinals = arena_alloc(a, q->count * sizeof(*ordinals));
	struct store_set set = { .count = 0 };
	struct txn t = { .st = f->st };
	char id[STORE_ID_MAX + 1];
	struct view v;
	size_t n = 0;

	assert_int_equal(view_open(f->st, &v), ERR_OK);
	v.few = 5 + chance(200);
	v.held = 40 + chance(400);
	set.nwords = (size_t)v.nchunks * COLUMN_WORDS;
	set.bits = arena_alloc(a, set.nwords * sizeof(*set.bits));
	assert_int_equal(filter_all(&v, q, set.bits), ERR_OK);
	for (size_t i = 0; i < set.nwords; i++)
		set.count += (uint64_t)__builtin_popcountll(set.bits[i]);
	assert_int_equal(order_page(&v, q, &set, ordinals, &n), ERR_OK);
	view_close(&v);
	page.total = set.count;
	page.ids = arena_alloc(a, n * sizeof(*page.ids));
	for (page.n = 0; page.n < n; page.n++) {
		assert_int_equal(
		    ordinal_find(&t, ordinals[page.n], id), ERR_OK);
		page.ids[page.n] = arena_strdup(a, id);
	}
	return page;
}

static void
ask_many(struct fixture *f, unsigned n)
{
	struct model *want = calloc(MAX, sizeof(*want));
	struct arena *a = arena_new(65536);

	for (unsigned i = 0; i < n; i++) {
		struct query q = random_query(a);
		size_t total = model_answer(&q, want);
		struct query_page page = { .n = 0 };

		assert_int_equal(store_query(f->st, &q, a, &page), ERR_OK);
		if (!same_page(&q, &page, want, total)) {
			explain(&q);
			fail_msg("total %zu, wanted %zu; %zu on the page",
			    (size_t)page.total, total, page.n);
		}
		page = ask_in_rounds(f, &q, a);
		if (!same_page(&q, &page, want, total)) {
			explain(&q);
			fail_msg("in rounds: %zu on the page", page.n);
		}
		arena_reset(a);
	}
	arena_free(a);
	free(want);
}

/* -- changes ----------------------------------------------------------------
 */

struct batch {
	struct store_pass old[BATCH], new[BATCH];
	struct model model[BATCH];
	size_t n;
};

static enum err
run_batch(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->n; i++)
		if (b->old[i].id == NULL)
			e = store_pass_add(t, &b->new[i]);
		else if (b->new[i].id == NULL)
			e = store_pass_remove(t, &b->old[i]);
		else
			e = store_pass_change(t, &b->old[i], &b->new[i]);
	return e;
}

static void
add_many(struct store *st, struct arena *a, unsigned n)
{
	static unsigned made;
	struct batch *b = calloc(1, sizeof(*b));

	while (n > 0) {
		for (b->n = 0; n > 0 && b->n < BATCH; n--, b->n++) {
			struct model *m = &models[nmodels++];

			*m = (struct model){ .type = 0 };
			random_id(m->id, sizeof(m->id), made++);
			random_model(m, METAS - 1);
			b->new[b->n] = pass_of(a, m);
		}
		assert_int_equal(chance(2) == 0
			? store_run(st, run_batch, b)
			: store_run_many(st, run_batch, b),
		    ERR_OK);
	}
	free(b);
}

/* What a pass has, as a change needs it. */
static struct store_pass
stored(struct store *st, struct arena *a, const struct model *m)
{
	struct store_pass p = pass_of(a, m), row;

	assert_int_equal(store_pass_read(st, m->id, a, &row), ERR_OK);
	p.ordinal = row.ordinal;
	return p;
}

/* One change: of a value or two, a conversion, a removal. */
static void
draw_change(struct store *st, struct arena *a, struct batch *b)
{
	struct model *m = &models[chance((unsigned)nmodels)];
	const size_t at = b->n++;

	b->old[at] = stored(st, a, m);
	/* A fast machine would remove all of them. */
	if (chance(10) == 0 && nmodels > BATCH) {
		*m = models[--nmodels];
	} else {
		m->updated += 1 + chance(100000);
		if (chance(3) == 0)
			m->status = chance(4);
		if (chance(10) == 0)
			m->key[0] = chance(1000000);
		for (unsigned k = 0; k < METAS; k++)
			if (chance(3) == 0)
				random_meta(m, k);
		b->new[at] = pass_of(a, m);
	}
}

static void
change_one(struct store *st, struct arena *a)
{
	struct batch *b = calloc(1, sizeof(*b));

	draw_change(st, a, b);
	assert_int_equal(store_run(st, run_batch, b), ERR_OK);
	free(b);
}

/* In one transaction; some pass is changed twice, and some has a fresh row. */
static void
change_together(struct store *st, unsigned batches)
{
	struct arena *a = arena_new(65536);

	while (batches-- > 0) {
		struct batch *b = calloc(1, sizeof(*b));

		while (b->n < BATCH)
			draw_change(st, a, b);
		assert_int_equal(store_run_many(st, run_batch, b), ERR_OK);
		change_one(st, a);
		free(b);
		arena_reset(a);
	}
	arena_free(a);
}

static void
change_many(struct store *st, unsigned n)
{
	struct arena *a = arena_new(65536);

	while (n-- > 0) {
		change_one(st, a);
		arena_reset(a);
	}
	arena_free(a);
}

static void
fill(struct fixture *f, unsigned n)
{
	struct arena *a = arena_new(65536);

	nmodels = 0;
	add_many(f->st, a, n);
	arena_free(a);
}

static enum err
index_document(struct arena *a, struct store_pass *row, void *arg)
{
	struct store_pass p;
	struct model m;

	(void)arg;
	assert_int_equal(row->document.len, sizeof(m));
	memcpy(&m, row->document.s, sizeof(m));
	p = pass_of(a, &m);
	row->fields = p.fields;
	row->nfields = p.nfields;
	row->columns = p.columns;
	row->ncolumns = p.ncolumns;
	return ERR_OK;
}

static void
no_report(void *arg, const char *text)
{
	(void)arg;
	assert_true(strlen(text) > 10);
}

static void
no_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	assert_true(done <= total);
}

static uint64_t
faults(struct fixture *f)
{
	uint64_t n = UINT64_MAX;

	assert_int_equal(
	    store_verify(f->st, index_document, no_report, NULL, &n), ERR_OK);
	return n;
}

/* -- the tests ---------------------------------------------------------------
 */

static int
setup(void **state)
{
	models = calloc(MAX, sizeof(*models));
	return models == NULL ? -1 : fixture_setup(state);
}

static int
teardown(void **state)
{
	free(models);
	return fixture_teardown(state);
}

static void
test_empty(void **state)
{
	struct fixture *f = *state;
	struct query q = { .count = 10 };
	struct query_page page = { .n = 9 };
	struct store_stats stats = { .total = 9 };

	assert_int_equal(store_query(f->st, &q, f->a, &page), ERR_OK);
	assert_int_equal(page.n, 0);
	assert_int_equal(page.total, 0);
	assert_int_equal(store_stats(f->st, NULL, &stats), ERR_OK);
	assert_int_equal(stats.total, 0);
	assert_int_equal(store_stats(f->st, "loyalty", &stats), ERR_OK);
	assert_int_equal(stats.total, 0);
}

static void
ask_of_changes(struct fixture *f)
{
	fill(f, PASSES);
	ask_many(f, QUERIES);
	change_many(f->st, 3000);
	ask_many(f, QUERIES);
	change_together(f->st, 40);
	ask_many(f, QUERIES / 2);
	assert_int_equal(faults(f), 0);
	fixture_reopen(f);
	ask_many(f, QUERIES / 5);
}

static void
test_against_the_model(void **state)
{
	in_order = false;
	ask_of_changes(*state);
}

static void
test_dates_in_runs(void **state)
{
	in_order = true;
	ask_of_changes(*state);
	in_order = false;
}

static void
test_stats(void **state)
{
	struct fixture *f = *state;

	fill(f, 2500);
	change_many(f->st, 100);
	for (unsigned type = 0; type < 5; type++) {
		const char *name = type < 3 ? types[type]
		    : type == 3             ? "nobody"
					    : NULL;
		struct store_stats want = { .total = 0 }, got;

		for (size_t i = 0; i < nmodels; i++) {
			const struct model *m = &models[i];

			if (type != 4 && m->type != type)
				continue;
			want.total++;
			want.active += m->status != 0;
			want.apple += m->status & 1;
			want.google += m->status >> 1;
		}
		assert_int_equal(store_stats(f->st, name, &got), ERR_OK);
		assert_memory_equal(&got, &want, sizeof(got));
	}
}

static void
test_select(void **state)
{
	struct fixture *f = *state;
	const struct slice gold = S("gold");
	struct query q = { .nfilters = 1 };
	struct store_set set;
	struct store_pass p;
	size_t n = 0;

	q.filters[0] =
	    (struct query_filter){ S("metadata.tier"), QUERY_EQUALS, &gold, 1 };
	fill(f, 1500);
	assert_int_equal(store_select(f->st, &q, f->a, &set), ERR_OK);
	for (size_t i = 0; i < nmodels; i++) {
		bool want = meets(&models[i], &q.filters[0]);

		assert_int_equal(
		    store_pass_read(f->st, models[i].id, f->a, &p), ERR_OK);
		assert_int_equal(
		    set.bits[p.ordinal / 64] >> p.ordinal % 64 & 1, want);
		n += want;
	}
	assert_int_equal(set.count, n);
	assert_in_range(n, 1, nmodels - 1);
}

/* -- damage -----------------------------------------------------------------
 */

/* Remove one row in `of` of a table. */
struct damage {
	enum table table;
	unsigned of;
	struct fixture *f;
	struct slice key;
};

static enum err
remove_row(struct txn *t, void *arg)
{
	struct damage *d = arg;

	return table_del(t, d->table, d->key);
}

static enum err
damage_row(struct slice key, struct slice value, void *arg)
{
	struct damage *d = arg;

	(void)value;
	d->key = key;
	return chance(d->of) == 0 ? run_with(d->f->st, remove_row, d, 0)
				  : ERR_OK;
}

/* Two texts with one code, and cells of a pass that is not. */
static enum err
damage_codes(struct txn *t, void *arg)
{
	const struct column_cell cell = { .field = FIELD_STATUS,
		.cell = CELL_TEXT + 2 };
	struct fixture *f = arg;
	char key[32] = { 0 };
	uint32_t field = 0;
	enum err e =
	    dict_find(f->st, DICT_NAMES, slice_of("metadata.tier"), &field);

	if (e != ERR_OK)
		return e;
	table_put32((unsigned char *)key, field);
	strcpy(key + 4, "silver");
	e = table_put(t, TABLE_DICT, (struct slice){ key, 10 },
	    (struct slice){ "\0\0\0\4", 4 }, 0);
	return e == ERR_OK ? column_put(t, 7777, &cell, 1) : e;
}

static void
damage(struct fixture *f, struct damage *d)
{
	d->f = f;
	assert_int_equal(table_each(f->st, d->table, damage_row, d), ERR_OK);
}

static void
test_mended(void **state)
{
	struct fixture *f = *state;
	struct damage damages[] = { { .table = TABLE_COLUMN, .of = 3 },
		{ .table = TABLE_FRESH, .of = 2 },
		{ .table = TABLE_DICT, .of = 3 },
		{ .table = TABLE_COLUMN, .of = 1 },
		{ .table = TABLE_DICT, .of = 1 } };
	uint64_t mended;

	fill(f, 1200);
	assert_int_equal(faults(f), 0);
	for (size_t i = 0; i <= sizeof(damages) / sizeof(*damages); i++) {
		change_many(f->st, 40);
		if (i == sizeof(damages) / sizeof(*damages))
			assert_int_equal(
			    run_with(f->st, damage_codes, f, 0), ERR_OK);
		else
			damage(f, &damages[i]);
		/* As other processes would, that remember nothing of it. */
		fixture_reopen(f);
		assert_true(faults(f) > 0);
		mended = 0;
		assert_int_equal(store_reindex(f->st, index_document,
				     no_progress, NULL, &mended),
		    ERR_OK);
		assert_true(mended > 0);
		assert_int_equal(faults(f), 0);
		ask_many(f, 20);
		change_many(f->st, 100);
		ask_many(f, 20);
	}
}

/* Zones as they are of no strip. */
static enum err
damage_zones(struct txn *t, void *arg)
{
	unsigned char key[STRIP_KEY_LEN], *row;
	uint32_t field = 0;
	struct slice was;
	enum err e =
	    dict_find(t->st, DICT_NAMES, slice_of("creationDate"), &field);

	(void)arg;
	strip_key(field, ZONE_AT, key);
	if (e == ERR_OK)
		e = table_get(t, TABLE_COLUMN, table_slice(key, sizeof(key)),
		    &was, DB_RMW);
	if (e != ERR_OK)
		return e;
	row = malloc(was.len);
	assert_non_null(row);
	for (size_t i = 0; i < was.len; i++)
		row[i] = (unsigned char)(was.s[i] ^ (i % 20 == 15));
	e = table_put(t, TABLE_COLUMN, table_slice(key, sizeof(key)),
	    table_slice(row, was.len), 0);
	free(row);
	return e;
}

static void
test_zones_mended(void **state)
{
	struct fixture *f = *state;
	uint64_t mended = 0;

	in_order = true;
	fill(f, 3000);
	in_order = false;
	fixture_reopen(f);
	assert_int_equal(faults(f), 0);
	assert_int_equal(run_with(f->st, damage_zones, f, 0), ERR_OK);
	assert_true(faults(f) > 0);
	assert_int_equal(
	    store_reindex(f->st, index_document, no_progress, NULL, &mended),
	    ERR_OK);
	assert_true(mended > 0);
	assert_int_equal(faults(f), 0);
	ask_many(f, 20);
}

/* Of dates in a row only the chunks on the page are left. */
static void
test_zones_narrow(void **state)
{
	struct fixture *f = *state;
	struct query q = { .nfilters = 0 };
	struct zone_ask ask = { .first = 2500, .last = 2519 };
	struct store_set set;
	struct view v;

	in_order = true;
	fill(f, PASSES);
	in_order = false;
	fixture_reopen(f);
	assert_int_equal(
	    dict_find(f->st, DICT_NAMES, slice_of("creationDate"), &ask.field),
	    ERR_OK);
	for (ask.flip = 0;; ask.flip = UINT64_MAX) {
		assert_int_equal(view_open(f->st, &v), ERR_OK);
		assert_int_equal(store_select(f->st, &q, f->a, &set), ERR_OK);
		assert_int_equal(set.count, PASSES);
		ask.first = 2500;
		ask.last = 2519;
		assert_int_equal(zone_narrow(&v, &ask, &set), ERR_OK);
		assert_in_range(set.count, 20, 4 * COLUMN_CHUNK);
		assert_int_equal(ask.last - ask.first, 19);
		assert_in_range(ask.last, 19, set.count - 1);
		view_close(&v);
		if (ask.flip != 0)
			break;
	}
}

/* -- after a crash -----------------------------------------------------------
 */

static void
write_until_killed(const char *dir)
{
	static const struct store_options safe = { .sync = STORE_WRITE_NOSYNC };
	struct store *st;

	seed = (uint64_t)getpid();
	if (store_open(dir, &safe, &st) != ERR_OK)
		_exit(1);
	for (;;) {
		change_many(st, 20);
		change_together(st, 1);
	}
}

static enum err
learn(const struct store_pass *p, void *arg)
{
	(void)arg;
	assert_int_equal(p->document.len, sizeof(*models));
	memcpy(&models[nmodels++], p->document.s, sizeof(*models));
	return ERR_OK;
}

static void
test_after_kill(void **state)
{
	struct fixture *f = *state;

	fill(f, 2000);
	for (int round = 0; round < 4; round++) {
		struct timespec ts = { .tv_nsec =
					   (long)(20 + chance(200)) * 1000000 };
		pid_t pid;

		store_close(f->st);
		f->st = NULL;
		if ((pid = fork()) == 0)
			write_until_killed(f->dir);
		nanosleep(&ts, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(reap(pid), 1000 + SIGKILL);
		assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
		nmodels = 0;
		assert_int_equal(store_each(f->st, learn, NULL), ERR_OK);
		ask_many(f, 25);
	}
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_empty),
		T(test_against_the_model),
		T(test_dates_in_runs),
		T(test_stats),
		T(test_select),
		T(test_mended),
		T(test_zones_mended),
		T(test_zones_narrow),
		T(test_after_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
