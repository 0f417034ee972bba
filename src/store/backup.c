#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/private.h"
#include "store/wipe.h"

/*
 * Pages are copied through the cache and may be newer than what the log on
 * disk tells; so the log is flushed after them, and copied last.  Nobody
 * writes a checkpoint meanwhile: recovery of the copy begins at the last one,
 * which is older than the first page, and no log since then is removed.
 */

#define SPLIT_TRIES 20

static enum err
fault(const char *dir, const char *what)
{
	log_error("store_backup", "dir", dir, "what", what, "why",
	    strerror(errno), NULL);
	return errno == ENOSPC || errno == EDQUOT ? ERR_TOOBIG : ERR_INTERNAL;
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
append_and_abort(struct txn *t, void *arg)
{
	const enum err e = table_put(t, *(enum table *)arg,
	    table_slice(NULL, 0), table_slice("", 0), DB_APPEND);

	return e == ERR_OK ? ERR_CONFLICT : e;
}

static void
drop_copy(const char *to, const char *file)
{
	char path[8192];
	DIR *d = opendir(to);
	struct dirent *de;

	snprintf(path, sizeof(path), "__dbq.%s.", file);
	while (d != NULL && (de = readdir(d)) != NULL)
		if (strcmp(de->d_name, file) == 0 ||
		    strncmp(de->d_name, path, strlen(path)) == 0)
			(void)unlinkat(dirfd(d), de->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/*
 * Berkeley DB fails where a file of a queue is missing: of one without
 * records there is none, until somebody begins to append, and one may go
 * while it is copied.
 */
static enum err
copy_split(struct store *st, enum table n, const char *to)
{
	char text[STORE_KEY_MAX] = "";
	int rc = ENOENT;

	for (int i = 0; rc == ENOENT && i < SPLIT_TRIES; i++) {
		enum err e = run_with(st, append_and_abort, &n, 0);

		if (e != ERR_CONFLICT)
			return e;
		drop_copy(to, table_file(n));
		st->faults = text; /* of no interest but the last time */
		rc = st->env->dbbackup(st->env, table_file(n), to, DB_EXCL);
		st->faults = NULL;
	}
	return store_rc(st, rc, table_file(n));
}

static enum err
copy_table(struct store *st, enum table n, const char *to)
{
	if (table_is_split(n))
		return copy_split(st, n, to);
	return store_rc(st,
	    st->env->dbbackup(st->env, table_file(n), to, DB_EXCL),
	    table_file(n));
}

/*
 * Berkeley DB copies logs alone only to update an older copy, whose own logs
 * they must follow: so it finds one there, empty, of the name of our first.
 */
static enum err
pretend_older(struct store *st, const char *to)
{
	char path[8192], **list = NULL;
	enum err e = store_rc(st,
	    st->env->log_archive(st->env, &list, DB_ARCH_LOG), "log archive");
	int fd;

	if (e != ERR_OK || list == NULL)
		return e;
	snprintf(path, sizeof(path), "%s/%s", to, list[0]);
	free(list);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return fault(path, "create");
	close(fd);
	return ERR_OK;
}

static enum err
copy_all(
    struct store *st, const char *to, store_progress_fn *progress, void *arg)
{
	enum err e;

	for (enum table n = 0; n < TABLE__MAX; n++) {
		progress(arg, n, TABLE__MAX + 1);
		if ((e = copy_table(st, n, to)) != ERR_OK)
			return e;
	}
	progress(arg, TABLE__MAX, TABLE__MAX + 1);
	e = store_rc(st, st->env->log_flush(st->env, NULL), "flush");
	if (e == ERR_OK)
		e = pretend_older(st, to);
	if (e == ERR_OK)
		e = store_rc(st,
		    st->env->backup(
			st->env, to, DB_BACKUP_CLEAN | DB_BACKUP_UPDATE),
		    "logs");
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
	st->full = false;
	if ((e = boot_turn_wait(st->dir, &st->boot)) == ERR_OK) {
		e = copy_all(st, part, progress, arg);
		boot_turn_end(&st->boot);
	}
	if (e != ERR_OK && st->full)
		e = ERR_TOOBIG;
	st->full = false;
	if (e == ERR_OK && (errno = wipe_folder(part)) != 0)
		e = fault(part, "wipe");
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
