#include "store/target.h"

#include <string.h>

#include "base/log.h"
#include "store/keys.h"
#include "store/private.h"

/* A row: version, when it was told last, tags covered, failures in a row. */
#define ROW_VERSION 1
#define ROW_LEN     18
#define WAIT_MOST   INT64_C(3600000) /* ms, after many failures */
#define FAILURES    12               /* of more it waits no longer */
#define TOUCH_MOST  2000 /* rows that one transaction holds, and a device's */

static struct keys_key
row_key(const struct target *g)
{
	struct keys_key k = { .len = 0 };

	keys_add(&k, g->hash, sizeof(g->hash));
	keys_add(&k, "p", 1);
	keys_add(&k, g->topic, strlen(g->topic));
	return k;
}

static enum err
get(struct txn *t, struct target *g, bool update)
{
	const struct keys_key k = row_key(g);
	struct slice row;
	enum err e = table_get(
	    t, TABLE_TOKEN, keys_slice(&k), &row, update ? DB_RMW : 0);

	g->sent = 0;
	g->covered = 0;
	g->failures = 0;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (row.len != ROW_LEN || row.s[0] != ROW_VERSION) {
		log_error("store_fault", "dir", t->st->dir, "what", "target",
		    "why", "a row is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	g->sent = (int64_t)table_get64(row.s + 1);
	g->covered = table_get64(row.s + 9);
	g->failures = (unsigned char)row.s[17];
	return ERR_OK;
}

static enum err
put(struct txn *t, const struct target *g)
{
	const struct keys_key k = row_key(g);
	unsigned char row[ROW_LEN] = { ROW_VERSION };

	table_put64(row + 1, (uint64_t)g->sent);
	table_put64(row + 9, g->covered);
	row[17] = (unsigned char)g->failures;
	return table_put(
	    t, TABLE_TOKEN, keys_slice(&k), table_slice(row, sizeof(row)), 0);
}

/* -- taking ---------------------------------------------------------------- */

struct taking {
	const struct target_ask *ask;
	struct arena *a;
	struct target_set *out;
	size_t size, links; /* room there is */
	size_t *slots;      /* hash table of target numbers, from 1 */
	size_t nslots;      /* a power of 2 */
	uint64_t counter, next;
	bool stamped;
	struct open *open; /* of each pass */
	size_t touched;    /* rows, in this transaction */
};

/* Who holds a pass and is to hear of it now, and when it is others' turn. */
struct open {
	struct keys_rows holders;
	int64_t again;
};

/* The first failure waits as long as a success does. */
static int64_t
wait_of(const struct taking *k, unsigned failures)
{
	int64_t ms = INT64_C(1000)
	    << (failures < FAILURES ? failures : FAILURES);

	if (failures <= 1 || ms < k->ask->window)
		return k->ask->window;
	return ms < WAIT_MOST ? ms : WAIT_MOST;
}

/* Where it may be told again; 0: now.  A clock that was set back is no
 * reason to wait. */
static int64_t
blocked(const struct taking *k, const struct target *g)
{
	const int64_t until = g->sent + wait_of(k, g->failures);

	if (k->ask->at_once || g->sent == 0 ||
	    g->sent > k->ask->now + TARGET_LEAD || until <= k->ask->now)
		return 0;
	return until;
}

static void
sooner(int64_t *at, int64_t until)
{
	if (*at == 0 || until < *at)
		*at = until;
}

static void *
grow(struct arena *a, void *list, size_t n, size_t *size, size_t each)
{
	void *more;

	if (n < *size)
		return list;
	*size = *size == 0 ? 64 : *size * 2;
	more = arena_alloc(a, *size * each);
	if (n > 0)
		memcpy(more, list, n * each);
	return more;
}

static bool
is_same(const struct target *a, const struct target *b)
{
	return memcmp(a->hash, b->hash, sizeof(a->hash)) == 0 &&
	    strcmp(a->topic, b->topic) == 0;
}

/* Its slot, or the free one where it goes. */
static size_t *
slot_of(struct taking *k, const struct target *g)
{
	size_t i = table_get32(g->hash) & (k->nslots - 1);

	while (k->slots[i] != 0 && !is_same(&k->out->list[k->slots[i] - 1], g))
		i = (i + 1) & (k->nslots - 1);
	return &k->slots[i];
}

static void
rehash(struct taking *k)
{
	if (k->nslots > 2 * k->out->n)
		return;
	k->nslots = k->nslots == 0 ? 256 : k->nslots * 4;
	k->slots = arena_alloc(k->a, k->nslots * sizeof(*k->slots));
	for (size_t i = 0; i < k->out->n; i++)
		*slot_of(k, &k->out->list[i]) = i + 1;
}

static enum err
stamp(struct txn *t, struct taking *k, const char *id, uint64_t *tag)
{
	enum err e = pass_tag(t, id, k->next, tag);

	k->touched++;
	k->stamped = k->stamped || (e == ERR_OK && *tag == k->next);
	return e;
}

/* What else the device has is heard of by the same push. */
static enum err
stamp_all(
    struct txn *t, struct taking *k, const char *device, const char *topic)
{
	struct keys_key prefix = { .len = 0 };
	struct keys_rows rows;
	uint64_t tag;
	enum err e;

	keys_word(&prefix, device);
	keys_word(&prefix, topic);
	e = keys_list(t, TABLE_REGISTRATION, &prefix, k->a, &rows);
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++)
		if ((e = stamp(t, k, rows.rest[i].s, &tag)) == ERR_NOTFOUND)
			e = ERR_OK;
	return e;
}

static void
link_to(struct taking *k, size_t pass, size_t target)
{
	struct target_set *o = k->out;

	o->links =
	    grow(k->a, o->links, o->nlinks, &k->links, sizeof(*o->links));
	o->links[o->nlinks++] = (struct target_link){ pass, target };
}

static enum err
add(struct txn *t, struct taking *k, struct target *g, const char *device)
{
	struct target_set *o = k->out;
	enum err e;

	if ((e = registration_token(t, device, k->a, &g->token)) != ERR_OK)
		return e;
	if ((e = stamp_all(t, k, device, g->topic)) != ERR_OK)
		return e;
	o->list = grow(k->a, o->list, o->n, &k->size, sizeof(*o->list));
	o->list[o->n++] = *g;
	*slot_of(k, g) = o->n;
	rehash(k);
	return ERR_OK;
}

/* Hash and topic of a holder, whose device is returned. */
static const char *
read_holder(struct slice rest, struct target *g)
{
	memcpy(g->hash, rest.s, KEYS_HASH);
	g->topic = rest.s + KEYS_HASH;
	return g->topic + strlen(g->topic) + 1;
}

/* One holder of pass number `i`, whose change tag is `tag`. */
static enum err
take_holder(
    struct txn *t, struct taking *k, size_t i, uint64_t tag, struct slice rest)
{
	struct target g = { .sent = 0 };
	const char *device = read_holder(rest, &g);
	int64_t until;
	size_t *slot;
	enum err e;

	slot = slot_of(k, &g);
	if (*slot != 0) {
		link_to(k, i, *slot - 1);
		return ERR_OK;
	}
	k->touched += 2;
	if ((e = get(t, &g, true)) != ERR_OK || g.covered >= tag)
		return e;
	if ((until = blocked(k, &g)) != 0) {
		sooner(&k->out->again[i], until);
		return ERR_OK;
	}
	if ((e = add(t, k, &g, device)) == ERR_OK)
		link_to(k, i, k->out->n - 1);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
take_pass(struct txn *t, struct taking *k, size_t i)
{
	const struct keys_rows *holders = &k->open[i].holders;
	uint64_t tag = 0;
	size_t n = 0;
	enum err e = ERR_OK;

	k->out->again[i] = k->open[i].again;
	if (k->touched < TOUCH_MOST)
		e = stamp(t, k, k->ask->passes[i], &tag);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	for (; e == ERR_OK && n < holders->n && k->touched < TOUCH_MOST; n++)
		e = take_holder(t, k, i, tag, holders->rest[n]);
	if (n < holders->n)
		k->out->again[i] = k->ask->now;
	return e;
}

/* They are about to be told. */
static enum err
note_all(struct txn *t, struct taking *k)
{
	const uint64_t covers = k->stamped ? k->next : k->counter;
	enum err e = k->stamped ? tag_put(t, k->next) : ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < k->out->n; i++) {
		struct target *g = &k->out->list[i];
		struct target noted = *g;

		g->covers = covers;
		g->sent = noted.sent = k->ask->now + TARGET_LEAD;
		noted.failures += noted.failures < FAILURES;
		e = put(t, &noted);
	}
	return e;
}

static enum err
take(struct txn *t, void *arg)
{
	struct taking *k = arg;
	struct target_set *o = k->out;
	enum err e;

	*o = (struct target_set){ .again = arena_alloc(k->a,
				      (k->ask->n + 1) * sizeof(int64_t)) };
	k->size = k->links = k->nslots = k->touched = 0;
	k->stamped = false;
	rehash(k);
	if ((e = tag_counter(t, true, &k->counter)) != ERR_OK)
		return e;
	k->next = tag_after(k->counter, k->ask->now);
	for (size_t i = 0; e == ERR_OK && i < k->ask->n; i++)
		e = take_pass(t, k, i);
	return e == ERR_OK ? note_all(t, k) : e;
}

/* -- looking, before it ------------------------------------------------------
 */

/* Keep those that are to hear of `tag` now, no more than can be taken. */
static enum err
sift(struct txn *t, const struct taking *k, struct open *o, uint64_t tag)
{
	const struct keys_rows all = o->holders;
	int64_t until;
	enum err e = ERR_OK;

	o->holders.n = 0;
	for (size_t i = 0; e == ERR_OK && i < all.n; i++) {
		struct target g = { .sent = 0 };

		if (all.rest[i].len <= KEYS_HASH)
			continue;
		(void)read_holder(all.rest[i], &g);
		e = get(t, &g, false);
		if (tag != 0 && g.covered >= tag)
			continue;
		if ((until = blocked(k, &g)) == 0 && o->holders.n < TOUCH_MOST)
			o->holders.rest[o->holders.n++] = all.rest[i];
		else
			sooner(&o->again, until != 0 ? until : k->ask->now);
	}
	return e;
}

/*
 * A pass may be on more phones than one transaction should hold locks for:
 * this one holds none, so that all of them may be looked at each time.
 */
static enum err
look(struct txn *t, void *arg)
{
	struct taking *k = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < k->ask->n; i++) {
		const char *id = k->ask->passes[i];
		struct keys_key prefix = { .len = 0 };
		struct open *o = &k->open[i];
		uint64_t tag;

		*o = (struct open){ .again = 0 };
		if ((e = pass_tag(t, id, 0, &tag)) == ERR_NOTFOUND) {
			e = ERR_OK;
			continue;
		}
		keys_word(&prefix, id);
		if (e == ERR_OK)
			e = keys_list(
			    t, TABLE_HOLDER, &prefix, k->a, &o->holders);
		if (e == ERR_OK)
			e = sift(t, k, o, tag);
	}
	return e;
}

enum err
target_take(struct store *st, struct arena *a, const struct target_ask *ask,
    struct target_set *out)
{
	struct taking k = { .ask = ask, .a = a, .out = out };
	enum err e;

	k.open = arena_alloc(a, (ask->n + 1) * sizeof(*k.open));
	e = store_read(st, look, &k);
	return e == ERR_OK ? store_run(st, take, &k) : e;
}

/* -- settling -------------------------------------------------------------- */

struct settling {
	const struct target *list;
	size_t n;
	int64_t now;
};

/* A row that went with its device stays away; one that another sender wrote
 * meanwhile tells more than we know. */
static enum err
settle_one(struct txn *t, const struct settling *s, const struct target *g)
{
	struct target now = *g;
	enum err e = get(t, &now, true);

	if (e != ERR_OK || now.sent != g->sent)
		return e;
	now.sent = g->end == TARGET_UNSENT ? 0 : s->now;
	if (g->end == TARGET_UNSENT)
		now.failures = g->failures;
	if (g->end == TARGET_TOLD) {
		now.failures = 0;
		if (g->covers > now.covered)
			now.covered = g->covers;
	}
	return put(t, &now);
}

static enum err
settle(struct txn *t, void *arg)
{
	const struct settling *s = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < s->n; i++)
		e = settle_one(t, s, &s->list[i]);
	return e;
}

enum err
target_settle(
    struct store *st, const struct target *list, size_t n, int64_t now)
{
	struct settling s = { list, n, now };

	return n == 0 ? ERR_OK : store_run(st, settle, &s);
}
