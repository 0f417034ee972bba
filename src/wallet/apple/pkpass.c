#include "wallet/apple/pkpass.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <time.h>
#include <zip.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "wallet/apple/images.h"
#include "wallet/apple/passjson.h"
#include "wallet/apple/signer.h"
#include "wallet/card.h"

#define ETAG_DIGITS 40

struct file {
	const char *name;
	struct slice data;
	const char *sha1;
};

struct files {
	struct file *list;
	size_t n;
};

static int
by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
add_file(struct arena *a, struct files *f, const char *name, struct slice s)
{
	unsigned char md[SHA_DIGEST_LENGTH];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);

	SHA1((const unsigned char *)s.s, s.len, md);
	text_hex(hex, md, sizeof(md));
	f->list[f->n++] = (struct file){ name, s, hex };
}

static void
collect(struct arena *a, const struct passjson *json,
    const struct image *images, size_t nimages, struct files *f)
{
	f->list =
	    arena_alloc(a, (json->nstrings + nimages + 1) * sizeof(*f->list));
	add_file(a, f, "pass.json", json->json);
	for (size_t i = 0; i < json->nstrings; i++)
		add_file(a, f,
		    arena_printf(
			a, "%s.lproj/pass.strings", json->strings[i].language),
		    json->strings[i].text);
	for (size_t i = 0; i < nimages; i++)
		f->list[f->n++] = (struct file){ images[i].name, images[i].data,
			images[i].sha1 };
	qsort(f->list, f->n, sizeof(*f->list), by_name);
}

/* No name in it needs escaping: languages, and names of images. */
static struct slice
manifest_of(struct arena *a, const struct files *f)
{
	struct buf b;

	buf_init(&b, a);
	for (size_t i = 0; i < f->n; i++)
		buf_printf(&b, "%c\"%s\":\"%s\"", i == 0 ? '{' : ',',
		    f->list[i].name, f->list[i].sha1);
	buf_addc(&b, '}');
	return buf_slice(&b);
}

static void
etag_of(struct slice manifest, char *etag)
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof(md) + 1];

	SHA256((const unsigned char *)manifest.s, manifest.len, md);
	text_hex(hex, md, sizeof(md));
	*etag++ = '"';
	memcpy(etag, hex, ETAG_DIGITS);
	memcpy(etag + ETAG_DIGITS, "\"", sizeof("\""));
}

/* -- the zip -------------------------------------------------------------- */

/* MS-DOS date and time, in UTC: from 1980 on, in steps of two seconds. */
struct dos {
	zip_uint16_t time, date;
};

static struct dos
dos_of(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm = { .tm_year = 0 };

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 207)
		return (struct dos){ 0, 1 << 5 | 1 };
	return (struct dos){
		(zip_uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 |
		    tm.tm_sec >> 1),
		(zip_uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 |
		    tm.tm_mday),
	};
}

static bool
zip_put(zip_t *z, const struct file *f, struct dos when)
{
	zip_source_t *src = zip_source_buffer(z, f->data.s, f->data.len, 0);
	zip_int64_t i;

	if (src == NULL)
		return false;
	i = zip_file_add(z, f->name, src, ZIP_FL_ENC_UTF_8);
	if (i < 0) {
		zip_source_free(src);
		return false;
	}
	return zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_STORE, 0) ==
	    0 &&
	    zip_file_set_dostime(z, (zip_uint64_t)i, when.time, when.date, 0) ==
	    0;
}

static bool
source_read(zip_source_t *src, struct arena *a, struct slice *out)
{
	zip_stat_t st;
	char *data;
	bool done;

	if (zip_source_stat(src, &st) != 0 || zip_source_open(src) != 0)
		return false;
	data = arena_alloc(a, st.size);
	done = zip_source_read(src, data, st.size) == (zip_int64_t)st.size;
	zip_source_close(src);
	if (done)
		*out = (struct slice){ data, st.size };
	return done;
}

/* Stored: deflating images again halves the speed and saves nothing. */
static enum err
zip_files(
    struct arena *a, const struct files *f, struct dos when, struct slice *out)
{
	zip_source_t *src = NULL;
	zip_t *z = NULL;
	zip_error_t error;
	bool done = false;

	zip_error_init(&error);
	src = zip_source_buffer_create(NULL, 0, 0, &error);
	if (src == NULL ||
	    (z = zip_open_from_source(src, ZIP_TRUNCATE, &error)) == NULL)
		goto out;
	zip_source_keep(src); /* it outlives `z` */
	done = true;
	for (size_t i = 0; done && i < f->n; i++)
		done = zip_put(z, &f->list[i], when);
	if (done && (done = zip_close(z) == 0))
		z = NULL;
	done = done && source_read(src, a, out);
out:
	if (!done)
		log_error("apple_zip", "why",
		    z != NULL ? zip_strerror(z) : zip_error_strerror(&error),
		    NULL);
	if (z != NULL)
		zip_discard(z);
	zip_source_free(src);
	zip_error_fini(&error);
	return done ? ERR_OK : ERR_INTERNAL;
}

/* -- packages ------------------------------------------------------------- */

static bool
has_icon(const struct image *images, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(images[i].name, "icon", 4) == 0 &&
		    strchr("@.", images[i].name[4]) != NULL)
			return true;
	return false;
}

/* What a package is made of, and when. */
struct input {
	struct tenant *tenant;
	struct pass_type *type;
	const struct pass *pass;
	int64_t now;
	struct card card;
};

static struct images_query
query_of(const struct input *in)
{
	return (struct images_query){
		.dir = in->type->dir,
		.images = json_get(in->card.sides[0].card, "images"),
		.languages = &in->tenant->languages,
		.now = in->now,
	};
}

/* All files but manifest and signature. */
static enum err
make_files(
    struct arena *a, const struct input *in, struct files *files, struct why *w)
{
	struct images_query q = query_of(in);
	struct image *images = NULL;
	struct passjson json;
	size_t n = 0;
	enum err e;

	if ((e = images_find(a, &q, &images, &n)) != ERR_OK)
		return e;
	if (!has_icon(images, n)) {
		(void)why(w, ERR_UNSET, "card.images.icon",
		    "Give the pass type an icon: card.images.icon names a "
		    "PNG file in the pass type's folder.");
		return ERR_UNSET;
	}
	if ((e = passjson_build(a, in->tenant, in->type, in->pass, &in->card,
		 &json)) != ERR_OK)
		return e;
	collect(a, &json, images, n, files);
	return ERR_OK;
}

static struct files
with_signature(struct arena *a, const struct files *f, struct slice manifest,
    struct slice signature)
{
	struct file *list = arena_alloc(a, (f->n + 2) * sizeof(*list));

	list[0] = (struct file){ .name = "manifest.json", .data = manifest };
	list[1] = (struct file){ .name = "signature", .data = signature };
	memcpy(list + 2, f->list, f->n * sizeof(*list));
	return (struct files){ .list = list, .n = f->n + 2 };
}

static enum err
build(struct arena *a, struct input *in, struct pkpass *out, struct why *w)
{
	struct files f = { .n = 0 };
	struct slice manifest, signature, zip;
	const struct signer *signer = NULL;
	int64_t modified = in->pass->modified;
	enum err e;

	if (in->type->changed > modified)
		modified = in->type->changed;
	if ((e = signer_get(&in->type->apple_conf, in->now, &signer, w)) !=
		ERR_OK ||
	    (e = card_render(a, in->tenant, in->type, in->pass, &in->card)) !=
		ERR_OK ||
	    (e = make_files(a, in, &f, w)) != ERR_OK)
		return e;
	manifest = manifest_of(a, &f);
	if ((e = signer_sign(signer, manifest, in->now, a, &signature)) !=
	    ERR_OK)
		return e;
	f = with_signature(a, &f, manifest, signature);
	if ((e = zip_files(a, &f, dos_of(modified), &zip)) != ERR_OK)
		return e;
	*out = (struct pkpass){ .zip = zip, .modified = modified };
	etag_of(manifest, out->etag);
	return ERR_OK;
}

enum err /* NOLINTNEXTLINE(readability-function-size): as its callers know */
pkpass_build(struct arena *a, struct tenant *t, struct pass_type *type,
    const struct pass *p, int64_t now, struct pkpass *out, struct why *w)
{
	struct input in = { .tenant = t, .type = type, .pass = p, .now = now };

	return build(a, &in, out, w);
}

/* Width and height of a PNG (ISO/IEC 15948, 5.2 and 11.2.2). */
static bool
png_size(struct slice s, unsigned size[2])
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
	const unsigned char *p = (const unsigned char *)s.s;

	if (s.len < 24 || memcmp(p, head, 16) != 0)
		return false;
	for (size_t i = 0; i < 2; i++)
		size[i] = (unsigned)p[16 + 4 * i] << 24 |
		    (unsigned)p[17 + 4 * i] << 16 |
		    (unsigned)p[18 + 4 * i] << 8 | p[19 + 4 * i];
	return true;
}

/* Largest width and height at 1x, in points. */
static const struct {
	const char *name;
	unsigned width, height;
} sizes[] = {
	{ "icon", 38, 38 },
	{ "logo", 160, 50 },
	{ "thumbnail", 90, 90 },
	{ "strip", 375, 144 },
	{ "background", 345, 505 },
	{ "footer", 286, 15 },
};

static void
check_image(const struct image *image, struct faults *f)
{
	const char *name = strrchr(image->name, '/');
	unsigned size[2], scale = 1;
	const char *at;
	size_t len;

	name = name == NULL ? image->name : name + 1;
	len = strcspn(name, "@.");
	if ((at = strchr(name, '@')) != NULL)
		scale = (unsigned)(at[1] - '0');
	if (!png_size(image->data, size)) {
		fault_add(f, image->path, 0, "is no PNG image");
		return;
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (strlen(sizes[i].name) != len ||
		    strncmp(sizes[i].name, name, len) != 0)
			continue;
		if (size[0] > sizes[i].width * scale ||
		    size[1] > sizes[i].height * scale)
			fault_warn(f, image->path, 0,
			    "has %ux%u pixels; Wallet scales down what is "
			    "over %ux%u",
			    size[0], size[1], sizes[i].width * scale,
			    sizes[i].height * scale);
	}
}

/* Names of card.images without any file. */
static void
check_missing(const struct images_query *q, const struct image *images,
    size_t n, const char *file, struct faults *f)
{
	json_object_object_foreach(q->images, name, value)
	{
		bool found = false;

		for (size_t i = 0; i < n; i++)
			found |=
			    strncmp(images[i].name, name, strlen(name)) == 0 &&
			    strchr("@.", images[i].name[strlen(name)]) != NULL;
		if (!found)
			fault_add(f, file, 0,
			    "card.images.%s: there is no %s in %s", name,
			    json_object_get_string(value), q->dir);
	}
}

static void
check_images(const struct input *in, struct faults *f)
{
	struct images_query q = query_of(in);
	struct image *images = NULL;
	size_t n = 0;

	if (images_find(f->a, &q, &images, &n) != ERR_OK) {
		fault_add(f, in->type->dir, 0, "an image cannot be read");
		return;
	}
	if (json_object_is_type(q.images, json_type_object))
		check_missing(&q, images, n, in->type->file, f);
	if (!has_icon(images, n))
		fault_add(f, in->type->file, 0,
		    "card.images.icon is missing; Wallet refuses a pass "
		    "without icon.png");
	for (size_t i = 0; i < n; i++)
		check_image(&images[i], f);
}

void
pkpass_check(struct tenant *t, struct pass_type *type, const struct pass *p,
    int64_t now, struct faults *f)
{
	struct input in = { .tenant = t, .type = type, .pass = p, .now = now };
	struct passjson json;

	if (card_render(f->a, t, type, p, &in.card) != ERR_OK ||
	    passjson_build(f->a, t, type, p, &in.card, &json) != ERR_OK) {
		fault_add(f, type->file, 0,
		    "a template fails for a pass without data; the log names "
		    "the expression");
		return;
	}
	passjson_check(json.json, type->file, f, f->a);
	check_images(&in, f);
}

enum err
pkpass_bundle(struct arena *a, const struct pkpass_file *files, size_t n,
    struct slice *zip)
{
	struct files f = { .list = arena_alloc(a, (n + 1) * sizeof(*f.list)) };

	for (size_t i = 0; i < n; i++)
		f.list[f.n++] = (struct file){
			.name = arena_printf(a, "%s.pkpass", files[i].name),
			.data = files[i].zip,
		};
	return zip_files(a, &f, dos_of(0), zip);
}
