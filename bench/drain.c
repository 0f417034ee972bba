/*
 * drain - many events wait for the worker, which takes all of them; then as
 * many passes owe a push to a wallet, which takes each.  Prints, of both, how
 * many a second, and by how many KiB the process's own memory (what it shares
 * is the cache of the databases) grew from the tenth part of them on.  Fails
 * unless each was counted once, and each pass told once.
 * usage: drain DIR EVENTS
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "meter.h"
#include "store/day.h"
#include "store/private.h"
#include "worker/job.h"

#define BATCH   2000
#define DATE_MS 1000000

static enum err
add(struct txn *t, void *arg)
{
	const struct event event = { .kind = EVENT_UPDATED,
		.date = DATE_MS,
		.pass = "abcdefghijkl",
		.type = "loyalty" };
	enum err e = ERR_OK;

	(void)arg;
	for (unsigned i = 0; e == ERR_OK && i < BATCH; i++)
		e = event_add(t, &event);
	return e;
}

static enum err
sum(const struct day *d, void *arg)
{
	uint64_t *n = arg;

	*n += d->n[EVENT_UPDATED];
	return ERR_OK;
}

/* -- pushes ---------------------------------------------------------------- */

static unsigned told;

/* A wallet that takes all it is told of. */
static enum err
take(struct push_env *env, struct due **passes, size_t n)
{
	(void)env;
	for (size_t i = 0; i < n; i++)
		passes[i]->done |= STORE_APPLE;
	told += (unsigned)n;
	return ERR_OK;
}

static const struct push_wallet taker = { "taker", STORE_APPLE, take, 0 };
static const struct push_wallet *const takers[] = { &taker, NULL };

static enum err
owe(struct txn *t, void *arg)
{
	const struct store_due due = { .wallets = STORE_APPLE, .at = DATE_MS };
	const unsigned *from = arg;
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < BATCH; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "p%010u", *from + i);
		e = due_add(t, id, &due);
	}
	return e;
}

/* -- both ------------------------------------------------------------------ */

struct drained {
	double rate; /* a second */
	long grown;  /* KiB */
};

static struct drained
drain(struct store *st, const struct job *job, unsigned n, unsigned per_turn)
{
	struct tenant tenant = { .id = "bench" };
	struct job_env env = { .a = arena_new(1u << 16),
		.tenant = &tenant,
		.store = st,
		.wallets = takers,
		.time = { .now = 2 * DATE_MS } };
	struct job_state s = { .owed = true };
	const double begin = meter_now();
	long first = -1;

	for (unsigned turns = 0; s.owed; turns++) {
		s.owed = false;
		if (job->fn(&env, &s) != ERR_OK)
			exit(1);
		arena_reset(env.a);
		if (first < 0 && turns >= n / per_turn / 10)
			first = meter_memory();
	}
	if (job->end != NULL)
		job->end(s.own);
	arena_free(env.a);
	return (struct drained){ n / (meter_now() - begin),
		meter_memory() - first };
}

static void
fill(struct store *st, store_fn *fn, unsigned n)
{
	for (unsigned i = 0; i < n; i += BATCH)
		if (store_run(st, fn, &i) != ERR_OK)
			exit(1);
}

int
main(int argc, char **argv)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	unsigned n = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	uint64_t counted = 0;
	struct drained events, pushes;
	struct store *st;

	if (n < BATCH)
		return 64;
	n -= n % BATCH;
	log_open("bench", "stderr", LOG_LVL_WARNING);
	if (store_open(argv[1], &fast, &st) != ERR_OK)
		return 1;
	fill(st, add, n);
	events = drain(st, &job_events, n, 500);
	fill(st, owe, n);
	pushes = drain(st, &job_push, n, 100);
	printf("%.0f %ld %.0f %ld\n", events.rate, events.grown, pushes.rate,
	    pushes.grown);
	if (day_each(st, 0, sum, &counted) != ERR_OK || counted != n ||
	    told != n) {
		fprintf(stderr, "drain: %llu of %u events counted, %u told\n",
		    (unsigned long long)counted, n, told);
		return 1;
	}
	store_close(st);
	return 0;
}
