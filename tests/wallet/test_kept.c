#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"
#include "wallet/apple/kept.h"

#define ETAG "\"0123456789012345678901234567890123456789\""
#define NOW  1800000000000

struct fixture {
	char dir[32];
	struct arena *a;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test_kept.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new(4096);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static struct kept_key
key(struct fixture *f, const char *id, unsigned char n)
{
	return (struct kept_key){ .dir = f->dir, .id = id, .digest = { n } };
}

static void
store(struct fixture *f, unsigned char n, const char *bytes, int64_t now)
{
	const struct kept k = { .etag = ETAG, .modified = 1700000000 };
	const struct kept_key at = key(f, "abcdef", n);

	kept_store(f->a, &at, &k, slice_of(bytes), now);
}

static bool
find(struct fixture *f, const char *id, unsigned char n, struct kept *out)
{
	const struct kept_key at = key(f, id, n);

	return kept_find(f->a, &at, NOW, out);
}

static void
test_found_only_under_its_key(void **state)
{
	struct fixture *f = *state;
	struct kept k = { .path = NULL };
	char got[8] = "";
	FILE *in;

	assert_false(find(f, "abcdef", 1, &k));
	store(f, 1, "one", NOW);
	assert_true(find(f, "abcdef", 1, &k));
	assert_string_equal(k.etag, ETAG);
	assert_int_equal(k.modified, 1700000000);
	assert_non_null(in = fopen(k.path, "r"));
	assert_int_equal(fread(got, 1, sizeof(got), in), 3);
	fclose(in);
	assert_string_equal(got, "one");
	assert_false(find(f, "abcdef", 2, &k));
	assert_false(find(f, "abcdeg", 1, &k));
}

/* Found before is not found again when it is gone, by whosever hand. */
static void
test_gone_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct kept k, again;

	store(f, 1, "one", NOW);
	assert_true(find(f, "abcdef", 1, &k));
	assert_true(find(f, "abcdef", 1, &again));
	assert_string_equal(again.path, k.path);
	assert_string_equal(again.etag, ETAG);
	assert_int_equal(again.modified, 1700000000);
	assert_false(find(f, "abcdeg", 1, &again));
	assert_int_equal(unlink(k.path), 0);
	assert_false(find(f, "abcdef", 1, &again));
	assert_int_equal(mkdir(k.path, 0700), 0);
	assert_false(find(f, "abcdef", 1, &again));
	assert_int_equal(rmdir(k.path), 0);
	store(f, 1, "one", NOW);
	assert_true(find(f, "abcdef", 1, &again));
	kept_forget(f->a, f->dir, "abcdef");
	assert_false(find(f, "abcdef", 1, &again));
}

/* However often it was found, it is touched when it is old. */
static void
test_asking_keeps_it(void **state)
{
	struct fixture *f = *state;
	const struct kept_key one = key(f, "abcdef", 1);
	const int64_t step = (KEPT_GRACE / 2 + 1) * 1000;
	struct stat st;
	struct kept k;

	store(f, 1, "one", NOW);
	for (int64_t at = NOW; at < NOW + 3 * step; at += step) {
		assert_true(kept_find(f->a, &one, at, &k));
		assert_int_equal(stat(k.path, &st), 0);
		assert_int_equal(st.st_mtime, at / 1000);
	}
}

static size_t
count(struct fixture *f, const char *path)
{
	char *slot = arena_strdup(f->a, path);
	size_t n = 0;
	DIR *d;

	*strrchr(slot, '/') = '\0';
	assert_non_null(d = opendir(slot));
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* What nobody asked for lately goes with the next store. */
static void
test_old_files_go(void **state)
{
	struct fixture *f = *state;
	const struct kept_key one = key(f, "abcdef", 1);
	const int64_t grace = KEPT_GRACE * 1000;
	struct kept k;

	store(f, 1, "one", NOW);
	store(f, 2, "two", NOW + grace);
	assert_true(kept_find(f->a, &one, NOW + grace, &k));
	assert_int_equal(count(f, k.path), 2);
	store(f, 3, "three", NOW + 2 * grace);
	assert_true(kept_find(f->a, &one, NOW + 2 * grace, &k));
	assert_int_equal(count(f, k.path), 3);
	store(f, 4, "four", NOW + 3 * grace);
	assert_false(find(f, "abcdef", 2, &k));
	assert_true(find(f, "abcdef", 1, &k));
	assert_true(find(f, "abcdef", 3, &k));
	assert_true(find(f, "abcdef", 4, &k));
	assert_int_equal(count(f, k.path), 3);

	/* an hour back */
	store(f, 5, "five", NOW - 3600000);
	assert_true(find(f, "abcdef", 5, &k));
	assert_int_equal(count(f, k.path), 1);
}

/* As many as a slot has place for, and no half-written ones. */
static void
test_slot_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct kept k;

	for (unsigned char n = 0; n <= KEPT_WAYS; n++) {
		store(f, n, "x", NOW + n);
		assert_int_equal(find(f, "abcdef", n, &k), n < KEPT_WAYS);
	}
	assert_true(find(f, "abcdef", 0, &k));
	assert_int_equal(count(f, k.path), KEPT_WAYS);
	store(f, 99, "x", NOW + KEPT_GRACE * 1000 + 1000);
	assert_true(find(f, "abcdef", 99, &k));
	assert_int_equal(count(f, k.path), 1);
}

/* A folder that cannot be written to costs nothing but the keeping. */
static void
test_failure_is_no_failure(void **state)
{
	struct fixture *f = *state;
	struct kept k;
	FILE *block;

	block = fopen(arena_printf(f->a, "%s/kept", f->dir), "w");
	assert_non_null(block);
	fclose(block);
	store(f, 1, "one", NOW);
	assert_false(find(f, "abcdef", 1, &k));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_found_only_under_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_gone_is_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_asking_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_old_files_go, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_slot_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_failure_is_no_failure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
