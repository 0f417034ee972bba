/*
 * passwright.fcgi - the responder.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/serve.h"
#include "conf/start.h"

#define DEADLINE 120 /* seconds; longer than all timeouts together */

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(4096);
	const char *file = NULL;
	struct server server;
	struct serve *serve;
	int c, rc;

	while ((c = getopt(argc, argv, "c:")) != -1) {
		if (c != 'c') {
			fprintf(stderr, "usage: passwright.fcgi [-c FILE]\n");
			return EX_USAGE;
		}
		file = optarg;
	}
	/* Else glibc looks at /etc/localtime for each file that is zipped. */
	(void)setenv("TZ", "UTC0", 1);
	if ((rc = start_program(a, "passwright.fcgi", file, &server)) != EX_OK)
		return rc;
	serve = serve_new(&server);
	rc = fcgi_run(serve_one, serve, DEADLINE);
	serve_free(serve);
	arena_free(a);
	if (serve_worn())
		fcgi_renew(argv);
	return rc;
}
