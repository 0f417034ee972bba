#include "conf/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define EACH_MS   1000
#define IDLE_TEXT "10" /* seconds that it stays */

static int
open_lock(const struct server *s, const char *name)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->tenants, name) >=
	    sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void
fault(const struct server *s, const char *what)
{
	log_error("worker_start", "file", s->tenants, "what", what, "why",
	    strerror(errno), NULL);
}

enum err
spawn_lock(const struct server *s, const char *name, int *fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int lock = open_lock(s, name);
	int fault_errno;

	if (lock < 0) {
		fault(s, "open");
		return ERR_INTERNAL;
	}
	if (fcntl(lock, F_OFD_SETLK, &all) == 0) {
		*fd = lock;
		return ERR_OK;
	}
	fault_errno = errno;
	close(lock);
	if (fault_errno == EAGAIN || fault_errno == EACCES)
		return ERR_BUSY;
	errno = fault_errno;
	fault(s, "lock");
	return ERR_INTERNAL;
}

/* Without taking the lock, which would turn a worker away that starts now. */
static bool
runs(const struct server *s)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int lock = open_lock(s, SPAWN_WORKER);
	bool held;

	if (lock < 0) {
		fault(s, "open");
		return true;
	}
	held = fcntl(lock, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK;
	close(lock);
	return held;
}

/*
 * In the grandchild: nothing of the web server's is left open, else it would
 * wait for us to end.  Only what is safe after fork(2).
 */
static _Noreturn void
become_worker(const char *const *argv)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(127);
	close_range(3, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], (char *const *)argv); /* which changes nothing */
	_exit(127);
}

static void
start(const struct server *s)
{
	const char *const argv[] = { s->worker, "-c", s->file, "--idle",
		IDLE_TEXT, NULL };
	pid_t child = fork();

	if (child == 0) {
		if (setsid() < 0 || (child = fork()) < 0)
			_exit(127);
		if (child > 0)
			_exit(0);
		become_worker(argv);
	}
	if (child < 0) {
		fault(s, "fork");
		return;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* To the nanosecond: the kernel's own clock of files is coarser. */
static void
touch(const char *data)
{
	struct timespec now[2];

	clock_gettime(CLOCK_REALTIME, &now[0]);
	now[1] = now[0];
	if (utimensat(AT_FDCWD, data, now, 0) != 0)
		log_warning(
		    "worker_touch", "file", data, "why", strerror(errno), NULL);
}

void
spawn_worker(const struct server *s, const char *data, int64_t now)
{
	static int64_t looked;

	touch(data);
	if (now >= looked && now - looked < EACH_MS)
		return;
	looked = now;
	if (!runs(s) && access(s->worker, X_OK) == 0)
		start(s);
}
