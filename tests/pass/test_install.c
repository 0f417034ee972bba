#include "pass/install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pass/pass.h"
#include "store/due.h"
#include "store/message.h"
#include "store/query.h"
#include "store/registration.h"
#include "store/source.h"
#include "test.h"

#define NOW INT64_C(1795323845678)
#define DAY INT64_C(86400000)

struct fixture {
	char dir[40];
	struct arena *a;
	struct tenant t;
	struct pass_type type;
	struct store *st;
	const char *told;
};

struct adding {
	struct fixture *f;
	struct store_pass row;
};

static enum err
add(struct txn *t, void *arg)
{
	struct adding *a = arg;

	return store_pass_add(t, &a->row);
}

static void
put_pass(struct fixture *f, const char *id)
{
	struct json_object *none = json_object_in(f->a);
	const struct pass p = { .id = id,
		.secret = "s",
		.type = "loyalty",
		.created = NOW - DAY,
		.updated = NOW - DAY,
		.modified = 5,
		.identifiers = none,
		.metadata = none,
		.additional = none,
		.providers = none,
		.extensions = none,
		.apple_serial = id,
		.apple_token = "t",
		.has_rendered = true };
	struct adding adding = { .f = f, .row.id = id };

	pass_index(f->a, &f->t, &p, &adding.row);
	assert_int_equal(pass_print(f->a, &p, &adding.row.document), ERR_OK);
	assert_int_equal(store_run(f->st, add, &adding), ERR_OK);
}

static int
setup(void **state)
{
	const struct store_options opt = { .sync = STORE_NOSYNC };
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_new(4096);
	strcpy(f->dir, "/tmp/test_install.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->type = (struct pass_type){ .name = "loyalty" };
	f->t = (struct tenant){ .a = f->a, .types = &f->type, .ntypes = 1 };
	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	put_pass(f, "pass-1");
	put_pass(f, "pass-2");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	arena_free(f->a);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

static struct pass
stored(struct fixture *f, const char *id)
{
	struct store_pass row;
	struct pass p;

	assert_int_equal(store_pass_read(f->st, id, f->a, &row), ERR_OK);
	assert_int_equal(pass_parse(f->a, row.document, &p), ERR_OK);
	return p;
}

static enum err
note(struct fixture *f, unsigned wallet, int by, int64_t now)
{
	const struct install in = {
		.pass = "pass-1", .wallet = wallet, .by = by, .now = now
	};

	return install_run(f->st, f->a, &f->t, &in);
}

static const char *
providers(struct fixture *f)
{
	return json_text_sorted(f->a, stored(f, "pass-1").providers).s;
}

static void
expect_stats(
    struct fixture *f, unsigned active, unsigned apple, unsigned google)
{
	struct store_stats s;

	assert_int_equal(store_stats(f->st, NULL, &s), ERR_OK);
	assert_int_equal(s.total, 2);
	assert_int_equal(s.active, active);
	assert_int_equal(s.apple, apple);
	assert_int_equal(s.google, google);
}

static bool
owes(struct fixture *f)
{
	struct due d;

	return due_find(f->st, "pass-1", f->a, &d) == ERR_OK &&
	    d.wallets == STORE_GOOGLE;
}

/* The pass was changed a day ago. */
static void
test_what_comes_behind_owes(void **state)
{
	static const struct {
		unsigned wallet;
		int by;
		int64_t given;
		bool owes;
	} t[] = {
		{ STORE_GOOGLE, 1, 0, false },
		{ STORE_GOOGLE, 1, NOW - DAY, false },
		{ STORE_GOOGLE, -1, NOW - DAY - 1, false },
		{ STORE_APPLE, 1, 0, false },
		{ STORE_GOOGLE, 1, NOW - DAY - 1, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct install in = { .pass = "pass-1",
			.wallet = t[i].wallet,
			.by = t[i].by,
			.now = NOW,
			.given = t[i].given };

		assert_int_equal(install_run(f->st, f->a, &f->t, &in), ERR_OK);
		if (owes(f) != t[i].owes)
			fail_msg("%zu", i);
	}
}

/* Google keeps it as it was when the last holder left. */
static void
test_what_comes_back_owes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW - 3 * DAY), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW - 2 * DAY), ERR_OK);
	assert_false(owes(f));
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_true(owes(f));
}

static void
test_what_comes_back_unchanged_owes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW - 3 * DAY), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW - DAY), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_false(owes(f));
}

static void
test_a_life(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(note(f, STORE_APPLE, 1, NOW), ERR_OK);
	assert_string_equal(providers(f),
	    "{\"apple\":{\"activeRegistrations\":1,"
	    "\"installationDate\":\"2026-11-22T05:04:05.678Z\","
	    "\"lastInstallDate\":\"2026-11-22T05:04:05.678Z\","
	    "\"totalRegistrations\":1}}");
	expect_stats(f, 1, 1, 0);
	assert_int_equal(note(f, STORE_APPLE, 1, NOW + 1000), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW + 2000), ERR_OK);
	expect_stats(f, 1, 1, 1);
	assert_int_equal(note(f, STORE_APPLE, -1, NOW + 3000), ERR_OK);
	expect_stats(f, 1, 1, 1);
	assert_int_equal(note(f, STORE_APPLE, -1, NOW + 4000), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW + 5000), ERR_OK);
	assert_string_equal(providers(f),
	    "{\"apple\":{\"activeRegistrations\":0,"
	    "\"installationDate\":\"2026-11-22T05:04:05.678Z\","
	    "\"lastInstallDate\":\"2026-11-22T05:04:06.678Z\","
	    "\"lastUninstallDate\":\"2026-11-22T05:04:09.678Z\","
	    "\"totalRegistrations\":2},"
	    "\"google\":{\"activeRegistrations\":0,"
	    "\"installationDate\":\"2026-11-22T05:04:07.678Z\","
	    "\"lastInstallDate\":\"2026-11-22T05:04:07.678Z\","
	    "\"lastUninstallDate\":\"2026-11-22T05:04:10.678Z\","
	    "\"totalRegistrations\":1}}");
	expect_stats(f, 0, 0, 0);
}

static void
test_never_below_zero(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW), ERR_OK);
	assert_string_equal(providers(f), "{}");
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -3, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW), ERR_OK);
	assert_non_null(strstr(providers(f), "\"activeRegistrations\":0"));
	assert_int_equal(note(f, STORE_GOOGLE, 0, NOW + DAY), ERR_OK);
	assert_null(strstr(providers(f), "2026-11-23"));
	expect_stats(f, 0, 0, 0);
}

/* To a wallet it is the same pass. */
static enum err
owe(struct txn *t, void *arg)
{
	const struct message m = { 1, slice_of(arg) };

	return message_add(t, "pass-1", &m);
}

static void
test_messages_go_with_the_last_holder(void **state)
{
	char json[] = "{}";
	struct fixture *f = *state;
	struct message m;

	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_APPLE, 1, NOW), ERR_OK);
	assert_int_equal(store_run(f->st, owe, json), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_APPLE, -1, NOW), ERR_OK);
	assert_int_equal(message_next(f->st, "pass-1", f->a, &m), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, -1, NOW), ERR_OK);
	assert_int_equal(message_next(f->st, "pass-1", f->a, &m), ERR_NOTFOUND);
}

static void
test_the_pass_does_not_change(void **state)
{
	struct fixture *f = *state;
	const struct pass was = stored(f, "pass-1");
	struct pass is;

	assert_int_equal(note(f, STORE_APPLE, 1, NOW), ERR_OK);
	is = stored(f, "pass-1");
	assert_int_equal(is.updated, was.updated);
	assert_int_equal(is.modified, was.modified);
	assert_memory_equal(is.rendered, was.rendered, sizeof(is.rendered));
	assert_string_equal(
	    json_text(f->a, stored(f, "pass-2").providers).s, "{}");
}

static void
test_source(void **state)
{
	static const struct {
		int64_t age;
		bool kept;
	} t[] = {
		{ 0, true },
		{ 30 * DAY, true },
		{ 30 * DAY + 1, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct store_source s = { NOW - t[i].age,
			slice_of(
			    arena_printf(f->a, "{\"medium\":\"m%zu\"}", i)) };
		const char *want =
		    arena_printf(f->a, "\"source\":{\"medium\":\"m%zu\"}", i);

		assert_int_equal(store_source_put(f->st, "pass-1", &s), ERR_OK);
		assert_int_equal(note(f, STORE_APPLE, 1, NOW), ERR_OK);
		assert_int_equal(strstr(providers(f), want) != NULL, t[i].kept);
	}
}

static void
test_no_such_pass(void **state)
{
	struct fixture *f = *state;
	const struct install in = {
		.pass = "pass-3", .wallet = STORE_APPLE, .by = 1, .now = NOW
	};

	assert_int_equal(install_run(f->st, f->a, &f->t, &in), ERR_NOTFOUND);
}

static enum err
enrol(struct txn *t, void *arg)
{
	struct fixture *f = arg;
	const char *const devices[][2] = { { "d1", "T" }, { "d2", "T" },
		{ "d3", "U" } };
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < 3; i++) {
		const struct registration r = { devices[i][0], "top", "pass-2",
			devices[i][1], NOW };
		struct registration_moves m = { .n = 0 };
		bool new;

		e = registration_add(t, f->a, &r, &new, &m);
	}
	return e;
}

static void
collect(void *arg, const char *text)
{
	struct fixture *f = arg;

	f->told = arena_printf(f->a, "%s%s; ", f->told, text);
}

static uint64_t
verified(struct fixture *f, bool mend)
{
	struct install_check c = { collect, f, mend, NOW, 0 };

	f->told = "";
	assert_int_equal(install_verify(f->st, &f->t, &c), ERR_OK);
	return c.faults;
}

/* As after a count and what is registered went different ways. */
static void
test_counts_are_put_right(void **state)
{
	struct fixture *f = *state;
	struct store_stats n;

	assert_int_equal(verified(f, false), 0);
	assert_int_equal(note(f, STORE_APPLE, 3, NOW), ERR_OK);
	assert_int_equal(note(f, STORE_GOOGLE, 1, NOW), ERR_OK);
	assert_int_equal(store_run(f->st, enrol, f), ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(verified(f, i == 1), 2);
		assert_string_equal(f->told,
		    "pass pass-1: counts 3 phones, and 0 have registered it; "
		    "pass pass-2: counts 0 phones, and 2 have registered it; ");
	}
	assert_int_equal(verified(f, false), 0);
	assert_int_equal(store_stats(f->st, NULL, &n), ERR_OK);
	assert_int_equal(n.apple, 1);
	assert_int_equal(n.google, 1);
	assert_int_equal(n.active, 2);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_what_comes_behind_owes),
		T(test_what_comes_back_owes),
		T(test_what_comes_back_unchanged_owes_nothing),
		T(test_a_life),
		T(test_never_below_zero),
		T(test_messages_go_with_the_last_holder),
		T(test_the_pass_does_not_change),
		T(test_source),
		T(test_no_such_pass),
		T(test_counts_are_put_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
