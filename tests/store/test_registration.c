#include "store/registration.h"

#include "fixture.h"
#include "store/keys.h"

#define NOW   INT64_C(1795323845678)
#define TOPIC "pass.com.acme"

struct doing {
	struct arena *a;
	struct registration r;
	bool new;
	struct registration_moves m;
	struct registration *list;
	size_t n;
};

static enum err
do_add(struct txn *t, void *arg)
{
	struct doing *d = arg;

	return registration_add(t, d->a, &d->r, &d->new, &d->m);
}

static enum err
do_remove(struct txn *t, void *arg)
{
	struct doing *d = arg;

	return registration_remove(t, d->a, &d->r, &d->m);
}

static enum err
do_drop(struct txn *t, void *arg)
{
	struct doing *d = arg;

	return registration_drop(t, d->a, d->r.token, d->r.date, &d->m);
}

static enum err
do_list(struct txn *t, void *arg)
{
	struct doing *d = arg;

	return registration_list(t, d->a, d->r.pass, &d->list, &d->n);
}

/* "pass-1+1 pass-2-1": what moved. */
static const char *
run(struct fixture *f, store_fn *fn, struct doing *d)
{
	const char *s = "";

	d->a = f->a;
	assert_int_equal(store_run(f->st, fn, d), ERR_OK);
	for (size_t i = 0; i < d->m.n; i++)
		if (d->m.list[i].by != 0)
			s = arena_printf(f->a, "%s%s%s%+d", s,
			    *s == '\0' ? "" : " ", d->m.list[i].pass,
			    d->m.list[i].by);
	return s;
}

static const char *
reg(struct fixture *f, const char *device, const char *pass, const char *token)
{
	struct doing d = { .r = { device, TOPIC, pass, token, NOW } };
	const char *moves = run(f, do_add, &d);

	return arena_printf(f->a, "%s%s", d.new ? "new " : "", moves);
}

static const char *
unreg(struct fixture *f, const char *device, const char *pass)
{
	struct doing d = { .r = { device, TOPIC, pass, NULL, 0 } };

	return run(f, do_remove, &d);
}

static const char *
drop(struct fixture *f, const char *token, int64_t until)
{
	struct doing d = { .r = { .token = token, .date = until } };

	return run(f, do_drop, &d);
}

/* "device:token ..." */
static const char *
list(struct fixture *f, const char *pass)
{
	struct doing d = { .r.pass = pass };
	const char *s = "";

	run(f, do_list, &d);
	for (size_t i = 0; i < d.n; i++)
		s = arena_printf(
		    f->a, "%s%s:%s ", s, d.list[i].device, d.list[i].token);
	return s;
}

static uint64_t
poll(struct fixture *f, const char *device, uint64_t since, const char *want)
{
	const struct registration_poll q = { device, TOPIC, since, NOW };
	struct registration_news news;
	const char *s = "";

	assert_int_equal(registration_poll(f->st, f->a, &q, &news), ERR_OK);
	for (size_t i = 0; i < news.n; i++)
		s = arena_printf(f->a, "%s%s ", s, news.ids[i]);
	assert_string_equal(s, want);
	return news.tag;
}

static void
touch(struct fixture *f, const char *id, const char *document)
{
	struct store_pass old, p = { .id = id, .document = slice_of(document) };

	assert_int_equal(store_pass_read(f->st, id, f->a, &old), ERR_OK);
	assert_int_equal(change(f->st, &old, &p), ERR_OK);
}

static int
setup(void **state)
{
	static const char *const ids[] = { "pass-1", "pass-2", "pass-12" };
	int rc = fixture_setup(state);

	for (size_t i = 0; i < 3; i++) {
		struct store_pass p = { .id = ids[i], .document = S("{}") };

		assert_int_equal(add(((struct fixture *)*state)->st, &p), 0);
	}
	return rc;
}

static void
test_a_life(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(reg(f, "dev", "pass-1", "T"), "new pass-1+1");
	assert_string_equal(reg(f, "dev", "pass-1", "T"), "");
	assert_string_equal(reg(f, "dev", "pass-12", "T"), "new pass-12+1");
	assert_string_equal(list(f, "pass-1"), "dev:T ");
	assert_string_equal(reg(f, "dev", "pass-1", "U"), "");
	assert_string_equal(list(f, "pass-1"), "dev:U ");
	assert_string_equal(list(f, "pass-12"), "dev:U ");
	assert_string_equal(drop(f, "T", NOW), "");
	assert_string_equal(unreg(f, "dev", "pass-1"), "pass-1-1");
	assert_string_equal(unreg(f, "dev", "pass-1"), "");
	assert_string_equal(unreg(f, "nobody", "pass-1"), "");
	assert_string_equal(list(f, "pass-1"), "");
	assert_string_equal(list(f, "pass-12"), "dev:U ");
}

/* Its identifiers come and go, but it is one phone. */
static void
test_a_phone_is_its_token(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(reg(f, "dev-a", "pass-1", "T"), "new pass-1+1");
	assert_string_equal(reg(f, "dev-b", "pass-1", "T"), "new ");
	assert_string_equal(reg(f, "dev-b", "pass-1", "U"), "pass-1+1");
	assert_string_equal(reg(f, "dev-b", "pass-1", "T"), "pass-1-1");
	assert_string_equal(unreg(f, "dev-a", "pass-1"), "");
	assert_string_equal(unreg(f, "dev-b", "pass-1"), "pass-1-1");
}

static void
test_a_token_that_is_dead(void **state)
{
	struct fixture *f = *state;

	reg(f, "dev", "pass-1", "T");
	reg(f, "dev", "pass-2", "T");
	reg(f, "other", "pass-2", "U");
	assert_string_equal(drop(f, "T", NOW - 1), "");
	assert_string_equal(drop(f, "T", NOW), "pass-1-1 pass-2-1");
	assert_string_equal(list(f, "pass-1"), "");
	assert_string_equal(list(f, "pass-2"), "other:U ");
	assert_string_equal(reg(f, "dev", "pass-1", "T"), "new pass-1+1");
}

static void
test_goes_with_the_pass(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = NULL };

	reg(f, "dev", "pass-1", "T");
	reg(f, "dev", "pass-12", "T");
	assert_int_equal(store_pass_read(f->st, "pass-1", f->a, &p), ERR_OK);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	assert_string_equal(list(f, "pass-1"), "");
	assert_string_equal(list(f, "pass-12"), "dev:T ");
	poll(f, "dev", 0, "pass-12 ");
}

static void
test_limits(void **state)
{
	struct fixture *f = *state;
	char *big = arena_alloc(f->a, REGISTRATION_TOKEN_MAX + 2);
	struct doing d = { .a = f->a,
		.r = { "dev", TOPIC, "pass-1", big, NOW } };

	memset(big, 'x', REGISTRATION_TOKEN_MAX + 1);
	assert_int_equal(store_run(f->st, do_add, &d), ERR_TOOBIG);
	big[REGISTRATION_TOKEN_MAX] = '\0';
	assert_string_equal(reg(f, "dev", "pass-1", big), "new pass-1+1");
	assert_string_equal(
	    list(f, "pass-1"), arena_printf(f->a, "dev:%s ", big));
	d.r.device = big;
	assert_int_equal(store_run(f->st, do_add, &d), ERR_TOOBIG);
}

struct filling {
	struct fixture *f;
	unsigned from, to;
	bool device; /* else the pass */
};

static enum err
fill(struct txn *t, void *arg)
{
	const struct filling *g = arg;
	enum err e = ERR_OK;

	for (unsigned i = g->from; e == ERR_OK && i < g->to; i++) {
		const char *name = arena_printf(g->f->a, "n-%u", i);
		const struct registration r = { g->device ? "dev" : name, TOPIC,
			g->device ? name : "pass-1", "T", NOW };
		struct registration_moves m = { .n = 0 };
		bool new;

		e = registration_add(t, g->f->a, &r, &new, &m);
	}
	return e;
}

static void
fill_up(struct fixture *f, bool device, unsigned n)
{
	struct filling g = { f, 0, 0, device };

	for (; g.from < n; g.from = g.to) {
		g.to = g.from + 500 < n ? g.from + 500 : n;
		assert_int_equal(store_run(f->st, fill, &g), ERR_OK);
	}
}

static enum err
room(struct fixture *f, const char *device, const char *pass)
{
	const struct registration r = { device, TOPIC, pass, "T", NOW };

	return registration_room(f->st, &r);
}

static void
test_room(void **state)
{
	struct fixture *f = *state;

	fill_up(f, true, REGISTRATION_PASSES_MAX - 1);
	assert_int_equal(room(f, "dev", "another"), ERR_OK);
	reg(f, "dev", "last", "T");
	assert_int_equal(room(f, "dev", "another"), ERR_TOOBIG);
	assert_int_equal(room(f, "dev", "n-7"), ERR_OK);
	assert_int_equal(room(f, "dev", "n-"), ERR_TOOBIG);
	assert_int_equal(room(f, "dev-2", "another"), ERR_OK);
	fill_up(f, false, REGISTRATION_DEVICES_MAX - 1);
	assert_int_equal(room(f, "dev-2", "pass-1"), ERR_OK);
	reg(f, "dev-3", "pass-1", "T");
	assert_int_equal(room(f, "dev-2", "pass-1"), ERR_TOOBIG);
	assert_int_equal(room(f, "dev-3", "pass-1"), ERR_OK);
	assert_int_equal(room(f, "dev-2", "pass-12"), ERR_OK);
	/* All of one token: they go, and the pass is free again. */
	assert_string_equal(unreg(f, "dev-3", "pass-1"), "");
	assert_int_equal(room(f, "dev-2", "pass-1"), ERR_OK);
	drop(f, "T", NOW);
	assert_string_equal(list(f, "pass-1"), "");
}

static void
test_tags(void **state)
{
	struct fixture *f = *state;
	uint64_t first, second;

	poll(f, "dev", 0, "");
	reg(f, "dev", "pass-1", "T");
	reg(f, "dev", "pass-2", "T");
	first = poll(f, "dev", 0, "pass-1 pass-2 ");
	assert_true(first > 0);
	assert_int_equal(poll(f, "dev", first, ""), first);
	touch(f, "pass-2", "{\"a\":1}");
	second = poll(f, "dev", first, "pass-2 ");
	assert_true(second > first);
	poll(f, "dev", second, "");
	/* Two in the same millisecond, each between two polls. */
	touch(f, "pass-1", "{\"a\":1}");
	first = poll(f, "dev", second, "pass-1 ");
	touch(f, "pass-1", "{\"a\":2}");
	touch(f, "pass-2", "{\"a\":2}");
	second = poll(f, "dev", first, "pass-1 pass-2 ");
	assert_true(second > first);
	/* A tag that was never given. */
	poll(f, "dev", second + 100000, "pass-1 pass-2 ");
	/* Another device's poll stamps it, and this one still hears. */
	reg(f, "dev-b", "pass-2", "U");
	touch(f, "pass-2", "{\"a\":3}");
	poll(f, "dev-b", second, "pass-2 ");
	poll(f, "dev", second, "pass-2 ");
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_life),
		T(test_a_phone_is_its_token),
		T(test_a_token_that_is_dead),
		T(test_goes_with_the_pass),
		T(test_limits),
		T(test_room),
		T(test_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
