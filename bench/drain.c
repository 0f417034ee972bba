/*
 * drain - many events wait for the worker, which takes all of them.
 * Prints how many a second, and by how many KiB the process's own memory
 * (what it shares is the cache of the databases) grew from the tenth part of
 * them on.  Fails unless each was counted once.
 * usage: drain DIR EVENTS
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "store/day.h"
#include "worker/job.h"

#define BATCH   2000
#define DATE_MS 1000000

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* KiB of memory that is resident and no file's; -1: unknown. */
static long
own_memory(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

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

/* Take all of them; `*grown` in KiB. */
static void
drain(struct store *st, unsigned n, long *grown)
{
	struct tenant tenant = { .id = "bench" };
	struct job_env env = {
		.a = arena_new(1u << 16), .tenant = &tenant, .store = st
	};
	struct job_state s = { .owed = true };
	long first = -1;

	for (unsigned turns = 0; s.owed; turns++) {
		s.owed = false;
		if (job_events.fn(&env, &s) != ERR_OK)
			exit(1);
		arena_reset(env.a);
		if (first < 0 && turns >= n / 5000)
			first = own_memory();
	}
	*grown = own_memory() - first;
	arena_free(env.a);
}

int
main(int argc, char **argv)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	unsigned n = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	uint64_t counted = 0;
	struct store *st;
	double begin;
	long grown;

	if (n < BATCH)
		return 64;
	n -= n % BATCH;
	log_open("bench", "stderr", LOG_LVL_WARNING);
	if (store_open(argv[1], &fast, &st) != ERR_OK)
		return 1;
	for (unsigned i = 0; i < n; i += BATCH)
		if (store_run(st, add, NULL) != ERR_OK)
			return 1;
	begin = now();
	drain(st, n, &grown);
	printf("%.0f %ld\n", n / (now() - begin), grown);
	if (day_each(st, 0, sum, &counted) != ERR_OK || counted != n) {
		fprintf(stderr, "drain: %llu of %u events counted\n",
		    (unsigned long long)counted, n);
		return 1;
	}
	store_close(st);
	return 0;
}
