#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "store/column.h"
#include "store/dict.h"
#include "store/private.h"
#include "store/upgrade.h"

#define LOCK_SLOTS  16381 /* of a hash table, which is written when it opens */
#define CACHE_BYTES (256U << 20) /* columns and keys of a million passes */

/* The register allows a process one handle per environment. */
static struct store *opened;

noreturn void
store_lost(struct store *st, const char *what)
{
	log_error("store_lost", "dir", st->dir, "what", what, "why",
	    "the environment needs recovery; this process ends", NULL);
	_exit(EX_TEMPFAIL);
}

enum err
store_rc(struct store *st, int rc, const char *what)
{
	switch (rc) {
	case 0:
		return ERR_OK;
	case DB_NOTFOUND:
	case DB_KEYEMPTY:
		return ERR_NOTFOUND;
	case DB_KEYEXIST:
		return ERR_CONFLICT;
	case DB_LOCK_DEADLOCK:
	case DB_LOCK_NOTGRANTED:
		return ERR_BUSY;
	case DB_RUNRECOVERY:
		store_lost(st, what);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		log_error("store_full", "dir", st->dir, "what", what, "why",
		    db_strerror(rc), NULL);
		return ERR_BUSY;
	case EROFS:
	case EACCES:
		log_error("store_fault", "dir", st->dir, "what", what, "why",
		    db_strerror(rc), NULL);
		return ERR_BUSY;
	default:
		log_error("store_fault", "dir", st->dir, "what", what, "why",
		    db_strerror(rc), NULL);
		return ERR_INTERNAL;
	}
}

/*
 * The regions are sparse files, so a full disk shows when a page of theirs is
 * touched for the first time.  The signal comes from within Berkeley DB, not
 * from within the log, so it may be logged.
 */
static void
on_bus(int sig)
{
	(void)sig;
	if (opened != NULL)
		store_lost(opened, "shared memory: is the disk full?");
	_exit(EX_TEMPFAIL);
}

static void
catch_bus(void)
{
	struct sigaction old, sa = { .sa_handler = on_bus };

	if (sigaction(SIGBUS, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGBUS, &sa, NULL);
}

static void
on_error(const DB_ENV *env, const char *prefix, const char *text)
{
	struct store *st = env->app_private;

	(void)prefix;
	if (st->faults != NULL)
		snprintf(st->faults, STORE_KEY_MAX, "%s", text);
	else if (st->opening) /* of regions about to be made anew */
		log_warning("store_db", "dir", st->dir, "why", text, NULL);
	else
		log_error("store_db", "dir", st->dir, "why", text, NULL);
}

static void
on_message(const DB_ENV *env, const char *text)
{
	struct store *st = env->app_private;

	log_debug("store_db", "dir", st->dir, "what", text, NULL);
}

/*
 * While opening: the environment is lost, and whoever is still attached may
 * wait for a lock without ever seeing that, so it is ended.  Berkeley DB
 * gives a process id out of the register, which may be 0 or long reused; the
 * locks on the register tell who is really there.
 *
 * It would recover under a process that is not ours, and nothing tells it to
 * stop but our end.  This happens only when a process dies between our look
 * at the register and Berkeley DB's.
 */
static void
on_event(DB_ENV *env, u_int32_t event, void *info)
{
	struct store *st = env->app_private;

	(void)info;
	switch (event) {
	case DB_EVENT_PANIC:
	case DB_EVENT_REG_PANIC:
	case DB_EVENT_REG_ALIVE:
		if (!st->opening)
			store_lost(st, "panic");
		if (register_clear(st->register_fd, st->dir) != ERR_OK) {
			boot_spoil(&st->boot);
			store_lost(st, "open");
		}
		break;
	case DB_EVENT_WRITE_FAILED:
		if (!st->full)
			log_error("store_full", "dir", st->dir, "what", "write",
			    NULL);
		st->full = true;
		break;
	default:
		break;
	}
}

/* Shared memory and fcntl(2) locks must be seen by all at once. */
bool
env_remote(unsigned long type)
{
	static const unsigned long remote[] = {
		0x00006969, /* nfs */
		0x0000517b, /* smb */
		0xff534d42, /* cifs */
		0xfe534d42, /* smb2 */
		0x00c36400, /* ceph */
		0x01021997, /* 9p */
		0x0bd00bd0, /* lustre */
		0x01161970, /* gfs2 */
		0x7461636f, /* ocfs2 */
		0x47504653, /* gpfs */
		0x5346414f, /* afs */
		0x6b414653, /* kafs */
		0x73757245, /* coda */
		0x0000564c, /* ncp */
		0x65735546, /* fuse: sshfs, glusterfs, s3fs... */
	};

	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (type == remote[i])
			return true;
	return false;
}

static enum err
check_filesystem(const char *dir)
{
	const char *why = NULL;
	struct statfs fs;

	if (statfs(dir, &fs) != 0)
		why = strerror(errno);
	else if (env_remote((unsigned int)fs.f_type))
		why = "a network or user-space file system cannot hold the "
		      "data; move the folder to a local one";
	if (why == NULL)
		return ERR_OK;
	log_error("store_open", "dir", dir, "why", why, NULL);
	return ERR_INTERNAL;
}

/* Make the folder if it is missing; why it will not do, or NULL. */
static const char *
folder_fault(const char *dir, struct stat *sb)
{
	if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || stat(dir, sb) != 0)
		return strerror(errno);
	if (!S_ISDIR(sb->st_mode))
		return "not a folder";
	for (struct store *o = opened; o != NULL; o = o->next)
		if (o->dev == sb->st_dev && o->ino == sb->st_ino)
			return "this process has it open already";
	return NULL;
}

static enum err
check_folder(struct store *st)
{
	struct stat sb = { 0 };
	const char *why = folder_fault(st->dir, &sb);

	if (why != NULL) {
		log_error("store_open", "dir", st->dir, "why", why, NULL);
		return ERR_INTERNAL;
	}
	st->dev = sb.st_dev;
	st->ino = sb.st_ino;
	return check_filesystem(st->dir);
}

/*
 * Sizes for some 100 processes and transactions of some 1000 pages, and for
 * one of 50,000, as when a pass goes that REGISTRATION_DEVICES_MAX have.  The
 * regions are sparse files: what is not used costs address space only.
 */
static int
configure(DB_ENV *env)
{
	int rc;

	if ((rc = env->set_cachesize(env, 0, CACHE_BYTES, 1)) == 0 &&
	    (rc = env->set_lk_max_locks(env, 100000)) == 0 &&
	    (rc = env->set_lk_max_objects(env, 100000)) == 0 &&
	    (rc = env->set_lk_tablesize(env, LOCK_SLOTS)) == 0 &&
	    (rc = env->set_lk_max_lockers(env, 4000)) == 0 &&
	    (rc = env->set_tx_max(env, 400)) == 0 &&
	    (rc = env->set_lg_bsize(env, 1U << 20)) == 0 &&
	    (rc = env->set_lg_max(env, 10U << 20)) == 0 &&
	    (rc = env->set_lg_filemode(env, 0600)) == 0 &&
	    (rc = env->set_timeout(env, 0, DB_SET_REG_TIMEOUT)) == 0 &&
	    (rc = env->set_lk_detect(env, DB_LOCK_MINWRITE)) == 0 &&
	    (rc = env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1)) == 0 &&
	    /* The durability that is wanted is told at each commit. */
	    (rc = env->set_flags(env, DB_TXN_NOSYNC, 1)) == 0)
		rc = env->set_event_notify(env, on_event);
	return rc;
}

static enum err
open_env(struct store *st)
{
	const u_int32_t flags = DB_CREATE | DB_INIT_MPOOL | DB_INIT_TXN |
	    DB_INIT_LOCK | DB_INIT_LOG | DB_REGISTER | DB_RECOVER;
	int rc;

	if ((rc = db_env_create(&st->env, 0)) != 0) {
		st->env = NULL;
		return store_rc(st, rc, "create");
	}
	st->env->app_private = st;
	st->env->set_errcall(st->env, on_error);
	st->env->set_msgcall(st->env, on_message);
	if ((rc = configure(st->env)) != 0)
		return store_rc(st, rc, "configure");
	catch_bus();
	st->opening = true;
	rc = st->env->open(st->env, st->dir, flags, 0600);
	st->opening = false;
	if (rc == EAGAIN || rc == EINVAL) {
		/* Nobody will finish them: openers take turns. */
		boot_spoil(&st->boot);
		log_error("store_open", "dir", st->dir, "why",
		    "shared memory half made; the next opener makes it anew",
		    NULL);
		return ERR_BUSY;
	}
	if (rc != DB_RUNRECOVERY)
		return store_rc(st, rc, "open");
	/* Ending would not help: the next opener fares no better. */
	log_error("store_open", "dir", st->dir, "why",
	    st->full ? "no room on the disk to recover; make some"
		     : "recovery failed; restore a backup",
	    NULL);
	return st->full ? ERR_BUSY : ERR_INTERNAL;
}

static enum err
enter(struct store *st)
{
	enum err e;

	if ((e = boot_enter(st->dir, &st->boot)) != ERR_OK)
		return e;
	if ((st->register_fd = register_open(st->dir, true)) < 0) {
		log_error("store_open", "dir", st->dir, "what", "register",
		    "why", strerror(errno), NULL);
		return ERR_BUSY;
	}
	if (register_dead(st->register_fd)) {
		if ((e = register_clear(st->register_fd, st->dir)) != ERR_OK)
			return e;
		/*
		 * Berkeley DB frees the dead one's slot before it takes one:
		 * whoever is killed between the two leaves a register that
		 * looks clean over regions that are not.
		 */
		boot_spoil(&st->boot);
	}
	if ((e = open_env(st)) != ERR_OK)
		return e;
	/* Nobody else is attached: the time for another format. */
	if (st->boot.stale && (e = table_open_all(st)) == ERR_OK)
		e = upgrade_run(st);
	return e == ERR_OK ? boot_settle(st->dir, &st->boot) : e;
}

static u_int32_t
commit_flags(enum store_sync sync)
{
	return sync == STORE_SYNC        ? DB_TXN_SYNC
	    : sync == STORE_WRITE_NOSYNC ? DB_TXN_WRITE_NOSYNC
					 : DB_TXN_NOSYNC;
}

enum err
store_open(const char *dir, const struct store_options *opt, struct store **out)
{
	struct store *st = calloc(1, sizeof(*st));
	enum err e;

	if (st == NULL || (st->dir = strdup(dir)) == NULL)
		abort();
	st->boot.fd = st->register_fd = -1;
	st->commit = commit_flags(opt->sync);
	st->lease_size = opt->lease == 0 ? 64 : opt->lease;
	st->tell = opt->tell;
	st->tell_arg = opt->tell_arg;
	if ((e = check_folder(st)) == ERR_OK) {
		st->next = opened;
		opened = st;
		e = enter(st);
	}
	if (e == ERR_OK)
		e = watch_start(st);
	if (e == ERR_OK && st->db[TABLE_META] == NULL)
		e = table_open_all(st);
	if (e != ERR_OK)
		store_close(st);
	else
		*out = st;
	return e;
}

void
store_close(struct store *st)
{
	struct store **o = &opened;

	if (st == NULL)
		return;
	while (*o != NULL && *o != st)
		o = &(*o)->next;
	if (*o != NULL)
		*o = st->next;
	(void)!ordinal_give_back(st);
	column_close(st);
	dict_close(st);
	told_close(st);
	table_close_all(st);
	if (st->env != NULL) {
		boot_finish(st->dir, &st->boot);
		(void)!store_rc(st, st->env->close(st->env, 0), "close");
	}
	watch_stop(st);
	if (st->register_fd >= 0)
		close(st->register_fd);
	boot_leave(&st->boot);
	free(st->row);
	free(st->dir);
	free(st);
}
