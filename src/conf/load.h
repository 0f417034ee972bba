#ifndef CONF_LOAD_H
#define CONF_LOAD_H

/*
 * load - what the readers of a tenant's files share; private to this room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/fault.h"
#include "conf/setting.h"
#include "conf/tenant.h"

#define LOAD_SECRET_MAX ((size_t)64 * 1024)

/* A place in a file, for faults. */
struct place {
	const char *file;
	int line;
};

/*
 * The whole of a regular file; `mtime` (may be NULL) in seconds.
 * ERR_NOTFOUND, ERR_TOOBIG over `max`, ERR_INTERNAL with errno set.
 */
MUST_CHECK enum err load_file(struct arena *a, const char *path, size_t max,
    struct slice *out, int64_t *mtime);

/*
 * A path of the tenant's files as an absolute one, NULL after a fault: `..`
 * is refused.  NULL stays NULL.
 */
const char *load_path(
    struct tenant *t, const char *path, struct place at, struct faults *f);

/* The same of every path of a wallet's section. */
void load_apple_paths(
    struct tenant *t, struct apple_conf *c, struct place at, struct faults *f);
void load_google_paths(
    struct tenant *t, struct google_conf *c, struct place at, struct faults *f);

/*
 * The contents of a secret's file, less one trailing newline.  A file that is
 * missing, empty or too large is a fault.
 */
bool load_secret(struct tenant *t, const char *path, struct place at,
    struct faults *f, struct slice *out);

/*
 * The names in a folder, sorted; none if there is no such folder.  Hidden
 * files and editors' copies (NAME~) are left out.
 */
struct strings load_folder(struct arena *a, const char *dir);

/* A fault unless `key` may be the key of an identifier. */
void load_identifier(const char *key, struct place at, struct faults *f);

/* http or https, a host, no user, query or fragment. */
bool load_is_url(const char *url);

/* en, fr, pt-BR, zh-Hans */
bool load_is_language(struct slice s);

/* security.yml; it may be missing. */
void security_load(struct tenant *t, struct faults *f);

/* layouts/; it may be missing. */
void layouts_load(struct tenant *t, struct faults *f);

/* server/passes/ */
void pass_types_load(struct tenant *t, int64_t tenant_mtime, struct faults *f);

/* server/providers/ and server/suppliers/ */
void remotes_load(struct tenant *t, struct faults *f);

/* The rows of the sections `apple` and `google`. */
extern const struct setting apple_settings[], google_settings[];

#endif
