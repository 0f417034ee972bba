#ifndef LIVE_TELL_H
#define LIVE_TELL_H

/*
 * tell - that something happened to passes, from whatever changed them to the
 * hub.
 *
 * A datagram on the hub's socket holds lines: TENANT KIND PASS MS.  Nobody
 * waits for the hub, and nothing is said again: where there is no hub, or it
 * is behind, the datagram is lost.
 */

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/slice.h"
#include "conf/server.h"
#include "store/event.h"

#define LIVE_DATAGRAM 8192 /* bytes at most */

/* The kinds of which people are told, by the words of their frames. */
enum live_kind {
	LIVE_UPDATED,
	LIVE_INSTALLED,
	LIVE_UNINSTALLED,
	LIVE_NOTIFICATION,
	LIVE__MAX
};
extern const char *const live_kinds[LIVE__MAX];

struct live_event {
	enum live_kind kind;
	struct slice tenant, pass; /* of the datagram */
	int64_t date;              /* ms */
};

/* The address of the hub's socket; false, logged, if it is too long. */
bool live_address(
    const struct server *s, struct sockaddr_un *out, socklen_t *len);

/* NULL: no hub is configured, or it cannot be told, which is logged. */
struct live;
struct live *live_new(const struct server *s);
void live_free(struct live *l);

/*
 * A store_tell_fn, whose `arg` is a struct live; the folder that the tenant's
 * data/ lies in has its name.
 */
void live_tell(
    void *arg, const char *dir, const struct event *events, size_t n);

/* Take the next line off `rest`; false at the end.  What is none is left out.
 */
bool live_next(struct slice *rest, struct live_event *out);

#endif
