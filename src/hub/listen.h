#ifndef HUB_LISTEN_H
#define HUB_LISTEN_H

/*
 * listen - the hub's two sockets.  Descriptors do not block and are closed on
 * exec(2); -1, logged, when there can be none.
 */

#include "conf/server.h"

/* ADDRESS:PORT of hub.listen, for WebSockets. */
int listen_clients(const struct server *s);

/*
 * hub.socket, for datagrams of this user's programs alone.  One that is left
 * of another hub is replaced.
 */
int listen_datagrams(const struct server *s);

#endif
