#ifndef BIN_REACH_H
#define BIN_REACH_H

/*
 * reach - what `passwright check` asks of the network: does the web server
 * pass on what comes to it, and are the wallets' services to be had?
 */

#include "conf/fault.h"
#include "conf/server.h"

struct reach {
	struct arena *a;
	const struct server *server;
	struct faults *f;
	bool skewed; /* that the clock is wrong is told already */
};

/* A tenant behind the web server at `url`; faults are told of that line. */
struct reach_site {
	const char *tenant, *url;
	const char *file;
	int line;
};
void reach_site(struct reach *r, const struct reach_site *s);

/* Those of a wallet that nobody uses are but warned of. */
void reach_wallets(struct reach *r, bool apple, bool google);

#endif
