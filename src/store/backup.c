#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/private.h"

/*
 * Pages are copied through the cache and may be newer than what the log on
 * disk tells; so the log is flushed after them, and copied last.  Nobody
 * writes a checkpoint meanwhile: recovery of the copy begins at the last one,
 * which is older than the first page, and no log since then is removed.
 */

#define TURN_MS    10
#define TURN_TRIES 6000 /* a minute */

static enum err
fault(const char *dir, const char *what)
{
	log_error("store_backup", "dir", dir, "what", what, "why",
	    strerror(errno), NULL);
	return errno == ENOSPC || errno == EDQUOT ? ERR_TOOBIG : ERR_INTERNAL;
}

static enum err
take_turn(struct store *st)
{
	const struct timespec ts = { .tv_nsec = TURN_MS * 1000000L };

	for (int i = 0; i < TURN_TRIES; i++) {
		if (boot_turn_take(&st->boot))
			return ERR_OK;
		nanosleep(&ts, NULL);
	}
	log_error("store_backup", "dir", st->dir, "why",
	    "another process does not finish its checkpoint or backup", NULL);
	return ERR_BUSY;
}

/* Empty it and remove it: it holds files only. */
static void
drop_folder(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), de->d_name, 0);
	closedir(d);
	(void)rmdir(dir);
}

static enum err
copy_all(
    struct store *st, const char *to, store_progress_fn *progress, void *arg)
{
	enum err e;

	for (enum table n = 0; n < TABLE__MAX; n++) {
		progress(arg, n, TABLE__MAX + 1);
		e = store_rc(st,
		    st->env->dbbackup(st->env, table_file(n), to, DB_EXCL),
		    table_file(n));
		if (e != ERR_OK)
			return e;
	}
	progress(arg, TABLE__MAX, TABLE__MAX + 1);
	e = store_rc(st, st->env->log_flush(st->env, NULL), "flush");
	if (e == ERR_OK)
		e = store_rc(
		    st, st->env->backup(st->env, to, DB_BACKUP_UPDATE), "logs");
	return e;
}

/* All that was written there is on the disk. */
static enum err
sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd < 0 || syncfs(fd) != 0 ? fault(dir, "sync") : ERR_OK;

	if (fd >= 0)
		close(fd);
	return e;
}

enum err
store_backup(
    struct store *st, const char *dir, store_progress_fn *progress, void *arg)
{
	char part[4096], to[4096];
	enum err e;

	if ((size_t)snprintf(part, sizeof(part), "%s/data.part", dir) >=
		sizeof(part) ||
	    (size_t)snprintf(to, sizeof(to), "%s/data", dir) >= sizeof(to))
		return ERR_INVALID;
	if (mkdir(part, 0700) != 0)
		return fault(part, "mkdir");
	if ((e = take_turn(st)) == ERR_OK) {
		e = copy_all(st, part, progress, arg);
		boot_turn_end(&st->boot);
	}
	if (e == ERR_OK && (e = sync_folder(part)) == ERR_OK &&
	    rename(part, to) != 0)
		e = fault(to, "rename");
	if (e == ERR_OK)
		e = sync_folder(dir);
	if (e == ERR_OK)
		progress(arg, 1, 1);
	else
		drop_folder(part);
	return e;
}
