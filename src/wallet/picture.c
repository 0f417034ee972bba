#include "wallet/picture.h"

#include <openssl/sha.h>

#include "base/text.h"
#include "conf/load.h"

#define PICTURE_MAX ((size_t)4 * 1024 * 1024)
#define HASH_LEN    ((size_t)SHA_DIGEST_LENGTH * 2)

const char *
picture_url(struct arena *a, const struct tenant *t,
    const struct pass_type *type, struct json_object *images, const char *name)
{
	static const char *const scales[] = { "@3x", "@2x", "" };
	const char *file = json_get_string(images, name);
	const char *dot = file == NULL ? NULL : strrchr(file, '.');

	if (dot == NULL || t->url == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		const char *one = arena_printf(
		    a, "%.*s%s%s", (int)(dot - file), file, scales[i], dot);
		const char *sha1 = json_get_string(type->images, one);

		if (sha1 != NULL)
			return arena_printf(a, "%s/%s/images/%s-%s", t->url,
			    t->id, sha1, text_percent(a, slice_of(one)));
	}
	return NULL;
}

static bool
has_hash(struct slice bytes, const char *hash)
{
	unsigned char md[SHA_DIGEST_LENGTH];
	char hex[HASH_LEN + 1];

	SHA1((const unsigned char *)bytes.s, bytes.len, md);
	text_hex(hex, md, sizeof(md));
	return strcmp(hex, hash) == 0;
}

enum err
picture_read(struct arena *a, const struct tenant *t, const char *name,
    struct slice *out)
{
	const char *hash, *file;

	if (strlen(name) < HASH_LEN + 2 || name[HASH_LEN] != '-')
		return ERR_NOTFOUND;
	hash = arena_strndup(a, name, HASH_LEN);
	file = name + HASH_LEN + 1;
	for (size_t i = 0; i < t->ntypes; i++) {
		const struct pass_type *type = &t->types[i];
		const char *sha1 = json_get_string(type->images, file);
		struct slice bytes;

		if (sha1 == NULL || strcmp(sha1, hash) != 0 ||
		    load_file(a, arena_printf(a, "%s/%s", type->dir, file),
			PICTURE_MAX, &bytes, NULL) != ERR_OK ||
		    !has_hash(bytes, hash))
			continue;
		*out = bytes;
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}
