#include <stdio.h>

#include "base/seen.h"
#include "test.h"

/* Many enough to grow several times; each keeps its number. */
static void
test_numbers(void **state)
{
	struct seen *s = seen_new();
	char key[16];

	(void)state;
	for (unsigned i = 1; i <= 10000; i++) {
		(void)snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(*seen_number(s, slice_of(key)), 0);
		*seen_number(s, slice_of(key)) = i;
	}
	for (unsigned i = 1; i <= 10000; i++) {
		(void)snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(*seen_number(s, slice_of(key)), i);
	}
	assert_int_equal(*seen_number(s, slice_of("key 10001")), 0);
	assert_int_equal(*seen_number(s, slice_of("")), 0);
	seen_free(s);
	seen_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
