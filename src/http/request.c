#include "http/request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/text.h"
#include "http/media.h"
#include "http/path.h"

#define ID_LEN    16 /* of a request id that we make */
#define ENV_NAME  64 /* bytes of a variable's name */
#define READ_SIZE 16384

const char *
request_env(const struct request *r, const char *name)
{
	size_t len = strlen(name);

	for (char **e = r->envp; e != NULL && *e != NULL; e++)
		if (**e == *name && strncmp(*e, name, len) == 0 &&
		    (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

/* RFC 3875, section 4.1.18 */
static char
env_char(char c)
{
	if (c == '-')
		return '_';
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c;
}

const char *
request_header(const struct request *r, const char *name)
{
	char env[ENV_NAME] = "HTTP_";
	const char *value;
	size_t n = strlen(env);

	if (strcasecmp(name, "Content-Type") == 0 ||
	    strcasecmp(name, "Content-Length") == 0)
		n = 0;
	for (; *name != '\0' && n < sizeof(env) - 1; name++)
		env[n++] = env_char(*name);
	env[n] = '\0';
	value = request_env(r, env);
	if (value == NULL && strcmp(env, "HTTP_AUTHORIZATION") == 0)
		value = request_env(r, "REDIRECT_HTTP_AUTHORIZATION");
	return value;
}

static void
take_method(struct request *r)
{
	const char *method = request_env(r, "REQUEST_METHOD");

	r->method = method == NULL ? "" : method;
	r->head = strcmp(r->method, "HEAD") == 0;
	if (r->head)
		r->method = "GET";
}

static void
take_id(struct request *r)
{
	const char *given = request_header(r, "X-Request-Id");
	char *made;

	if (given != NULL && ident_is_request(slice_of(given))) {
		r->id = given;
		return;
	}
	made = arena_alloc(r->a, ID_LEN + 1);
	ident_new(made, ID_LEN, ident_random);
	r->id = made;
}

static enum err
take_param(struct request *r, struct slice in, struct why *w)
{
	struct request_param *p = &r->query[r->nquery];
	const char *eq = memchr(in.s, '=', in.len);
	struct slice name = in, value = slice_of("");

	if (eq != NULL) {
		name.len = (size_t)(eq - in.s);
		value = (struct slice){ eq + 1, in.len - name.len - 1 };
	}
	if (!text_unpercent(r->a, name, true, &p->name) ||
	    !text_utf8(p->name) || memchr(p->name.s, '\0', p->name.len) != NULL)
		return why(w, ERR_INVALID, NULL,
		    "The name of a query parameter is not percent-encoded "
		    "UTF-8; encode its UTF-8 bytes, and \"%%\" as %%25.");
	if (!text_unpercent(r->a, value, true, &p->value) ||
	    !text_utf8(p->value) ||
	    memchr(p->value.s, '\0', p->value.len) != NULL)
		return why(w, ERR_INVALID, p->name.s,
		    "The value is not percent-encoded UTF-8; encode its UTF-8 "
		    "bytes, and \"%%\" as %%25.");
	r->nquery++;
	return ERR_OK;
}

static size_t
count_params(struct slice q)
{
	size_t n = 0;

	for (size_t i = 0; i < q.len; i++)
		n += q.s[i] != '&' && (i == 0 || q.s[i - 1] == '&');
	return n;
}

static enum err
take_query(struct request *r, struct why *w)
{
	struct slice q = slice_of(r->query_string), part;
	size_t n;
	enum err e;

	if (q.len > REQUEST_QUERY_MAX)
		return why(w, ERR_INVALID, NULL,
		    "The query is over %d bytes long; ask for less at a time.",
		    REQUEST_QUERY_MAX);
	if ((n = count_params(q)) > REQUEST_PARAMS)
		return why(w, ERR_INVALID, NULL,
		    "The query has over %d parameters; ask for less at a "
		    "time.",
		    REQUEST_PARAMS);
	r->query = arena_alloc(r->a, (n + 1) * sizeof(*r->query));
	while (q.len > 0) {
		part = (struct slice){ q.s, strcspn(q.s, "&") };
		q.s += part.len;
		q.len -= part.len;
		if (q.len > 0) {
			q.s++;
			q.len--;
		}
		if (part.len > 0 && (e = take_param(r, part, w)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

void
request_init(struct request *r, struct arena *a, char **envp, int64_t now)
{
	const char *v;

	*r = (struct request){ .a = a, .envp = envp, .now = now };
	take_method(r);
	take_id(r);
	v = request_env(r, "REMOTE_ADDR");
	r->address = v == NULL ? "" : v;
	v = request_env(r, "QUERY_STRING");
	r->query_string = v == NULL ? "" : v;
}

enum err
request_target(struct request *r, const char *const *mounts, struct why *w)
{
	enum err e = path_find(r, mounts, w);

	return e == ERR_OK ? take_query(r, w) : e;
}

static enum err
too_big(size_t max, struct why *w)
{
	return why(w, ERR_TOOBIG, NULL,
	    "The body is over %zu bytes long; send less at a time.", max);
}

static enum err
cut_short(struct why *w)
{
	return why(w, ERR_INVALID, NULL,
	    "The body ended before its announced length; send it again.");
}

/* Digits alone (RFC 9110, section 8.6); SIZE_MAX is what no limit allows. */
static bool
parse_length(const char *s, size_t *out)
{
	size_t n = 0;

	for (const char *p = s; *p != '\0'; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		n = n > SIZE_MAX / 16 ? SIZE_MAX / 16
				      : n * 10 + (size_t)(*p - '0');
	}
	*out = n;
	return true;
}

static enum err
read_length(struct request *r, size_t len, request_read_fn *read, void *arg,
    struct why *w)
{
	char *body = arena_alloc(r->a, len + 1);
	size_t have = 0;
	int n;

	while (have < len) {
		n = read(arg, body + have,
		    len - have < READ_SIZE ? (int)(len - have) : READ_SIZE);
		if (n <= 0)
			return cut_short(w);
		have += (size_t)n;
	}
	r->body = (struct slice){ body, len };
	return ERR_OK;
}

static enum err
read_to_end(struct request *r, size_t max, request_read_fn *read, void *arg,
    struct why *w)
{
	char chunk[READ_SIZE];
	struct buf b;
	int n;

	buf_init(&b, r->a);
	while ((n = read(arg, chunk, READ_SIZE)) > 0) {
		if ((size_t)n > max - b.len)
			return too_big(max, w);
		buf_add(&b, chunk, (size_t)n);
	}
	if (n < 0)
		return cut_short(w);
	r->body = buf_slice(&b);
	return ERR_OK;
}

enum err
request_read(struct request *r, size_t max, request_read_fn *read, void *arg,
    struct why *w)
{
	const char *length = request_env(r, "CONTENT_LENGTH");
	size_t len;

	if (length == NULL || *length == '\0')
		return read_to_end(r, max, read, arg, w);
	if (!parse_length(length, &len))
		return why(w, ERR_INVALID, "Content-Length",
		    "Content-Length must be a number of bytes.");
	if (len > max)
		return too_big(max, w);
	return read_length(r, len, read, arg, w);
}

enum err
request_parse(struct request *r, struct why *w)
{
	struct json_object *o;
	enum err e;

	if (r->body.len == 0) {
		r->json = json_object_in(r->a);
		return ERR_OK;
	}
	if ((e = json_parse(r->a, r->body, JSON_DEPTH, &o, w)) != ERR_OK)
		return e;
	if (!json_object_is_type(o, json_type_object))
		return why(w, ERR_INVALID, NULL,
		    "The body must be a JSON object: { ... }");
	r->json = o;
	return ERR_OK;
}

static bool
has_body(const struct request *r)
{
	const char *length = request_env(r, "CONTENT_LENGTH");

	if (r->body.len > 0)
		return true;
	if (length == NULL || *length == '\0')
		return request_header(r, "Transfer-Encoding") != NULL;
	return strspn(length, "0") != strlen(length);
}

bool
request_is_json(const struct request *r)
{
	struct slice type = slice_of(request_header(r, "Content-Type"));
	struct media m, second;

	if (!has_body(r))
		return true;
	return media_next(&type, &m) && media_is_json(&m) &&
	    !media_next(&type, &second);
}

const char *
request_query(const struct request *r, const char *name)
{
	for (size_t i = r->nquery; i-- > 0;)
		if (slice_is_nocase(r->query[i].name, name))
			return r->query[i].value.len > 0 ? r->query[i].value.s
							 : NULL;
	return NULL;
}

enum err
request_query_bool(const struct request *r, const char *name, bool def,
    bool *out, struct why *w)
{
	const char *v = request_query(r, name);

	if (v == NULL)
		*out = def;
	else if (strcasecmp(v, "true") == 0 || strcmp(v, "1") == 0)
		*out = true;
	else if (strcasecmp(v, "false") == 0 || strcmp(v, "0") == 0)
		*out = false;
	else
		return why(w, ERR_INVALID, name, "Give true or false.");
	return ERR_OK;
}

enum accept
request_accept(const struct request *r)
{
	struct slice list = slice_of(request_header(r, "Accept"));
	enum accept found = ACCEPT_TEXT;
	struct media m;

	while (media_next(&list, &m)) {
		if (m.refused)
			continue;
		if (slice_is_nocase(m.type, "application/json"))
			return ACCEPT_JSON;
		if (slice_is_nocase(m.type, "text/json"))
			found = ACCEPT_TEXT_JSON;
	}
	return found;
}
