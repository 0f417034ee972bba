#include "hub/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "live/tell.h"

#define BACKLOG 511
#define FLAGS   (SOCK_CLOEXEC | SOCK_NONBLOCK)

/* "127.0.0.1:9080", "[::1]:9080" */
static int
resolve(const char *listen, struct addrinfo **out)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	const char *colon = strrchr(listen, ':');
	char host[256];
	size_t n = (size_t)(colon - listen);

	if (listen[0] == '[' && n > 1 && colon[-1] == ']') {
		listen++;
		n -= 2;
	}
	(void)snprintf(host, sizeof(host), "%.*s", (int)n, listen);
	return getaddrinfo(host, colon + 1, &hints, out);
}

static int
bind_to(const struct addrinfo *ai)
{
	const int on = 1;
	int fd = socket(ai->ai_family, ai->ai_socktype | FLAGS, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

int
listen_clients(const struct server *s)
{
	struct addrinfo *ai = NULL;
	int rc = resolve(s->hub.listen, &ai), fd = -1;

	if (rc == 0)
		fd = bind_to(ai);
	if (fd < 0)
		log_error("hub_listen", "listen", s->hub.listen, "why",
		    rc != 0 ? gai_strerror(rc) : strerror(errno), NULL);
	if (ai != NULL)
		freeaddrinfo(ai);
	return fd;
}

static int
bind_socket(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | FLAGS, 0);
	struct stat sb;
	mode_t was;
	int rc;

	if (fd < 0)
		return -1;
	if (lstat(address->sun_path, &sb) == 0 && S_ISSOCK(sb.st_mode))
		(void)unlink(address->sun_path);
	was = umask(0177);
	rc = bind(fd, (const struct sockaddr *)address, len);
	(void)umask(was);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

int
listen_datagrams(const struct server *s)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd;

	if (!live_address(s, &address, &len))
		return -1;
	if ((fd = bind_socket(&address, len)) < 0)
		log_error("hub_socket", "file", s->hub.socket, "why",
		    strerror(errno), NULL);
	return fd;
}
