#include <string.h>

#include "auth/apikey.h"
#include "auth/caller.h"
#include "base/text.h"
#include "test.h"
#include "token.h"

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

/* -- tokens --------------------------------------------------------------- */

#define NOW        1800000000000LL
#define EXP        "\"aud\":\"me\",\"exp\":1800000100"
#define API(rest)  "{\"iss\":\"api\"," EXP "," rest "}"
#define SHOP(rest) "{\"iss\":\"shop\"," EXP "," rest "}"

static const char *const hs256[] = { "HS256" };
static struct jwt_issuer issuers[] = {
	{ .issuer = "api",
	    .audience = "me",
	    .use = JWT_API,
	    .algorithms = { (const char **)hs256, 1 },
	    .secret = { "a", 1 } },
	{ .issuer = "shop",
	    .audience = "me",
	    .use = JWT_CUSTOMERS,
	    .algorithms = { (const char **)hs256, 1 },
	    .secret = { "s", 1 } },
};
static struct claim_rule claims[] = { { "email", "email" },
	{ "sub", "shop.id" } };

static const char *
signed_by(struct arena *a, size_t issuer, const char *payload)
{
	const struct token_key k = { "HS256", NULL, issuers[issuer].secret };

	return payload == NULL
	    ? NULL
	    : token_sign(a, &k, "{\"alg\":\"HS256\"}", payload);
}

/* The claims say what the issuer is; `b` and `t` say who signed. */
static void
test_tokens(void **state)
{
	static const struct {
		const char *key;
		size_t b;
		const char *bearer;
		size_t t;
		const char *token;
		const char *name, *scopes, *claims; /* name NULL: denied */
	} t[] = {
		/* clang-format off */
		{ NULL, 0, API("\"sub\":\"bob\",\"scope\":\"a b\""), 0, NULL,
		  "bob", "a,b,", NULL },
		{ NULL, 0, API("\"scp\":[]"), 0, NULL, "api", "", NULL },
		{ NULL, 0, API("\"scope\":\"*\""), 0, NULL, "api", "", NULL },
		{ NULL, 0, API("\"email\":\"x\",\"email_verified\":true"), 0, NULL,
		  "api", "", NULL },
		{ NULL, 1, API("\"scope\":\"a\""), 0, NULL, NULL, NULL, NULL },
		{ NULL, 0, SHOP("\"scope\":\"a\""), 0, NULL, NULL, NULL, NULL },
		{ NULL, 1, SHOP("\"sub\":\"7\",\"scope\":\"a\""), 0, NULL,
		  "7", "", "{\"shop.id\":\"7\"}" },
		{ NULL, 1, SHOP("\"email\":\"x\",\"email_verified\":true"), 0, NULL,
		  "shop", "", "{\"email\":\"x\"}" },
		{ NULL, 1, SHOP("\"email\":\"x\""), 0, NULL, "shop", "", NULL },
		{ NULL, 0, NULL, 1, SHOP("\"sub\":\"7\""),
		  "7", "", "{\"shop.id\":\"7\"}" },
		{ NULL, 0, NULL, 0, API("\"scope\":\"a\""), NULL, NULL, NULL },
		{ NULL, 0, NULL, 0, SHOP("\"sub\":\"7\""), NULL, NULL, NULL },
		{ "crm-key", 0, API("\"sub\":\"bob\",\"scope\":\"a\""), 0, NULL,
		  "crm", "Pass.Read,Pass.Write,a,", NULL },
		{ "crm-key", 1, API("\"scope\":\"a\""), 0, NULL, NULL, NULL, NULL },
		{ "old-key", 0, API("\"scope\":\"a\""), 0, NULL, NULL, NULL, NULL },
		{ "crm-key", 0, NULL, 1, SHOP("\"sub\":\"7\""),
		  "crm", "Pass.Read,Pass.Write,", "{\"shop.id\":\"7\"}" },
		{ NULL, 0, API("\"scope\":\"a\""), 1, SHOP("\"sub\":\"7\""),
		  "api", "a,", "{\"shop.id\":\"7\"}" },
		{ NULL, 0, API("\"scope\":\"a\""), 0, SHOP("\"sub\":\"7\""),
		  NULL, NULL, NULL },
		{ NULL, 1, SHOP("\"sub\":\"7\""), 1,
		  SHOP("\"email\":\"x\",\"email_verified\":true"),
		  "7", "", "{\"shop.id\":\"7\",\"email\":\"x\"}" },
		{ NULL, 1, SHOP("\"sub\":\"7\""), 1, SHOP("\"x\":1"),
		  "7", "", "{\"shop.id\":\"7\"}" },
		/* clang-format on */
	};
	struct arena *a = arena_new(4096);
	struct tenant shop = tenant;

	(void)state;
	shop.issuers = issuers;
	shop.nissuers = 2;
	shop.claims = claims;
	shop.nclaims = 2;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct credentials c = { .api_key = t[i].key, .now = NOW };
		struct caller out = { .name = "untouched" };
		struct why w = { "", "" };
		char *scopes = arena_strdup(a, "");
		enum err e;

		if (t[i].bearer != NULL)
			c.authorization = arena_printf(a, "%s  %s",
			    i % 2 == 0 ? "Bearer" : "bEARER",
			    signed_by(a, t[i].b, t[i].bearer));
		c.auth_token = signed_by(a, t[i].t, t[i].token);
		e = caller_identify(a, &shop, &c, &out, &w);
		if (e != (t[i].name == NULL ? ERR_DENIED : ERR_OK))
			fail_msg("row %zu: %s", i, w.text);
		assert_string_equal(
		    out.name, e == ERR_OK ? t[i].name : "untouched");
		if (e != ERR_OK)
			continue;
		assert_true(out.known);
		for (size_t n = 0; n < out.scopes.n; n++)
			scopes =
			    arena_printf(a, "%s%s,", scopes, out.scopes.s[n]);
		assert_string_equal(scopes, t[i].scopes);
		assert_int_equal(out.claims == NULL, t[i].claims == NULL);
		if (out.claims != NULL)
			assert_string_equal(
			    json_text(a, out.claims).s, t[i].claims);
	}
	arena_free(a);
}

/* A subject may be long, and goes to the log. */
static void
test_name_is_cut(void **state)
{
	struct arena *a = arena_new(4096);
	struct tenant t = { .issuers = issuers, .nissuers = 1 };
	struct credentials c = { .now = NOW };
	struct caller out;

	(void)state;
	c.authorization = arena_printf(a, "Bearer %s",
	    signed_by(a, 0, arena_printf(a, API("\"sub\":\"%0500d\""), 0)));
	assert_int_equal(caller_identify(a, &t, &c, &out, NULL), ERR_OK);
	assert_int_equal(strlen(out.name), 128);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_and_scheme),
		cmocka_unit_test(test_may),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_name_is_cut),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
