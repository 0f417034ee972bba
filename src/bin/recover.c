/*
 * recover - `passwright recover`: bring a store into order after a crash, and
 * its indexes to what the documents say, while others go on.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/json.h"
#include "bin/command.h"
#include "bin/progress.h"
#include "pass/install.h"
#include "pass/pass.h"

struct recover {
	struct command *c;
	const struct tenant *tenant;
	struct progress bar;
};

static enum err
index_of(struct arena *a, struct store_pass *row, void *arg)
{
	const struct recover *r = arg;
	struct pass p;
	enum err e;

	if ((e = pass_parse(a, row->document, &p)) != ERR_OK)
		return e;
	pass_index(a, r->tenant, &p, row);
	return ERR_OK;
}

static void
show(void *arg, uint64_t done, uint64_t total)
{
	struct recover *r = arg;

	progress_show(&r->bar, done, total);
}

int
command_recover(struct command *c, int argc, char **argv)
{
	bool reindex = argc == 3 && strcmp(argv[2], "--reindex") == 0;
	struct recover r = { .c = c, .bar = { .c = c, .percent = -1 } };
	struct install_check installs = { .mend = true, .now = clock_now() };
	struct json_object *out = json_object_in(c->a);
	uint64_t mended = 0;
	struct tenant *t;
	struct store *st;
	enum err e = ERR_OK;
	int rc;

	if (argc != 2 && !reindex)
		return command_usage(c);
	if ((rc = command_load(c, argv[1], &t)) != EX_OK ||
	    (rc = command_store(c, t, &st)) != EX_OK)
		return rc;
	r.tenant = t;
	if (reindex)
		e = store_reindex(st, index_of, show, &r, &mended);
	if (reindex && e == ERR_OK)
		e = install_verify(st, t, &installs);
	mended += installs.faults;
	store_close(st);
	if (e != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store could not be mended; the line above says why");
	json_set_int(out, "mended", (int64_t)mended);
	if (c->json)
		puts(json_text(c->a, out).s);
	else if (reindex)
		printf("%" PRIu64 " index entries mended\n", mended);
	else
		puts("the store is in order");
	return EX_OK;
}
