/*
 * push - a campaign: many passes have changed, each on a phone of its own, and
 * the worker's job tells all of them.
 * Prints how many a second, and by how many KiB the process's own memory grew
 * from the tenth part of them on.  That each was told once, the service knows.
 * usage: push DIR REGISTRATIONS URL     DIR has server.pem and key.p8
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "meter.h"
#include "pass/pass.h"
#include "store/due.h"
#include "store/registration.h"
#include "wallet/apple/apns.h"
#include "worker/job.h"

#define BATCH 100
#define TOPIC "pass.example.bench"

struct bench {
	struct server server;
	struct pass_type type;
	struct tenant tenant;
	struct store *st;
	struct arena *a;
	unsigned from;
};

static enum err
add_one(struct txn *t, struct arena *a, unsigned n)
{
	const struct store_due owes = { STORE_APPLE, 1, NULL };
	const char *id = arena_printf(a, "bench-%07u", n * 7919 % 10000000);
	const struct registration r = { .device = id,
		.topic = TOPIC,
		.pass = id,
		.token = arena_printf(a, "%064u", n),
		.date = 1 };
	struct store_pass row = { .id = id, .document = slice_of("{}") };
	struct store_pass changed = row;
	struct registration_moves m = { .n = 0 };
	bool new;
	enum err e = store_pass_add(t, &row);

	changed.owes = &owes;
	if (e == ERR_OK)
		e = store_pass_change(t, &row, &changed);
	return e == ERR_OK ? registration_add(t, a, &r, &new, &m) : e;
}

static enum err
add(struct txn *t, void *arg)
{
	const struct bench *b = arg;
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < BATCH; i++)
		e = add_one(t, b->a, b->from + i);
	return e;
}

/* Tell all of them; `*grown` in KiB. */
static enum err
tell(struct bench *b, unsigned n, long *grown)
{
	struct job_state s = { .owed = true };
	struct due_count left = { n, 0 };
	long first = -1;
	enum err e = ERR_OK;

	while (e == ERR_OK && s.owed) {
		const struct job_env env = { .a = b->a,
			.server = &b->server,
			.tenant = &b->tenant,
			.store = b->st,
			.time = { clock_now(), clock_tick() },
			.wallets = push_wallets };

		s.next = JOB_NEVER;
		s.owed = false;
		e = job_push.fn(&env, &s);
		arena_reset(b->a);
		if (first >= 0)
			continue;
		if (due_count(b->st, &left) == ERR_OK &&
		    left.apple < n - n / 10)
			first = meter_memory();
	}
	*grown = meter_memory() - first;
	job_push.end(s.own);
	return e;
}

static void
open_bench(struct bench *b, const char *dir, const char *url)
{
	static const struct store_options sync = { .sync = STORE_SYNC };

	b->a = arena_new(1U << 16);
	b->server.endpoints.apns = url;
	asprintf((char **)&b->server.endpoints.ca_file, "%s/server.pem", dir);
	b->type = (struct pass_type){ .name = "bench" };
	b->tenant = (struct tenant){ .id = "bench",
		.a = arena_new(4096),
		.apple = { .pass_type_identifier = TOPIC,
		    .team_identifier = "A1B2C3D4E5",
		    .key_id = "ABC123DEFG",
		    .p8 = arena_printf(b->a, "%s/key.p8", dir) },
		.types = &b->type,
		.ntypes = 1,
		.push_window = 2000 };
	b->tenant.apple.p8 = arena_printf(b->tenant.a, "%s/key.p8", dir);
	if (store_open(arena_printf(b->a, "%s/data", dir), &sync, &b->st) !=
	    ERR_OK)
		exit(1);
}

int
main(int argc, char **argv)
{
	unsigned n = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	static struct bench b;
	int64_t begin;
	long grown;

	if (n < BATCH)
		return 64;
	n -= n % BATCH;
	log_open("bench", "stderr", LOG_LVL_WARNING);
	open_bench(&b, argv[1], argv[3]);
	for (; b.from < n; b.from += BATCH) {
		if (store_run(b.st, add, &b) != ERR_OK)
			return 1;
		arena_reset(b.a);
	}
	begin = clock_tick();
	if (tell(&b, n, &grown) != ERR_OK)
		return 1;
	printf(
	    "%.0f %ld\n", n * 1000.0 / (double)(clock_tick() - begin), grown);
	apns_close();
	store_close(b.st);
	return 0;
}
