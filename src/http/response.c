#include "http/response.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "http/path.h"

#define FILE_CHUNK 16384

/* Each status that we send; what is to be done about it, if it is a fault. */
static const struct {
	int status;
	const char *title, *detail;
} statuses[] = {
	/* clang-format off */
	{ 200, "OK", NULL },
	{ 201, "Created", NULL },
	{ 202, "Accepted", NULL },
	{ 204, "No Content", NULL },
	{ 302, "Found", NULL },
	{ 303, "See Other", NULL },
	{ 304, "Not Modified", NULL },
	{ 307, "Temporary Redirect", NULL },
	{ 400, "Bad Request",
	    "The request breaks a rule of the API; compare it with the API's "
	    "description." },
	{ 401, "Unauthorized",
	    "Send valid credentials: the header X-API-KEY, or Authorization "
	    "with a bearer token." },
	{ 403, "Forbidden",
	    "The credentials do not allow this; ask the operator for the "
	    "permission." },
	{ 404, "Not Found",
	    "There is nothing here by this name; compare path and id with the "
	    "API's description." },
	{ 405, "Method Not Allowed",
	    "Use one of the methods that the header Allow names." },
	{ 409, "Conflict",
	    "The request contradicts what is stored; read it again, then "
	    "decide." },
	{ 413, "Content Too Large", "Send less at a time." },
	{ 415, "Unsupported Media Type",
	    "Send the body as JSON, with Content-Type: application/json." },
	{ 429, "Too Many Requests",
	    "Wait as long as the header Retry-After says, then try again." },
	{ 500, "Internal Server Error",
	    "The fault is the server's; tell the operator the X-Request-Id of "
	    "this answer." },
	{ 501, "Not Implemented",
	    "The operator has not set this up; ask for it." },
	{ 502, "Bad Gateway",
	    "A service that this needs has failed; try again later." },
	{ 503, "Service Unavailable", "Try again in a moment." },
	/* clang-format on */
};

static size_t
status_row(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return i;
	log_error("status_unknown", "status", text_num(status).s, NULL);
	abort();
}

void
response_init(struct response *r, struct arena *a)
{
	*r = (struct response){ .a = a, .status = 200, .fd = -1 };
}

/* Too many of them is a fault of the program, not of a request. */
void
response_header(struct response *r, const char *name, const char *value)
{
	if (r->nheaders == RESPONSE_HEADERS)
		abort();
	r->header[r->nheaders].name = arena_strdup(r->a, name);
	r->header[r->nheaders].value =
	    arena_strndup(r->a, value, strcspn(value, "\r\n"));
	r->nheaders++;
}

static void
close_file(struct response *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	r->file = NULL;
}

void
response_bytes(
    struct response *r, int status, const char *type, struct slice body)
{
	close_file(r);
	r->status = status;
	r->type = type;
	r->body = body;
}

enum err
response_file(
    struct response *r, int status, const char *type, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0 || errno != ENOENT)
			log_error("file_unreadable", "file", path, "why",
			    fd < 0 ? strerror(errno) : "not a regular file",
			    NULL);
		if (fd >= 0)
			(void)close(fd);
		return ERR_NOTFOUND;
	}
	response_bytes(r, status, type, slice_of(NULL));
	r->file = arena_strdup(r->a, path);
	r->fd = fd;
	return ERR_OK;
}

static const char *
media_type(enum accept accept)
{
	return accept == ACCEPT_TEXT_JSON ? "text/json; charset=utf-8"
					  : "application/json; charset=utf-8";
}

void
response_json(struct response *r, const struct request *req, int status,
    struct json_object *o)
{
	response_json_text(r, req, status, json_text(r->a, o));
}

void
response_json_text(struct response *r, const struct request *req, int status,
    struct slice text)
{
	response_bytes(r, status, media_type(request_accept(req)), text);
}

void
response_string(
    struct response *r, const struct request *req, int status, const char *s)
{
	enum accept accept = request_accept(req);
	struct json_object *o;

	if (accept == ACCEPT_TEXT) {
		response_bytes(r, status, "text/plain; charset=utf-8",
		    slice_of(arena_strdup(r->a, s)));
		return;
	}
	o = json_own(r->a, json_object_new_string(s));
	response_bytes(r, status, media_type(accept), json_text(r->a, o));
}

void
response_redirect(struct response *r, int status, const char *url)
{
	response_bytes(r, status, NULL, slice_of(NULL));
	response_header(r, "Location", url);
}

static void
add_errors(struct arena *a, struct json_object *o, const struct why *w)
{
	struct json_object *errors = json_object_in(a);
	struct json_object *texts = json_array_in(a);

	json_push(texts, json_own(a, json_object_new_string(w->text)));
	json_set(errors, w->field, texts);
	json_set(o, "errors", errors);
}

void
response_problem(struct response *r, const struct request *req, int status,
    const struct why *w)
{
	struct json_object *o = json_object_in(r->a);
	size_t row = status_row(status);
	bool told = w != NULL && w->text[0] != '\0';

	json_set_string(o, "type", "about:blank");
	json_set_string(o, "title", statuses[row].title);
	json_set_int(o, "status", status);
	json_set_string(o, "detail", told ? w->text : statuses[row].detail);
	json_set_string(o, "instance", path_sent(req));
	if (told && w->field[0] != '\0')
		add_errors(r->a, o, w);
	response_bytes(
	    r, status, "application/problem+json", json_text(r->a, o));
}

int
response_status(enum err e)
{
	static const int status[ERR__MAX] = {
		[ERR_OK] = 200,
		[ERR_INVALID] = 400,
		[ERR_DENIED] = 403,
		[ERR_NOTFOUND] = 404,
		[ERR_CONFLICT] = 409,
		[ERR_TOOBIG] = 413,
		[ERR_BUSY] = 503,
		[ERR_UPSTREAM] = 502,
		[ERR_UNSET] = 501,
		[ERR_INTERNAL] = 500,
	};

	return status[e];
}

/* An entity tag without what tells a weak one (RFC 9110, section 8.8.3.2). */
static struct slice
opaque(struct slice tag)
{
	if (tag.len > 2 && tag.s[0] == 'W' && tag.s[1] == '/')
		return (struct slice){ tag.s + 2, tag.len - 2 };
	return tag;
}

/* A comma may stand in a tag, a quote may not. */
static bool
names_tag(const char *list, const char *etag)
{
	struct slice want = opaque(slice_of(etag));
	const char *end;

	list += strspn(list, " \t");
	if (strcmp(list, "*") == 0)
		return true;
	while ((list = strchr(list, '"')) != NULL &&
	    (end = strchr(list + 1, '"')) != NULL) {
		if (slice_eq(
			want, (struct slice){ list, (size_t)(end + 1 - list) }))
			return true;
		list = end + 1;
	}
	return false;
}

bool
response_not_modified(struct response *r, const struct request *req,
    const char *etag, int64_t modified)
{
	const char *tags = request_header(req, "If-None-Match");
	const char *since = request_header(req, "If-Modified-Since");
	char date[CLOCK_HTTP_SIZE];
	int64_t ms;
	bool same = false;

	if (etag != NULL)
		response_header(r, "ETag", etag);
	clock_http(modified * 1000, date);
	response_header(r, "Last-Modified", date);
	if (tags != NULL && etag != NULL)
		same = names_tag(tags, etag);
	else if (since != NULL && clock_parse_http(slice_of(since), &ms))
		same = ms / 1000 >= modified;
	if (same)
		response_bytes(r, 304, NULL, slice_of(NULL));
	return same;
}

static bool
has_header(const struct response *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->header[i].name, name) == 0)
			return true;
	return false;
}

/* Neither has a body, nor tells the length of one. */
static bool
is_bodiless(int status)
{
	return status == 204 || status == 304;
}

/*
 * The web server may send it.  Not to a conditional request, which it would
 * judge anew, by the file's date: an answer to If-Modified-Since that we know
 * to be newer would become a 304.
 */
static bool
may_hand_over(const struct request *req)
{
	static const char *const conditions[] = { "If-Match", "If-None-Match",
		"If-Modified-Since", "If-Unmodified-Since", "If-Range" };
	const char *offer = getenv("PASSWRIGHT_SENDFILE");

	if (offer == NULL || strcmp(offer, "X-Sendfile") != 0)
		return false;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++)
		if (request_header(req, conditions[i]) != NULL)
			return false;
	return true;
}

/* Percent-encoded: lighttpd and mod_xsendfile decode what they get. */
static const char *
encoded_path(const struct response *r)
{
	const char *p = r->file;
	struct slice part;
	struct buf b;

	buf_init(&b, r->a);
	for (;; p++) {
		part = (struct slice){ p, strcspn(p, "/") };
		buf_adds(&b, text_percent(r->a, part));
		p += part.len;
		if (*p == '\0')
			return b.s;
		buf_addc(&b, '/');
	}
}

static void
add_line(struct buf *b, const char *name, const char *value)
{
	buf_adds(b, name);
	buf_adds(b, ": ");
	buf_adds(b, value);
	buf_adds(b, "\r\n");
}

/* `extent`: the header that tells of the body. */
static int
write_head(const struct response *r, const struct request *req,
    const char *extent, response_write_fn *write, void *arg)
{
	struct buf b;

	buf_init(&b, r->a);
	buf_adds(&b, "Status: ");
	buf_adds(&b, text_num(r->status).s);
	buf_addc(&b, ' ');
	buf_adds(&b, statuses[status_row(r->status)].title);
	buf_adds(&b, "\r\n");
	if (!is_bodiless(r->status)) {
		if (r->type != NULL)
			add_line(&b, "Content-Type", r->type);
		buf_adds(&b, extent);
		buf_adds(&b, "\r\n");
	}
	for (size_t i = 0; i < r->nheaders; i++)
		add_line(&b, r->header[i].name, r->header[i].value);
	if (!has_header(r, "Cache-Control"))
		add_line(&b, "Cache-Control", "no-store");
	add_line(&b, "X-Content-Type-Options", "nosniff");
	add_line(&b, "X-Request-Id", req->id);
	buf_adds(&b, "\r\n");
	return write(arg, b.s, b.len);
}

static const char *
length_of(const struct response *r, size_t len)
{
	return arena_printf(r->a, "Content-Length: %zu", len);
}

static int
write_bytes(const struct response *r, const struct request *req,
    response_write_fn *write, void *arg)
{
	if (write_head(r, req, length_of(r, r->body.len), write, arg) != 0)
		return -1;
	if (req->head || is_bodiless(r->status) || r->body.len == 0)
		return 0;
	return write(arg, r->body.s, r->body.len);
}

/* Exactly `left` bytes: a file that shrank meanwhile ends the answer. */
static int
copy_file(int fd, size_t left, response_write_fn *write, void *arg)
{
	char chunk[FILE_CHUNK];
	ssize_t n;

	while (left > 0) {
		n = read(fd, chunk, left < FILE_CHUNK ? left : FILE_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || write(arg, chunk, (size_t)n) != 0)
			return -1;
		left -= (size_t)n;
	}
	return 0;
}

static int
write_file(const struct response *r, const struct request *req,
    response_write_fn *write, void *arg)
{
	struct stat st;

	if (may_hand_over(req))
		return write_head(r, req,
		    arena_printf(r->a, "X-Sendfile: %s", encoded_path(r)),
		    write, arg);
	if (fstat(r->fd, &st) != 0 ||
	    write_head(r, req, length_of(r, (size_t)st.st_size), write, arg) !=
		0)
		return -1;
	return req->head ? 0 : copy_file(r->fd, (size_t)st.st_size, write, arg);
}

int
response_write(struct response *r, const struct request *req,
    response_write_fn *write, void *arg)
{
	int rc = r->file != NULL && !is_bodiless(r->status)
	    ? write_file(r, req, write, arg)
	    : write_bytes(r, req, write, arg);

	close_file(r);
	return rc;
}
