#include "store/delivery.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "store/keys.h"

/*
 * Keys: webhook, NUL, DUE or PARKED, time, place of the event, id.  Rows:
 * version of the layout, kind, wallet, tries, date, queued, then pass, type
 * and reason, each ended by a NUL.
 */
#define DUE         'd'
#define PARKED      'p'
#define KEY_HEAD    (WEBHOOK_ID_LEN + 2)
#define KEY_LEN     (KEY_HEAD + 8 + 4 + DELIVERY_ID_LEN)
#define ROW_VERSION 1
#define ROW_HEAD    23

#define AGAIN_MS   5000 /* the first wait of a delivery */
#define AGAIN_MOST 3600000
#define PAUSE_MS   1000 /* and of its webhook */
#define PAUSE_MOST 300000

/* -- rows -------------------------------------------------------------------
 */

static struct keys_key
prefix_of(const char *webhook, char state)
{
	struct keys_key k = { .len = 0 };

	keys_word(&k, webhook);
	keys_add(&k, &state, 1);
	return k;
}

static struct keys_key
key_of(const char *webhook, char state, const struct delivery *d)
{
	struct keys_key k = prefix_of(webhook, state);
	unsigned char n[12];

	table_put64(n, (uint64_t)d->at);
	table_put32(n + 8, d->event.place);
	keys_add(&k, n, sizeof(n));
	keys_add(&k, d->id, DELIVERY_ID_LEN);
	return k;
}

static enum err
put(struct txn *t, const char *webhook, char state, const struct delivery *d)
{
	const struct keys_key k = key_of(webhook, state, d);
	const char *why = d->why == NULL ? "" : d->why;
	struct arena *a = arena_new(512);
	unsigned char head[ROW_HEAD];
	struct buf b;
	enum err e;

	head[0] = ROW_VERSION;
	head[1] = (unsigned char)d->event.kind;
	head[2] = (unsigned char)d->event.wallet;
	table_put32(head + 3, d->tries);
	table_put64(head + 7, (uint64_t)d->event.date);
	table_put64(head + 15, (uint64_t)d->queued);
	buf_init(&b, a);
	buf_add(&b, head, sizeof(head));
	buf_add(&b, d->event.pass, strlen(d->event.pass) + 1);
	buf_add(&b, d->event.type, strlen(d->event.type) + 1);
	buf_add(&b, why, text_cut(slice_of(why), WEBHOOK_WHY));
	buf_addc(&b, '\0');
	e = table_put(t, TABLE_DELIVERY, keys_slice(&k), buf_slice(&b), 0);
	arena_free(a);
	return e;
}

static enum err
damaged(struct txn *t)
{
	log_error("store_fault", "dir", t->st->dir, "what", "delivery", "why",
	    "a row is damaged, or of a newer version", NULL);
	return ERR_INTERNAL;
}

static bool
decode_strings(struct arena *a, struct slice s, struct delivery *d)
{
	const char **to[] = { &d->event.pass, &d->event.type, &d->why };

	for (size_t i = 0; i < 3; i++) {
		const char *nul = s.len == 0 ? NULL : memchr(s.s, '\0', s.len);
		size_t len;

		if (nul == NULL)
			return false;
		len = (size_t)(nul - s.s);
		*to[i] = arena_strndup(a, s.s, len);
		s = (struct slice){ nul + 1, s.len - len - 1 };
	}
	if (*d->why == '\0')
		d->why = NULL;
	return s.len == 0;
}

static enum err
decode(struct txn *t, const DBT *key, const DBT *value, struct arena *a,
    struct delivery *d)
{
	const unsigned char *k = key->data, *p = value->data;

	if (key->size != KEY_LEN || value->size < ROW_HEAD ||
	    p[0] != ROW_VERSION || p[1] >= EVENT__MAX)
		return damaged(t);
	d->at = (int64_t)table_get64(k + KEY_HEAD);
	d->event.place = table_get32(k + KEY_HEAD + 8);
	memcpy(d->id, k + KEY_HEAD + 12, DELIVERY_ID_LEN);
	d->id[DELIVERY_ID_LEN] = '\0';
	d->event.kind = (enum event_kind)p[1];
	d->event.wallet = p[2];
	d->tries = table_get32(p + 3);
	d->event.date = (int64_t)table_get64(p + 7);
	d->queued = (int64_t)table_get64(p + 15);
	return decode_strings(
		   a, table_slice(p + ROW_HEAD, value->size - ROW_HEAD), d)
	    ? ERR_OK
	    : damaged(t);
}

/* -- looking ----------------------------------------------------------------
 */

/* The first rows of one state, up to a time. */
struct taking {
	const char *webhook;
	char state;
	int64_t now;     /* later ones are not taken */
	int64_t horizon; /* but those that cannot be: the clock was set back */
	int64_t later;   /* when the first of the later ones is; 0: none */
	struct arena *a;
	struct delivery *out;
	size_t max, n;
};

static bool
is_later(const struct taking *k, const struct delivery *d)
{
	return d->at > k->now && (k->horizon == 0 || d->at <= k->horizon);
}

static enum err
take_rows(struct txn *t, struct taking *k, DBC *c)
{
	const struct keys_key first = prefix_of(k->webhook, k->state);
	DBT key = table_dbt(keys_slice(&first)), value = { 0 };
	enum err e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);

	while (e == ERR_OK && k->n < k->max) {
		struct delivery *d = &k->out[k->n];

		if (key.size < first.len ||
		    memcmp(key.data, first.b, first.len) != 0)
			return ERR_OK;
		if ((e = decode(t, &key, &value, k->a, d)) != ERR_OK)
			return e;
		if (is_later(k, d)) {
			k->later = d->at;
			return ERR_OK;
		}
		k->n++;
		e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
take(struct txn *t, void *arg)
{
	struct taking *k = arg;
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_DELIVERY, &c);

	k->n = 0;
	k->later = 0;
	if (e == ERR_OK)
		e = take_rows(t, k, c);
	if (c != NULL)
		c->close(c);
	return e;
}

enum err
delivery_next(struct store *st, struct delivery_look *look, struct arena *a,
    struct delivery *out, size_t *max)
{
	struct taking k = { .webhook = look->webhook,
		.state = DUE,
		.now = look->now,
		.horizon = look->now + AGAIN_MOST,
		.a = a,
		.out = out,
		.max = *max };
	enum err e = store_read(st, take, &k);

	look->soonest = k.later;
	*max = e == ERR_OK ? k.n : 0;
	return e;
}

enum err
delivery_parked(struct store *st, const char *webhook, struct arena *a,
    struct delivery *out, size_t *max)
{
	struct taking k = { .webhook = webhook,
		.state = PARKED,
		.now = INT64_MAX,
		.a = a,
		.out = out,
		.max = *max };
	enum err e = store_read(st, take, &k);

	*max = e == ERR_OK ? k.n : 0;
	return e;
}

/* -- queueing ---------------------------------------------------------------
 */

/* Rows of a webhook change, and its counts with them. */
struct moving {
	struct txn *t;
	struct webhook *w;
	struct arena *a;
};

static enum err
del(const struct moving *m, char state, const struct delivery *d)
{
	const struct keys_key k = key_of(m->w->id, state, d);
	enum err e = table_del(m->t, TABLE_DELIVERY, keys_slice(&k));

	if (e != ERR_OK)
		return e;
	if (state == PARKED)
		m->w->parked--;
	else
		m->w->pending--;
	return ERR_OK;
}

/* The oldest makes room. */
static enum err
park(const struct moving *m, const struct delivery *d)
{
	struct delivery oldest;
	struct taking k = { .webhook = m->w->id,
		.state = PARKED,
		.now = INT64_MAX,
		.a = m->a,
		.out = &oldest,
		.max = 1 };
	enum err e = ERR_OK;

	if (m->w->parked >= DELIVERY_PARKED)
		e = take(m->t, &k);
	if (e == ERR_OK && k.n == 1) {
		e = del(m, PARKED, &oldest);
		m->w->dropped++;
	}
	if (e == ERR_OK)
		e = put(m->t, m->w->id, PARKED, d);
	m->w->parked += e == ERR_OK;
	return e;
}

static enum err
make_due(const struct moving *m, const struct delivery *d)
{
	enum err e = put(m->t, m->w->id, DUE, d);

	m->w->pending += e == ERR_OK;
	return e;
}

static bool
wants(const struct webhook *w, const struct event *e)
{
	return w->enabled && (w->events & 1U << e->kind) != 0 &&
	    (w->types.n == 0 || strings_has(&w->types, e->type));
}

static enum err
queue_one(const struct moving *m, const struct delivery_source *s,
    const struct event *event)
{
	struct delivery d = { .event = *event, .queued = s->now, .at = s->now };

	ident_new(d.id, DELIVERY_ID_LEN, s->random);
	if (m->w->pending < DELIVERY_PENDING)
		return make_due(m, &d);
	d.why = "Too many others were pending.";
	return park(m, &d);
}

static enum err
queue_for(const struct moving *m, const struct delivery_source *s)
{
	bool any = false;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < s->n; i++) {
		if (!wants(m->w, &s->events[i]))
			continue;
		any = true;
		e = queue_one(m, s, &s->events[i]);
	}
	return e == ERR_OK && any ? webhook_put(m->t, m->w) : e;
}

enum err
delivery_queue(struct txn *t, const struct delivery_source *s)
{
	struct arena *a = arena_new(8192);
	struct webhook *all = arena_alloc(a, WEBHOOK_MAX * sizeof(*all));
	size_t n = 0;
	enum err e = webhook_get_all(t, a, all, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		const struct moving m = { t, &all[i], a };

		e = queue_for(&m, s);
	}
	arena_free(a);
	return e;
}

/* -- settling ---------------------------------------------------------------
 */

static void
note_failure(struct webhook *w, const struct delivery_result *r, int64_t now)
{
	if (r->started > w->failed || w->failed > now) {
		w->failures++;
		w->next =
		    now + clock_back_off(PAUSE_MS, PAUSE_MOST, w->failures);
	}
	w->failed = now;
	w->why = r->why;
	w->enabled = w->enabled && !r->gone;
}

static enum err
settle_one(const struct moving *m, const struct delivery_result *r,
    struct delivery_settlement *s)
{
	struct delivery d = *r->delivery;
	enum err e = del(m, DUE, &d);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (r->done) {
		m->w->failures = 0;
		m->w->next = 0;
		m->w->succeeded = s->now;
		return ERR_OK;
	}
	note_failure(m->w, r, s->now);
	d.tries++;
	d.why = r->why;
	if (s->now - d.queued >= DELIVERY_KEEP_MS) {
		d.at = s->now;
		s->parked++;
		return park(m, &d);
	}
	d.at = s->now + clock_back_off(AGAIN_MS, AGAIN_MOST, d.tries);
	return make_due(m, &d);
}

/* While a webhook fails, those that it never came to are over as well. */
static enum err
park_old(const struct moving *m, struct delivery_settlement *s)
{
	struct taking k = { .webhook = m->w->id,
		.state = DUE,
		.now = s->now - DELIVERY_KEEP_MS,
		.a = m->a,
		.max = DELIVERY_PIECE };
	enum err e;

	k.out = arena_alloc(m->a, DELIVERY_PIECE * sizeof(*k.out));
	e = take(m->t, &k);
	for (size_t i = 0; e == ERR_OK && i < k.n; i++) {
		struct delivery *d = &k.out[i];

		if (s->now - d->queued < DELIVERY_KEEP_MS)
			continue;
		if ((e = del(m, DUE, d)) != ERR_OK)
			break;
		d->at = s->now;
		d->why = m->w->why;
		s->parked++;
		e = park(m, d);
	}
	return e;
}

static enum err
settle_all(const struct moving *m, struct delivery_settlement *s)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < s->n; i++)
		e = settle_one(m, &s->results[i], s);
	if (e == ERR_OK && m->w->failures > 0)
		e = park_old(m, s);
	return e == ERR_OK ? webhook_put(m->t, m->w) : e;
}

static enum err
settle(struct txn *t, void *arg)
{
	struct delivery_settlement *s = arg;
	struct arena *a = arena_new(4096);
	struct webhook w;
	const struct moving m = { t, &w, a };
	enum err e = webhook_get(t, s->webhook, a, &w);

	s->parked = 0;
	if (e == ERR_OK)
		e = settle_all(&m, s);
	arena_free(a);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Not flushed: what is lost by a power cut is sent again. */
enum err
delivery_settle(struct store *st, struct delivery_settlement *s)
{
	return run_with(st, settle, s, DB_TXN_NOSYNC);
}

/* -- many at once -----------------------------------------------------------
 */

struct piece {
	const char *webhook;
	char state;
	int64_t until, now;
	bool again; /* else they go */
	size_t n;
};

static enum err
move(const struct moving *m, const struct piece *p, struct delivery *d)
{
	enum err e = del(m, p->state, d);

	if (e != ERR_OK || !p->again)
		return e;
	d->at = d->queued = p->now;
	d->tries = 0;
	return make_due(m, d);
}

static enum err
move_all(const struct moving *m, struct piece *p)
{
	struct taking k = { .webhook = m->w->id,
		.state = p->state,
		.now = p->until,
		.a = m->a,
		.max = DELIVERY_PIECE };
	enum err e;

	if (p->again && m->w->pending + k.max > DELIVERY_PENDING)
		k.max = DELIVERY_PENDING - m->w->pending;
	k.out = arena_alloc(m->a, (k.max + 1) * sizeof(*k.out));
	e = take(m->t, &k);
	for (size_t i = 0; e == ERR_OK && i < k.n; i++)
		e = move(m, p, &k.out[i]);
	p->n = k.n;
	if (p->again) {
		m->w->failures = 0;
		m->w->next = 0;
	}
	return e == ERR_OK ? webhook_put(m->t, m->w) : e;
}

static enum err
run_piece(struct txn *t, void *arg)
{
	struct piece *p = arg;
	struct arena *a = arena_new(4096);
	struct webhook w;
	const struct moving m = { t, &w, a };
	enum err e = webhook_get(t, p->webhook, a, &w);

	p->n = 0;
	if (e == ERR_OK)
		e = move_all(&m, p);
	arena_free(a);
	return e;
}

enum err
delivery_retry(struct store *st, const char *webhook, int64_t now, size_t *n)
{
	struct piece p = { .webhook = webhook,
		.state = PARKED,
		.until = INT64_MAX,
		.now = now,
		.again = true };
	enum err e = store_run(st, run_piece, &p);

	*n = p.n;
	return e;
}

enum err
delivery_forget(
    struct store *st, const char *webhook, int64_t before, size_t *n)
{
	struct piece p = {
		.webhook = webhook, .state = PARKED, .until = before - 1
	};
	enum err e = store_run(st, run_piece, &p);

	*n = p.n;
	return e;
}

enum err
delivery_drop(struct store *st, const char *webhook, size_t *n)
{
	struct piece p = {
		.webhook = webhook, .state = DUE, .until = INT64_MAX
	};
	enum err e = store_run(st, run_piece, &p);

	if (e == ERR_OK && p.n == 0) {
		p.state = PARKED;
		e = store_run(st, run_piece, &p);
	}
	*n = p.n;
	return e;
}
