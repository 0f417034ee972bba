#ifndef HUB_HUB_H
#define HUB_HUB_H

/*
 * hub - the WebSockets of those who follow passes (RFC 6455).
 *
 * GET /.../TENANT/live?token=TOKEN becomes a WebSocket that gets a frame of
 * text for each thing that happens to the token's pass: {"type", "passId",
 * "date"}.  The token opens it; an open one stays as long as its client
 * answers pings and reads.  A client has nothing to say.
 */

#include "conf/server.h"

/*
 * Serve until SIGTERM or SIGINT; `s` has a hub.  ERR_INTERNAL, logged: it
 * cannot listen.
 */
MUST_CHECK enum err hub_run(const struct server *s);

#endif
