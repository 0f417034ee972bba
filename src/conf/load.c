#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDENTIFIER_MAX 128 /* bytes of a key */

/* A file longer than `max` gives max + 1 bytes; false with errno set. */
static bool
read_fd(int fd, char *buf, size_t max, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len <= max) {
		n = read(fd, buf + *len, max + 1 - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return true;
}

static enum err
read_open(
    struct arena *a, int fd, size_t max, struct slice *out, int64_t *mtime)
{
	size_t len, room;
	struct stat st;
	char *buf;

	if (fstat(fd, &st) != 0)
		return ERR_INTERNAL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return ERR_INTERNAL;
	}
	if ((uintmax_t)st.st_size > max)
		return ERR_TOOBIG;
	/* It may have grown since: room for one byte more tells. */
	room = (size_t)st.st_size;
	buf = arena_alloc(a, room + 1);
	if (!read_fd(fd, buf, room, &len))
		return ERR_INTERNAL;
	if (len > room) {
		errno = EAGAIN;
		return ERR_INTERNAL;
	}
	*out = (struct slice){ buf, len };
	if (mtime != NULL)
		*mtime = st.st_mtime;
	return ERR_OK;
}

enum err
load_file(struct arena *a, const char *path, size_t max, struct slice *out,
    int64_t *mtime)
{
	/* O_NONBLOCK: a FIFO in the folder must not stop the server. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int saved;
	enum err e;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND
							   : ERR_INTERNAL;
	e = read_open(a, fd, max, out, mtime);
	saved = errno;
	close(fd);
	errno = saved;
	return e;
}

static bool
has_dotdot(const char *path)
{
	size_t len;

	for (; *path != '\0'; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
	return false;
}

const char *
load_path(struct tenant *t, const char *path, struct place at, struct faults *f)
{
	if (path == NULL)
		return NULL;
	if (has_dotdot(path)) {
		fault_add(f, at.file, at.line,
		    "path %s: \"..\" is not allowed; give a path in the "
		    "tenant's folder, or an absolute one",
		    path);
		return NULL;
	}
	return path[0] == '/' ? path
			      : arena_printf(t->a, "%s/%s", t->dir, path);
}

void
load_apple_paths(
    struct tenant *t, struct apple_conf *c, struct place at, struct faults *f)
{
	c->certificate = load_path(t, c->certificate, at, f);
	c->key = load_path(t, c->key, at, f);
	c->wwdr = load_path(t, c->wwdr, at, f);
	c->p8 = load_path(t, c->p8, at, f);
	if (c->p8 != NULL && c->key_id == NULL)
		fault_add(f, at.file, at.line, "\"p8\" needs \"keyId\"");
	if (c->p8 == NULL && c->key_id != NULL)
		fault_add(f, at.file, at.line, "\"keyId\" needs \"p8\"");
}

void
load_google_paths(
    struct tenant *t, struct google_conf *c, struct place at, struct faults *f)
{
	c->service_account = load_path(t, c->service_account, at, f);
}

static void
remember_outside(struct tenant *t, const char *path)
{
	const size_t len = strlen(t->dir);
	struct strings *l = &t->outside;
	const char **s;

	if ((strncmp(path, t->dir, len) == 0 && path[len] == '/') ||
	    strings_has(l, path))
		return;
	s = arena_alloc(t->a, (l->n + 1) * sizeof(*s));
	if (l->n > 0)
		memcpy(s, l->s, l->n * sizeof(*s));
	s[l->n] = path;
	*l = (struct strings){ s, l->n + 1 };
}

/* The file's place among secrets/ is a habit; nothing depends on it. */
bool
load_secret(struct tenant *t, const char *path, struct place at,
    struct faults *f, struct slice *out)
{
	const char *full = load_path(t, path, at, f);
	struct slice s;

	if (full == NULL)
		return false;
	remember_outside(t, full);
	switch (load_file(t->a, full, LOAD_SECRET_MAX, &s, NULL)) {
	case ERR_OK:
		break;
	case ERR_NOTFOUND:
		fault_add(f, at.file, at.line, "no such file: %s", full);
		return false;
	case ERR_TOOBIG:
		fault_add(f, at.file, at.line, "%s is over 64 KiB", full);
		return false;
	default:
		fault_add(f, at.file, at.line, "%s cannot be read: %s", full,
		    strerror(errno));
		return false;
	}
	if (s.len > 0 && s.s[s.len - 1] == '\n')
		s.len--;
	if (s.len == 0) {
		fault_add(f, at.file, at.line, "%s is empty", full);
		return false;
	}
	*out = s;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct strings
load_folder(struct arena *a, const char *dir)
{
	struct strings l = { .n = 0 };
	const struct dirent *e;
	const char **more;
	DIR *d = opendir(dir);
	size_t len;

	if (d == NULL)
		return l;
	while ((e = readdir(d)) != NULL) {
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' || e->d_name[len - 1] == '~')
			continue;
		if ((l.n & (l.n - 1)) == 0) {
			more = arena_alloc(
			    a, (l.n == 0 ? 1 : 2 * l.n) * sizeof(*more));
			if (l.n > 0)
				memcpy(more, l.s, l.n * sizeof(*more));
			l.s = more;
		}
		l.s[l.n++] = arena_strdup(a, e->d_name);
	}
	closedir(d);
	if (l.n > 0)
		qsort(l.s, l.n, sizeof(*l.s), by_name);
	return l;
}

static bool
ends_in(const char *s, const char *end)
{
	const size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

void
load_identifier(const char *key, struct place at, struct faults *f)
{
	const size_t len = strlen(key);

	if (len >= 1 && len <= IDENTIFIER_MAX && strcmp(key, "id") != 0 &&
	    strcmp(key, "passType") != 0 && strncmp(key, "id.", 3) != 0 &&
	    !ends_in(key, ".hmac") && !ends_in(key, ".secret"))
		return;
	fault_add(f, at.file, at.line,
	    "\"%s\" cannot be an identifier: 1 to 128 bytes, not \"id\", "
	    "\"id.*\", \"*.hmac\", \"*.secret\" or \"passType\"",
	    key);
}

bool
load_is_url(const char *url)
{
	const char *host, *p;

	if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else
		return false;
	for (p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
		    strchr("?#@\"<>\\^`{|}", *p) != NULL)
			return false;
	return *host != '/' && *host != ':' && *host != '\0';
}

static size_t
span(struct slice s, size_t from, char low, char high)
{
	size_t n = 0;

	while (
	    from + n < s.len && s.s[from + n] >= low && s.s[from + n] <= high)
		n++;
	return n;
}

/* RFC 5646, section 2.1: language, script, region, and no more. */
bool
load_is_language(struct slice s)
{
	size_t at = span(s, 0, 'a', 'z');

	if (at < 2 || at > 3)
		return false;
	if (at + 5 <= s.len && s.s[at] == '-' &&
	    span(s, at + 1, 'A', 'Z') == 1 && span(s, at + 2, 'a', 'z') == 3)
		at += 5;
	if (at + 3 == s.len && s.s[at] == '-' && span(s, at + 1, 'A', 'Z') == 2)
		at += 3;
	return at == s.len;
}
