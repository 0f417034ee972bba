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

	return kept_find(f->a, &at, out);
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

/* What was replaced stays for a minute, then the next store removes it. */
static void
test_replaced_files_go(void **state)
{
	struct fixture *f = *state;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct kept k;
	int64_t now;
	struct stat st;

	store(f, 1, "one", NOW);
	assert_true(find(f, "abcdef", 1, &k));
	assert_int_equal(stat(k.path, &st), 0);
	now = (int64_t)st.st_mtime * 1000;
	store(f, 2, "two", now);
	assert_int_equal(count(f, k.path), 2);
	assert_int_equal(utimensat(AT_FDCWD, k.path, old, 0), 0);
	store(f, 2, "two", now);
	assert_false(find(f, "abcdef", 1, &k));
	assert_true(find(f, "abcdef", 2, &k));
	assert_int_equal(count(f, k.path), 1);
	kept_remove(f->a, f->dir, "abcdef");
	assert_false(find(f, "abcdef", 2, &k));
	assert_int_equal(count(f, k.path), 0);
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
		    test_replaced_files_go, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_failure_is_no_failure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
