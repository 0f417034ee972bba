#include "pass/bound.h"

#include <fcntl.h>
#include <malloc.h>
#include <oniguruma.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#define TICK      10000       /* microseconds of processor time */
#define MIB       1048576L    /* bytes */
#define HARD      128         /* MiB that one instruction may ask for */
#define STACK_MAX (128 * MIB) /* Linux leaves at least this below it */
#define LOOK_EACH 64          /* runs; a look costs 8 us */

/* Bytes, as proc(5) tells them in pages. */
struct usage {
	long resident, data;
};

/* The one run that is under way. */
static jq_state *volatile running;
static volatile sig_atomic_t cut;
static sigjmp_buf left;
static volatile int ticks;           /* since it began */
static volatile long first_resident; /* at the first tick; 0: not yet */
static long data_before;             /* of some run not long ago */
static unsigned runs;                /* since then */

static bool worn;
static long page;

/* Skips to the next number of `s` and reads it. */
static const char *
number(const char *s, long *n)
{
	while (*s == ' ')
		s++;
	for (*n = 0; *s >= '0' && *s <= '9'; s++)
		*n = *n * 10 + (*s - '0');
	return s;
}

/* From a signal handler too: system calls and arithmetic only. */
static bool
look(struct usage *u)
{
	char text[128] = "";
	const char *s = text;
	long field[6];
	ssize_t n;
	int fd;

	if ((fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return false;
	for (int i = 0; i < 6; i++)
		s = number(s, &field[i]);
	*u = (struct usage){ field[1] * page, field[5] * page };
	return true;
}

static void
on_tick(int sig)
{
	jq_state *jq = running;
	struct usage u;

	(void)sig;
	if (jq == NULL)
		return;
	if (++ticks >= BOUND_MS / (TICK / 1000)) {
		cut = CUT_TIME;
	} else if (look(&u)) {
		if (first_resident == 0)
			first_resident = u.resident;
		if (u.resident - first_resident > BOUND_MEMORY * MIB)
			cut = CUT_MEMORY;
	}
	/* Again if need be: starting a state forgets that it was halted. */
	if (cut != CUT_NONE && !jq_halted(jq))
		jq_halt(jq, jv_null(), jv_null());
}

/* Called where malloc() gave nothing; if this returns, jq aborts. */
static void
on_no_memory(void *arg)
{
	(void)arg;
	if (running != NULL)
		siglongjmp(left, 1);
}

/* Freeing a value takes stack in proportion to its depth. */
static void
raise_stack(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_STACK, &l) != 0 || l.rlim_cur >= STACK_MAX)
		return;
	l.rlim_cur = l.rlim_max < STACK_MAX ? l.rlim_max : STACK_MAX;
	(void)setrlimit(RLIMIT_STACK, &l);
}

static void
prepare(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	page = sysconf(_SC_PAGESIZE);
	raise_stack();
	(void)onig_set_retry_limit_in_match(BOUND_REGEX);
	(void)onig_set_retry_limit_in_search(BOUND_REGEX);
}

void
bound_init(jq_state *jq)
{
	prepare();
	runs = 0; /* a program takes memory too */
	jq_set_nomem_handler(jq, on_no_memory, NULL);
}

/* What has to be put back after a run. */
struct lent {
	struct sigaction action;
	struct itimerval timer;
	struct rlimit data;
};

static void
lend(struct lent *was)
{
	const rlim_t most = (rlim_t)(data_before + HARD * MIB);
	const struct itimerval every = { { 0, TICK }, { 0, TICK } };
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct rlimit data;

	(void)getrlimit(RLIMIT_DATA, &was->data);
	data = was->data;
	if (data_before != 0 && data.rlim_cur > most)
		data.rlim_cur = most;
	(void)setrlimit(RLIMIT_DATA, &data);
	(void)sigaction(SIGPROF, &sa, &was->action);
	(void)setitimer(ITIMER_PROF, &every, &was->timer);
}

static void
give_back(const struct lent *was)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)setitimer(ITIMER_PROF, &was->timer, NULL);
	/* A last one may still be on its way, to another thread say, and the
	 * default is to end the process: ignoring drops it. */
	(void)sigaction(SIGPROF, &ignore, NULL);
	(void)sigaction(SIGPROF, &was->action, NULL);
	(void)setrlimit(RLIMIT_DATA, &was->data);
}

enum cut
bound_run(jq_state *jq, bound_fn *fn, void *arg)
{
	struct lent was;
	struct usage u;

	if (runs++ % LOOK_EACH == 0 && look(&u))
		data_before = u.data;
	cut = CUT_NONE;
	ticks = 0;
	first_resident = 0;
	running = jq;
	lend(&was);
	/* cert-err52 is about C++; jq itself offers no other way out. */
	if (sigsetjmp(left, 0) == 0) { /* NOLINT(cert-err52-cpp) */
		fn(jq, arg);
		running = NULL;
		jq_start(jq, jv_null(), 0); /* which frees what is left */
	} else {
		running = NULL;
		worn = true;
		cut = CUT_WORN;
	}
	give_back(&was);
	if (cut != CUT_NONE) {
		runs = 0;
		(void)malloc_trim(0);
	}
	return (enum cut)cut;
}

bool
bound_worn(void)
{
	return worn;
}
