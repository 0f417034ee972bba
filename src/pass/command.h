#ifndef PASS_COMMAND_H
#define PASS_COMMAND_H

/*
 * command - a program of the tenant's: bytes in, bytes out.
 *
 * No shell; an environment of PATH and LANG only; the tenant's folder is its
 * working directory; what it writes to stderr is dropped.  When its time is
 * over or it writes too much, it and all that it started are killed.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/setting.h"

struct command {
	const char *dir;     /* the tenant's; the program lies beneath it */
	struct strings argv; /* [0]: an absolute path */
	struct slice in;
	long timeout_ms;
	size_t max_bytes; /* of what it writes */
};

/*
 * Run it to its end.  ERR_DENIED: it leads out of the folder; ERR_NOTFOUND:
 * there is no such program; ERR_TOOBIG; ERR_UPSTREAM: too slow, or it ended
 * otherwise than with 0.  All are logged.
 */
MUST_CHECK enum err command_run(
    struct arena *a, const struct command *c, struct slice *out);

#endif
