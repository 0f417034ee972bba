#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/private.h"

/*
 * The register as Berkeley DB 5.3 keeps it: slots of 25 bytes, each a process
 * id in 24 columns and a newline; a free one starts with X.  A process holds
 * a write lock on the first byte of its slot for as long as it is attached.
 */
#define SLOT_LEN    25
#define SLOT_FORMAT "%24lu\n"
#define DEATH_MS    10000

int
register_open(const char *dir, bool create)
{
	char path[4096];
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);

	snprintf(path, sizeof(path), "%s/__db.register", dir);
	return open(path, flags, 0600);
}

/* Who holds the slot: 0 nobody, -1 somebody outside our sight. */
static pid_t
holder(int fd, off_t pos)
{
	struct flock fl = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = pos,
		.l_len = 1 };

	if (fcntl(fd, F_GETLK, &fl) != 0)
		return -1;
	if (fl.l_type == F_UNLCK)
		return 0;
	return fl.l_pid > 0 ? fl.l_pid : -1;
}

/*
 * An open of ours that failed in recovery leaves our own id behind, and so
 * does a dead process whose id we now have; Berkeley DB would take it for a
 * second handle and refuse.  Id 0 says the same to it: somebody died here.
 */
static bool
slot_dead(int fd, off_t pos, const char *slot)
{
	char own[SLOT_LEN + 1], none[SLOT_LEN + 1];

	if (slot[0] == 'X')
		return false;
	snprintf(own, sizeof(own), SLOT_FORMAT, (unsigned long)getpid());
	if (memcmp(slot, own, SLOT_LEN) != 0)
		return holder(fd, pos) == 0;
	snprintf(none, sizeof(none), SLOT_FORMAT, 0UL);
	if (pwrite(fd, none, SLOT_LEN, pos) != SLOT_LEN)
		log_error("store_register", "what", "write", "why",
		    strerror(errno), NULL);
	return true;
}

bool
register_dead(int fd)
{
	char slot[SLOT_LEN];
	bool dead = false;
	ssize_t n;

	for (off_t pos = 0; (n = pread(fd, slot, SLOT_LEN, pos)) > 0;
	     pos += SLOT_LEN)
		if (n != SLOT_LEN || slot_dead(fd, pos, slot))
			dead = true;
	return dead;
}

bool
register_fellow_died(int fd)
{
	char slot[SLOT_LEN], own[SLOT_LEN + 1];
	off_t pos = 0;

	snprintf(own, sizeof(own), SLOT_FORMAT, (unsigned long)getpid());
	while (pread(fd, slot, SLOT_LEN, pos) == SLOT_LEN) {
		if (slot[0] != 'X' && memcmp(slot, own, SLOT_LEN) != 0 &&
		    holder(fd, pos) == 0)
			return true;
		pos += SLOT_LEN;
	}
	return false;
}

bool
register_is_ours(const char *exe, const char *own)
{
	const char deleted[] = " (deleted)"; /* replaced by an upgrade */
	const char *base = strrchr(exe, '/');
	size_t len = strlen(own);

	base = base == NULL ? exe : base + 1;
	if (strncmp(base, "passwright", 10) == 0)
		return true;
	return strncmp(exe, own, len) == 0 &&
	    (exe[len] == '\0' || strcmp(exe + len, deleted) == 0);
}

/* The executable of a process; 0 or errno. */
static int
proc_exe(const char *pid, char *out, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if ((n = readlink(path, out, size - 1)) < 0)
		return errno;
	out[n] = '\0';
	return 0;
}

/* A process that gave up root may not be looked into: its name has to do. */
static int
proc_comm(const char *pid, char *out, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if ((f = fopen(path, "re")) == NULL)
		return errno;
	if (fgets(out, (int)size, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(f);
	return 0;
}

enum who { FOREIGN, OURS, DYING };

/* One that has no executable any more is about to let its locks go. */
static enum who
who_is(pid_t pid, char *exe, size_t size)
{
	char num[16], path[64], own[4096];
	struct stat sb;
	int rc;

	snprintf(exe, size, "?");
	snprintf(num, sizeof(num), "%d", (int)pid);
	snprintf(path, sizeof(path), "/proc/%s", num);
	if (stat(path, &sb) != 0)
		return errno == ENOENT ? DYING : FOREIGN;
	if (pid <= 1 || sb.st_uid != geteuid() ||
	    proc_exe("self", own, sizeof(own)) != 0)
		return FOREIGN;
	if ((rc = proc_exe(num, exe, size)) == EACCES)
		rc = proc_comm(num, exe, size);
	if (rc == ENOENT || rc == ESRCH)
		return DYING;
	return rc == 0 && register_is_ours(exe, own) ? OURS : FOREIGN;
}

static enum err
not_ours(const char *dir, pid_t pid, const char *exe, const char *why)
{
	char num[16];

	snprintf(num, sizeof(num), "%d", (int)pid);
	log_error("store_register", "dir", dir, "pid", num, "exe", exe, "why",
	    why, NULL);
	return ERR_BUSY;
}

static enum err
await_end(int pidfd, const char *dir, pid_t pid, const char *exe)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, DEATH_MS)) < 0 && errno == EINTR)
		;
	return n == 1 ? ERR_OK
		      : not_ours(dir, pid, exe, "killed, and does not end");
}

static enum err
end_process(int pidfd, const char *dir, pid_t pid)
{
	char exe[4096], num[16];
	enum who who = who_is(pid, exe, sizeof(exe));

	if (who == FOREIGN)
		return not_ours(dir, pid, exe,
		    "attached to a lost environment, and not ours to end");
	if (who == OURS) {
		if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) != 0 &&
		    errno != ESRCH)
			return not_ours(dir, pid, exe, strerror(errno));
		snprintf(num, sizeof(num), "%d", (int)pid);
		log_warning("store_register", "dir", dir, "pid", num, "exe",
		    exe, "why", "ended: attached to a lost environment", NULL);
	}
	return await_end(pidfd, dir, pid, exe);
}

/*
 * The descriptor first, then a second look at the lock: whoever still holds
 * it then is the process that the descriptor stands for.
 */
static enum err
clear_slot(int fd, off_t pos, const char *dir)
{
	pid_t pid = holder(fd, pos);
	enum err e = ERR_OK;
	int pidfd;

	if (pid == 0)
		return ERR_OK;
	if (pid < 0)
		return not_ours(dir, pid, "?",
		    "attached from another container; end it first");
	if ((pidfd = pidfd_open(pid, 0)) < 0)
		return errno == ESRCH
		    ? ERR_OK
		    : not_ours(dir, pid, "?", strerror(errno));
	if (holder(fd, pos) == pid)
		e = end_process(pidfd, dir, pid);
	close(pidfd);
	return e;
}

enum err
register_clear(int fd, const char *dir)
{
	enum err e = ERR_OK;
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return not_ours(dir, 0, "?", strerror(errno));
	for (off_t pos = 0; e == ERR_OK && pos < sb.st_size; pos += SLOT_LEN)
		e = clear_slot(fd, pos, dir);
	return e;
}
