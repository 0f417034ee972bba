#include "store/event.h"

#include "fixture.h"

#define NOW INT64_C(1795323845678)

/* Events of these passes, in one transaction that fails or not. */
struct batch {
	const char *const *ids;
	size_t n;
	enum err e;
};

static enum err
add_all(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->n; i++) {
		const struct event event = {
			.kind = EVENT_INSTALLED,
			.wallet = STORE_GOOGLE,
			.date = NOW + (int64_t)i,
			.pass = b->ids[i],
			.type = "loyalty",
		};

		e = event_add(t, &event);
	}
	return e == ERR_OK ? b->e : e;
}

static void
happened(struct fixture *f, const char *const *ids, size_t n)
{
	struct batch b = { ids, n, ERR_OK };

	assert_int_equal(store_run(f->st, add_all, &b), ERR_OK);
}

struct doing {
	struct event list[64];
	size_t n;
	enum err e; /* of the transaction that they are a part of */
};

static enum err
do_all(struct txn *t, void *arg)
{
	struct doing *d = arg;
	enum err e = event_done(t, d->list, d->n);

	return e == ERR_OK ? d->e : e;
}

static struct doing
taken(struct fixture *f, size_t max)
{
	struct doing d = { .n = max };

	assert_int_equal(event_next(f->st, f->a, d.list, &d.n), ERR_OK);
	return d;
}

static const char *
ids_of(struct fixture *f, const struct doing *d)
{
	const char *all = "";

	for (size_t i = 0; i < d->n; i++)
		all = arena_printf(f->a, "%s %s", all, d->list[i].pass);
	return all;
}

static uint64_t
counted(struct fixture *f)
{
	uint64_t n = 99;

	assert_int_equal(event_count(f->st, &n), ERR_OK);
	return n;
}

static const char *const some[] = { "pass-1", "pass-2", "pass-3", "pass-4" };

static void
test_first_in_first_out(void **state)
{
	struct fixture *f = *state;
	struct doing d = taken(f, 64);

	assert_int_equal(d.n, 0);
	assert_int_equal(counted(f), 0);
	happened(f, some, 3);
	happened(f, some + 3, 1);
	assert_int_equal(counted(f), 4);
	d = taken(f, 2);
	assert_string_equal(ids_of(f, &d), " pass-1 pass-2");
	assert_int_equal(d.list[1].kind, EVENT_INSTALLED);
	assert_int_equal(d.list[1].wallet, STORE_GOOGLE);
	assert_int_equal(d.list[1].date, NOW + 1);
	assert_string_equal(d.list[1].type, "loyalty");
	assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	assert_int_equal(counted(f), 2);
	fixture_reopen(f);
	d = taken(f, 64);
	assert_string_equal(ids_of(f, &d), " pass-3 pass-4");
	assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	assert_int_equal(taken(f, 64).n, 0);
	assert_int_equal(counted(f), 0);
}

static void
test_they_stay_until_all_is_done(void **state)
{
	struct fixture *f = *state;
	struct doing d;

	happened(f, some, 2);
	assert_int_equal(counted(f), 2);
	d = taken(f, 64);
	d.e = ERR_TOOBIG;
	assert_int_equal(store_run(f->st, do_all, &d), ERR_TOOBIG);
	assert_int_equal(taken(f, 64).n, 2);
	d.e = ERR_OK;
	assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	/* Another took them: this one has come too late. */
	assert_int_equal(store_run(f->st, do_all, &d), ERR_CONFLICT);
	happened(f, some, 2);
	assert_int_equal(store_run(f->st, do_all, &d), ERR_CONFLICT);
	assert_int_equal(taken(f, 64).n, 2);
}

static void
test_what_was_undone_did_not_happen(void **state)
{
	struct fixture *f = *state;
	struct batch undone = { some, 2, ERR_TOOBIG };
	struct doing d;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    store_run(f->st, add_all, &undone), ERR_TOOBIG);
		happened(f, some + 2, 2);
	}
	d = taken(f, 64);
	assert_string_equal(
	    ids_of(f, &d), " pass-3 pass-4 pass-3 pass-4 pass-3 pass-4");
	assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	assert_int_equal(taken(f, 64).n, 0);
}

/* How many files the queue has. */
static int
files(struct fixture *f)
{
	char out[16] = "";
	FILE *p = popen(
	    arena_printf(f->a, "ls %s | grep -c '^__dbq.event'", f->dir), "r");

	assert_non_null(p);
	(void)fgets(out, sizeof(out), p);
	pclose(p);
	return atoi(out);
}

static void
test_the_files_go(void **state)
{
	struct fixture *f = *state;
	const char *many[64];
	struct doing d;

	for (size_t i = 0; i < 64; i++)
		many[i] = "pass-1";
	for (int i = 0; i < 1000; i++)
		happened(f, many, 64);
	assert_true(files(f) > 3);
	do {
		d = taken(f, 64);
		assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	} while (d.n > 0);
	assert_true(files(f) <= 2);
	happened(f, some, 4);
	assert_int_equal(taken(f, 64).n, 4);
}

static void
test_refused(void **state)
{
	char max[66] = "";
	const char *const id[] = { max };
	struct fixture *f = *state;
	struct batch b = { id, 1, ERR_OK };

	memset(max, 'x', 65);
	assert_int_equal(store_run(f->st, add_all, &b), ERR_INVALID);
	max[64] = '\0';
	assert_int_equal(store_run(f->st, add_all, &b), ERR_OK);
	assert_string_equal(taken(f, 64).list[0].pass, max);
}

/* -- who is told after the commit ------------------------------------------ */

struct heard {
	char text[512];
	unsigned calls;
};

static void
hear(void *arg, const char *dir, const struct event *events, size_t n)
{
	struct heard *h = arg;

	assert_non_null(strstr(dir, "/data"));
	h->calls++;
	for (size_t i = 0; i < n; i++)
		snprintf(h->text + strlen(h->text),
		    sizeof(h->text) - strlen(h->text), " %s:%d:%s",
		    events[i].pass, (int)events[i].kind, events[i].type);
}

/* What was pointed to is gone when the commit is made. */
static enum err
add_fleeting(struct txn *t, void *arg)
{
	char id[] = "pass-9", type[] = "ticket";
	const struct event event = {
		.kind = EVENT_UPDATED, .date = NOW, .pass = id, .type = type
	};
	enum err e = event_add(t, &event);

	(void)arg;
	memset(id, 'x', sizeof(id) - 1);
	memset(type, 'x', sizeof(type) - 1);
	return e;
}

static void
test_told_after_the_commit(void **state)
{
	struct fixture *f = *state;
	struct batch undone = { some, 4, ERR_TOOBIG };
	struct heard h = { .calls = 0 };
	const struct store_options opt = {
		.sync = STORE_NOSYNC, .tell = hear, .tell_arg = &h
	};
	struct doing d;

	happened(f, some, 1);
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	assert_int_equal(store_run(f->st, add_all, &undone), ERR_TOOBIG);
	assert_int_equal(h.calls, 0);
	happened(f, some, 2);
	assert_int_equal(store_run(f->st, add_fleeting, NULL), ERR_OK);
	assert_string_equal(
	    h.text, " pass-1:2:loyalty pass-2:2:loyalty pass-9:1:ticket");
	assert_int_equal(h.calls, 2);
	/* Nothing happens when they are dealt with. */
	d = taken(f, 64);
	assert_int_equal(d.n, 4);
	assert_int_equal(store_run(f->st, do_all, &d), ERR_OK);
	assert_int_equal(h.calls, 2);
}

/* A new text in each, and, every so many commits, a move to the columns. */
static enum err
add_with_pass(struct txn *t, void *arg)
{
	static char text[16], id[16];
	static struct store_column column = { .name = { "metadata.x", 10 } };
	struct store_pass p = { .id = id, .columns = &column, .ncolumns = 1 };
	const unsigned *i = arg;
	const struct event e = {
		.kind = EVENT_CREATED, .date = 1, .pass = id, .type = "t"
	};
	enum err err = event_add(t, &e);

	(void)snprintf(id, sizeof(id), "p%u", *i);
	(void)snprintf(text, sizeof(text), "text %u", *i);
	column.value = slice_of(text);
	return err == ERR_OK ? store_pass_add(t, &p) : err;
}

static void
count_calls(void *arg, const char *dir, const struct event *e, size_t n)
{
	unsigned *calls = arg;

	(void)dir;
	(void)e;
	*calls += n == 1;
}

static void
test_told_whatever_the_store_does_besides(void **state)
{
	struct fixture *f = *state;
	unsigned calls = 0;
	const struct store_options opt = {
		.sync = STORE_NOSYNC, .tell = count_calls, .tell_arg = &calls
	};

	store_close(f->st);
	f->st = NULL;
	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(store_run(f->st, add_with_pass, &i), ERR_OK);
	assert_int_equal(calls, 200);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_first_in_first_out),
		T(test_they_stay_until_all_is_done),
		T(test_what_was_undone_did_not_happen),
		T(test_the_files_go),
		T(test_refused),
		T(test_told_after_the_commit),
		T(test_told_whatever_the_store_does_besides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
