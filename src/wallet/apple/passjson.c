#include "wallet/apple/passjson.h"

#include "base/clock.h"
#include "pass/notification.h"

#define TOKEN_MIN   16 /* Apple, Pass.authenticationToken */
#define MESSAGE_KEY "passwright.message"

struct input {
	const struct tenant *tenant;
	const struct pass_type *type;
	const struct pass *pass;
	const char *first; /* language */
};

/* By enum pass_kind. */
static const struct {
	const char *style, *transit;
} kinds[] = {
	[KIND_CUSTOMER_CARD] = { "storeCard", NULL },
	[KIND_EVENT_TICKET] = { "eventTicket", NULL },
	[KIND_GIFT_CARD] = { "storeCard", NULL },
	[KIND_OFFER] = { "coupon", NULL },
	[KIND_BOARDING_PASS] = { "boardingPass", "PKTransitTypeAir" },
	[KIND_TRANSIT] = { "boardingPass", "PKTransitTypeGeneric" },
	[KIND_GENERIC] = { "generic", NULL },
};

/* The lists of fields: ours, Apple's. */
static const struct {
	const char *card, *apple;
} lists[] = {
	{ "header", "headerFields" },
	{ "primary", "primaryFields" },
	{ "secondary", "secondaryFields" },
	{ "auxiliary", "auxiliaryFields" },
	{ "back", "backFields" },
	{ "additionalInfo", "additionalInfoFields" },
	{ "footer", "footerFields" },
};

static const struct {
	const char *card, *apple;
} colours[] = {
	{ "background", "backgroundColor" },
	{ "foreground", "foregroundColor" },
	{ "label", "labelColor" },
	{ "strip", "stripColor" },
	{ "footerBackground", "footerBackgroundColor" },
};

static const struct {
	const char *card, *apple;
} barcodes[] = {
	{ "qr", "PKBarcodeFormatQR" },
	{ "pdf417", "PKBarcodeFormatPDF417" },
	{ "aztec", "PKBarcodeFormatAztec" },
	{ "code128", "PKBarcodeFormatCode128" },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Text, whatever the template made of it. */
static void
set_text(struct arena *a, struct json_object *o, const char *key,
    struct json_object *v)
{
	if (v == NULL)
		return;
	if (!json_object_is_type(v, json_type_string)) {
		struct slice s = json_plain(a, v);

		v = json_own(a, json_object_new_string_len(s.s, (int)s.len));
	}
	json_set(o, key, v);
}

/*
 * Other forms of ISO 8601 become the one that Apple takes, in UTC; what is no
 * date stays, for the check to see.
 */
static struct json_object *
date_of(struct arena *a, struct json_object *v)
{
	const char *s = json_object_get_string(v);
	char iso[CLOCK_ISO_SIZE];
	int64_t ms;

	if (!json_object_is_type(v, json_type_string) || passjson_is_date(s) ||
	    !clock_parse_iso(slice_of(s), &ms))
		return v;
	clock_iso(ms, iso);
	memcpy(iso + strlen("2026-11-22T04:05:06"), "Z", sizeof("Z"));
	return json_own(a, json_object_new_string(iso));
}

static struct json_object *
field_of(struct arena *a, struct json_object *in)
{
	struct json_object *out = json_object_in(a), *v;
	struct json_object_iter it;
	bool date = json_get(in, "dateStyle") != NULL ||
	    json_get(in, "timeStyle") != NULL;

	json_object_object_foreachC(in, it)
	{
		const char *key = it.key;
		struct json_object *member = it.val;

		if (strcmp(key, "role") == 0 || member == NULL)
			continue;
		if (strcmp(key, "label") == 0 ||
		    strcmp(key, "changeMessage") == 0 ||
		    (strcmp(key, "value") == 0 &&
			!json_object_is_type(member, json_type_int) &&
			!json_object_is_type(member, json_type_double)))
			set_text(a, out, key, member);
		else
			json_set(out, key, member);
	}
	v = json_get(out, "value");
	if (date && json_object_is_type(v, json_type_string))
		json_set(out, "value", date_of(a, v));
	return out;
}

static struct json_object *
style_of(
    struct arena *a, const struct pass_type *type, struct json_object *card)
{
	struct json_object *style = json_object_in(a);

	if (kinds[type->kind].transit != NULL)
		json_set_string(
		    style, "transitType", kinds[type->kind].transit);
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct json_object *in = json_get(card, lists[i].card), *out;
		size_t n;

		if (!json_object_is_type(in, json_type_array) ||
		    (n = json_object_array_length(in)) == 0)
			continue;
		out = json_array_in(a);
		for (size_t k = 0; k < n; k++) {
			struct json_object *f =
			    json_object_array_get_idx(in, k);

			if (json_object_is_type(f, json_type_object))
				json_push(out, field_of(a, f));
		}
		json_set(style, lists[i].apple, out);
	}
	return style;
}

static void
add_colours(struct arena *a, struct json_object *out, struct json_object *in)
{
	for (size_t i = 0; i < COUNT(colours); i++) {
		const char *s = json_get_string(in, colours[i].card);
		unsigned rgb[3];

		if (s != NULL && card_colour(s, rgb))
			s = arena_printf(
			    a, "rgb(%u, %u, %u)", rgb[0], rgb[1], rgb[2]);
		if (s != NULL)
			json_set_string(out, colours[i].apple, s);
	}
}

/*
 * ISO 8859-1 is what readers of QR codes assume (ISO/IEC 18004) and what
 * Apple's documents show; UTF-8 is for what it cannot hold.
 */
static const char *
encoding_of(const char *utf8)
{
	for (; *utf8 != '\0'; utf8++)
		if ((unsigned char)*utf8 > 0xc3)
			return "utf-8";
	return "iso-8859-1";
}

/* NULL without a message: there is nothing to scan. */
static struct json_object *
barcode_of(struct arena *a, struct json_object *in)
{
	const char *format = json_get_string(in, "format"), *message;
	struct json_object *out = json_object_in(a);

	set_text(a, out, "message", json_get(in, "message"));
	message = json_get_string(out, "message");
	if (message == NULL || *message == '\0')
		return NULL;
	format = format == NULL ? "qr" : format;
	for (size_t i = 0; i < COUNT(barcodes); i++)
		if (strcasecmp(format, barcodes[i].card) == 0)
			format = barcodes[i].apple;
	json_set_string(out, "format", format);
	json_set_string(out, "messageEncoding", encoding_of(message));
	if (json_get(in, "messageEncoding") != NULL)
		json_set(
		    out, "messageEncoding", json_get(in, "messageEncoding"));
	set_text(a, out, "altText", json_get(in, "altText"));
	return out;
}

/* One barcode or a list of them, the preferred first. */
static void
add_barcodes(struct arena *a, struct json_object *out, struct json_object *in)
{
	struct json_object *list = json_array_in(a), *one;
	bool many = json_object_is_type(in, json_type_array);
	size_t n = many ? json_object_array_length(in) : 1;

	for (size_t i = 0; i < n; i++) {
		one = many ? json_object_array_get_idx(in, i) : in;
		if ((one = barcode_of(a, one)) != NULL)
			json_push(list, one);
	}
	if (json_object_array_length(list) > 0)
		json_set(out, "barcodes", list);
}

/*
 * iOS 18 reads `relevantDate` or `startDate` and `endDate` in relevantDates,
 * iOS 26 `date`, and older ones a relevantDate of the pass: all are given.
 */
static void
add_relevant(struct arena *a, struct json_object *out, struct json_object *in)
{
	static const char *const names[] = { "date", "relevantDate",
		"startDate", "endDate" };
	struct json_object *list = json_array_in(a), *first = NULL;

	for (size_t i = 0; i < json_object_array_length(in); i++) {
		struct json_object *old = json_object_array_get_idx(in, i);
		struct json_object *item = json_object_in(a), *date;

		for (size_t k = 0; k < COUNT(names); k++)
			if ((date = json_get(old, names[k])) != NULL)
				json_set(item, names[k], date_of(a, date));
		date = json_get(item, "date");
		if (date == NULL)
			date = json_get(item, "relevantDate");
		if (date != NULL) {
			json_set(item, "date", date);
			json_set(item, "relevantDate", date);
		} else
			date = json_get(item, "startDate");
		first = first == NULL ? date : first;
		json_push(list, item);
	}
	json_set(out, "relevantDates", list);
	if (first != NULL && json_get(out, "relevantDate") == NULL)
		json_set(out, "relevantDate", first);
}

static void
add_relevance(
    struct arena *a, struct json_object *out, struct json_object *card)
{
	static const char *const same[] = { "voided", "locations", "beacons",
		"maxDistance", "groupingIdentifier" };
	struct json_object *v;

	for (size_t i = 0; i < COUNT(same); i++)
		if ((v = json_get(card, same[i])) != NULL)
			json_set(out, same[i], v);
	if ((v = json_get(card, "expirationDate")) != NULL)
		json_set(out, "expirationDate", date_of(a, v));
	if ((v = json_get(card, "relevantDate")) != NULL) {
		json_set(out, "relevantDate", date_of(a, v));
		v = json_array_in(a);
		json_push(v, json_object_in(a));
		json_set(json_object_array_get_idx(v, 0), "date",
		    json_get(out, "relevantDate"));
		add_relevant(a, out, v);
	}
	v = json_get(card, "relevantDates");
	if (json_object_is_type(v, json_type_array))
		add_relevant(a, out, v);
}

/* Wallet refuses a pass whose service is not https (Apple, Pass). */
static void
add_service(struct arena *a, struct json_object *out, const struct input *in)
{
	const char *url = in->tenant->url, *token = in->pass->apple_token;
	size_t len;

	if (url == NULL || strncasecmp(url, "https://", 8) != 0 ||
	    token == NULL || strlen(token) < TOKEN_MIN)
		return;
	for (len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
		continue;
	json_set_string(out, "webServiceURL",
	    arena_printf(
		a, "%.*s/api/%s/passes/apple", (int)len, url, in->tenant->id));
	json_set_string(out, "authenticationToken", token);
}

static void
add_identity(struct json_object *out, const struct input *in)
{
	const struct apple_conf *c = &in->type->apple_conf;
	const struct pass *p = in->pass;

	json_set_int(out, "formatVersion", 1);
	if (c->pass_type_identifier != NULL)
		json_set_string(
		    out, "passTypeIdentifier", c->pass_type_identifier);
	if (c->team_identifier != NULL)
		json_set_string(out, "teamIdentifier", c->team_identifier);
	json_set_string(out, "serialNumber",
	    p->apple_serial != NULL ? p->apple_serial : p->id);
}

static void
add_names(struct arena *a, struct json_object *out, const struct input *in,
    struct json_object *card)
{
	struct json_object *title = json_get(card, "title");
	struct json_object *organization = json_get(card, "organization");
	struct json_object *description = json_get(card, "description");

	if (in->tenant->name != NULL)
		json_set_string(out, "organizationName", in->tenant->name);
	set_text(a, out, "organizationName", organization);
	set_text(a, out, "description", json_get(out, "organizationName"));
	set_text(
	    a, out, "description", description != NULL ? description : title);
	set_text(a, out, "logoText", title);
}

/*
 * What `apple` of the pass type may say at the top although it belongs into
 * the style: `transitType`.
 */
static void
place_transit(struct json_object *tree)
{
	struct json_object *style = json_get(tree, "boardingPass");
	struct json_object *transit = json_get(tree, "transitType");

	if (!json_object_is_type(style, json_type_object) || transit == NULL)
		return;
	json_set(style, "transitType", transit);
	json_object_object_del(tree, "transitType");
}

/*
 * RFC 7396, in place for the top of the tree, which is ours: a copy of all
 * of it would cost as much as making it.
 */
static void
lay_over(struct arena *a, struct json_object *tree, struct json_object *apple)
{
	struct json_object_iter it;

	json_object_object_foreachC(apple, it)
	{
		if (it.val == NULL)
			json_object_object_del(tree, it.key);
		else
			json_set(tree, it.key,
			    json_merge(
				a, json_get(tree, it.key), it.val, false));
	}
}

/*
 * Wallet shows a text only as the change of a field that it knew before, so
 * the field is there before there is a message.
 */
static void
add_message(struct arena *a, struct json_object *tree, const struct input *in,
    const char *language)
{
	struct json_object *style = json_get(tree, kinds[in->type->kind].style);
	struct json_object *was = json_get(style, "backFields");
	struct json_object *list = json_array_in(a), *f = json_object_in(a);
	const char *text =
	    notification_text(a, in->pass->notification, language, in->first);

	if (!json_object_is_type(style, json_type_object))
		return;
	if (json_object_is_type(was, json_type_array))
		for (size_t i = 0; i < json_object_array_length(was); i++)
			json_push(list, json_object_array_get_idx(was, i));
	json_set_string(f, "key", MESSAGE_KEY);
	if (*text != '\0')
		json_set(f, "label", json_get(tree, "organizationName"));
	json_set_string(f, "value", text);
	json_set_string(f, "changeMessage", "%@");
	json_push(list, f);
	json_set(style, "backFields", list);
}

static struct json_object *
own_tree_of(
    struct arena *a, const struct input *in, const struct card_side *side)
{
	struct json_object *tree = json_object_in(a);

	add_identity(tree, in);
	add_names(a, tree, in, side->card);
	add_colours(a, tree, json_get(side->card, "colors"));
	add_barcodes(a, tree, json_get(side->card, "barcode"));
	add_relevance(a, tree, side->card);
	add_service(a, tree, in);
	json_set(tree, kinds[in->type->kind].style,
	    style_of(a, in->type, side->card));
	if (side->apple == NULL)
		return tree;
	lay_over(a, tree, side->apple);
	add_identity(tree, in);
	place_transit(tree);
	return tree;
}

static struct json_object *
tree_of(struct arena *a, const struct input *in, const struct card_side *side)
{
	struct json_object *tree = own_tree_of(a, in, side);

	add_message(a, tree, in, side->language);
	return tree;
}

static bool
has_side(const struct card *card, const char *language)
{
	for (size_t i = 0; i < card->n; i++)
		if (strcasecmp(card->sides[i].language, language) == 0)
			return true;
	return false;
}

/* Of languages that only the message has, the rest is the default's. */
static struct card
with_languages(struct arena *a, const struct card *card, const struct pass *p)
{
	struct json_object *texts =
	    json_get(p->notification, "localizedContent");
	const size_t more =
	    texts == NULL ? 0 : (size_t)json_object_object_length(texts);
	struct card all = { .n = card->n };
	struct json_object_iter it;

	all.sides = arena_alloc(a, (card->n + more) * sizeof(*all.sides));
	memcpy(all.sides, card->sides, card->n * sizeof(*all.sides));
	if (more == 0)
		return all;
	json_object_object_foreachC(texts, it)
	{
		if (has_side(card, it.key))
			continue;
		all.sides[all.n] = card->sides[0];
		all.sides[all.n++].language = it.key;
	}
	return all;
}

enum err /* NOLINTNEXTLINE(readability-function-size): as its callers know */
passjson_build(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const struct pass *p, const struct card *own,
    struct passjson *out)
{
	const struct card all = with_languages(a, own, p), *card = &all;
	const struct input in = {
		.tenant = t,
		.type = type,
		.pass = p,
		.first = card->sides[0].language,
	};
	struct json_object *tree, **trees;

	trees = arena_alloc(a, card->n * sizeof(struct json_object *));
	*out = (struct passjson){ 0 };
	out->strings = arena_alloc(a, card->n * sizeof(*out->strings));
	for (size_t i = 0; i < card->n; i++) {
		trees[i] = tree_of(a, &in, &card->sides[i]);
		out->strings[i].language = card->sides[i].language;
	}
	if (lproj_split(a, trees, card->n, &tree, out->strings))
		out->nstrings = card->n;
	out->json = json_text(a, tree);
	return ERR_OK;
}
