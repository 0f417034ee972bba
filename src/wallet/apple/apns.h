#ifndef WALLET_APPLE_APNS_H
#define WALLET_APPLE_APNS_H

/*
 * apns - Apple's push service, over one connection of HTTP/2 that is kept.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/server.h"
#include "conf/tenant.h"
#include "store/store.h"

#define APNS_FLIGHT 64 /* requests at a time; of more it gets slower */

enum apns_answer {
	APNS_NONE,   /* not known: the connection broke, or nobody answered */
	APNS_UNSENT, /* surely not taken: not sent, or a 5xx */
	APNS_SPARE,  /* not sent for want of time */
	APNS_OK,
	APNS_GONE,    /* the token is dead since `timestamp` */
	APNS_LATER,   /* 429 */
	APNS_STOP,    /* 403: the credentials will not do */
	APNS_REFUSED, /* another 4xx */
};

struct apns_push {
	const char *token;
	enum apns_answer answer;
	int64_t timestamp; /* ms; 0: none was given */
	char reason[64];   /* Apple's word, or "" */
};

/* Who is pushing what; the credentials are those of `conf`. */
struct apns_from {
	const struct server *server;
	const struct apple_conf *conf;
	int64_t now;
	struct store *store;
	int64_t within; /* ms, in which all are sent or spared; 0: no limit */
};

/*
 * Send them all, or as many as are worth it: after a 403, or when the service
 * does not answer, the rest is APNS_UNSENT.  ERR_UNSET, ERR_INTERNAL: the
 * credentials cannot be used (logged).  With ERR_OK every answer is set.
 */
MUST_CHECK enum err apns_send(struct arena *a, const struct apns_from *from,
    struct apns_push *pushes, size_t n);

/* SHA-256 over the credentials: changes when the files do. */
MUST_CHECK enum err apns_digest(
    const struct apns_from *from, unsigned char out[32]);

/* Close the connections that are kept. */
void apns_close(void);

#endif
