#include <string.h>

#include "auth/apikey.h"
#include "base/text.h"
#include "test.h"

/* SHA-256 of "abc" is FIPS 180-2, appendix B.1. */
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_hash(void **state)
{
	char out[APIKEY_HASH_LEN + 1];

	(void)state;
	apikey_hash(slice_of("abc"), out);
	assert_string_equal(out, "sha256:" ABC);
	apikey_hash((struct slice){ "abcd", 3 }, out);
	assert_string_equal(out, "sha256:" ABC);
	assert_int_equal(strlen(out), APIKEY_HASH_LEN);
}

static void
test_new(void **state)
{
	char one[APIKEY_LEN + 1], two[APIKEY_LEN + 1];

	(void)state;
	apikey_new(one, ident_random);
	apikey_new(two, ident_random);
	assert_int_equal(strlen(one), APIKEY_LEN);
	assert_int_equal(strlen(two), APIKEY_LEN);
	assert_string_not_equal(one, two);
}

static void
test_find(void **state)
{
	static const struct {
		const char *text;
		int want; /* -1: none */
	} t[] = {
		/* clang-format off */
		{ "abc",   1 },
		{ "abd",  -1 },
		{ "ab",   -1 },
		{ "abcd", -1 },
		{ "ABC",  -1 },
		{ " abc", -1 },
		{ "",     -1 }, /* disabled */
		{ ABC,    -1 }, /* the hash is no key */
		{ "sha256:" ABC, -1 },
		/* clang-format on */
	};
	struct api_key keys[] = {
		{ .name = "empty", .enabled = false },
		{ .name = "abc", .enabled = true },
		{ .name = "off", .enabled = false },
		{ .name = "again", .enabled = true },
	};
	struct tenant tenant = { .keys = keys, .nkeys = 4 };

	(void)state;
	assert_true(text_unhex(slice_of(EMPTY), keys[0].hash, 32));
	for (size_t i = 1; i < 4; i++)
		assert_true(text_unhex(slice_of(ABC), keys[i].hash, 32));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_ptr_equal(apikey_find(&tenant, slice_of(t[i].text)),
		    t[i].want < 0 ? NULL : &keys[t[i].want]);

	keys[1].enabled = false; /* the same text under another name */
	assert_ptr_equal(apikey_find(&tenant, slice_of("abc")), &keys[3]);
	keys[3].enabled = false;
	assert_null(apikey_find(&tenant, slice_of("abc")));
	tenant.nkeys = 0;
	assert_null(apikey_find(&tenant, slice_of("abc")));
}

/* Every bit of the hash counts. */
static void
test_find_each_byte(void **state)
{
	struct api_key key = { .name = "abc", .enabled = true };
	const struct tenant tenant = { .keys = &key, .nkeys = 1 };

	(void)state;
	assert_true(text_unhex(slice_of(ABC), key.hash, 32));
	for (size_t bit = 0; bit < 256; bit++) {
		unsigned char mask = (unsigned char)(1 << bit % 8);

		key.hash[bit / 8] ^= mask;
		assert_null(apikey_find(&tenant, slice_of("abc")));
		key.hash[bit / 8] ^= mask;
	}
	assert_ptr_equal(apikey_find(&tenant, slice_of("abc")), &key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
