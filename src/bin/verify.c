/*
 * verify - `passwright verify`: do the indexes say what the documents say?
 */

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/json.h"
#include "bin/command.h"
#include "pass/install.h"
#include "pass/pass.h"

struct verify {
	struct command *c;
	const struct tenant *tenant;
	struct json_object *faults; /* texts, for --json */
};

static enum err
index_of(struct arena *a, struct store_pass *row, void *arg)
{
	const struct verify *v = arg;
	struct pass p;
	enum err e;

	if ((e = pass_parse(a, row->document, &p)) != ERR_OK)
		return e;
	pass_index(a, v->tenant, &p, row);
	return ERR_OK;
}

static void
report(void *arg, const char *text)
{
	struct verify *v = arg;

	if (v->c->json)
		json_object_array_add(v->faults, json_object_new_string(text));
	else
		puts(text);
}

int
command_verify(struct command *c, int argc, char **argv)
{
	struct verify v = { .c = c, .faults = json_array_in(c->a) };
	struct install_check installs = { .report = report, .arg = &v };
	struct json_object *out = json_object_in(c->a);
	uint64_t faults = 0, passes = 0;
	struct tenant *t;
	struct store *st;
	enum err e;
	int rc;

	if (argc != 2)
		return command_usage(c);
	if ((rc = command_load(c, argv[1], &t)) != EX_OK ||
	    (rc = command_store(c, t, &st)) != EX_OK)
		return rc;
	v.tenant = t;
	if ((e = store_verify(st, index_of, report, &v, &faults)) == ERR_OK &&
	    (e = install_verify(st, t, &installs)) == ERR_OK)
		e = store_count(st, &passes);
	store_close(st);
	faults += installs.faults;
	if (e != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store could not be read; the line above says why");
	json_set_int(out, "passes", (int64_t)passes);
	json_set(out, "faults", v.faults);
	if (c->json)
		puts(json_text(c->a, out).s);
	else
		printf(
		    "%" PRIu64 " passes, %" PRIu64 " faults\n", passes, faults);
	return faults == 0 ? EX_OK : 1;
}
