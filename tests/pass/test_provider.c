#include "pass/provider.h"

#include <signal.h>
#include <sys/stat.h>

#include "../conf/folder.h"
#include "base/log.h"

#define NOW  INT64_C(1795323845678)
#define HOUR INT64_C(3600000)

struct state {
	struct folder d;
	struct server s;
	struct tenant *t;
	struct store *st;
};

/* What the first provider's program does from now on. */
static void
says(struct state *st, const char *text)
{
	folder_write(&st->d, "acme/bin/tool",
	    arena_printf(st->d.a, "#!/bin/sh\n%s\n", text));
	assert_int_equal(chmod(folder_path(&st->d, "acme/bin/tool"), 0700), 0);
}

static int
setup(void **state)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	struct state *st = calloc(1, sizeof(*st));
	struct faults f;

	folder_open(&st->d);
	st->s.tenants = st->d.dir;
	folder_write(&st->d, "acme/tenant.yml",
	    "name: Acme\nurl: https://acme.example\nlanguages: [en]\n");
	folder_write(&st->d, "acme/server/passes/plain.yml",
	    "kind: generic\n"
	    "card: { organization: A, title: T, description: D }\n");
	folder_write(&st->d, "acme/server/providers/tool.yml",
	    "order: 1\ncommand: [bin/tool]\n");
	says(st, "echo '{}'");
	faults_init(&f, st->d.a);
	if (tenant_load(&st->s, "acme", &f, &st->t) != ERR_OK)
		fail_msg("%s", f.n > 0 ? f.list[0].text : "no tenant");
	assert_int_equal(
	    store_open(folder_path(&st->d, "acme/data"), &fast, &st->st),
	    ERR_OK);
	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	log_open("test_provider", "/dev/null", LOG_LVL_ERROR);
	*state = st;
	return 0;
}

static int
teardown(void **state)
{
	struct state *st = *state;

	store_close(st->st);
	tenant_free(st->t);
	folder_close(&st->d);
	free(st);
	return 0;
}

static struct provider_asked
asked(struct state *st, int64_t now, bool stored)
{
	const struct provider_env env = { .a = st->d.a,
		.tenant = st->t,
		.store = st->st,
		.now = now,
		.stored = stored };
	struct json_object *none = json_object_in(st->d.a);
	const struct pass p = { .id = "pass1",
		.type = "plain",
		.identifiers = none,
		.additional = none,
		.metadata = none,
		.providers = none,
		.extensions = none };
	struct provider_asked out;

	assert_int_equal(provider_ask(&env, &p, &out), ERR_OK);
	return out;
}

static enum err
keep_in(struct txn *t, void *arg)
{
	const struct provider_asked *x = arg;

	return answer_put(t, "pass1", x->fresh, x->nfresh);
}

static const char *
answers(struct state *st, const struct provider_asked *x)
{
	return x->answers == NULL ? "none" : json_text(st->d.a, x->answers).s;
}

/* Nobody knows anything yet, and the provider is down: its part is left out. */
static void
test_one_that_is_down(void **state)
{
	static const char *const t[] = { "exit 1", "echo nonsense", "echo 7",
		"echo '[]'", "echo '{} {}'", ":" };
	struct state *st = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct provider_asked x;

		says(st, t[i]);
		x = asked(st, NOW, false);
		assert_string_equal(answers(st, &x), "none");
		assert_non_null(json_get_string(x.errors, "tool"));
		assert_string_equal(x.missing, "tool");
		assert_true(x.owes);
		assert_int_equal(x.nfresh, 0);
	}
}

static void
test_what_no_provider_may_say(void **state)
{
	struct state *st = *state;
	struct provider_asked x;

	says(st,
	    "echo '{\"id\":\"x\",\"secret\":1,\"passType\":2,"
	    "\"identifiers\":{},\"_errors\":{},\"ids\":3}'");
	x = asked(st, NOW, false);
	assert_string_equal(
	    answers(st, &x), "[{\"provider\":\"tool\",\"data\":{\"ids\":3}}]");
	assert_null(x.errors);
	assert_null(x.missing);
	assert_false(x.owes);
	assert_int_equal(x.nfresh, 1);
}

/* The last good answer: fresh, then stale while it is down, then none. */
static void
test_the_last_answer_serves(void **state)
{
	static const char one[] =
	    "[{\"provider\":\"tool\",\"data\":{\"n\":1}}]";
	struct state *st = *state;
	struct provider_asked x;

	says(st, "echo '{\"n\":1}'");
	x = asked(st, NOW, false);
	assert_int_equal(store_run(st->st, keep_in, &x), ERR_OK);
	says(st, "exit 1");
	x = asked(st, NOW + 24 * HOUR, false);
	assert_string_equal(answers(st, &x), one);
	assert_non_null(json_get_string(x.errors, "tool"));
	assert_null(x.missing);
	assert_true(x.owes);
	x = asked(st, NOW + 24 * HOUR + 1, false);
	assert_string_equal(answers(st, &x), "none");
	assert_string_equal(x.missing, "tool");
	/* Asking nobody, whatever its age. */
	x = asked(st, NOW + 24 * HOUR + 1, true);
	assert_string_equal(answers(st, &x), one);
	assert_null(x.errors);
	assert_true(x.owes);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_that_is_down),
		TEST(test_what_no_provider_may_say),
		TEST(test_the_last_answer_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
