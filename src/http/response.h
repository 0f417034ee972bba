#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

/*
 * response - filled by a handler, written once.
 */

#include "base/arena.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/why.h"
#include "http/request.h"

#define RESPONSE_HEADERS 24

struct response {
	struct arena *a;
	int status;
	const char *type; /* Content-Type; NULL with an empty body */
	struct slice body;
	const char *file; /* instead of `body`; see response_file() */
	int fd;           /* private; of `file`, or -1 */
	struct {
		const char *name, *value;
	} header[RESPONSE_HEADERS];
	size_t nheaders;
};

void response_init(struct response *r, struct arena *a);

/*
 * Add a header; CR and LF in `value` end it there.  Content-Type,
 * Content-Length and X-Request-Id are not added so, they are always there.
 */
void response_header(struct response *r, const char *name, const char *value);

/* application/json, or text/json where Accept names that alone. */
void response_json(struct response *r, const struct request *req, int status,
    struct json_object *o);

/* The same of JSON that is text already. */
void response_json_text(struct response *r, const struct request *req,
    int status, struct slice text);

/* A string result: text/plain without quotes, or a JSON string. */
void response_string(
    struct response *r, const struct request *req, int status, const char *s);

void response_bytes(
    struct response *r, int status, const char *type, struct slice body);

/*
 * Send the file `path` (absolute) as the body.  It is opened now, so what
 * happens to it later does no harm; ERR_NOTFOUND, and the response is as it
 * was, when it is not there or cannot be read (which is logged).
 *
 * The web server sends it instead where it offers that: its configuration
 * says so by PASSWRIGHT_SENDFILE=X-Sendfile in the process's environment, and
 * confines the header to the tenants' folder.  It opens the file by its name
 * a moment later, so that name must stay for that moment.
 */
MUST_CHECK enum err response_file(
    struct response *r, int status, const char *type, const char *path);

void response_redirect(struct response *r, int status, const char *url);

/*
 * RFC 9457.  Headers that were added stay.  `w` gives detail, and `errors`
 * when a field is at fault; where it is NULL or empty, detail says what is
 * to be done about that status in general.  `type` is about:blank, so that
 * `title` is the status's own phrase; `instance` is the path that was asked.
 */
void response_problem(struct response *r, const struct request *req, int status,
    const struct why *w);

/* The one table from enum err to a status. */
int response_status(enum err e);

/*
 * A validator's answer: true, and `r` is a 304 with ETag and Last-Modified,
 * when If-None-Match matches `etag` (quoted; weak comparison), or, without
 * that header, If-Modified-Since is not older than `modified` (seconds since
 * 1970).  Otherwise just the two headers are added.  `etag` may be NULL.
 */
bool response_not_modified(struct response *r, const struct request *req,
    const char *etag, int64_t modified);

/* How the answer leaves: the whole of `n` bytes, or -1. */
typedef int response_write_fn(void *arg, const char *p, size_t n);

/*
 * Write status, headers and body in CGI form (RFC 3875, section 6).  HEAD
 * sends no body but the headers of GET.  What says nothing of Cache-Control
 * is not stored: answers hold personal data.  To be called once for each
 * response, as it closes the file.  -1: the client is gone, or the file ended
 * early.
 */
int response_write(struct response *r, const struct request *req,
    response_write_fn *write, void *arg);

#endif
