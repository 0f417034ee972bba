#include "pass/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "test.h"

struct fixture {
	char dir[64]; /* the tenant's; it lies in a folder of its own */
	struct arena *a;
};

static const char *
path(struct fixture *f, const char *name)
{
	return arena_printf(f->a, "%s/%s", f->dir, name);
}

static void
program(struct fixture *f, const char *name, const char *text)
{
	FILE *out = fopen(path(f, name), "w");

	assert_non_null(out);
	assert_true(fprintf(out, "#!/bin/sh\n%s\n", text) > 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path(f, name), 0700), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_new(4096);
	strcpy(f->dir, "/tmp/test_command.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	program(f, "outside", "echo outside");
	strcat(f->dir, "/acme");
	assert_int_equal(mkdir(f->dir, 0700), 0);
	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	log_open("test_command", "/dev/null", LOG_LVL_ERROR);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	const char *cmd = arena_printf(f->a, "rm -rf '%.*s'",
	    (int)(strlen(f->dir) - strlen("/acme")), f->dir);
	const int rc = system(cmd);

	arena_free(f->a);
	free(f);
	return rc;
}

static enum err
run(struct fixture *f, const char *name, const char *in, struct slice *out)
{
	const char *argv[] = { path(f, name), "one", "two three" };
	const struct command c = { .dir = f->dir,
		.argv = { argv, 3 },
		.in = slice_of(in),
		.timeout_ms = 10000,
		.max_bytes = 1000 };

	return command_run(f->a, &c, out);
}

static void
test_bytes_in_bytes_out(void **state)
{
	static const struct {
		const char *text, *in;
		enum err err;
		const char *out;
	} t[] = {
		/* clang-format off */
		{ "cat",                       "{\"a\":1}", ERR_OK, "{\"a\":1}" },
		{ "cat",                       "",     ERR_OK, "" },
		{ "echo \"$#$2\"",             "",     ERR_OK, "2two three\n" },
		{ "pwd | sed 's,.*/,,'",       "",     ERR_OK, "acme\n" },
		{ "env | grep -c SECRET",      "",     ERR_UPSTREAM, NULL },
		{ "echo ${SECRET-none}",       "",     ERR_OK, "none\n" },
		{ "echo a; echo b >&2",        "",     ERR_OK, "a\n" },
		{ "exec <&-; echo a",          "some", ERR_OK, "a\n" },
		{ "echo a; exit 1",            "",     ERR_UPSTREAM, NULL },
		{ "kill -9 $$",                "",     ERR_UPSTREAM, NULL },
		{ "printf '%01000d' 0",        "",     ERR_OK, NULL },
		{ "printf '%01001d' 0",        "",     ERR_TOOBIG, NULL },
		{ "while :; do echo y; done",  "",     ERR_TOOBIG, NULL },
		/* clang-format on */
	};
	struct fixture *f = *state;

	setenv("SECRET", "of the server", 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct slice out = { "untouched", 9 };

		program(f, "tool", t[i].text);
		if (run(f, "tool", t[i].in, &out) != t[i].err)
			fail_msg("%s", t[i].text);
		if (t[i].err != ERR_OK)
			assert_string_equal(out.s, "untouched");
		else if (t[i].out != NULL)
			assert_string_equal(out.s, t[i].out);
		else
			assert_int_equal(out.len, 1000);
	}
	unsetenv("SECRET");
}

static void
test_only_what_lies_in_the_folder(void **state)
{
	struct fixture *f = *state;
	struct slice out;

	assert_int_equal(run(f, "nothing", "", &out), ERR_NOTFOUND);
	assert_int_equal(run(f, "../outside", "", &out), ERR_DENIED);
	assert_int_equal(symlink("../outside", path(f, "link")), 0);
	assert_int_equal(run(f, "link", "", &out), ERR_DENIED);
	program(f, "inside", "echo inside");
	assert_int_equal(symlink("inside", path(f, "good")), 0);
	assert_int_equal(run(f, "good", "", &out), ERR_OK);
	assert_int_equal(chmod(path(f, "inside"), 0600), 0);
	assert_int_equal(run(f, "inside", "", &out), ERR_NOTFOUND);
}

/* It and what it started are ended, whatever they wait for. */
static void
test_its_time_is_over(void **state)
{
	static const char *const t[] = { "sleep 100", "exec >&-; sleep 100",
		"sleep 100 & wait" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *argv[] = { path(f, "slow") };
		const struct command c = { .dir = f->dir,
			.argv = { argv, 1 },
			.in = slice_of(""),
			.timeout_ms = 300,
			.max_bytes = 1000 };
		struct slice out;

		program(f, "slow", t[i]);
		assert_int_equal(command_run(f->a, &c, &out), ERR_UPSTREAM);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_in_bytes_out),
		TEST(test_only_what_lies_in_the_folder),
		TEST(test_its_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
