#include <ctype.h>

#include "base/clock.h"
#include "base/text.h"
#include "conf/yaml.h"
#include "wallet/card.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct check {
	const struct tenant *t;
	const struct pass_type *type;
	struct faults *f;
	struct json_object *keys; /* of the fields seen so far: their lines */
};

/* -- names ---------------------------------------------------------------- */

/* The values may be templates, so that names are all a table can judge. */
#define NAME(n)                                                                \
	{                                                                      \
		.name = (n), .type = SETTING_JSON                              \
	}
#define MUST(n)                                                                \
	{                                                                      \
		.name = (n), .type = SETTING_JSON, .must = true                \
	}

static const struct setting card_names[] = { NAME("organization"),
	NAME("title"), NAME("description"), NAME("colors"), NAME("header"),
	NAME("primary"), NAME("secondary"), NAME("auxiliary"), NAME("back"),
	NAME("additionalInfo"), NAME("footer"), NAME("barcode"), NAME("images"),
	NAME("voided"), NAME("expirationDate"), NAME("relevantDate"),
	NAME("relevantDates"), NAME("locations"), NAME("beacons"),
	NAME("maxDistance"), NAME("groupingIdentifier"), { .name = NULL } };

/* `role`, and Apple's PassFieldContent. */
static const struct setting field_names[] = { MUST("key"), MUST("value"),
	NAME("label"), NAME("changeMessage"), NAME("role"),
	NAME("attributedValue"), NAME("dataDetectorTypes"),
	NAME("textAlignment"), NAME("dateStyle"), NAME("timeStyle"),
	NAME("ignoresTimeZone"), NAME("isRelative"), NAME("numberStyle"),
	NAME("currencyCode"), NAME("row"), NAME("semantics"),
	{ .name = NULL } };

static const struct setting colour_names[] = { NAME("background"),
	NAME("foreground"), NAME("label"), NAME("strip"),
	NAME("footerBackground"), { .name = NULL } };

static const struct setting barcode_names[] = { NAME("format"), MUST("message"),
	NAME("messageEncoding"), NAME("altText"), { .name = NULL } };

static const struct setting image_names[] = { NAME("icon"), NAME("logo"),
	NAME("thumbnail"), NAME("strip"), NAME("background"), NAME("footer"),
	NAME("artwork"), NAME("primaryLogo"), NAME("secondaryLogo"),
	NAME("personalizationLogo"), NAME("venueMap"), { .name = NULL } };

static const struct setting google_names[] = { NAME("class"), NAME("object"),
	{ .name = NULL } };

static void
check_names(struct check *c, const struct setting *names, struct json_object *o)
{
	const struct setting_source src = { c->type->file, o, c->f };
	struct json_object *unused;

	(void)!setting_read(c->f->a, names, &src, &unused);
}

/* -- values --------------------------------------------------------------- */

static bool
is_template(struct json_object *o)
{
	return json_object_is_type(o, json_type_string) &&
	    strstr(json_object_get_string(o), "{{") != NULL;
}

/* A string that no expression is in, or NULL. */
static const char *
literal(struct json_object *o, const char *key)
{
	return is_template(json_get(o, key)) ? NULL : json_get_string(o, key);
}

/* An expression may give one; anything else is a fault. */
static bool
is_mapping(struct check *c, struct json_object *o, int line, const char *what)
{
	if (json_object_is_type(o, json_type_object))
		return true;
	if (!is_template(o))
		fault_add(c->f, c->type->file, line,
		    "\"%s\": a mapping is expected", what);
	return false;
}

static void
check_date(struct check *c, struct json_object *o, const char *key)
{
	const char *s = literal(o, key);
	int64_t ms;

	if (s != NULL && !clock_parse_iso(slice_of(s), &ms))
		fault_add(c->f, c->type->file, yaml_line_of(o, key),
		    "\"%s\": a date such as 2027-01-31T10:00:00Z or "
		    "2027-01-31T10:00+01:00 is expected",
		    key);
}

static void
check_key(struct check *c, struct json_object *field)
{
	const int line = yaml_line(field);
	const char *key = literal(field, "key");

	if (key == NULL)
		return;
	if (*key == '\0')
		fault_add(c->f, c->type->file, line, "\"key\" is empty");
	if (json_get(c->keys, key) != NULL)
		fault_add(c->f, c->type->file, line,
		    "another field has the key \"%s\", on line %d: keys are "
		    "unique in the whole pass",
		    key, (int)json_get_int(c->keys, key, 0));
	else
		json_set_int(c->keys, key, line);
}

static void
check_field(struct check *c, struct json_object *field)
{
	const char *message = literal(field, "changeMessage");

	check_names(c, field_names, field);
	check_key(c, field);
	if (message != NULL && strstr(message, "%@") == NULL)
		fault_add(c->f, c->type->file,
		    yaml_line_of(field, "changeMessage"),
		    "\"changeMessage\" lacks %%@, the place of the new value");
	if (json_get(field, "dateStyle") != NULL ||
	    json_get(field, "timeStyle") != NULL)
		check_date(c, field, "value");
}

static void
check_fields(struct check *c, const char *name)
{
	struct json_object *list = json_get(c->type->card, name);

	if (list == NULL || is_template(list))
		return;
	if (!json_object_is_type(list, json_type_array)) {
		fault_add(c->f, c->type->file,
		    yaml_line_of(c->type->card, name),
		    "\"%s\": a list of fields is expected", name);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *field = json_object_array_get_idx(list, i);

		if (is_mapping(c, field, yaml_line_at(list, i), name))
			check_field(c, field);
	}
}

static void
check_colours(struct check *c, struct json_object *colours)
{
	struct json_object_iter it;
	unsigned rgb[3];

	if (colours == NULL ||
	    !is_mapping(c, colours, yaml_line(colours), "colors"))
		return;
	check_names(c, colour_names, colours);
	json_object_object_foreachC(colours, it)
	{
		const char *s = literal(colours, it.key);

		if (!is_template(it.val) && (s == NULL || !card_colour(s, rgb)))
			fault_add(c->f, c->type->file,
			    yaml_line_of(colours, it.key),
			    "\"%s\": a colour such as \"#1b3a5b\" (in quotes) "
			    "or rgb(27, 58, 91) is expected",
			    it.key);
	}
}

static void
check_barcode(struct check *c, struct json_object *o, int line)
{
	static const char *const formats[] = { "qr", "pdf417", "aztec",
		"code128" };
	const char *s;

	if (!is_mapping(c, o, line, "barcode"))
		return;
	check_names(c, barcode_names, o);
	if ((s = literal(o, "format")) == NULL ||
	    strncmp(s, "PKBarcodeFormat", strlen("PKBarcodeFormat")) == 0)
		return;
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcasecmp(s, formats[i]) == 0)
			return;
	fault_add(c->f, c->type->file, yaml_line_of(o, "format"),
	    "\"format\": qr, pdf417, aztec or code128 is expected");
}

static void
check_barcodes(struct check *c, struct json_object *o)
{
	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++)
			check_barcode(c, json_object_array_get_idx(o, i),
			    yaml_line_at(o, i));
	else if (o != NULL)
		check_barcode(c, o, yaml_line(o));
}

/* A name that Wallet does not know does no harm, and may be new. */
static void
warn_of_images(struct check *c, struct json_object *images)
{
	struct faults own, *f = c->f;

	faults_init(&own, f->a);
	c->f = &own;
	check_names(c, image_names, images);
	c->f = f;
	for (size_t i = 0; i < own.n; i++)
		fault_warn(f, own.list[i].file, own.list[i].line, "images: %s",
		    own.list[i].text);
	if (c->type->kind == KIND_EVENT_TICKET &&
	    json_get(images, "strip") != NULL &&
	    (json_get(images, "background") != NULL ||
		json_get(images, "thumbnail") != NULL))
		fault_warn(f, c->type->file, yaml_line_of(images, "strip"),
		    "an event ticket shows either a strip or background and "
		    "thumbnail");
}

static void
check_images(struct check *c, struct json_object *images)
{
	struct json_object_iter it;

	if (images == NULL ||
	    !is_mapping(c, images, yaml_line(images), "images"))
		return;
	warn_of_images(c, images);
	json_object_object_foreachC(images, it)
	{
		const char *s = json_get_string(images, it.key);
		const size_t len = s == NULL ? 0 : strlen(s);

		if (len < 5 || strcasecmp(s + len - 4, ".png") != 0 ||
		    *s == '/' || strstr(s, "..") != NULL)
			fault_add(c->f, c->type->file,
			    yaml_line_of(images, it.key),
			    "\"%s\": a PNG file of the pass type's folder is "
			    "expected",
			    it.key);
	}
}

/* -- texts ---------------------------------------------------------------- */

/* The name after "$text" of an expression, or NULL: .name or ["name"]. */
static const char *
text_name(struct arena *a, const char *s)
{
	size_t n;

	if (strncmp(s, "[\"", 2) == 0 || strncmp(s, ".\"", 2) == 0) {
		n = strcspn(s + 2, "\"\\");
		return s[2 + n] == '"' ? arena_strndup(a, s + 2, n) : NULL;
	}
	if (*s != '.' || isdigit((unsigned char)s[1]))
		return NULL;
	for (n = 0; s[1 + n] == '_' || isalnum((unsigned char)s[1 + n]); n++)
		continue;
	return n == 0 ? NULL : arena_strndup(a, s + 1, n);
}

static void
check_used(struct check *c, const char *s, int line)
{
	const char *first = c->t->languages.s[0], *name;

	while ((s = strstr(s, "$text")) != NULL) {
		s += strlen("$text");
		name = text_name(c->f->a, s);
		if (name != NULL &&
		    json_get(json_get(c->type->texts, first), name) == NULL)
			fault_warn(c->f, c->type->file, line,
			    "there is no text \"%s\" in %s/%s.yml", name,
			    c->type->name, first);
	}
}

/* A file's depth has its own limit. */
static void
/* NOLINTNEXTLINE(misc-no-recursion) */
walk_strings(struct check *c, struct json_object *o, int line)
{
	struct json_object_iter it;

	switch (json_object_get_type(o)) {
	case json_type_object:
		json_object_object_foreachC(o, it)
		{
			walk_strings(c, it.val, yaml_line_of(o, it.key));
		}
		break;
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(o); i++)
			walk_strings(c, json_object_array_get_idx(o, i),
			    yaml_line_at(o, i));
		break;
	case json_type_string:
		if (is_template(o))
			check_used(c, json_object_get_string(o), line);
		break;
	default:
		break;
	}
}

static void
check_language(struct check *c, const char *first, const char *language)
{
	struct json_object *all = json_get(c->type->texts, first);
	struct json_object *own = json_get(c->type->texts, language);
	const char *file =
	    arena_printf(c->f->a, "%s/%s.yml", c->type->dir, language);
	struct json_object_iter it;

	if (own == NULL) {
		fault_warn(c->f, file, 0,
		    "there are no texts in this language: %s.yml stands in",
		    first);
		return;
	}
	json_object_object_foreachC(all, it)
	{
		if (json_get(own, it.key) == NULL)
			fault_warn(c->f, file, 0,
			    "text \"%s\" is missing: that of %s.yml stands in",
			    it.key, first);
	}
}

static void
check_texts(struct check *c)
{
	const struct strings *l = &c->t->languages;

	walk_strings(c, c->type->card, 0);
	walk_strings(c, c->type->apple, 0);
	walk_strings(c, c->type->google, 0);
	if (json_get(c->type->texts, l->s[0]) == NULL)
		return;
	for (size_t i = 1; i < l->n; i++)
		check_language(c, l->s[0], l->s[i]);
}

void
card_check(
    const struct tenant *t, const struct pass_type *type, struct faults *f)
{
	static const char *const lists[] = { "header", "primary", "secondary",
		"auxiliary", "back", "additionalInfo", "footer" };
	struct check c = { .t = t, .type = type, .f = f };

	c.keys = json_object_in(f->a);
	if (type->card == NULL) {
		fault_add(f, type->file, 0, "\"card\" is missing");
		return;
	}
	check_names(&c, card_names, type->card);
	for (size_t i = 0; i < COUNT(lists); i++)
		check_fields(&c, lists[i]);
	check_colours(&c, json_get(type->card, "colors"));
	check_barcodes(&c, json_get(type->card, "barcode"));
	check_images(&c, json_get(type->card, "images"));
	check_date(&c, type->card, "expirationDate");
	check_date(&c, type->card, "relevantDate");
	if (type->google != NULL)
		check_names(&c, google_names, type->google);
	check_texts(&c);
}
