#include "live/tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/log.h"

#define LINE_MAX_LEN 192 /* 63 + 12 + 64 + 20, and what stands between */
#define DATE_LEN     15

const char *const live_kinds[LIVE__MAX] = {
	[LIVE_UPDATED] = "updated",
	[LIVE_INSTALLED] = "installed",
	[LIVE_UNINSTALLED] = "uninstalled",
	[LIVE_NOTIFICATION] = "notification",
};

/* LIVE__MAX: nobody can know the pass yet. */
static const enum live_kind kind_of[EVENT__MAX] = {
	[EVENT_CREATED] = LIVE__MAX,
	[EVENT_UPDATED] = LIVE_UPDATED,
	[EVENT_INSTALLED] = LIVE_INSTALLED,
	[EVENT_UNINSTALLED] = LIVE_UNINSTALLED,
	[EVENT_NOTIFIED] = LIVE_NOTIFICATION,
};

struct live {
	int fd;
	struct sockaddr_un hub;
	socklen_t hub_len;
	char text[LIVE_DATAGRAM];
	size_t len;
};

bool
live_address(const struct server *s, struct sockaddr_un *out, socklen_t *len)
{
	const size_t n = strlen(s->hub.socket);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof(out->sun_path)) {
		log_error("hub_socket", "file", s->hub.socket, "why",
		    "the path is too long for a socket", NULL);
		return false;
	}
	memcpy(out->sun_path, s->hub.socket, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return true;
}

struct live *
live_new(const struct server *s)
{
	struct live *l;

	if (s->hub.listen == NULL)
		return NULL;
	if ((l = calloc(1, sizeof(*l))) == NULL)
		abort();
	l->fd = -1;
	if (live_address(s, &l->hub, &l->hub_len)) {
		l->fd = socket(
		    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (l->fd < 0)
			log_error("hub_socket", "file", s->hub.socket, "why",
			    strerror(errno), NULL);
	}
	if (l->fd < 0) {
		free(l);
		l = NULL;
	}
	return l;
}

void
live_free(struct live *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}

/* By its name each time: a hub that starts again makes another socket. */
static void
flush(struct live *l)
{
	if (l->len > 0)
		(void)!sendto(l->fd, l->text, l->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&l->hub, l->hub_len);
	l->len = 0;
}

static struct slice
tenant_of(const char *dir)
{
	const char *end = strrchr(dir, '/'), *start = end;

	if (end == NULL)
		return (struct slice){ dir, 0 };
	while (start > dir && start[-1] != '/')
		start--;
	return (struct slice){ start, (size_t)(end - start) };
}

void
live_tell(void *arg, const char *dir, const struct event *events, size_t n)
{
	const struct slice tenant = tenant_of(dir);
	struct live *l = arg;

	if (!ident_is_tenant(tenant))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct event *e = &events[i];

		if (kind_of[e->kind] == LIVE__MAX)
			continue;
		if (sizeof(l->text) - l->len < LINE_MAX_LEN)
			flush(l);
		l->len += (size_t)snprintf(l->text + l->len, LINE_MAX_LEN,
		    "%.*s %s %s %lld\n", (int)tenant.len, tenant.s,
		    live_kinds[kind_of[e->kind]], e->pass, (long long)e->date);
	}
	flush(l);
}

/* -- the hub's side -------------------------------------------------------- */

static struct slice
cut(struct slice *s, char at)
{
	const char *end = s->len == 0 ? NULL : memchr(s->s, at, s->len);
	struct slice head = *s;

	if (end != NULL)
		head.len = (size_t)(end - s->s);
	s->s += head.len + (end != NULL);
	s->len -= head.len + (end != NULL);
	return head;
}

static bool
read_date(struct slice s, int64_t *out)
{
	*out = 0;
	if (s.len == 0 || s.len > DATE_LEN)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
		*out = *out * 10 + (s.s[i] - '0');
	}
	return true;
}

static bool
read_line(struct slice line, struct live_event *out)
{
	struct slice kind;

	out->tenant = cut(&line, ' ');
	kind = cut(&line, ' ');
	out->pass = cut(&line, ' ');
	for (out->kind = 0; out->kind < LIVE__MAX; out->kind++)
		if (slice_is(kind, live_kinds[out->kind]))
			break;
	return ident_is_tenant(out->tenant) && out->kind < LIVE__MAX &&
	    ident_is_pass(out->pass) && read_date(line, &out->date);
}

bool
live_next(struct slice *rest, struct live_event *out)
{
	while (rest->len > 0)
		if (read_line(cut(rest, '\n'), out))
			return true;
	return false;
}
