#include <string.h>

#include "auth/apikey.h"
#include "auth/caller.h"
#include "base/text.h"
#include "test.h"

static const char *const both[] = { "Pass.Read", "Pass.Write" };
static const char *const all[] = { "*" };
static struct api_key keys[] = {
	{ .name = "crm", .enabled = true, .permissions = { NULL, 2 } },
	{ .name = "old", .enabled = false, .permissions = { NULL, 1 } },
};
static struct tenant tenant = { .keys = keys, .nkeys = 2 };

static int
setup(void **state)
{
	static const char *const text[] = { "crm-key", "old-key" };
	char hash[APIKEY_HASH_LEN + 1];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		apikey_hash(slice_of(text[i]), hash);
		assert_true(text_unhex(slice_of(hash + 7), keys[i].hash, 32));
	}
	keys[0].permissions.s = (const char **)both;
	keys[1].permissions.s = (const char **)all;
	return 0;
}

static void
test_key_and_scheme(void **state)
{
	static const struct {
		const char *key, *authorization, *token;
		enum err err;
		const char *name; /* NULL: not known */
	} t[] = {
		/* clang-format off */
		{ NULL,       NULL,             NULL, ERR_OK,     NULL },
		{ "",         "",               "",   ERR_OK,     NULL },
		{ "crm-key",  NULL,             NULL, ERR_OK,     "crm" },
		{ "old-key",  NULL,             NULL, ERR_DENIED, NULL },
		{ "crm-key ", NULL,             NULL, ERR_DENIED, NULL },
		{ "crm-ke",   NULL,             NULL, ERR_DENIED, NULL },
		{ "x",        NULL,             NULL, ERR_DENIED, NULL },
		{ NULL,       "ApplePass abcd", NULL, ERR_OK,     NULL },
		{ NULL,       "applepass abcd", NULL, ERR_OK,     NULL },
		{ "crm-key",  "ApplePass abcd", NULL, ERR_OK,     "crm" },
		{ "x",        "ApplePass abcd", NULL, ERR_DENIED, NULL },
		{ NULL,       "ApplePas abcd",  NULL, ERR_DENIED, NULL },
		{ NULL,       "Basic YTpi",     NULL, ERR_DENIED, NULL },
		{ NULL,       "crm-key",        NULL, ERR_DENIED, NULL },
		{ NULL,       "Bearer",         NULL, ERR_DENIED, NULL },
		{ NULL,       "Bearer   ",      NULL, ERR_DENIED, NULL },
		{ NULL,       "Bearer crm-key", NULL, ERR_DENIED, NULL },
		{ "crm-key",  "Bearer x.y.z",   NULL, ERR_DENIED, NULL },
		{ "crm-key",  NULL,          "x.y.z", ERR_DENIED, NULL },
		{ NULL,       NULL,        "crm-key", ERR_DENIED, NULL },
		/* clang-format on */
	};
	struct arena *a = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct credentials c = { .api_key = t[i].key,
			.authorization = t[i].authorization,
			.auth_token = t[i].token };
		struct caller out = { .name = "untouched" };
		struct why w = { "", "" };

		assert_int_equal(
		    caller_identify(a, &tenant, &c, &out, &w), t[i].err);
		assert_int_equal(w.text[0] == '\0', t[i].err == ERR_OK);
		if (t[i].err != ERR_OK) {
			assert_string_equal(out.name, "untouched");
			continue;
		}
		assert_int_equal(out.known, t[i].name != NULL);
		assert_int_equal(caller_may(&out, "Pass.Write"), out.known);
		assert_null(out.claims);
		if (out.known)
			assert_string_equal(out.name, t[i].name);
	}
	arena_free(a);
}

static void
test_may(void **state)
{
	static const struct {
		const char *scope;
		bool both, all;
	} t[] = {
		/* clang-format off */
		{ "Pass.Read",  true,  true },
		{ "Pass.Write", true,  true },
		{ "pass.read",  false, true },
		{ "Pass.Reads", false, true },
		{ "Pass",       false, true },
		{ "Pass.*",     false, true },
		{ "*",          false, true },
		/* clang-format on */
	};
	const struct caller none = { .known = true };
	const struct caller some = { .scopes = { (const char **)both, 2 } };
	const struct caller every = { .scopes = { (const char **)all, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_false(caller_may(&none, t[i].scope));
		assert_int_equal(caller_may(&some, t[i].scope), t[i].both);
		assert_int_equal(caller_may(&every, t[i].scope), t[i].all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_and_scheme),
		cmocka_unit_test(test_may),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
