#include "wallet/google/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int
open_file(struct arena *a, const struct server *s, const struct tenant *t,
    const char *issuer)
{
	const char *const paths[] = {
		arena_printf(a, "%s/.google-%s", s->tenants, issuer),
		arena_printf(a, "%s/data/google-%s", t->dir, issuer),
	};
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < 2; i++)
		fd = open(
		    paths[i], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		log_error("google_pace", "file", paths[1], "why",
		    strerror(errno), NULL);
	return fd;
}

/* The time of the turn that is taken, or -1: it is too far away. */
static int64_t
take(int fd, int64_t now)
{
	int64_t next = 0;

	if (pread(fd, &next, sizeof(next), 0) != (ssize_t)sizeof(next) ||
	    next < now || next > now + 60000 /* the clock was set back */)
		next = now;
	if (next > now + PACE_WAIT)
		return -1;
	now = next + PACE_MS;
	if (pwrite(fd, &now, sizeof(now), 0) != (ssize_t)sizeof(now))
		log_error("google_pace", "why", strerror(errno), NULL);
	return next;
}

enum err
pace_wait(struct arena *a, const struct server *s, const struct tenant *t,
    const char *issuer)
{
	const int64_t now = clock_now();
	int64_t turn = now;
	struct timespec ts;
	int fd;

	if (strspn(issuer, "0123456789") != strlen(issuer) ||
	    (fd = open_file(a, s, t, issuer)) < 0)
		return ERR_OK;
	if (flock(fd, LOCK_EX) == 0)
		turn = take(fd, now);
	close(fd);
	if (turn < 0)
		return ERR_BUSY;
	ts = (struct timespec){ .tv_sec = (turn - now) / 1000,
		.tv_nsec = (turn - now) % 1000 * 1000000 };
	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		continue;
	return ERR_OK;
}
