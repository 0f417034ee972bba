#include <stdlib.h>
#include <time.h>

#include "store/column.h"
#include "store/dict.h"

/*
 * A code commits before the pass that has it.  So what was given in the last
 * second is left alone; and what somebody read just before it was dropped,
 * and commits now, comes back.
 */
#define SETTLE_MS 1000
#define AGAIN_MS  200

/* One dictionary and the column that it is of. */
struct sweep {
	struct store *st;
	uint32_t field, next; /* codes from `next` on are too new */
	uint64_t *used;       /* a bit for each code */
	struct arena *a;
	struct stale {
		struct slice text;
		uint32_t code;
	} * list;
	size_t n, size;
};

struct fields {
	struct sweep *list;
	size_t n, size;
	struct store *st;
};

static void
wait_ms(long ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static bool
has(const struct sweep *s, uint32_t code)
{
	return (s->used[code / 64] >> code % 64 & 1) != 0;
}

static void
note_strip(const struct strip *strip, void *arg)
{
	struct sweep *s = arg;

	for (unsigned i = 0; strip->width != 0 && i < COLUMN_CHUNK; i++) {
		const uint64_t cell = strip_cell(strip, i);
		const uint32_t code = cell_code(cell);

		if (cell >= CELL_BIG && code < s->next)
			s->used[code / 64] |= UINT64_C(1) << code % 64;
	}
}

static enum err
note_used(struct sweep *s)
{
	struct view v;
	enum err e = view_open(s->st, &v);

	if (e != ERR_OK)
		return e;
	memset(s->used, 0, (s->next / 64 + 1) * sizeof(*s->used));
	e = view_each(&v, s->field, NULL, note_strip, s);
	view_close(&v);
	return e;
}

static enum err
note_stale(struct slice text, uint32_t code, void *arg)
{
	struct sweep *s = arg;

	if (code >= s->next || has(s, code))
		return ERR_OK;
	if (s->n == s->size) {
		s->size = s->size * 2 + 64;
		s->list = reallocarray(s->list, s->size, sizeof(*s->list));
		if (s->list == NULL)
			abort();
	}
	s->list[s->n++] =
	    (struct stale){ { arena_strndup(s->a, text.s, text.len), text.len },
		    code };
	return ERR_OK;
}

static enum err
drop_stale(struct sweep *s)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < s->n; i++)
		e = dict_drop(s->st, s->field, s->list[i].text);
	if (e != ERR_OK || s->n == 0)
		return e;
	wait_ms(AGAIN_MS);
	/* What is not known to be unused goes back, too. */
	e = note_used(s);
	for (size_t i = 0; i < s->n; i++) {
		enum err back = ERR_OK;

		if (e != ERR_OK || has(s, s->list[i].code))
			back = dict_put_back(
			    s->st, s->field, s->list[i].text, s->list[i].code);
		e = e == ERR_OK ? back : e;
	}
	return e;
}

static enum err
sweep(struct sweep *s)
{
	enum err e;

	s->a = arena_new(4096);
	s->used = calloc(s->next / 64 + 1, sizeof(*s->used));
	if (s->used == NULL)
		abort();
	if ((e = note_used(s)) == ERR_OK &&
	    (e = dict_each(s->st, s->field, note_stale, s)) == ERR_OK)
		e = drop_stale(s);
	free(s->used);
	free(s->list);
	arena_free(s->a);
	return e;
}

static enum err
add_field(struct slice name, uint32_t field, void *arg)
{
	struct fields *f = arg;
	struct sweep s = { .st = f->st, .field = field };
	enum err e = dict_next(f->st, field, &s.next);

	(void)name;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (f->n == f->size) {
		f->size = f->size * 2 + 16;
		f->list = reallocarray(f->list, f->size, sizeof(*f->list));
		if (f->list == NULL)
			abort();
	}
	f->list[f->n++] = s;
	return ERR_OK;
}

enum err
store_forget_texts(struct store *st)
{
	struct fields f = { .st = st };
	enum err e = dict_each(st, DICT_NAMES, add_field, &f);

	if (e == ERR_OK && f.n > 0)
		wait_ms(SETTLE_MS);
	for (size_t i = 0; e == ERR_OK && i < f.n; i++)
		e = sweep(&f.list[i]);
	free(f.list);
	return e;
}
