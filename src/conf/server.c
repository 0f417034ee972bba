#include "conf/server.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "conf/load.h"
#include "conf/yaml.h"

#define AT(field) offsetof(struct server, field)

static const char *const durabilities[] = { "sync", "write-nosync", "nosync",
	NULL };
static const char *const levels[] = { "error", "warning", "info", "debug",
	NULL };

/* clang-format off */
static const struct setting log_rows[] = {
	{ .name = "target", .type = SETTING_STRING, .min = 1, .max = 4096,
	  .offset = AT(log.target) - AT(log), .def = "stderr",
	  .text = "stderr, syslog, or a file, which is opened again when it "
	      "is moved away." },
	{ .name = "level", .type = SETTING_ENUM, .words = levels,
	  .offset = AT(log.level) - AT(log), .def = "info",
	  .text = "The least important lines that are written." },
	{ .name = NULL }
};

static const struct setting hub_rows[] = {
	{ .name = "listen", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 256, .offset = AT(hub.listen) - AT(hub),
	  .text = "Address and port of the hub, to which the web server "
	      "passes WebSockets." },
	{ .name = "socket", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 107, .offset = AT(hub.socket) - AT(hub),
	  .text = "Socket on which the hub is told of changes." },
	{ .name = NULL }
};

#define ENDPOINT(field) (AT(endpoints.field) - AT(endpoints))

static const struct setting endpoint_rows[] = {
	{ .name = "apns", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(apns),
	  .def = "https://api.push.apple.com",
	  .text = "Apple's push service." },
	{ .name = "googleApi", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(google_api),
	  .def = "https://walletobjects.googleapis.com/walletobjects/v1",
	  .text = "Google's Wallet API." },
	{ .name = "googleToken", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(google_token),
	  .def = "https://oauth2.googleapis.com/token",
	  .text = "Where Google's access tokens are had." },
	{ .name = "googleSave", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(google_save),
	  .def = "https://pay.google.com/gp/v/save/",
	  .text = "What a save link starts with." },
	{ .name = "googleKeys", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(google_keys),
	  .def = "https://pay.google.com/gp/m/issuer/keys",
	  .text = "The keys that sign Google's callbacks." },
	{ .name = "googleSender", .type = SETTING_STRING, .min = 1, .max = 128,
	  .offset = ENDPOINT(google_sender),
	  .def = "GooglePayPasses",
	  .text = "What Google calls itself in its callbacks." },
	{ .name = "caFile", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = ENDPOINT(ca_file),
	  .text = "File of certificates that are trusted for these too." },
	{ .name = NULL }
};

const struct setting server_settings[] = {
	{ .name = "tenants", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = AT(tenants), .def = LOCALSTATEDIR "/lib/passwright/tenants",
	  .text = "The folder of the tenants' folders." },
	{ .name = "worker", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = AT(worker), .def = PKGLIBEXECDIR "/passwright-worker",
	  .text = "The program that does queued work." },
	{ .name = "durability", .type = SETTING_ENUM, .words = durabilities,
	  .offset = AT(durability), .def = "sync",
	  .text = "What an acknowledged write survives: a power cut (sync), "
	      "a crash of the system's programs (write-nosync), neither." },
	{ .name = "log", .type = SETTING_STRUCT, .rows = log_rows,
	  .offset = AT(log), .text = "Where the log goes." },
	{ .name = "hub", .type = SETTING_STRUCT, .rows = hub_rows,
	  .offset = AT(hub),
	  .text = "The WebSocket server; without it there is none." },
	{ .name = "endpoints", .type = SETTING_STRUCT, .rows = endpoint_rows,
	  .offset = AT(endpoints),
	  .text = "The wallets' services; tests point these at stand-ins." },
	{ .name = "allowPrivate", .type = SETTING_STRINGS, .max = 1000,
	  .offset = AT(allow_private), .def = "[]",
	  .text = "Private addresses that providers, suppliers, webhooks and "
	      "jwksUrl may reach all the same." },
	{ .name = "metricsFrom", .type = SETTING_STRINGS, .max = 1000,
	  .offset = AT(metrics_from), .def = "[]",
	  .text = "Addresses that may read /metrics, beside loopback." },
	{ .name = "maxBodyBytes", .type = SETTING_SIZE, .min = 1024,
	  .max = 64L * 1024 * 1024, .offset = AT(max_body), .def = "1048576",
	  .text = "The largest body of a request." },
	{ .name = NULL }
};
/* clang-format on */

static int
line_of(const struct setting_source *s, const char *section, const char *key)
{
	return section == NULL ? yaml_line_of(s->in, key)
			       : yaml_line_of(json_get(s->in, section), key);
}

static const char *
absolute(struct arena *a, const char *folder, const char *path)
{
	return path == NULL || path[0] == '/'
	    ? path
	    : arena_printf(a, "%s/%s", folder, path);
}

/* "127.0.0.1:9080", "[::1]:9080" */
static bool
is_listen(const char *s)
{
	const char *colon = strrchr(s, ':');
	size_t n;
	long port;

	if (colon == NULL || colon == s)
		return false;
	n = strspn(colon + 1, "0123456789");
	if (n == 0 || n > 5 || colon[1 + n] != '\0')
		return false;
	port = strtol(colon + 1, NULL, 10);
	return port >= 1 && port <= 65535;
}

static void
check_addresses(const struct setting_source *s, const char *key,
    const struct strings *addresses)
{
	unsigned char address[sizeof(struct in6_addr)];
	struct json_object *list = json_get(s->in, key);

	for (size_t i = 0; i < addresses->n; i++)
		if (inet_pton(AF_INET, addresses->s[i], address) != 1 &&
		    inet_pton(AF_INET6, addresses->s[i], address) != 1)
			fault_add(s->f, s->file, yaml_line_at(list, i),
			    "\"%s\": %s is no IPv4 or IPv6 address", key,
			    addresses->s[i]);
}

static void
check_endpoints(const struct setting_source *s, const struct server *out)
{
	const struct {
		const char *key, *url;
	} t[] = { { "apns", out->endpoints.apns },
		{ "googleApi", out->endpoints.google_api },
		{ "googleToken", out->endpoints.google_token },
		{ "googleSave", out->endpoints.google_save },
		{ "googleKeys", out->endpoints.google_keys } };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (!load_is_url(t[i].url))
			fault_add(s->f, s->file,
			    line_of(s, "endpoints", t[i].key),
			    "\"%s\": an http or https URL is expected",
			    t[i].key);
}

static const char *
path_or_default(const char *path)
{
	const char *env;

	if (path != NULL)
		return path;
	env = getenv("PASSWRIGHT_CONFIG");
	return env != NULL && *env != '\0' ? env
					   : SYSCONFDIR
	    "/passwright/passwright.yml";
}

/* The absolute path of the folder of `path`. */
static const char *
folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dir = slash == NULL ? "."
	    : slash == path             ? "/"
			    : arena_strndup(a, path, (size_t)(slash - path));
	char *real = realpath(dir, NULL);
	const char *copy = real == NULL ? dir : arena_strdup(a, real);

	free(real);
	return copy;
}

static void
finish(struct arena *a, const struct setting_source *s, struct server *out)
{
	const char *folder = folder_of(a, s->file);
	const char *target = out->log.target;

	out->file = s->file;
	out->tenants = absolute(a, folder, out->tenants);
	out->worker = absolute(a, folder, out->worker);
	out->hub.socket = absolute(a, folder, out->hub.socket);
	out->endpoints.ca_file = absolute(a, folder, out->endpoints.ca_file);
	if (strcmp(target, "stderr") != 0 && strcmp(target, "syslog") != 0)
		out->log.target = absolute(a, folder, target);
	if (out->hub.listen != NULL && !is_listen(out->hub.listen))
		fault_add(s->f, s->file, line_of(s, "hub", "listen"),
		    "\"listen\": ADDRESS:PORT is expected");
	check_addresses(s, "allowPrivate", &out->allow_private);
	check_addresses(s, "metricsFrom", &out->metrics_from);
	check_endpoints(s, out);
}

enum err
server_load(
    struct arena *a, const char *path, struct faults *f, struct server *out)
{
	struct setting_source s = { .file = path_or_default(path), .f = f };
	const size_t before = f->errors;
	struct server got = { .file = NULL };
	enum err e;

	s.file = arena_strdup(a, s.file);
	e = yaml_read(a, s.file, s.file, f, &s.in);
	if (e == ERR_NOTFOUND)
		fault_add(f, s.file, 0,
		    "no such file: give one with -c or $PASSWRIGHT_CONFIG");
	if (e != ERR_OK)
		return e;
	(void)!setting_read(a, server_settings, &s, &got);
	finish(a, &s, &got);
	if (f->errors > before)
		return ERR_INVALID;
	*out = got;
	return ERR_OK;
}
