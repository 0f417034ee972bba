/*
 * passwright - the operator's command.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "bin/command.h"
#include "conf/owner.h"
#include "config.h"

static const struct {
	const char *name;
	int (*fn)(struct command *, int, char **);
	const char *usage;
	const char *text;
} commands[] = {
	/* clang-format off */
	{ "tenant", command_tenant,
	  "tenant add NAME [--url URL] | tenant list",
	  "make a tenant's folder, or list them" },
	{ "key", command_key,
	  "key add TENANT --name NAME --scope SCOPE... | key list TENANT | "
	  "key revoke TENANT --name NAME",
	  "API keys" },
	{ "check", command_check, "check [TENANT] [--url [URL]] [--online]",
	  "name everything that is wrong, with file and line" },
	{ "render", command_render,
	  "render TENANT PASSTYPE [--data FILE] [-o FILE.pkpass]",
	  "make a pass without storing it" },
	{ "import", command_import,
	  "import TENANT FILE [--csv] [--map COLUMN=NAME]... [--dry-run]",
	  "take in passes that were issued elsewhere" },
	{ "export", command_export, "export TENANT [--csv] [-o FILE]",
	  "write all passes, one a line" },
	{ "backup", command_backup, "backup TENANT DIR",
	  "copy the store while it is in use" },
	{ "erase", command_erase,
	  "erase TENANT ID [--dry-run] | "
	  "erase TENANT --by id.KEY=VALUE [--dry-run]",
	  "forget a pass, or all passes of a person" },
	{ "queue", command_queue, "queue TENANT",
	  "bulk updates that are running" },
	{ "recover", command_recover, "recover TENANT [--reindex]",
	  "bring the store into order; make its indexes anew" },
	{ "stats", command_stats, "stats TENANT [--days N]",
	  "count passes, and by day what happened to them" },
	{ "verify", command_verify, "verify TENANT",
	  "compare the indexes with the documents" },
	/* clang-format on */
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

int
command_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("passwright: ", stderr);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

/* A line for each form, "a | b". */
static void
print_usage(FILE *out, const char *usage)
{
	const char *start = "usage:", *end;

	for (; (end = strstr(usage, " | ")) != NULL; usage = end + 3) {
		fprintf(out, "%-6s passwright %.*s\n", start,
		    (int)(end - usage), usage);
		start = "";
	}
	fprintf(out, "%-6s passwright %s\n", start, usage);
}

int
command_usage(const struct command *c)
{
	print_usage(stderr, c->usage);
	return EX_USAGE;
}

static void
help(FILE *out)
{
	fputs("usage: passwright [-c FILE] [--json] COMMAND\n\n", out);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].text);
	fputs("\nFILE is passwright.yml, else $PASSWRIGHT_CONFIG, else\n"
	      "" SYSCONFDIR "/passwright/passwright.yml.\n"
	      "`passwright COMMAND --help` shows a command's usage; "
	      "passwright(1) tells more.\n",
	    out);
}

/* A file as a whole is at fault where it begins: each line has a number. */
static int
line_of(const struct fault *f)
{
	return f->line > 0 ? f->line : 1;
}

static void
print_fault(const struct fault *f)
{
	if (f->warning)
		printf("warning: ");
	printf("%s:%d: %s\n", f->file, line_of(f), f->text);
}

void
command_faults(const struct command *c, const struct faults *f)
{
	struct json_object *all = json_array_in(c->a), *o;

	for (size_t i = 0; i < f->n; i++) {
		const struct fault *x = &f->list[i];

		if (!c->json) {
			print_fault(x);
			continue;
		}
		o = json_object_in(c->a);
		json_set_string(o, "file", x->file);
		json_set_int(o, "line", line_of(x));
		json_set_bool(o, "warning", x->warning);
		json_set_string(o, "text", x->text);
		json_push(all, o);
	}
	if (c->json)
		puts(json_text(c->a, all).s);
}

int
command_load(struct command *c, const char *name, struct tenant **out)
{
	struct faults f;
	enum err e;

	faults_init(&f, c->a);
	e = tenant_load(&c->server, name, &f, out);
	if (e == ERR_NOTFOUND)
		return command_fail(EX_NOINPUT,
		    "there is no tenant %s in %s; `passwright tenant list` "
		    "shows them",
		    name, c->server.tenants);
	if (e != ERR_OK) {
		command_faults(c, &f);
		return command_fail(EX_CONFIG,
		    "tenant %s cannot be used; mend the faults above", name);
	}
	c->tenant = *out;
	return EX_OK;
}

int
command_store(struct command *c, const struct tenant *t, struct store **out)
{
	const struct store_options opt = {
		.sync = (enum store_sync)c->server.durability,
		.lease = c->lease == 0 ? 1 : c->lease,
	};
	enum err e =
	    store_open(arena_printf(c->a, "%s/data", t->dir), &opt, out);

	if (e == ERR_BUSY)
		return command_fail(EX_TEMPFAIL,
		    "another program holds the store of %s; try again", t->id);
	if (e != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store of %s cannot be opened; the line above says "
		    "why",
		    t->id);
	return EX_OK;
}

/* Take the options that stand before or after any command. */
static int
take_options(struct command *c, int argc, char **argv, const char **file)
{
	int n = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if (n == 1 && strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			*file = argv[++i];
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

static int
run(struct command *c, size_t which, const char *file, char **argv)
{
	struct faults f;
	int argc = 0;

	c->usage = commands[which].usage;
	while (argv[argc] != NULL)
		argc++;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_usage(stdout, c->usage);
		return EX_OK;
	}
	faults_init(&f, c->a);
	if (server_load(c->a, file, &f, &c->server) != ERR_OK) {
		command_faults(c, &f);
		return EX_CONFIG;
	}
	if (owner_become(&c->server) != ERR_OK)
		return EX_NOPERM;
	return commands[which].fn(c, argc, argv);
}

int
main(int argc, char **argv)
{
	struct command c = { .json = false };
	const char *file = NULL;

	log_open("passwright", "stderr", LOG_LVL_WARNING);
	argc = take_options(&c, argc, argv, &file);
	if (argc < 2) {
		help(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "-c") == 0)
		return command_fail(EX_USAGE, "-c takes a FILE");
	if (strcmp(argv[1], "--version") == 0) {
		puts(PACKAGE_STRING);
		return EX_OK;
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			c.a = arena_new(16384);
			int rc = run(&c, i, file, argv + 1);

			tenant_free(c.tenant);
			arena_free(c.a);
			return rc;
		}
	return command_fail(EX_USAGE,
	    "there is no command %s; `passwright --help` lists them", argv[1]);
}
