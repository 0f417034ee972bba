#ifndef CONF_FAULT_H
#define CONF_FAULT_H

/*
 * fault - what is wrong in an operator's files, with file and line.
 *
 * A loader goes on after a fault as far as it sensibly can, so that one run
 * of `passwright check` names them all.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct fault {
	const char *file; /* as the operator would name it */
	int line;         /* from 1; 0: the file as a whole */
	bool warning;
	const char *text; /* one line, no full stop */
};

struct faults {
	struct arena *a; /* owns all that is in here */
	struct fault *list;
	size_t n, errors; /* errors: those that are not warnings */
};

void faults_init(struct faults *f, struct arena *a);
void fault_add(struct faults *f, const char *file, int line, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void fault_warn(struct faults *f, const char *file, int line, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

#endif
