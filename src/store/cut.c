#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "store/private.h"

#define FILLS   64  /* of some 2 KB, between two looks */
#define TRIES   100 /* 10 s for the transactions of others */
#define WAIT_NS 100000000L

static enum err
present_file(struct store *st, u_int32_t *n)
{
	DB_LOG_STAT *stat = NULL;
	enum err e =
	    store_rc(st, st->env->log_stat(st->env, &stat, 0), "log stat");

	if (e == ERR_OK)
		*n = stat->st_cur_file;
	free(stat);
	return e;
}

static enum err
oldest_file(struct store *st, u_int32_t *n)
{
	char **list = NULL;
	enum err e = store_rc(st,
	    st->env->log_archive(st->env, &list, DB_ARCH_LOG), "log archive");

	*n = 0;
	if (e == ERR_OK && list != NULL)
		*n = (u_int32_t)strtoul(
		    list[0] + strcspn(list[0], "0123456789"), NULL, 10);
	free(list);
	return e;
}

/* Files are of one size: comments that recovery skips fill up this one. */
static enum err
begin_file(struct store *st, u_int32_t *was)
{
	u_int32_t now;
	enum err e = present_file(st, was);

	for (now = *was; e == ERR_OK && now == *was;) {
		for (int i = 0; e == ERR_OK && i < FILLS; i++)
			e = store_rc(st,
			    st->env->log_printf(
				st->env, NULL, "%1900s", "the log is cut"),
			    "log");
		if (e == ERR_OK)
			e = present_file(st, &now);
	}
	return e;
}

static enum err
remove_files(struct store *st, u_int32_t last)
{
	const struct timespec ts = { .tv_nsec = WAIT_NS };
	u_int32_t oldest = 0;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < TRIES; i++) {
		e = store_rc(st,
		    st->env->txn_checkpoint(st->env, 0, 0, DB_FORCE),
		    "checkpoint");
		if (e == ERR_OK)
			e = store_rc(st,
			    st->env->log_archive(st->env, NULL, DB_ARCH_REMOVE),
			    "log remove");
		if (e == ERR_OK)
			e = oldest_file(st, &oldest);
		if (e != ERR_OK || oldest > last)
			return e;
		nanosleep(&ts, NULL);
	}
	log_error("store_cut", "dir", st->dir, "why",
	    "a transaction that does not end holds the old log", NULL);
	return e == ERR_OK ? ERR_BUSY : e;
}

enum err
store_log_cut(struct store *st)
{
	u_int32_t last = 0;
	enum err e = boot_turn_wait(st->dir, &st->boot);

	if (e != ERR_OK)
		return e;
	if ((e = begin_file(st, &last)) == ERR_OK)
		e = remove_files(st, last);
	boot_turn_end(&st->boot);
	return e;
}
