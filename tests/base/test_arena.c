#include "base/arena.h"

#include <string.h>

#include "test.h"

static void
test_memory_is_zeroed_and_aligned(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 1000 };
	struct arena *a = arena_new(64);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			unsigned char *p = arena_alloc(a, sizes[i]);

			assert_non_null(p);
			assert_int_equal(
			    (uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t j = 0; j < sizes[i]; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, sizes[i]);
		}
		arena_reset(a);
	}
	arena_free(a);
}

static void
test_pieces_do_not_overlap(void **state)
{
	enum { N = 200 };
	struct arena *a = arena_new(256);
	unsigned char *p[N];
	size_t size[N];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		size[i] = i * 7 % 90 + 1; /* small ones and large ones */
		p[i] = arena_alloc(a, size[i]);
		memset(p[i], (int)i, size[i]);
	}
	for (unsigned i = 0; i < N; i++)
		for (size_t j = 0; j < size[i]; j++)
			assert_int_equal(p[i][j], i);
	arena_free(a);
}

static void
test_an_arena_of_no_block_size_serves(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_string_equal(arena_strdup(a, "x"), "x");
	arena_reset(a);
	assert_string_equal(arena_strdup(a, "y"), "y");
	arena_free(a);
}

static void
test_one_block_is_kept_by_reset(void **state)
{
	struct arena *a = arena_new(256);
	char *first = arena_alloc(a, 16);

	(void)state;
	(void)arena_alloc(a, 1000);
	(void)arena_alloc(a, 200);
	(void)arena_alloc(a, 200);
	arena_reset(a);
	assert_ptr_equal(arena_alloc(a, 16), first);
	arena_free(a);
}

static void
test_copies(void **state)
{
	struct arena *a = arena_new(64);
	char text[] = "p\0q";

	(void)state;
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_memory_equal(arena_strndup(a, text, 3), "p\0q", 4);
	assert_string_equal(arena_strndup(a, NULL, 0), "");
	assert_memory_equal(arena_memdup(a, text, 3), text, 3);
	assert_ptr_not_equal(arena_memdup(a, text, 3), text);
	assert_non_null(arena_memdup(a, NULL, 0));
	assert_string_equal(arena_printf(a, "%s=%d", "n", 7), "n=7");
	for (int n = 250; n < 260; n++)
		assert_int_equal(strlen(arena_printf(a, "%*d", n, 1)), n);
	assert_int_equal(strlen(arena_printf(a, "%500d", 1)), 500);
	arena_free(a);
}

/* Writes its letter to the next place of `journal`. */
static char journal[8];

static void
note(void *arg)
{
	journal[strlen(journal)] = *(const char *)arg;
}

static void
test_deferred_calls_run_last_first_and_once(void **state)
{
	struct arena *a = arena_new(64);
	char one = '1', two = '2', four = '4';

	(void)state;
	memset(journal, 0, sizeof(journal));
	arena_defer(a, note, &one);
	arena_defer(a, note, &two);
	/* The argument itself may be of the arena. */
	arena_defer(a, note, arena_strdup(a, "3"));
	assert_string_equal(journal, "");
	arena_reset(a);
	assert_string_equal(journal, "321");
	arena_reset(a);
	assert_string_equal(journal, "321");
	arena_defer(a, note, &four);
	arena_free(a);
	assert_string_equal(journal, "3214");
}

static void
test_free_takes_null(void **state)
{
	(void)state;
	arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_and_aligned),
		cmocka_unit_test(test_pieces_do_not_overlap),
		cmocka_unit_test(test_an_arena_of_no_block_size_serves),
		cmocka_unit_test(test_one_block_is_kept_by_reset),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_deferred_calls_run_last_first_and_once),
		cmocka_unit_test(test_free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
