#ifndef BASE_FETCH_H
#define BASE_FETCH_H

/*
 * fetch - one HTTP request to somebody else's server, and its answer.
 *
 * http and https only, no redirects, no proxy, no cookies.  A private
 * address is refused on the socket, after the name was resolved, so that no
 * name can lead inside.  Connections are kept by the process and checked
 * again for each request that goes over them.  The process ignores SIGPIPE:
 * TLS writes to a connection that the other side may have closed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/why.h"

#define FETCH_URL_MAX    8192
#define FETCH_TIMEOUT_MS 5000L
#define FETCH_MAX_BYTES  ((size_t)1024 * 1024)
#define FETCH_HEADERS    64 /* of the answer; more are not kept */

struct fetch_request {
	const char *method; /* NULL: GET, or POST where there is a body */
	const char *url;
	const char *const *headers; /* "Name: value", ended by NULL; or NULL */
	struct slice body;          /* s NULL: none */
	long timeout_ms;            /* of it all; 0: FETCH_TIMEOUT_MS */
	size_t max_bytes;           /* of the answer; 0: FETCH_MAX_BYTES */
	const char *const *allow_private; /* addresses ("127.0.0.1") and */
	size_t nallow_private;            /* networks ("10.0.0.0/8") */
	bool any_address;    /* the operator named this very host */
	bool http2;          /* nothing older, in the clear too */
	bool https;          /* http to what `allow_private` names only */
	const char *ca_file; /* beside the system's folder; or NULL */
	bool *connected;     /* is set to whether there was a connection, with
				its TLS; or NULL */
	struct why *why;     /* gets why there is no answer, which is not
				logged then; or NULL */
};

struct fetch_response {
	long status;       /* whatever it is: 404 is an answer */
	struct slice body; /* ended by a NUL that is not counted */
	struct fetch_header {
		const char *name, *value;
	} * headers;
	size_t nheaders;
	int64_t certificate_end; /* ms: of https, with `why` given; else 0 */
};

/*
 * Ask and wait.  ERR_INVALID: the URL is no absolute one of http or https,
 * or a header holds a control character.  ERR_DENIED: a private address.
 * ERR_TOOBIG: an answer over `max_bytes`.  ERR_UPSTREAM: no answer in time,
 * or none at all.  All are logged, without the URL's path and query, which
 * may be personal, or told to `why`.  `*out` is set with ERR_OK only.
 */
MUST_CHECK enum err fetch_run(struct arena *a, const struct fetch_request *rq,
    struct fetch_response *out);

/*
 * Judge a URL that is kept to be asked later.  ERR_INVALID: it is no absolute
 * one of http or https, or has a user, a password or a fragment; ERR_DENIED:
 * its host is an address, or localhost, that this request may not reach.
 * `*text` then says so; what a name leads to is judged when it is asked.
 */
MUST_CHECK enum err fetch_judge(
    const struct fetch_request *rq, const char **text);

/* -- many at a time, which nobody waits for -------------------------------- */

#define FETCH_FLIGHTS 256 /* under way in the process */

/* Who asks: what it began ends with it. */
struct fetch_group;
struct fetch_group *fetch_group_new(void);
void fetch_group_free(struct fetch_group *g);

/*
 * Begin a request; `tag` comes back with its end.  What `rq` points to is
 * copied, but for `allow_private`.  ERR_INVALID as above; ERR_BUSY, not
 * logged: FETCH_FLIGHTS are under way.
 */
MUST_CHECK enum err fetch_begin(
    struct fetch_group *g, const struct fetch_request *rq, void *tag);

#define FETCH_TEXT 256 /* bytes */
struct fetch_end {
	void *tag;
	enum err err;          /* as of fetch_run(); logged */
	long status;           /* 0: no answer began */
	char text[FETCH_TEXT]; /* of an err */
};

/*
 * Everything goes on as far as it can without waiting; one of the group's
 * that has ended, or false.  Bodies of answers are dropped.  A request's time
 * counts by these calls, at most 250 ms between two.
 */
bool fetch_ended(struct fetch_group *g, struct fetch_end *out);

/* The last header of that name, in any case; or NULL. */
const char *fetch_header(const struct fetch_response *r, const char *name);

/*
 * True for what is not the public internet: loopback, private, link-local,
 * unique local, shared, multicast, reserved and documentation addresses of
 * either version, and those of other families.  An IPv4 address inside one
 * of IPv6 (mapped, NAT64, 6to4) is judged itself.
 */
bool fetch_is_private(const struct sockaddr *sa);

/* Is this text an address of this machine itself?  False for none at all. */
bool fetch_is_loopback(const char *address);

/* Close the connections that are kept. */
void fetch_close(void);

#endif
