/*
 * put - bare durable puts of one document into a Berkeley DB btree: what a
 * POST or a PATCH is measured against.
 * usage: put DIR BYTES PROCESSES SECONDS
 */

#include <db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "crew.h"

#define CACHE     (32u << 20)
#define PAGE      16384
#define KEY_BYTES 12

static const char *dir;
static u_int32_t document_bytes;

struct target {
	DB_ENV *env;
	DB *db;
	char *document;
};

static int
open_env(DB_ENV **env, u_int32_t more)
{
	int e = db_env_create(env, 0);

	if (e != 0)
		return e;
	(*env)->set_errfile(*env, stderr);
	if ((e = (*env)->set_cachesize(*env, 0, CACHE, 1)) != 0 ||
	    (e = (*env)->set_lk_detect(*env, DB_LOCK_MINWRITE)) != 0 ||
	    (e = (*env)->log_set_config(*env, DB_LOG_AUTO_REMOVE, 1)) != 0)
		return e;
	return (*env)->open(*env, dir,
	    DB_CREATE | DB_INIT_MPOOL | DB_INIT_TXN | DB_INIT_LOCK |
		DB_INIT_LOG | more,
	    0600);
}

static int
open_db(DB_ENV *env, DB **db)
{
	int e = db_create(db, env, 0);

	if (e != 0)
		return e;
	if ((e = (*db)->set_pagesize(*db, PAGE)) != 0)
		return e;
	return (*db)->open(*db, NULL, "put.db", NULL, DB_BTREE,
	    DB_CREATE | DB_AUTO_COMMIT, 0600);
}

static void
end(void *state)
{
	struct target *t = state;

	if (t->db != NULL)
		t->db->close(t->db, 0);
	if (t->env != NULL)
		t->env->close(t->env, 0);
	free(t->document);
	free(t);
}

static void *
start(int n)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->document = malloc(document_bytes)) == NULL ||
	    open_env(&t->env, 0) != 0 || open_db(t->env, &t->db) != 0)
		return NULL; /* the process ends anyway */
	memset(t->document, 'a' + n, document_bytes);
	return t;
}

static int
put_once(struct target *t)
{
	unsigned char key[KEY_BYTES];
	DBT k = { .data = key, .size = sizeof(key) };
	DBT v = { .data = t->document, .size = document_bytes };
	DB_TXN *txn;
	int e;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -1;
	if ((e = t->env->txn_begin(t->env, NULL, &txn, DB_TXN_SYNC)) != 0)
		return e;
	if ((e = t->db->put(t->db, txn, &k, &v, 0)) != 0) {
		(void)txn->abort(txn);
		return e;
	}
	return txn->commit(txn, 0);
}

static bool
work(void *state)
{
	int e;

	while ((e = put_once(state)) == DB_LOCK_DEADLOCK)
		;
	return e == 0;
}

/* Make the environment before the crew comes, and close it again. */
static bool
prepare(void)
{
	DB_ENV *env;
	DB *db;

	return open_env(&env, DB_RECOVER) == 0 && open_db(env, &db) == 0 &&
	    db->close(db, 0) == 0 && env->close(env, 0) == 0;
}

int
main(int argc, char **argv)
{
	static const struct crew crew = { start, work, end };

	if (argc != 5)
		return 64;
	dir = argv[1];
	document_bytes = (u_int32_t)atoi(argv[2]);
	return prepare() ? crew_run(&crew, argv + 3) : 1;
}
