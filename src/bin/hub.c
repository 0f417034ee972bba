/*
 * passwright-hub - tells the browsers that follow passes what happens.
 */

#include "hub/hub.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/spawn.h"
#include "conf/start.h"

/* One hub for a folder of tenants: another one that starts has nothing to do.
 */
static int
run(const struct server *s)
{
	int fd = -1;
	enum err e;

	if (s->hub.listen == NULL) {
		log_error("configuration", "file", s->file, "why",
		    "\"hub\" is missing: say where the hub listens", NULL);
		return EX_CONFIG;
	}
	e = spawn_lock(s, SPAWN_HUB, &fd);
	if (e == ERR_BUSY)
		return EX_OK;
	if (e == ERR_OK)
		e = hub_run(s);
	if (fd >= 0)
		close(fd);
	return e == ERR_OK ? EX_OK : EX_OSERR;
}

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(4096);
	const char *file = NULL;
	struct server server;
	int c, rc;

	while ((c = getopt(argc, argv, "c:")) != -1) {
		if (c == 'c')
			file = optarg;
		else
			break;
	}
	if (c != -1 || optind != argc) {
		fprintf(stderr, "usage: passwright-hub [-c FILE]\n");
		rc = EX_USAGE;
	} else if ((rc = start_program(a, "passwright-hub", file, &server)) ==
	    EX_OK) {
		rc = run(&server);
	}
	arena_free(a);
	return rc;
}
