/*
 * query - questions about many passes, and what they cost those who write.
 * usage: query csv N | query load DIR N | query load-bare DIR N |
 *        query ask DIR N |
 *        query write DIR N | query both DIR N SECONDS
 */

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "meter.h"
#include "store/private.h"

#define BATCH   100
#define PAGE    50
#define RUNS    7
#define WRITERS 4
#define DAY0    INT64_C(1763769600000)
#define COUNTRY 2 /* which of the columns */

static const char *const tiers[] = { "bronze", "silver", "gold", "platinum" };
static const char *const domains[] = { "gmail.example", "web.example",
	"post.example", "shop.example" };

static char note[413]; /* what else a document holds */

/* What pass `i` has; `round` makes another of it. */
struct sample {
	char id[16], email[48], country[8];
	const char *tier, *type;
	int points, status;
	int64_t created, updated;
};

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void
sample_make(struct sample *s, unsigned i, unsigned round)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
				  "rstuvwxyz0123456789";
	uint64_t a = mix(i + 1), b = mix(a), c = mix(b + round);

	*s = (struct sample){ .created = DAY0 + (int64_t)i * 997 };
	for (int k = 0; k < 12; k++)
		s->id[k] =
		    abc[(k < 6 ? a >> (8 * k) : b >> (8 * (k - 6))) % 256 % 62];
	s->id[12] = '\0';
	snprintf(s->email, sizeof(s->email), "customer%" PRIu64 "@%s",
	    a % 100000000, domains[a >> 40 & 3]);
	if (b % 9 != 0) /* else it has none */
		snprintf(
		    s->country, sizeof(s->country), "c%u", (unsigned)(b % 200));
	s->tier = tiers[b >> 20 & 3];
	s->type = b >> 30 & 1 ? "loyalty" : "gift";
	s->points = (int)(c % 10000);
	s->status = (int)(b >> 40 & 3);
	s->updated = s->created + (int64_t)(c >> 40);
}

static struct store_pass
pass_of(struct arena *a, const struct sample *s)
{
	struct store_pass p = { .id = arena_strdup(a, s->id) };
	struct slice points = slice_of(arena_printf(a, "%d", s->points));
	char created[CLOCK_ISO_SIZE], updated[CLOCK_ISO_SIZE];
	const struct store_column columns[] = {
		{ slice_of("passType"), slice_of(s->type), STORE_TEXT, 0 },
		{ slice_of("metadata.tier"), slice_of(s->tier), STORE_TEXT, 0 },
		{ slice_of("metadata.country"),
		    slice_of(arena_strdup(a, s->country)), STORE_TEXT, 0 },
		{ slice_of("metadata.points"), points, STORE_NUMBER, 0 },
		{ slice_of("creationDate"), { NULL, 0 }, STORE_DATE,
		    s->created },
		{ slice_of("lastUpdateDate"), { NULL, 0 }, STORE_DATE,
		    s->updated },
		{ slice_of("installationStatus"), { NULL, 0 }, STORE_SET,
		    s->status },
	};

	p.fields = arena_alloc(a, sizeof(*p.fields));
	p.fields[0] = (struct store_field){ slice_of("identifiers.email"),
		slice_of(arena_strdup(a, s->email)) };
	p.nfields = 1;
	p.columns = arena_memdup(a, columns, sizeof(columns));
	p.ncolumns = sizeof(columns) / sizeof(*columns);
	if (s->country[0] == '\0') {
		p.columns[COUNTRY] = p.columns[p.ncolumns - 1];
		p.ncolumns--;
	}
	clock_iso(s->created, created);
	clock_iso(s->updated, updated);
	p.document = slice_of(arena_printf(a,
	    "{\"id\":\"%s\",\"secret\":\"0123456789abcdefghijklmnopqrstuv\","
	    "\"creationDate\":\"%s\",\"lastUpdateDate\":\"%s\","
	    "\"passType\":\"%s\",\"identifiers\":{\"email\":\"%s\"},"
	    "\"additionalData\":{\"points\":%d},\"metadata\":{\"tier\":\"%s\","
	    "\"country\":\"%s\",\"points\":%d},\"providers\":{},"
	    "\"apple\":{\"serialNumber\":\"%s\","
	    "\"authenticationToken\":\"%s\"},\"note\":\"%s\"}",
	    s->id, created, updated, s->type, s->email, s->points, s->tier,
	    s->country, s->points, s->id, s->id, note));
	return p;
}

static void
must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "query: %s: %d\n", what, (int)e);
	exit(1);
}

static struct store *
open_store(const char *dir, enum store_sync sync)
{
	const struct store_options opt = { .sync = sync, .lease = 1024 };
	struct store *st;

	must(store_open(dir, &opt, &st), "open");
	return st;
}

/* -- loading ----------------------------------------------------------------
 */

static int
csv(unsigned n)
{
	struct sample s;

	for (unsigned i = 0; i < n; i++) {
		sample_make(&s, i, 0);
		printf("%s,%s,%s,%s,%d,%s,%" PRId64 ",%" PRId64 ",%d\n", s.id,
		    s.type, s.tier, s.country, s.points, s.email, s.created,
		    s.updated, s.status);
	}
	return 0;
}

struct batch {
	struct arena *a;
	unsigned from, n, round;
	bool bare; /* just the documents */
};

static enum err
add_batch(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < b->n; i++) {
		struct store_pass p;
		struct sample s;

		sample_make(&s, b->from + i, 0);
		p = pass_of(b->a, &s);
		e = b->bare
		    ? table_put(t, TABLE_PASS, slice_of(p.id), p.document, 0)
		    : store_pass_add(t, &p);
	}
	return e;
}

static int
load(const char *dir, unsigned n, bool bare)
{
	struct store *st = open_store(dir, STORE_NOSYNC);
	struct batch b = { .a = arena_new(1 << 20), .bare = bare };
	double start = (meter_now() * 1e3);

	for (b.from = 0; b.from < n; b.from += b.n) {
		b.n = n - b.from < BATCH ? n - b.from : BATCH;
		must(store_run(st, add_batch, &b), "load");
		arena_reset(b.a);
	}
	printf("load %.0f passes/s\n", n / ((meter_now() * 1e3) - start) * 1e3);
	arena_free(b.a);
	store_close(st);
	return 0;
}

/* -- asking -----------------------------------------------------------------
 */

#define V(lit)                                                                 \
	{                                                                      \
		lit, sizeof(lit) - 1                                           \
	}
static const struct slice gold[] = { V("gold") }, loyalty[] = { V("loyalty") },
			  mail[] = { V("@gmail.") }, few[] = { V("er12345") },
			  apple[] = { V("apple") },
			  five[] = { V("c1"), V("c22"), V("c77"), V("c140"),
				  V("c199") };
#define TIER    V("metadata.tier")
#define CREATED V("creationDate")

/* bench/query.sh asks the peers the same. */
static const struct {
	const char *name;
	struct query q;
} questions[] = {
	/* clang-format off */
	{ "equals", { .filters = { { TIER, QUERY_EQUALS, gold, 1 } },
	  .nfilters = 1, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "three", { .filters = {
	      { V("metadata.country"), QUERY_IN, five, 5 },
	      { TIER, QUERY_NOT_EQUALS, gold, 1 },
	      { V("passType"), QUERY_EQUALS, loyalty, 1 } },
	  .nfilters = 3, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "broad", { .filters = { { TIER, QUERY_NOT_EQUALS, gold, 1 },
	      { V("passType"), QUERY_EQUALS, loyalty, 1 } },
	  .nfilters = 2, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "contains", { .filters = {
	      { V("identifiers.email"), QUERY_CONTAINS, mail, 1 } },
	  .nfilters = 1, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "rare", { .filters = {
	      { V("identifiers.email"), QUERY_CONTAINS, few, 1 } },
	  .nfilters = 1, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "all", { .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "points", { .filters = { { TIER, QUERY_EQUALS, gold, 1 } },
	  .nfilters = 1, .sorts = { { V("metadata.points"), true } },
	  .nsorts = 1 } },
	{ "email", { .sorts = { { V("identifiers.email"), false } },
	  .nsorts = 1 } },
	{ "sorts", { .sorts = { { TIER, false },
	      { V("metadata.points"), true }, { CREATED, false } },
	  .nsorts = 3 } },
	{ "empty", { .filters = {
	      { V("metadata.country"), QUERY_IS_EMPTY, NULL, 0 } },
	  .nfilters = 1, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	{ "status", { .filters = {
	      { V("installationStatus"), QUERY_CONTAINS, apple, 1 } },
	  .nfilters = 1, .sorts = { { CREATED, true } }, .nsorts = 1 } },
	/* clang-format on */
};
#define NQUESTIONS (sizeof(questions) / sizeof(*questions))

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of some runs. */
static double
time_query(struct store *st, const struct query *q, struct query_page *page)
{
	struct arena *a = arena_new(65536);
	double took[RUNS];

	for (int i = 0; i < RUNS; i++) {
		double start = (meter_now() * 1e3);

		must(store_query(st, q, a, page), "query");
		took[i] = (meter_now() * 1e3) - start;
		arena_reset(a);
	}
	arena_free(a);
	qsort(took, RUNS, sizeof(*took), by_value);
	return took[RUNS / 2];
}

static double
time_stats(struct store *st, const char *type)
{
	struct store_stats stats;
	double took[RUNS];

	for (int i = 0; i < RUNS; i++) {
		double start = (meter_now() * 1e3);

		must(store_stats(st, type, &stats), "stats");
		took[i] = (meter_now() * 1e3) - start;
	}
	qsort(took, RUNS, sizeof(*took), by_value);
	return took[RUNS / 2];
}

/* Not the regions, which processes share. */
static long
private_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long sum = 0, kb;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Anonymous: %ld", &kb) == 1)
			sum += kb;
	if (f != NULL)
		fclose(f);
	return sum;
}

static void
ask_all(struct store *st, const char *prefix)
{
	for (size_t i = 0; i < NQUESTIONS; i++)
		for (unsigned page = 0; page <= 1000; page += 1000) {
			struct query q = questions[i].q;
			struct query_page got = { .n = 0 };
			double ms;

			q.count = PAGE;
			q.first = (uint64_t)page * PAGE;
			ms = time_query(st, &q, &got);
			if (got.n > 0)
				printf("%s%s/%u %.3f %" PRIu64 "\n", prefix,
				    questions[i].name, page, ms, got.total);
		}
	printf("%sstats %.3f\n", prefix, time_stats(st, NULL));
	printf("%sstats-of-type %.3f\n", prefix, time_stats(st, "loyalty"));
	fflush(stdout);
}

static int
ask(const char *dir)
{
	struct store *st = open_store(dir, STORE_SYNC);

	ask_all(st, "");
	printf("private-kb %ld\n", private_kb());
	store_close(st);
	return 0;
}

/* -- writing ----------------------------------------------------------------
 */

static enum err
change_batch(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < b->n; i++) {
		struct store_pass old, new, row;
		struct sample s, r;

		sample_make(&s, b->from + i, 0);
		sample_make(&r, b->from + i, b->round);
		old = pass_of(b->a, &s);
		new = pass_of(b->a, &r);
		if (b->bare) {
			e = table_put(
			    t, TABLE_PASS, slice_of(new.id), new.document, 0);
			continue;
		}
		e = store_pass_get(t, old.id, true, b->a, &row);
		old.ordinal = row.ordinal;
		if (e == ERR_OK)
			e = store_pass_change(t, &old, &new);
	}
	return e;
}

/*
 * Changes a second, of random passes, one in a transaction; for `ms`, or
 * until somebody says so.
 */
static double
write_for(
    struct store *st, unsigned n, double ms, bool bare, const atomic_bool *go)
{
	struct batch b = { .a = arena_new(65536), .n = 1, .bare = bare };
	double start = (meter_now() * 1e3);
	unsigned done = 0;

	while (
	    go != NULL ? atomic_load(go) : (meter_now() * 1e3) - start < ms) {
		b.round = done + 1;
		b.from = (unsigned)(mix((uint64_t)getpid() << 32 | done) % n);
		must(store_run(st, change_batch, &b), "change");
		arena_reset(b.a);
		done++;
	}
	arena_free(b.a);
	return done / ((meter_now() * 1e3) - start) * 1e3;
}

/*
 * A bare put writes a document that is no pass any more, so it goes to a
 * store of its own, of as many documents: what they cost is their size, too.
 */
static int
write_alone(const char *dir, unsigned n)
{
	static const enum store_sync syncs[] = { STORE_NOSYNC, STORE_SYNC };
	static const char *const names[] = { "", "-durable" };
	const char *own = getenv("BENCH_BARE");

	for (int i = 0; i < 2; i++)
		for (int bare = 0; bare <= (own != NULL); bare++) {
			struct store *st =
			    open_store(bare ? own : dir, syncs[i]);

			printf("%s%s %.0f\n", bare ? "bare" : "change",
			    names[i], write_for(st, n, 3000, bare, NULL));
			store_close(st);
		}
	return 0;
}

/* What writers share with who starts and ends them. */
struct crew {
	atomic_bool go;
	double rate[WRITERS];
};

static void
start_writers(struct crew *c, const char *dir, unsigned n)
{
	atomic_store(&c->go, true);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			struct store *st = open_store(dir, STORE_SYNC);

			c->rate[i] = write_for(st, n, 0, false, &c->go);
			store_close(st);
			_exit(0);
		}
}

static double
end_writers(struct crew *c)
{
	double sum = 0;

	atomic_store(&c->go, false);
	for (int i = 0; i < WRITERS; i++)
		wait(NULL);
	for (int i = 0; i < WRITERS; i++)
		sum += c->rate[i];
	return sum;
}

static int
both(const char *dir, unsigned n, double seconds)
{
	struct crew *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct store *st;

	start_writers(c, dir, n);
	usleep((useconds_t)(seconds * 1e6));
	printf("writers-alone %.0f\n", end_writers(c));
	fflush(stdout);
	start_writers(c, dir, n);
	st = open_store(dir, STORE_SYNC);
	ask_all(st, "busy-");
	store_close(st);
	printf("writers-busy %.0f\n", end_writers(c));
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	const char *dir = argc > 2 ? argv[2] : "";
	unsigned n = (unsigned)strtoul(
	    argc > 2 ? argv[argc > 3 ? 3 : 2] : "0", NULL, 10);

	memset(note, 'x', sizeof(note) - 1);
	if (strcmp(what, "csv") == 0)
		return csv(n);
	if (strcmp(what, "load") == 0)
		return load(dir, n, false);
	if (strcmp(what, "load-bare") == 0)
		return load(dir, n, true);
	if (strcmp(what, "ask") == 0)
		return ask(dir);
	if (strcmp(what, "write") == 0)
		return write_alone(dir, n);
	if (strcmp(what, "both") == 0 && argc > 4)
		return both(dir, n, strtod(argv[4], NULL));
	fputs("usage: query csv N | load DIR N | load-bare DIR N | "
	      "ask DIR N | write DIR N | "
	      "both DIR N SECONDS\n",
	    stderr);
	return 2;
}
