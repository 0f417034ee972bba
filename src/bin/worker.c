/*
 * passwright-worker - does what is owed, then goes.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/spawn.h"
#include "conf/start.h"
#include "worker/worker.h"

#define IDLE_MAX 86400

struct options {
	const char *file;
	bool once;
	long idle; /* seconds */
};

static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	stopping = sig;
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: passwright-worker [-c FILE] [--once | --idle SECONDS]\n");
	return EX_USAGE;
}

static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option words[] = { { "once", no_argument, NULL,
						   'o' },
		{ "idle", required_argument, NULL, 'i' }, { 0 } };
	char *rest = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "c:", words, NULL)) != -1) {
		if (c == 'c') {
			o->file = optarg;
		} else if (c == 'o') {
			o->once = true;
		} else if (c == 'i') {
			errno = 0;
			o->idle = strtol(optarg, &rest, 10);
			if (errno != 0 || rest == optarg || *rest != '\0' ||
			    o->idle < 0 || o->idle > IDLE_MAX)
				return usage();
		} else {
			return usage();
		}
	}
	return optind == argc ? EX_OK : usage();
}

/* Without SA_RESTART, so that a signal ends a sleep. */
static void
catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop };

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static struct job_time
present(void)
{
	return (struct job_time){ .now = clock_now(), .tick = clock_tick() };
}

static void
rest(int64_t ms)
{
	struct timespec t = { .tv_nsec = (long)ms * 1000000 };

	if (ms > 0)
		nanosleep(&t, NULL);
}

/* Until nothing is owed, and for as long after that as `o` says. */
static int
work(struct worker *w, const struct options *o)
{
	int64_t idle_since = -1;

	while (!stopping) {
		const struct job_time t = present();
		struct worker_round r;
		int64_t wait;

		if (worker_round(w, &t, &r) != ERR_OK)
			return EX_OSERR;
		if (r.owed || idle_since < 0)
			idle_since = t.tick;
		if (o->once && (!r.owed || r.failing))
			return r.owed || r.shut ? EX_TEMPFAIL : EX_OK;
		if (!r.owed && t.tick - idle_since >= o->idle * 1000)
			return EX_OK;
		wait = r.next - present().tick;
		rest(wait < WORKER_LOOK_MS ? wait : WORKER_LOOK_MS);
	}
	return EX_OK;
}

/*
 * Whoever queued something between our last look and the end of our lock found
 * a worker running: so look once more without it.
 */
static int
run(const struct server *s, const struct options *o)
{
	struct worker *w = worker_new(s, push_wallets);
	int fd = -1, rc = EX_OK;
	enum err e;

	do {
		if ((e = spawn_lock(s, SPAWN_WORKER, &fd)) != ERR_OK)
			break;
		rc = work(w, o);
		close(fd);
	} while (rc != EX_OSERR && !stopping && worker_touched(w));
	worker_free(w);
	return e == ERR_OK || e == ERR_BUSY ? rc : EX_OSERR;
}

int
main(int argc, char **argv)
{
	struct options o = { .file = NULL };
	struct arena *a = arena_new(4096);
	struct server server;
	int rc;

	if ((rc = read_options(argc, argv, &o)) == EX_OK &&
	    (rc = start_program(a, "passwright-worker", o.file, &server)) ==
		EX_OK) {
		catch_signals();
		rc = run(&server, &o);
	}
	arena_free(a);
	return rc;
}
