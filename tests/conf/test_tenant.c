#include "acme.h"
#include "base/text.h"
#include "conf/load.h"

static struct tenant *
load(struct folder *d, const struct server *s)
{
	struct tenant *t = NULL;
	enum err e;

	folder_reset(d);
	e = tenant_load(s, "acme", &d->f, &t);
	assert_int_equal(e, d->f.errors == 0 ? ERR_OK : ERR_INVALID);
	assert_true((t != NULL) == (e == ERR_OK));
	return t;
}

static void
assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.s, want, s.len);
}

static void
assert_hex(const unsigned char hash[32], const char *want)
{
	char hex[65];

	text_hex(hex, hash, 32);
	assert_string_equal(hex, want);
}

static void
assert_tenant_yml(struct folder *d, const struct tenant *t)
{
	assert_string_equal(t->id, "acme");
	assert_string_equal(t->dir, folder_path(d, "t/acme"));
	assert_string_equal(t->name, "Acme");
	assert_string_equal(t->url, "https://wallet.acme.example/w");
	assert_string_equal(t->default_pass_type, "loyalty");
	assert_int_equal(t->languages.n, 2);
	assert_string_equal(t->languages.s[1], "fr");
	assert_string_equal(
	    t->apple.pass_type_identifier, "pass.com.acme.loyalty");
	assert_string_equal(t->apple.team_identifier, "A1B2C3D4E5");
	assert_string_equal(
	    t->apple.certificate, folder_path(d, "t/acme/secrets/pass.pem"));
	assert_string_equal(
	    t->apple.key, folder_path(d, "t/acme/secrets/pass.key"));
	assert_string_equal(t->apple.wwdr, "/etc/wwdr.pem");
	assert_string_equal(
	    t->apple.p8, folder_path(d, "t/acme/secrets/apns.p8"));
	assert_string_equal(t->apple.key_id, "ABC123DEFG");
	assert_string_equal(t->google.issuer_id, "3388000000012345678");
	assert_string_equal(t->google.service_account,
	    folder_path(d, "t/acme/secrets/google.json"));
	assert_int_equal(t->google.origins.n, 1);
	assert_int_equal(t->push_window, 3000);
	assert_int_equal(t->keep_operations, 86400000);
	assert_int_equal(t->keep_events, 2 * 86400000);
}

static void
assert_security_yml(const struct tenant *t)
{
	const struct identifier_rule *rule = t->identifiers;

	assert_int_equal(t->nkeys, 2);
	assert_string_equal(t->keys[0].name, "crm");
	assert_hex(t->keys[0].hash, HASH_A);
	assert_true(t->keys[0].enabled);
	assert_int_equal(t->keys[0].permissions.n, 2);
	assert_false(t->keys[1].enabled);
	assert_int_equal(t->keys[1].permissions.n, 0);
	assert_int_equal(t->nissuers, 3);
	assert_string_equal(t->issuers[0].issuer, "https://auth.acme.example/");
	assert_string_equal(t->issuers[0].audience, "passwright");
	assert_int_equal(t->issuers[0].algorithms.n, 2);
	assert_int_equal(t->issuers[0].use, JWT_API);
	assert_non_null(json_get(t->issuers[0].jwks, "keys"));
	assert_int_equal(t->issuers[1].use, JWT_CUSTOMERS);
	assert_slice(t->issuers[1].secret, "0123456789abcdef0123456789abcdef");
	assert_null(t->issuers[1].jwks);
	assert_string_equal(t->issuers[2].jwks_url, "https://x.example/jwks");
	assert_int_equal(t->nclaims, 2);
	assert_string_equal(t->claims[1].claim, "sub");
	assert_string_equal(t->claims[1].identifier, "shop.id");
	assert_int_equal(t->hmac_secrets.n, 1);
	assert_slice(t->hmac_secrets.s[0], "first\n");
	assert_int_equal(t->nidentifiers, 1);
	assert_string_equal(rule->key, "shopify.customerId");
	assert_int_equal(rule->hmac_secrets.n, 2);
	assert_slice(rule->hmac_secrets.s[1], "second");
	assert_int_equal(rule->nsecrets, 1);
	assert_hex(rule->secrets[0], HASH_B);
	assert_true(strings_has(&t->allow_unsigned, "newsletter.id"));
	assert_int_equal(t->require_scope_for.n, 3);
	assert_true(strings_has(&t->cors_origins, "*"));
	assert_int_equal(t->anonymous_limit.count, 5);
	assert_int_equal(t->anonymous_limit.per, 1000);
	assert_int_equal(t->tenant_limit.per, 3600000);
}

static void
assert_pass_types(struct folder *d, const struct tenant *t)
{
	struct pass_type *p = tenant_type(t, "loyalty");

	assert_int_equal(t->ntypes, 2);
	assert_null(tenant_type(t, "loyal"));
	assert_non_null(p);
	assert_string_equal(p->name, "loyalty");
	assert_string_equal(p->file, folder_path(d, LOYALTY));
	assert_string_equal(
	    p->dir, folder_path(d, "t/acme/server/passes/loyalty"));
	assert_int_equal(p->kind, KIND_GIFT_CARD);
	assert_int_equal(p->unique_identifiers.n, 1);
	assert_string_equal(p->layout, "tickets");
	assert_true(p->has_caller_data);
	assert_int_equal(p->caller_data.n, 1);
	assert_string_equal(
	    p->apple_conf.pass_type_identifier, "pass.com.acme.gift");
	assert_string_equal(p->apple_conf.team_identifier, "A1B2C3D4E5");
	assert_string_equal(p->apple_conf.certificate,
	    folder_path(d, "t/acme/secrets/gift.pem"));
	assert_string_equal(
	    p->apple_conf.key, folder_path(d, "t/acme/secrets/pass.key"));
	assert_string_equal(p->google_conf.issuer_id, "3388000000012345678");
	assert_string_equal(json_get_string(p->card, "title"), "Acme");
	assert_true(json_get_bool(p->apple, "sharingProhibited", false));
	assert_non_null(json_get(p->google, "class"));
	assert_non_null(p->metadata);
	assert_string_equal(json_text(d->a, p->texts).s,
	    "{\"en\":{\"terms\":\"Be nice\",\"hello\":\"Hello\"},"
	    "\"fr\":{\"terms\":\"Soyez\"}}");
	assert_true(p->changed > 1500000000);
	assert_null(p->compiled);

	p = tenant_type(t, "coupon");
	assert_int_equal(p->kind, KIND_OFFER);
	assert_string_equal(p->layout, "card");
	assert_false(p->has_caller_data);
	assert_null(p->card);
	assert_int_equal(json_object_object_length(p->texts), 0);
	assert_string_equal(
	    p->apple_conf.pass_type_identifier, "pass.com.acme.loyalty");
}

static void
test_load(void **state)
{
	struct folder d;
	struct server s;
	struct tenant *t;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	t = load(&d, &s);
	assert_int_equal(d.f.n, 0);
	assert_tenant_yml(&d, t);
	assert_security_yml(t);
	assert_pass_types(&d, t);
	/* Names with a dot belong to keys and certificates. */
	assert_int_equal(t->nsecrets, 3);
	assert_string_equal(t->secrets[0].name, "hmac");
	assert_slice(t->secrets[0].value, "first\n");
	assert_slice(t->secrets[1].value, "second");
	assert_int_equal(t->outside.n, 0);
	tenant_free(t);
	tenant_free(NULL);
	folder_close(&d);
}

/* What security.yml does not say is not allowed. */
static void
test_least(void **state)
{
	struct folder d;
	struct server s;
	struct tenant *t;

	(void)state;
	folder_open(&d);
	s = (struct server){ .tenants = folder_path(&d, "t") };
	folder_write(&d, TENANT, "name: A\nurl: http://a\n");
	t = load(&d, &s);
	assert_int_equal(d.f.n, 0);
	assert_null(t->default_pass_type);
	assert_int_equal(t->languages.n, 1);
	assert_string_equal(t->languages.s[0], "en");
	assert_null(t->apple.certificate);
	assert_int_equal(t->push_window, 2000);
	assert_int_equal(t->keep_operations, 30 * 86400000L);
	assert_int_equal(t->keep_events, 90 * 86400000L);
	assert_int_equal(t->nkeys + t->nissuers + t->nclaims, 0);
	assert_int_equal(t->hmac_secrets.n + t->nidentifiers, 0);
	assert_int_equal(t->allow_unsigned.n, 0);
	assert_int_equal(t->cors_origins.n, 1);
	assert_string_equal(t->cors_origins.s[0], "*");
	assert_int_equal(t->anonymous_limit.count, 60);
	assert_int_equal(t->anonymous_limit.per, 60000);
	assert_int_equal(t->tenant_limit.count, 0);
	assert_int_equal(t->ntypes + t->nsecrets, 0);
	tenant_free(t);

	folder_write(&d, SECURITY, "cors: { origins: [] }\n");
	t = load(&d, &s);
	assert_int_equal(t->cors_origins.n, 0);
	tenant_free(t);
	folder_close(&d);
}

static void
test_no_tenant(void **state)
{
	static const char *const t[] = { "nobody", "..", ".", "", "Acme", "api",
		"acme/", "../t/acme", "file" };
	struct folder d;
	struct server s;
	struct tenant *out = NULL;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	folder_write(&d, "t/file", "");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
		    tenant_load(&s, t[i], &d.f, &out), ERR_NOTFOUND);
	assert_int_equal(d.f.n, 0);
	assert_null(out);
	/* A folder is a tenant, be it a broken one. */
	folder_write(&d, "t/empty/x", "");
	assert_int_equal(tenant_load(&s, "empty", &d.f, &out), ERR_INVALID);
	assert_true(folder_has_fault(&d, "t/empty/tenant.yml", 0, "no such"));
	assert_null(out);
	folder_close(&d);
}

/* What is at fault is no more than looked at. */
static void
test_inspect(void **state)
{
	struct folder d;
	struct server s;
	struct tenant *out = NULL;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	assert_int_equal(
	    tenant_inspect(&s, "nobody", &d.f, &out), ERR_NOTFOUND);
	assert_null(out);
	assert_int_equal(tenant_inspect(&s, "acme", &d.f, &out), ERR_OK);
	assert_string_equal(out->languages.s[1], "fr");
	tenant_free(out);
	folder_write(&d, TENANT, "name: [\n");
	assert_int_equal(tenant_inspect(&s, "acme", &d.f, &out), ERR_INVALID);
	assert_null(out->name);
	assert_string_equal(out->languages.s[0], "en");
	assert_non_null(tenant_type(out, "loyalty"));
	tenant_free(out);
	assert_int_equal(unlink(folder_path(&d, TENANT)), 0);
	assert_int_equal(tenant_inspect(&s, "acme", &d.f, &out), ERR_INVALID);
	assert_string_equal(out->languages.s[0], "en");
	tenant_free(out);
	folder_close(&d);
}

/* The folder with one file otherwise has one fault. */
struct broken {
	const char *file, *text;
	int line;
	const char *words;
};

static void
assert_broken(const struct broken *b, size_t n)
{
	struct folder d;
	struct server s;

	for (size_t i = 0; i < n; i++) {
		folder_open(&d);
		s = acme_write(&d);
		folder_write(&d, b[i].file, b[i].text);
		assert_null(load(&d, &s));
		assert_true(
		    folder_has_fault(&d, b[i].file, b[i].line, b[i].words));
		assert_int_equal(d.f.errors, 1);
		folder_close(&d);
	}
}

#define ACME "name: A\nurl: https://a\n"

static void
test_broken_tenant(void **state)
{
	static const struct broken t[] = {
		/* clang-format off */
		{ TENANT, "url: https://a\n", 1, "\"name\" is missing" },
		{ TENANT, "name: a\n", 1, "\"url\" is missing" },
		{ TENANT, "name: a\nurl: wallet.acme.example\n", 2, "\"url\"" },
		{ TENANT, "name: a\nurl: https://a?b\n", 2, "\"url\"" },
		{ TENANT, "name: a\nurl: https://a/#b\n", 2, "\"url\"" },
		{ TENANT, "name: a\nurl: https:///x\n", 2, "\"url\"" },
		{ TENANT, ACME "defaultPassType: loyal\n", 3,
		  "there is no server/passes/loyal.yml" },
		{ TENANT, ACME "languages: []\n", 3, "\"languages\"" },
		{ TENANT, ACME "languages:\n  - en\n  - en-us\n", 5, "en-us" },
		{ TENANT, ACME "languages: [english]\n", 3, "english" },
		{ TENANT, ACME "languages: [en, fr, en]\n", 3, "twice" },
		{ TENANT, ACME "google: { issuerId: 3388 }\n", 3, "quotes" },
		{ TENANT, ACME "apple: { key: ../k }\n", 3, "\"..\"" },
		{ TENANT, ACME "apple: { wwdr: /etc/../k }\n", 3, "\"..\"" },
		{ TENANT, ACME "google: { serviceAccount: a/../../b }\n", 3,
		  "\"..\"" },
		{ TENANT, ACME "apple: { p8: secrets/x }\n", 3, "\"keyId\"" },
		{ TENANT, ACME "apple: { keyId: A }\n", 3, "\"p8\"" },
		{ TENANT, ACME "apple: { passTypeId: A }\n", 3, "passTypeId" },
		{ TENANT, ACME "push: { window: 2h }\n", 3, "\"window\"" },
		{ TENANT, ACME "retention: { events: 0s }\n", 3, "\"events\"" },
		{ TENANT, "[\n", 2, "" },
		/* clang-format on */
	};

	(void)state;
	assert_broken(t, sizeof(t) / sizeof(t[0]));
}

#define KEY "{ name: a, hash: \"sha256:" HASH_A "\" }"
#define JWT(rest)                                                              \
	"jwt: { issuers: [\n{ issuer: i, audience: a, use: api, " rest         \
	" } ] }\n"

static void
test_broken_security(void **state)
{
	static const struct broken t[] = {
		/* clang-format off */
		{ SECURITY, "apikeys: []\n", 1, "did you mean \"apiKeys\"?" },
		{ SECURITY, "apiKeys:\n  - { name: a }\n", 2, "\"hash\" is" },
		{ SECURITY, "apiKeys:\n  - { name: a, hash: \"" HASH_A
		  "\" }\n", 2, "sha256:" },
		{ SECURITY, "apiKeys:\n  - { name: a, hash: \"sha256:" HASH_A
		  "0\" }\n", 2, "64 hex" },
		{ SECURITY, "apiKeys:\n  - { name: a, hash: \"sha256:\" }\n", 2,
		  "64 hex" },
		{ SECURITY, "apiKeys:\n  - " KEY "\n  - { name: a, hash: "
		  "\"sha256:" HASH_B "\" }\n", 3, "taken by another" },
		{ SECURITY, "apiKeys:\n  - " KEY "\n  - { name: b, hash: "
		  "\"sha256:" HASH_A "\" }\n", 3, "has the hash of key \"a\"" },
		{ SECURITY, JWT("algorithms: [RS256]"), 2, "exactly one of" },
		{ SECURITY, JWT("algorithms: [RS256], jwksUrl: https://x, "
		  "jwksFile: secrets/jwks.json"), 2, "exactly one of" },
		{ SECURITY, JWT("jwksUrl: https://x"), 2,
		  "\"algorithms\" is missing" },
		{ SECURITY, JWT("algorithms: [], jwksUrl: https://x"), 2,
		  "\"algorithms\"" },
		{ SECURITY, JWT("algorithms: [none], jwksUrl: https://x"), 2,
		  "unknown algorithm \"none\"" },
		{ SECURITY, JWT("algorithms: [HS256], jwksUrl: https://x"), 2,
		  "HS256 needs \"secret\"" },
		{ SECURITY, JWT("algorithms: [RS256], secret: "
		  "secrets/shop-jwt"), 2, "RS256 needs \"jwksFile\"" },
		{ SECURITY, JWT("algorithms: [HS256, ES256], secret: "
		  "secrets/shop-jwt"), 2, "ES256 needs \"jwksFile\"" },
		{ SECURITY, JWT("algorithms: [RS256], jwksUrl: x.example"), 2,
		  "\"jwksUrl\" must be" },
		{ SECURITY, JWT("algorithms: [RS256], jwksFile: secrets/no"), 2,
		  "no such file" },
		{ SECURITY, JWT("algorithms: [RS256], jwksFile: secrets/hmac"),
		  2, "is not JSON" },
		{ SECURITY, JWT("algorithms: [HS256], secret: secrets/no"), 2,
		  "no such file" },
		{ SECURITY, JWT("algorithms: [HS256], secret: secrets"), 2,
		  "cannot be read" },
		{ SECURITY, JWT("algorithms: [HS256], secret: ../x"), 2,
		  "\"..\"" },
		{ SECURITY, "customerClaims: { email: id }\n", 1,
		  "\"id\" cannot be an identifier" },
		{ SECURITY, "customerClaims:\n  a: b\n  email: 1\n", 3,
		  "claim \"email\"" },
		{ SECURITY, "hmacSecrets:\n  - secrets/hmac\n  - secrets/no\n",
		  3, "no such file" },
		{ SECURITY, "identifiers:\n  a.hmac: {}\n", 2, "a.hmac" },
		{ SECURITY, "identifiers:\n  a.secret: {}\n", 2, "a.secret" },
		{ SECURITY, "identifiers:\n  id.a: {}\n", 2, "id.a" },
		{ SECURITY, "identifiers:\n  a: { hmacSecret: [] }\n", 2,
		  "did you mean \"hmacSecrets\"?" },
		{ SECURITY, "identifiers:\n  a: { hmacSecrets: [no] }\n", 2,
		  "no such file" },
		{ SECURITY, "identifiers:\n  a:\n    secrets:\n      - x\n", 4,
		  "identifier \"a\"" },
		{ SECURITY, "identifiers:\n  a: []\n", 2, "a mapping" },
		{ SECURITY, "allowUnsigned: [passType]\n", 1, "passType" },
		{ SECURITY, "requireScopeFor: [data, row]\n", 1, "data, raw" },
		{ SECURITY, "limits: { tenant: 60 }\n", 1, "\"tenant\"" },
		/* clang-format on */
	};

	(void)state;
	assert_broken(t, sizeof(t) / sizeof(t[0]));
}

#define IN_LOYALTY "t/acme/server/passes/loyalty/"

static void
test_broken_pass_type(void **state)
{
	static const struct broken t[] = {
		/* clang-format off */
		{ LOYALTY, "layout: card\n", 1, "\"kind\" is missing" },
		{ LOYALTY, "", 0, "\"kind\" is missing" },
		{ LOYALTY, "card: [\n", 2, "" },
		{ LOYALTY, "kind: loyalty\n", 1, "customerCard or" },
		{ LOYALTY, "kind: offer\nlayout: a/b\n", 2, "\"layout\"" },
		{ LOYALTY, "kind: offer\nlayout: ''\n", 2, "\"layout\"" },
		{ LOYALTY, "kind: offer\nuniqueIdentifiers:\n  - a\n  - id\n",
		  4, "\"id\" cannot" },
		{ LOYALTY, "kind: offer\nuniqueIdentifiers: [a, a]\n", 2,
		  "twice" },
		{ LOYALTY, "kind: offer\ncard: []\n", 2, "a mapping" },
		{ LOYALTY, "kind: offer\nmetadata: x\n", 2, "a mapping" },
		{ LOYALTY, "kind: offer\ncredentials: { appl: {} }\n", 2,
		  "did you mean \"apple\"?" },
		{ LOYALTY, "kind: offer\ncredentials:\n  apple: { p8: x }\n", 3,
		  "\"keyId\"" },
		{ LOYALTY, "kind: offer\nimages: {}\n", 2, "\"images\"" },
		{ "t/acme/server/passes/a.b.yml", "kind: offer\n", 0,
		  "no name for a pass type" },
		{ IN_LOYALTY "en.yml", "a: x\nb: 1\n", 2, "quotes" },
		{ IN_LOYALTY "en.yml", "a: x\nb: {}\n", 2, "a text" },
		{ IN_LOYALTY "en.yml", "[a]\n", 1, "a mapping" },
		{ IN_LOYALTY "terms.yml", "a: x\n", 0, "after their language" },
		{ IN_LOYALTY "en.yml", "a: [\n", 2, "" },
		/* clang-format on */
	};

	(void)state;
	assert_broken(t, sizeof(t) / sizeof(t[0]));
}

/* One run names the faults of all files. */
static void
test_all_faults(void **state)
{
	struct folder d;
	struct server s;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	folder_write(&d, TENANT, "name: A\n\n- x\n");
	folder_write(&d, SECURITY, "apiKey: []\n");
	folder_write(&d, LOYALTY, "knid: offer\n");
	folder_write(&d, IN_LOYALTY "fr.yml", "a: 1\n");
	assert_null(load(&d, &s));
	assert_true(folder_has_fault(&d, TENANT, 3, "did not find"));
	assert_true(folder_has_fault(&d, SECURITY, 1, "apiKeys"));
	assert_true(folder_has_fault(&d, LOYALTY, 1, "kind"));
	assert_true(folder_has_fault(&d, IN_LOYALTY "fr.yml", 1, "a text"));
	folder_close(&d);
}

static void
test_secrets(void **state)
{
	struct folder d;
	struct server s;
	struct tenant *t;
	char *big;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	big = arena_alloc(d.a, LOAD_SECRET_MAX + 1);
	memset(big, 'x', LOAD_SECRET_MAX + 1);
	folder_write_bytes(&d, "t/acme/secrets/big",
	    (struct slice){ big, LOAD_SECRET_MAX + 1 });
	folder_write_bytes(
	    &d, "t/acme/secrets/fits", (struct slice){ big, LOAD_SECRET_MAX });
	folder_write(&d, "t/acme/secrets/empty", "");
	folder_write(&d, "t/acme/secrets/line", "\n");
	folder_write(&d, "t/acme/secrets/crlf", "x\r\n");
	folder_write(&d, "t/acme/secrets/copy~", "x");
	folder_write(&d, "t/acme/secrets/.hidden", "x");
	folder_write(&d, "t/acme/secrets/short", "0123456789abcdef\n");
	folder_write(
	    &d, SECURITY, JWT("algorithms: [HS256], secret: secrets/short"));
	assert_int_equal(chmod(folder_path(&d, "t/acme/secrets"), 0750), 0);
	t = load(&d, &s);
	assert_int_equal(t->nsecrets, 8);
	assert_slice(t->secrets[0].value, "x\r");
	assert_string_equal(t->secrets[1].name, "empty");
	assert_slice(t->secrets[1].value, "");
	assert_int_equal(t->secrets[2].value.len, LOAD_SECRET_MAX);
	assert_slice(t->secrets[5].value, "");
	assert_int_equal(d.f.n, 3);
	assert_true(folder_has_fault(&d, "secrets/big", 0, "over 64 KiB"));
	assert_true(folder_has_fault(&d, "acme/secrets", 0, "chmod 700"));
	assert_true(folder_has_fault(&d, SECURITY, 2, "under 32 bytes"));
	tenant_free(t);

	/* One that something depends on must be good. */
	folder_write(&d, SECURITY, "hmacSecrets: [secrets/line]\n");
	assert_null(load(&d, &s));
	assert_true(folder_has_fault(&d, SECURITY, 1, "is empty"));
	folder_write(&d, SECURITY, "hmacSecrets: [secrets/big]\n");
	assert_null(load(&d, &s));
	assert_true(folder_has_fault(&d, SECURITY, 1, "over 64 KiB"));
	folder_close(&d);
}

static void
test_outside(void **state)
{
	struct folder d;
	struct server s;
	struct tenant *t;
	char *path;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	path = folder_write(&d, "acme-secret", "far\n");
	folder_write(&d, SECURITY,
	    arena_printf(
		d.a, "hmacSecrets: [%s, secrets/hmac, %s]\n", path, path));
	t = load(&d, &s);
	assert_slice(t->hmac_secrets.s[2], "far");
	assert_int_equal(t->outside.n, 1);
	assert_string_equal(t->outside.s[0], path);
	tenant_free(t);
	folder_close(&d);
}

/* The digest of `loyalty` after writing a file (or NULL). */
static void
digest_after(
    struct folder *d, const char *file, const char *text, unsigned char out[32])
{
	struct server s = { .tenants = folder_path(d, "t") };
	struct tenant *t;

	if (file != NULL)
		folder_write(d, file, text);
	t = load(d, &s);
	memcpy(out, tenant_type(t, "loyalty")->digest, 32);
	tenant_free(t);
}

static void
test_digest(void **state)
{
	static const struct {
		const char *file, *text;
		bool changes;
	} t[] = {
		/* clang-format off */
		{ LOYALTY, "kind: offer\ncard: { a: b }\n", true },
		{ LOYALTY, "# b\nkind: offer # a\ncard:\n  a: b\n", false },
		{ LOYALTY, "kind: offer\ncard: { a: c }\n", true },
		{ LOYALTY, "kind: generic\ncard: { a: c }\n", true },
		{ LOYALTY, "kind: generic\napple: { a: c }\n", true },
		{ LOYALTY, "kind: generic\ngoogle: { a: c }\n", true },
		{ LOYALTY, "kind: generic\ngoogle: { a: c }\n"
		  "uniqueIdentifiers: [a]\ncallerData: [b]\n"
		  "metadata: { c: d }\n", false },
		{ IN_LOYALTY "en.yml", "terms: Be kind\n", true },
		{ IN_LOYALTY "en.yml", "# or not\nterms: 'Be kind'\n", false },
		{ IN_LOYALTY "de.yml", "terms: Sei nett\n", false },
		{ IN_LOYALTY "icon.png", "GNP", true },
		{ IN_LOYALTY "icon.png", "GNP", false },
		{ IN_LOYALTY "logo.png", "", true },
		{ IN_LOYALTY "README", "x", false },
		{ "t/acme/server/passes/coupon.yml", "kind: generic\n", false },
		{ SECURITY, "", false },
		{ TENANT, "name: A\nurl: https://a\n", true },
		{ TENANT, "url: https://a/\nname: A\npush: { window: 9s }\n"
		  "retention: { events: 1d }\napple: { key: x }\n"
		  "defaultPassType: coupon\n", false },
		{ TENANT, "name: B\nurl: https://a\n", true },
		{ TENANT, "name: B\nurl: https://b\n", true },
		{ TENANT, "name: B\nurl: https://b\nlanguages: [fr, en]\n",
		  true },
		{ TENANT, "name: B\nurl: https://b\nlanguages: [fr, en]\n"
		  "apple: { teamIdentifier: A }\n", true },
		{ TENANT, "name: B\nurl: https://b\nlanguages: [fr, en]\n"
		  "apple: { passTypeIdentifier: A }\n", true },
		{ TENANT, "name: B\nurl: https://b\nlanguages: [fr, en]\n"
		  "google: { issuerId: A }\n", true },
		/* clang-format on */
	};
	unsigned char before[32], after[32];
	struct folder d;

	(void)state;
	folder_open(&d);
	acme_write(&d);
	digest_after(&d, NULL, NULL, before);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		digest_after(&d, t[i].file, t[i].text, after);
		assert_int_equal(memcmp(before, after, 32) != 0, t[i].changes);
		memcpy(before, after, 32);
	}
	/* An image under another name is another. */
	assert_int_equal(rename(folder_path(&d, IN_LOYALTY "logo.png"),
			     folder_path(&d, IN_LOYALTY "strip.png")),
	    0);
	digest_after(&d, NULL, NULL, after);
	assert_memory_not_equal(before, after, 32);
	folder_close(&d);
}

static void
test_images(void **state)
{
	struct tenant *t;
	struct folder d;
	struct server s;
	char *path;

	(void)state;
	folder_open(&d);
	s = acme_write(&d);
	path = folder_path(&d, IN_LOYALTY "icon.png");
	t = load(&d, &s);
	assert_string_equal(
	    json_get_string(tenant_type(t, "loyalty")->images, "icon.png"),
	    "70fe60b7dfe0837f2c69677bfef128c134937b16");
	tenant_free(t);
	assert_int_equal(truncate(path, 4 * 1024 * 1024), 0);
	tenant_free(load(&d, &s));
	assert_int_equal(d.f.n, 0);
	assert_int_equal(truncate(path, 4 * 1024 * 1024 + 1), 0);
	assert_null(load(&d, &s));
	assert_true(folder_has_fault(&d, "icon.png", 0, "over 4 MiB"));
	folder_close(&d);
}

static void
test_language(void **state)
{
	static const struct {
		const char *s;
		bool is;
	} t[] = { { "en", true }, { "fr", true }, { "pt-BR", true },
		{ "zh-Hans", true }, { "zh-Hant-TW", true }, { "gsw", true },
		{ "", false }, { "e", false }, { "EN", false },
		{ "en-us", false }, { "en_US", false }, { "en-USA", false },
		{ "en-", false }, { "en-U", false }, { "zh-hans", false },
		{ "zh-Hans-", false }, { "engl", false }, { "pt-BR-x", false },
		{ "en.lproj", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(load_is_language(slice_of(t[i].s)), t[i].is);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_no_tenant),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_broken_tenant),
		cmocka_unit_test(test_broken_security),
		cmocka_unit_test(test_broken_pass_type),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
