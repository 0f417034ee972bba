#ifndef PASS_REMOTE_H
#define PASS_REMOTE_H

/*
 * remote - asking what conf/remote.h describes.
 *
 * Providers and suppliers are asked alike: a request is made from a document
 * or a value, and what comes back is mapped by jq.
 */

#include "base/err.h"
#include "conf/tenant.h"
#include "store/answer.h"

#define REMOTE_ANSWER ((size_t)1024 * 1024) /* bytes of an answer */
#define REMOTE_MAPPED ((size_t)64 * 1024)   /* and of what is made of it */

struct remote_call {
	struct arena *a;
	struct tenant *tenant;
	const struct strings *allow_private; /* or NULL */
	struct json_object *data;            /* the document, or {value} */
};

struct remote_request {
	const char *url; /* NULL: a command */
	const char **headers;
	struct slice in;                      /* of a command */
	unsigned char digest[ANSWER_REQUEST]; /* of what is asked, and how it
						 is mapped */
};

/* Compile what it says.  ERR_INVALID after faults. */
MUST_CHECK enum err remote_check(
    struct tenant *t, struct remote *r, struct faults *f);

/*
 * Work out what is to be asked.  ERR_NOTFOUND: it does not apply, as an
 * expression of the url is null or empty; ERR_INTERNAL: an expression failed;
 * logged.
 */
MUST_CHECK enum err remote_prepare(
    const struct remote_call *c, struct remote *r, struct remote_request *out);

/*
 * Ask and map.  ERR_UPSTREAM, logged: no good answer.  `*out` may be NULL,
 * which is null.
 */
MUST_CHECK enum err remote_ask(const struct remote_call *c, struct remote *r,
    const struct remote_request *rq, struct json_object **out);

#endif
