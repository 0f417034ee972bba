#include "store/registration.h"

#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "store/keys.h"
#include "store/private.h"

/*
 * TABLE_DEVICE        device -> version, date, token
 * TABLE_REGISTRATION  device 0 topic 0 pass -> version, date
 * TABLE_HOLDER        pass 0 token's hash, topic 0 device -> version
 * TABLE_TOKEN         token's hash, 'd', device -> version
 *                     token's hash, 'p', topic -> see target.c
 */
#define ROW_VERSION 1
#define ROW_HEAD    9

static const unsigned char only_version[1] = { ROW_VERSION };

static enum err
damaged(struct txn *t, const char *what)
{
	log_error("store_fault", "dir", t->st->dir, "what", what, "why",
	    "a row is damaged, or of a newer version", NULL);
	return ERR_INTERNAL;
}

/* -- keys ------------------------------------------------------------------ */

void
keys_hash(const char *token, unsigned char hash[KEYS_HASH])
{
	unsigned char md[DIGEST_LEN];

	digest_sha256(token, strlen(token), md);
	memcpy(hash, md, KEYS_HASH);
}

void
keys_add(struct keys_key *k, const void *p, size_t n)
{
	memcpy(k->b + k->len, p, n);
	k->len += n;
}

void
keys_word(struct keys_key *k, const char *word)
{
	keys_add(k, word, strlen(word) + 1);
}

enum err
keys_list(struct txn *t, enum table n, const struct keys_key *prefix,
    struct arena *a, struct keys_rows *out)
{
	DBT key = table_dbt(keys_slice(prefix)), value = { 0 };
	DBC *c = NULL;
	size_t size = 0;
	enum err e = table_cursor(t, n, &c);

	out->n = 0;
	if (e == ERR_OK)
		e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	while (e == ERR_OK && key.size >= prefix->len &&
	    memcmp(key.data, prefix->b, prefix->len) == 0) {
		if (out->n == size) {
			struct slice *more;

			size = size == 0 ? 8 : size * 2;
			more = arena_alloc(a, size * sizeof(*more));
			if (out->n > 0)
				memcpy(more, out->rest, out->n * sizeof(*more));
			out->rest = more;
		}
		out->rest[out->n].len = key.size - prefix->len;
		out->rest[out->n].s =
		    arena_strndup(a, (const char *)key.data + prefix->len,
			key.size - prefix->len);
		out->n++;
		e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	if (c != NULL)
		c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
keys_count(struct txn *t, enum table n, const struct keys_key *prefix,
    size_t max, size_t *count)
{
	DBT key = table_dbt(keys_slice(prefix)), value = { 0 };
	DBC *c = NULL;
	enum err e = table_cursor(t, n, &c);

	*count = 0;
	if (e == ERR_OK)
		e = table_cursor_get(t, c, &key, &value, DB_SET_RANGE);
	while (e == ERR_OK && *count < max && key.size >= prefix->len &&
	    memcmp(key.data, prefix->b, prefix->len) == 0) {
		++*count;
		e = table_cursor_get(t, c, &key, &value, DB_NEXT);
	}
	if (c != NULL)
		c->close(c);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
keys_any(struct txn *t, enum table n, const struct keys_key *prefix)
{
	size_t count;
	enum err e = keys_count(t, n, prefix, 1, &count);

	return e == ERR_OK && count == 0 ? ERR_NOTFOUND : e;
}

/* What was to go is gone. */
static enum err
del(struct txn *t, enum table n, const struct keys_key *k)
{
	enum err e = table_del(t, n, keys_slice(k));

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

struct keys_key
keys_registration(const char *device, const char *topic, const char *pass)
{
	struct keys_key k = { .len = 0 };

	keys_word(&k, device);
	keys_word(&k, topic);
	keys_add(&k, pass, strlen(pass));
	return k;
}

struct keys_key
keys_token(const unsigned char hash[KEYS_HASH], char kind, const char *rest)
{
	struct keys_key k = { .len = 0 };

	keys_add(&k, hash, KEYS_HASH);
	keys_add(&k, &kind, 1);
	keys_add(&k, rest, strlen(rest));
	return k;
}

/* -- who holds a pass ------------------------------------------------------ */

/* One registration with its device's token. */
struct held {
	const char *device, *topic, *pass;
	unsigned char hash[KEYS_HASH];
	const unsigned char *next; /* the hash that takes its place */
};

static struct keys_key
phone_key(const struct held *h)
{
	struct keys_key k = { .len = 0 };

	keys_word(&k, h->pass);
	keys_add(&k, h->hash, KEYS_HASH);
	return k;
}

static struct keys_key
holder_key(const struct held *h)
{
	struct keys_key k = phone_key(h);

	keys_word(&k, h->topic);
	keys_add(&k, h->device, strlen(h->device));
	return k;
}

static void
moved(struct arena *a, struct registration_moves *m, const char *pass, int by)
{
	struct registration_move *list;

	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].pass, pass) == 0) {
			m->list[i].by += by;
			return;
		}
	if (m->n == m->size) {
		m->size = m->size == 0 ? 8 : m->size * 2;
		list = arena_alloc(a, m->size * sizeof(*list));
		if (m->n > 0)
			memcpy(list, m->list, m->n * sizeof(*list));
		m->list = list;
	}
	m->list[m->n++] = (struct registration_move){ pass, by };
}

static enum err
hold(struct txn *t, struct arena *a, const struct held *h,
    struct registration_moves *m)
{
	const struct keys_key phone = phone_key(h), key = holder_key(h);
	enum err e = keys_any(t, TABLE_HOLDER, &phone);

	if (e == ERR_NOTFOUND) {
		moved(a, m, h->pass, 1);
		e = ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	return table_put(
	    t, TABLE_HOLDER, keys_slice(&key), table_slice(only_version, 1), 0);
}

static enum err
let_go(struct txn *t, struct arena *a, const struct held *h,
    struct registration_moves *m)
{
	const struct keys_key phone = phone_key(h), key = holder_key(h);
	enum err e = table_del(t, TABLE_HOLDER, keys_slice(&key));

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if ((e = keys_any(t, TABLE_HOLDER, &phone)) != ERR_NOTFOUND)
		return e;
	moved(a, m, h->pass, -1);
	return ERR_OK;
}

/* Topic and pass of the rest of a registration's key. */
static enum err
read_rest(struct txn *t, struct slice rest, struct held *h)
{
	const char *nul = memchr(rest.s, '\0', rest.len);

	if (nul == NULL)
		return damaged(t, "registration");
	h->topic = rest.s;
	h->pass = nul + 1;
	return ERR_OK;
}

typedef enum err held_fn(struct txn *t, struct arena *a, struct held *h,
    struct registration_moves *m);

/* Call `fn` for each registration of a device whose token has this hash. */
static enum err
each_of(struct txn *t, struct arena *a, const struct held *of, held_fn *fn,
    struct registration_moves *m)
{
	struct keys_key k = { .len = 0 };
	struct keys_rows rows;
	struct held h = *of;
	enum err e;

	keys_word(&k, of->device);
	e = keys_list(t, TABLE_REGISTRATION, &k, a, &rows);
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++)
		if ((e = read_rest(t, rows.rest[i], &h)) == ERR_OK)
			e = fn(t, a, &h, m);
	return e;
}

/* -- devices --------------------------------------------------------------- */

static enum err
device_get(struct txn *t, const char *device, struct arena *a,
    const char **token, int64_t *date)
{
	struct slice row;
	enum err e = table_get(t, TABLE_DEVICE, slice_of(device), &row, DB_RMW);

	if (e != ERR_OK)
		return e;
	if (row.len <= ROW_HEAD || row.s[0] != ROW_VERSION)
		return damaged(t, "device");
	*date = (int64_t)table_get64(row.s + 1);
	*token = arena_strndup(a, row.s + ROW_HEAD, row.len - ROW_HEAD);
	return ERR_OK;
}

enum err
registration_token(
    struct txn *t, const char *device, struct arena *a, const char **token)
{
	int64_t date;

	return device_get(t, device, a, token, &date);
}

static enum err
device_put(struct txn *t, const struct registration *r)
{
	unsigned char row[ROW_HEAD + REGISTRATION_TOKEN_MAX];
	const size_t len = strlen(r->token);
	unsigned char hash[KEYS_HASH];
	struct keys_key k;
	enum err e;

	row[0] = ROW_VERSION;
	table_put64(row + 1, (uint64_t)r->date);
	memcpy(row + ROW_HEAD, r->token, len);
	keys_hash(r->token, hash);
	k = keys_token(hash, 'd', r->device);
	e = table_put(t, TABLE_DEVICE, slice_of(r->device),
	    table_slice(row, ROW_HEAD + len), 0);
	return e == ERR_OK ? table_put(t, TABLE_TOKEN, keys_slice(&k),
				 table_slice(only_version, 1), 0)
			   : e;
}

/* The device has this token no more, and when it was the last one, nobody. */
static enum err
token_forget(struct txn *t, struct arena *a, const struct held *h)
{
	struct keys_key k = keys_token(h->hash, 'd', h->device);
	struct keys_rows rows;
	enum err e = del(t, TABLE_TOKEN, &k);

	k.len = KEYS_HASH + 1;
	if (e != ERR_OK || (e = keys_any(t, TABLE_TOKEN, &k)) != ERR_NOTFOUND)
		return e;
	k = keys_token(h->hash, 'p', "");
	e = keys_list(t, TABLE_TOKEN, &k, a, &rows);
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++) {
		k = keys_token(h->hash, 'p', rows.rest[i].s);
		e = del(t, TABLE_TOKEN, &k);
	}
	return e;
}

/* It goes when it has no registration left. */
static enum err
device_tidy(struct txn *t, struct arena *a, const struct held *h)
{
	struct keys_key k = { .len = 0 };
	enum err e;

	keys_word(&k, h->device);
	if ((e = keys_any(t, TABLE_REGISTRATION, &k)) != ERR_NOTFOUND)
		return e;
	e = table_del(t, TABLE_DEVICE, slice_of(h->device));
	if (e == ERR_OK || e == ERR_NOTFOUND)
		e = token_forget(t, a, h);
	return e;
}

enum err
registration_tidy(struct txn *t, struct arena *a, const char *device)
{
	struct held h = { .device = device };
	const char *token;
	enum err e = registration_token(t, device, a, &token);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	keys_hash(token, h.hash);
	return device_tidy(t, a, &h);
}

/* -- adding ---------------------------------------------------------------- */

static enum err
retoken_one(struct txn *t, struct arena *a, struct held *h,
    struct registration_moves *m)
{
	struct held new = *h;
	enum err e = let_go(t, a, h, m);

	memcpy(new.hash, h->next, KEYS_HASH);
	return e == ERR_OK ? hold(t, a, &new, m) : e;
}

/* All that the device has is held by its new token. */
static enum err
retoken(struct txn *t, struct arena *a, const struct registration *r,
    struct registration_moves *m)
{
	struct held was = { .device = r->device };
	unsigned char hash[KEYS_HASH];
	const char *token;
	int64_t date;
	enum err e = device_get(t, r->device, a, &token, &date);

	if (e != ERR_OK || strcmp(token, r->token) == 0)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	keys_hash(token, was.hash);
	keys_hash(r->token, hash);
	was.next = hash;
	e = each_of(t, a, &was, retoken_one, m);
	return e == ERR_OK ? token_forget(t, a, &was) : e;
}

static bool
fits(const char *s, size_t max)
{
	const size_t n = strlen(s);

	return n > 0 && n <= max;
}

enum err
registration_add(struct txn *t, struct arena *a, const struct registration *r,
    bool *new, struct registration_moves *m)
{
	struct held h = {
		.device = r->device, .topic = r->topic, .pass = r->pass
	};
	unsigned char row[ROW_HEAD] = { ROW_VERSION };
	struct keys_key k;
	enum err e;

	if (!fits(r->device, REGISTRATION_NAME_MAX) ||
	    !fits(r->topic, REGISTRATION_NAME_MAX) ||
	    !fits(r->token, REGISTRATION_TOKEN_MAX))
		return ERR_TOOBIG;
	m->n = 0;
	keys_hash(r->token, h.hash);
	k = keys_registration(r->device, r->topic, r->pass);
	table_put64(row + 1, (uint64_t)r->date);
	if ((e = retoken(t, a, r, m)) != ERR_OK ||
	    (e = device_put(t, r)) != ERR_OK)
		return e;
	e = table_put(t, TABLE_REGISTRATION, keys_slice(&k),
	    table_slice(row, sizeof(row)), DB_NOOVERWRITE);
	*new = e == ERR_OK;
	return e == ERR_OK || e == ERR_CONFLICT ? hold(t, a, &h, m) : e;
}

struct asking {
	const struct registration *r;
	bool full;
};

static enum err
look_for_room(struct txn *t, void *arg)
{
	struct asking *q = arg;
	const struct keys_key own =
	    keys_registration(q->r->device, q->r->topic, q->r->pass);
	struct keys_key device = { .len = 0 }, pass = { .len = 0 };
	size_t passes = 0, devices = 0;
	struct slice row;
	enum err e =
	    table_get(t, TABLE_REGISTRATION, keys_slice(&own), &row, 0);

	q->full = false;
	if (e != ERR_NOTFOUND)
		return e;
	keys_word(&device, q->r->device);
	keys_word(&pass, q->r->pass);
	e = keys_count(
	    t, TABLE_REGISTRATION, &device, REGISTRATION_PASSES_MAX, &passes);
	if (e == ERR_OK)
		e = keys_count(
		    t, TABLE_HOLDER, &pass, REGISTRATION_DEVICES_MAX, &devices);
	q->full = passes >= REGISTRATION_PASSES_MAX ||
	    devices >= REGISTRATION_DEVICES_MAX;
	return e;
}

enum err
registration_room(struct store *st, const struct registration *r)
{
	struct asking q = { .r = r };
	enum err e;

	if (!fits(r->device, REGISTRATION_NAME_MAX) ||
	    !fits(r->topic, REGISTRATION_NAME_MAX))
		return ERR_TOOBIG;
	e = store_read(st, look_for_room, &q);
	return e == ERR_OK && q.full ? ERR_TOOBIG : e;
}

/* -- removing -------------------------------------------------------------- */

static enum err
remove_one(struct txn *t, struct arena *a, struct held *h,
    struct registration_moves *m)
{
	const struct keys_key k =
	    keys_registration(h->device, h->topic, h->pass);
	enum err e = del(t, TABLE_REGISTRATION, &k);

	return e == ERR_OK ? let_go(t, a, h, m) : e;
}

enum err
registration_remove(struct txn *t, struct arena *a,
    const struct registration *r, struct registration_moves *m)
{
	struct held h = {
		.device = r->device, .topic = r->topic, .pass = r->pass
	};
	const char *token;
	int64_t date;
	enum err e;

	m->n = 0;
	if (!fits(r->device, REGISTRATION_NAME_MAX) ||
	    !fits(r->topic, REGISTRATION_NAME_MAX))
		return ERR_OK;
	if ((e = device_get(t, r->device, a, &token, &date)) != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	keys_hash(token, h.hash);
	e = remove_one(t, a, &h, m);
	return e == ERR_OK ? device_tidy(t, a, &h) : e;
}

static enum err
drop_device(struct txn *t, struct arena *a, struct held *h, int64_t until,
    struct registration_moves *m)
{
	const char *token;
	int64_t date;
	enum err e = device_get(t, h->device, a, &token, &date);

	if (e != ERR_OK || date > until)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if ((e = each_of(t, a, h, remove_one, m)) != ERR_OK)
		return e;
	return device_tidy(t, a, h);
}

enum err
registration_drop(struct txn *t, struct arena *a, const char *token,
    int64_t until, struct registration_moves *m)
{
	struct held h = { .device = NULL };
	struct keys_key k;
	struct keys_rows rows;
	enum err e;

	m->n = 0;
	keys_hash(token, h.hash);
	k = keys_token(h.hash, 'd', "");
	e = keys_list(t, TABLE_TOKEN, &k, a, &rows);
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++) {
		h.device = rows.rest[i].s;
		e = drop_device(t, a, &h, until, m);
	}
	return e;
}

/* -- by pass --------------------------------------------------------------- */

static enum err
read_holder(struct txn *t, struct slice rest, struct held *h)
{
	const char *topic = rest.s + KEYS_HASH, *nul;

	if (rest.len <= KEYS_HASH ||
	    (nul = memchr(topic, '\0', rest.len - KEYS_HASH)) == NULL)
		return damaged(t, "holder");
	memcpy(h->hash, rest.s, KEYS_HASH);
	h->topic = topic;
	h->device = nul + 1;
	return ERR_OK;
}

static enum err
holders(
    struct txn *t, const char *pass, struct arena *a, struct keys_rows *rows)
{
	struct keys_key k = { .len = 0 };

	keys_word(&k, pass);
	return keys_list(t, TABLE_HOLDER, &k, a, rows);
}

enum err
registration_forget(struct txn *t, const char *pass)
{
	struct arena *a = arena_new(4096);
	struct registration_moves m = { .n = 0 };
	struct held h = { .pass = pass };
	struct keys_rows rows;
	enum err e = holders(t, pass, a, &rows);

	for (size_t i = 0; e == ERR_OK && i < rows.n; i++) {
		if ((e = read_holder(t, rows.rest[i], &h)) == ERR_OK)
			e = remove_one(t, a, &h, &m);
		if (e == ERR_OK)
			e = device_tidy(t, a, &h);
	}
	arena_free(a);
	return e;
}

/* Their keys begin with the hash: those of one phone follow each other. */
enum err
registration_phones(struct txn *t, struct arena *a, const char *pass, size_t *n)
{
	struct keys_rows rows;
	enum err e = holders(t, pass, a, &rows);

	*n = 0;
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++)
		*n += rows.rest[i].len > KEYS_HASH &&
		    (i == 0 ||
			memcmp(rows.rest[i].s, rows.rest[i - 1].s, KEYS_HASH) !=
			    0);
	return e;
}

enum err
registration_list(struct txn *t, struct arena *a, const char *pass,
    struct registration **list, size_t *n)
{
	struct held h = { .pass = pass };
	struct registration *r;
	struct keys_rows rows;
	enum err e = holders(t, pass, a, &rows);

	if (e != ERR_OK)
		return e;
	*list = r = arena_alloc(a, (rows.n + 1) * sizeof(*r));
	*n = rows.n;
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++, r++) {
		if ((e = read_holder(t, rows.rest[i], &h)) != ERR_OK)
			break;
		r->device = h.device;
		r->topic = h.topic;
		r->pass = pass;
		e = device_get(t, h.device, a, &r->token, &r->date);
	}
	return e;
}

/* -- change tags ----------------------------------------------------------- */

static const struct slice counter_key = { "tag", 3 };

enum err
tag_counter(struct txn *t, bool update, uint64_t *n)
{
	struct slice v;
	enum err e =
	    table_get(t, TABLE_META, counter_key, &v, update ? DB_RMW : 0);

	*n = 0;
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e == ERR_OK && v.len != 8)
		return damaged(t, "tag");
	if (e == ERR_OK)
		*n = table_get64(v.s);
	return e;
}

/* By the clock, so that a store restored from a backup gives no tag twice. */
uint64_t
tag_after(uint64_t counter, int64_t now)
{
	return now > 0 && (uint64_t)now > counter ? (uint64_t)now : counter + 1;
}

enum err
tag_put(struct txn *t, uint64_t n)
{
	unsigned char v[8];

	table_put64(v, n);
	return table_put(
	    t, TABLE_META, counter_key, table_slice(v, sizeof(v)), 0);
}

struct polling {
	const struct registration_poll *poll;
	struct arena *a;
	struct registration_news news;
	uint64_t counter, next;
	bool stamps; /* else look only */
	bool again;  /* something is not stamped, or was while we looked */
};

/* What has gone meanwhile is no news. */
static enum err
look_pass(struct txn *t, struct polling *p, const char *id)
{
	uint64_t tag;
	enum err e = pass_tag(t, id, p->stamps ? p->next : 0, &tag);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	p->again = p->again || tag == 0 || tag > p->counter;
	if (tag > p->news.tag)
		p->news.tag = tag;
	if (p->poll->since > p->counter || tag > p->poll->since)
		p->news.ids[p->news.n++] = id;
	return ERR_OK;
}

/* The counter first: what is stamped later is above it. */
static enum err
look(struct txn *t, void *arg)
{
	struct polling *p = arg;
	struct keys_key k = { .len = 0 };
	struct keys_rows rows;
	enum err e = tag_counter(t, p->stamps, &p->counter);

	keys_word(&k, p->poll->device);
	keys_word(&k, p->poll->topic);
	p->again = false;
	p->next = tag_after(p->counter, p->poll->now);
	p->news = (struct registration_news){ .n = 0 };
	if (e == ERR_OK)
		e = keys_list(t, TABLE_REGISTRATION, &k, p->a, &rows);
	if (e != ERR_OK)
		return e;
	p->news.ids = arena_alloc(p->a, (rows.n + 1) * sizeof(char *));
	for (size_t i = 0; e == ERR_OK && i < rows.n; i++)
		e = look_pass(t, p, rows.rest[i].s);
	return e == ERR_OK && p->stamps && p->news.tag == p->next
	    ? tag_put(t, p->next)
	    : e;
}

enum err
registration_poll(struct store *st, struct arena *a,
    const struct registration_poll *poll, struct registration_news *out)
{
	struct polling p = { .poll = poll, .a = a };
	enum err e = ERR_OK;

	out->n = 0;
	if (!fits(poll->device, REGISTRATION_NAME_MAX) ||
	    !fits(poll->topic, REGISTRATION_NAME_MAX))
		return ERR_OK;
	if ((e = store_read(st, look, &p)) == ERR_OK && p.again) {
		p.stamps = true;
		e = store_run(st, look, &p);
	}
	if (e == ERR_OK)
		*out = p.news;
	return e;
}
