#include "http/route.h"

#include <stdio.h>
#include <string.h>

/* In the order in which Allow tells them. */
static const char *const methods[] = { "GET", "POST", "PUT", "PATCH",
	"DELETE" };
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* Cut the next segment off a pattern; false at its end. */
static bool
next(const char **pattern, struct slice *out)
{
	if (**pattern != '/')
		return false;
	out->s = *pattern + 1;
	*pattern = strchrnul(out->s, '/');
	out->len = (size_t)(*pattern - out->s);
	return true;
}

static bool
is_brace(struct slice s)
{
	return s.len > 0 && *s.s == '{';
}

/* A segment of the path may hold a slash that was percent-encoded. */
static bool
matches(const char *pattern, const struct request *r)
{
	size_t n = 0;

	for (; *pattern == '/'; n++) {
		struct slice s;

		if (n == r->nsegments)
			return false;
		s = r->segment[n];
		if (*++pattern == '{')
			pattern = strchrnul(pattern, '/');
		else if (strncmp(pattern, s.s, s.len) == 0 &&
		    memchr(pattern, '/', s.len) == NULL)
			pattern += s.len;
		else
			return false;
	}
	return *pattern == '\0' && n == r->nsegments && !r->deep;
}

/*
 * Of two patterns that match the same path: below 0 when `a` goes first, 0
 * when they are one path (whatever they call their braces).
 */
static int
order(const char *a, const char *b)
{
	struct slice sa, sb;

	while (next(&a, &sa) && next(&b, &sb))
		if (is_brace(sa) != is_brace(sb))
			return is_brace(sa) ? 1 : -1;
	return 0;
}

/* The pattern that this path means; NULL if there is none. */
static const char *
find_path(const struct route *const *tables, const struct request *r)
{
	const char *best = NULL;

	for (; *tables != NULL; tables++)
		for (const struct route *t = *tables; t->method != NULL; t++)
			if (matches(t->path, r) &&
			    (best == NULL || order(t->path, best) < 0))
				best = t->path;
	return best;
}

static const struct route *
find_method(const struct route *const *tables, const struct request *r,
    const char *path, const char *method)
{
	for (; *tables != NULL; tables++)
		for (const struct route *t = *tables; t->method != NULL; t++)
			if (strcmp(t->method, method) == 0 &&
			    matches(t->path, r) && order(t->path, path) == 0)
				return t;
	return NULL;
}

static void
set_allow(const struct route *const *tables, const struct request *r,
    const char *path, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < METHODS; i++)
		if (find_method(tables, r, path, methods[i]) != NULL)
			n += (size_t)snprintf(out + n, size - n, "%s%s, ",
			    methods[i], i == 0 ? ", HEAD" : "");
	(void)snprintf(out + n, size - n, "OPTIONS");
}

static void
set_params(struct route_match *m, const char *pattern, const struct request *r)
{
	struct slice s;

	m->nparam = 0;
	for (size_t i = 0; next(&pattern, &s); i++)
		if (is_brace(s) && m->nparam < ROUTE_PARAMS)
			m->param[m->nparam++] = r->segment[i];
}

enum route_result
route_find(const struct route *const *tables, const struct request *r,
    struct route_match *m)
{
	const char *path = find_path(tables, r);
	const struct route *route;

	if (path == NULL)
		return ROUTE_NO_PATH;
	set_params(m, path, r);
	if ((route = find_method(tables, r, path, r->method)) == NULL) {
		set_allow(tables, r, path, m->allow, sizeof(m->allow));
		return ROUTE_NO_METHOD;
	}
	m->route = route;
	return ROUTE_FOUND;
}
