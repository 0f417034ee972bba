#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

/*
 * request - one HTTP request as CGI variables and a body tell it.
 *
 * Everything lives on the request's arena.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/why.h"

#define REQUEST_SEGMENTS  16
#define REQUEST_PARAMS    2000  /* query parameters */
#define REQUEST_QUERY_MAX 65536 /* bytes of the query string */

/* Decoded; both ended by a NUL that is not counted. */
struct request_param {
	struct slice name, value;
};

struct request {
	struct arena *a;
	char **envp;        /* CGI variables */
	const char *method; /* HEAD shows as GET here, with `head` set */
	bool head;
	int64_t now;
	const char *id;      /* X-Request-Id, the caller's or ours */
	const char *address; /* REMOTE_ADDR */
	struct slice segment[REQUEST_SEGMENTS]; /* of the path, decoded */
	size_t nsegments;
	bool deep; /* has more segments than fit: no path of ours */
	const char *query_string; /* raw, or "" */
	struct request_param *query;
	size_t nquery;
	struct slice body;
	struct json_object *json; /* the parsed body; an object or NULL */
};

/* How the body is got: up to `n` bytes to `buf`; 0 at the end, -1 gone. */
typedef int request_read_fn(void *arg, char *buf, int n);

/* Fill `r` from the variables, all but the target. */
void request_init(struct request *r, struct arena *a, char **envp, int64_t now);

/*
 * Find path and query.  `mounts` are the paths of tenants' urls, used where
 * REQUEST_URI fits neither SCRIPT_NAME nor its folder (see path.h); ended by
 * NULL, or NULL.  ERR_INVALID with `why` for what must be answered by 400.
 */
MUST_CHECK enum err request_target(
    struct request *r, const char *const *mounts, struct why *w);

/*
 * Read the body, at most `max` bytes.  ERR_TOOBIG over it (CONTENT_LENGTH is
 * judged before anything is read); ERR_INVALID when it ends early.  Without
 * CONTENT_LENGTH (a chunked one behind mod_cgi) it goes on to the end.
 */
MUST_CHECK enum err request_read(struct request *r, size_t max,
    request_read_fn *read, void *arg, struct why *w);

/*
 * The body as JSON to `r->json`; an absent body is `{}`.  ERR_INVALID for
 * what is no JSON object.
 */
MUST_CHECK enum err request_parse(struct request *r, struct why *w);

/*
 * True when there is no body (none was read and none is announced) or its
 * Content-Type is one that we take: application/json, text/json or
 * application/...+json, in UTF-8.  A body without Content-Type is not.
 */
bool request_is_json(const struct request *r);

/*
 * A header by its HTTP name ("If-None-Match"), or NULL.  Authorization is
 * also found where a RewriteRule of Apache's has put it.
 */
const char *request_header(const struct request *r, const char *name);

/* A CGI variable, or NULL. */
const char *request_env(const struct request *r, const char *name);

/*
 * The last value of a query parameter, its name compared without regard to
 * case; NULL when absent or empty.
 */
const char *request_query(const struct request *r, const char *name);

/*
 * A boolean parameter: true, false, 1, 0 in any case.  ERR_INVALID on
 * anything else; absent is `def`.
 */
MUST_CHECK enum err request_query_bool(const struct request *r,
    const char *name, bool def, bool *out, struct why *w);

/* What the client wants of a string result or of text against JSON. */
enum accept { ACCEPT_TEXT, ACCEPT_JSON, ACCEPT_TEXT_JSON };

/*
 * ACCEPT_JSON when Accept names application/json, ACCEPT_TEXT_JSON when it
 * names text/json only, else ACCEPT_TEXT; a bare wildcard names none.
 */
enum accept request_accept(const struct request *r);

#endif
