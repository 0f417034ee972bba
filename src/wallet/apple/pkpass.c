#include "wallet/apple/pkpass.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "wallet/apple/archive.h"
#include "wallet/apple/images.h"
#include "wallet/apple/kept.h"
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
	struct pkpass_of of;
	const struct signer *signer;
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
	unsigned char md[DIGEST_LEN];
	char hex[2 * sizeof(md) + 1];

	digest_sha256(manifest.s, manifest.len, md);
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
		.dir = in->of.type->dir,
		.images = json_get(in->card.sides[0].card, "images"),
		.languages = &in->of.tenant->languages,
		.now = in->of.now,
		.known = in->of.type->images,
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
	if ((e = passjson_build(p->a, in->of.tenant, in->of.type, in->of.pass,
		 &in->card, &json)) != ERR_OK)
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

static int64_t
modified_of(const struct pkpass_of *of)
{
	return of->type->changed > of->pass->modified ? of->type->changed
						      : of->pass->modified;
}

static enum err
pack(struct package *p, const struct input *in, struct pkpass *out)
{
	struct archive zip = { .base = p->images->zip,
		.files = p->files,
		.seconds = modified_of(&in->of) };
	struct slice signature;
	enum err e;

	if ((e = signer_sign(in->signer, p->manifest, in->of.now, p->a,
		 &signature)) != ERR_OK)
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

/* `*known`: the images are those that the pass type's digest is of. */
static enum err
make(struct arena *a, struct input *in, struct pkpass *out, struct why *w,
    bool *known)
{
	struct package package = { .a = a };
	struct pkpass made = { .file = NULL };
	struct pass whole;
	enum err e;

	if (in->of.pass->identifiers == NULL) { /* but peeked at */
		e = pass_parse(a, in->of.document, &whole);
		if (e != ERR_OK)
			return e;
		in->of.pass = &whole;
	}
	if ((e = card_render(a, in->of.tenant, in->of.type, in->of.pass,
		 &in->card)) != ERR_OK ||
	    (e = make_files(&package, in, w)) != ERR_OK ||
	    (e = pack(&package, in, &made)) != ERR_OK)
		return e;
	*known = package.images->known;
	*out = made;
	return ERR_OK;
}

enum err
pkpass_build(struct arena *a, const struct pkpass_of *of, struct pkpass *out,
    struct why *w)
{
	struct input in = { .of = *of };
	bool known;
	enum err e = signer_get(&of->type->apple_conf, of->now, &in.signer, w);

	return e != ERR_OK ? e : make(a, &in, out, w, &known);
}

/* -- kept ones ------------------------------------------------------------ */

/*
 * Of all that the package is made of.  The time of its files counts too: what
 * went back to an earlier state must be newer than the state in between, or a
 * phone's If-Modified-Since would keep that.
 */
static void
digest_of(struct arena *a, const struct input *in, unsigned char out[32])
{
	static const char version[] = PACKAGE_VERSION;
	const struct pkpass_of *of = &in->of;
	const int64_t modified = modified_of(of);
	unsigned char signer[32];
	struct buf b;

	signer_digest(in->signer, signer);
	buf_init(&b, a);
	buf_add(&b, version, sizeof(version));
	buf_add(&b, of->type->digest, sizeof(of->type->digest));
	buf_add(&b, signer, sizeof(signer));
	buf_add(&b, &modified, sizeof(modified));
	buf_add(&b, of->tenant->id, strlen(of->tenant->id) + 1);
	buf_add(&b, of->pass->id, strlen(of->pass->id) + 1);
	buf_add(&b, of->document.s, of->document.len);
	digest_sha256(b.s, b.len, out);
}

static void
keep(struct arena *a, const struct kept_key *key, const struct pkpass *p,
    int64_t now)
{
	struct kept k = { .modified = p->modified };

	memcpy(k.etag, p->etag, sizeof(k.etag));
	kept_store(a, key, &k, p->zip, now);
}

/* The signer, and the key under which the package may be kept. */
static enum err
make_key(struct arena *a, struct input *in, struct kept_key *key, struct why *w)
{
	const struct pkpass_of *of = &in->of;
	enum err e;

	e = signer_get(&of->type->apple_conf, of->now, &in->signer, w);
	if (e != ERR_OK)
		return e;
	key->dir = arena_printf(a, "%s/data", of->tenant->dir);
	key->id = of->pass->id;
	digest_of(a, in, key->digest);
	return ERR_OK;
}

static void
take_tag(const struct kept *k, struct pkpass *out)
{
	*out = (struct pkpass){ .file = k->path, .modified = k->modified };
	memcpy(out->etag, k->etag, sizeof(out->etag));
}

enum err
pkpass_get(struct arena *a, const struct pkpass_of *of, struct pkpass *out,
    struct why *w)
{
	struct input in = { .of = *of };
	struct kept_key key;
	struct kept k;
	bool known;
	enum err e = make_key(a, &in, &key, w);

	if (e != ERR_OK)
		return e;
	if (kept_find(a, &key, of->now, &k)) {
		take_tag(&k, out);
		return ERR_OK;
	}
	if ((e = make(a, &in, out, w, &known)) == ERR_OK && known)
		keep(a, &key, out, of->now);
	return e;
}

enum err
pkpass_recall(struct arena *a, const struct pkpass_of *of, struct pkpass *out,
    struct why *w)
{
	struct input in = { .of = *of };
	struct kept_key key;
	struct kept k;
	enum err e = make_key(a, &in, &key, w);

	if (e != ERR_OK)
		return e;
	if (!kept_recall(&key, &k))
		return ERR_NOTFOUND;
	take_tag(&k, out);
	return ERR_OK;
}

enum err
pkpass_read(struct arena *a, struct pkpass *p)
{
	struct stat st;
	char *data;
	int fd;
	bool done;

	if (p->file == NULL)
		return ERR_OK;
	fd = open(p->file, O_RDONLY | O_CLOEXEC);
	done = fd >= 0 && fstat(fd, &st) == 0;
	if (done) {
		data = arena_alloc(a, (size_t)st.st_size);
		done = read(fd, data, (size_t)st.st_size) == st.st_size;
		p->zip = (struct slice){ data, (size_t)st.st_size };
	}
	if (!done)
		log_error(
		    "kept", "file", p->file, "why", strerror(errno), NULL);
	if (fd >= 0)
		close(fd);
	return done ? ERR_OK : ERR_INTERNAL;
}

/* -- several -------------------------------------------------------------- */

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
