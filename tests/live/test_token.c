#include "live/token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define NOW INT64_C(1795323845678)

struct state {
	char dir[64];
	struct arena *a;
	struct live_tenant acme;
};

static int
setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	strcpy(s->dir, "/tmp/test_token.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->a = arena_new(4096);
	assert_int_equal(mkdir(arena_printf(s->a, "%s/data", s->dir), 0700), 0);
	s->acme = (struct live_tenant){ s->dir, "acme" };
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct state *s = *state;

	assert_int_equal(system(arena_printf(s->a, "rm -rf '%s'", s->dir)), 0);
	arena_free(s->a);
	free(s);
	return 0;
}

static const char *
made(struct state *s, const char *pass)
{
	const char *token = NULL;

	assert_int_equal(
	    live_token_make(s->a, &s->acme, pass, NOW, &token), ERR_OK);
	return token;
}

static enum err
check(struct state *s, const char *token, int64_t now)
{
	const char *pass = NULL;
	enum err e =
	    live_token_check(s->a, &s->acme, slice_of(token), now, &pass);

	assert_int_equal(pass != NULL, e == ERR_OK);
	return e;
}

static void
test_good(void **state)
{
	static const char *const passes[] = { "Ab3dEfGhIjKl", "a-b_c", "-----",
		"12345678901234567890123456789012345678901234567890" };
	struct state *s = *state;

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		const char *token = made(s, passes[i]), *pass = NULL;

		assert_int_equal(strspn(token,
				     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"
				     "PQRSTUVWXYZ0123456789-_."),
		    strlen(token));
		assert_int_equal(live_token_check(s->a, &s->acme,
				     slice_of(token), NOW, &pass),
		    ERR_OK);
		assert_string_equal(pass, passes[i]);
	}
}

static void
test_time(void **state)
{
	struct state *s = *state;
	const char *token = made(s, "Ab3dEfGhIjKl");
	const int64_t until = (NOW + LIVE_TOKEN_MS) / 1000 * 1000;

	assert_int_equal(check(s, token, until - 1), ERR_OK);
	assert_int_equal(check(s, token, until), ERR_DENIED);
	assert_int_equal(check(s, token, until + 1), ERR_DENIED);
}

/* Each byte of a token counts. */
static void
test_altered(void **state)
{
	struct state *s = *state;
	const char *token = made(s, "Ab3dEfGhIjKl");

	for (size_t i = 0; token[i] != '\0'; i++) {
		char *t = arena_strdup(s->a, token);

		t[i] = t[i] == '7' ? '8' : '7';
		assert_int_equal(check(s, t, NOW), ERR_DENIED);
		t[i] = '.';
		if (token[i] != '.')
			assert_int_equal(check(s, t, NOW), ERR_DENIED);
		t[i] = '\0';
		assert_int_equal(check(s, t, NOW), ERR_DENIED);
	}
	assert_int_equal(
	    check(s, arena_printf(s->a, "%s0", token), NOW), ERR_DENIED);
	assert_int_equal(
	    check(s, arena_printf(s->a, "x%s", token), NOW), ERR_DENIED);
	assert_int_equal(
	    check(s, arena_printf(s->a, " %s", token), NOW), ERR_DENIED);
}

static void
test_none(void **state)
{
	static const char *const t[] = { "", ".", "..", "...", "Ab3dEfGhIjKl",
		"Ab3dEfGhIjKl.1795324145", "Ab3dEfGhIjKl.1795324145.",
		"Ab3dEfGhIjKl..0000000000000000000000000000000000000000000000"
		"000000000000000000",
		".1795324145.000000000000000000000000000000000000000000000000"
		"0000000000000000",
		"Ab3dEfGhIjKl.99999999999999999999.00000000000000000000000000"
		"00000000000000000000000000000000000000",
		"Ab3dEfGhIjKl.-1.00000000000000000000000000000000000000000000"
		"00000000000000000000" };
	struct state *s = *state;

	(void)made(s, "Ab3dEfGhIjKl");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(check(s, t[i], NOW), ERR_DENIED);
}

static void
test_of_another_tenant(void **state)
{
	struct state *s = *state;
	const char *token = made(s, "Ab3dEfGhIjKl");

	/* A copy of the folder under another name. */
	s->acme.id = "shop";
	assert_int_equal(check(s, token, NOW), ERR_DENIED);
	s->acme.id = "acme";
	assert_int_equal(check(s, token, NOW), ERR_OK);
}

static void
test_key(void **state)
{
	struct state *s = *state;
	const char *file = arena_printf(s->a, "%s/data/live.key", s->dir);
	const char *token;
	struct stat sb;

	assert_int_equal(check(s, "Ab3dEfGhIjKl.1.0", NOW), ERR_NOTFOUND);
	token = made(s, "Ab3dEfGhIjKl");
	assert_int_equal(stat(file, &sb), 0);
	assert_int_equal(sb.st_size, 32);
	assert_int_equal(sb.st_mode & 0777, 0600);

	/* Another key ends the tokens of the first; a part of one is none. */
	assert_int_equal(truncate(file, 31), 0);
	assert_int_equal(check(s, token, NOW), ERR_NOTFOUND);
	assert_int_equal(check(s, made(s, "Ab3dEfGhIjKl"), NOW), ERR_OK);
	assert_int_equal(check(s, token, NOW), ERR_DENIED);
	assert_int_equal(truncate(file, 33), 0);
	assert_int_equal(check(s, made(s, "Ab3dEfGhIjKl"), NOW), ERR_OK);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(check(s, token, NOW), ERR_NOTFOUND);

	/* Nobody is led to another file. */
	assert_int_equal(symlink("/dev/zero", file), 0);
	assert_int_equal(check(s, token, NOW), ERR_NOTFOUND);
	assert_int_equal(
	    live_token_make(s->a, &s->acme, "Ab3dEfGhIjKl", NOW, &token),
	    ERR_INTERNAL);
}

/* All that begin at once have one key. */
static void
test_race(void **state)
{
	struct state *s = *state;
	int pipes[2], status;
	char go;

	for (int round = 0; round < 20; round++) {
		assert_int_equal(pipe(pipes), 0);
		for (int i = 0; i < 4; i++)
			if (fork() == 0) {
				close(pipes[1]);
				(void)!read(pipes[0], &go, 1);
				_exit(check(s, made(s, "Ab3dEfGhIjKl"), NOW) !=
				    ERR_OK);
			}
		close(pipes[0]);
		close(pipes[1]);
		for (int i = 0; i < 4; i++) {
			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		unlink(arena_printf(s->a, "%s/data/live.key", s->dir));
	}
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_good),
		T(test_time),
		T(test_altered),
		T(test_none),
		T(test_of_another_tenant),
		T(test_key),
		T(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
