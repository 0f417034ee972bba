#include "wallet/apple/pkpass.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "wallet/apple/archive.h"
#include "wallet/apple/images.h"
#include "wallet/apple/passjson.h"
#include "wallet/apple/signer.h"
#include "wallet/card.h"

#define ETAG_DIGITS 40

/* A line of the manifest. */
struct entry {
	const char *name, *sha1;
};

/* What a package is made of, and when. */
struct input {
	struct tenant *tenant;
	struct pass_type *type;
	const struct pass *pass;
	int64_t now;
	struct card card;
};

struct package {
	struct arena *a;
	const struct images *images;
	struct archive_file *files; /* all but the images */
	size_t nfiles;
	struct slice manifest;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
add_file(struct package *p, const char *name, struct slice data)
{
	p->files[p->nfiles++] = (struct archive_file){ name, data };
}

static const char *
sha1_of(struct arena *a, struct slice s)
{
	unsigned char md[SHA_DIGEST_LENGTH];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);

	SHA1((const unsigned char *)s.s, s.len, md);
	text_hex(hex, md, sizeof(md));
	return hex;
}

/* No name in it needs escaping: languages, and names of images. */
static struct slice
manifest_of(const struct package *p)
{
	size_t n = p->images->n + p->nfiles;
	struct entry *list = arena_alloc(p->a, n * sizeof(*list)), *e = list;
	struct buf b;

	for (size_t i = 0; i < p->images->n; i++, e++)
		*e = (struct entry){ p->images->list[i].name,
			p->images->list[i].sha1 };
	for (size_t i = 0; i < p->nfiles; i++, e++)
		*e = (struct entry){ p->files[i].name,
			sha1_of(p->a, p->files[i].data) };
	qsort(list, n, sizeof(*list), by_name);

	buf_init(&b, p->a);
	for (e = list; e < list + n; e++) {
		buf_adds(&b, e == list ? "{\"" : "\",\"");
		buf_adds(&b, e->name);
		buf_adds(&b, "\":\"");
		buf_adds(&b, e->sha1);
	}
	buf_adds(&b, "\"}");
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

/* -- packages ------------------------------------------------------------- */

static bool
is_image(const struct image *image, const char *name)
{
	size_t len = strlen(name);

	return strncmp(image->name, name, len) == 0 &&
	    (image->name[len] == '.' || image->name[len] == '@');
}

static bool
has_image(const struct images *images, const char *name)
{
	for (size_t i = 0; i < images->n; i++)
		if (is_image(&images->list[i], name))
			return true;
	return false;
}

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

/* All files, and the manifest of them. */
static enum err
make_files(struct package *p, const struct input *in, struct why *w)
{
	const struct images_query q = query_of(in);
	struct passjson json;
	enum err e;

	if ((e = images_get(p->a, &q, &p->images)) != ERR_OK)
		return e;
	if (!has_image(p->images, "icon"))
		return why(w, ERR_UNSET, "card.images.icon",
		    "Give the pass type an icon: card.images.icon names a "
		    "PNG file in the pass type's folder.");
	if ((e = passjson_build(p->a, in->tenant, in->type, in->pass, &in->card,
		 &json)) != ERR_OK)
		return e;
	p->files = arena_alloc(p->a, (json.nstrings + 3) * sizeof(*p->files));
	add_file(p, "pass.json", json.json);
	for (size_t i = 0; i < json.nstrings; i++)
		add_file(p,
		    arena_printf(p->a, "%s.lproj/pass.strings",
			json.strings[i].language),
		    json.strings[i].text);
	p->manifest = manifest_of(p);
	return ERR_OK;
}

static enum err
pack(struct package *p, const struct signer *signer, const struct input *in,
    struct pkpass *out)
{
	struct archive zip = { .base = p->images->zip,
		.files = p->files,
		.seconds = in->pass->modified };
	struct slice signature;
	enum err e;

	if (in->type->changed > zip.seconds)
		zip.seconds = in->type->changed;
	if ((e = signer_sign(signer, p->manifest, in->now, p->a, &signature)) !=
	    ERR_OK)
		return e;
	add_file(p, "manifest.json", p->manifest);
	add_file(p, "signature", signature);
	zip.n = p->nfiles;
	if ((e = archive_make(p->a, &zip, &out->zip)) != ERR_OK)
		return e;
	out->modified = zip.seconds;
	etag_of(p->manifest, out->etag);
	return ERR_OK;
}

enum err /* NOLINTNEXTLINE(readability-function-size): as its callers know */
pkpass_build(struct arena *a, struct tenant *t, struct pass_type *type,
    const struct pass *p, int64_t now, struct pkpass *out, struct why *w)
{
	struct input in = { .tenant = t, .type = type, .pass = p, .now = now };

	struct package package = { .a = a };
	const struct signer *signer = NULL;
	struct pkpass made;
	enum err e;

	if ((e = signer_get(&type->apple_conf, now, &signer, w)) != ERR_OK ||
	    (e = card_render(a, t, type, p, &in.card)) != ERR_OK ||
	    (e = make_files(&package, &in, w)) != ERR_OK ||
	    (e = pack(&package, signer, &in, &made)) != ERR_OK)
		return e;
	*out = made;
	return ERR_OK;
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
	const char *name = strrchr(image->name, '/'), *at;
	struct image plain = *image;
	unsigned scale = 1;

	plain.name = name == NULL ? image->name : name + 1;
	if ((at = strchr(plain.name, '@')) != NULL)
		scale = (unsigned)(at[1] - '0');
	if (image->width == 0)
		fault_add(f, image->path, 0, "is no PNG image");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (is_image(&plain, sizes[i].name) &&
		    (image->width > sizes[i].width * scale ||
			image->height > sizes[i].height * scale))
			fault_warn(f, image->path, 0,
			    "has %ux%u pixels; Wallet scales down what is "
			    "over %ux%u",
			    image->width, image->height, sizes[i].width * scale,
			    sizes[i].height * scale);
}

static void
check_images(const struct input *in, struct faults *f)
{
	const struct images_query q = query_of(in);
	const struct images *images = NULL;
	struct json_object_iter it;

	if (images_get(f->a, &q, &images) != ERR_OK) {
		fault_add(f, in->type->dir, 0,
		    "an image is over 2 MiB or cannot be read");
		return;
	}
	if (json_get(q.images, "icon") == NULL)
		fault_add(f, in->type->file, 0,
		    "card.images.icon is missing; Wallet refuses a pass "
		    "without icon.png");
	if (!json_object_is_type(q.images, json_type_object))
		return;
	json_object_object_foreachC(q.images, it)
	{
		if (!has_image(images, it.key))
			fault_add(f, in->type->file, 0,
			    "card.images.%s: there is no %s in %s", it.key,
			    json_object_get_string(it.val), q.dir);
	}
	for (size_t i = 0; i < images->n; i++)
		check_image(&images->list[i], f);
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
	struct archive_file *list = arena_alloc(a, n * sizeof(*list));
	const struct archive in = { .files = list, .n = n };

	for (size_t i = 0; i < n; i++)
		list[i] = (struct archive_file){ arena_printf(a, "%s.pkpass",
						     files[i].name),
			files[i].zip };
	return archive_make(a, &in, zip);
}
