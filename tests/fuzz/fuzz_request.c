/*
 * fuzz_request - a request line and headers; the input is one CGI variable
 * per line, as below.
 */

#include <stdlib.h>

#include "base/text.h"
#include "http/path.h"
#include "http/response.h"

#define NAMES (sizeof(names) / sizeof(names[0]))

static const char *const names[] = { "REQUEST_URI", "SCRIPT_NAME", "PATH_INFO",
	"QUERY_STRING", "HTTP_ACCEPT", "CONTENT_TYPE", "HTTP_IF_NONE_MATCH",
	"HTTP_X_REQUEST_ID" };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
must(bool b)
{
	if (!b)
		abort();
}

static char **
env_of(struct arena *a, const char *s, size_t size)
{
	char **env = arena_alloc(a, (NAMES + 2) * sizeof(*env));
	const char *end = s + size, *eol;
	size_t n = 0;

	for (; n < NAMES && s < end; s = eol + 1) {
		eol = memchr(s, '\n', (size_t)(end - s));
		if (eol == NULL)
			eol = end;
		env[n] =
		    arena_printf(a, "%s=%.*s", names[n], (int)(eol - s), s);
		n++;
	}
	env[n] = arena_strdup(a, "CONTENT_LENGTH=1");
	return env;
}

static void
check_text(struct slice s)
{
	must(text_utf8(s));
	must(memchr(s.s, '\0', s.len) == NULL);
	must(s.s[s.len] == '\0' || s.s[s.len] == '/');
}

static void
check_target(const struct request *r)
{
	must(r->nsegments <= REQUEST_SEGMENTS);
	for (size_t i = 0; i < r->nsegments; i++) {
		must(r->segment[i].len > 0);
		must(!slice_is(r->segment[i], ".."));
		check_text(r->segment[i]);
	}
	must(r->nquery <= REQUEST_PARAMS);
	for (size_t i = 0; i < r->nquery; i++) {
		check_text(r->query[i].name);
		check_text(r->query[i].value);
	}
}

static int
drop(void *arg, const char *p, size_t n)
{
	(void)arg;
	must(memchr(p, '\0', n) == NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const mounts[] = { "/shop", "/a%20b/api", NULL };
	struct arena *a = arena_new(4096);
	struct json_object *o;
	struct response resp;
	struct request r;
	struct why w = { .text = "" };

	request_init(&r, a, env_of(a, (const char *)data, size), 0);
	if (request_target(&r, mounts, &w) == ERR_OK)
		check_target(&r);
	else
		must(w.text[0] != '\0');
	(void)request_accept(&r);
	(void)request_is_json(&r);
	response_init(&resp, a);
	(void)response_not_modified(&resp, &r, "\"x\"", 1);
	response_problem(&resp, &r, 400, &w);
	must(json_parse(a, resp.body, JSON_DEPTH, &o, NULL) == ERR_OK);
	must(response_write(&resp, &r, drop, NULL) == 0);
	arena_free(a);
	return 0;
}
