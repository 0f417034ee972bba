#include <sys/stat.h>
#include <sys/wait.h>

#include "../conf/folder.h"
#include "base/log.h"
#include "conf/spawn.h"
#include "pass/bulk.h"
#include "pass/change.h"
#include "store/operation.h"
#include "worker/worker.h"

#define NOW INT64_C(1795323845678)

struct state {
	struct folder d;
	struct server s;
	struct worker *w;
	struct job_time time;
};

static void
tenant_add(struct state *st, const char *id)
{
	folder_write(&st->d, arena_printf(st->d.a, "%s/tenant.yml", id),
	    "name: Acme\n"
	    "url: https://acme.example\n"
	    "defaultPassType: plain\n"
	    "languages: [en]\n");
	folder_write(&st->d,
	    arena_printf(st->d.a, "%s/server/passes/plain.yml", id),
	    "kind: generic\n"
	    "card: { organization: A, title: T, description: D }\n");
}

static int
setup(void **state)
{
	struct state *st = calloc(1, sizeof(*st));

	folder_open(&st->d);
	st->s.tenants = st->d.dir;
	st->s.worker = "/nonexistent";
	st->s.durability = DURABILITY_NOSYNC;
	st->time = (struct job_time){ NOW, 5000 };
	st->w = worker_new(&st->s, push_wallets);
	*state = st;
	return 0;
}

static int
teardown(void **state)
{
	struct state *st = *state;

	worker_free(st->w);
	folder_close(&st->d);
	free(st);
	return 0;
}

/* A pass, and a bulk update of it. */
static enum err
fill(struct state *st, struct change_env *env, const char *operation)
{
	static const uint64_t first[] = { 2 };
	const struct change_input in = { .type = "plain" };
	const struct operation_work work = { first, 1,
		bulk_print(st->d.a, &in) };
	struct operation op = { .kind = OPERATION_PUSH_UPDATE,
		.throughput = 1000,
		.started = NOW,
		.correlation = operation };
	struct change_result r;
	struct why w;
	enum err e = change_create(env, &in, &r, &w);

	if (e == ERR_OK)
		e = operation_add(env->store, &op, &work, ident_random);
	return e;
}

/*
 * What a responder does, in a process of its own that waits for its turn: a
 * child of one that has a store open cannot open it.
 */
struct responder {
	pid_t pid;
	int go;
};

static struct responder
responder(struct state *st, const char *id, const char *operation)
{
	struct store_options opt = { .sync = STORE_NOSYNC, .lease = 1 };
	struct change_env env = {
		.a = st->d.a, .now = NOW, .random = ident_random
	};
	struct responder r;
	struct faults f;
	int go[2];
	enum err e;
	char c;

	assert_int_equal(pipe(go), 0);
	if ((r.pid = fork()) == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		faults_init(&f, st->d.a);
		e = tenant_load(&st->s, id, &f, &env.tenant);
		if (e == ERR_OK)
			e = store_open(
			    folder_path(
				&st->d, arena_printf(st->d.a, "%s/data", id)),
			    &opt, &env.store);
		if (e == ERR_OK)
			e = fill(st, &env, operation);
		store_close(env.store);
		spawn_worker(&st->s,
		    arena_printf(st->d.a, "%s/%s/data", st->d.dir, id), NOW);
		_exit(e != ERR_OK);
	}
	close(go[0]);
	r.go = go[1];
	return r;
}

static void
queues(const struct responder *r)
{
	int status;

	assert_int_equal(write(r->go, "x", 1), 1);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, 0);
	close(r->go);
}

static void
queue(struct state *st, const char *id, const char *operation)
{
	const struct responder r = responder(st, id, operation);

	queues(&r);
}

static struct worker_round
round_of(struct state *st)
{
	struct worker_round r;

	assert_int_equal(worker_round(st->w, &st->time, &r), ERR_OK);
	return r;
}

/* Rounds for so long, a look at a time. */
static struct worker_round
rounds(struct state *st, int64_t ms)
{
	struct worker_round r = { .owed = false };

	for (int64_t i = 0; i < ms; i += WORKER_LOOK_MS) {
		r = round_of(st);
		st->time.now += WORKER_LOOK_MS;
		st->time.tick += WORKER_LOOK_MS;
	}
	return r;
}

static void
test_nothing_is_owed(void **state)
{
	struct state *st = *state;
	struct worker_round r = round_of(st);

	assert_false(r.owed || r.worked);
	tenant_add(st, "acme");
	r = rounds(st, 3000);
	assert_false(r.owed);
	/* Where nothing was ever stored, no store is made. */
	assert_int_not_equal(access(folder_path(&st->d, "acme/data"), F_OK), 0);
}

static void
test_what_is_queued_is_done(void **state)
{
	struct state *st = *state;
	const struct responder later = responder(st, "acme", "second");
	struct worker_round r;

	tenant_add(st, "acme");
	queue(st, "acme", "first");
	r = round_of(st);
	assert_true(r.worked);
	r = rounds(st, 1000);
	assert_false(r.owed);
	assert_false(worker_touched(st->w));
	queues(&later);
	assert_true(worker_touched(st->w));
	r = rounds(st, 50);
	assert_true(r.worked);
	assert_false(rounds(st, 1000).owed);
}

static void
test_a_tenant_that_comes_later(void **state)
{
	struct state *st = *state;

	tenant_add(st, "acme");
	queue(st, "acme", "x");
	(void)rounds(st, 500);
	tenant_add(st, "shop");
	queue(st, "shop", "y");
	(void)rounds(st, 2500);
	assert_false(worker_touched(st->w));
	assert_false(rounds(st, 1000).owed);
}

/* One whose files are at fault keeps nobody else waiting. */
static void
test_a_broken_tenant(void **state)
{
	struct state *st = *state;
	struct worker_round r;

	tenant_add(st, "acme");
	tenant_add(st, "shop");
	queue(st, "acme", "x");
	queue(st, "shop", "y");
	folder_write(&st->d, "acme/tenant.yml", "nonsense: [");
	r = rounds(st, 900);
	assert_false(r.owed);
	assert_true(r.shut);
	assert_true(r.next > st->time.tick - WORKER_LOOK_MS);
	tenant_add(st, "acme");
	(void)rounds(st, 300000);
	assert_false(round_of(st).owed);
	assert_false(round_of(st).shut);
	assert_false(worker_touched(st->w));
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_owed),
		TEST(test_what_is_queued_is_done),
		TEST(test_a_tenant_that_comes_later),
		TEST(test_a_broken_tenant),
	};

	log_open("test_worker", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
