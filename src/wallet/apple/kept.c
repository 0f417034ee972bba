#include "wallet/apple/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

#define KEY_DIGITS 32 /* of the key in a file's name */
#define ENDING     ".pkpass"

/* KEY-ETAG-MODIFIED.pkpass */
#define NAME_MIN     (KEY_DIGITS + 1 + 40 + 1)
#define NAME_MAX_LEN (NAME_MIN + 20 + sizeof(ENDING) - 1)

/*
 * Names that this process found of late: a slot need not be read for them.
 * Whether the file is there is for the file system to say.
 */
#define FOUND 4096
static struct found {
	unsigned char digest[32];
	char name[NAME_MAX_LEN + 1];
} found[FOUND];

static const char *
slot_dir(struct arena *a, const char *dir, const char *id)
{
	uint32_t h = 2166136261u; /* FNV-1a: spreads, protects nothing */

	for (const char *p = id; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return arena_printf(a, "%s/kept/%03x", dir, h % KEPT_SLOTS);
}

/* Read etag and time from a name that begins with the key. */
static bool
parse_name(const char *name, const char *digits, struct kept *out)
{
	char *end;

	if (strncmp(name, digits, KEY_DIGITS) != 0 ||
	    strlen(name) <= NAME_MIN || name[KEY_DIGITS] != '-')
		return false;
	(void)snprintf(
	    out->etag, sizeof(out->etag), "\"%.40s\"", name + KEY_DIGITS + 1);
	out->modified = strtoll(name + NAME_MIN, &end, 10);
	return strcmp(end, ENDING) == 0;
}

/* The name in a slot begins with this. */
static void
key_digits(const struct kept_key *key, char out[KEY_DIGITS + 1])
{
	static char boot[40];
	unsigned char md[DIGEST_LEN];
	char all[sizeof(key->digest) + sizeof(boot)];
	FILE *f;

	if (boot[0] == '\0' &&
	    (f = fopen("/proc/sys/kernel/random/boot_id", "re")) != NULL) {
		if (fgets(boot, sizeof(boot), f) == NULL)
			boot[0] = '\0';
		fclose(f);
	}
	memcpy(all, key->digest, sizeof(key->digest));
	memcpy(all + sizeof(key->digest), boot, sizeof(boot));
	digest_sha256(all, sizeof(all), md);
	text_hex(out, md, KEY_DIGITS / 2);
}

/* Nobody asked for it of late; a clock that went back makes that unknown. */
static bool
is_old(const struct stat *st, int64_t now, int64_t seconds)
{
	int64_t age = now / 1000 - st->st_mtime;

	return age > seconds || age < -seconds;
}

/* Hold the slot: what is found in it is not removed meanwhile. */
static DIR *
slot_open(const char *slot, int operation)
{
	DIR *d = opendir(slot);

	while (d != NULL && flock(dirfd(d), operation) != 0 && errno == EINTR)
		;
	return d;
}

static bool
look(DIR *d, const char *name, struct stat *st)
{
	return fstatat(dirfd(d), name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st->st_mode);
}

static struct found *
found_at(const struct kept_key *key)
{
	return &found[(key->digest[0] << 8 | key->digest[1]) % FOUND];
}

static void
remember(const struct kept_key *key, const char *name)
{
	struct found *f = found_at(key);
	size_t len = strlen(name);

	if (len >= sizeof(f->name))
		return;
	memcpy(f->digest, key->digest, sizeof(f->digest));
	memcpy(f->name, name, len + 1);
}

bool
kept_recall(const struct kept_key *key, struct kept *out)
{
	const struct found *f = found_at(key);

	out->path = NULL;
	return f->name[0] != '\0' &&
	    memcmp(f->digest, key->digest, sizeof(f->digest)) == 0 &&
	    parse_name(f->name, f->name, out);
}

/*
 * Nobody removes a file this young before the web server has opened it, so it
 * needs no lock; an older one has to be touched under one.
 */
static bool
recall(struct arena *a, const struct kept_key *key, const char *slot,
    int64_t now, struct kept *out)
{
	struct stat st;

	if (!kept_recall(key, out))
		return false;
	out->path = arena_printf(a, "%s/%s", slot, found_at(key)->name);
	return lstat(out->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    !is_old(&st, now, KEPT_GRACE / 2);
}

static bool
search(struct arena *a, const struct kept_key *key, const char *slot,
    int64_t now, struct kept *out)
{
	const char *name = NULL;
	const struct timespec at = { .tv_sec = (time_t)(now / 1000) };
	const struct timespec times[2] = { at, at };
	char digits[KEY_DIGITS + 1];
	const struct dirent *de;
	struct stat st;
	DIR *d;

	if ((d = slot_open(slot, LOCK_SH)) == NULL)
		return false;
	key_digits(key, digits);
	while (name == NULL && (de = readdir(d)) != NULL)
		if (parse_name(de->d_name, digits, out))
			name = de->d_name;
	if (name != NULL && !look(d, name, &st))
		name = NULL;
	if (name != NULL && is_old(&st, now, KEPT_GRACE / 2) &&
	    utimensat(dirfd(d), name, times, 0) != 0)
		name = NULL;
	if (name != NULL) {
		remember(key, name);
		out->path = arena_printf(a, "%s/%s", slot, name);
	}
	closedir(d);
	return name != NULL;
}

bool
kept_find(
    struct arena *a, const struct kept_key *key, int64_t now, struct kept *out)
{
	const char *slot = slot_dir(a, key->dir, key->id);

	return recall(a, key, slot, now, out) || search(a, key, slot, now, out);
}

/* Remove what is old; true when there is room for one more. */
static bool
make_room(const char *slot, int64_t now)
{
	const struct dirent *de;
	struct stat st;
	int n = 0;
	DIR *d;

	if ((d = slot_open(slot, LOCK_EX)) == NULL)
		return false;
	while ((de = readdir(d)) != NULL)
		if (look(d, de->d_name, &st) &&
		    (!is_old(&st, now, KEPT_GRACE) ||
			unlinkat(dirfd(d), de->d_name, 0) != 0))
			n++;
	closedir(d);
	return n < KEPT_WAYS;
}

static int
write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.s, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s.s += n;
		s.len -= (size_t)n;
	}
	return 0;
}

/* Write to a temporary name, then rename: nobody sees half a file. */
static int
write_file(struct arena *a, const char *slot, const char *path, struct slice s,
    int64_t now)
{
	const struct timespec at = { .tv_sec = (time_t)(now / 1000) };
	const struct timespec times[2] = { at, at };
	const char *tmp = arena_printf(a, "%s/.tmp.%ld", slot, (long)getpid());
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int rc;

	if (fd < 0)
		return -1;
	rc = write_all(fd, s);
	if (rc == 0)
		rc = futimens(fd, times);
	if (close(fd) != 0 || rc != 0 || rename(tmp, path) != 0) {
		rc = errno;
		(void)unlink(tmp);
		errno = rc;
		return -1;
	}
	return 0;
}

static int
make_slot(struct arena *a, const char *dir, const char *slot)
{
	if (mkdir(slot, 0750) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -1;
	if (mkdir(arena_printf(a, "%s/kept", dir), 0750) != 0 &&
	    errno != EEXIST)
		return -1;
	return mkdir(slot, 0750) == 0 || errno == EEXIST ? 0 : -1;
}

static void
log_failure(const char *slot, int64_t now)
{
	static int64_t last = -60000;

	if (now - last < 60000 && now >= last)
		return;
	last = now;
	log_warning("kept", "file", slot, "why", strerror(errno), NULL);
}

void
kept_store(struct arena *a, const struct kept_key *key, const struct kept *k,
    struct slice zip, int64_t now)
{
	const char *slot = slot_dir(a, key->dir, key->id), *path;
	char digits[KEY_DIGITS + 1];

	key_digits(key, digits);
	path = arena_printf(a, "%s/%s-%.40s-%lld" ENDING, slot, digits,
	    k->etag + 1, (long long)k->modified);
	if (make_slot(a, key->dir, slot) != 0 ||
	    (make_room(slot, now) && write_file(a, slot, path, zip, now) != 0))
		log_failure(slot, now);
}

void
kept_forget(struct arena *a, const char *dir, const char *id)
{
	DIR *d = slot_open(slot_dir(a, dir, id), LOCK_EX);
	const struct dirent *de;

	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), de->d_name, 0);
	closedir(d);
}
