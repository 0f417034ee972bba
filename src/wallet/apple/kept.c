#include "wallet/apple/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define GRACE      60 /* seconds that a replaced file stays */
#define KEY_DIGITS 32 /* of the key in a file's name */
#define ENDING     ".pkpass"

/* KEY-ETAG-MODIFIED.pkpass */
#define NAME_MIN (KEY_DIGITS + 1 + 40 + 1)

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

bool
kept_find(struct arena *a, const struct kept_key *key, struct kept *out)
{
	const char *slot = slot_dir(a, key->dir, key->id);
	char digits[KEY_DIGITS + 1];
	const struct dirent *de;
	bool found = false;
	DIR *d;

	if ((d = opendir(slot)) == NULL)
		return false;
	text_hex(digits, key->digest, KEY_DIGITS / 2);
	while (!found && (de = readdir(d)) != NULL)
		if (parse_name(de->d_name, digits, out)) {
			out->path = arena_printf(a, "%s/%s", slot, de->d_name);
			found = true;
		}
	closedir(d);
	return found;
}

/* Remove what is in the slot but `keep` (NULL: all) and is old enough. */
static void
clean(struct arena *a, const char *slot, const char *keep, int64_t before)
{
	const struct dirent *de;
	struct stat st;
	DIR *d;

	if ((d = opendir(slot)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		const char *path = arena_printf(a, "%s/%s", slot, de->d_name);

		if (de->d_name[0] == '.' && de->d_name[1] != 't')
			continue; /* the folder itself and its parent */
		if (keep != NULL && strcmp(path, keep) == 0)
			continue;
		if (stat(path, &st) == 0 && st.st_mtime <= before)
			(void)unlink(path);
	}
	closedir(d);
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
write_file(struct arena *a, const char *slot, const char *path, struct slice s)
{
	const char *tmp = arena_printf(a, "%s/.tmp.%ld", slot, (long)getpid());
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int rc;

	if (fd < 0)
		return -1;
	rc = write_all(fd, s);
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

	text_hex(digits, key->digest, KEY_DIGITS / 2);
	path = arena_printf(a, "%s/%s-%.40s-%lld" ENDING, slot, digits,
	    k->etag + 1, (long long)k->modified);
	if (make_slot(a, key->dir, slot) != 0 ||
	    write_file(a, slot, path, zip) != 0) {
		log_failure(slot, now);
		return;
	}
	clean(a, slot, path, now / 1000 - GRACE);
}

void
kept_remove(struct arena *a, const char *dir, const char *id)
{
	clean(a, slot_dir(a, dir, id), NULL, INT64_MAX);
}
