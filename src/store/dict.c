#include "store/dict.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/cell.h"
#include "store/scan.h"

/*
 * Keys: dictionary, text.  Of a long text only the start is in the key, and
 * its digest; the rest follows the code.  The key without text counts codes.
 */
#define START_MAX  512
#define DIGEST_LEN 32
#define KEY_MAX    (4 + START_MAX + DIGEST_LEN)
#define CODE_LEN   4

static const unsigned char epoch_key[4] = { 0xff, 0xff, 0xff, 0xff };

/* -- what a process remembers --------------------------------------------- */

#define CACHE_SIZE 1024 /* a power of 2 */
#define CACHE_TEXT 56   /* longer ones are looked up each time */

struct entry {
	uint32_t dict, code; /* code 0: free */
	unsigned char len;
	char text[CACHE_TEXT];
};

struct dict {
	uint32_t epoch;
	struct entry entries[CACHE_SIZE];
};

static struct dict *
cache(struct store *st)
{
	if (st->dict == NULL &&
	    (st->dict = calloc(1, sizeof(*st->dict))) == NULL)
		abort();
	return st->dict;
}

void
dict_close(struct store *st)
{
	free(st->dict);
}

/* FNV-1a */
static struct entry *
slot(struct store *st, uint32_t dict, struct slice text)
{
	uint32_t h = 2166136261U ^ dict;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.s[i]) * 16777619U;
	return &cache(st)->entries[(h ^ h >> 16) % CACHE_SIZE];
}

static bool
recall(struct store *st, uint32_t dict, struct slice text, uint32_t *code)
{
	struct entry *e;

	if (text.len > CACHE_TEXT)
		return false;
	e = slot(st, dict, text);
	if (e->code == 0 || e->dict != dict || e->len != text.len ||
	    memcmp(e->text, text.s, text.len) != 0)
		return false;
	*code = e->code;
	return true;
}

static void
learn(struct store *st, uint32_t dict, struct slice text, uint32_t code)
{
	struct entry *e;

	if (text.len > CACHE_TEXT)
		return;
	e = slot(st, dict, text);
	e->dict = dict;
	e->code = code;
	e->len = (unsigned char)text.len;
	memcpy(e->text, text.s, text.len);
}

/* -- rows ------------------------------------------------------------------ */

static struct slice
make_key(uint32_t dict, struct slice text, unsigned char key[KEY_MAX])
{
	size_t n = text.len < START_MAX ? text.len : START_MAX;

	table_put32(key, dict);
	memcpy(key + 4, text.s, n);
	if (text.len <= START_MAX)
		return table_slice(key, 4 + n);
	if (EVP_Digest(
		text.s, text.len, key + 4 + n, NULL, EVP_sha256(), NULL) != 1)
		abort();
	return table_slice(key, KEY_MAX);
}

static enum err
read_code(struct store *st, struct slice row, uint32_t *code)
{
	if (row.len >= CODE_LEN) {
		*code = table_get32(row.s);
		return ERR_OK;
	}
	log_error("store_fault", "dir", st->dir, "what", "dictionary", "why",
	    "a row is damaged", NULL);
	return ERR_INTERNAL;
}

/* A read that holds no lock afterwards, even inside a transaction. */
static enum err
look(struct store *st, struct slice key, uint32_t *code)
{
	enum err e = ERR_BUSY;
	struct slice row;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = st };

		run_back_off(i);
		e = table_get(&t, TABLE_DICT, key, &row, 0);
	}
	return e == ERR_OK ? read_code(st, row, code) : e;
}

enum err
dict_find(struct store *st, uint32_t dict, struct slice text, uint32_t *code)
{
	unsigned char key[KEY_MAX];
	enum err e;

	if (text.len == 0) {
		*code = CODE_EMPTY;
		return ERR_OK;
	}
	if (recall(st, dict, text, code))
		return ERR_OK;
	e = look(st, make_key(dict, text, key), code);
	if (e == ERR_OK)
		learn(st, dict, text, *code);
	return e;
}

/* -- making ---------------------------------------------------------------- */

struct make {
	struct slice counter, key, rest;
	uint32_t code;
};

static enum err
put_code(struct txn *t, struct slice key, uint32_t code, struct slice rest)
{
	unsigned char *row = malloc(CODE_LEN + rest.len);
	enum err e;

	if (row == NULL)
		abort();
	table_put32(row, code);
	if (rest.len != 0)
		memcpy(row + CODE_LEN, rest.s, rest.len);
	e = table_put(
	    t, TABLE_DICT, key, table_slice(row, CODE_LEN + rest.len), 0);
	free(row);
	return e;
}

/* The counter is locked first: makers of a dictionary take turns. */
static enum err
make_once(struct txn *t, void *arg)
{
	struct make *m = arg;
	struct slice row;
	uint32_t next = CODE_FIRST;
	enum err e = table_get(t, TABLE_DICT, m->counter, &row, DB_RMW);

	if (e == ERR_OK)
		e = read_code(t->st, row, &next);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	e = table_get(t, TABLE_DICT, m->key, &row, DB_RMW);
	if (e == ERR_OK)
		return read_code(t->st, row, &m->code);
	if (e != ERR_NOTFOUND)
		return e;
	if (next == UINT32_MAX) {
		log_error("store_fault", "dir", t->st->dir, "what",
		    "dictionary", "why", "all codes are given", NULL);
		return ERR_INTERNAL;
	}
	m->code = next;
	if ((e = put_code(t, m->key, next, m->rest)) != ERR_OK)
		return e;
	return put_code(t, m->counter, next + 1, (struct slice){ NULL, 0 });
}

/*
 * It need not be flushed: a commit that uses the code flushes all the log
 * before it.
 */
enum err
dict_code(struct store *st, uint32_t dict, struct slice text, uint32_t *code)
{
	unsigned char key[KEY_MAX], counter[4];
	struct make m = { .key = make_key(dict, text, key) };
	enum err e = dict_find(st, dict, text, code);

	if (e != ERR_NOTFOUND)
		return e;
	table_put32(counter, dict);
	m.counter = table_slice(counter, sizeof(counter));
	if (text.len > START_MAX)
		m.rest = table_slice(text.s + START_MAX, text.len - START_MAX);
	if ((e = run_with(st, make_once, &m, DB_TXN_NOSYNC)) == ERR_OK) {
		learn(st, dict, text, m.code);
		*code = m.code;
	}
	return e;
}

/* -- all of a dictionary --------------------------------------------------- */

/* Long texts with the same start come in the order of their digests. */
struct run {
	struct arena *a;
	struct long_text {
		struct slice text;
		uint32_t code;
	} * list;
	size_t n, size;
};

static int
by_text(const void *a, const void *b)
{
	const struct long_text *x = a, *y = b;
	size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
	int c = memcmp(x->text.s, y->text.s, n);

	return c != 0
	    ? c
	    : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

static enum err
run_flush(struct run *r, dict_fn *fn, void *arg)
{
	enum err e = ERR_OK;

	if (r->n == 0)
		return ERR_OK;
	qsort(r->list, r->n, sizeof(*r->list), by_text);
	for (size_t i = 0; e == ERR_OK && i < r->n; i++)
		e = fn(r->list[i].text, r->list[i].code, arg);
	r->n = 0;
	arena_reset(r->a);
	return e;
}

static void
run_add(struct run *r, struct slice start, struct slice rest, uint32_t code)
{
	char *text = arena_alloc(r->a, start.len + rest.len);

	if (r->n == r->size) {
		r->size = r->size * 2 + 16;
		r->list = realloc(r->list, r->size * sizeof(*r->list));
		if (r->list == NULL)
			abort();
	}
	memcpy(text, start.s, start.len);
	memcpy(text + start.len, rest.s, rest.len);
	r->list[r->n].text = (struct slice){ text, start.len + rest.len };
	r->list[r->n++].code = code;
}

/* One row; `run` holds back long texts until all with their start came. */
static enum err
each_row(
    struct run *run, struct slice key, struct slice row, dict_fn *fn, void *arg)
{
	struct slice start = { key.s + 4, START_MAX };
	struct slice rest = { row.s + CODE_LEN, row.len - CODE_LEN };
	uint32_t code = table_get32(row.s);
	bool is_long = key.len == KEY_MAX;
	enum err e = ERR_OK;

	if (run->n > 0 &&
	    (!is_long || memcmp(run->list[0].text.s, start.s, START_MAX) != 0))
		e = run_flush(run, fn, arg);
	if (e != ERR_OK || key.len == 4)
		return e;
	if (is_long) {
		run_add(run, start, rest, code);
		return ERR_OK;
	}
	return fn((struct slice){ key.s + 4, key.len - 4 }, code, arg);
}

enum err
dict_each(struct store *st, uint32_t dict, dict_fn *fn, void *arg)
{
	struct run run = { .a = arena_new(1024) };
	unsigned char from[4];
	struct slice key, row;
	struct scan s;
	uint32_t code;
	enum err e;

	table_put32(from, dict);
	scan_init(&s, st, TABLE_DICT);
	scan_within(&s, table_slice(from, sizeof(from)));
	while ((e = scan_next(&s, &key, &row)) == ERR_OK) {
		if ((e = read_code(st, row, &code)) != ERR_OK ||
		    (e = each_row(&run, key, row, fn, arg)) != ERR_OK)
			break;
	}
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
	if (e == ERR_OK)
		e = run_flush(&run, fn, arg);
	scan_free(&s);
	free(run.list);
	arena_free(run.a);
	return e;
}

/* -- mending --------------------------------------------------------------- */

enum err
dict_refresh(struct store *st)
{
	struct dict *d = cache(st);
	uint32_t epoch = 0;
	enum err e = look(st, table_slice(epoch_key, 4), &epoch);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if (epoch != d->epoch)
		memset(d, 0, sizeof(*d));
	d->epoch = epoch;
	return ERR_OK;
}

static enum err
renew_once(struct txn *t, void *arg)
{
	struct slice key = table_slice(epoch_key, 4), row;
	uint32_t epoch = 0;
	enum err e = table_get(t, TABLE_DICT, key, &row, DB_RMW);

	(void)arg;
	if (e == ERR_OK)
		e = read_code(t->st, row, &epoch);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	return put_code(t, key, epoch + 1, (struct slice){ NULL, 0 });
}

enum err
dict_renew(struct store *st)
{
	return run_with(st, renew_once, NULL, st->commit);
}

struct edit {
	struct slice key, rest;
	uint32_t code; /* 0: it goes */
};

static enum err
edit_once(struct txn *t, void *arg)
{
	const struct edit *d = arg;
	enum err e = d->code != 0 ? put_code(t, d->key, d->code, d->rest)
				  : table_del(t, TABLE_DICT, d->key);

	return e == ERR_OK || e == ERR_NOTFOUND ? renew_once(t, NULL) : e;
}

static enum err
edit(struct store *st, uint32_t dict, struct slice text, uint32_t code)
{
	unsigned char key[KEY_MAX];
	struct edit d = { .key = make_key(dict, text, key), .code = code };

	if (text.len > START_MAX)
		d.rest = table_slice(text.s + START_MAX, text.len - START_MAX);
	return run_with(st, edit_once, &d, st->commit);
}

enum err
dict_next(struct store *st, uint32_t dict, uint32_t *next)
{
	unsigned char counter[4];

	table_put32(counter, dict);
	return look(st, table_slice(counter, sizeof(counter)), next);
}

enum err
dict_drop(struct store *st, uint32_t dict, struct slice text)
{
	return edit(st, dict, text, 0);
}

enum err
dict_put_back(struct store *st, uint32_t dict, struct slice text, uint32_t code)
{
	return edit(st, dict, text, code);
}

struct check {
	struct store *st;
	bool mend;
	uint32_t dict, next;
	uint64_t *given; /* a bit for each code */
	size_t nwords;
	store_report_fn *report;
	void *arg;
	uint64_t faults;
};

static enum err
remove_once(struct txn *t, void *arg)
{
	enum err e = table_del(t, TABLE_DICT, *(struct slice *)arg);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

struct counter {
	struct slice key;
	uint32_t next;
};

static enum err
put_counter(struct txn *t, void *arg)
{
	const struct counter *c = arg;

	return put_code(t, c->key, c->next, (struct slice){ NULL, 0 });
}

static enum err
bad_row(struct check *c, struct slice key)
{
	char text[STORE_KEY_MAX];

	c->faults++;
	if (c->report != NULL) {
		snprintf(text, sizeof(text),
		    "dictionary %u: the code of %.*s is not its own", c->dict,
		    (int)(key.len > 84 ? 80 : key.len - 4), key.s + 4);
		c->report(c->arg, text);
	}
	return c->mend ? run_with(c->st, remove_once, &key, c->st->commit)
		       : ERR_OK;
}

static void
note_code(struct check *c, uint32_t code)
{
	size_t words = code / 64 + 1;

	if (c->given == NULL || words > c->nwords) {
		c->given = realloc(c->given, words * 2 * sizeof(*c->given));
		if (c->given == NULL)
			abort();
		memset(c->given + c->nwords, 0,
		    (words * 2 - c->nwords) * sizeof(*c->given));
		c->nwords = words * 2;
	}
	c->given[code / 64] |= UINT64_C(1) << code % 64;
}

/* The counter is behind: it would give this code to another. */
static enum err
bad_counter(struct check *c, struct slice key, uint32_t code)
{
	struct counter to = { { key.s, 4 }, code + 1 };

	c->faults++;
	c->next = code + 1;
	if (c->report != NULL)
		c->report(c->arg, "a dictionary would give a code twice");
	return c->mend ? run_with(c->st, put_counter, &to, c->st->commit)
		       : ERR_OK;
}

static enum err
check_row(struct check *c, struct slice key, struct slice row)
{
	uint32_t code;
	enum err e = read_code(c->st, row, &code);

	if (e != ERR_OK || key.len < 4)
		return e;
	if (key.len == 4 || c->dict != table_get32(key.s)) {
		c->dict = table_get32(key.s);
		c->next = key.len == 4 ? code : 0;
		if (c->nwords > 0)
			memset(c->given, 0, c->nwords * sizeof(*c->given));
	}
	if (key.len == 4)
		return ERR_OK;
	/* Given after the counter was read, as it may be? */
	if (code >= c->next) {
		e = look(c->st, table_slice(key.s, 4), &c->next);
		if (e != ERR_OK && e != ERR_NOTFOUND)
			return e;
	}
	if (code < CODE_FIRST ||
	    (code / 64 < c->nwords &&
		(c->given[code / 64] >> code % 64 & 1) != 0))
		return bad_row(c, key);
	note_code(c, code);
	return code >= c->next ? bad_counter(c, key, code) : ERR_OK;
}

enum err
dict_check(struct store *st, bool mend, store_report_fn *report, void *arg,
    uint64_t *faults)
{
	struct check c = { .st = st,
		.mend = mend,
		.dict = UINT32_MAX,
		.report = report,
		.arg = arg };
	struct slice key, row;
	struct scan s;
	enum err e;

	scan_init(&s, st, TABLE_DICT);
	scan_from(&s, table_slice("", 0));
	while ((e = scan_next(&s, &key, &row)) == ERR_OK)
		if (slice_eq(key, table_slice(epoch_key, 4)) ||
		    (e = check_row(&c, key, row)) != ERR_OK)
			break;
	scan_free(&s);
	free(c.given);
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
	if (e == ERR_OK && mend && c.faults > 0)
		e = dict_renew(st);
	if (e == ERR_OK)
		*faults += c.faults;
	return e;
}
