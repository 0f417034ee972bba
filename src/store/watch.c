#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/private.h"

/*
 * A process that is killed keeps its page locks and the mutexes of the shared
 * regions.  Whoever waits for one of these waits until another process opens
 * the environment, and if no request comes, none does.  So everybody looks
 * around by himself; this needs a thread, as nothing wakes a process out of a
 * mutex.
 */
struct watch {
	struct store *st;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

/* A newcomer ends the survivors by itself; it is given the time to. */
#define LOOKS 2

static struct timespec
in_a_second(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec++;
	return ts;
}

static void *
look_around(void *arg)
{
	struct watch *w = arg;
	struct timespec until = in_a_second();
	int dead = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		if (pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
			continue;
		dead = register_fellow_died(w->st->register_fd) ? dead + 1 : 0;
		if (dead == LOOKS)
			store_lost(w->st, "another process died attached");
		until = in_a_second();
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals are for the thread that serves. */
static int
start(struct watch *w)
{
	sigset_t all, was;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	rc = pthread_create(&w->thread, NULL, look_around, w);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return rc;
}

enum err
watch_start(struct store *st)
{
	struct watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int rc;

	if (w == NULL)
		abort();
	w->st = st;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	if ((rc = start(w)) != 0) {
		log_error("store_open", "dir", st->dir, "what", "thread", "why",
		    strerror(rc), NULL);
		free(w);
		return ERR_BUSY;
	}
	st->watch = w;
	return ERR_OK;
}

void
watch_stop(struct store *st)
{
	struct watch *w = st->watch;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	st->watch = NULL;
}
