/*
 * passwright-hub - tells the browsers that follow passes what happens.
 */

#include "hub/hub.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/owner.h"
#include "conf/spawn.h"

static int
load(struct arena *a, const char *file, struct server *s)
{
	struct faults f;
	enum err e;

	faults_init(&f, a);
	e = server_load(a, file, &f, s);
	for (size_t i = 0; i < f.n; i++)
		log_error("configuration", "file", f.list[i].file, "why",
		    f.list[i].text, NULL);
	if (e != ERR_OK)
		return EX_CONFIG;
	log_open("passwright-hub", s->log.target, (enum log_level)s->log.level);
	if (s->hub.listen == NULL) {
		log_error("configuration", "file", s->file, "why",
		    "\"hub\" is missing: say where the hub listens", NULL);
		return EX_CONFIG;
	}
	return owner_become(s) == ERR_OK ? EX_OK : EX_NOPERM;
}

/* One hub for a folder of tenants: another one that starts has nothing to do.
 */
static int
run(const struct server *s)
{
	int fd = -1;
	enum err e = spawn_lock(s, SPAWN_HUB, &fd);

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
	log_open("passwright-hub", "stderr", LOG_LVL_INFO);
	if (c != -1 || optind != argc) {
		fprintf(stderr, "usage: passwright-hub [-c FILE]\n");
		rc = EX_USAGE;
	} else if ((rc = load(a, file, &server)) == EX_OK) {
		rc = run(&server);
	}
	arena_free(a);
	return rc;
}
