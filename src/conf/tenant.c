#include "conf/tenant.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ident.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define ARENA_BLOCK ((size_t)16 * 1024)
#define AT(field)   offsetof(struct tenant, field)

#define DAY_MS (24L * 60 * 60 * 1000)

/* clang-format off */
const struct setting apple_settings[] = {
	{ .name = "passTypeIdentifier", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, pass_type_identifier),
	  .text = "As registered with Apple; begins with \"pass.\"." },
	{ .name = "teamIdentifier", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, team_identifier),
	  .text = "Of the developer account." },
	{ .name = "certificate", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, certificate),
	  .text = "File of the pass type's certificate, PEM." },
	{ .name = "key", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, key),
	  .text = "File of its private key, PEM." },
	{ .name = "wwdr", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, wwdr),
	  .text = "File of Apple's intermediate certificate, PEM." },
	{ .name = "p8", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, p8),
	  .text = "File of an APNs key: pushes go by token then." },
	{ .name = "keyId", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct apple_conf, key_id),
	  .text = "Name of that key." },
	{ .name = NULL }
};

const struct setting google_settings[] = {
	{ .name = "issuerId", .type = SETTING_STRING, .min = 1, .max = 64,
	  .offset = offsetof(struct google_conf, issuer_id),
	  .text = "Of the issuer account; a text." },
	{ .name = "serviceAccount", .type = SETTING_STRING,
	  .min = 1, .max = 1024,
	  .offset = offsetof(struct google_conf, service_account),
	  .text = "File of the service account's key, JSON." },
	{ .name = "origins", .type = SETTING_STRINGS, .max = 100,
	  .offset = offsetof(struct google_conf, origins),
	  .text = "Web pages that show the save button." },
	{ .name = "poll", .type = SETTING_DURATION,
	  .max = 365L * 24 * 3600 * 1000, .def = "0s",
	  .offset = offsetof(struct google_conf, poll),
	  .text = "How often Google is asked who has each pass; of tenant.yml." },
	{ .name = NULL }
};

static const struct setting push_rows[] = {
	{ .name = "window", .type = SETTING_DURATION, .max = 3600L * 1000,
	  .def = "2s", .text = "Changes of a pass within it owe one push." },
	{ .name = NULL }
};

static const struct setting retention_rows[] = {
	{ .name = "operations", .type = SETTING_DURATION,
	  .min = 1000, .max = 3650 * DAY_MS, .def = "30d",
	  .offset = AT(keep_operations) - AT(keep_operations),
	  .text = "How long finished operations are shown." },
	{ .name = "events", .type = SETTING_DURATION,
	  .min = 1000, .max = 3650 * DAY_MS, .def = "90d",
	  .offset = AT(keep_events) - AT(keep_operations),
	  .text = "How long events are kept." },
	{ .name = NULL }
};

const struct setting tenant_settings[] = {
	{ .name = "name", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 256, .offset = AT(name),
	  .text = "As people know the tenant." },
	{ .name = "url", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 1024, .offset = AT(url),
	  .text = "Public base, used in passes and links." },
	{ .name = "defaultPassType", .type = SETTING_STRING,
	  .min = 1, .max = 64, .offset = AT(default_pass_type),
	  .text = "Of a pass that is created without one." },
	{ .name = "languages", .type = SETTING_STRINGS, .min = 1, .max = 100,
	  .offset = AT(languages), .def = "[en]",
	  .text = "The first is the default." },
	{ .name = "apple", .type = SETTING_STRUCT, .rows = apple_settings,
	  .offset = AT(apple), .text = "Apple Wallet." },
	{ .name = "google", .type = SETTING_STRUCT, .rows = google_settings,
	  .offset = AT(google), .text = "Google Wallet." },
	{ .name = "push", .type = SETTING_STRUCT, .rows = push_rows,
	  .offset = AT(push_window), .text = "How changes are pushed." },
	{ .name = "retention", .type = SETTING_STRUCT, .rows = retention_rows,
	  .offset = AT(keep_operations), .text = "How long things are kept." },
	{ .name = NULL }
};
/* clang-format on */

struct pass_type *
tenant_type(const struct tenant *t, const char *name)
{
	for (size_t i = 0; i < t->ntypes; i++)
		if (strcmp(t->types[i].name, name) == 0)
			return &t->types[i];
	return NULL;
}

static void
judge_url(struct tenant *t, const char *file, struct json_object *in,
    struct faults *f)
{
	size_t len;

	if (t->url == NULL)
		return;
	if (!load_is_url(t->url)) {
		fault_add(f, file, yaml_line_of(in, "url"),
		    "\"url\": http:// or https://, a host and perhaps a path "
		    "are expected");
		return;
	}
	len = strlen(t->url);
	while (len > 0 && t->url[len - 1] == '/')
		len--;
	t->url = arena_strndup(t->a, t->url, len);
}

static void
judge_languages(struct tenant *t, const char *file, struct json_object *in,
    struct faults *f)
{
	struct json_object *list = json_get(in, "languages");
	struct strings before = { t->languages.s, 0 };

	for (; before.n < t->languages.n; before.n++) {
		const char *s = t->languages.s[before.n];
		const int line = yaml_line_at(list, before.n);

		if (!load_is_language(slice_of(s)))
			fault_add(f, file, line,
			    "language \"%s\": one such as en, fr or pt-BR is "
			    "expected",
			    s);
		if (strings_has(&before, s))
			fault_add(
			    f, file, line, "language \"%s\" is given twice", s);
	}
}

static void
load_tenant_yml(struct tenant *t, const char *file, struct json_object *in,
    struct faults *f)
{
	(void)!setting_read(
	    t->a, tenant_settings, &(struct setting_source){ file, in, f }, t);
	judge_url(t, file, in, f);
	judge_languages(t, file, in, f);
	load_apple_paths(
	    t, &t->apple, (struct place){ file, yaml_line_of(in, "apple") }, f);
	load_google_paths(t, &t->google,
	    (struct place){ file, yaml_line_of(in, "google") }, f);
}

static void
judge_default_type(struct tenant *t, const char *file, struct json_object *in,
    struct faults *f)
{
	if (t->default_pass_type != NULL &&
	    tenant_type(t, t->default_pass_type) == NULL)
		fault_add(f, file, yaml_line_of(in, "defaultPassType"),
		    "\"defaultPassType\": there is no "
		    "server/passes/%s.yml",
		    t->default_pass_type);
}

/* What a template may name; files with a dot, as keys have, are not. */
static void
load_named_secret(
    struct tenant *t, const char *dir, const char *name, struct faults *f)
{
	struct named_secret *s = &t->secrets[t->nsecrets];
	const char *path = arena_printf(t->a, "%s/%s", dir, name);

	switch (load_file(t->a, path, LOAD_SECRET_MAX, &s->value, NULL)) {
	case ERR_OK:
		s->name = name;
		if (s->value.len > 0 && s->value.s[s->value.len - 1] == '\n')
			s->value.len--;
		t->nsecrets++;
		break;
	case ERR_TOOBIG:
		fault_warn(f, path, 0, "over 64 KiB: not a named secret");
		break;
	default:
		fault_warn(f, path, 0, "cannot be read: %s", strerror(errno));
		break;
	}
}

static void
load_secrets(struct tenant *t, struct faults *f)
{
	const char *dir = arena_printf(t->a, "%s/secrets", t->dir);
	struct strings names = load_folder(t->a, dir);
	struct stat st;

	if (stat(dir, &st) == 0 && (st.st_mode & 077) != 0)
		fault_warn(
		    f, dir, 0, "others may look into this folder: chmod 700");
	t->secrets = arena_alloc(t->a, (names.n + 1) * sizeof(*t->secrets));
	for (size_t i = 0; i < names.n; i++)
		if (ident_is_name(slice_of(names.s[i])))
			load_named_secret(t, dir, names.s[i], f);
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum err
load(struct tenant *t, struct faults *f)
{
	const char *file = arena_printf(t->a, "%s/tenant.yml", t->dir);
	const size_t before = f->errors;
	struct json_object *in = NULL;
	struct stat st;

	if (stat(file, &st) != 0)
		st.st_mtime = 0;
	switch (yaml_read(t->a, file, file, f, &in)) {
	case ERR_OK:
		load_tenant_yml(t, file, in, f);
		break;
	case ERR_NOTFOUND:
		fault_add(f, file, 0, "no such file");
		/* FALLTHROUGH */
	default:
		/* The rest is judged with the defaults, to name all faults. */
		(void)!setting_read(t->a, tenant_settings,
		    &(struct setting_source){
			file, NULL, &(struct faults){ .a = t->a } },
		    t);
		break;
	}
	security_load(t, f);
	pass_types_load(t, st.st_mtime, f);
	layouts_load(t, f);
	remotes_load(t, f);
	judge_default_type(t, file, in, f);
	load_secrets(t, f);
	return f->errors > before ? ERR_INVALID : ERR_OK;
}

enum err
tenant_inspect(const struct server *s, const char *id, struct faults *f,
    struct tenant **out)
{
	struct arena *a;
	struct tenant *t;

	if (!ident_is_tenant(slice_of(id)))
		return ERR_NOTFOUND;
	a = arena_new(ARENA_BLOCK);
	t = arena_alloc(a, sizeof(*t));
	t->a = a;
	t->id = arena_strdup(a, id);
	t->dir = arena_printf(a, "%s/%s", s->tenants, id);
	if (!is_folder(t->dir)) {
		tenant_free(t);
		return ERR_NOTFOUND;
	}
	*out = t;
	return load(t, f);
}

enum err
tenant_load(const struct server *s, const char *id, struct faults *f,
    struct tenant **out)
{
	struct tenant *t = NULL;
	enum err e = tenant_inspect(s, id, f, &t);

	if (e == ERR_OK)
		*out = t;
	else
		tenant_free(t);
	return e;
}

void
tenant_free(struct tenant *t)
{
	if (t != NULL)
		arena_free(t->a);
}
