#include "conf/server.h"
#include "folder.h"

static void
test_defaults(void **state)
{
	struct server s;
	struct folder d;
	char *path;

	(void)state;
	folder_open(&d);
	path = folder_write(&d, "p.yml", "");
	assert_int_equal(server_load(d.a, path, &d.f, &s), ERR_OK);
	assert_int_equal(d.f.n, 0);
	assert_string_equal(s.file, path);
	assert_string_equal(s.tenants, LOCALSTATEDIR "/lib/passwright/tenants");
	assert_string_equal(s.worker, PKGLIBEXECDIR "/passwright-worker");
	assert_int_equal(s.durability, DURABILITY_SYNC);
	assert_string_equal(s.log.target, "stderr");
	assert_int_equal(s.log.level, LOG_LVL_INFO);
	assert_null(s.hub.listen);
	assert_null(s.hub.socket);
	assert_string_equal(s.endpoints.apns, "https://api.push.apple.com");
	assert_string_equal(s.endpoints.google_api,
	    "https://walletobjects.googleapis.com/walletobjects/v1");
	assert_string_equal(
	    s.endpoints.google_token, "https://oauth2.googleapis.com/token");
	assert_string_equal(
	    s.endpoints.google_save, "https://pay.google.com/gp/v/save/");
	assert_string_equal(
	    s.endpoints.google_keys, "https://pay.google.com/gp/m/issuer/keys");
	assert_string_equal(s.endpoints.google_sender, "GooglePayPasses");
	assert_null(s.endpoints.ca_file);
	assert_int_equal(s.allow_private.n, 0);
	assert_int_equal(s.max_body, 1048576);
	folder_close(&d);
}

static void
test_values(void **state)
{
	struct server s;
	struct folder d;
	char *path;

	(void)state;
	folder_open(&d);
	path = folder_write(&d, "etc/p.yml",
	    "tenants: ../t\n"
	    "worker: /x/worker\n"
	    "durability: write-nosync\n"
	    "log: { target: log/p.log, level: debug }\n"
	    "hub: { listen: \"[::1]:9080\", socket: hub.sock }\n"
	    "endpoints: { apns: \"http://127.0.0.1:1\", caFile: ca.pem }\n"
	    "allowPrivate: [127.0.0.1, \"::1\"]\n"
	    "metricsFrom: [192.0.2.7]\n"
	    "maxBodyBytes: 2M\n");
	assert_int_equal(server_load(d.a, path, &d.f, &s), ERR_OK);
	assert_string_equal(s.tenants, folder_path(&d, "etc/../t"));
	assert_string_equal(s.worker, "/x/worker");
	assert_int_equal(s.durability, DURABILITY_WRITE_NOSYNC);
	assert_string_equal(s.log.target, folder_path(&d, "etc/log/p.log"));
	assert_int_equal(s.log.level, LOG_LVL_DEBUG);
	assert_string_equal(s.hub.listen, "[::1]:9080");
	assert_string_equal(s.hub.socket, folder_path(&d, "etc/hub.sock"));
	assert_string_equal(s.endpoints.apns, "http://127.0.0.1:1");
	assert_string_equal(
	    s.endpoints.google_save, "https://pay.google.com/gp/v/save/");
	assert_string_equal(s.endpoints.ca_file, folder_path(&d, "etc/ca.pem"));
	assert_int_equal(s.allow_private.n, 2);
	assert_string_equal(s.allow_private.s[1], "::1");
	assert_int_equal(s.metrics_from.n, 1);
	assert_string_equal(s.metrics_from.s[0], "192.0.2.7");
	assert_int_equal(s.max_body, 2 * 1024 * 1024);
	folder_close(&d);
}

static void
test_where(void **state)
{
	struct server s;
	struct folder d;
	char *path, *here = getcwd(NULL, 0);

	(void)state;
	folder_open(&d);
	path = folder_write(&d, "p.yml", "tenants: t\n");
	assert_int_equal(setenv("PASSWRIGHT_CONFIG", path, 1), 0);
	assert_int_equal(server_load(d.a, NULL, &d.f, &s), ERR_OK);
	assert_string_equal(s.file, path);
	/* -c comes first, and a relative path is made good for later. */
	assert_int_equal(chdir(d.dir), 0);
	assert_int_equal(setenv("PASSWRIGHT_CONFIG", "/nowhere", 1), 0);
	assert_int_equal(server_load(d.a, "p.yml", &d.f, &s), ERR_OK);
	assert_int_equal(chdir(here), 0);
	assert_string_equal(s.tenants, folder_path(&d, "t"));
	assert_int_equal(d.f.n, 0);

	s.tenants = "untouched";
	assert_int_equal(server_load(d.a, NULL, &d.f, &s), ERR_NOTFOUND);
	assert_true(folder_has_fault(&d, "/nowhere", 0, "no such file"));
	assert_string_equal(s.tenants, "untouched");
	/* An empty variable is none. */
	assert_int_equal(setenv("PASSWRIGHT_CONFIG", "", 1), 0);
	folder_reset(&d);
	if (server_load(d.a, NULL, &d.f, &s) != ERR_OK)
		assert_string_equal(
		    d.f.list[0].file, SYSCONFDIR "/passwright/passwright.yml");
	assert_int_equal(unsetenv("PASSWRIGHT_CONFIG"), 0);
	free(here);
	folder_close(&d);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *yaml;
		int line;
		const char *words;
	} t[] = {
		/* clang-format off */
		{ "tenant: /x\n", 1, "did you mean \"tenants\"?" },
		{ "tenants: ''\n", 1, "\"tenants\"" },
		{ "durability: write_nosync\n", 1, "write-nosync" },
		{ "log:\n  level: verbose\n", 2, "error or warning or info" },
		{ "hub: { listen: '127.0.0.1:9080' }\n", 1,
		  "\"socket\" is missing" },
		{ "hub: { socket: /s }\n", 1, "\"listen\" is missing" },
		{ "hub:\n  socket: /s\n  listen: '9080'\n", 3, "ADDRESS:PORT" },
		{ "hub: { socket: /s, listen: 'a:0' }\n", 1, "ADDRESS:PORT" },
		{ "hub: { socket: /s, listen: 'a:65536' }\n", 1,
		  "ADDRESS:PORT" },
		{ "hub: { socket: /s, listen: 'a:80x' }\n", 1, "ADDRESS:PORT" },
		{ "hub: { socket: /s, listen: ':80' }\n", 1, "ADDRESS:PORT" },
		{ "endpoints:\n  apns: api.push.apple.com\n", 2, "\"apns\": an "
		  "http or https URL" },
		{ "endpoints: { googleApi: 'ftp://x' }\n", 1, "googleApi" },
		{ "endpoints: { googleToken: 'https://' }\n", 1,
		  "googleToken" },
		{ "endpoints: { googleSave: 'https://a b' }\n", 1,
		  "googleSave" },
		{ "endpoints: { googleKeys: 'https://u@h/' }\n", 1,
		  "googleKeys" },
		{ "allowPrivate:\n  - 127.0.0.1\n  - localhost\n", 3,
		  "localhost is no IPv4 or IPv6 address" },
		{ "allowPrivate: [127.0.0.1/8]\n", 1, "no IPv4" },
		{ "metricsFrom: [localhost]\n", 1,
		  "\"metricsFrom\": localhost is no IPv4 or IPv6 address" },
		{ "maxBodyBytes: 1023\n", 1, "\"maxBodyBytes\"" },
		{ "maxBodyBytes: 65M\n", 1, "\"maxBodyBytes\"" },
		{ "a: [\n", 2, "" },
		/* clang-format on */
	};
	struct server s = { .file = "untouched" };
	struct folder d;

	(void)state;
	folder_open(&d);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = folder_write(&d, "p.yml", t[i].yaml);

		folder_reset(&d);
		assert_int_equal(server_load(d.a, path, &d.f, &s), ERR_INVALID);
		assert_true(
		    folder_has_fault(&d, "p.yml", t[i].line, t[i].words));
		assert_int_equal(d.f.n, 1);
		assert_string_equal(s.file, "untouched");
	}
	folder_close(&d);
}

/* Every key of the tables is shown in the sample. */
static void
assert_shown(const char *sample, const struct setting *rows)
{
	char text[64];

	for (; rows->name != NULL; rows++) {
		snprintf(text, sizeof(text), "%s: ", rows->name);
		if (rows->type == SETTING_STRUCT)
			text[strlen(text) - 1] = '\0';
		assert_non_null(strstr(sample, text));
	}
}

/* The sample loads as it is, and with every setting taken from its comment. */
static void
test_sample(void **state)
{
	const char *top = getenv("srcdir");
	struct server plain, full;
	char *sample, *p;
	struct folder d;

	(void)state;
	assert_non_null(top);
	folder_open(&d);
	sample = arena_printf(d.a, "%s/etc/passwright.yml", top);
	assert_int_equal(server_load(d.a, sample, &d.f, &plain), ERR_OK);

	p = arena_printf(d.a, "cat '%s' >'%s/s.yml'", sample, d.dir);
	assert_int_equal(system(p), 0);
	p = folder_read(&d, "s.yml");
	for (char *c = p; c != NULL; c = strchr(c, '\n')) {
		c += *c == '\n';
		if (c[0] == '#' && c[1] != ' ')
			memmove(c, c + 1, strlen(c));
		else if (c[0] == '#' && c[1] == ' ' && c[2] == ' ')
			memmove(c, c + 1, strlen(c));
		if (*c == '\0')
			break;
	}
	assert_int_equal(
	    server_load(d.a, folder_write(&d, "s.yml", p), &d.f, &full),
	    ERR_OK);
	assert_int_equal(d.f.n, 0);
	assert_string_equal(full.hub.listen, "127.0.0.1:9080");
	assert_int_equal(full.durability, plain.durability);
	assert_string_equal(full.log.target, plain.log.target);
	assert_int_equal(full.log.level, plain.log.level);
	assert_string_equal(full.endpoints.apns, plain.endpoints.apns);
	assert_string_equal(
	    full.endpoints.google_api, plain.endpoints.google_api);
	assert_string_equal(
	    full.endpoints.google_token, plain.endpoints.google_token);
	assert_string_equal(
	    full.endpoints.google_save, plain.endpoints.google_save);
	assert_string_equal(
	    full.endpoints.google_keys, plain.endpoints.google_keys);
	assert_string_equal(
	    full.endpoints.google_sender, plain.endpoints.google_sender);
	assert_null(full.endpoints.ca_file);
	assert_int_equal(full.max_body, plain.max_body);
	assert_shown(p, server_settings);
	for (const struct setting *r = server_settings; r->name != NULL; r++)
		if (r->type == SETTING_STRUCT)
			assert_shown(p, r->rows);
	folder_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
