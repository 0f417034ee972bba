#ifndef BIN_PROGRESS_H
#define BIN_PROGRESS_H

/*
 * progress - a bar on stderr, where somebody looks on.
 */

#include <stdint.h>

#include "bin/command.h"

struct progress {
	const struct command *c;
	int percent; /* shown last; -1: nothing yet */
};

void progress_show(struct progress *p, uint64_t done, uint64_t total);

#endif
