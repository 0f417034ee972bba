#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/private.h"
#include "store/upgrade.h"

/*
 * Two kinds of locks on one file: flock(2) says who is attached (shared) or
 * replaces the regions (exclusive); ranges say who opens or closes and who
 * writes a checkpoint.  Both belong to the descriptor and end with the process.
 */
enum range { RANGE_OPENING, RANGE_CHECKPOINT };

#define WAIT_MS       10
#define OPENING_TRIES 3000 /* 30 s: a recovery may take that long */
#define STALE_TRIES   200
#define TURN_TRIES    6000 /* a minute */

/* The folder will not do as it is now; somebody may mend it. */
static enum err
fault(const char *dir, const char *what, const char *why)
{
	log_error("store_boot", "dir", dir, "what", what, "why", why, NULL);
	return ERR_BUSY;
}

static void
wait_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static bool
range_lock(int fd, enum range r, short type)
{
	struct flock fl = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)r,
		.l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &fl) == 0;
}

/* The first line of a file, or "-". */
static void
first_line(const char *file, char *out, size_t size)
{
	FILE *f = fopen(file, "re");

	if (f == NULL || fgets(out, (int)size, f) == NULL)
		snprintf(out, size, "-");
	out[strcspn(out, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
}

/*
 * Process ids of another namespace mean nothing here, so that counts too; and
 * a program of another format must not be attached beside ours.
 */
static void
describe(const struct stat *folder, char *out, size_t size)
{
	char boot[64], machine[64], pids[64];
	ssize_t n = readlink("/proc/self/ns/pid", pids, sizeof(pids) - 1);

	pids[n < 0 ? 0 : n] = '\0';
	first_line("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	first_line("/etc/machine-id", machine, sizeof(machine));
	snprintf(out, size,
	    "boot %s\nmachine %s\nfolder %ju:%ju\npids %s\nformat %u\n", boot,
	    machine, (uintmax_t)folder->st_dev, (uintmax_t)folder->st_ino, pids,
	    (unsigned)upgrade_format());
}

/* What was written down last; "" when nothing was. */
static void
read_boot(const struct boot *b, char was[sizeof(b->now)])
{
	ssize_t n = pread(b->fd, was, sizeof(b->now) - 1, 0);

	was[n < 0 ? 0 : n] = '\0';
}

static bool
matches(const struct boot *b)
{
	char was[sizeof(b->now)];

	read_boot(b, was);
	return strcmp(was, b->now) == 0;
}

/* Those who serve a newer format are left alone. */
static bool
is_newer(const struct boot *b)
{
	char was[sizeof(b->now)];
	const char *format;

	read_boot(b, was);
	format = strstr(was, "\nformat ");
	return format != NULL &&
	    strtoul(format + strlen("\nformat "), NULL, 10) > upgrade_format();
}

/* Delete every __db.*, the register last: without it others recover. */
static enum err
delete_regions(const char *dir)
{
	enum err e = ERR_OK;
	struct dirent *de;
	DIR *d = opendir(dir);

	if (d == NULL)
		return fault(dir, "opendir", strerror(errno));
	while ((de = readdir(d)) != NULL)
		if (strncmp(de->d_name, "__db.", 5) == 0 &&
		    strcmp(de->d_name, "__db.register") != 0 &&
		    unlinkat(dirfd(d), de->d_name, 0) != 0)
			e = fault(dir, de->d_name, strerror(errno));
	if (e == ERR_OK && unlinkat(dirfd(d), "__db.register", 0) != 0 &&
	    errno != ENOENT)
		e = fault(dir, "__db.register", strerror(errno));
	closedir(d);
	return e;
}

/* Nobody is attached afterwards, and nothing is left of the regions. */
static enum err
take_over(const char *dir, struct boot *b)
{
	enum err e = ERR_OK;
	struct stat sb;
	int fd, tries = STALE_TRIES;

	if (fstat(b->fd, &sb) == 0 && sb.st_size > 0)
		log_info("store_boot", "dir", dir, "what",
		    "shared memory of another boot, recovering", NULL);
	if ((fd = register_open(dir, false)) >= 0) {
		e = register_clear(fd, dir);
		close(fd);
	}
	if (e != ERR_OK)
		return e;
	while (flock(b->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return fault(dir, "flock", strerror(errno));
		if (--tries == 0) {
			fault(dir, "flock",
			    "attached by processes of another machine, boot or "
			    "container; end them first");
			return ERR_BUSY;
		}
		wait_ms(WAIT_MS);
	}
	b->stale = true;
	return delete_regions(dir);
}

static enum err
share(const char *dir, struct boot *b)
{
	if (flock(b->fd, LOCK_SH) != 0)
		return fault(dir, "flock", strerror(errno));
	return ERR_OK;
}

/* One process at a time is opening, or closing. */
static enum err
take_turn(const char *dir, const struct boot *b)
{
	int tries = OPENING_TRIES;

	while (!range_lock(b->fd, RANGE_OPENING, F_WRLCK)) {
		if (errno != EAGAIN && errno != EACCES)
			return fault(dir, "lock", strerror(errno));
		if (--tries == 0)
			return fault(
			    dir, "lock", "another opener does not finish");
		wait_ms(tries > OPENING_TRIES - 10 ? 1 : WAIT_MS);
	}
	return ERR_OK;
}

enum err
boot_enter(const char *dir, struct boot *b)
{
	char path[4096];
	struct stat folder;
	enum err e;

	if ((size_t)snprintf(path, sizeof(path), "%s/boot", dir) >=
	    sizeof(path))
		return fault(dir, "boot", "the path is too long");
	b->stale = false;
	b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd < 0 || stat(dir, &folder) != 0)
		return fault(dir, "boot", strerror(errno));
	describe(&folder, b->now, sizeof(b->now));
	if ((e = take_turn(dir, b)) != ERR_OK)
		return e;
	if (is_newer(b))
		return upgrade_refuse(dir);
	return matches(b) ? share(dir, b) : take_over(dir, b);
}

/* Written only now: an opener that dies in recovery leaves it stale. */
static enum err
stamp(const char *dir, struct boot *b)
{
	size_t len = strlen(b->now);

	if (ftruncate(b->fd, 0) != 0 ||
	    pwrite(b->fd, b->now, len, 0) != (ssize_t)len || fsync(b->fd) != 0)
		return fault(dir, "write", strerror(errno));
	return ERR_OK;
}

enum err
boot_settle(const char *dir, struct boot *b)
{
	enum err e = b->stale ? stamp(dir, b) : ERR_OK;

	if (e == ERR_OK && b->stale)
		e = share(dir, b);
	if (e != ERR_OK)
		return e;
	range_lock(b->fd, RANGE_OPENING, F_UNLCK);
	b->stale = false;
	return ERR_OK;
}

void
boot_spoil(struct boot *b)
{
	b->stale = true;
	if (ftruncate(b->fd, 0) != 0)
		log_error("store_boot", "what", "truncate", "why",
		    strerror(errno), NULL);
}

bool
boot_turn_take(struct boot *b)
{
	return range_lock(b->fd, RANGE_CHECKPOINT, F_WRLCK);
}

enum err
boot_turn_wait(const char *dir, struct boot *b)
{
	for (int i = 0; i < TURN_TRIES; i++) {
		if (boot_turn_take(b))
			return ERR_OK;
		wait_ms(WAIT_MS);
	}
	fault(dir, "turn", "a checkpoint or backup of another does not end");
	return ERR_BUSY;
}

void
boot_turn_end(struct boot *b)
{
	range_lock(b->fd, RANGE_CHECKPOINT, F_UNLCK);
}

/* It leaves in any case: who cannot wait for it may recover for nothing. */
void
boot_finish(const char *dir, const struct boot *b)
{
	(void)!take_turn(dir, b);
}

void
boot_leave(struct boot *b)
{
	if (b->fd >= 0) {
		/* A child may have the descriptor still. */
		range_lock(b->fd, RANGE_OPENING, F_UNLCK);
		close(b->fd);
	}
	b->fd = -1;
}
