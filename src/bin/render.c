/*
 * render - `passwright render`: a pass without storing it.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "bin/command.h"
#include "pass/change.h"
#include "wallet/apple/pkpass.h"

#define DATA_MAX 1048576

/* The whole of a file, "-" for stdin. */
static int
read_file(struct command *c, const char *path, struct slice *out)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct buf b;
	char part[4096];
	size_t n;
	int failed;

	if (in == NULL)
		return command_fail(
		    EX_NOINPUT, "%s: %s", path, strerror(errno));
	buf_init(&b, c->a);
	while (b.len <= DATA_MAX && (n = fread(part, 1, sizeof(part), in)) > 0)
		buf_add(&b, part, n);
	failed = ferror(in);
	if (in != stdin)
		fclose(in);
	if (failed)
		return command_fail(EX_IOERR, "%s: cannot be read", path);
	if (b.len > DATA_MAX)
		return command_fail(EX_DATAERR, "%s: over 1 MiB", path);
	*out = buf_slice(&b);
	return EX_OK;
}

/* What a POST would have sent. */
static int
read_data(struct command *c, const char *path, struct change_input *in)
{
	struct json_object *o;
	struct slice text = { NULL, 0 };
	struct why w;
	int rc;

	if (path == NULL)
		return EX_OK;
	if ((rc = read_file(c, path, &text)) != EX_OK)
		return rc;
	if (json_parse(c->a, text, JSON_DEPTH, &o, &w) != ERR_OK)
		return command_fail(EX_DATAERR, "%s: %s", path, w.text);
	in->identifiers = json_get(o, "identifiers");
	in->additional = json_get(o, "additionalData");
	in->extensions = json_get(o, "extensions");
	return EX_OK;
}

static int
write_file(const char *path, struct slice s)
{
	FILE *out = path == NULL ? stdout : fopen(path, "we");
	bool ok;

	if (out == NULL)
		return command_fail(
		    EX_CANTCREAT, "%s: %s", path, strerror(errno));
	ok = fwrite(s.s, 1, s.len, out) == s.len;
	ok = (out == stdout ? fflush(out) : fclose(out)) == 0 && ok;
	if (!ok)
		return command_fail(EX_IOERR, "%s: %s",
		    path != NULL ? path : "stdout", strerror(errno));
	return EX_OK;
}

static int
refused(enum err e, const struct why *w)
{
	const char *colon = w->field[0] == '\0' ? "" : ": ";

	if (w->text[0] == '\0')
		return command_fail(
		    EX_SOFTWARE, "failed; the line above says why");
	return command_fail(e == ERR_INVALID ? EX_DATAERR : EX_CONFIG, "%s%s%s",
	    w->field, colon, w->text);
}

static int
render(struct command *c, struct tenant *t, const struct change_input *in,
    const char *file)
{
	struct change_env env = {
		.a = c->a,
		.tenant = t,
		.now = clock_now(),
		.random = ident_random,
	};
	struct pass_type *type = tenant_type(t, in->type);
	struct why w = { .text = "" };
	struct pkpass out;
	struct pass p;
	const struct pkpass_of of = {
		.tenant = t,
		.type = type,
		.pass = &p,
		.now = env.now,
	};
	enum err e;

	if (type == NULL)
		return command_fail(EX_NOINPUT,
		    "%s has no pass type %s in server/passes", t->id, in->type);
	if (file == NULL && isatty(STDOUT_FILENO))
		return command_fail(EX_USAGE,
		    "a pass is no text for a terminal; add -o FILE.pkpass");
	if ((e = change_check(in, true, &w)) != ERR_OK ||
	    (e = change_make(&env, in, &p, &w)) != ERR_OK ||
	    (e = pkpass_build(c->a, &of, &out, &w)) != ERR_OK)
		return refused(e, &w);
	return write_file(file, out.zip);
}

int
command_render(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "data", required_argument, NULL, 'd' }, { 0 }
	};
	const char *data = NULL, *file = NULL;
	struct change_input in = { .type = NULL };
	struct tenant *t;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt == 'd')
			data = optarg;
		else if (opt == 'o')
			file = optarg;
		else
			return command_usage(c);
	}
	if (optind != argc - 2)
		return command_usage(c);
	in.type = argv[optind + 1];
	if ((rc = command_load(c, argv[optind], &t)) != EX_OK ||
	    (rc = read_data(c, data, &in)) != EX_OK)
		return rc;
	return render(c, t, &in, file);
}
