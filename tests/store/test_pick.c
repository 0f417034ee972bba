#include "store/pick.h"

#include <stdlib.h>

#include "test.h"

#define N 50000

/* Dates come in order, or in runs of it; flags are nearly all equal. */
static uint64_t
key_of(unsigned pattern, size_t i)
{
	switch (pattern) {
	case 0:
		return i;
	case 1:
		return N - i;
	case 2: /* up, then down */
		return i < N / 2 ? i : N - i;
	case 3: /* two runs */
		return i % (N / 2);
	case 4:
		return i * UINT64_C(0x9e3779b97f4a7c15);
	case 5:
		return i % 3;
	default:
		return 7;
	}
}
#define PATTERNS 7

static int
by_key(const void *a, const void *b)
{
	const struct pick_entry *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static struct pick_entry *
entries(unsigned pattern)
{
	struct pick_entry *e = malloc(N * sizeof(*e));

	assert_non_null(e);
	for (uint32_t i = 0; i < N; i++)
		e[i] = (struct pick_entry){ key_of(pattern, i), i };
	return e;
}

static void
test_select(void **state)
{
	static const size_t ranks[] = { 0, 1, N / 4, N / 2, N - 2, N - 1 };

	(void)state;
	for (unsigned p = 0; p < PATTERNS; p++) {
		struct pick_entry *e = entries(p), *sorted = entries(p);

		qsort(sorted, N, sizeof(*sorted), by_key);
		for (size_t k = 0; k < sizeof(ranks) / sizeof(*ranks); k++) {
			size_t r = ranks[k];

			pick_select(e, N, r);
			assert_int_equal(e[r].key, sorted[r].key);
			for (size_t i = 0; i < N; i++)
				assert_true(i < r ? e[i].key <= e[r].key
						  : e[i].key >= e[r].key);
		}
		free(e);
		free(sorted);
	}
}

/* What is kept are the least, or the greatest, of all that came. */
static void
keep_some(unsigned pattern, bool greatest)
{
	struct pick_entry *sorted = entries(pattern);
	const size_t keep = 100;
	struct pick p;

	pick_init(&p, keep, 4 * keep, greatest);
	for (uint32_t i = 0; i < N; i++)
		pick_add(&p, &i, &sorted[i].key, 1);
	pick_end(&p);
	qsort(sorted, N, sizeof(*sorted), by_key);
	assert_int_equal(p.n, keep);
	assert_true(p.full);
	for (size_t r = 0; r < keep; r++)
		assert_int_equal(pick_rank(&p, r) ^ p.flip,
		    sorted[greatest ? N - 1 - r : r].key);
	for (size_t i = 0; i < p.n; i++)
		assert_int_equal(
		    p.list[i].key ^ p.flip, key_of(pattern, p.list[i].ordinal));
	pick_free(&p);
	free(sorted);
}

static void
test_keep(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PATTERNS; p++) {
		keep_some(p, false);
		keep_some(p, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
