/*
 * passwright.fcgi - the responder.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/serve.h"
#include "base/log.h"
#include "conf/owner.h"

#define DEADLINE 120 /* seconds; longer than all timeouts together */

static void
log_faults(const struct faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		log_error("configuration", "file", f->list[i].file, "why",
		    f->list[i].text, NULL);
}

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(4096);
	const char *file = NULL;
	struct server server;
	struct serve *serve;
	struct faults faults;
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
	log_open("passwright.fcgi", "stderr", LOG_LVL_INFO);
	faults_init(&faults, a);
	if (server_load(a, file, &faults, &server) != ERR_OK) {
		log_faults(&faults);
		return EX_CONFIG;
	}
	log_open("passwright.fcgi", server.log.target,
	    (enum log_level)server.log.level);
	if (owner_become(&server) != ERR_OK)
		return EX_NOPERM;
	serve = serve_new(&server);
	rc = fcgi_run(serve_one, serve, DEADLINE);
	serve_free(serve);
	arena_free(a);
	if (serve_worn())
		fcgi_renew(argv);
	return rc;
}
