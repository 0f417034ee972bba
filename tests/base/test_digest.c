#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "test.h"

/* FIPS 180-4 examples, and one bit beside them. */
static void
test_sha256(void **state)
{
	static const struct {
		const char *in, *hex;
	} t[] = {
		/* clang-format off */
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		      "7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff"
			 "61f20015ad" },
		{ "abd", "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe"
			 "86298449c9" },
		/* clang-format on */
	};
	unsigned char out[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		digest_sha256(t[i].in, strlen(t[i].in), out);
		text_hex(hex, out, DIGEST_LEN);
		assert_string_equal(hex, t[i].hex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sha256) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
