#include "wallet/apple/images.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"

#define LOOK_EVERY 1000 /* milliseconds */
#define IMAGE_MAX  (2L * 1024 * 1024)
#define KEPT_BYTES ((size_t)4 * 1024 * 1024)
#define KEPT_FILES 4096

struct cached {
	const char *path; /* the key, and first; it is `name` */
	int64_t looked;
	bool fresh;     /* looked at never, or the file was changed */
	struct stat st; /* st_nlink 0: there is no such file */
	char *data;
	size_t len;
	char sha1[2 * SHA_DIGEST_LENGTH + 1];
	char name[];
};

static void *kept; /* tsearch(3) */
static size_t kept_bytes, kept_files;

/* Of two structs cached, or pointers to a path. */
static int
by_path(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void
forget(struct cached *k)
{
	(void)tdelete(k, &kept, by_path);
	kept_bytes -= k->len;
	kept_files--;
	free(k->data);
	free(k);
}

static struct cached *
cached_file(const char *path)
{
	void *place = tfind(&path, &kept, by_path);
	struct cached *k;
	size_t len = strlen(path) + 1;

	if (place != NULL)
		return *(struct cached **)place;
	if ((k = calloc(1, sizeof(*k) + len)) == NULL)
		abort();
	memcpy(k->name, path, len);
	k->path = k->name;
	k->fresh = true;
	if (tsearch(k, &kept, by_path) == NULL)
		abort();
	kept_files++;
	return k;
}

/* The file's bytes; errno is set on false. */
static bool
read_all(int fd, char *data, size_t len)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = read(fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
	}
	return true;
}

static bool
load(struct cached *k)
{
	unsigned char md[SHA_DIGEST_LENGTH];
	size_t len = (size_t)k->st.st_size;
	char *data = NULL;
	int fd = -1, saved;
	bool done = false;

	errno = EFBIG;
	if (!S_ISREG(k->st.st_mode) || k->st.st_size > IMAGE_MAX ||
	    (fd = open(k->path, O_RDONLY | O_CLOEXEC)) < 0)
		goto out;
	if ((data = malloc(len + 1)) == NULL)
		abort();
	if (!read_all(fd, data, len))
		goto out;
	SHA1((unsigned char *)data, len, md);
	text_hex(k->sha1, md, sizeof(md));
	kept_bytes += len - k->len;
	free(k->data);
	k->data = data;
	k->len = len;
	data = NULL;
	done = true;
out:
	saved = errno;
	free(data);
	if (fd >= 0)
		close(fd);
	errno = saved;
	return done;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size && a->st_nlink == b->st_nlink &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum err
look(struct cached *k, int64_t now)
{
	struct stat st;

	if (!k->fresh && now >= k->looked && now < k->looked + LOOK_EVERY)
		return ERR_OK;
	if (stat(k->path, &st) != 0)
		st = (struct stat){ .st_nlink = 0 };
	if (!k->fresh && same_file(&st, &k->st)) {
		k->looked = now;
		return ERR_OK;
	}
	k->st = st;
	k->fresh = true;
	if (st.st_nlink > 0 && !load(k)) {
		log_error("apple_image", "file", k->path, "why",
		    errno == EFBIG ? "no file, or over 2 MiB" : strerror(errno),
		    NULL);
		return ERR_INTERNAL;
	}
	k->fresh = false;
	k->looked = now;
	return ERR_OK;
}

struct finder {
	struct arena *a;
	const struct images_query *q;
	struct image *out;
	size_t n;
};

/* One file, under `name` with `scale` before the ending. */
static enum err
find_one(struct finder *f, const char *folder, const char *name,
    const char *file, const char *scale)
{
	const char *dot = strrchr(file, '.');
	int stem = (int)(dot == NULL ? strlen(file) : (size_t)(dot - file));
	struct cached *k;
	enum err e;

	k = cached_file(arena_printf(f->a, "%s/%s%.*s%s%s", f->q->dir, folder,
	    stem, file, scale, file + stem));
	if ((e = look(k, f->q->now)) != ERR_OK || k->st.st_nlink == 0)
		return e;
	f->out[f->n++] = (struct image){
		.name = arena_printf(f->a, "%s%s%s.png", folder, name, scale),
		.path = k->path,
		.data = { k->data, k->len },
		.sha1 = k->sha1,
	};
	return ERR_OK;
}

static enum err
find_in(struct finder *f, const char *folder)
{
	static const char *const scales[] = { "", "@2x", "@3x" };
	enum err e = ERR_OK;

	json_object_object_foreach(f->q->images, name, value)
	{
		const char *file = json_object_get_string(value);

		if (!json_object_is_type(value, json_type_string) ||
		    !ident_is_name(slice_of(name)) || *file == '/' ||
		    strstr(file, "..") != NULL)
			continue;
		for (size_t i = 0; e == ERR_OK && i < 3; i++)
			e = find_one(f, folder, name, file, scales[i]);
	}
	return e;
}

enum err
images_find(struct arena *a, const struct images_query *q, struct image **out,
    size_t *n)
{
	struct finder f = { .a = a, .q = q };
	enum err e = ERR_OK;

	*n = 0;
	if (kept_bytes > KEPT_BYTES || kept_files > KEPT_FILES) {
		while (kept != NULL)
			forget(*(struct cached **)kept);
	}
	if (!json_object_is_type(q->images, json_type_object))
		return ERR_OK;
	f.out = arena_alloc(a,
	    (size_t)json_object_object_length(q->images) * 3 *
		(q->languages->n + 1) * sizeof(*f.out));
	e = find_in(&f, "");
	for (size_t i = 0; e == ERR_OK && i < q->languages->n; i++)
		e = find_in(
		    &f, arena_printf(a, "%s.lproj/", q->languages->s[i]));
	*out = f.out;
	*n = f.n;
	return e;
}
