#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "conf/yaml.h"
#include "wallet/apple/passjson.h"

#define PLACES_MAX      10 /* Apple, Pass.locations and Pass.beacons */
#define TOKEN_MIN       16 /* Apple, Pass.authenticationToken */
#define NFC_MESSAGE_MAX 64 /* Apple, Pass.NFC.message */
#define RELEVANT_MAX_MS (24LL * 60 * 60 * 1000)
#define COUNT(list)     (sizeof(list) / sizeof((list)[0]))

struct check {
	struct faults *f;
	const struct passjson_source *src;
	int line; /* of what is looked at */
	struct arena *a;
	struct json_object *pass;
	struct json_object *keys; /* of the fields seen so far */
};

/* -- where in the pass type's file a thing comes from ---------------------- */

/* The lists of fields: Apple's, ours. */
static const struct {
	const char *apple, *card;
} lists[] = {
	{ "headerFields", "header" },
	{ "primaryFields", "primary" },
	{ "secondaryFields", "secondary" },
	{ "auxiliaryFields", "auxiliary" },
	{ "backFields", "back" },
	{ "additionalInfoFields", "additionalInfo" },
	{ "footerFields", "footer" },
};

static int
line_of_colour(struct json_object *card, const char *name)
{
	static const struct {
		const char *apple, *card;
	} t[] = {
		{ "backgroundColor", "background" },
		{ "foregroundColor", "foreground" },
		{ "labelColor", "label" },
		{ "stripColor", "strip" },
		{ "footerBackgroundColor", "footerBackground" },
	};

	for (size_t i = 0; i < COUNT(t); i++)
		if (strcmp(t[i].apple, name) == 0)
			return yaml_line_of(
			    json_get(card, "colors"), t[i].card);
	return 0;
}

/* The line of what gave the pass its member `name`, else of the card. */
static int
line_of(const struct check *c, const char *name)
{
	static const struct {
		const char *apple, *card;
	} t[] = {
		{ "organizationName", "organization" },
		{ "description", "description" },
		{ "description", "title" },
		{ "logoText", "title" },
		{ "barcodes", "barcode" },
		{ "relevantDates", "relevantDate" },
	};
	struct json_object *card = c->src->card;
	int line = yaml_line_of(c->src->apple, name);

	if (line == 0)
		line = line_of_colour(card, name);
	for (size_t i = 0; line == 0 && i < COUNT(t); i++)
		if (strcmp(t[i].apple, name) == 0)
			line = yaml_line_of(card, t[i].card);
	if (line == 0)
		line = yaml_line_of(card, name);
	return line != 0 ? line : yaml_line(card);
}

/*
 * The last one of that key, because the first may have had a right to it;
 * NULL: the last one without a key.
 */
static int
line_of_key(struct json_object *list, const char *key)
{
	const char *own;
	int line = 0;

	if (!json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		own =
		    json_get_string(json_object_array_get_idx(list, i), "key");
		if (key == NULL || own == NULL ? key == own
					       : strcmp(own, key) == 0)
			line = yaml_line_at(list, i);
	}
	return line;
}

/* The line of a field, else of its list, in `card` or `apple`. */
static int
line_of_field(
    const struct check *c, const char *style, const char *list, const char *key)
{
	struct json_object *apple = json_get(c->src->apple, style);
	int line = line_of_key(json_get(apple, list), key);

	if (line == 0)
		line = yaml_line_of(apple, list);
	for (size_t i = 0; line == 0 && i < COUNT(lists); i++) {
		if (strcmp(lists[i].apple, list) != 0)
			continue;
		line = line_of_key(json_get(c->src->card, lists[i].card), key);
		if (line == 0)
			line = yaml_line_of(c->src->card, lists[i].card);
	}
	return line != 0 ? line : line_of(c, style);
}

/* The kinds of values that Apple's reference knows. */
enum kind {
	TEXT,
	NUMBER,
	INTEGER,
	BOOL,
	LIST,
	OBJECT,
	VALUE, /* of a field: text or number */
	DATE,
	COLOUR
};

static const char *const kind_names[] = { "a string", "a number", "an integer",
	"true or false", "a list", "a mapping", "a string or a number",
	"a date like 2026-11-22T10:00:00Z or 2026-11-22T10:00+01:00",
	"a colour like rgb(27, 58, 91)" };

bool
passjson_is_date(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd";
	int64_t ms;
	size_t i = 0;

	for (; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i])
				   : s[i] != form[i])
			return false;
	if (s[i] == ':')
		i += 3;
	if (strlen(s) < i || strchr(s, '.') != NULL)
		return false;
	s += i;
	if (strcmp(s, "Z") != 0 &&
	    (strlen(s) != strlen("+01:00") || s[3] != ':'))
		return false;
	return clock_parse_iso(slice_of(s - i), &ms);
}

static bool
is_colour(const char *s)
{
	if (strncmp(s, "rgb(", 4) != 0)
		return false;
	s += 4;
	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long n;

		s += strspn(s, " ");
		if (!isdigit((unsigned char)*s))
			return false;
		n = strtoul(s, &end, 10);
		s = end + strspn(end, " ");
		if (n > 255 || *s++ != (i < 2 ? ',' : ')'))
			return false;
	}
	return *s == '\0';
}

static bool
is_kind(struct json_object *v, enum kind kind)
{
	enum json_type t = json_object_get_type(v);

	switch (kind) {
	case TEXT:
		return t == json_type_string;
	case NUMBER:
		return t == json_type_int || t == json_type_double;
	case INTEGER:
		return t == json_type_int ||
		    (t == json_type_double &&
			json_object_get_double(v) ==
			    floor(json_object_get_double(v)));
	case BOOL:
		return t == json_type_boolean;
	case LIST:
		return t == json_type_array;
	case OBJECT:
		return t == json_type_object;
	case VALUE:
		return t == json_type_string || t == json_type_int ||
		    t == json_type_double;
	case DATE:
		return t == json_type_string &&
		    passjson_is_date(json_object_get_string(v));
	case COLOUR:
		return t == json_type_string &&
		    is_colour(json_object_get_string(v));
	}
	return false;
}

struct member {
	const char *name;
	enum kind kind;
	bool must;
};

/* `where` names the object in faults: "apple", "field points". */
static void
check_members(struct check *c, struct json_object *o, const char *where,
    const struct member *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = NULL;

		if (o == c->pass)
			c->line = line_of(c, m[i].name);
		if (!json_object_object_get_ex(o, m[i].name, &v)) {
			if (m[i].must)
				fault_add(c->f, c->src->file, c->line,
				    "%s: %s is missing", where, m[i].name);
		} else if (!is_kind(v, m[i].kind))
			fault_add(c->f, c->src->file, c->line,
			    "%s: %s must be %s, not %s", where, m[i].name,
			    kind_names[m[i].kind], json_text(c->a, v).s);
	}
}

/* `words` ends in NULL. */
static bool
is_word(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* A string member that must be one of the words. */
static void
check_word(struct check *c, struct json_object *o, const char *where,
    const char *name, const char *const *words)
{
	const char *s = json_get_string(o, name);

	if (s != NULL && !is_word(s, words))
		fault_add(c->f, c->src->file, c->line,
		    "%s: Apple Wallet knows no %s '%s'", where, name, s);
}

/* -- fields (Apple, PassFieldContent) ------------------------------------- */

static const struct member field_members[] = {
	{ "key", TEXT, true },
	{ "value", VALUE, true },
	{ "label", TEXT, false },
	{ "attributedValue", VALUE, false },
	{ "changeMessage", TEXT, false },
	{ "dataDetectorTypes", LIST, false },
	{ "textAlignment", TEXT, false },
	{ "dateStyle", TEXT, false },
	{ "timeStyle", TEXT, false },
	{ "ignoresTimeZone", BOOL, false },
	{ "isRelative", BOOL, false },
	{ "numberStyle", TEXT, false },
	{ "currencyCode", TEXT, false },
	{ "row", INTEGER, false },
	{ "semantics", OBJECT, false },
};

static const char *const date_styles[] = { "PKDateStyleNone",
	"PKDateStyleShort", "PKDateStyleMedium", "PKDateStyleLong",
	"PKDateStyleFull", NULL };

static const char *const number_styles[] = { "PKNumberStyleDecimal",
	"PKNumberStylePercent", "PKNumberStyleScientific",
	"PKNumberStyleSpellOut", NULL };

static const char *const alignments[] = { "PKTextAlignmentLeft",
	"PKTextAlignmentCenter", "PKTextAlignmentRight",
	"PKTextAlignmentNatural", NULL };

static const char *const detectors[] = { "PKDataDetectorTypePhoneNumber",
	"PKDataDetectorTypeLink", "PKDataDetectorTypeAddress",
	"PKDataDetectorTypeCalendarEvent", NULL };

static void
check_key(struct check *c, struct json_object *field, const char *where)
{
	const char *key = json_get_string(field, "key");

	if (key == NULL)
		return;
	if (json_get(c->keys, key) != NULL)
		fault_add(c->f, c->src->file, c->line,
		    "%s: another field has the key '%s'; keys are unique in "
		    "the whole pass",
		    where, key);
	json_set_bool(c->keys, key, true);
}

static void
check_detectors(struct check *c, struct json_object *field, const char *where)
{
	struct json_object *list = json_get(field, "dataDetectorTypes");

	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (!is_kind(v, TEXT) ||
		    !is_word(json_object_get_string(v), detectors))
			fault_add(c->f, c->src->file, c->line,
			    "%s: Apple Wallet knows no dataDetectorTypes %s",
			    where, json_text(c->a, v).s);
	}
}

static void
check_format(struct check *c, struct json_object *field, const char *where)
{
	bool date = json_get(field, "dateStyle") != NULL;
	bool time = json_get(field, "timeStyle") != NULL;
	struct json_object *v = json_get(field, "value");
	const char *currency = json_get_string(field, "currencyCode");
	int64_t row = json_get_int(field, "row", 0);

	check_word(c, field, where, "dateStyle", date_styles);
	check_word(c, field, where, "timeStyle", date_styles);
	check_word(c, field, where, "numberStyle", number_styles);
	check_word(c, field, where, "textAlignment", alignments);
	if (date != time)
		fault_add(c->f, c->src->file, c->line,
		    "%s: dateStyle and timeStyle go together; use "
		    "PKDateStyleNone for the one that is not shown",
		    where);
	if ((date || time) && v != NULL && !is_kind(v, DATE))
		fault_add(c->f, c->src->file, c->line,
		    "%s: with dateStyle, value must be %s, not %s", where,
		    kind_names[DATE], json_text(c->a, v).s);
	if (currency != NULL &&
	    (strlen(currency) != 3 ||
		strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
		fault_add(c->f, c->src->file, c->line,
		    "%s: currencyCode '%s' is no code of ISO 4217", where,
		    currency);
	if (currency != NULL && json_get(field, "numberStyle") != NULL)
		fault_warn(c->f, c->src->file, c->line,
		    "%s: currencyCode and numberStyle exclude each other",
		    where);
	if ((currency != NULL || json_get(field, "numberStyle") != NULL) &&
	    v != NULL && !is_kind(v, NUMBER))
		fault_add(c->f, c->src->file, c->line,
		    "%s: with currencyCode or numberStyle, value must be a "
		    "number, not %s",
		    where, json_text(c->a, v).s);
	if (row < 0 || row > 1)
		fault_add(
		    c->f, c->src->file, c->line, "%s: row is 0 or 1", where);
}

static void
check_field(struct check *c, struct json_object *field, const char *list)
{
	const char *key = json_get_string(field, "key"), *message;
	const char *where =
	    arena_printf(c->a, "%s '%s'", list, key == NULL ? "" : key);

	if (!json_object_is_type(field, json_type_object)) {
		fault_add(c->f, c->src->file, c->line,
		    "%s: a field must be a mapping", list);
		return;
	}
	check_members(c, field, where, field_members, COUNT(field_members));
	check_key(c, field, where);
	check_format(c, field, where);
	check_detectors(c, field, where);
	message = json_get_string(field, "changeMessage");
	if (message != NULL && strstr(message, "%@") == NULL)
		fault_add(c->f, c->src->file, c->line,
		    "%s: changeMessage lacks %%@, the place of the new value",
		    where);
	if (json_get(field, "textAlignment") != NULL &&
	    (strcmp(list, "primaryFields") == 0 ||
		strcmp(list, "backFields") == 0))
		fault_warn(c->f, c->src->file, c->line,
		    "%s: textAlignment has no effect there", where);
	if (json_get(field, "dataDetectorTypes") != NULL &&
	    strcmp(list, "backFields") != 0)
		fault_warn(c->f, c->src->file, c->line,
		    "%s: dataDetectorTypes has an effect on the back only",
		    where);
}

/* -- styles --------------------------------------------------------------- */

static const char *const styles[] = { "boardingPass", "coupon", "eventTicket",
	"generic", "storeCard", NULL };

static const char *const transits[] = { "PKTransitTypeAir", "PKTransitTypeBoat",
	"PKTransitTypeBus", "PKTransitTypeGeneric", "PKTransitTypeTrain",
	NULL };

static void
check_list(struct check *c, const char *style, const char *name,
    struct json_object *list)
{
	c->line = line_of_field(c, style, name, "");
	if (!json_object_is_type(list, json_type_array)) {
		fault_add(
		    c->f, c->src->file, c->line, "%s must be a list", name);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *field = json_object_array_get_idx(list, i);
		const char *key = json_object_is_type(field, json_type_object)
		    ? json_get_string(field, "key")
		    : "";

		c->line = line_of_field(c, style, name, key);
		check_field(c, field, name);
	}
}

static void
check_style(struct check *c, const char *name, struct json_object *style)
{
	c->line = line_of(c, name);
	if (!json_object_is_type(style, json_type_object)) {
		fault_add(
		    c->f, c->src->file, c->line, "%s must be a mapping", name);
		return;
	}
	for (size_t i = 0; i < COUNT(lists); i++)
		if (json_get(style, lists[i].apple) != NULL)
			check_list(c, name, lists[i].apple,
			    json_get(style, lists[i].apple));
	if (strcmp(name, "boardingPass") != 0)
		return;
	c->line = line_of(c, "transitType");
	if (json_get_string(style, "transitType") == NULL)
		fault_add(c->f, c->src->file, c->line,
		    "boardingPass: transitType is missing");
	check_word(c, style, name, "transitType", transits);
}

/* Exactly one of the classic styles; iOS 27 takes posterGeneric beside it. */
static void
check_styles(struct check *c)
{
	const char *found = NULL;

	for (size_t i = 0; styles[i] != NULL; i++) {
		struct json_object *style = json_get(c->pass, styles[i]);

		if (style == NULL)
			continue;
		if (found != NULL)
			fault_add(c->f, c->src->file, c->line,
			    "a pass has one style, not both %s and %s", found,
			    styles[i]);
		found = styles[i];
		check_style(c, found, style);
	}
	c->line = line_of(c, "card");
	if (found == NULL)
		fault_add(c->f, c->src->file, c->line,
		    "a style is missing: boardingPass, coupon, eventTicket, "
		    "generic or storeCard");
	c->keys = json_object_in(c->a); /* the poster repeats the fields */
	if (json_get(c->pass, "posterGeneric") != NULL)
		check_style(
		    c, "posterGeneric", json_get(c->pass, "posterGeneric"));
	c->line = line_of(c, "groupingIdentifier");
	if (json_get(c->pass, "groupingIdentifier") != NULL &&
	    json_get(c->pass, "boardingPass") == NULL &&
	    json_get(c->pass, "eventTicket") == NULL)
		fault_warn(c->f, c->src->file, c->line,
		    "groupingIdentifier has an effect on boarding passes and "
		    "event tickets only");
}

/*
 * Wallet falls back to the classic style, without a word, when a scheme
 * lacks what it needs (Apple, "Creating an event pass using semantic tags",
 * "Creating an airline boarding pass using semantic tags").
 */
static void
check_scheme(struct check *c, const char *scheme)
{
	static const char *const poster[] = { "eventName", "venueName", NULL };
	static const char *const boarding[] = { "airlineCode", "flightNumber",
		"originalDepartureDate", "originalBoardingDate",
		"originalArrivalDate", "departureAirportTimeZone",
		"departureAirportCode", "destinationAirportCode",
		"passengerName", NULL };
	struct json_object *tags = json_get(c->pass, "semantics");
	const char *const *needs = boarding;

	if (strcmp(scheme, "posterEventTicket") == 0) {
		needs = poster;
		if (json_get(c->pass, "nfc") == NULL)
			fault_warn(c->f, c->src->file, c->line,
			    "%s is not shown without nfc", scheme);
	} else if (strcmp(scheme, "semanticBoardingPass") != 0)
		return;
	for (; *needs != NULL; needs++)
		if (json_get(tags, *needs) == NULL)
			fault_warn(c->f, c->src->file, c->line,
			    "%s is not shown without semantics.%s", scheme,
			    *needs);
}

static void
check_schemes(struct check *c)
{
	struct json_object *list = json_get(c->pass, "preferredStyleSchemes");

	c->line = line_of(c, "preferredStyleSchemes");
	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (is_kind(v, TEXT))
			check_scheme(c, json_object_get_string(v));
	}
}

/* -- the rest of the pass (Apple, Pass) ----------------------------------- */

static const struct member pass_members[] = {
	{ "formatVersion", INTEGER, true },
	{ "passTypeIdentifier", TEXT, true },
	{ "serialNumber", TEXT, true },
	{ "teamIdentifier", TEXT, true },
	{ "organizationName", TEXT, true },
	{ "description", TEXT, true },
	{ "logoText", TEXT, false },
	{ "backgroundColor", COLOUR, false },
	{ "foregroundColor", COLOUR, false },
	{ "labelColor", COLOUR, false },
	{ "stripColor", COLOUR, false },
	{ "footerBackgroundColor", COLOUR, false },
	{ "expirationDate", DATE, false },
	{ "relevantDate", DATE, false },
	{ "relevantDates", LIST, false },
	{ "voided", BOOL, false },
	{ "sharingProhibited", BOOL, false },
	{ "suppressStripShine", BOOL, false },
	{ "suppressHeaderDarkening", BOOL, false },
	{ "useAutomaticColors", BOOL, false },
	{ "groupingIdentifier", TEXT, false },
	{ "barcodes", LIST, false },
	{ "barcode", OBJECT, false },
	{ "locations", LIST, false },
	{ "beacons", LIST, false },
	{ "maxDistance", NUMBER, false },
	{ "associatedStoreIdentifiers", LIST, false },
	{ "auxiliaryStoreIdentifiers", LIST, false },
	{ "appLaunchURL", TEXT, false },
	{ "webServiceURL", TEXT, false },
	{ "authenticationToken", TEXT, false },
	{ "nfc", OBJECT, false },
	{ "semantics", OBJECT, false },
	{ "preferredStyleSchemes", LIST, false },
};

/* A list of objects by a table, of at most `max`. */
struct items {
	const char *name;
	const struct member *members;
	size_t n, max; /* 0: any number */
	void (*also)(struct check *c, struct json_object *o, const char *where);
};

static void
check_barcode(struct check *c, struct json_object *o, const char *where)
{
	static const char *const formats[] = { "PKBarcodeFormatQR",
		"PKBarcodeFormatPDF417", "PKBarcodeFormatAztec",
		"PKBarcodeFormatCode128", "PKBarcodeFormatEAN13",
		"PKBarcodeFormatCode39", "PKBarcodeFormatCodabar",
		"PKBarcodeFormatI2of5", NULL };
	const char *message = json_get_string(o, "message");

	check_word(c, o, where, "format", formats);
	if (message != NULL && *message == '\0')
		fault_add(
		    c->f, c->src->file, c->line, "%s: message is empty", where);
}

static void
check_location(struct check *c, struct json_object *o, const char *where)
{
	double latitude = json_object_get_double(json_get(o, "latitude"));
	double longitude = json_object_get_double(json_get(o, "longitude"));

	if (fabs(latitude) > 90 || fabs(longitude) > 180)
		fault_add(
		    c->f, c->src->file, c->line, "%s is not on earth", where);
}

static void
check_relevant(struct check *c, struct json_object *o, const char *where)
{
	const char *start = json_get_string(o, "startDate");
	const char *end = json_get_string(o, "endDate");
	int64_t from, to;

	if (json_get(o, "date") == NULL &&
	    json_get(o, "relevantDate") == NULL &&
	    (start == NULL || end == NULL))
		fault_add(c->f, c->src->file, c->line,
		    "%s: needs a date, or startDate and endDate", where);
	if (start == NULL || end == NULL ||
	    !clock_parse_iso(slice_of(start), &from) ||
	    !clock_parse_iso(slice_of(end), &to))
		return;
	if (to < from || to - from > RELEVANT_MAX_MS)
		fault_add(c->f, c->src->file, c->line,
		    "%s: endDate must be within 24 hours after startDate",
		    where);
}

static const struct member barcode_members[] = {
	{ "format", TEXT, true },
	{ "message", TEXT, true },
	{ "messageEncoding", TEXT, true },
	{ "altText", TEXT, false },
};

static const struct member location_members[] = {
	{ "latitude", NUMBER, true },
	{ "longitude", NUMBER, true },
	{ "altitude", NUMBER, false },
	{ "relevantText", TEXT, false },
};

static const struct member beacon_members[] = {
	{ "proximityUUID", TEXT, true },
	{ "major", INTEGER, false },
	{ "minor", INTEGER, false },
	{ "relevantText", TEXT, false },
};

static const struct member relevant_members[] = {
	{ "date", DATE, false },
	{ "relevantDate", DATE, false },
	{ "startDate", DATE, false },
	{ "endDate", DATE, false },
};

static const struct items items[] = {
	{ "barcodes", barcode_members, COUNT(barcode_members), 0,
	    check_barcode },
	{ "locations", location_members, COUNT(location_members), PLACES_MAX,
	    check_location },
	{ "beacons", beacon_members, COUNT(beacon_members), PLACES_MAX, NULL },
	{ "relevantDates", relevant_members, COUNT(relevant_members), 0,
	    check_relevant },
};

static void
check_items(struct check *c, const struct items *it)
{
	struct json_object *list = json_get(c->pass, it->name);
	size_t n;

	c->line = line_of(c, it->name);
	if (!json_object_is_type(list, json_type_array))
		return;
	n = json_object_array_length(list);
	if (it->max > 0 && n > it->max)
		fault_add(c->f, c->src->file, c->line,
		    "%s: at most %zu are allowed", it->name, it->max);
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *where = arena_printf(c->a, "%s[%zu]", it->name, i);

		if (!json_object_is_type(o, json_type_object)) {
			fault_add(c->f, c->src->file, c->line,
			    "%s must be a mapping", where);
			continue;
		}
		check_members(c, o, where, it->members, it->n);
		if (it->also != NULL)
			it->also(c, o, where);
	}
}

static void
check_identity(struct check *c)
{
	static const char *const full[] = { "serialNumber", "organizationName",
		"description", NULL };
	const char *type = json_get_string(c->pass, "passTypeIdentifier");
	const char *team = json_get_string(c->pass, "teamIdentifier");

	c->line = line_of(c, "formatVersion");
	if (json_get_int(c->pass, "formatVersion", 1) != 1)
		fault_add(c->f, c->src->file, c->line,
		    "pass: formatVersion must be 1");
	if (type != NULL && strncmp(type, "pass.", 5) != 0)
		fault_add(c->f, c->src->file, c->line,
		    "pass: passTypeIdentifier '%s' does not begin with "
		    "'pass.'",
		    type);
	if (team != NULL && strlen(team) != 10)
		fault_add(c->f, c->src->file, c->line,
		    "pass: teamIdentifier '%s' is not of ten characters", team);
	for (size_t i = 0; full[i] != NULL; i++) {
		const char *s = json_get_string(c->pass, full[i]);

		c->line = line_of(c, full[i]);
		if (s != NULL && *s == '\0')
			fault_add(c->f, c->src->file, c->line,
			    "pass: %s is empty", full[i]);
	}
}

static void
check_service(struct check *c)
{
	const char *url = json_get_string(c->pass, "webServiceURL");
	const char *token = json_get_string(c->pass, "authenticationToken");

	c->line = line_of(c, "webServiceURL");
	if ((url == NULL) != (token == NULL))
		fault_add(c->f, c->src->file, c->line,
		    "pass: webServiceURL and authenticationToken go together");
	if (url != NULL && strncasecmp(url, "https://", 8) != 0)
		fault_add(c->f, c->src->file, c->line,
		    "pass: webServiceURL must begin with https://");
	if (token != NULL && strlen(token) < TOKEN_MIN)
		fault_add(c->f, c->src->file, c->line,
		    "pass: authenticationToken has less than %d characters",
		    TOKEN_MIN);
}

static void
check_app(struct check *c)
{
	struct json_object *ids =
	    json_get(c->pass, "associatedStoreIdentifiers");
	bool list = json_object_is_type(ids, json_type_array);

	c->line = line_of(c, "associatedStoreIdentifiers");
	for (size_t i = 0; list && i < json_object_array_length(ids); i++)
		if (!is_kind(json_object_array_get_idx(ids, i), INTEGER))
			fault_add(c->f, c->src->file, c->line,
			    "pass: associatedStoreIdentifiers must be "
			    "integers");
	c->line = line_of(c, "appLaunchURL");
	if (json_get(c->pass, "appLaunchURL") != NULL && ids == NULL)
		fault_add(c->f, c->src->file, c->line,
		    "pass: appLaunchURL needs associatedStoreIdentifiers");
}

static void
check_nfc(struct check *c)
{
	static const struct member members[] = {
		{ "encryptionPublicKey", TEXT, true },
		{ "message", TEXT, true },
		{ "requiresAuthentication", BOOL, false },
	};
	struct json_object *nfc = json_get(c->pass, "nfc");
	const char *message = json_get_string(nfc, "message");

	c->line = line_of(c, "nfc");
	if (!json_object_is_type(nfc, json_type_object))
		return;
	check_members(c, nfc, "nfc", members, COUNT(members));
	if (message != NULL && strlen(message) > NFC_MESSAGE_MAX)
		fault_add(c->f, c->src->file, c->line,
		    "nfc: message has more than %d bytes", NFC_MESSAGE_MAX);
}

void
passjson_check(struct slice json, const struct passjson_source *src,
    struct faults *f, struct arena *a)
{
	struct check c = { .f = f, .src = src, .a = a };
	struct why w = { .text = "" };

	if (json_parse(a, json, JSON_DEPTH, &c.pass, &w) != ERR_OK ||
	    !json_object_is_type(c.pass, json_type_object)) {
		fault_add(
		    f, src->file, 0, "pass.json is no JSON object: %s", w.text);
		return;
	}
	c.keys = json_object_in(a);
	check_members(&c, c.pass, "pass", pass_members, COUNT(pass_members));
	check_identity(&c);
	check_styles(&c);
	check_schemes(&c);
	for (size_t i = 0; i < COUNT(items); i++)
		check_items(&c, &items[i]);
	check_service(&c);
	check_app(&c);
	check_nfc(&c);
}
