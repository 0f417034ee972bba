/*
 * import - `passwright import`: passes that were issued elsewhere go on
 * living here.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/seen.h"
#include "bin/command.h"
#include "bin/progress.h"
#include "bin/rows.h"
#include "pass/import.h"

#define MAPS_MAX    256
#define STEP        10 /* batches from one flush to the next */
#define ARENA_BLOCK ((size_t)1 << 20)

/* A batch on its way: read and judged, then stored by a thread. */
struct stage {
	struct store *st;
	struct arena *a;
	struct import_item items[IMPORT_BATCH];
	size_t n;
	struct import_batch *batch;
	bool flushes; /* what was stored so far */
	off_t at;     /* in the file, behind it */
	pthread_t thread;
	bool runs, stored;
	enum err e;
};

struct importing {
	struct command *c;
	const char *file;
	FILE *in;
	uint64_t size; /* of the file; 0: not known */
	struct rows *rows;
	struct import im;
	struct progress bar;
	bool end;
	uint64_t count[3]; /* of each fate */
	struct rows_source source;
	const char *map[MAPS_MAX];
};

static void
tell_fault(struct importing *g, struct arena *a, const struct import_item *item)
{
	const char *colon = item->why.field[0] == '\0' ? "" : ": ";

	if (!g->c->json) {
		printf("%s:%u: %s%s%s\n", g->file, item->line, item->why.field,
		    colon, item->why.text);
		return;
	}
	struct json_object *o = json_object_in(a);

	json_set_int(o, "line", item->line);
	json_set_string(o, "field", item->why.field);
	json_set_string(o, "text", item->why.text);
	puts(json_text(a, o).s);
}

static void
read_batch(struct importing *g, struct stage *s)
{
	for (s->n = 0; s->n < IMPORT_BATCH && !g->end; s->n++) {
		struct import_item *item = &s->items[s->n];
		enum err e;

		memset(item, 0, sizeof(*item));
		e = rows_next(
		    g->rows, s->a, &item->json, &item->line, &item->why);
		if (e != ERR_OK)
			item->json = NULL;
		if (e == ERR_NOTFOUND) {
			g->end = true;
			return;
		}
		if (e == ERR_OK && item->json == NULL)
			(void)why(&item->why, ERR_INVALID, NULL,
			    "Write one JSON object a line.");
	}
}

static void
begin(struct importing *g, struct stage *s)
{
	arena_reset(s->a);
	read_batch(g, s);
	s->batch = import_adopt(&g->im, s->a, s->items, s->n);
	s->at = ftello(g->in);
}

static void *
store(void *arg)
{
	struct stage *s = arg;
	enum err flushed = ERR_OK;

	s->e = import_store(s->batch);
	s->stored = s->e == ERR_OK;
	if (s->flushes || !s->stored)
		flushed = store_flush(s->st);
	s->e = s->stored ? flushed : s->e;
	return NULL;
}

/* Beside the reading of the next, if there can be a thread. */
static void
store_beside(struct stage *s)
{
	s->runs = pthread_create(&s->thread, NULL, store, s) == 0;
	if (!s->runs)
		(void)store(s);
}

/* What is shown of the progress is on the disk. */
static enum err
finish(struct importing *g, struct stage *s)
{
	if (s->batch == NULL)
		return ERR_OK;
	if (s->runs)
		pthread_join(s->thread, NULL);
	for (size_t i = 0; s->stored && i < s->n; i++) {
		g->count[s->items[i].fate]++;
		if (s->items[i].fate == IMPORT_FAULT)
			tell_fault(g, s->a, &s->items[i]);
	}
	if (s->e == ERR_OK && s->flushes && g->size != 0 && s->at >= 0)
		progress_show(&g->bar, (uint64_t)s->at, g->size);
	s->batch = NULL;
	return s->e;
}

/* One batch is stored while the next is read. */
static enum err
run(struct importing *g, struct stage s[2])
{
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; e == ERR_OK && !g->end; i++) {
		struct stage *now = &s[i % 2];

		begin(g, now);
		if ((e = finish(g, &s[(i + 1) % 2])) != ERR_OK)
			return e;
		now->flushes = g->end || i % STEP == STEP - 1;
		store_beside(now);
	}
	return finish(g, &s[(i + 1) % 2]);
}

static enum err
run_stages(struct importing *g, struct store *st)
{
	struct stage *s = arena_alloc(g->c->a, 2 * sizeof(*s));
	enum err e = store_secret(st, g->im.key);

	for (size_t i = 0; i < 2; i++) {
		s[i].st = st;
		s[i].a = arena_new(ARENA_BLOCK);
	}
	if (e == ERR_OK)
		e = run(g, s);
	for (size_t i = 0; i < 2; i++)
		arena_free(s[i].a);
	return e;
}

static int
report(struct importing *g)
{
	struct json_object *o = json_object_in(g->c->a);

	json_set_int(o, "imported", (int64_t)g->count[IMPORT_ADDED]);
	json_set_int(o, "present", (int64_t)g->count[IMPORT_PRESENT]);
	json_set_int(o, "faults", (int64_t)g->count[IMPORT_FAULT]);
	json_set_bool(o, "dryRun", g->im.dry);
	if (g->c->json)
		puts(json_text(g->c->a, o).s);
	else
		printf("%" PRIu64 " %s, %" PRIu64 " present already, %" PRIu64
		       " at fault\n",
		    g->count[IMPORT_ADDED],
		    g->im.dry ? "to import" : "imported",
		    g->count[IMPORT_PRESENT], g->count[IMPORT_FAULT]);
	return g->count[IMPORT_FAULT] == 0 ? EX_OK : EX_DATAERR;
}

static int
open_file(struct importing *g)
{
	struct stat sb;
	struct why w = { .text = "" };

	g->in = strcmp(g->file, "-") == 0 ? stdin : fopen(g->file, "re");
	if (g->in == NULL)
		return command_fail(
		    EX_NOINPUT, "%s: %s", g->file, strerror(errno));
	g->source.in = g->in;
	g->source.map = g->map;
	if (fstat(fileno(g->in), &sb) == 0 && S_ISREG(sb.st_mode))
		g->size = (uint64_t)sb.st_size;
	if (rows_open(g->c->a, &g->source, &g->rows, &w) != ERR_OK)
		return command_fail(EX_DATAERR, "%s: %s", g->file, w.text);
	return EX_OK;
}

static int
import_into(struct importing *g, struct tenant *t, struct store *st)
{
	enum err e;
	int rc;

	g->im.env = (struct change_env){ .tenant = t,
		.store = st,
		.now = clock_now(),
		.random = ident_random };
	g->im.seen = seen_new();
	if ((rc = open_file(g)) == EX_OK) {
		e = run_stages(g, st);
		rc = e == ERR_OK
		    ? report(g)
		    : command_fail(e == ERR_BUSY ? EX_TEMPFAIL : EX_IOERR,
			  "the import broke off after %" PRIu64 " passes, "
			  "which are kept; run it again to go on",
			  g->count[IMPORT_ADDED]);
		if (ferror(g->in))
			rc = command_fail(
			    EX_IOERR, "%s: cannot be read", g->file);
	}
	if (g->in != NULL && g->in != stdin)
		fclose(g->in);
	seen_free(g->im.seen);
	return rc;
}

static bool
take_options(struct importing *g, int argc, char **argv)
{
	static const struct option options[] = { { "csv", no_argument, NULL,
						     'c' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "map", required_argument, NULL, 'm' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "n", options, NULL)) != -1) {
		if (opt == 'n')
			g->im.dry = true;
		else if (opt == 'c')
			g->source.csv = true;
		else if (opt == 'm' && strchr(optarg, '=') != NULL &&
		    g->source.nmap < MAPS_MAX)
			g->map[g->source.nmap++] = optarg;
		else
			return false;
	}
	if (optind != argc - 2)
		return false;
	g->file = argv[optind + 1];
	g->source.csv = g->source.csv || g->source.nmap > 0 ||
	    (strlen(g->file) > 4 &&
		strcasecmp(g->file + strlen(g->file) - 4, ".csv") == 0);
	return true;
}

int
command_import(struct command *c, int argc, char **argv)
{
	struct importing *g = arena_alloc(c->a, sizeof(*g));
	struct tenant *t;
	struct store *st;
	int rc;

	g->c = c;
	g->bar = (struct progress){ .c = c, .percent = -1 };
	if (!take_options(g, argc, argv))
		return command_usage(c);
	c->lease = 1024;
	if ((rc = command_load(c, argv[optind], &t)) != EX_OK ||
	    (rc = command_store(c, t, &st)) != EX_OK)
		return rc;
	rc = import_into(g, t, st);
	store_close(st);
	return rc;
}
