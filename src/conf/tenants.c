#include "conf/tenants.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define KEPT          64   /* snapshots */
#define LOOK_MS       1000 /* between two looks at a folder */
#define TRIES         3    /* at a folder that moves while it is read */
#define FAULTS_LOGGED 5
#define ARENA_BLOCK   ((size_t)4096)

/*
 * A file written twice within one tick of the kernel's clock may look the
 * same; so what was read this soon after a change is read again.
 */
#define SETTLE_MS 100

/* What stat(2) says of all files that a snapshot is read from. */
struct look {
	unsigned char digest[32];
	int64_t newest; /* change of an inode, in ms */
};

struct entry {
	char *id;                 /* NULL: free */
	struct tenant *t;         /* NULL: never was one without fault */
	enum err last;            /* of the last try */
	struct look taken;        /* what `t` was read from */
	bool settled;             /* false: read it again even so */
	unsigned char logged[32]; /* digest of the faults in the log */
	int64_t looked;
	uint64_t used; /* order of use */
};

struct tenants {
	const struct server *s;
	struct entry entry[KEPT];
	uint64_t uses;
	struct arena *mounts_arena; /* NULL: never looked */
	const char **mounts;
	struct look mounts_taken;
	bool mounts_settled;
	int64_t mounts_looked;
};

/* -- looking ----------------------------------------------------------------
 */

struct looking {
	EVP_MD_CTX *digest;
	struct look *out;
	struct arena *a;
};

static void
look_bytes(struct looking *l, const void *p, size_t n)
{
	if (EVP_DigestUpdate(l->digest, p, n) != 1)
		abort();
}

static int64_t
ms_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* False if there is no such file; that is told too. */
static bool
look_file(struct looking *l, const char *path, struct stat *st)
{
	const bool there = stat(path, st) == 0;

	look_bytes(l, path, strlen(path) + 1);
	look_bytes(l, there ? "+" : "-", 1);
	if (!there)
		return false;
	look_bytes(l, &st->st_dev, sizeof(st->st_dev));
	look_bytes(l, &st->st_ino, sizeof(st->st_ino));
	look_bytes(l, &st->st_mode, sizeof(st->st_mode));
	look_bytes(l, &st->st_size, sizeof(st->st_size));
	look_bytes(l, &st->st_mtim, sizeof(st->st_mtim));
	look_bytes(l, &st->st_ctim, sizeof(st->st_ctim));
	if (ms_of(&st->st_ctim) > l->out->newest)
		l->out->newest = ms_of(&st->st_ctim);
	return true;
}

/* A folder's files; its folders are added to `more`. */
static void
look_folder(struct looking *l, const char *dir, struct strings *more)
{
	struct strings names = load_folder(l->a, dir);
	const char *path, **s;
	struct stat st;

	s = arena_alloc(l->a, (more->n + names.n + 1) * sizeof(*s));
	if (more->n > 0)
		memcpy(s, more->s, more->n * sizeof(*s));
	more->s = s;
	for (size_t i = 0; i < names.n; i++) {
		path = arena_printf(l->a, "%s/%s", dir, names.s[i]);
		if (look_file(l, path, &st) && S_ISDIR(st.st_mode))
			s[more->n++] = path;
	}
}

/*
 * All that tenant_load() reads, and the lists of the folders: tenant.yml,
 * security.yml, server/, secrets/, layouts/, and `outside` (may be NULL).
 */
static struct look
look_at(const char *dir, const struct strings *outside)
{
	static const char *const top[] = { "tenant.yml", "security.yml",
		"server", "secrets", "layouts" };
	struct look out = { .newest = 0 };
	struct looking l = { .out = &out };
	struct strings folders = { .n = 0 };
	struct stat st;

	l.a = arena_new(ARENA_BLOCK);
	if ((l.digest = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(l.digest, EVP_sha256(), NULL) != 1)
		abort();
	folders.s = arena_alloc(l.a, sizeof(top));
	for (size_t i = 0; i < sizeof(top) / sizeof(top[0]); i++) {
		const char *path = arena_printf(l.a, "%s/%s", dir, top[i]);

		if (look_file(&l, path, &st) && S_ISDIR(st.st_mode))
			folders.s[folders.n++] = path;
	}
	/* Three levels: server/, server/passes/, server/passes/TYPE/. */
	for (size_t i = 0, end, level = 0; level < 3; level++)
		for (end = folders.n; i < end; i++)
			look_folder(&l, folders.s[i], &folders);
	for (size_t i = 0; outside != NULL && i < outside->n; i++)
		look_file(&l, outside->s[i], &st);
	if (EVP_DigestFinal_ex(l.digest, out.digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(l.digest);
	arena_free(l.a);
	return out;
}

static bool
same(const struct look *a, const struct look *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* -- one tenant -------------------------------------------------------------
 */

static void
log_faults(const char *id, const struct faults *f)
{
	size_t logged = 0;

	for (size_t i = 0; i < f->n && logged < FAULTS_LOGGED; i++) {
		if (f->list[i].warning)
			continue;
		log_error("tenant_broken", "tenant", id, "file",
		    f->list[i].file, "line", text_num(f->list[i].line).s, "why",
		    f->list[i].text, NULL);
		logged++;
	}
	if (f->errors > logged)
		log_error("tenant_broken", "tenant", id, "count",
		    text_num((long long)f->errors).s, "why",
		    "that was not all: run passwright check", NULL);
}

/* Once for each state of the files and what is wrong with them. */
static void
log_once(struct entry *e, const struct look *state, const struct faults *f)
{
	struct buf b;
	unsigned char digest[sizeof(e->logged)];

	buf_init(&b, f->a);
	buf_add(&b, state->digest, sizeof(state->digest));
	for (size_t i = 0; i < f->n; i++)
		buf_printf(&b, "%s:%d:%s\n", f->list[i].file, f->list[i].line,
		    f->list[i].text);
	if (EVP_Digest(b.s, b.len, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	if (memcmp(digest, e->logged, sizeof(digest)) == 0)
		return;
	memcpy(e->logged, digest, sizeof(digest));
	log_faults(e->id, f);
}

static const char *
dir_of(struct arena *a, const struct tenants *ts, const char *id)
{
	return arena_printf(a, "%s/%s", ts->s->tenants, id);
}

/* ERR_BUSY when the folder changed while it was read. */
static enum err
load_once(struct tenants *ts, struct entry *e, struct faults *f, int64_t now)
{
	const char *dir = dir_of(f->a, ts, e->id);
	const struct look before = look_at(dir, NULL);
	struct tenant *t = NULL;
	struct look after;
	enum err err;

	err = tenant_load(ts->s, e->id, f, &t);
	after = look_at(dir, NULL);
	if (err != ERR_NOTFOUND && !same(&before, &after)) {
		tenant_free(t);
		return ERR_BUSY;
	}
	if (err == ERR_INVALID) {
		log_once(e, &after, f);
		return ERR_INTERNAL;
	}
	if (err != ERR_OK)
		return err;
	tenant_free(e->t);
	e->t = t;
	e->taken = look_at(dir, &t->outside);
	e->settled = e->taken.newest < now - SETTLE_MS;
	return ERR_OK;
}

static void
load_entry(struct tenants *ts, struct entry *e, int64_t now)
{
	struct arena *a = arena_new(ARENA_BLOCK);
	struct faults f;

	e->last = ERR_BUSY;
	for (int i = 0; i < TRIES && e->last == ERR_BUSY; i++) {
		faults_init(&f, a);
		e->last = load_once(ts, e, &f, now);
	}
	arena_free(a);
}

/* A state that was not taken is tried at every look: what mends it may be a
 * file that the look knows nothing of. */
static bool
is_current(struct tenants *ts, const struct entry *e)
{
	struct arena *a;
	struct look l;

	if (e->t == NULL || e->last != ERR_OK || !e->settled)
		return false;
	a = arena_new(ARENA_BLOCK);
	l = look_at(dir_of(a, ts, e->id), &e->t->outside);
	arena_free(a);
	return same(&l, &e->taken);
}

static void
drop(struct entry *e)
{
	tenant_free(e->t);
	free(e->id);
	*e = (struct entry){ .id = NULL };
}

static struct entry *
find(struct tenants *ts, const char *id)
{
	for (size_t i = 0; i < KEPT; i++)
		if (ts->entry[i].id != NULL && strcmp(ts->entry[i].id, id) == 0)
			return &ts->entry[i];
	return NULL;
}

/* A free entry, or the one whose last use is longest ago. */
static struct entry *
claim(struct tenants *ts, const char *id)
{
	struct entry *e = &ts->entry[0];

	for (size_t i = 1; i < KEPT; i++)
		if (ts->entry[i].used < e->used)
			e = &ts->entry[i];
	drop(e);
	if ((e->id = strdup(id)) == NULL)
		abort();
	return e;
}

static bool
exists(const struct tenants *ts, const char *id)
{
	struct arena *a = arena_new(ARENA_BLOCK);
	struct stat st;
	bool is = stat(dir_of(a, ts, id), &st) == 0 && S_ISDIR(st.st_mode);

	arena_free(a);
	return is;
}

enum err
tenants_get(
    struct tenants *ts, const char *id, int64_t now, struct tenant **out)
{
	struct entry *e = find(ts, id);
	const bool fresh =
	    e != NULL && now >= e->looked && now - e->looked < LOOK_MS;

	if (!fresh) {
		if (!ident_is_tenant(slice_of(id)) || !exists(ts, id)) {
			if (e != NULL)
				drop(e);
			return ERR_NOTFOUND;
		}
		if (e == NULL)
			e = claim(ts, id);
		e->looked = now;
		if (!is_current(ts, e))
			load_entry(ts, e, now);
	}
	e->used = ++ts->uses;
	if (e->t == NULL)
		return e->last;
	*out = e->t;
	return ERR_OK;
}

/* -- all tenants ------------------------------------------------------------
 */

struct tenants *
tenants_new(const struct server *s)
{
	struct tenants *ts = calloc(1, sizeof(*ts));

	if (ts == NULL)
		abort();
	ts->s = s;
	return ts;
}

void
tenants_free(struct tenants *ts)
{
	if (ts == NULL)
		return;
	for (size_t i = 0; i < KEPT; i++)
		drop(&ts->entry[i]);
	arena_free(ts->mounts_arena);
	free(ts);
}

/* What may be tenants, by its name. */
static struct strings
names_of(struct arena *a, const struct server *s)
{
	const struct strings all = load_folder(a, s->tenants);
	struct strings l = { .s = all.s };

	for (size_t i = 0; i < all.n; i++)
		if (ident_is_tenant(slice_of(all.s[i])))
			l.s[l.n++] = all.s[i];
	return l;
}

enum err
tenants_list(struct arena *a, const struct server *s, struct strings *out)
{
	struct strings names;
	struct stat st;

	if (access(s->tenants, R_OK | X_OK) != 0) {
		log_error("tenants_unreadable", "file", s->tenants, "why",
		    strerror(errno), NULL);
		return ERR_INTERNAL;
	}
	names = names_of(a, s);
	*out = (struct strings){ .s = names.s };
	for (size_t i = 0; i < names.n; i++)
		if (stat(arena_printf(a, "%s/%s", s->tenants, names.s[i]),
			&st) == 0 &&
		    S_ISDIR(st.st_mode))
			out->s[out->n++] = names.s[i];
	return ERR_OK;
}

/* Only the stat of each tenant.yml. */
static struct look
look_at_mounts(const struct server *s, const struct strings *ids)
{
	struct look out = { .newest = 0 };
	struct looking l = { .out = &out };
	struct stat st;

	l.a = arena_new(ARENA_BLOCK);
	if ((l.digest = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(l.digest, EVP_sha256(), NULL) != 1)
		abort();
	for (size_t i = 0; i < ids->n; i++)
		look_file(&l,
		    arena_printf(
			l.a, "%s/%s/tenant.yml", s->tenants, ids->s[i]),
		    &st);
	if (EVP_DigestFinal_ex(l.digest, out.digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(l.digest);
	arena_free(l.a);
	return out;
}

/* The path of the url of a tenant.yml, "" if it has none. */
static const char *
mount_of(struct arena *a, const char *file)
{
	struct arena *scratch = arena_new(ARENA_BLOCK);
	struct json_object *in = NULL;
	const char *url, *path = NULL;
	struct faults f;

	faults_init(&f, scratch);
	if (yaml_read(scratch, file, file, &f, &in) == ERR_OK &&
	    (url = json_get_string(in, "url")) != NULL && load_is_url(url))
		path = strchr(strstr(url, "://") + 3, '/');
	path = arena_strdup(a, path == NULL ? "" : path);
	arena_free(scratch);
	return path;
}

static int
longest_first(const void *a, const void *b)
{
	const char *s = *(const char *const *)a, *t = *(const char *const *)b;
	const size_t n = strlen(s), m = strlen(t);

	return n != m ? (n < m) - (n > m) : strcmp(s, t);
}

static void
read_mounts(struct tenants *ts, struct arena *a, const struct strings *ids)
{
	const char **list = arena_alloc(a, (ids->n + 1) * sizeof(*list));
	size_t n = 0, kept = 0, len;
	const char *path;

	for (size_t i = 0; i < ids->n; i++) {
		path = mount_of(a,
		    arena_printf(
			a, "%s/%s/tenant.yml", ts->s->tenants, ids->s[i]));
		len = strlen(path);
		while (len > 0 && path[len - 1] == '/')
			len--;
		if (len > 0)
			list[n++] = arena_strndup(a, path, len);
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), longest_first);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(list[kept - 1], list[i]) != 0)
			list[kept++] = list[i];
	list[kept] = NULL;
	ts->mounts = list;
}

const char *const *
tenants_mounts(struct tenants *ts, int64_t now)
{
	struct arena *a;
	struct strings ids;
	struct look l;

	if (ts->mounts_arena != NULL && now >= ts->mounts_looked &&
	    now - ts->mounts_looked < LOOK_MS)
		return ts->mounts;
	ts->mounts_looked = now;
	a = arena_new(ARENA_BLOCK);
	ids = names_of(a, ts->s);
	l = look_at_mounts(ts->s, &ids);
	if (ts->mounts_arena != NULL && ts->mounts_settled &&
	    same(&l, &ts->mounts_taken)) {
		arena_free(a);
		return ts->mounts;
	}
	arena_free(ts->mounts_arena);
	ts->mounts_arena = a;
	ts->mounts_taken = l;
	ts->mounts_settled = l.newest < now - SETTLE_MS;
	read_mounts(ts, a, &ids);
	return ts->mounts;
}
