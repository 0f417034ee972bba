#include "wallet/google/object.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "wallet/google/localize.h"
#include "wallet/google/role.h"
#include "wallet/google/rows.h"
#include "wallet/picture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct build {
	struct arena *a;
	const struct tenant *tenant;
	const struct pass_type *type;
	const struct pass *pass;
	const struct card_side *side;
	struct json_object *class, *object;
	bool notify_class, notify_object;
};

/* -- small pieces --------------------------------------------------------- */

/* Put `v` at "a.b.c", making the objects on the way. */
static void
put_at(struct arena *a, struct json_object *o, const char *path,
    struct json_object *v)
{
	for (const char *dot; (dot = strchr(path, '.')) != NULL;) {
		const char *key = arena_strndup(a, path, (size_t)(dot - path));

		if (json_get(o, key) == NULL)
			json_set(o, key, json_object_in(a));
		o = json_get(o, key);
		path = dot + 1;
	}
	json_set(o, path, v);
}

static struct json_object *
string_of(struct arena *a, const char *s)
{
	return json_own(a, json_object_new_string(s));
}

/* What the card says as text, or NULL where it says nothing. */
static const char *
text_of(struct build *b, struct json_object *v)
{
	struct slice s;

	if (v == NULL || (s = json_plain(b->a, v)).len == 0)
		return NULL;
	return arena_strndup(b->a, s.s, s.len);
}

static const char *
card_text(struct build *b, const char *key)
{
	return text_of(b, json_get(b->side->card, key));
}

static const char *
issuer_of(struct build *b)
{
	const char *s = card_text(b, "organization");

	return s != NULL ? s : b->tenant->name;
}

static const char *
title_of(struct build *b)
{
	const char *s = card_text(b, "title");

	return s != NULL ? s : issuer_of(b);
}

static struct json_object *
localized(struct build *b, const char *text)
{
	return localize_text(b->a, b->side->language, text);
}

static void
set_image(struct build *b, struct json_object *o, const char *path,
    const char *const *names)
{
	struct json_object *images = json_get(b->side->card, "images");
	struct json_object *image = json_object_in(b->a);
	const char *url = NULL;

	for (; url == NULL && *names != NULL; names++)
		url = picture_url(b->a, b->tenant, b->type, images, *names);
	if (url == NULL)
		return;
	put_at(b->a, image, "sourceUri.uri", string_of(b->a, url));
	put_at(b->a, o, path, image);
}

static void
set_logo(struct build *b, struct json_object *o, const char *path)
{
	static const char *const names[] = { "logo", "icon", NULL };

	set_image(b, o, path, names);
}

static void
set_hero(struct build *b, struct json_object *o)
{
	static const char *const names[] = { "strip", "background", "thumbnail",
		NULL };

	set_image(b, o, "heroImage", names);
}

static void
set_colour(struct build *b, struct json_object *o)
{
	const char *s =
	    json_get_string(json_get(b->side->card, "colors"), "background");
	unsigned rgb[3];

	if (s != NULL && card_colour(s, rgb))
		json_set_string(o, "hexBackgroundColor",
		    arena_printf(
			b->a, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]));
}

/* -- what each kind has --------------------------------------------------- */

static void
fill_loyalty(struct build *b)
{
	json_set_string(b->class, "programName", title_of(b));
	set_logo(b, b->class, "programLogo");
}

static void
fill_event(struct build *b)
{
	json_set(b->class, "eventName", localized(b, title_of(b)));
	set_logo(b, b->class, "logo");
}

static void
fill_gift(struct build *b)
{
	json_set_string(b->class, "merchantName", title_of(b));
	set_logo(b, b->class, "programLogo");
}

static void
fill_offer(struct build *b)
{
	json_set_string(b->class, "title", title_of(b));
	json_set_string(b->class, "provider", issuer_of(b));
	json_set_string(b->class, "redemptionChannel", "BOTH");
	set_logo(b, b->class, "titleImage");
}

static void
fill_flight(struct build *b)
{
	set_logo(b, b->class, "flightHeader.carrier.airlineLogo");
}

static void
fill_transit(struct build *b)
{
	static const char *const types[][2] = {
		{ "PKTransitTypeTrain", "RAIL" },
		{ "PKTransitTypeBus", "BUS" },
		{ "PKTransitTypeBoat", "FERRY" },
	};
	const char *apple = json_get_string(b->side->apple, "transitType");

	json_set_string(b->class, "transitType", "OTHER");
	for (size_t i = 0; apple != NULL && i < COUNT(types); i++)
		if (strcmp(apple, types[i][0]) == 0)
			json_set_string(b->class, "transitType", types[i][1]);
	json_set(b->class, "transitOperatorName", localized(b, issuer_of(b)));
	json_set_string(b->object, "tripType", "ONE_WAY");
	set_logo(b, b->class, "logo");
}

static void
fill_generic(struct build *b)
{
	const char *description = card_text(b, "description");

	json_set(b->object, "cardTitle", localized(b, issuer_of(b)));
	json_set(b->object, "header", localized(b, title_of(b)));
	if (description != NULL)
		json_set(b->object, "subheader", localized(b, description));
	set_logo(b, b->object, "logo");
}

/* By enum pass_kind. */
static const struct {
	const char *name;
	void (*fill)(struct build *);
} kinds[] = {
	[KIND_CUSTOMER_CARD] = { "loyalty", fill_loyalty },
	[KIND_EVENT_TICKET] = { "eventTicket", fill_event },
	[KIND_GIFT_CARD] = { "giftCard", fill_gift },
	[KIND_OFFER] = { "offer", fill_offer },
	[KIND_BOARDING_PASS] = { "flight", fill_flight },
	[KIND_TRANSIT] = { "transit", fill_transit },
	[KIND_GENERIC] = { "generic", fill_generic },
};

const char *
object_kind(int kind)
{
	return kinds[kind].name;
}

/* -- fields --------------------------------------------------------------- */

/* A number as money: "12.50 EUR"; Google shows a text as it is. */
static const char *
value_text(struct build *b, struct json_object *field)
{
	struct json_object *v = json_get(field, "value");
	const char *currency = json_get_string(field, "currencyCode"), *s;
	bool date = json_get(field, "dateStyle") != NULL ||
	    json_get(field, "timeStyle") != NULL;

	if (currency != NULL &&
	    (json_object_is_type(v, json_type_int) ||
		json_object_is_type(v, json_type_double)))
		return arena_printf(
		    b->a, "%.2f %s", json_object_get_double(v), currency);
	s = text_of(b, v);
	if (s != NULL && date && strlen(s) >= 16 && s[10] == 'T')
		return arena_printf(b->a, "%.10s %.5s", s, s + 11);
	return s;
}

/* The time of a clock at the place: without the offset that Apple needs. */
static const char *
local_time(struct build *b, const char *s)
{
	size_t len = strlen(s);

	if (len > 16 && s[10] == 'T' && s[len - 1] != 'Z') {
		const char *sign = strpbrk(s + 11, "+-");

		len = sign == NULL ? len : (size_t)(sign - s);
	}
	return arena_strndup(b->a, s, len);
}

static struct json_object *
money(struct build *b, struct json_object *field)
{
	double n = json_object_get_double(json_get(field, "value")) * 1e6;
	struct json_object *o = json_object_in(b->a);
	const char *currency = json_get_string(field, "currencyCode");

	if (n > 9e18 || n < -9e18)
		n = 0;
	json_set_string(o, "micros", arena_printf(b->a, "%.0f", n));
	json_set_string(o, "currencyCode", currency);
	return currency == NULL ? NULL : o;
}

static struct json_object *
points(struct build *b, struct json_object *field)
{
	struct json_object *v = json_get(field, "value");
	struct json_object *o = json_object_in(b->a);

	if (json_get(field, "currencyCode") != NULL)
		json_set(o, "money", money(b, field));
	else if (json_object_is_type(v, json_type_int) &&
	    json_object_get_int64(v) == (int32_t)json_object_get_int64(v))
		json_set(o, "int", v);
	else if (json_object_is_type(v, json_type_double))
		json_set(o, "double", v);
	else
		json_set_string(o, "string", text_of(b, v));
	return o;
}

static struct json_object *
role_value(struct build *b, const struct role *r, struct json_object *field)
{
	const char *text = text_of(b, json_get(field, "value"));

	if (text == NULL)
		return NULL;
	switch (r->form) {
	case ROLE_LOCALIZED:
		return localized(b, text);
	case ROLE_LOCAL_TIME:
		return string_of(b->a, local_time(b, text));
	case ROLE_POINTS:
		return points(b, field);
	case ROLE_MONEY:
		return money(b, field);
	default:
		return string_of(b->a, text);
	}
}

static void
add_role(struct build *b, const struct role *r, struct json_object *field)
{
	struct json_object *v = role_value(b, r, field);
	const char *label = text_of(b, json_get(field, "label"));

	if (v == NULL)
		return;
	put_at(b->a, r->class ? b->class : b->object, r->path, v);
	if (json_get_string(field, "changeMessage") != NULL &&
	    b->type->kind != KIND_GENERIC) /* which has no such wish */
		*(r->class ? &b->notify_class : &b->notify_object) = true;
	if (r->label != NULL && label != NULL)
		put_at(b->a, r->label_class ? b->class : b->object, r->label,
		    string_of(b->a, label));
}

static bool
is_link(const char *s)
{
	return (strncmp(s, "https://", 8) == 0 ||
		   strncmp(s, "http://", 7) == 0 ||
		   strncmp(s, "tel:", 4) == 0 ||
		   strncmp(s, "mailto:", 7) == 0) &&
	    strpbrk(s, " \n\t") == NULL;
}

static void
add_link(struct build *b, struct json_object *field, const char *id)
{
	struct json_object *uri = json_object_in(b->a), *list;
	const char *label = text_of(b, json_get(field, "label"));

	list = json_get(json_get(b->object, "linksModuleData"), "uris");
	if (list == NULL) {
		list = json_array_in(b->a);
		put_at(b->a, b->object, "linksModuleData.uris", list);
	}
	json_set_string(uri, "id", id);
	json_set_string(uri, "uri", text_of(b, json_get(field, "value")));
	if (label != NULL)
		json_set_string(uri, "description", label);
	json_push(list, uri);
}

static void
add_field(struct build *b, struct json_object *field, bool back)
{
	const char *name = json_get_string(field, "role");
	const struct role *r =
	    name == NULL ? NULL : role_find(b->type->kind, name);
	const char *key = json_get_string(field, "key"), *id;
	const char *body = value_text(b, field);
	struct json_object *module = json_object_in(b->a);

	if (r != NULL) {
		add_role(b, r, field);
		return;
	}
	if (key == NULL || body == NULL)
		return;
	id = rows_module(b->a, key);
	if (back && is_link(body)) {
		add_link(b, field, id);
		return;
	}
	json_set_string(module, "id", id);
	if (json_get(field, "label") != NULL)
		json_set_string(
		    module, "header", text_of(b, json_get(field, "label")));
	json_set_string(module, "body", body);
	json_push(json_get(b->object, "textModulesData"), module);
}

static void
add_fields(struct build *b)
{
	static const char *const lists[] = { "header", "primary", "secondary",
		"auxiliary", "back", "additionalInfo" };

	json_set(b->object, "textModulesData", json_array_in(b->a));
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct json_object *list = json_get(b->side->card, lists[i]);

		if (!json_object_is_type(list, json_type_array))
			continue;
		for (size_t k = 0; k < json_object_array_length(list); k++)
			add_field(b, json_object_array_get_idx(list, k), i > 3);
	}
}

/* -- what every object has ------------------------------------------------ */

/* Google has no barcode that says nothing: then there is none. */
static void
add_barcode(struct build *b)
{
	static const char *const types[][2] = { { "qr", "QR_CODE" },
		{ "pdf417", "PDF_417" }, { "aztec", "AZTEC" },
		{ "code128", "CODE_128" }, { "ean13", "EAN_13" },
		{ "code39", "CODE_39" }, { "codabar", "CODABAR" },
		{ "i2of5", "ITF_14" } };
	struct json_object *in = json_get(b->side->card, "barcode");
	struct json_object *out = json_object_in(b->a);
	const char *format, *value, *alt;

	if (json_object_is_type(in, json_type_array))
		in = json_object_array_get_idx(in, 0);
	if ((value = text_of(b, json_get(in, "message"))) == NULL)
		return;
	format = json_get_string(in, "format");
	format = format == NULL ? "qr" : format;
	if (strncmp(format, "PKBarcodeFormat", 15) == 0)
		format += 15;
	json_set_string(out, "type", format);
	for (size_t i = 0; i < COUNT(types); i++)
		if (strcasecmp(format, types[i][0]) == 0)
			json_set_string(out, "type", types[i][1]);
	json_set_string(out, "value", value);
	if ((alt = text_of(b, json_get(in, "altText"))) != NULL)
		json_set_string(out, "alternateText", alt);
	json_set(b->object, "barcode", out);
}

static void
add_locations(struct build *b)
{
	struct json_object *in = json_get(b->side->card, "locations");
	struct json_object *out = json_array_in(b->a);

	if (!json_object_is_type(in, json_type_array) ||
	    json_object_array_length(in) == 0)
		return;
	for (size_t i = 0; i < json_object_array_length(in); i++) {
		struct json_object *from = json_object_array_get_idx(in, i);
		struct json_object *o = json_object_in(b->a);

		json_set(o, "latitude", json_get(from, "latitude"));
		json_set(o, "longitude", json_get(from, "longitude"));
		json_push(out, o);
	}
	json_set(b->object, "merchantLocations", out);
}

static void
add_state(struct build *b)
{
	const char *end = card_text(b, "expirationDate");
	const char *group = card_text(b, "groupingIdentifier");
	char iso[CLOCK_ISO_SIZE];
	int64_t ms;

	json_set_string(b->object, "state",
	    json_get_bool(b->side->card, "voided", false) ? "INACTIVE"
							  : "ACTIVE");
	if (end != NULL && clock_parse_iso(slice_of(end), &ms)) {
		clock_iso(ms, iso);
		put_at(b->a, b->object, "validTimeInterval.end.date",
		    string_of(b->a, iso));
	}
	if (group != NULL)
		put_at(b->a, b->object, "groupingInfo.groupingId",
		    string_of(b->a, group));
}

/* -- the whole ------------------------------------------------------------ */

static void
add_class(struct build *b)
{
	const bool generic = b->type->kind == KIND_GENERIC;
	struct json_object *place = generic ? b->object : b->class;
	struct json_object *rows = rows_template(b->a, b->type);

	if (!generic)
		json_set_string(b->class, "issuerName", issuer_of(b));
	kinds[b->type->kind].fill(b);
	set_hero(b, place);
	set_colour(b, place);
	if (rows != NULL)
		json_set(b->class, "classTemplateInfo", rows);
	if (b->tenant->url != NULL &&
	    strncasecmp(b->tenant->url, "https://", 8) == 0)
		put_at(b->a, b->class, "callbackOptions.url",
		    string_of(b->a,
			arena_printf(b->a, "%s/api/%s/passes/google",
			    b->tenant->url, b->tenant->id)));
}

static void
build_side(struct build *b)
{
	struct json_object *over;

	add_class(b);
	add_fields(b);
	add_barcode(b);
	add_locations(b);
	add_state(b);
	if ((over = json_get(b->side->google, "class")) != NULL)
		b->class = json_merge(b->a, b->class, over, false);
	if ((over = json_get(b->side->google, "object")) != NULL)
		b->object = json_merge(b->a, b->object, over, false);
}

/* The issuer's id before the suffix, unless it is there. */
static const char *
with_issuer(struct arena *a, const char *issuer, const char *suffix)
{
	const size_t n = strlen(issuer);

	if (strncmp(suffix, issuer, n) == 0 && suffix[n] == '.')
		return suffix;
	return arena_printf(a, "%s.%s", issuer, suffix);
}

const char *
object_id(struct arena *a, const struct pass_type *type, const struct pass *p)
{
	if (p->google_object != NULL)
		return p->google_object;
	return type->google_conf.issuer_id == NULL
	    ? NULL
	    : arena_printf(a, "%s.%s", type->google_conf.issuer_id, p->id);
}

/* What neither card nor google: decides. */
static void
identify(struct arena *a, const struct tenant *t, const struct pass_type *type,
    const struct pass *p, struct object *out)
{
	const char *issuer = type->google_conf.issuer_id;
	const char *given = json_get_string(out->class, "id");
	const char *own = given == NULL
	    ? arena_printf(a, "%s.%s", t->id, type->name)
	    : arena_strdup(a, given);

	out->kind = kinds[type->kind].name;
	out->id = object_id(a, type, p);
	out->class_id = with_issuer(a, issuer, own);
	json_set_string(out->class, "id", out->class_id);
	/* Any other is refused (REST reference, ReviewStatus). */
	if (type->kind != KIND_GENERIC)
		json_set_string(out->class, "reviewStatus", "UNDER_REVIEW");
	json_set_string(out->of, "id", out->id);
	json_set_string(out->of, "classId", out->class_id);
}

void /* NOLINTNEXTLINE(readability-function-size): as its callers know */
object_of_card(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const struct pass *p, const struct card *card,
    struct object *out)
{
	struct json_object **classes, **objects;
	const char **languages;

	classes = arena_alloc(a, card->n * sizeof(struct json_object *));
	objects = arena_alloc(a, card->n * sizeof(struct json_object *));
	languages = arena_alloc(a, card->n * sizeof(*languages));
	for (size_t i = 0; i < card->n; i++) {
		struct build b = { .a = a,
			.tenant = t,
			.type = type,
			.pass = p,
			.side = &card->sides[i],
			.class = json_object_in(a),
			.object = json_object_in(a) };

		build_side(&b);
		out->notify_class = b.notify_class;
		out->notify_object = b.notify_object;
		classes[i] = b.class;
		objects[i] = b.object;
		languages[i] = card->sides[i].language;
	}
	out->class = localize_merge(a, classes, languages, card->n);
	out->of = localize_merge(a, objects, languages, card->n);
	identify(a, t, type, p, out);
}

enum err /* NOLINTNEXTLINE(readability-function-size): as its callers know */
object_build(struct arena *a, struct tenant *t, struct pass_type *type,
    const struct pass *p, struct object *out, struct why *w)
{
	struct card card;
	enum err e;

	if (type->google_conf.issuer_id == NULL)
		return why(w, ERR_UNSET, NULL,
		    "Google Wallet needs google.issuerId in tenant.yml.");
	if ((e = card_render(a, t, type, p, &card)) == ERR_OK)
		object_of_card(a, t, type, p, &card, out);
	return e;
}
