#ifndef CONF_START_H
#define CONF_START_H

/*
 * start - what the programs that serve begin with: their configuration, the
 * log that it names, and the user that it belongs to.
 */

#include "base/arena.h"
#include "conf/server.h"

/*
 * `file` as for server_load(); `*out` is owned by `a`.  EX_OK, EX_CONFIG or
 * EX_NOPERM of sysexits.h, all faults logged: on stderr until it is known
 * where to.
 */
int start_program(
    struct arena *a, const char *name, const char *file, struct server *out);

#endif
