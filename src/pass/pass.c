#include "pass/pass.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/printed.h"
#include "base/text.h"

/* A document is deeper than what a caller may send into it. */
#define DEPTH (JSON_DEPTH * 2)

/* -- reading ------------------------------------------------------------ */

static struct json_object *
object_of(struct arena *a, struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_object) ? v : json_object_in(a);
}

static bool
date_of(struct json_object *o, const char *key, int64_t *ms)
{
	const char *s = json_get_string(o, key);

	return s != NULL && clock_parse_iso(slice_of(s), ms);
}

static enum err
unreadable(const char *why)
{
	log_error("pass_document", "why", why, NULL);
	return ERR_INTERNAL;
}

/* Without an id, dates and a type it is no pass of ours. */
static bool
fill(struct arena *a, struct json_object *o, struct pass *p)
{
	struct json_object *apple = json_get(o, "apple");
	const char *rendered = json_get_string(o, "rendered");

	p->id = json_get_string(o, "id");
	p->secret = json_get_string(o, "secret");
	p->type = json_get_string(o, "passType");
	p->modified = json_get_int(o, "modified", 0);
	p->identifiers = object_of(a, o, "identifiers");
	p->metadata = object_of(a, o, "metadata");
	p->additional = object_of(a, o, "additionalData");
	p->providers = object_of(a, o, "providers");
	p->extensions = object_of(a, o, "extensions");
	p->notification = json_get(o, "lastNotification");
	p->answers = json_get(o, "answers");
	p->apple_serial = json_get_string(apple, "serialNumber");
	p->apple_token = json_get_string(apple, "authenticationToken");
	p->google_object = json_get_string(json_get(o, "google"), "objectId");
	p->has_rendered = rendered != NULL &&
	    text_unhex(slice_of(rendered), p->rendered, sizeof(p->rendered));
	return p->id != NULL && p->secret != NULL && p->type != NULL &&
	    p->apple_serial != NULL && p->apple_token != NULL &&
	    date_of(o, "creationDate", &p->created) &&
	    date_of(o, "lastUpdateDate", &p->updated);
}

enum err
pass_parse(struct arena *a, struct slice document, struct pass *out)
{
	struct pass p = { 0 };
	struct json_object *o;
	struct why w;

	if (json_parse(a, document, DEPTH, &o, &w) != ERR_OK)
		return unreadable("not JSON");
	if (!fill(a, o, &p))
		return unreadable("a member is missing");
	*out = p;
	return ERR_OK;
}

/* NULL: it is no string, or has escapes. */
static const char *
plain_string(struct arena *a, struct slice value)
{
	struct slice text;

	return printed_plain(value, &text) ? arena_strndup(a, text.s, text.len)
					   : NULL;
}

enum err
pass_peek(struct arena *a, struct slice document, struct pass *out)
{
	struct slice rest = document, key, value;
	struct pass p = { 0 };

	while (printed_next(&rest, &key, &value)) {
		if (slice_is(key, "\"id\""))
			p.id = plain_string(a, value);
		else if (slice_is(key, "\"passType\""))
			p.type = plain_string(a, value);
		else if (slice_is(key, "\"modified\""))
			p.modified = strtoll(value.s, NULL, 10);
	}
	if (p.id == NULL || p.type == NULL || p.modified <= 0)
		return pass_parse(a, document, out);
	*out = p;
	return ERR_OK;
}

/* -- writing ------------------------------------------------------------ */

static void
set_date(struct json_object *o, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	json_set_string(o, key, iso);
}

/* The nine properties of `Pass`; the secret only if asked for. */
static struct json_object *
shown(struct arena *a, const struct pass *p, bool secret)
{
	struct json_object *o = json_object_in(a);

	json_set_string(o, "id", p->id);
	if (secret)
		json_set_string(o, "secret", p->secret);
	set_date(o, "creationDate", p->created);
	set_date(o, "lastUpdateDate", p->updated);
	json_set_string(o, "passType", p->type);
	json_set(o, "identifiers", p->identifiers);
	json_set(o, "metadata", p->metadata);
	json_set(o, "additionalData", p->additional);
	json_set(o, "providers", p->providers);
	return o;
}

struct json_object *
pass_row(struct arena *a, const struct pass *p)
{
	return shown(a, p, true);
}

struct json_object *
pass_raw(struct arena *a, const struct pass *p, bool secrets)
{
	struct json_object *o = shown(a, p, secrets);
	struct json_object *apple = json_object_in(a);
	char hex[2 * sizeof(p->rendered) + 1];

	json_set(o, "extensions", p->extensions);
	if (p->notification != NULL)
		json_set(o, "lastNotification", p->notification);
	if (p->answers != NULL)
		json_set(o, "answers", p->answers);
	json_set_string(apple, "serialNumber", p->apple_serial);
	if (secrets)
		json_set_string(apple, "authenticationToken", p->apple_token);
	json_set(o, "apple", apple);
	if (p->google_object != NULL) {
		json_set(o, "google", json_object_in(a));
		json_set_string(
		    json_get(o, "google"), "objectId", p->google_object);
	}
	json_set_int(o, "modified", p->modified);
	if (p->has_rendered) {
		text_hex(hex, p->rendered, sizeof(p->rendered));
		json_set_string(o, "rendered", hex);
	}
	return o;
}

static void
print_text(struct buf *b, const char *key, struct slice text)
{
	buf_addc(b, b->len == 0 ? '{' : ',');
	buf_addc(b, '"');
	buf_adds(b, key);
	buf_adds(b, "\":");
	buf_add(b, text.s, text.len);
}

static void
print_value(struct buf *b, const char *key, struct json_object *v)
{
	print_text(b, key, json_text(b->a, v));
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == '"' || *s == '\\')
			return false;
	return true;
}

/* What has something to escape is for json_text(). */
static void
print_string(struct buf *b, const char *key, const char *s)
{
	if (s == NULL || !is_plain(s)) {
		print_value(b, key,
		    s == NULL ? NULL
			      : json_own(b->a, json_object_new_string(s)));
		return;
	}
	print_text(b, key, slice_of(""));
	buf_addc(b, '"');
	buf_adds(b, s);
	buf_addc(b, '"');
}

static void
print_date(struct buf *b, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	print_string(b, key, iso);
}

static struct slice
wallet_text(struct arena *a, const char *key, const char *s, const char *token)
{
	struct buf b;

	buf_init(&b, a);
	print_string(&b, key, s);
	if (token != NULL)
		print_string(&b, "authenticationToken", token);
	buf_addc(&b, '}');
	return buf_slice(&b);
}

/* As json_text() of pass_raw() with its secrets, of which many are written. */
static struct slice
document_of(struct arena *a, const struct pass *p)
{
	char hex[2 * sizeof(p->rendered) + 1];
	struct buf b;

	buf_init(&b, a);
	print_string(&b, "id", p->id);
	print_string(&b, "secret", p->secret);
	print_date(&b, "creationDate", p->created);
	print_date(&b, "lastUpdateDate", p->updated);
	print_string(&b, "passType", p->type);
	print_value(&b, "identifiers", p->identifiers);
	print_value(&b, "metadata", p->metadata);
	print_value(&b, "additionalData", p->additional);
	print_value(&b, "providers", p->providers);
	print_value(&b, "extensions", p->extensions);
	if (p->notification != NULL)
		print_value(&b, "lastNotification", p->notification);
	if (p->answers != NULL)
		print_value(&b, "answers", p->answers);
	print_text(&b, "apple",
	    wallet_text(a, "serialNumber", p->apple_serial, p->apple_token));
	if (p->google_object != NULL)
		print_text(&b, "google",
		    wallet_text(a, "objectId", p->google_object, NULL));
	print_text(&b, "modified", slice_of(text_num(p->modified).s));
	if (p->has_rendered) {
		text_hex(hex, p->rendered, sizeof(p->rendered));
		print_string(&b, "rendered", hex);
	}
	buf_addc(&b, '}');
	return buf_slice(&b);
}

enum err
pass_print(struct arena *a, const struct pass *p, struct slice *document)
{
	const struct slice s = document_of(a, p);

	/* What we add ourselves is not held against a caller's data. */
	if (s.len > PASS_DOCUMENT_MAX &&
	    s.len - json_text(a, p->providers).len > PASS_DOCUMENT_MAX)
		return ERR_TOOBIG;
	*document = s;
	return ERR_OK;
}

static struct json_object *
with_answers(struct arena *a, const struct pass *p, struct json_object *o)
{
	if (!json_object_is_type(p->answers, json_type_array))
		return o;
	for (size_t i = 0; i < json_object_array_length(p->answers); i++) {
		struct json_object *one =
		    json_get(json_object_array_get_idx(p->answers, i), "data");

		if (one != NULL)
			o = json_merge(a, o, one, false);
	}
	return o;
}

struct json_object *
pass_data(struct arena *a, const struct pass *p, bool metadata)
{
	struct json_object *o = json_object_in(a);

	json_set_string(o, "id", p->id);
	json_set_string(o, "passType", p->type);
	json_set(o, "identifiers", p->identifiers);
	json_set(o, "additionalData", p->additional);
	if (metadata)
		json_set(o, "metadata", p->metadata);
	return with_answers(a, p, o);
}

static bool
is_in(const struct pass *p, const char *wallet)
{
	return json_get_int(json_get(p->providers, wallet),
		   "activeRegistrations", 0) > 0;
}

unsigned
pass_installed(const struct pass *p)
{
	return (is_in(p, "apple") ? STORE_APPLE : 0) |
	    (is_in(p, "google") ? STORE_GOOGLE : 0);
}

/* -- the index ---------------------------------------------------------- */

bool
pass_unique(const struct pass_type *type, struct json_object *identifiers,
    unsigned char out[32])
{
	EVP_MD_CTX *ctx;
	bool all = type->unique_identifiers.n > 0, ok;

	for (size_t i = 0; i < type->unique_identifiers.n; i++)
		all = all &&
		    json_get_string(
			identifiers, type->unique_identifiers.s[i]) != NULL;
	if (!all)
		return false;
	/* Each with its NUL, so that no two lists of values look alike. */
	ok = (ctx = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, type->name, strlen(type->name) + 1) == 1;
	for (size_t i = 0; ok && i < type->unique_identifiers.n; i++) {
		const char *v =
		    json_get_string(identifiers, type->unique_identifiers.s[i]);

		ok = EVP_DigestUpdate(ctx, v, strlen(v) + 1) == 1;
	}
	if (!ok || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return true;
}

/* Both with a dot between; so often that printf(3) is felt. */
static const char *
joined(struct arena *a, const char *prefix, const char *key)
{
	char *s = arena_alloc(a, strlen(prefix) + strlen(key) + 2);

	(void)stpcpy(stpcpy(stpcpy(s, prefix), "."), key);
	return s;
}

/* A field for each member of `o`, named with `prefix` before its key. */
static void
add_fields(struct arena *a, const char *prefix, struct json_object *o,
    struct store_pass *row)
{
	struct json_object_iter it;

	json_object_object_foreachC(o, it)
	{
		struct store_field *f = &row->fields[row->nfields++];

		f->name = slice_of(joined(a, prefix, it.key));
		f->value = json_plain(a, it.val);
	}
}

static struct store_column *
add_column(struct store_pass *row, const char *name, enum store_kind kind)
{
	struct store_column *c = &row->columns[row->ncolumns++];

	c->name = slice_of(name);
	c->kind = kind;
	return c;
}

static enum store_kind
kind_of(struct json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_int:
	case json_type_double:
		return STORE_NUMBER;
	case json_type_array:
		return json_object_array_length(v) == 0 ? STORE_HOLLOW
							: STORE_TEXT;
	case json_type_object:
		return json_object_object_length(v) == 0 ? STORE_HOLLOW
							 : STORE_TEXT;
	default:
		return STORE_TEXT;
	}
}

static void
add_metadata(struct arena *a, struct json_object *o, struct store_pass *row)
{
	struct json_object_iter it;

	json_object_object_foreachC(o, it)
	{
		if (it.val != NULL)
			add_column(
			    row, joined(a, "metadata", it.key), kind_of(it.val))
			    ->value = json_plain(a, it.val);
	}
}

/* When it was first installed, and where it is now. */
static void
add_installs(const struct pass *p, struct store_pass *row)
{
	static const struct {
		const char *name;
		int bit;
	} wallets[] = { { "apple", STORE_APPLE }, { "google", STORE_GOOGLE } };
	int64_t set = 0, ms;

	for (size_t i = 0; i < 2; i++) {
		struct json_object *o = json_get(p->providers, wallets[i].name);

		if (json_get_int(o, "activeRegistrations", 0) > 0)
			set |= wallets[i].bit;
		if (date_of(o, "installationDate", &ms))
			add_column(row, wallets[i].name, STORE_DATE)->number =
			    ms;
	}
	add_column(row, "installationStatus", STORE_SET)->number = set;
}

#define OWN_COLUMNS 6 /* that every pass may have */

static void
index_columns(struct arena *a, const struct pass *p, struct store_pass *row)
{
	size_t n = (size_t)json_object_object_length(p->metadata) + OWN_COLUMNS;

	row->columns = arena_alloc(a, n * sizeof(*row->columns));
	row->ncolumns = 0;
	add_column(row, "passType", STORE_TEXT)->value = slice_of(p->type);
	add_column(row, "creationDate", STORE_DATE)->number = p->created;
	add_column(row, "lastUpdateDate", STORE_DATE)->number = p->updated;
	add_installs(p, row);
	add_metadata(a, p->metadata, row);
}

void
pass_index(struct arena *a, const struct tenant *t, const struct pass *p,
    struct store_pass *row)
{
	const struct pass_type *type = tenant_type(t, p->type);
	unsigned char *unique = arena_alloc(a, 32);
	const int n = json_object_object_length(p->identifiers);

	row->fields = arena_alloc(a, (size_t)(n + 2) * sizeof(*row->fields));
	row->nfields = 0;
	add_fields(a, "identifiers", p->identifiers, row);
	/* Wallet asks by it, and only an imported pass has its own. */
	if (strcmp(p->apple_serial, p->id) != 0)
		row->fields[row->nfields++] =
		    (struct store_field){ slice_of(PASS_SERIAL_FIELD),
			    slice_of(p->apple_serial) };
	if (p->google_object != NULL)
		row->fields[row->nfields++] =
		    (struct store_field){ slice_of(PASS_GOOGLE_OBJECT),
			    slice_of(p->google_object) };
	index_columns(a, p, row);
	row->unique = type != NULL && pass_unique(type, p->identifiers, unique)
	    ? unique
	    : NULL;
}
