#include "store/order.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/cell.h"
#include "store/dict.h"
#include "store/filter.h"
#include "store/pick.h"
#include "store/scan.h"
#include "store/zone.h"

#define SLACK    1024 /* kept beyond need, for what equals the last */
#define ID_PARTS (STORE_ID_MAX / 8)
#define FIND_MAX 20000 /* ids that are looked up one by one */

/* Missing is last in both directions. */
#define KEY_MISSING UINT64_MAX

/* -- one of the keys by which passes are ordered --------------------------- */

struct big {
	uint32_t code;
	uint64_t cell; /* the double next to it */
};

struct level {
	enum { LEVEL_COLUMN, LEVEL_INDEX, LEVEL_ID } source;
	uint32_t field;    /* LEVEL_COLUMN */
	struct slice name; /* LEVEL_INDEX: of TABLE_FIELD */
	unsigned part;     /* LEVEL_ID: eight bytes from 8 * part on */
	uint64_t flip;     /* all ones: descending */
	bool ready;        /* what follows is there */
	uint32_t *ranks;   /* of codes */
	size_t nranks, size;
	struct big *bigs; /* by code */
	size_t nbigs;
	uint32_t next; /* rank, while they are given */
	unsigned hollow;
};

/* Ranks `first` to `last` of a set are wanted. */
struct part {
	struct store_set set;
	size_t level;
	uint64_t first, last;
};

/* A part becomes three at most, and two of them have a key less. */
#define PARTS_MAX (3 * (QUERY_SORTS + ID_PARTS))

struct order {
	struct view *v;
	struct level level[QUERY_SORTS + ID_PARTS];
	size_t nlevels;
	size_t nwords; /* of a set */
	size_t few;    /* passes that are simply sorted: a page is */
	struct part parts[PARTS_MAX];
	size_t nparts;
	uint32_t *out;
	size_t n, max;
};

/* Keys of some of the passes; true: no more are needed. */
typedef bool batch_fn(
    const uint32_t *ordinals, const uint64_t *keys, size_t n, void *arg);

static void
add_level(struct order *o, struct level level)
{
	o->level[o->nlevels++] = level;
}

/* The id settles everything: nothing after it counts. */
static void
add_id(struct order *o, uint64_t flip)
{
	add_level(o,
	    (struct level){
		.source = LEVEL_COLUMN, .field = FIELD_ID, .flip = flip });
	for (unsigned part = 1; part < ID_PARTS; part++)
		add_level(o,
		    (struct level){
			.source = LEVEL_ID, .part = part, .flip = flip });
}

static enum err
add_field(struct order *o, struct slice name, uint64_t flip)
{
	struct level level = { .source = LEVEL_COLUMN, .flip = flip };
	enum err e = ERR_OK;

	if (query_kind(name) == QUERY_KEY) {
		level.source = LEVEL_INDEX;
		level.name = name;
	} else {
		e = dict_find(o->v->st, DICT_NAMES, name, &level.field);
	}
	if (e == ERR_NOTFOUND) /* every pass lacks it */
		return ERR_OK;
	if (e == ERR_OK)
		add_level(o, level);
	return e;
}

static enum err
add_levels(struct order *o, const struct query *q)
{
	enum err e = ERR_OK;

	if (q->nsorts == 0)
		e = add_field(o, slice_of("creationDate"), 0);
	for (size_t i = 0; e == ERR_OK && i < q->nsorts; i++) {
		uint64_t flip = q->sorts[i].descending ? UINT64_MAX : 0;

		if (query_kind(q->sorts[i].field) == QUERY_ID) {
			add_id(o, flip);
			return ERR_OK;
		}
		e = add_field(o, q->sorts[i].field, flip);
	}
	add_id(o, 0);
	return e;
}

/* -- ranks of texts -------------------------------------------------------- */

static void
set_rank(struct level *l, uint32_t code, uint32_t rank)
{
	if (code >= l->size) {
		size_t size = l->size * 2 > code ? l->size * 2 : code + 64;

		l->ranks = realloc(l->ranks, size * sizeof(*l->ranks));
		if (l->ranks == NULL)
			abort();
		memset(l->ranks + l->size, 0,
		    (size - l->size) * sizeof(*l->ranks));
		l->size = size;
	}
	l->ranks[code] = rank;
	if (code >= l->nranks)
		l->nranks = (size_t)code + 1;
}

static int
compare(struct slice a, struct slice b)
{
	int c = memcmp(a.s, b.s, a.len < b.len ? a.len : b.len);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* Texts with codes of their own take their place among the others. */
static const struct {
	uint32_t code;
	struct slice text;
} hollows[] = {
	{ CODE_EMPTY, { "", 0 } },
	{ CODE_ARRAY, { "[]", 2 } },
	{ CODE_OBJECT, { "{}", 2 } },
};
#define NHOLLOWS (sizeof(hollows) / sizeof(*hollows))

static void
note_big(struct level *l, struct slice text, uint32_t code)
{
	char buf[32];

	if (text.len < 16 || text.len >= sizeof(buf) ||
	    (text.s[0] != '-' && (text.s[0] < '0' || text.s[0] > '9')))
		return;
	memcpy(buf, text.s, text.len);
	buf[text.len] = '\0';
	if ((l->nbigs & (l->nbigs - 1)) == 0) {
		size_t size = l->nbigs == 0 ? 1 : l->nbigs * 2;

		l->bigs = realloc(l->bigs, size * sizeof(*l->bigs));
		if (l->bigs == NULL)
			abort();
	}
	l->bigs[l->nbigs].code = code;
	l->bigs[l->nbigs++].cell = cell_of_number(strtod(buf, NULL));
}

static enum err
rank_text(struct slice text, uint32_t code, void *arg)
{
	struct level *l = arg;
	int c = -1;

	while (l->hollow < NHOLLOWS && c < 0) {
		c = compare(hollows[l->hollow].text, text);
		if (c <= 0)
			set_rank(l, hollows[l->hollow++].code, l->next);
		if (c < 0)
			l->next++;
	}
	set_rank(l, code, l->next++);
	note_big(l, text, code);
	return ERR_OK;
}

static int
by_code(const void *a, const void *b)
{
	const struct big *x = a, *y = b;

	return (x->code > y->code) - (x->code < y->code);
}

static enum err
prepare(struct order *o, struct level *l)
{
	enum err e;

	if (l->ready || l->source != LEVEL_COLUMN || l->field == FIELD_ID)
		return ERR_OK;
	if ((e = dict_each(o->v->st, l->field, rank_text, l)) != ERR_OK)
		return e;
	for (; l->hollow < NHOLLOWS; l->hollow++)
		set_rank(l, hollows[l->hollow].code, l->next++);
	if (l->nbigs > 0)
		qsort(l->bigs, l->nbigs, sizeof(*l->bigs), by_code);
	l->ready = true;
	return ERR_OK;
}

static uint64_t
key_of_code(const struct level *l, uint64_t cell)
{
	struct big want = { .code = cell_code(cell) };
	const struct big *b;

	if (cell_is_text(cell))
		/* A text that came after the ranks were given has none. */
		return want.code < l->nranks
		    ? (CELL_TEXT + l->ranks[want.code]) ^ l->flip
		    : KEY_MISSING;
	b = l->nbigs == 0
	    ? NULL
	    : bsearch(&want, l->bigs, l->nbigs, sizeof(want), by_code);
	return b == NULL ? KEY_MISSING : b->cell ^ l->flip;
}

static inline uint64_t
key_of(const struct level *l, uint64_t cell)
{
	if (cell == CELL_MISSING)
		return KEY_MISSING;
	if (l->field == FIELD_ID || cell_is_number(cell))
		return cell ^ l->flip;
	return key_of_code(l, cell);
}

/* -- keys of a level, for the passes of a set ------------------------------ */

struct keys {
	const struct level *l;
	const uint64_t *bits;
	size_t nbits;
	batch_fn *fn;
	void *arg;
	bool enough;
	uint32_t ordinals[COLUMN_CHUNK];
	uint64_t keys[COLUMN_CHUNK];
	size_t n;
};

static void
keys_flush(struct keys *k)
{
	if (k->n > 0 && !k->enough)
		k->enough = k->fn(k->ordinals, k->keys, k->n, k->arg);
	k->n = 0;
}

static void
keys_add(struct keys *k, uint32_t ordinal, uint64_t key)
{
	k->ordinals[k->n] = ordinal;
	k->keys[k->n++] = key;
	if (k->n == COLUMN_CHUNK)
		keys_flush(k);
}

static bool
has_bit(const struct keys *k, uint32_t ordinal)
{
	return ordinal < k->nbits &&
	    (k->bits[ordinal / 64] >> ordinal % 64 & 1) != 0;
}

static inline void
keys_of_width(struct keys *k, const struct strip *s)
{
	const uint64_t *w = k->bits + (size_t)s->chunk * COLUMN_WORDS;
	uint32_t base = s->chunk * COLUMN_CHUNK;

	for (unsigned i = 0; i < COLUMN_WORDS; i++)
		for (uint64_t left = w[i]; left != 0; left &= left - 1) {
			unsigned at = i * 64 + (unsigned)__builtin_ctzll(left);

			k->ordinals[k->n] = base + at;
			k->keys[k->n++] = key_of(k->l, strip_cell(s, at));
		}
}

/* A chunk has no more passes than a batch. */
static void
keys_of_strip(const struct strip *s, void *arg)
{
	struct strip constant = *s;
	struct keys *k = arg;

	if (k->enough)
		return;
	switch (s->width) {
	case 1:
		constant.width = 1;
		keys_of_width(k, &constant);
		break;
	case 8:
		constant.width = 8;
		keys_of_width(k, &constant);
		break;
	default:
		keys_of_width(k, s);
	}
	keys_flush(k);
}

/* The entries of a field are in the order of their values: so are the keys. */
static enum err
keys_of_index(struct order *o, struct keys *k)
{
	uint64_t *seen = calloc(o->nwords, sizeof(*seen));
	char *from = malloc(k->l->name.len + 1);
	struct slice prefix = { from, k->l->name.len + 1 }, key, value;
	const char *last = NULL;
	uint64_t rank = 0;
	struct scan s;
	enum err e;

	if (seen == NULL || from == NULL)
		abort();
	memcpy(from, k->l->name.s, k->l->name.len);
	from[k->l->name.len] = '\0';
	scan_init(&s, o->v->st, TABLE_FIELD);
	scan_within(&s, prefix);
	while ((e = scan_next(&s, &key, &value)) == ERR_OK && !k->enough) {
		uint32_t ordinal = table_get32(value.s);

		rank += key.s != last;
		last = key.s;
		if (!has_bit(k, ordinal))
			continue;
		seen[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
		keys_add(k, ordinal, rank ^ k->l->flip);
	}
	scan_free(&s);
	for (size_t i = 0; !k->enough && i < o->nwords; i++)
		for (uint64_t left = k->bits[i] & ~seen[i]; left != 0;
		     left &= left - 1)
			keys_add(k,
			    (uint32_t)(i * 64) +
				(uint32_t)__builtin_ctzll(left),
			    KEY_MISSING);
	free(seen);
	free(from);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static void
key_of_id(uint32_t ordinal, struct slice id, void *arg)
{
	struct keys *k = arg;
	size_t at = (size_t)k->l->part * 8;
	uint64_t key = 0;

	if (!has_bit(k, ordinal))
		return;
	for (size_t i = at; i < at + 8; i++)
		key = key << 8 | (i < id.len ? (unsigned char)id.s[i] : 0);
	keys_add(k, ordinal, key ^ k->l->flip);
}

static enum err
find_id(struct store *st, uint32_t ordinal, char id[STORE_ID_MAX + 1])
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = st };

		run_back_off(i);
		e = ordinal_find(&t, ordinal, id);
	}
	return e;
}

static enum err
keys_of_ids(struct order *o, struct keys *k, uint64_t n)
{
	char id[STORE_ID_MAX + 1];

	if (n > FIND_MAX)
		return filter_each_id(o->v->st, key_of_id, k);
	for (size_t i = 0; i < o->nwords; i++)
		for (uint64_t left = k->bits[i]; left != 0; left &= left - 1) {
			uint32_t ordinal = (uint32_t)(i * 64) +
			    (uint32_t)__builtin_ctzll(left);
			enum err e = find_id(o->v->st, ordinal, id);

			if (e == ERR_OK)
				key_of_id(ordinal, slice_of(id), k);
			else if (e != ERR_NOTFOUND) /* removed meanwhile */
				return e;
		}
	return ERR_OK;
}

static enum err
level_each(struct order *o, struct level *l, const struct store_set *set,
    batch_fn *fn, void *arg)
{
	struct keys *k = malloc(sizeof(*k));
	enum err e = prepare(o, l);

	if (k == NULL)
		abort();
	k->l = l;
	k->bits = set->bits;
	k->nbits = o->nwords * 64;
	k->fn = fn;
	k->arg = arg;
	k->enough = false;
	k->n = 0;
	if (e == ERR_OK && l->source == LEVEL_COLUMN)
		e = view_each(o->v, l->field, set->bits, keys_of_strip, k);
	else if (e == ERR_OK && l->source == LEVEL_INDEX)
		e = keys_of_index(o, k);
	else if (e == ERR_OK)
		e = keys_of_ids(o, k, set->count);
	keys_flush(k);
	free(k);
	return e;
}

static struct store_set
new_set(const struct order *o)
{
	struct store_set set = { .nwords = o->nwords };

	if ((set.bits = calloc(o->nwords + 1, sizeof(*set.bits))) == NULL)
		abort();
	return set;
}

/* -- few passes: sorted, key by key, as long as any are equal -------------- */

struct few {
	uint32_t ordinal;
	uint32_t group; /* those with the same are equal so far */
	uint64_t key;
};

struct sorting {
	struct few *list;
	size_t n, first, end; /* of the page */
};

static int
by_group(const void *a, const void *b)
{
	const struct few *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

static int
by_ordinal(const void *a, const void *b)
{
	const struct few *x = a, *y = b;

	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

/* The list is by ordinal while keys are fetched. */
static bool
take_keys(const uint32_t *ordinals, const uint64_t *keys, size_t n, void *arg)
{
	struct sorting *s = arg;

	for (size_t i = 0; i < n; i++) {
		struct few want = { .ordinal = ordinals[i] };
		struct few *f =
		    bsearch(&want, s->list, s->n, sizeof(want), by_ordinal);

		if (f != NULL)
			f->key = keys[i];
	}
	return false;
}

/*
 * Put the list in order; those that are still equal are the new groups.  Of
 * a group that is on the page all go to `set`, to be asked further.
 */
static void
regroup(struct sorting *s, struct store_set *set)
{
	qsort(s->list, s->n, sizeof(*s->list), by_group);
	memset(set->bits, 0, set->nwords * sizeof(*set->bits));
	set->count = 0;
	for (size_t i = 0, k; i < s->n; i = k) {
		for (k = i + 1; k < s->n; k++)
			if (by_group(&s->list[i], &s->list[k]) != 0)
				break;
		bool open = k - i > 1 && i < s->end && k > s->first;

		for (size_t j = i; j < k; j++) {
			uint32_t at = s->list[j].ordinal;

			s->list[j].group = (uint32_t)i;
			s->list[j].key = 0;
			if (open)
				set->bits[at / 64] |= UINT64_C(1) << at % 64;
			set->count += open;
		}
	}
}

/* The keys of `level` are in the list already if `known`. */
static enum err
sort_few(struct order *o, struct sorting *s, size_t level, bool known)
{
	struct store_set set = new_set(o);
	enum err e = ERR_OK;

	s->end = s->end > s->n ? s->n : s->end;
	if (known)
		level++;
	regroup(s, &set);
	for (; e == ERR_OK && set.count > 0 && level < o->nlevels; level++) {
		qsort(s->list, s->n, sizeof(*s->list), by_ordinal);
		e = level_each(o, &o->level[level], &set, take_keys, s);
		regroup(s, &set);
	}
	/* Ranks are of a moment ago: others may be in the set by now. */
	for (size_t i = s->first; e == ERR_OK && i < s->end && o->n < o->max;
	     i++)
		o->out[o->n++] = s->list[i].ordinal;
	free(set.bits);
	return e;
}

/* -- many: narrowed to those that can be on the page ----------------------- */

struct picking {
	struct pick pick;
	bool sorted;    /* keys come in their order */
	bool floored;   /* keys up to `floor` are only counted */
	uint64_t floor; /* flipped as the pick is */
	uint64_t below; /* how many these are */
	uint64_t last;  /* rank, flipped as well */
};

static bool
pick_batch(const uint32_t *ordinals, const uint64_t *keys, size_t n, void *arg)
{
	struct picking *g = arg;
	struct pick *p = &g->pick;

	if (!g->floored) {
		pick_add(p, ordinals, keys, n);
	} else {
		for (size_t i = 0; i < n; i++)
			if ((keys[i] ^ p->flip) <= g->floor)
				g->below++;
			else
				pick_add(p, &ordinals[i], &keys[i], 1);
	}
	if (!g->sorted || p->full || p->n <= g->last + 1 ||
	    p->list[p->n - 1].key <= p->list[g->last].key)
		return false;
	p->full = true; /* what comes is not less */
	p->bound = p->list[p->n - 1].key;
	return true;
}

static enum err
pick_round(struct order *o, struct part *part, struct picking *g)
{
	struct level *l = &o->level[part->level];
	enum err e;

	g->sorted = l->source == LEVEL_INDEX && l->flip == 0 &&
	    g->pick.flip == 0 && !g->floored;
	g->below = g->pick.n = 0;
	g->pick.full = false;
	e = level_each(o, l, &part->set, pick_batch, g);
	if (e == ERR_OK)
		pick_end(&g->pick);
	return e;
}

/*
 * The key of rank `r`; what was kept must have it, or the floor is raised
 * over all that was kept, which takes another round.
 */
static enum err
pick_key(struct order *o, struct part *part, struct picking *g, uint64_t r,
    uint64_t *key)
{
	struct pick *p = &g->pick;
	enum err e;

	for (;;) {
		if (g->floored && r < g->below) {
			*key = g->floor;
			return ERR_OK;
		}
		if (r - g->below < p->n) {
			*key = pick_rank(p, r - g->below);
			return ERR_OK;
		}
		if (p->n == 0) { /* fewer came than there were */
			*key = KEY_MISSING;
			return ERR_OK;
		}
		g->floor = pick_rank(p, p->n - 1);
		g->floored = true;
		if ((e = pick_round(o, part, g)) != ERR_OK)
			return e;
	}
}

/* Keys `from` to `to` of the part, which are all in the pick. */
static enum err
sort_picked(struct order *o, struct part *part, struct picking *g,
    const uint64_t range[2], bool *done)
{
	struct pick *p = &g->pick;
	struct sorting s = { .n = 0 };
	uint64_t less = 0;
	enum err e;

	s.list = malloc(o->few * sizeof(*s.list));
	if (s.list == NULL)
		abort();
	for (size_t i = 0; i < p->n && s.n < o->few; i++) {
		uint64_t key = p->list[i].key;

		less += key < range[0];
		if (key < range[0] || key > range[1])
			continue;
		s.list[s.n++] = (struct few){ .ordinal = p->list[i].ordinal,
			.key = key ^ p->flip };
	}
	*done = s.n < o->few;
	if (p->flip != 0)
		less = part->set.count - less - s.n;
	s.first = part->first - less;
	s.end = part->last + 1 - less;
	e = *done ? sort_few(o, &s, part->level, true) : ERR_OK;
	free(s.list);
	return e;
}

/* A part in three: as the first key, between, and as the last key. */
struct split {
	uint64_t from, to; /* keys */
	struct store_set same_first, between, same_last;
	uint64_t less;
};

static void
set_add(struct store_set *set, uint32_t ordinal)
{
	set->bits[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
	set->count++;
}

static bool
split_batch(const uint32_t *ordinals, const uint64_t *keys, size_t n, void *arg)
{
	struct split *s = arg;

	for (size_t i = 0; i < n; i++) {
		if (keys[i] < s->from)
			s->less++;
		else if (keys[i] == s->from)
			set_add(&s->same_first, ordinals[i]);
		else if (keys[i] < s->to)
			set_add(&s->between, ordinals[i]);
		else if (keys[i] == s->to)
			set_add(&s->same_last, ordinals[i]);
	}
	return false;
}

/* To be ordered next: the last one pushed is the first. */
static void
push(struct order *o, struct part part)
{
	if (part.set.count == 0 || part.first > part.last ||
	    o->nparts == sizeof(o->parts) / sizeof(*o->parts))
		free(part.set.bits);
	else
		o->parts[o->nparts++] = part;
}

static enum err
split_part(struct order *o, struct part *part, uint64_t from, uint64_t to)
{
	struct split s = { .from = from,
		.to = to,
		.same_first = new_set(o),
		.between = new_set(o),
		.same_last = new_set(o) };
	enum err e =
	    level_each(o, &o->level[part->level], &part->set, split_batch, &s);
	uint64_t first = part->first - s.less, last = part->last - s.less;
	uint64_t n1 = s.same_first.count, n2 = s.between.count;

	if (e != ERR_OK)
		s.same_first.count = s.between.count = s.same_last.count = 0;
	push(o,
	    (struct part){ s.same_last, part->level + 1, 0, last - n1 - n2 });
	push(o, (struct part){ s.between, part->level, 0, n2 - 1 });
	push(o,
	    (struct part){ s.same_first, part->level + 1, first,
		last < n1 ? last : n1 - 1 });
	return e;
}

static enum err
sort_set(struct order *o, struct part *part)
{
	struct sorting s = { .first = part->first, .end = part->last + 1 };
	enum err e;

	s.list = malloc(part->set.count * sizeof(*s.list));
	if (s.list == NULL)
		abort();
	for (size_t i = 0; i < o->nwords; i++)
		for (uint64_t left = part->set.bits[i]; left != 0;
		     left &= left - 1)
			s.list[s.n++] =
			    (struct few){ .ordinal = (uint32_t)(i * 64) +
					(uint32_t)__builtin_ctzll(left) };
	e = sort_few(o, &s, part->level, false);
	free(s.list);
	return e;
}

/* From the nearer end, as far as the page reaches. */
static void
start_pick(size_t held, struct part *part, struct picking *g)
{
	uint64_t n = part->set.count, from_end = n - part->first;
	bool greatest = from_end < part->last + 1;
	uint64_t need = (greatest ? from_end : part->last + 1) + SLACK;
	size_t size = n < held ? n : held;
	size_t keep = need < size / 2 ? need : size / 2;

	if (n == size)
		keep = size;
	if (size > keep * 4)
		size = keep * 4;
	g->last = greatest ? n - 1 - part->first : part->last;
	pick_init(&g->pick, keep, size, greatest);
}

static enum err
narrow(struct order *o, struct part *part)
{
	const struct level *l = &o->level[part->level];
	struct zone_ask ask = { l->field, l->flip, part->first, part->last };
	enum err e;

	if (l->source != LEVEL_COLUMN || l->field == FIELD_ID)
		return ERR_OK;
	if ((e = zone_narrow(o->v, &ask, &part->set)) == ERR_OK) {
		part->first = ask.first;
		part->last = ask.last;
	}
	return e;
}

static bool
is_few(const struct order *o, const struct part *part)
{
	return part->set.count <= o->few || part->level == o->nlevels;
}

static enum err
order_part(struct order *o, struct part *part)
{
	struct picking g = { .below = 0 };
	uint64_t n, range[2];
	bool done = false;
	enum err e = ERR_OK;

	if (!is_few(o, part))
		e = narrow(o, part);
	if (e != ERR_OK || is_few(o, part))
		return e == ERR_OK ? sort_set(o, part) : e;
	n = part->set.count;
	start_pick(o->v->held, part, &g);
	if ((e = pick_round(o, part, &g)) != ERR_OK)
		goto out;
	e = pick_key(o, part, &g,
	    g.pick.flip == 0 ? part->first : n - 1 - part->last, &range[0]);
	if (e == ERR_OK)
		e = pick_key(o, part, &g, g.last, &range[1]);
	if (e != ERR_OK)
		goto out;
	if (!g.floored && (!g.pick.full || range[1] < g.pick.bound))
		e = sort_picked(o, part, &g, range, &done);
out:
	pick_free(&g.pick);
	if (e != ERR_OK || done)
		return e;
	return g.pick.flip == 0 ? split_part(o, part, range[0], range[1])
				: split_part(o, part, ~range[1], ~range[0]);
}

enum err
order_page(struct view *v, const struct query *q, const struct store_set *set,
    uint32_t *out, size_t *n)
{
	struct order *o = calloc(1, sizeof(*o));
	struct part part = { .first = q->first };
	enum err e;

	if (o == NULL)
		abort();
	o->v = v;
	o->nwords = set->nwords;
	o->out = out;
	o->max = q->count;
	o->few = v->few > q->count ? v->few : q->count + 1;
	e = add_levels(o, q);
	part.last = set->count - q->first < q->count ? set->count - 1
						     : q->first + q->count - 1;
	if (e == ERR_OK && q->count > 0 && q->first < set->count) {
		part.set = new_set(o);
		memcpy(
		    part.set.bits, set->bits, set->nwords * sizeof(*set->bits));
		part.set.count = set->count;
		push(o, part);
	}
	while (o->nparts > 0) {
		part = o->parts[--o->nparts];
		if (e == ERR_OK)
			e = order_part(o, &part);
		free(part.set.bits);
	}
	for (size_t i = 0; i < o->nlevels; i++) {
		free(o->level[i].ranks);
		free(o->level[i].bigs);
	}
	*n = o->n;
	free(o);
	return e;
}
