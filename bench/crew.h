#ifndef BENCH_CREW_H
#define BENCH_CREW_H

/*
 * crew - run the same work in several processes for some seconds and print
 * how often it was done in a second, all processes together.
 */

#include <stdbool.h>

struct crew {
	void *(*start)(int member); /* in each process; NULL: it failed */
	bool (*work)(void *state);  /* once; false: it failed */
	void (*end)(void *state);
};

/* `argv`: PROCESSES SECONDS.  Returns an exit code. */
int crew_run(const struct crew *c, char **argv);

#endif
