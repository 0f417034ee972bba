#include "store/filter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/cell.h"
#include "store/dict.h"
#include "store/scan.h"

#define MEMO_SIZE 1024
#define ONLY_MAX  8

/*
 * A filter as it is asked of cells: it runs once for each text of the
 * dictionary, and a pass is then judged by its code alone.  Reversed
 * operators run as what they reverse.
 */
struct test {
	const struct query_filter *f;
	bool missing; /* what has no value meets it */
	uint64_t *codes;
	size_t ncodes;                /* bits that there are in it */
	uint64_t cells[QUERY_VALUES]; /* numbers that meet it, sorted */
	size_t ncells;
	bool by_text; /* numbers, or dates, are to be printed */
	bool dates;
	struct memo {
		uint64_t cell;
		bool meets;
	} * memo; /* of what was printed lately */
	struct arena *a;
	bool lut[256]; /* codes once more, .. */
	unsigned char only[ONLY_MAX];
	size_t nonly; /* .. and, unless they are too many, again */
};

static void
code_set(struct test *t, uint32_t code)
{
	size_t n = (size_t)code / 64 + 1;

	if (code >= t->ncodes) {
		size_t old = t->ncodes / 64;

		n = n > old * 2 ? n : old * 2;
		n = n > 4 ? n : 4;
		t->codes = realloc(t->codes, n * sizeof(*t->codes));
		if (t->codes == NULL)
			abort();
		memset(t->codes + old, 0, (n - old) * sizeof(*t->codes));
		t->ncodes = n * 64;
	}
	t->codes[code / 64] |= UINT64_C(1) << code % 64;
}

static inline bool
code_get(const struct test *t, uint32_t code)
{
	return code < t->ncodes && (t->codes[code / 64] >> code % 64 & 1) != 0;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool
is_list(enum query_op op)
{
	return op == QUERY_EQUALS || op == QUERY_NOT_EQUALS || op == QUERY_IN ||
	    op == QUERY_NOT_IN;
}

static bool
is_empty_op(enum query_op op)
{
	return op == QUERY_IS_EMPTY || op == QUERY_IS_NOT_EMPTY;
}

/* -- making a test --------------------------------------------------------- */

static enum err
test_text(struct slice text, uint32_t code, void *arg)
{
	struct test *t = arg;

	if (query_text_matches(t->f, text))
		code_set(t, code);
	return ERR_OK;
}

/* Texts that have codes of their own. */
static void
test_hollow(struct test *t)
{
	if (query_text_matches(t->f, slice_of("[]")))
		code_set(t, CODE_ARRAY);
	if (query_text_matches(t->f, slice_of("{}")))
		code_set(t, CODE_OBJECT);
}

static enum err
test_listed(struct test *t, struct store *st, uint32_t field)
{
	uint32_t code;

	for (size_t i = 0; i < t->f->nvalues; i++) {
		struct slice v = t->f->values[i];
		enum err e = dict_find(st, field, v, &code);

		if (e == ERR_OK)
			code_set(t, code);
		else if (e != ERR_NOTFOUND)
			return e;
		if (cell_of_text(t->a, v, &t->cells[t->ncells]))
			t->ncells++;
	}
	return ERR_OK;
}

static enum err
test_value(struct test *t, struct store *st, uint32_t field)
{
	test_hollow(t);
	if (is_list(t->f->op))
		return test_listed(t, st, field);
	t->by_text = true;
	return dict_each(st, field, test_text, t);
}

static void
test_date(struct test *t)
{
	int64_t ms;

	t->dates = true;
	t->by_text = !is_list(t->f->op);
	for (size_t i = 0; !t->by_text && i < t->f->nvalues; i++)
		if (clock_parse_iso(t->f->values[i], &ms))
			t->cells[t->ncells++] = cell_of_number((double)ms);
}

/* Codes are the set and 1; see FIELD_STATUS. */
static void
test_set(struct test *t)
{
	unsigned asked = 0;

	for (size_t i = 0; i < t->f->nvalues; i++) {
		if (slice_is(t->f->values[i], "apple"))
			asked |= STORE_APPLE;
		if (slice_is(t->f->values[i], "google"))
			asked |= STORE_GOOGLE;
	}
	for (unsigned set = 0; set <= (STORE_APPLE | STORE_GOOGLE); set++)
		if (is_empty_op(t->f->op) ? set == 0 : (set & asked) != 0)
			code_set(t, set + 1);
}

static void
test_empty(struct test *t)
{
	t->missing = true;
	for (uint32_t code = CODE_EMPTY; code < CODE_FIRST; code++)
		code_set(t, code);
}

static enum err
test_make(struct test *t, struct store *st, uint32_t field)
{
	enum query_kind kind = query_kind(t->f->field);
	enum err e = ERR_OK;

	if (kind == QUERY_SET)
		test_set(t);
	else if (is_empty_op(t->f->op))
		test_empty(t);
	else if (kind == QUERY_DATE)
		test_date(t);
	else
		e = test_value(t, st, field);
	qsort(t->cells, t->ncells, sizeof(*t->cells), by_value);
	for (uint32_t i = 0; i < 256; i++) {
		t->lut[i] = i == CODE_MISSING ? t->missing : code_get(t, i);
		if (t->lut[i] && t->nonly++ < ONLY_MAX)
			t->only[t->nonly - 1] = (unsigned char)i;
	}
	if (t->by_text &&
	    (t->memo = calloc(MEMO_SIZE, sizeof(*t->memo))) == NULL)
		abort();
	return e;
}

/* -- asking it ------------------------------------------------------------- */

static bool
print_and_test(struct test *t, uint64_t cell)
{
	char iso[CLOCK_ISO_SIZE];
	bool meets;

	if (t->dates) {
		clock_iso((int64_t)cell_number(cell), iso);
		return query_text_matches(t->f, slice_of(iso));
	}
	meets = query_text_matches(t->f, cell_text(t->a, cell));
	arena_reset(t->a);
	return meets;
}

static bool
number_meets(struct test *t, uint64_t cell)
{
	struct memo *m;

	if (!t->by_text)
		return t->ncells > 0 &&
		    bsearch(&cell, t->cells, t->ncells, sizeof(cell),
			by_value) != NULL;
	m = &t->memo[(cell ^ cell >> 32 ^ cell >> 42) % MEMO_SIZE];
	if (m->cell != cell) {
		m->meets = print_and_test(t, cell);
		m->cell = cell;
	}
	return m->meets;
}

static bool
cell_meets(struct test *t, uint64_t cell)
{
	if (cell == CELL_MISSING)
		return t->missing;
	if (cell_is_number(cell))
		return number_meets(t, cell);
	return code_get(t, cell_code(cell));
}

static uint64_t
word_of_bytes(const struct test *t, const unsigned char *p)
{
	uint64_t w = 0;

	if (t->nonly <= ONLY_MAX)
		for (size_t i = 0; i < t->nonly; i++)
			w |= strip_equal(p, t->only[i]);
	else
		for (unsigned i = 0; i < 64; i++)
			w |= (uint64_t)t->lut[p[i]] << i;
	return w;
}

/* Wider cells; the width is a constant to each caller. */
static inline uint64_t
word_of_cells(struct test *t, const struct strip *s, unsigned from)
{
	uint64_t w = 0;

	for (unsigned i = 0; i < 64; i++)
		w |= (uint64_t)cell_meets(t, strip_cell(s, from + i)) << i;
	return w;
}

static uint64_t
word_of(struct test *t, const struct strip *s, unsigned from)
{
	struct strip wide = *s;

	switch (s->width) {
	case 0:
		return t->missing ? UINT64_MAX : 0;
	case 1:
		return word_of_bytes(t, s->p + from);
	case 2:
		wide.width = 2;
		return word_of_cells(t, &wide, from);
	case 4:
		wide.width = 4;
		return word_of_cells(t, &wide, from);
	default:
		wide.width = 8;
		return word_of_cells(t, &wide, from);
	}
}

struct asking {
	struct test *t;
	uint64_t *bits;
	uint64_t reverse; /* all ones to reverse */
};

static void
ask_strip(const struct strip *s, void *arg)
{
	struct asking *a = arg;
	uint64_t *w = a->bits + (size_t)s->chunk * COLUMN_WORDS;

	for (unsigned i = 0; i < COLUMN_WORDS; i++)
		if (w[i] != 0)
			w[i] &= word_of(a->t, s, i * 64) ^ a->reverse;
}

static enum err
ask_column(struct view *v, const struct query_filter *f, uint64_t *bits,
    const uint64_t *wanted)
{
	struct test *t = calloc(1, sizeof(*t));
	uint32_t field = FIELD_STATUS;
	struct asking ask = {
		.t = t,
		.bits = bits,
		.reverse = query_reversed(f->op) ? UINT64_MAX : 0,
	};
	enum err e = ERR_OK;

	if (t == NULL)
		abort();
	t->f = f;
	t->a = arena_new(1024);
	if (query_kind(f->field) != QUERY_SET)
		e = dict_find(v->st, DICT_NAMES, f->field, &field);
	if (e == ERR_NOTFOUND) { /* a field that no pass ever had */
		field = 0;
		e = ERR_OK;
	}
	if (e == ERR_OK)
		e = test_make(t, v->st, field);
	if (e == ERR_OK)
		e = view_each(v, field, wanted, ask_strip, &ask);
	arena_free(t->a);
	free(t->codes);
	free(t->memo);
	free(t);
	return e;
}

/* -- filters that no column answers ---------------------------------------- */

struct hits {
	const struct query_filter *f;
	uint64_t *bits;
	size_t nbits;
};

static void
hit(struct hits *h, uint32_t ordinal)
{
	if (ordinal < h->nbits)
		h->bits[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
}

/* Entries of TABLE_FIELD whose key begins with `from`, of a field. */
static enum err
hit_entries(struct view *v, struct hits *h, struct slice from, bool whole)
{
	const size_t name = h->f->field.len + 1;
	const bool empty = is_empty_op(h->f->op);
	const bool all = whole || empty || h->f->op == QUERY_STARTS_WITH;
	struct slice key, value, judged = { NULL, 0 };
	bool meets = all;
	struct scan s;
	enum err e;

	scan_init(&s, v->st, TABLE_FIELD);
	scan_within(&s, from);
	if (!all)
		scan_only(&s, h->f->values[0]);
	while ((e = scan_next(&s, &key, &value)) == ERR_OK) {
		if (whole && key.len != from.len)
			break;
		if (empty && key.len == name)
			continue;
		if (!all && key.s != judged.s) {
			judged = key;
			meets = query_text_matches(h->f,
			    (struct slice){ key.s + name, key.len - name });
		}
		if (meets && value.len == 4)
			hit(h, table_get32(value.s));
	}
	scan_free(&s);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* IsEmpty hits what is not: whoever calls reverses it. */
static enum err
hit_keys(struct view *v, struct hits *h)
{
	const struct query_filter *f = h->f;
	unsigned char key[STORE_KEY_MAX];
	struct store_field field = { .name = f->field };
	bool whole = is_list(f->op);
	size_t n = whole || f->op == QUERY_STARTS_WITH ? f->nvalues : 1;
	size_t len;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (whole || f->op == QUERY_STARTS_WITH)
			field.value = f->values[i];
		if (field_key(&field, key, &len))
			e = hit_entries(v, h, table_slice(key, len), whole);
	}
	return e;
}

/* Of a pass only the head is read. */
static enum err
hit_pass(struct view *v, struct hits *h, struct slice id)
{
	struct store_pass p = { 0 };
	struct arena *a;
	enum err e;

	if (id.len > STORE_ID_MAX || memchr(id.s, '\0', id.len) != NULL)
		return ERR_OK;
	a = arena_new(4096);
	e = store_pass_read(v->st, arena_strndup(a, id.s, id.len), a, &p);
	if (e == ERR_OK)
		hit(h, p.ordinal);
	arena_free(a);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static void
hit_id(uint32_t ordinal, struct slice id, void *arg)
{
	struct hits *h = arg;

	if (query_text_matches(h->f, id))
		hit(h, ordinal);
}

static enum err
hit_ids(struct view *v, struct hits *h)
{
	enum err e = ERR_OK;

	if (is_empty_op(h->f->op))
		return ERR_OK; /* no id is */
	if (!is_list(h->f->op))
		return filter_each_id(v->st, hit_id, h);
	for (size_t i = 0; e == ERR_OK && i < h->f->nvalues; i++)
		e = hit_pass(v, h, h->f->values[i]);
	return e;
}

static enum err
ask_index(struct view *v, const struct query_filter *f, uint64_t *bits)
{
	size_t n = (size_t)v->nchunks * COLUMN_WORDS;
	struct hits h = { .f = f, .nbits = n * 64 };
	bool keys = query_kind(f->field) == QUERY_KEY;
	bool reverse = query_reversed(f->op) != (keys && is_empty_op(f->op));
	enum err e;

	if ((h.bits = calloc(n, sizeof(*h.bits))) == NULL)
		abort();
	e = keys ? hit_keys(v, &h) : hit_ids(v, &h);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		bits[i] &= reverse ? ~h.bits[i] : h.bits[i];
	free(h.bits);
	return e;
}

/* -- ids ------------------------------------------------------------------- */

struct ids {
	struct store *st;
	filter_id_fn *fn;
	void *arg;
	uint32_t last; /* told already */
	DBT rows;
};

static bool
next_id(void **next, DBT *rows, uint32_t *ordinal, struct slice *id)
{
	void *data;
	size_t len;

	DB_MULTIPLE_RECNO_NEXT(*next, rows, *ordinal, data, len);
	if (*next == NULL)
		return false;
	*id = table_slice(data, strnlen(data, len));
	return true;
}

static void
tell_ids(struct ids *ids)
{
	struct slice id;
	uint32_t ordinal;
	void *next;

	DB_MULTIPLE_INIT(next, &ids->rows);
	while (next_id(&next, &ids->rows, &ordinal, &id)) {
		if (ordinal <= ids->last)
			continue;
		ids->last = ordinal;
		ids->fn(ordinal, id, ids->arg);
	}
}

static enum err
ids_once(struct ids *ids)
{
	struct txn t = { .st = ids->st };
	DBT key = { 0 };
	DBC *c = NULL;
	enum err e = table_cursor(&t, TABLE_ORDINAL, &c);

	while (e == ERR_OK) {
		e = table_cursor_get(
		    &t, c, &key, &ids->rows, DB_NEXT | DB_MULTIPLE_KEY);
		if (e == ERR_OK)
			tell_ids(ids);
	}
	if (c != NULL)
		c->close(c);
	return e;
}

enum err
filter_each_id(struct store *st, filter_id_fn *fn, void *arg)
{
	struct ids ids = { .st = st, .fn = fn, .arg = arg };
	enum err e = ERR_BUSY;

	ids.rows = (DBT){ .ulen = SCAN_BYTES, .flags = DB_DBT_USERMEM };
	if ((ids.rows.data = malloc(SCAN_BYTES)) == NULL)
		abort();
	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		run_back_off(i);
		e = ids_once(&ids);
	}
	free(ids.rows.data);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* -- all of them ----------------------------------------------------------- */

/* Does what lacks the field, or is no pass at all, fail the filter? */
static bool
needs_pass(const struct query_filter *f)
{
	bool empty = is_empty_op(f->op);
	bool absent = empty && query_kind(f->field) != QUERY_SET &&
	    query_kind(f->field) != QUERY_ID;

	return absent == query_reversed(f->op);
}

/* FIELD_STATUS has so few codes that a byte does. */
static void
ask_present(const struct strip *s, void *arg)
{
	uint64_t *w = (uint64_t *)arg + (size_t)s->chunk * COLUMN_WORDS;

	for (unsigned i = 0; i < COLUMN_WORDS; i++)
		w[i] &=
		    s->width == 1 ? ~strip_equal(s->p + (size_t)i * 64, 0) : 0;
}

enum err
filter_all(struct view *v, const struct query *q, uint64_t *bits)
{
	const uint64_t *wanted = NULL;
	bool present = false;
	enum err e = ERR_OK;

	memset(bits, 0xff, (size_t)v->nchunks * COLUMN_WORDS * sizeof(*bits));
	for (size_t i = 0; e == ERR_OK && i < q->nfilters; i++) {
		const struct query_filter *f = &q->filters[i];
		enum query_kind kind = query_kind(f->field);

		if (kind == QUERY_KEY || kind == QUERY_ID)
			e = ask_index(v, f, bits);
		else
			e = ask_column(v, f, bits, wanted);
		wanted = bits;
		present = present || needs_pass(f);
	}
	if (e == ERR_OK && !present)
		e = view_each(v, FIELD_STATUS, wanted, ask_present, bits);
	return e;
}
