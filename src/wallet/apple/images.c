#include "wallet/apple/images.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"
#include "wallet/apple/archive.h"

#define LOOK_EVERY 1000 /* milliseconds */
#define IMAGE_MAX  (2L * 1024 * 1024)
#define SETS_MAX   64
#define SETS_BYTES ((size_t)8 * 1024 * 1024)

/* A place where an image may be. */
struct place {
	const char *name, *path;
	const char *file; /* below the folder */
	struct stat st;   /* st_nlink 0: there is no such file */
	const char *sha1; /* NULL: there is no such file */
};

/* The images of one query, as they were when looked at. */
struct set {
	struct arena *a; /* owns all else; NULL: free */
	const char *key;
	struct place *places;
	size_t nplaces;
	struct images images;
	int64_t looked;
	uint64_t used;
};

static struct set sets[SETS_MAX];
static uint64_t uses;

static const char *
key_of(struct arena *a, const struct images_query *q)
{
	struct slice names = json_text(a, q->images);
	struct buf b;

	buf_init(&b, a);
	buf_adds(&b, q->dir);
	buf_addc(&b, '\n');
	buf_add(&b, names.s, names.len);
	for (size_t i = 0; i < q->languages->n; i++) {
		buf_addc(&b, '\n');
		buf_adds(&b, q->languages->s[i]);
	}
	return buf_slice(&b).s;
}

static void
set_free(struct set *s)
{
	arena_free(s->a);
	*s = (struct set){ .a = NULL };
}

/* The set of that key, or else a free one; the oldest make room. */
static struct set *
set_of(const char *key)
{
	struct set *old = &sets[0];
	size_t bytes = 0;

	for (size_t i = 0; i < SETS_MAX; i++) {
		if (sets[i].a != NULL && strcmp(sets[i].key, key) == 0)
			return &sets[i];
		if (sets[i].used < old->used)
			old = &sets[i];
		bytes += sets[i].images.zip.len;
	}
	if (bytes > SETS_BYTES)
		for (size_t i = 0; i < SETS_MAX; i++)
			set_free(&sets[i]);
	set_free(old);
	return old;
}

/* -- where images may be -------------------------------------------------- */

/* `name` with `part` before the ending, if it has one. */
static const char *
with_part(struct arena *a, const char *name, const char *part)
{
	const char *dot = strrchr(name, '.');
	size_t stem = dot == NULL ? strlen(name) : (size_t)(dot - name);

	return arena_printf(a, "%.*s%s%s", (int)stem, name, part, name + stem);
}

/* Those of a language, or of all where it is NULL. */
static void
places_of(struct set *s, const struct images_query *q, const char *language)
{
	static const char *const scales[] = { "", "@2x", "@3x" };
	const char *folder = "", *dot = "";
	struct json_object_iter it;

	if (language != NULL) {
		folder = arena_printf(s->a, "%s.lproj/", language);
		dot = arena_printf(s->a, ".%s", language);
	}
	json_object_object_foreachC(q->images, it)
	{
		const char *file = json_object_get_string(it.val);

		if (!json_object_is_type(it.val, json_type_string) ||
		    !ident_is_name(slice_of(it.key)) || *file == '/' ||
		    strstr(file, "..") != NULL)
			continue;
		file = with_part(s->a, file, dot);
		for (size_t i = 0; i < 3; i++) {
			struct place *p = &s->places[s->nplaces++];

			p->file = with_part(s->a, file, scales[i]);
			p->name = arena_printf(
			    s->a, "%s%s%s.png", folder, it.key, scales[i]);
			p->path = arena_printf(s->a, "%s/%s", q->dir, p->file);
		}
	}
}

static void
look(const struct place *p, struct stat *st)
{
	if (stat(p->path, st) != 0)
		*st = (struct stat){ .st_nlink = 0 };
}

static bool
is_changed(const struct set *s)
{
	for (size_t i = 0; i < s->nplaces; i++) {
		const struct stat *old = &s->places[i].st;
		struct stat st;

		look(&s->places[i], &st);
		if (st.st_nlink != old->st_nlink || st.st_ino != old->st_ino ||
		    st.st_dev != old->st_dev || st.st_size != old->st_size ||
		    st.st_mtim.tv_sec != old->st_mtim.tv_sec ||
		    st.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
			return true;
	}
	return false;
}

/* -- reading them --------------------------------------------------------- */

/* Errno is set on false. */
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
read_file(struct arena *a, const struct place *p, struct slice *out)
{
	size_t len = (size_t)p->st.st_size;
	int fd = -1, saved;
	bool done = false;
	char *data;

	errno = EFBIG;
	if (S_ISREG(p->st.st_mode) && p->st.st_size <= IMAGE_MAX &&
	    (fd = open(p->path, O_RDONLY | O_CLOEXEC)) >= 0) {
		data = arena_alloc(a, len);
		*out = (struct slice){ data, len };
		done = read_all(fd, data, len);
		saved = errno;
		close(fd);
		errno = saved;
	}
	if (!done)
		log_error("apple_image", "file", p->path, "why",
		    errno == EFBIG ? "no file, or over 2 MiB" : strerror(errno),
		    NULL);
	return done;
}

/* ISO/IEC 15948, 5.2 and 11.2.2. */
static void
read_size(struct slice s, struct image *image)
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
	const unsigned char *p = (const unsigned char *)s.s;

	if (s.len < 24 || memcmp(p, head, 16) != 0)
		return;
	image->width = (unsigned)p[16] << 24 | (unsigned)p[17] << 16 |
	    (unsigned)p[18] << 8 | p[19];
	image->height = (unsigned)p[20] << 24 | (unsigned)p[21] << 16 |
	    (unsigned)p[22] << 8 | p[23];
}

/* The bytes themselves go to `scratch`, and packed into the set. */
static enum err
load(struct set *s, struct arena *scratch)
{
	struct archive_file *files =
	    arena_alloc(scratch, s->nplaces * sizeof(*files));
	struct archive in = { .files = files };
	struct images *out = &s->images;

	out->list = arena_alloc(s->a, s->nplaces * sizeof(*out->list));
	for (size_t i = 0; i < s->nplaces; i++) {
		struct place *p = &s->places[i];
		unsigned char md[SHA_DIGEST_LENGTH];
		struct image *image = &out->list[out->n];
		struct slice data;

		look(p, &p->st);
		if (p->st.st_nlink == 0)
			continue;
		if (!read_file(scratch, p, &data))
			return ERR_INTERNAL;
		*image = (struct image){ .name = p->name, .path = p->path };
		SHA1((const unsigned char *)data.s, data.len, md);
		text_hex(image->sha1, md, sizeof(md));
		p->sha1 = image->sha1;
		read_size(data, image);
		files[out->n++] = (struct archive_file){ p->name, data };
		if (p->st.st_mtim.tv_sec > in.seconds)
			in.seconds = p->st.st_mtim.tv_sec;
	}
	in.n = out->n;
	return in.n == 0 ? ERR_OK : archive_make(s->a, &in, &out->zip);
}

static enum err
set_make(struct set *s, const struct images_query *q, const char *key)
{
	struct arena *scratch = arena_new(4096);
	size_t names = 0;
	enum err e;

	set_free(s);
	s->a = arena_new(4096);
	s->key = arena_strdup(s->a, key);
	if (json_object_is_type(q->images, json_type_object)) {
		names = (size_t)json_object_object_length(q->images);
		s->places = arena_alloc(s->a,
		    names * 3 * (q->languages->n + 1) * sizeof(*s->places));
		places_of(s, q, NULL);
	}
	for (size_t i = 0; names > 0 && i < q->languages->n; i++)
		places_of(s, q, q->languages->s[i]);
	if ((e = load(s, scratch)) != ERR_OK)
		set_free(s);
	arena_free(scratch);
	return e;
}

/* Whoever knows other images looked at the folder at another time. */
static bool
is_known(const struct set *s, struct json_object *known)
{
	for (size_t i = 0; i < s->nplaces; i++) {
		const struct place *p = &s->places[i];
		const char *sha1 = json_get_string(known, p->file);

		if ((sha1 == NULL) != (p->sha1 == NULL) ||
		    (sha1 != NULL && strcmp(sha1, p->sha1) != 0))
			return false;
	}
	return true;
}

enum err
images_get(
    struct arena *a, const struct images_query *q, const struct images **out)
{
	const char *key = key_of(a, q);
	struct set *s = set_of(key);
	enum err e;

	if (s->a == NULL || q->now < s->looked ||
	    q->now >= s->looked + LOOK_EVERY) {
		if ((s->a == NULL || is_changed(s)) &&
		    (e = set_make(s, q, key)) != ERR_OK)
			return e;
		s->looked = q->now;
	}
	s->used = ++uses;
	s->images.known = is_known(s, q->known);
	*out = &s->images;
	return ERR_OK;
}
