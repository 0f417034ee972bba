#ifndef TESTS_WORKER_FIXTURE_H
#define TESTS_WORKER_FIXTURE_H

/*
 * fixture - a tenant with a store, and turns of one job by a clock of ours.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "pass/bulk.h"
#include "store/due.h"
#include "store/operation.h"
#include "test.h"
#include "worker/job.h"

#define NOW INT64_C(1795323845678)

struct fixture {
	char dir[40];
	struct pass_type type;
	struct tenant t;
	struct store *st;
	struct arena *a, *turn;
	struct job_state state;
	struct job_time time;
	const struct push_wallet *const *wallets;
	struct server server;
};

static inline int
fixture_setup(void **state)
{
	static const struct store_options fast = { .sync = STORE_NOSYNC };
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test_worker.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new(4096);
	f->turn = arena_new(4096);
	f->type = (struct pass_type){ .name = "plain", .file = "plain.yml" };
	f->t = (struct tenant){ .id = "acme",
		.a = f->a,
		.types = &f->type,
		.ntypes = 1,
		.default_pass_type = "plain",
		.push_window = 2000,
		.keep_operations = 1000000 };
	f->time = (struct job_time){ NOW, 5000 };
	f->wallets = push_wallets;
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	*state = f;
	return 0;
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	arena_free(f->a);
	arena_free(f->turn);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

static inline struct json_object *
parsed(struct fixture *f, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(f->a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static inline struct change_env
fixture_env(struct fixture *f)
{
	return (struct change_env){ .a = f->a,
		.tenant = &f->t,
		.store = f->st,
		.now = f->time.now,
		.random = ident_random };
}

/* A pass of the ordinal that comes next. */
static inline const char *
created(struct fixture *f)
{
	const struct change_input in = { .type = NULL };
	struct change_env env = fixture_env(f);
	struct change_result r;
	struct why w;

	assert_int_equal(change_create(&env, &in, &r, &w), ERR_OK);
	return r.id;
}

static inline struct pass
stored(struct fixture *f, const char *id)
{
	struct store_pass row;
	struct pass p;

	assert_int_equal(store_pass_read(f->st, id, f->a, &row), ERR_OK);
	assert_int_equal(pass_parse(f->a, row.document, &p), ERR_OK);
	return p;
}

static inline enum err
store_again(struct txn *t, void *arg)
{
	struct store_pass *p = arg, old;
	struct arena *a = arena_new(4096);
	enum err e = store_pass_get(t, p->id, true, a, &old);

	if (e == ERR_OK)
		e = store_pass_change(t, &old, p);
	arena_free(a);
	return e;
}

/* In a wallet, as its own calls will tell. */
static inline void
install(struct fixture *f, const char *id, const char *wallet)
{
	struct pass p = stored(f, id);
	struct store_pass row = { .id = id };

	p.providers = parsed(f,
	    arena_printf(f->a, "{\"%s\":{\"activeRegistrations\":1}}", wallet));
	assert_int_equal(pass_print(f->a, &p, &row.document), ERR_OK);
	assert_int_equal(store_run(f->st, store_again, &row), ERR_OK);
}

/* A bulk update of the passes whose ordinals have a bit. */
static inline struct operation
scheduled(struct fixture *f, uint64_t bits, double throughput, const char *data)
{
	const struct change_input in = { .additional = parsed(f, data) };
	const struct operation_work work = { &bits, 1, bulk_print(f->a, &in) };
	struct operation op = { .kind = OPERATION_PUSH_UPDATE,
		.throughput = throughput,
		.started = f->time.now,
		.correlation = "test" };

	assert_int_equal(
	    operation_add(f->st, &op, &work, ident_random), ERR_OK);
	return op;
}

static inline struct operation
found(struct fixture *f, const struct operation *op)
{
	struct operation now;

	assert_int_equal(operation_find(f->st, op->id, f->a, &now), ERR_OK);
	return now;
}

/* One turn, as the worker gives it. */
static inline enum err
turn(struct fixture *f, const struct job *job)
{
	const struct job_env env = { .a = f->turn,
		.server = &f->server,
		.tenant = &f->t,
		.store = f->st,
		.time = f->time,
		.wallets = f->wallets };
	enum err e;

	f->state.next = JOB_NEVER;
	f->state.owed = f->state.failing = false;
	e = job->fn(&env, &f->state);
	f->state.woken = false;
	job_plan(&f->state, e, f->time.tick);
	arena_reset(f->turn);
	return e;
}

static inline void
pass_time(struct fixture *f, int64_t ms)
{
	f->time.now += ms;
	f->time.tick += ms;
}

/* Turns, each when the job asks for it, for so long. */
static inline void
turns(struct fixture *f, const struct job *job, int64_t ms)
{
	const int64_t end = f->time.tick + ms;

	while (f->time.tick < end) {
		int64_t wait;

		assert_int_equal(turn(f, job), ERR_OK);
		wait = f->state.next > end ? end - f->time.tick
					   : f->state.next - f->time.tick;
		pass_time(f, wait > 0 ? wait : 0);
	}
}

static inline void
turns_end(struct fixture *f, const struct job *job)
{
	job->end(f->state.own);
	f->state = (struct job_state){ .own = NULL };
}

#endif
