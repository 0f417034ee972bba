#ifndef PASS_BOUND_H
#define PASS_BOUND_H

/*
 * bound - run jq within limits of time and memory.
 *
 * A timer looks after a run every 10 ms of processor time and stops it
 * between two instructions of the interpreter; afterwards the state is as
 * good as new.  One instruction that takes all memory at once meets a limit
 * on the process, and the run is left where it stands: what it held is lost,
 * and the process worn.  One instruction that only takes time cannot be
 * stopped ("" * 1e9, comparing values that share their parts a millionfold):
 * alarm(2) of whoever called is the last resort.  Regular expressions, the
 * likely case, have a limit of their own on backtracking.
 *
 * Signals: SIGPROF and ITIMER_PROF, lent for the run.  For the main thread,
 * because deeply nested values need its stack, which may grow to 128 MiB.
 */

#include <jq.h>
#include <stdbool.h>

#define BOUND_MS     1000    /* of processor time */
#define BOUND_MEMORY 32      /* MiB that a run may add */
#define BOUND_REGEX  4000000 /* steps back of one search */

enum cut {
	CUT_NONE,
	CUT_TIME,
	CUT_MEMORY,
	CUT_WORN /* for memory; `jq` and all values of it are lost */
};

/* Before anything else is done with a new state. */
void bound_init(jq_state *jq);

/*
 * Call `fn(jq, arg)`, which starts `jq` and takes its values; they end early
 * when it is cut.  `jq` is reset afterwards, unless it is lost.
 */
typedef void bound_fn(jq_state *jq, void *arg);
enum cut bound_run(jq_state *jq, bound_fn *fn, void *arg);

/* True once a run was left where it stood. */
bool bound_worn(void);

#endif
