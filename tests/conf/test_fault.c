#include "conf/fault.h"
#include "folder.h"

static void
test_add(void **state)
{
	struct arena *a = arena_new(256);
	struct faults f;
	char file[] = "a.yml";

	(void)state;
	faults_init(&f, a);
	assert_int_equal(f.n, 0);
	fault_add(&f, file, 3, "key %s", "x");
	fault_warn(&f, file, 4, "old");
	file[0] = 'b';
	assert_int_equal(f.n, 2);
	assert_int_equal(f.errors, 1);
	assert_string_equal(f.list[0].file, "a.yml");
	assert_string_equal(f.list[0].text, "key x");
	assert_int_equal(f.list[0].line, 3);
	assert_false(f.list[0].warning);
	assert_true(f.list[1].warning);
	arena_free(a);
}

/* A fault is one line, even when it quotes a key that is not. */
static void
test_one_line(void **state)
{
	struct arena *a = arena_new(256);
	struct faults f;
	char big[1024];

	(void)state;
	faults_init(&f, a);
	fault_add(&f, "f", 1, "%s", "a\nb\x7f");
	assert_string_equal(f.list[0].text, "a?b?");
	for (size_t i = 0; i + 2 < sizeof(big); i += 2)
		memcpy(big + i, "\xc3\xa9", 3);
	fault_add(&f, "f", 1, "%s", big);
	assert_int_equal(strlen(f.list[1].text), 511 - 3 + 3);
	assert_string_equal(f.list[1].text + 506, "\xc3\xa9...");
	arena_free(a);
}

static void
test_many(void **state)
{
	struct arena *a = arena_new(256);
	struct faults f;

	(void)state;
	faults_init(&f, a);
	for (int i = 0; i < 2000; i++) {
		fault_add(&f, "f", i, "%d", i);
		fault_warn(&f, "f", i, "w");
	}
	assert_int_equal(f.errors, 2000);
	assert_int_equal(f.n, 1000);
	assert_string_equal(f.list[998].text, "499");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
