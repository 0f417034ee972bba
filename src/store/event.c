#include "store/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/private.h"

/*
 * A record: version of the layout, kind, wallet, lengths of id and type,
 * date, id, type, and NUL up to EVENT_LEN.
 */
#define RECORD_VERSION 1
#define RECORD_HEAD    13
#define TEXT_MAX       64

#define FEW 64 /* numbers, see event_count() */

/* -- who is told after the commit ------------------------------------------ */

struct told {
	size_t n, room;
	struct told_event {
		struct event e;
		char pass[TEXT_MAX + 1], type[TEXT_MAX + 1];
	} * list;
	struct event *events; /* of the list, when they are told */
};

/* What `e` points to may be gone by then. */
static void
told_add(struct store *st, const struct event *e)
{
	struct told *to = st->told;
	struct told_event *one;

	if (to == NULL && (to = st->told = calloc(1, sizeof(*to))) == NULL)
		abort();
	if (to->n == to->room) {
		to->room = 2 * to->room + 8;
		to->list = reallocarray(to->list, to->room, sizeof(*to->list));
		to->events =
		    reallocarray(to->events, to->room, sizeof(*to->events));
		if (to->list == NULL || to->events == NULL)
			abort();
	}
	one = &to->list[to->n++];
	one->e = *e;
	(void)snprintf(one->pass, sizeof(one->pass), "%s", e->pass);
	(void)snprintf(one->type, sizeof(one->type), "%s", e->type);
}

void
told_clear(struct store *st)
{
	if (st->told != NULL)
		st->told->n = 0;
}

void
told_tell(struct store *st)
{
	struct told *to = st->told;

	if (to == NULL || to->n == 0)
		return;
	for (size_t i = 0; i < to->n; i++) {
		to->events[i] = to->list[i].e;
		to->events[i].pass = to->list[i].pass;
		to->events[i].type = to->list[i].type;
	}
	st->tell(st->tell_arg, st->dir, to->events, to->n);
	to->n = 0;
}

void
told_close(struct store *st)
{
	if (st->told != NULL) {
		free(st->told->list);
		free(st->told->events);
	}
	free(st->told);
}

/* -- the queue --------------------------------------------------------------
 */

enum err
event_add(struct txn *t, const struct event *e)
{
	const size_t id = strlen(e->pass), type = strlen(e->type);
	unsigned char r[EVENT_LEN];

	if (e->kind >= EVENT__MAX || id > TEXT_MAX || type > TEXT_MAX)
		return ERR_INVALID;
	r[0] = RECORD_VERSION;
	r[1] = (unsigned char)e->kind;
	r[2] = (unsigned char)e->wallet;
	r[3] = (unsigned char)id;
	r[4] = (unsigned char)type;
	table_put64(r + 5, (uint64_t)e->date);
	memcpy(r + RECORD_HEAD, e->pass, id);
	memcpy(r + RECORD_HEAD + id, e->type, type);
	if (t->st->tell != NULL)
		told_add(t->st, e);
	return table_put(t, TABLE_EVENT, table_slice(NULL, 0),
	    table_slice(r, RECORD_HEAD + id + type), DB_APPEND);
}

static enum err
decode(struct txn *t, struct slice s, struct arena *a, struct event *e)
{
	const unsigned char *r = (const unsigned char *)s.s;

	if (s.len != EVENT_LEN || r[0] != RECORD_VERSION ||
	    r[1] >= EVENT__MAX || r[3] > TEXT_MAX || r[4] > TEXT_MAX) {
		log_error("store_fault", "dir", t->st->dir, "what", "event",
		    "why", "a record is damaged, or of a newer version", NULL);
		return ERR_INTERNAL;
	}
	e->kind = (enum event_kind)r[1];
	e->wallet = r[2];
	e->date = (int64_t)table_get64(r + 5);
	e->pass = arena_strndup(a, s.s + RECORD_HEAD, r[3]);
	e->type = arena_strndup(a, s.s + RECORD_HEAD + r[3], r[4]);
	return ERR_OK;
}

struct taking {
	struct arena *a;
	struct event *out;
	size_t max, n;
};

static enum err
take(struct txn *t, struct taking *tk, DBC *c)
{
	DBT key = { 0 }, value = { 0 };
	enum err e = ERR_OK;

	for (tk->n = 0; e == ERR_OK && tk->n < tk->max; tk->n++) {
		struct event *out = &tk->out[tk->n];

		e = table_cursor_get(t, c, &key, &value, DB_NEXT);
		if (e == ERR_OK)
			e = decode(
			    t, table_slice(value.data, value.size), tk->a, out);
		if (e != ERR_OK)
			break;
		memcpy(&out->place, key.data, sizeof(out->place));
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
next(struct txn *t, void *arg)
{
	DBC *c = NULL;
	enum err e = table_cursor(t, TABLE_EVENT, &c);

	if (e == ERR_OK)
		e = take(t, arg, c);
	if (c != NULL)
		c->close(c);
	return e;
}

enum err
event_next(struct store *st, struct arena *a, struct event *out, size_t *max)
{
	struct taking tk = { .a = a, .out = out, .max = *max };
	enum err e = store_read(st, next, &tk);

	if (e == ERR_OK)
		*max = tk.n;
	return e;
}

/* Their numbers begin anew after the last. */
static enum err
count_numbers(struct store *st, uint32_t *n)
{
	DB *db = st->db[TABLE_EVENT];
	DB_QUEUE_STAT *stat = NULL;
	enum err e =
	    store_rc(st, db->stat(db, NULL, &stat, DB_FAST_STAT), "stat");

	if (e == ERR_OK)
		*n = stat->qs_cur_recno - stat->qs_first_recno;
	free(stat);
	return e;
}

/* What was undone leaves a number that nobody has: a few are looked at. */
enum err
event_count(struct store *st, uint64_t *n)
{
	struct event few[FEW];
	struct arena *a;
	size_t exact = FEW;
	uint32_t numbers = 0;
	enum err e = count_numbers(st, &numbers);

	if (e == ERR_OK && numbers > 0 && numbers <= FEW) {
		a = arena_new(4096);
		e = event_next(st, a, few, &exact);
		numbers = (uint32_t)exact;
		arena_free(a);
	}
	if (e == ERR_OK)
		*n = numbers;
	return e;
}

/* Consuming them moves the head, so that files of the queue go. */
enum err
event_done(struct txn *t, const struct event *events, size_t n)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		uint32_t place;

		e = table_consume(t, TABLE_EVENT, &place);
		if (e == ERR_NOTFOUND ||
		    (e == ERR_OK && place != events[i].place))
			e = ERR_CONFLICT;
	}
	return e;
}
