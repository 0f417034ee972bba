/*
 * tenant - `passwright tenant`: a tenant's folder.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/json.h"
#include "bin/command.h"
#include "conf/load.h"
#include "conf/tenants.h"

static const char tenant_yml[] =
    "name: \"%s\"\n"
    "url: \"%s\"               # public base, used in passes and links\n"
    "languages: [en]        # the first is the default\n"
    "# defaultPassType: loyalty\n"
    "# apple: { passTypeIdentifier: pass.com.example, "
    "teamIdentifier: A1B2C3D4E5,\n"
    "#          certificate: secrets/pass.pem, key: secrets/pass.key, "
    "wwdr: secrets/wwdr.pem }\n";

static const char security_yml[] =
    "# Keys are made by `passwright key add %s --name NAME --scope SCOPE`.\n"
    "apiKeys: []\n"
    "\n"
    "# A pass id alone opens `view` and the download.  What is stored about\n"
    "# a person stays closed to it, because ids travel in links and QR\n"
    "# codes: data and data/raw need the scope Pass.Read.\n"
    "requireScopeFor: [data, raw]\n";

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	size_t len = strlen(text);
	int ok;

	if (fd < 0)
		return -1;
	ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	return close(fd) == 0 && ok ? 0 : -1;
}

static int
make_folder(
    struct command *c, const char *dir, const char *name, const char *url)
{
	static const struct {
		const char *name;
		mode_t mode;
	} t[] = {
		{ "", 0750 },
		{ "/server", 0750 },
		{ "/server/passes", 0750 },
		{ "/secrets", 0700 },
		{ "/data", 0700 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (mkdir(arena_printf(c->a, "%s%s", dir, t[i].name),
			t[i].mode) != 0)
			return -1;
	if (write_file(arena_printf(c->a, "%s/tenant.yml", dir),
		arena_printf(c->a, tenant_yml, name, url)) != 0)
		return -1;
	return write_file(arena_printf(c->a, "%s/security.yml", dir),
	    arena_printf(c->a, security_yml, name));
}

static int
add(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' }, { 0 }
	};
	const char *url = "https://wallet.example", *name, *dir;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'u')
			return command_usage(c);
		url = optarg;
	}
	if (optind != argc - 1)
		return command_usage(c);
	name = argv[optind];
	if (!ident_is_tenant(slice_of(name)))
		return command_fail(EX_USAGE,
		    "%s is no name for a tenant: use a-z, 0-9 and '-', at "
		    "most 63, and not api, healthz, metrics or cgi-bin",
		    name);
	if (!load_is_url(url))
		return command_fail(
		    EX_USAGE, "%s is no URL: write https://HOST", url);
	dir = arena_printf(c->a, "%s/%s", c->server.tenants, name);
	if (make_folder(c, dir, name, url) != 0)
		return command_fail(errno == EEXIST ? EX_CANTCREAT : EX_IOERR,
		    "%s: %s", dir,
		    errno == EEXIST ? "exists already" : strerror(errno));
	if (c->json) {
		struct json_object *o = json_object_in(c->a);

		json_set_string(o, "tenant", name);
		json_set_string(o, "folder", dir);
		dir = json_text(c->a, o).s;
	}
	puts(dir);
	return EX_OK;
}

static int
list(struct command *c)
{
	struct json_object *out = json_array_in(c->a);
	struct strings names;

	if (tenants_list(c->a, &c->server, &names) != ERR_OK)
		return command_fail(
		    EX_NOINPUT, "%s: %s", c->server.tenants, strerror(errno));
	for (size_t i = 0; i < names.n; i++) {
		if (!c->json)
			puts(names.s[i]);
		json_object_array_add(out, json_object_new_string(names.s[i]));
	}
	if (c->json)
		puts(json_text(c->a, out).s);
	return EX_OK;
}

int
command_tenant(struct command *c, int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "add") == 0)
		return add(c, argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list(c);
	return command_usage(c);
}
