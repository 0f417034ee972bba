#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

/*
 * private - what the files of this room share; nobody else includes it.
 *
 * Files of an environment: boot (boot.c), __db.register (register.c), the
 * other __db.* (shared regions), log.* and one database per table.
 */

#include <db.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "base/ident.h"
#include "store/due.h"
#include "store/operation.h"
#include "store/store.h"

#define STORE_ID_MAX     64           /* bytes of a pass id */
#define STORE_KEY_MAX    1024         /* bytes of an index key */
#define EVENT_LEN        144          /* bytes of its record */
#define STORE_DOC_MAX    (288U << 10) /* bytes of a document */
#define STORE_LOG_KBYTES (24 * 1024)  /* of log that call for a checkpoint */

enum table {
	TABLE_META,      /* name -> u32: the format, the next ordinal */
	TABLE_PASS,      /* id -> version, ordinal, tag, document */
	TABLE_ORDINAL,   /* ordinal -> id, in a record of fixed length */
	TABLE_UNIQUE,    /* digest -> id */
	TABLE_FIELD,     /* field name, 0, value -> ordinals, sorted */
	TABLE_OPERATION, /* id -> how far it is */
	TABLE_FROZEN,    /* operation, chunk -> data (chunk 0), then bits */
	TABLE_RELATED,   /* correlation id, 0, operation -> nothing */
	TABLE_DUE,       /* pass id -> what is owed */
	TABLE_SOURCE,    /* pass id -> where it was downloaded from */
	TABLE_DICT,      /* dictionary, text -> code; see dict.h */
	TABLE_COLUMN,    /* field, chunk -> cells; see column.h */
	TABLE_GOOGLE,    /* kind and id -> what is remembered; see google.c */
	TABLE_FRESH,     /* ordinal -> cells that are to go there */
	TABLE_EVENT,     /* queue of what happened; see event.h */
	TABLE_DAY,       /* day, pass type -> how often what happened */
	TABLE_DEVICE,    /* these four: see registration.c */
	TABLE_REGISTRATION,
	TABLE_HOLDER,
	TABLE_TOKEN,
	TABLE_ANSWER,   /* pass id, 0, provider -> its last good answer */
	TABLE_REFRESH,  /* pass id -> when its providers are asked */
	TABLE_MESSAGE,  /* pass id, 0, sequence -> what is to be told */
	TABLE_WEBHOOK,  /* id -> whom to tell what, and how it goes */
	TABLE_DELIVERY, /* webhook id, 0, when -> what it is to be told */
	TABLE__MAX
};

/* -- boot.c --------------------------------------------------------------- */

/*
 * The file `boot` in the folder: which boot of which machine the shared
 * regions belong to.  Every process that is attached holds it locked.
 */
struct boot {
	int fd;
	bool stale; /* the regions belong to another boot, and are gone */
	char now[256];
};

/*
 * Keep other openers out, then share the file; regions of another boot are
 * deleted first.  ERR_BUSY: processes that are not ours are attached.
 */
MUST_CHECK enum err boot_enter(const char *dir, struct boot *b);

/* The environment is open: write down the boot, let others in. */
MUST_CHECK enum err boot_settle(const char *dir, struct boot *b);

/* Make the next opener treat the regions as another boot's. */
void boot_spoil(struct boot *b);

/* One process at a time has the turn to write a checkpoint. */
bool boot_turn_take(struct boot *b);
/* The same, waiting for a minute; ERR_BUSY, logged. */
MUST_CHECK enum err boot_turn_wait(const char *dir, struct boot *b);
void boot_turn_end(struct boot *b);

/*
 * The environment is about to be closed: openers wait until boot_leave().  One
 * that read our slot of the register before it is freed, and tried the lock on
 * it after, would take us for dead and end everybody else; so would Berkeley
 * DB.
 */
void boot_finish(const char *dir, const struct boot *b);
void boot_leave(struct boot *b);

/* -- register.c ----------------------------------------------------------- */

/*
 * `fd` is of __db.register, which Berkeley DB locks by fcntl(2): it is opened
 * before and closed after the environment, because closing any descriptor of
 * the file drops the process's own locks.
 */
int register_open(const char *dir, bool create);

/* True when a process died attached, so that the next opener recovers. */
bool register_dead(int fd);

/* The same, asked by a process that is attached. */
bool register_fellow_died(int fd);

/*
 * End every process of ours that is attached, and wait until it is gone.
 * ERR_BUSY: one is not ours, or does not go; logged.
 */
MUST_CHECK enum err register_clear(int fd, const char *dir);

/* What of a process decides whether it is one of ours. */
bool register_is_ours(const char *exe, const char *own);

/* -- watch.c -------------------------------------------------------------- */

/*
 * From now on this process ends as store_lost() says, two seconds after
 * another one died attached.
 */
MUST_CHECK enum err watch_start(struct store *st);
void watch_stop(struct store *st);

/* -- event.c -------------------------------------------------------------- */

/* The events of the transaction in hand, for store_options.tell. */
struct told;
void told_clear(struct store *st); /* before each attempt */
void told_tell(struct store *st);  /* after the commit */
void told_close(struct store *st);

/* -- env.c ---------------------------------------------------------------- */

/* Ordinals next..end-1 are this process's to give. */
struct lease {
	uint32_t next, end;
};

struct store {
	DB_ENV *env;
	DB *db[TABLE__MAX];
	char *dir;
	struct boot boot;
	int register_fd;
	struct watch *watch;
	bool opening;     /* inside DB_ENV->open() */
	bool full;        /* a write failed since the last commit */
	u_int32_t commit; /* flags of DB_TXN->commit() */
	unsigned commits;
	struct lease lease;
	uint32_t lease_size;
	unsigned char *row; /* where a pass row is put together */
	size_t row_size;
	char *faults; /* what Berkeley DB says, which is not logged; or NULL */
	struct dict *dict;     /* codes that are remembered */
	struct column *column; /* see column.h */
	store_tell_fn *tell;   /* or NULL */
	void *tell_arg;
	struct told *told;
	dev_t dev;
	ino_t ino;
	struct store *next; /* the open ones of this process */
};

/* True for the f_type (statfs(2)) of a file system that will not do. */
bool env_remote(unsigned long type);

/* The one place where a code of Berkeley DB becomes one of ours; logs. */
MUST_CHECK enum err store_rc(struct store *st, int rc, const char *what);

/* The environment is lost to this process: log, and end it. */
noreturn void store_lost(struct store *st, const char *what);

/* -- table.c -------------------------------------------------------------- */

struct txn {
	struct store *st;
	DB_TXN *tid;    /* NULL outside a transaction */
	bool victim;    /* chosen to break a deadlock: run again */
	bool dry;       /* out of ordinals: lease more, run again */
	bool many;      /* see store_run_many() */
	bool own;       /* of store_run(), not one of ours in between */
	uint32_t taken; /* ordinals given in this attempt */
};

MUST_CHECK enum err table_open_all(struct store *st);
void table_close_all(struct store *st);
const char *table_file(enum table n);
/* A queue in several files, which come and go. */
bool table_is_split(enum table n);

/*
 * DB->get, put, del and cursor get; the key and value that come back are
 * good until the next call.  The only callers of Berkeley DB's access
 * methods in a transaction: here a victim is marked.
 */
MUST_CHECK enum err table_get(struct txn *t, enum table n, struct slice key,
    struct slice *value, u_int32_t flags);
/* ERR_NOTFOUND unless the table has exactly this pair. */
MUST_CHECK enum err table_has(
    struct txn *t, enum table n, struct slice key, struct slice value);
MUST_CHECK enum err table_put(struct txn *t, enum table n, struct slice key,
    struct slice value, u_int32_t flags);
MUST_CHECK enum err table_del(struct txn *t, enum table n, struct slice key);
/* Every row whose key begins so. */
MUST_CHECK enum err table_del_all(
    struct txn *t, enum table n, struct slice prefix);
/* Take the first record of a queue off, and tell its number. */
MUST_CHECK enum err table_consume(struct txn *t, enum table n, uint32_t *place);
MUST_CHECK enum err table_cursor(struct txn *t, enum table n, DBC **out);
MUST_CHECK enum err table_cursor_get(
    struct txn *t, DBC *c, DBT *key, DBT *value, u_int32_t flags);
MUST_CHECK enum err table_rc(struct txn *t, int rc, const char *what);

/*
 * Rows by the bulk, without any lock while `fn` runs: for reading all of a
 * table, but TABLE_ORDINAL.  For sorted duplicates each pair is a row.
 */
typedef enum err table_row_fn(struct slice key, struct slice value, void *arg);
MUST_CHECK enum err table_each(
    struct store *st, enum table n, table_row_fn *fn, void *arg);

static inline struct slice
table_slice(const void *p, size_t len)
{
	return (struct slice){ p, len };
}

static inline DBT
table_dbt(struct slice s)
{
	return (
	    DBT){ .data = (void *)(uintptr_t)s.s, .size = (u_int32_t)s.len };
}

static inline void
table_put32(unsigned char *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

static inline void
table_put64(unsigned char *p, uint64_t v)
{
	table_put32(p, (uint32_t)(v >> 32));
	table_put32(p + 4, (uint32_t)v);
}

static inline uint32_t
table_get32(const void *from)
{
	const unsigned char *p = from;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
table_get64(const void *from)
{
	const unsigned char *p = from;

	return (uint64_t)table_get32(p) << 32 | table_get32(p + 4);
}

/* -- run.c ---------------------------------------------------------------- */

/* Wait a little before attempt number `i` (the first is 0). */
void run_back_off(unsigned i);
#define RUN_TRIES 40

/* store_run() with commit flags. */
MUST_CHECK enum err run_with(
    struct store *st, store_fn *fn, void *arg, u_int32_t commit);

/* -- the tables ----------------------------------------------------------- */

/* A row of TABLE_PASS.  `out` points into it. */
MUST_CHECK enum err pass_decode(
    struct store *st, struct slice row, struct store_pass *out);

/* The next free ordinal; marks the transaction dry when there is none. */
MUST_CHECK enum err ordinal_take(struct txn *t, uint32_t *out);
/* The last one that was taken is not used. */
void ordinal_untake(struct txn *t);
/* Lease `n` more. */
MUST_CHECK enum err ordinal_lease(struct store *st, uint32_t n);
/*
 * What was leased and not given, unless others leased after us: a process
 * that serves one request should not use up a whole lease.
 */
MUST_CHECK enum err ordinal_give_back(struct store *st);
MUST_CHECK enum err ordinal_put(
    struct txn *t, uint32_t ordinal, const char *id);
MUST_CHECK enum err ordinal_del(struct txn *t, uint32_t ordinal);
/* `id` has room for STORE_ID_MAX + 1. */
MUST_CHECK enum err ordinal_find(struct txn *t, uint32_t ordinal, char *id);
/* All that were ever given are less; ERR_NOTFOUND: none was. */
MUST_CHECK enum err ordinal_bound(struct txn *t, uint32_t *bound);

/* Either digest may be NULL.  ERR_CONFLICT: `new` is taken. */
MUST_CHECK enum err unique_change(struct txn *t, const char *id,
    const unsigned char *old, const unsigned char *new);

/*
 * Bring the index entries of a pass from those of `old` to those of `new`;
 * either may be NULL.  ERR_INVALID: a name with a NUL, or too long a key.
 */
MUST_CHECK enum err field_change(struct txn *t, uint32_t ordinal,
    const struct store_pass *old, const struct store_pass *new);
/* The row of a bulk update's data and of `nwords` words of its set. */
MUST_CHECK enum err frozen_put(
    struct txn *t, const char *id, const struct operation_work *work);
MUST_CHECK enum err frozen_del(struct txn *t, const char *id);

/* The pass owes it from now on. */
MUST_CHECK enum err due_add(
    struct txn *t, const char *id, const struct store_due *owes);
/* It owes nothing any more. */
MUST_CHECK enum err due_forget(struct txn *t, const char *id);

/* The answers about it are forgotten. */
MUST_CHECK enum err answer_forget(struct txn *t, const char *id);

/* Its source is forgotten, if it has one. */
MUST_CHECK enum err source_forget(struct txn *t, const char *id);

/* Nobody is registered for it any more. */
MUST_CHECK enum err registration_forget(struct txn *t, const char *pass);

/* The key of a field; false when there can be none. */
bool field_key(const struct store_field *f, unsigned char *key, size_t *len);

#endif
