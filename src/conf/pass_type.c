#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ident.h"
#include "base/text.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define IMAGES_MAX  500
#define IMAGE_MAX   ((size_t)4 * 1024 * 1024)
#define ARENA_BLOCK ((size_t)64 * 1024)

#define AT(field) offsetof(struct pass_type, field)

/* In the order of enum pass_kind. */
static const char *const kinds[] = { "customerCard", "eventTicket", "giftCard",
	"offer", "boardingPass", "transit", "generic", NULL };

/* clang-format off */
static const struct setting credential_rows[] = {
	{ .name = "apple", .type = SETTING_STRUCT, .rows = apple_settings,
	  .offset = AT(apple_conf) - AT(apple_conf),
	  .text = "As in tenant.yml." },
	{ .name = "google", .type = SETTING_STRUCT, .rows = google_settings,
	  .offset = AT(google_conf) - AT(apple_conf),
	  .text = "As in tenant.yml." },
	{ .name = NULL }
};

const struct setting pass_type_settings[] = {
	{ .name = "kind", .type = SETTING_ENUM, .words = kinds, .must = true,
	  .offset = AT(kind), .text = "What the pass is to its owner." },
	{ .name = "uniqueIdentifiers", .type = SETTING_STRINGS, .max = 32,
	  .offset = AT(unique_identifiers),
	  .text = "No two passes share the values of these." },
	{ .name = "layout", .type = SETTING_STRING, .def = "card",
	  .offset = AT(layout), .text = "Of the view page." },
	{ .name = "callerData", .type = SETTING_STRINGS, .max = 1000,
	  .offset = AT(caller_data),
	  .text = "Keys of additionalData that a caller with proof only may "
	      "set; without it, all." },
	{ .name = "credentials", .type = SETTING_STRUCT,
	  .rows = credential_rows, .offset = AT(apple_conf),
	  .text = "Where this pass type has its own." },
	{ .name = "metadata", .type = SETTING_OBJECT, .offset = AT(metadata),
	  .text = "Computed when a pass is created and when updateMetadata "
	      "asks." },
	{ .name = "card", .type = SETTING_OBJECT, .offset = AT(card),
	  .text = "One card for all wallets." },
	{ .name = "apple", .type = SETTING_OBJECT, .offset = AT(apple),
	  .text = "Keys of pass.json, laid over what the card gives." },
	{ .name = "google", .type = SETTING_OBJECT, .offset = AT(google),
	  .text = "class and object of Google, laid over what the card "
	      "gives." },
	{ .name = NULL }
};
/* clang-format on */

/* One pass type while it is read. */
struct reading {
	struct tenant *t;
	struct pass_type *p;
	struct json_object *in;
	struct faults *f;
	struct arena *scratch; /* for the bytes of images */
	EVP_MD_CTX *digest;
};

/* -- the digest: labelled and counted parts, so that none can pose as two -- */

static void
add_bytes(struct reading *r, const char *label, struct slice s)
{
	const struct text_num n = text_num((long long)s.len);

	if (EVP_DigestUpdate(r->digest, label, strlen(label) + 1) != 1 ||
	    EVP_DigestUpdate(r->digest, n.s, strlen(n.s) + 1) != 1 ||
	    EVP_DigestUpdate(r->digest, s.s, s.len) != 1)
		abort();
}

static void
add_json(struct reading *r, const char *label, struct json_object *o)
{
	add_bytes(r, label, json_text(r->t->a, o));
}

static void
add_strings(struct reading *r, const char *label, const struct strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		add_bytes(r, label, slice_of(l->s[i]));
}

static void
add_settings(struct reading *r)
{
	const struct pass_type *p = r->p;
	const struct tenant *t = r->t;

	add_bytes(r, "kind", slice_of(kinds[p->kind]));
	add_json(r, "card", p->card);
	add_json(r, "apple", p->apple);
	add_json(r, "google", p->google);
	add_bytes(r, "name", slice_of(t->name));
	add_bytes(r, "url", slice_of(t->url));
	add_strings(r, "language", &t->languages);
	add_bytes(r, "passTypeIdentifier",
	    slice_of(p->apple_conf.pass_type_identifier));
	add_bytes(r, "teamIdentifier", slice_of(p->apple_conf.team_identifier));
	add_bytes(r, "issuerId", slice_of(p->google_conf.issuer_id));
	add_strings(r, "origin", &p->google_conf.origins);
}

static void
newest(struct reading *r, int64_t mtime)
{
	if (mtime > r->p->changed)
		r->p->changed = mtime;
}

/* -- texts and images ------------------------------------------------------ */

/* The name without `end`, or NULL if it does not end so. */
static const char *
without(struct arena *a, const char *name, const char *end)
{
	const size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0
	    ? arena_strndup(a, name, n - m)
	    : NULL;
}

static void
judge_texts(struct reading *r, const char *path, struct json_object *texts)
{
	struct json_object_iter i;

	json_object_object_foreachC(texts, i)
	{
		if (!json_object_is_type(i.val, json_type_string))
			fault_add(r->f, path, yaml_line_of(texts, i.key),
			    "\"%s\": a text is expected (put it in quotes)",
			    i.key);
	}
}

static void
take_texts(struct reading *r, const char *path, const char *language)
{
	struct json_object *texts = NULL;
	struct tenant *t = r->t;

	if (!load_is_language(slice_of(language))) {
		fault_add(r->f, path, 0,
		    "texts are named after their language, such as en.yml or "
		    "pt-BR.yml");
		return;
	}
	if (yaml_read(t->a, path, path, r->f, &texts) != ERR_OK)
		return;
	if (texts != NULL && !json_object_is_type(texts, json_type_object)) {
		fault_add(
		    r->f, path, yaml_line(texts), "a mapping is expected");
		return;
	}
	if (!strings_has(&t->languages, language))
		fault_warn(r->f, path, 0,
		    "not used: \"languages\" of tenant.yml lacks %s", language);
	if (texts == NULL)
		return;
	judge_texts(r, path, texts);
	json_set(r->p->texts, language, texts);
}

static void
add_image(struct reading *r, const char *name, struct slice bytes)
{
	unsigned char md[SHA_DIGEST_LENGTH];
	char hex[2 * sizeof(md) + 1];

	SHA1((const unsigned char *)bytes.s, bytes.len, md);
	text_hex(hex, md, sizeof(md));
	json_set_string(r->p->images, name, hex);
	add_bytes(r, name, bytes);
}

static void
take_image(struct reading *r, const char *path, const char *name)
{
	struct slice bytes;
	int64_t mtime;

	switch (load_file(r->scratch, path, IMAGE_MAX, &bytes, &mtime)) {
	case ERR_OK:
		add_image(r, name, bytes);
		newest(r, mtime);
		break;
	case ERR_TOOBIG:
		fault_add(r->f, path, 0, "over 4 MiB");
		break;
	default:
		fault_add(r->f, path, 0, "cannot be read: %s", strerror(errno));
		break;
	}
	arena_reset(r->scratch);
}

static void
touch(struct reading *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		newest(r, st.st_mtime);
}

static void
take_folder(struct reading *r)
{
	struct strings names = load_folder(r->t->a, r->p->dir);
	struct arena *a = r->t->a;
	const char *path, *language;
	size_t images = 0;

	for (size_t i = 0; i < names.n; i++) {
		path = arena_printf(a, "%s/%s", r->p->dir, names.s[i]);
		language = without(a, names.s[i], ".yml");
		if (language != NULL) {
			take_texts(r, path, language);
			touch(r, path);
		} else if (without(a, names.s[i], ".png") != NULL &&
		    images++ < IMAGES_MAX) {
			take_image(r, path, names.s[i]);
		}
	}
	if (images > IMAGES_MAX)
		fault_add(r->f, r->p->dir, 0, "over %d images", IMAGES_MAX);
	/* A text in a language that is not the tenant's is never shown. */
	for (size_t i = 0; i < r->t->languages.n; i++)
		add_json(r, r->t->languages.s[i],
		    json_get(r->p->texts, r->t->languages.s[i]));
}

/* -- the yml --------------------------------------------------------------- */

static void
inherit(const char **own, const char *tenants)
{
	if (*own == NULL)
		*own = tenants;
}

/* What the type has of its own is laid over what the tenant has. */
static void
take_credentials(struct reading *r)
{
	struct json_object *in = json_get(r->in, "credentials");
	const struct apple_conf *ta = &r->t->apple;
	const struct google_conf *tg = &r->t->google;
	struct apple_conf *a = &r->p->apple_conf;
	struct google_conf *g = &r->p->google_conf;

	load_apple_paths(r->t, a,
	    (struct place){ r->p->file, yaml_line_of(in, "apple") }, r->f);
	load_google_paths(r->t, g,
	    (struct place){ r->p->file, yaml_line_of(in, "google") }, r->f);
	inherit(&a->pass_type_identifier, ta->pass_type_identifier);
	inherit(&a->team_identifier, ta->team_identifier);
	inherit(&a->certificate, ta->certificate);
	inherit(&a->key, ta->key);
	inherit(&a->wwdr, ta->wwdr);
	inherit(&a->p8, ta->p8);
	inherit(&a->key_id, ta->key_id);
	inherit(&g->issuer_id, tg->issuer_id);
	inherit(&g->service_account, tg->service_account);
	if (g->origins.s == NULL)
		g->origins = tg->origins;
}

static void
judge(struct reading *r)
{
	struct json_object *in = json_get(r->in, "uniqueIdentifiers");
	struct strings before = { r->p->unique_identifiers.s, 0 };

	for (; before.n < r->p->unique_identifiers.n; before.n++) {
		const char *key = before.s[before.n];
		const struct place at = { r->p->file,
			yaml_line_at(in, before.n) };

		load_identifier(key, at, r->f);
		if (strings_has(&before, key))
			fault_add(r->f, at.file, at.line,
			    "\"%s\" is given twice", key);
	}
	if (!ident_is_name(slice_of(r->p->layout)))
		fault_add(r->f, r->p->file, yaml_line_of(r->in, "layout"),
		    "\"layout\": %s is no name: letters, digits, _ and -",
		    r->p->layout);
}

static void
take_type(struct reading *r)
{
	struct pass_type *p = r->p;
	struct setting_source src = { .file = p->file, .f = r->f };
	struct faults unused = { .a = r->t->a };
	unsigned len;

	p->texts = json_object_in(r->t->a);
	p->images = json_object_in(r->t->a);
	/* What is wrong is among the faults; of no YAML nothing is missed. */
	if (yaml_read(r->t->a, p->file, p->file, r->f, &r->in) != ERR_OK)
		src.f = &unused;
	src.in = r->in;
	(void)!setting_read(r->t->a, pass_type_settings, &src, p);
	p->has_caller_data = json_get(r->in, "callerData") != NULL;
	take_credentials(r);
	judge(r);
	touch(r, p->file);
	if (EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL) != 1)
		abort();
	add_settings(r);
	take_folder(r);
	if (EVP_DigestFinal_ex(r->digest, p->digest, &len) != 1)
		abort();
}

void
pass_types_load(struct tenant *t, int64_t tenant_mtime, struct faults *f)
{
	const char *name, *dir = arena_printf(t->a, "%s/server/passes", t->dir);
	struct strings names = load_folder(t->a, dir);
	struct reading r = { .t = t, .f = f };

	r.scratch = arena_new(ARENA_BLOCK);
	if ((r.digest = EVP_MD_CTX_new()) == NULL)
		abort();
	t->types = arena_alloc(t->a, (names.n + 1) * sizeof(*t->types));
	for (size_t i = 0; i < names.n; i++) {
		if ((name = without(t->a, names.s[i], ".yml")) == NULL)
			continue;
		r.in = NULL;
		r.p = &t->types[t->ntypes++];
		r.p->name = name;
		r.p->file = arena_printf(t->a, "%s/%s.yml", dir, name);
		r.p->dir = arena_printf(t->a, "%s/%s", dir, name);
		r.p->changed = tenant_mtime;
		if (!ident_is_name(slice_of(name)))
			fault_add(f, r.p->file, 0,
			    "no name for a pass type: letters, digits, _ and "
			    "-, at most 64");
		take_type(&r);
	}
	EVP_MD_CTX_free(r.digest);
	arena_free(r.scratch);
}
