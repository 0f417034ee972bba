#include <time.h>
#include <unistd.h>

#include "store/column.h"
#include "store/private.h"

#define CHECK_COMMITS 32 /* between two looks at the length of the log */

/*
 * Doubling from 1 ms to 32, spread by the process id, so that two victims do
 * not meet again.
 */
void
run_back_off(unsigned i)
{
	struct timespec ts = { .tv_sec = 0 };
	long ns = 500000L << (i > 6 ? 6 : i), spread;

	if (i == 0)
		return;
	spread = (long)((unsigned)getpid() * 2654435761U >> (i % 16));
	ts.tv_nsec = ns + spread % ns;
	nanosleep(&ts, NULL);
}

static enum err
run_fn(struct txn *t, store_fn *fn, void *arg)
{
	enum err e = t->many ? column_begin_many(t) : ERR_OK;

	if (e == ERR_OK)
		e = fn(t, arg);
	return e == ERR_OK && t->many ? column_end_many(t) : e;
}

/*
 * Locks are let go before the log is on the disk, so that nobody waits with
 * them for the disk.  Whoever builds on this commit is later in the log, and
 * is not told either before all of it is there.
 */
static enum err
commit_txn(struct txn *t, u_int32_t flags)
{
	DB_ENV *env = t->st->env;
	u_int32_t now = flags == DB_TXN_SYNC ? DB_TXN_NOSYNC : flags;
	enum err e = table_rc(t, t->tid->commit(t->tid, now), "commit");

	if (e == ERR_OK && flags == DB_TXN_SYNC)
		e = store_rc(t->st, env->log_flush(env, NULL), "flush");
	t->st->full = t->st->full && e != ERR_OK;
	return e;
}

/* One attempt; `t` tells afterwards whether it is worth another. */
static enum err
run_once(struct txn *t, store_fn *fn, void *arg, u_int32_t commit)
{
	struct store *st = t->st;
	struct lease lease = st->lease;
	enum err e;

	if (t->own)
		told_clear(st);
	e = table_rc(t, st->env->txn_begin(st->env, NULL, &t->tid, 0), "begin");
	if (e != ERR_OK)
		return e;
	e = run_fn(t, fn, arg);
	if (e == ERR_OK && !t->victim && !t->dry)
		return commit_txn(t, commit);
	if (t->tid->abort(t->tid) != 0)
		store_lost(st, "abort");
	st->lease = lease; /* nobody has seen what was given */
	return e;
}

static enum err
run_until(const struct txn *as, store_fn *fn, void *arg, u_int32_t commit)
{
	struct store *st = as->st;
	struct txn t = *as;
	enum err e = ERR_BUSY;

	for (unsigned i = 0; i < RUN_TRIES; i++) {
		if (!t.dry)
			run_back_off(i);
		t = *as;
		e = run_once(&t, fn, arg, commit);
		if (!t.victim && !t.dry)
			return e;
		/* Twice what did not do: a batch takes few attempts. */
		if (t.dry && (e = ordinal_lease(st, 2 * t.taken + 1)) != ERR_OK)
			return e;
	}
	return ERR_BUSY;
}

enum err
run_with(struct store *st, store_fn *fn, void *arg, u_int32_t commit)
{
	const struct txn as = { .st = st };

	return run_until(&as, fn, arg, commit);
}

enum err
store_read(struct store *st, store_fn *fn, void *arg)
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; e == ERR_BUSY && i < RUN_TRIES; i++) {
		struct txn t = { .st = st };

		run_back_off(i);
		e = fn(&t, arg);
	}
	return e;
}

static enum err
run_and_tidy(
    struct store *st, store_fn *fn, void *arg, u_int32_t commit, bool many)
{
	const struct txn as = { .st = st, .many = many, .own = true };
	enum err e = ERR_OK;

	if (st->lease.end != 0 && st->lease.next == st->lease.end)
		e = ordinal_lease(st, 1);
	if (e == ERR_OK)
		e = run_until(&as, fn, arg, commit);
	/* What is committed is committed, whatever becomes of this. */
	if (e == ERR_OK && st->commits++ % CHECK_COMMITS == 0)
		(void)!store_checkpoint(st, STORE_LOG_KBYTES);
	if (e == ERR_OK) {
		column_settle(st);
		told_tell(st);
	}
	return e;
}

enum err
store_run(struct store *st, store_fn *fn, void *arg)
{
	return run_and_tidy(st, fn, arg, st->commit, false);
}

enum err
store_run_many(struct store *st, store_fn *fn, void *arg)
{
	return run_and_tidy(st, fn, arg, DB_TXN_NOSYNC, true);
}

enum err
store_flush(struct store *st)
{
	if (st->commit == DB_TXN_NOSYNC)
		return ERR_OK;
	return store_rc(st, st->env->log_flush(st->env, NULL), "flush");
}

/* Whoever has the turn already does what this one wants. */
enum err
store_checkpoint(struct store *st, unsigned kbytes)
{
	enum err e;

	if (!boot_turn_take(&st->boot))
		return ERR_OK;
	e = store_rc(
	    st, st->env->txn_checkpoint(st->env, kbytes, 0, 0), "checkpoint");
	boot_turn_end(&st->boot);
	return e;
}
