#ifndef BIN_COMMAND_H
#define BIN_COMMAND_H

/*
 * command - what the operator's commands share.
 *
 * A command prints its result on stdout and what went wrong, with what to do
 * next, on stderr; it returns an exit code of sysexits(3).
 */

#include <stdbool.h>

#include "base/arena.h"
#include "conf/fault.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "store/store.h"

struct command {
	struct arena *a;
	struct server server;
	bool json;
	unsigned lease;        /* of ordinals, see store_options; 0: 1 */
	const char *usage;     /* of the present command */
	struct tenant *tenant; /* that it loaded, or NULL */
};

/* Each takes the words after its own name, itself in argv[0]. */
int command_backup(struct command *c, int argc, char **argv);
int command_check(struct command *c, int argc, char **argv);
int command_erase(struct command *c, int argc, char **argv);
int command_export(struct command *c, int argc, char **argv);
int command_import(struct command *c, int argc, char **argv);
int command_key(struct command *c, int argc, char **argv);
int command_queue(struct command *c, int argc, char **argv);
int command_render(struct command *c, int argc, char **argv);
int command_tenant(struct command *c, int argc, char **argv);
int command_recover(struct command *c, int argc, char **argv);
int command_stats(struct command *c, int argc, char **argv);
int command_verify(struct command *c, int argc, char **argv);

/* Print to stderr and return `code`. */
int command_fail(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Print the present command's usage; returns EX_USAGE. */
int command_usage(const struct command *c);

/*
 * Load the tenant that the command is about; EX_OK or an exit code after
 * saying why.  It lives until the command ends.
 */
int command_load(struct command *c, const char *name, struct tenant **out);

/* Open a tenant's store; EX_OK or an exit code after saying why. */
int command_store(
    struct command *c, const struct tenant *t, struct store **out);

/* One line per fault: FILE:LINE: text, warnings marked; or one JSON array. */
void command_faults(const struct command *c, const struct faults *f);

#endif
