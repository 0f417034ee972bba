#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * store - the only room that knows Berkeley DB.
 *
 * One environment per tenant, in its data/ folder.  No DB, DBT or DB_* code
 * leaves this directory.  Values come back copied into the caller's arena; a
 * struct txn never outlives its callback.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/query.h"

struct store;
struct store_due; /* store/due.h */
struct txn;

enum store_sync { STORE_SYNC, STORE_WRITE_NOSYNC, STORE_NOSYNC };

/*
 * Called with the `n` events of a transaction of `dir` after its commit; they
 * are good during the call.  It must not use the store.
 */
struct event; /* store/event.h */
typedef void store_tell_fn(
    void *arg, const char *dir, const struct event *events, size_t n);

struct store_options {
	enum store_sync sync; /* what a commit survives */
	unsigned lease;       /* ordinals taken at a time; 0: 64 */
	store_tell_fn *tell;  /* or NULL */
	void *tell_arg;
};

/*
 * Open (and, after a crash or another boot, recover) the environment in
 * `dir`, which is made if it is missing.  ERR_BUSY, logged: a process that is
 * not ours holds it, or the folder cannot be written to, try later;
 * ERR_INTERNAL: logged (a network file system, a newer format...).  When the
 * environment is lost later on, the process logs it and ends itself with
 * EX_TEMPFAIL; so it does on a SIGBUS, which is how shared memory meets a full
 * disk.  A folder is open once in a process at most.
 */
MUST_CHECK enum err store_open(
    const char *dir, const struct store_options *opt, struct store **out);
void store_close(struct store *st);

/*
 * Run `fn` in a transaction: commit if it returns ERR_OK, else abort.  It is
 * durable (as `sync` says) when this returns.  A deadlock victim is run again
 * from the start, so `fn` must touch nothing but the store and its own
 * results, and do nothing slow.  ERR_BUSY: still a victim after many tries.
 */
typedef enum err store_fn(struct txn *t, void *arg);
MUST_CHECK enum err store_run(struct store *st, store_fn *fn, void *arg);

/*
 * Run `fn`, which only reads, without a transaction, again while it returns
 * ERR_BUSY.  What it reads is committed; it is durable after store_flush(),
 * which an answer that builds on it without a change of its own has to wait
 * for.
 */
MUST_CHECK enum err store_read(struct store *st, store_fn *fn, void *arg);

/*
 * store_run() for a transaction that adds or changes dozens of passes: what is
 * indexed by columns is written together, and nobody waits for its locks while
 * it waits for the disk.  It is whole in any case, but durable only after
 * store_flush() or a later store_run().
 */
MUST_CHECK enum err store_run_many(struct store *st, store_fn *fn, void *arg);
MUST_CHECK enum err store_flush(struct store *st);

/* -- passes --------------------------------------------------------------- */

/* Wallets, where a pass may be installed. */
#define STORE_APPLE  1
#define STORE_GOOGLE 2

/*
 * An indexed field: "identifiers.email", "x@example.org".  Any bytes.  It is
 * for store_field_find(), and for queries as well.
 */
struct store_field {
	struct slice name, value;
};

/* A field that is for queries only; what a pass has not is not listed. */
enum store_kind {
	STORE_TEXT,   /* text; a boolean, array or object as JSON */
	STORE_HOLLOW, /* an empty array or object, as JSON */
	STORE_NUMBER, /* its canonical text */
	STORE_DATE,   /* `number`: milliseconds since 1970 */
	STORE_SET,    /* `number`: STORE_APPLE | STORE_GOOGLE */
};
struct store_column {
	struct slice name, value;
	enum store_kind kind;
	int64_t number;
};

struct store_pass {
	const char *id;
	uint32_t ordinal;      /* given at the first put; never changes */
	uint64_t tag;          /* change tag; 0: not stamped since its change */
	struct slice document; /* at most 288 KiB */
	struct store_field *fields; /* what is indexed; not filled by reads */
	size_t nfields;
	struct store_column *columns; /* not filled, too */
	size_t ncolumns;
	const unsigned char *unique;  /* 32 bytes, or NULL; not filled */
	const struct store_due *owes; /* by being changed to this, or NULL */
	bool same;                    /* to wallets: the tag is kept */
};

/*
 * Read one pass, as it was last committed or, in a transaction, as that sees
 * it.  With `update` the row is locked for the put that follows.
 */
MUST_CHECK enum err store_pass_read(
    struct store *st, const char *id, struct arena *a, struct store_pass *out);
MUST_CHECK enum err store_pass_get(struct txn *t, const char *id, bool update,
    struct arena *a, struct store_pass *out);

/* The pass whose id follows `after`, "" for the first.  ERR_NOTFOUND: none. */
MUST_CHECK enum err store_pass_next(
    struct store *st, const char *after, struct arena *a, const char **id);

/*
 * Store a new pass and its index entries.  ERR_CONFLICT: the id or the unique
 * digest is taken; nothing is written and the transaction may go on.
 * ERR_TOOBIG: the document.  ERR_INVALID, where the transaction must not be
 * committed: an id of no or over 50 characters, a field name with a NUL, or a
 * name and a value of over 1023 bytes together.
 */
MUST_CHECK enum err store_pass_add(struct txn *t, struct store_pass *p);

/*
 * Replace `old`, as this transaction read it, by `p`: same id; both with their
 * fields and unique digests.
 * The tag becomes 0, unless `p` is the same to wallets, and what `p` owes is
 * due.  ERR_CONFLICT as above.
 */
MUST_CHECK enum err store_pass_change(
    struct txn *t, const struct store_pass *old, struct store_pass *p);

/* Remove the pass and every index entry of `old`, which has its fields. */
MUST_CHECK enum err store_pass_remove(
    struct txn *t, const struct store_pass *old);

/* The id that holds a unique digest. */
MUST_CHECK enum err store_unique_find(struct txn *t,
    const unsigned char unique[32], struct arena *a, const char **id);

/*
 * The ids of passes that have all of the `n` fields (n >= 1), in the order
 * of their ordinals, at most `max`; `*nids` tells how many.  Outside a
 * transaction; none found is ERR_OK and 0.
 */
MUST_CHECK enum err store_field_find(struct store *st,
    const struct store_field *fields, size_t n, struct arena *a,
    const char **ids, size_t max, size_t *nids);

/* The same in a transaction, which others wait for to add such a pass. */
struct store_find {
	const struct store_field *fields;
	size_t n;
	const char **ids;
	size_t max;
	size_t nids; /* that were found */
};
MUST_CHECK enum err store_field_get(
    struct txn *t, struct store_find *f, struct arena *a);

/*
 * Call `fn` for every pass in the order of ids until it returns another err
 * than ERR_OK, which is then returned.  No lock is held while `fn` runs; the
 * pass is good during the call.  Changes made meanwhile may or may not show.
 */
typedef enum err store_each_fn(const struct store_pass *p, void *arg);
MUST_CHECK enum err store_each(struct store *st, store_each_fn *fn, void *arg);

/*
 * Random bytes that were made when they were first asked for, and stay: to
 * derive names that nobody else can guess.
 */
#define STORE_SECRET_LEN 32
MUST_CHECK enum err store_secret(
    struct store *st, unsigned char out[STORE_SECRET_LEN]);

/* -- asking about all of them --------------------------------------------- */

/*
 * Answers take no lock for longer than a page of the index is read: they are
 * exact when nobody writes, and otherwise see a change that commits
 * meanwhile or not.  Filters and sorts must be sensible ones (query.h).
 * Memory: some bits a pass, and where a field is sorted by, four bytes for
 * each text that it ever had.
 */
MUST_CHECK enum err store_query(struct store *st, const struct query *q,
    struct arena *a, struct query_page *out);

/* The ordinals of all passes that meet the filters of `q`. */
struct store_set {
	uint64_t *bits; /* of ordinal n: bits[n / 64] >> n % 64 & 1 */
	size_t nwords;
	uint64_t count;
};
MUST_CHECK enum err store_select(struct store *st, const struct query *q,
    struct arena *a, struct store_set *out);

struct store_stats {
	uint64_t total;
	uint64_t active; /* installed anywhere */
	uint64_t apple, google;
};

/* Of all passes, or, unless NULL, of one type. */
MUST_CHECK enum err store_stats(
    struct store *st, const char *type, struct store_stats *out);

/* How many passes there are; exact when nobody writes. */
MUST_CHECK enum err store_count(struct store *st, uint64_t *n);

/* -- looking after it ------------------------------------------------------ */

/*
 * Compare every index entry with what `index` says of each document, and the
 * databases' own structure.  Each thing found is told to `report`.
 */
typedef enum err store_index_fn(
    struct arena *a, struct store_pass *p, void *arg);
typedef void store_report_fn(void *arg, const char *text);
MUST_CHECK enum err store_verify(struct store *st, store_index_fn *index,
    store_report_fn *report, void *arg, uint64_t *faults);

/*
 * The same, putting right what is wrong with the indexes, and telling how
 * many of the passes were looked at; others may read and write meanwhile.
 * What is wrong with a document or a file is for a backup.
 */
typedef void store_progress_fn(void *arg, uint64_t done, uint64_t total);
MUST_CHECK enum err store_reindex(struct store *st, store_index_fn *index,
    store_progress_fn *progress, void *arg, uint64_t *mended);

/*
 * Copy the databases and their log into `dir`/data, which must not exist,
 * while others read and write: what was committed before the call is there.
 * It is made under the name data.part and renamed when it is whole and on
 * the disk.  Of removed passes it has what the log has, no more.  ERR_TOOBIG:
 * no room; ERR_BUSY: a checkpoint does not end.
 */
MUST_CHECK enum err store_backup(
    struct store *st, const char *dir, store_progress_fn *progress, void *arg);

/*
 * Forget the texts of columns that no pass has any more, which takes a second
 * at least; others may read and write meanwhile.
 */
MUST_CHECK enum err store_forget_texts(struct store *st);

/*
 * Begin a new file of the log and remove those before it, with what they hold
 * of passes that were removed.  ERR_BUSY, logged: somebody's transaction, or
 * a backup, does not end.
 */
MUST_CHECK enum err store_log_cut(struct store *st);

/* Write a checkpoint if more than `kbytes` of log came since the last. */
MUST_CHECK enum err store_checkpoint(struct store *st, unsigned kbytes);

/* -- the environments of one process -------------------------------------- */

/*
 * At most 16 are open at once; the one least recently used is closed.  A
 * store is good until the next stores_get(), or stores_free().
 */
struct stores;
struct stores *stores_new(const struct store_options *opt);
MUST_CHECK enum err stores_get(
    struct stores *ss, const char *dir, struct store **out);
void stores_free(struct stores *ss);

/* Read from each that is open; ERR_OK when all of them answer. */
MUST_CHECK enum err stores_ask(struct stores *ss, struct arena *a);

#endif
