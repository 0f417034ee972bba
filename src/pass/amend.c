#include "pass/amend.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/printed.h"
#include "base/text.h"
#include "pass/rendered.h"

#define PARTS_MAX 32

/* -- what is to be merged -------------------------------------------------- */

static bool
removes(struct json_object *v)
{
	return v == NULL ||
	    (json_object_is_type(v, json_type_string) &&
		json_object_get_string_len(v) == 0);
}

bool
amend_prepare(struct arena *a, struct json_object *additional, int64_t now,
    struct amend *out)
{
	struct amend am = { .now = now };
	struct json_object_iter it;

	clock_iso(now, am.now_iso);
	*out = am;
	if (additional == NULL)
		return true;
	if (json_object_object_length(additional) > PARTS_MAX)
		return false;
	am.parts = arena_alloc(a, PARTS_MAX * sizeof(*am.parts));
	json_object_object_foreachC(additional, it)
	{
		struct amend_part *p = &am.parts[am.n++];

		if (json_object_is_type(it.val, json_type_object))
			return false;
		p->key =
		    json_text(a, json_own(a, json_object_new_string(it.key)));
		if (!removes(it.val))
			p->value = json_text(a, it.val);
	}
	*out = am;
	return true;
}

/* -- the document ---------------------------------------------------------- */

/* Its members, in the order in which pass_print() prints them. */
enum member {
	ID,
	SECRET,
	CREATED,
	UPDATED,
	TYPE,
	IDENTIFIERS,
	METADATA,
	ADDITIONAL,
	PROVIDERS,
	EXTENSIONS,
	MESSAGE,
	APPLE,
	GOOGLE,
	MODIFIED,
	RENDERED,
	MEMBER__MAX
};

static const char *const names[MEMBER__MAX] = {
	[ID] = "\"id\"",
	[SECRET] = "\"secret\"",
	[CREATED] = "\"creationDate\"",
	[UPDATED] = "\"lastUpdateDate\"",
	[TYPE] = "\"passType\"",
	[IDENTIFIERS] = "\"identifiers\"",
	[METADATA] = "\"metadata\"",
	[ADDITIONAL] = "\"additionalData\"",
	[PROVIDERS] = "\"providers\"",
	[EXTENSIONS] = "\"extensions\"",
	[MESSAGE] = "\"lastNotification\"",
	[APPLE] = "\"apple\"",
	[GOOGLE] = "\"google\"",
	[MODIFIED] = "\"modified\"",
	[RENDERED] = "\"rendered\"",
};

static bool
may_be_missing(size_t i)
{
	return i == MESSAGE || i == GOOGLE;
}

/* False unless it has just these. */
static bool
split(struct slice document, struct slice m[MEMBER__MAX])
{
	struct slice rest = document, key, value;
	size_t i = 0;

	while (printed_next(&rest, &key, &value)) {
		while (i < MEMBER__MAX && !slice_is(key, names[i]) &&
		    may_be_missing(i))
			i++;
		if (i == MEMBER__MAX || !slice_is(key, names[i]))
			return false;
		m[i++] = value;
	}
	return i == MEMBER__MAX && rest.len == 0;
}

static bool
is_in(struct slice providers, const char *wallet)
{
	struct slice o, v;

	return printed_get(providers, wallet, &o) &&
	    printed_get(o, "\"activeRegistrations\"", &v) && v.len > 0 &&
	    (int64_t)strtod(v.s, NULL) > 0;
}

/* -- merging --------------------------------------------------------------- */

static void
add_member(struct buf *b, struct slice key, struct slice value)
{
	if (b->s[b->len - 1] != '{')
		buf_addc(b, ',');
	buf_add(b, key.s, key.len);
	buf_addc(b, ':');
	buf_add(b, value.s, value.len);
}

static bool
merge(const struct amend *am, struct arena *a, struct slice *additional)
{
	struct slice rest = *additional, key, value;
	bool used[PARTS_MAX] = { false };
	struct buf b;
	size_t i;

	if (am->n == 0)
		return true;
	buf_init(&b, a);
	buf_addc(&b, '{');
	while (printed_next(&rest, &key, &value)) {
		for (i = 0; i < am->n && !slice_eq(key, am->parts[i].key); i++)
			;
		if (i < am->n) {
			used[i] = true;
			value = am->parts[i].value;
		}
		if (value.s != NULL)
			add_member(&b, key, value);
	}
	for (i = 0; i < am->n; i++)
		if (!used[i] && am->parts[i].value.s != NULL)
			add_member(&b, am->parts[i].key, am->parts[i].value);
	buf_addc(&b, '}');
	*additional = buf_slice(&b);
	return rest.len == 0;
}

/* -- what it was rendered from --------------------------------------------- */

/* False when it is not an object, or cannot be told to be in order. */
static bool
add_sorted(struct buf *b, const char *before, struct slice value)
{
	if (value.len < 2 || value.s[0] != '{' || !printed_is_sorted(value))
		return false;
	buf_adds(b, before);
	buf_add(b, value.s, value.len);
	return true;
}

/* As rendered_digest() makes it, of what is printed in its order. */
static bool
make_digest(struct arena *a, const struct pass_type *type,
    const struct slice m[MEMBER__MAX], unsigned char out[DIGEST_LEN])
{
	struct buf b;

	rendered_begin(&b, a, type);
	if (!add_sorted(&b, "{\"additionalData\":", m[ADDITIONAL]))
		return false;
	buf_adds(&b, ",\"id\":");
	buf_add(&b, m[ID].s, m[ID].len);
	if (!add_sorted(&b, ",\"identifiers\":", m[IDENTIFIERS]) ||
	    !add_sorted(&b, ",\"metadata\":", m[METADATA]))
		return false;
	buf_adds(&b, ",\"passType\":");
	buf_add(&b, m[TYPE].s, m[TYPE].len);
	buf_addc(&b, '}');
	if (m[MESSAGE].s != NULL && !add_sorted(&b, "", m[MESSAGE]))
		return false;
	digest_sha256(b.s, b.len, out);
	return true;
}

/* -- all of it ------------------------------------------------------------- */

/* What is to be known of the document as it was. */
struct known {
	struct slice type;
	int64_t updated, modified;
	unsigned char digest[DIGEST_LEN];
};

static bool
learn(const struct slice m[MEMBER__MAX], struct known *k)
{
	struct slice date, rendered;

	if (!printed_plain(m[TYPE], &k->type) ||
	    !printed_plain(m[UPDATED], &date) ||
	    !printed_plain(m[RENDERED], &rendered) ||
	    !clock_parse_iso(date, &k->updated) ||
	    !text_unhex(rendered, k->digest, sizeof(k->digest)))
		return false;
	k->modified = strtoll(m[MODIFIED].s, NULL, 10);
	return true;
}

static void
add_string(struct buf *b, size_t name, const char *text)
{
	buf_addc(b, ',');
	buf_adds(b, names[name]);
	buf_adds(b, ":\"");
	buf_adds(b, text);
	buf_addc(b, '"');
}

/* Printed as pass_print() does: what is new stands in the place of the old. */
static struct slice
print(const struct amend *am, struct arena *a, const struct slice was[],
    const struct slice m[], const struct known *k)
{
	char iso[CLOCK_ISO_SIZE], hex[2 * DIGEST_LEN + 1];
	const char *from = was[ID].s - strlen("{\"id\":");
	struct buf b;

	memcpy(iso, am->now_iso, sizeof(iso));
	if (k->updated != am->now)
		clock_iso(k->updated, iso);
	text_hex(hex, k->digest, DIGEST_LEN);
	buf_init(&b, a);
	buf_add(&b, from, (size_t)(was[UPDATED].s + 1 - from));
	buf_adds(&b, iso);
	from = was[UPDATED].s + was[UPDATED].len - 1;
	buf_add(&b, from, (size_t)(was[ADDITIONAL].s - from));
	buf_add(&b, m[ADDITIONAL].s, m[ADDITIONAL].len);
	from = was[ADDITIONAL].s + was[ADDITIONAL].len;
	buf_add(&b, from, (size_t)(was[MODIFIED].s - from));
	buf_printf(&b, "%lld", (long long)k->modified);
	add_string(&b, RENDERED, hex);
	buf_addc(&b, '}');
	return buf_slice(&b);
}

bool
amend_document(const struct amend *am, struct arena *a, const struct tenant *t,
    struct slice document, struct amended *out)
{
	struct slice was[MEMBER__MAX] = { { NULL, 0 } }, m[MEMBER__MAX];
	struct amended got = { .changed = false };
	unsigned char digest[DIGEST_LEN];
	struct known k;

	if (!split(document, was) || !learn(was, &k))
		return false;
	memcpy(m, was, sizeof(m));
	got.type = arena_strndup(a, k.type.s, k.type.len);
	got.was = k.updated;
	if (!merge(am, a, &m[ADDITIONAL]) ||
	    !make_digest(a, tenant_type(t, got.type), m, digest))
		return false;
	got.changed = memcmp(digest, k.digest, DIGEST_LEN) != 0;
	memcpy(k.digest, digest, DIGEST_LEN);
	k.updated = pass_later(am->now, k.updated);
	k.modified = pass_later(am->now / 1000, k.modified);
	got.updated = k.updated;
	got.installed = (is_in(m[PROVIDERS], "\"apple\"") ? STORE_APPLE : 0) |
	    (is_in(m[PROVIDERS], "\"google\"") ? STORE_GOOGLE : 0);
	if (got.changed)
		got.document = print(am, a, was, m, &k);
	if (got.document.len > PASS_DOCUMENT_MAX)
		return false;
	*out = got;
	return true;
}
