#include "http/path.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/text.h"

#define PARTS    64   /* segments of mount and path together */
#define SENT_MAX 2048 /* bytes of a path that are shown to its sender */

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* `n` counts on when there is no more room. */
struct parts {
	struct slice s[PARTS];
	size_t n;
};

/* What a mount leaves: nothing of ours, a page or the like, an API call. */
enum rank { RANK_NONE, RANK_OTHER, RANK_CALL };

struct choice {
	const struct parts *uri;
	size_t mount; /* segments to take off */
	enum rank rank;
	bool found;
};

/* The path of a URI in origin or absolute form (RFC 9112, section 3.2). */
static struct slice
uri_path(const char *uri)
{
	size_t scheme = *uri == '/' ? 0 : strspn(uri, ALNUM "+-.");

	if (scheme > 0 && strncmp(uri + scheme, "://", 3) == 0) {
		uri += scheme + 3;
		uri += strcspn(uri, "/?#");
	}
	return (struct slice){ uri, strcspn(uri, "?#") };
}

static bool
has_parent(struct slice s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.s[i] == '.' && s.s[i + 1] == '.' &&
		    (i == 0 || s.s[i - 1] == '/') &&
		    (i + 2 == s.len || s.s[i + 2] == '/'))
			return true;
	return false;
}

static enum err
check(struct slice s, struct why *w)
{
	if (s.len > 0 && memchr(s.s, '\0', s.len) != NULL)
		return why(w, ERR_INVALID, NULL,
		    "The path holds a NUL character; leave it out.");
	if (has_parent(s))
		return why(w, ERR_INVALID, NULL,
		    "The path holds \"..\"; send the path it stands for.");
	if (!text_utf8(s))
		return why(w, ERR_INVALID, NULL,
		    "The path is not UTF-8; percent-encode its UTF-8 bytes.");
	return ERR_OK;
}

/* Repeated slashes are one (PassKit clients send "//v1"). */
static enum err
split(struct arena *a, struct slice in, bool encoded, struct parts *out,
    struct why *w)
{
	const char *p, *end, *slash;
	struct slice part;
	enum err e;

	out->n = 0;
	if (in.len == 0)
		return ERR_OK;
	end = in.s + in.len;
	for (p = in.s; p < end; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (slash == NULL)
			slash = end;
		part = (struct slice){ p, (size_t)(slash - p) };
		if (part.len == 0)
			continue;
		if (encoded && !text_unpercent(a, part, false, &part))
			return why(w, ERR_INVALID, NULL,
			    "The path holds a \"%%\" without two hexadecimal "
			    "digits after it; write %%25 for a percent sign.");
		if ((e = check(part, w)) != ERR_OK)
			return e;
		if (out->n < PARTS)
			out->s[out->n] = part;
		out->n++;
	}
	return ERR_OK;
}

/* How many segments in front the two have in common. */
static size_t
common(const struct parts *a, const struct parts *b)
{
	size_t n = 0;

	while (n < a->n && n < b->n && n < PARTS && slice_eq(a->s[n], b->s[n]))
		n++;
	return n;
}

/* {tenantId}/passes and the like: a call of the API but for "api". */
static bool
is_call(const struct slice *s, size_t n)
{
	return n >= 2 && ident_is_tenant(s[0]) &&
	    (slice_is(s[1], "passes") || slice_is(s[1], "webhooks") ||
		slice_is(s[1], "live"));
}

/* healthz, metrics, {tenantId}/{layout}, {tenantId}/images/{file} */
static bool
is_other(const struct slice *s, size_t n)
{
	if (n == 1)
		return slice_is(s[0], "healthz") || slice_is(s[0], "metrics");
	if (n == 2)
		return ident_is_tenant(s[0]) && ident_is_name(s[1]);
	return n == 3 && ident_is_tenant(s[0]) && slice_is(s[1], "images");
}

static bool
is_bare_call(const struct parts *uri, size_t mount)
{
	return mount > 0 && slice_is(uri->s[mount - 1], "api") &&
	    is_call(uri->s + mount, uri->n - mount);
}

static enum rank
rank(const struct parts *uri, size_t mount)
{
	const struct slice *s = uri->s + mount;
	size_t n = uri->n - mount;

	if (is_bare_call(uri, mount) ||
	    (n > 0 && slice_is(s[0], "api") && is_call(s + 1, n - 1)))
		return RANK_CALL;
	return is_other(s, n) ? RANK_OTHER : RANK_NONE;
}

static void
consider(struct choice *c, size_t mount)
{
	enum rank r = rank(c->uri, mount);

	if (c->found && r <= c->rank)
		return;
	c->found = true;
	c->mount = mount;
	c->rank = r;
}

/* The tenants' paths, the longest first. */
static void
consider_tenants(struct choice *c, struct arena *a, const char *const *mounts)
{
	bool fits[PARTS + 1] = { false };
	struct parts mount;

	for (; mounts != NULL && *mounts != NULL; mounts++)
		if (split(a, slice_of(*mounts), true, &mount, NULL) == ERR_OK &&
		    mount.n <= PARTS && common(c->uri, &mount) == mount.n)
			fits[mount.n] = true;
	for (size_t n = PARTS + 1; n-- > 0;)
		if (fits[n])
			consider(c, n);
}

static enum err
choose(struct request *r, const char *const *mounts, struct choice *c,
    struct why *w)
{
	struct slice name = slice_of(request_env(r, "SCRIPT_NAME"));
	struct parts script;
	size_t shared;
	enum err e = split(r->a, name, false, &script, w);

	if (e != ERR_OK)
		return e;
	shared = common(c->uri, &script);
	if (shared == script.n)
		consider(c, script.n);
	if (script.n > 0 && shared >= script.n - 1)
		consider(c, script.n - 1);
	consider_tenants(c, r->a, mounts);
	for (size_t n = 0; n <= shared; n++)
		consider(c, n);
	return ERR_OK;
}

static void
keep(struct request *r, const struct parts *p, size_t mount, bool bare)
{
	size_t n = 0;

	if (bare)
		r->segment[n++] = slice_of("api");
	r->deep = p->n - mount > REQUEST_SEGMENTS - n;
	for (size_t i = mount; i < p->n && n < REQUEST_SEGMENTS; i++)
		r->segment[n++] = p->s[i];
	r->nsegments = n;
}

/* Without REQUEST_URI: what the server has made of it must do. */
static enum err
find_in_path_info(struct request *r, struct why *w)
{
	struct slice info = slice_of(request_env(r, "PATH_INFO"));
	struct slice name = slice_of(request_env(r, "SCRIPT_NAME"));
	struct parts path, script;
	enum err e;

	if ((e = split(r->a, info, false, &path, w)) != ERR_OK ||
	    (e = split(r->a, name, false, &script, w)) != ERR_OK)
		return e;
	keep(r, &path, 0,
	    script.n > 0 && script.n <= PARTS && path.n <= PARTS &&
		slice_is(script.s[script.n - 1], "api") &&
		is_call(path.s, path.n));
	return ERR_OK;
}

enum err
path_find(struct request *r, const char *const *mounts, struct why *w)
{
	const char *uri = request_env(r, "REQUEST_URI");
	struct parts parts;
	struct choice c = { .uri = &parts };
	struct slice path;
	enum err e;

	r->nsegments = 0;
	r->deep = false;
	if (uri == NULL || *uri == '\0')
		return find_in_path_info(r, w);
	path = uri_path(uri);
	if (path.len > PATH_LENGTH)
		return why(w, ERR_INVALID, NULL,
		    "The path is over %d bytes long; ask for fewer ids.",
		    PATH_LENGTH);
	if ((e = split(r->a, path, true, &parts, w)) != ERR_OK)
		return e;
	if (parts.n > PARTS) {
		r->deep = true;
		return ERR_OK;
	}
	if ((e = choose(r, mounts, &c, w)) == ERR_OK)
		keep(r, &parts, c.mount, is_bare_call(&parts, c.mount));
	return e;
}

/* pchar, '/', and '%' where it starts an escape (RFC 3986, section 3.3). */
static bool
may_stand(struct slice s, size_t i)
{
	if (s.s[i] == '%')
		return i + 2 < s.len && isxdigit((unsigned char)s.s[i + 1]) &&
		    isxdigit((unsigned char)s.s[i + 2]);
	return s.s[i] != '\0' &&
	    strchr(ALNUM "-._~!$&'()*+,;=:@/", s.s[i]) != NULL;
}

const char *
path_sent(const struct request *r)
{
	const char *uri = request_env(r, "REQUEST_URI");
	struct slice s;
	struct buf b;

	if (uri == NULL || *uri == '\0')
		uri = request_env(r, "PATH_INFO");
	s = uri == NULL ? slice_of("") : uri_path(uri);
	if (s.len > SENT_MAX)
		s.len = SENT_MAX;
	while (s.len > 0 && *s.s == '/')
		s = (struct slice){ s.s + 1, s.len - 1 };
	buf_init(&b, r->a);
	buf_addc(&b, '/');
	for (size_t i = 0; i < s.len; i++) {
		if (may_stand(s, i))
			buf_addc(&b, s.s[i]);
		else
			buf_printf(&b, "%%%02X", (unsigned char)s.s[i]);
	}
	return b.s;
}
