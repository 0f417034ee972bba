/*
 * bulk - a bulk update of many passes by the worker's own job, and the rows
 * that it writes put into a bare Berkeley DB btree, as many to a transaction.
 * Prints passes a second of both, and the ms that scheduling took.
 * Fails unless each pass was updated, without an error.
 * usage: bulk DIR PASSES
 */

#include <db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "meter.h"
#include "pass/bulk.h"
#include "store/operation.h"
#include "worker/job.h"

#define BATCH 250
#define PAGE  16384
#define CACHE (64u << 20)

/* -- ours ------------------------------------------------------------------ */

static struct pass_type type = { .name = "loyalty", .file = "loyalty.yml" };
static const struct server server;
static struct tenant tenant = { .id = "bench",
	.types = &type,
	.ntypes = 1,
	.default_pass_type = "loyalty",
	.keep_operations = 1000000 };

static void
fill(struct store *st, unsigned n)
{
	struct arena *a = arena_new(65536);

	for (unsigned i = 0; i < n; i++, arena_reset(a)) {
		struct change_env env = { .a = a,
			.tenant = &tenant,
			.store = st,
			.now = 1000000,
			.random = ident_random };
		struct change_input in = { .identifiers = json_object_in(a),
			.additional = json_object_in(a) };
		struct change_result r;
		struct why w;

		json_set_string(in.identifiers, "shop.customerId",
		    arena_printf(a, "%u", i));
		json_set_int(in.additional, "points", i);
		json_set_string(in.additional, "tier", "bronze");
		if (change_create(&env, &in, &r, &w) != ERR_OK)
			exit(1);
	}
	arena_free(a);
}

static struct operation
schedule(struct store *st, struct arena *a, double *ms)
{
	const double begin = meter_now();
	struct change_input in = { .additional = json_object_in(a) };
	struct operation op = { .kind = OPERATION_PUSH_UPDATE,
		.throughput = 100000,
		.started = 2000000,
		.correlation = "bench" };
	const struct query all = { .nfilters = 0 };
	struct operation_work work;
	struct store_set set;

	json_set_string(in.additional, "tier", "gold");
	if (store_select(st, &all, a, &set) != ERR_OK)
		exit(1);
	work =
	    (struct operation_work){ set.bits, set.nwords, bulk_print(a, &in) };
	if (operation_add(st, &op, &work, ident_random) != ERR_OK)
		exit(1);
	*ms = (meter_now() - begin) * 1000;
	return op;
}

static double
update_all(struct store *st, const struct operation *op)
{
	struct arena *a = arena_new(1u << 20);
	struct job_env env = {
		.a = a,
		.server = &server,
		.tenant = &tenant,
		.store = st,
		.wallets = push_wallets,
	};
	struct job_state s = { .owed = true };
	const double begin = meter_now();
	double took;

	while (s.owed) {
		env.time.tick = (int64_t)(meter_now() * 1000);
		env.time.now = 2000000 + env.time.tick;
		s.next = JOB_NEVER;
		if (job_bulk.fn(&env, &s) != ERR_OK)
			exit(1);
		arena_reset(a);
	}
	took = meter_now() - begin;
	job_bulk.end(s.own);
	arena_free(a);
	return (double)op->total / took;
}

/* That it did what it is measured by. */
static enum err
all_updated(struct store *st, struct arena *a, const char *id)
{
	struct operation op;
	enum err e = operation_find(st, id, a, &op);

	if (e != ERR_OK)
		return e;
	if (op.ended && op.errors == 0 && op.completed == op.total)
		return ERR_OK;
	fprintf(stderr, "bulk: %u of %u passes updated, %u errors\n",
	    op.completed, op.total, op.errors);
	return ERR_INTERNAL;
}

/* -- bare ------------------------------------------------------------------ */

static DB_ENV *bare_env;
static DB *bare_db;

static int
bare_open(const char *dir)
{
	const u_int32_t flags = DB_CREATE | DB_INIT_MPOOL | DB_INIT_TXN |
	    DB_INIT_LOCK | DB_INIT_LOG | DB_PRIVATE;
	int e;

	if ((e = db_env_create(&bare_env, 0)) != 0 ||
	    (e = bare_env->set_cachesize(bare_env, 0, CACHE, 1)) != 0 ||
	    (e = bare_env->log_set_config(bare_env, DB_LOG_AUTO_REMOVE, 1)) !=
		0 ||
	    (e = bare_env->open(bare_env, dir, flags, 0600)) != 0 ||
	    (e = db_create(&bare_db, bare_env, 0)) != 0 ||
	    (e = bare_db->set_pagesize(bare_db, PAGE)) != 0)
		return e;
	return bare_db->open(bare_db, NULL, "bare.db", NULL, DB_BTREE,
	    DB_CREATE | DB_AUTO_COMMIT, 0600);
}

struct row {
	char id[16];
	unsigned len;
};

struct rows {
	struct row *list;
	size_t n;
	char document[4096];
};

static enum err
collect(const struct store_pass *p, void *arg)
{
	struct rows *r = arg;

	snprintf(r->list[r->n].id, sizeof(r->list->id), "%s", p->id);
	r->list[r->n++].len = (unsigned)p->document.len;
	return ERR_OK;
}

/* In the order of the operation: as good as at random. */
static void
shuffle(struct rows *r)
{
	for (size_t i = r->n; i > 1; i--) {
		size_t j = (size_t)random() % i;
		struct row was = r->list[i - 1];

		r->list[i - 1] = r->list[j];
		r->list[j] = was;
	}
}

static void
bare_put(struct rows *r)
{
	DB_TXN *txn = NULL;

	for (size_t i = 0; i < r->n; i++) {
		DBT k = { .data = r->list[i].id,
			.size = (u_int32_t)strlen(r->list[i].id) };
		DBT v = { .data = r->document, .size = r->list[i].len };

		if (i % BATCH == 0 &&
		    bare_env->txn_begin(bare_env, NULL, &txn, DB_TXN_SYNC) != 0)
			exit(1);
		if (bare_db->put(bare_db, txn, &k, &v, 0) != 0)
			exit(1);
		if ((i % BATCH == BATCH - 1 || i == r->n - 1) &&
		    txn->commit(txn, 0) != 0)
			exit(1);
	}
}

/* The rows are there before, as those of an update are. */
static double
bare(struct rows *r)
{
	double begin;

	memset(r->document, 'a', sizeof(r->document));
	bare_put(r);
	memset(r->document, 'b', sizeof(r->document));
	begin = meter_now();
	bare_put(r);
	return (double)r->n / (meter_now() - begin);
}

int
main(int argc, char **argv)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	static const struct store_options sync = { .sync = STORE_SYNC };
	struct arena *a = arena_new(4096);
	struct rows rows = { .n = 0 };
	struct operation op;
	struct store *st;
	unsigned n = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	char *data, *other;
	double ms, ours;

	if (n == 0)
		return 64;
	tenant.a = a;
	log_open("bench", "stderr", LOG_LVL_WARNING);
	data = arena_printf(a, "%s/data", argv[1]);
	other = arena_printf(a, "%s/bare", argv[1]);
	rows.list = calloc(n, sizeof(*rows.list));
	if (rows.list == NULL || mkdir(other, 0700) != 0 ||
	    store_open(data, &fast, &st) != ERR_OK)
		return 1;
	fill(st, n);
	store_close(st);
	if (store_open(data, &sync, &st) != ERR_OK)
		return 1;
	op = schedule(st, a, &ms);
	ours = update_all(st, &op);
	if (op.total != n || all_updated(st, a, op.id) != ERR_OK ||
	    store_each(st, collect, &rows) != ERR_OK)
		return 1;
	store_close(st);
	if (bare_open(other) != 0)
		return 1;
	shuffle(&rows);
	printf("%.0f %.0f %.1f\n", ours, bare(&rows), ms);
	(void)bare_db->close(bare_db, 0);
	(void)bare_env->close(bare_env, 0);
	free(rows.list);
	arena_free(a);
	return 0;
}
