#ifndef CONF_SERVER_H
#define CONF_SERVER_H

/*
 * server - passwright.yml.
 */

#include "base/arena.h"
#include "base/log.h"
#include "conf/fault.h"
#include "conf/setting.h"

enum durability { DURABILITY_SYNC, DURABILITY_WRITE_NOSYNC, DURABILITY_NOSYNC };

struct server {
	const char *file; /* that was read */
	const char *tenants;
	const char *worker;
	int durability; /* enum durability */
	struct {
		const char *target;
		int level; /* enum log_level */
	} log;
	struct {
		const char *listen, *socket; /* NULL: no hub */
	} hub;
	struct {
		const char *apns, *google_api, *google_token, *google_save,
		    *google_keys, *google_sender, *ca_file;
	} endpoints;
	struct strings allow_private;
	struct strings metrics_from; /* beside loopback */
	long max_body;
};

extern const struct setting server_settings[];

/*
 * Read `path`, else $PASSWRIGHT_CONFIG, else the file under sysconfdir.
 * Relative paths in it are relative to its own folder.  ERR_NOTFOUND and
 * ERR_INVALID come with a fault that says so.
 */
MUST_CHECK enum err server_load(
    struct arena *a, const char *path, struct faults *f, struct server *out);

#endif
