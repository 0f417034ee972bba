#include <ctype.h>

#include "conf/yaml.h"
#include "wallet/google/object.h"
#include "wallet/google/role.h"

#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))
#define MESSAGES_MAX 10
#define LINKS_MAX    10

struct check {
	const struct pass_type *type;
	struct faults *f;
	const char *what; /* "class" or "object" */
};

/* By enum pass_kind; what Google refuses a class or an object without. */
static const struct {
	const char *class[8], *object[4];
} required[] = {
	[KIND_CUSTOMER_CARD] = { .class = { "issuerName", "programName",
				     "programLogo" } },
	[KIND_EVENT_TICKET] = { .class = { "issuerName", "eventName" } },
	[KIND_GIFT_CARD] = { .class = { "issuerName" },
	    .object = { "cardNumber" } },
	[KIND_OFFER] = { .class = { "issuerName", "provider",
			     "redemptionChannel", "title" } },
	[KIND_BOARDING_PASS] = { .class = { "issuerName", "flightHeader",
				     "origin", "destination",
				     "localScheduledDepartureDateTime" },
	    .object = { "passengerName", "reservationInfo" } },
	[KIND_TRANSIT] = { .class = { "issuerName", "logo", "transitType" },
	    .object = { "tripType" } },
	[KIND_GENERIC] = { .object = { "cardTitle", "header" } },
};

/* The line of google.class.KEY, or of `google`, or 0. */
static int
line_of(const struct check *c, const char *key)
{
	struct json_object *o = json_get(c->type->google, c->what);
	int line = yaml_line_of(o, key);

	return line > 0 ? line : yaml_line(c->type->google);
}

static void
check_required(
    struct check *c, struct json_object *o, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n && names[i] != NULL; i++)
		if (json_get(o, names[i]) == NULL)
			fault_add(c->f, c->type->file, line_of(c, names[i]),
			    "Google Wallet refuses this kind without %s.%s: "
			    "set it under \"google\", by a role or by the "
			    "card",
			    c->what, names[i]);
}

/* ISSUER.SUFFIX of letters, digits, '.', '_' and '-'. */
static void
check_id(struct check *c, const char *id)
{
	const char *p = id;

	while (isdigit((unsigned char)*p))
		p++;
	if (p == id || *p != '.' || p[1] == '\0' ||
	    p[strspn(p,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-")] != '\0')
		fault_add(c->f, c->type->file, line_of(c, "id"),
		    "Google Wallet refuses the id %s: the issuer's number, a "
		    "dot, and letters, digits, '.', '_' and '-' are expected",
		    id);
}

static void
check_time(struct check *c, struct json_object *o, const char *key)
{
	const char *s = json_get_string(o, key);
	const size_t len = s == NULL ? 0 : strlen(s);

	if (s != NULL &&
	    (len < 16 || s[10] != 'T' || s[len - 1] == 'Z' ||
		strpbrk(s + 11, "+-") != NULL))
		fault_add(c->f, c->type->file, line_of(c, key),
		    "%s.%s: %s is no local time such as 2027-01-31T10:00:00; "
		    "Google Wallet takes no offset there",
		    c->what, key, s);
}

static void
check_barcode(struct check *c, struct json_object *o)
{
	static const char *const types[] = { "AZTEC", "CODE_39", "CODE_128",
		"CODABAR", "DATA_MATRIX", "EAN_8", "EAN_13", "ITF_14",
		"PDF_417", "QR_CODE", "UPC_A", "TEXT_ONLY" };
	struct json_object *barcode = json_get(o, "barcode");
	const char *type = json_get_string(barcode, "type");

	if (barcode == NULL)
		return;
	for (size_t i = 0; type != NULL && i < COUNT(types); i++)
		if (strcmp(types[i], type) == 0)
			return;
	fault_add(c->f, c->type->file, line_of(c, "barcode"),
	    "%s.barcode: Google Wallet needs a type, such as QR_CODE", c->what);
}

static void
check_count(
    struct check *c, struct json_object *list, const char *key, size_t max)
{
	if (json_object_is_type(list, json_type_array) &&
	    json_object_array_length(list) > max)
		fault_add(c->f, c->type->file, line_of(c, key),
		    "%s.%s: Google Wallet takes no more than %zu", c->what, key,
		    max);
}

/* As deep as a template may be, see JSON_DEPTH. */
static void
/* NOLINTNEXTLINE(misc-no-recursion) */
check_images(struct check *c, struct json_object *o, const char *key)
{
	const char *uri = json_get_string(json_get(o, "sourceUri"), "uri");
	struct json_object_iter it;

	if (uri != NULL && strncmp(uri, "https://", 8) != 0)
		fault_add(c->f, c->type->file, line_of(c, key),
		    "%s.%s: Google fetches images by https only, not %s",
		    c->what, key, uri);
	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++)
			check_images(c, json_object_array_get_idx(o, i), key);
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreachC(o, it)
	{
		check_images(c, it.val, *key == '\0' ? it.key : key);
	}
}

static void
check_part(struct check *c, struct json_object *o)
{
	static const char *const times[] = { "localScheduledDepartureDateTime",
		"localEstimatedOrActualDepartureDateTime",
		"localBoardingDateTime", "localScheduledArrivalDateTime",
		"localEstimatedOrActualArrivalDateTime",
		"localGateClosingDateTime" };

	check_id(c, json_get_string(o, "id"));
	for (size_t i = 0; i < COUNT(times); i++)
		check_time(c, o, times[i]);
	check_barcode(c, o);
	check_count(c, json_get(json_get(o, "linksModuleData"), "uris"),
	    "linksModuleData", LINKS_MAX);
	check_count(c, json_get(o, "messages"), "messages", MESSAGES_MAX);
	check_images(c, o, "");
}

static void
check_roles(struct check *c)
{
	static const char *const lists[] = { "header", "primary", "secondary",
		"auxiliary", "back", "additionalInfo" };

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct json_object *list = json_get(c->type->card, lists[i]);

		if (!json_object_is_type(list, json_type_array))
			continue;
		for (size_t k = 0; k < json_object_array_length(list); k++) {
			struct json_object *f =
			    json_object_array_get_idx(list, k);
			const char *role = json_get_string(f, "role");

			if (role != NULL && strstr(role, "{{") == NULL &&
			    role_find(c->type->kind, role) == NULL)
				fault_warn(c->f, c->type->file,
				    yaml_line_of(f, "role"),
				    "\"role\": this kind has no %s; see "
				    "passwright-tenant(5)",
				    role);
		}
	}
}

void
object_check(struct tenant *t, struct pass_type *type, const struct pass *p,
    struct faults *f)
{
	struct check c = { .type = type, .f = f, .what = "class" };
	struct object o;
	struct why w;

	check_roles(&c);
	if (object_build(f->a, t, type, p, &o, &w) != ERR_OK)
		return; /* a template fails, which is told */
	check_required(
	    &c, o.class, required[type->kind].class, COUNT(required[0].class));
	check_part(&c, o.class);
	c.what = "object";
	check_required(
	    &c, o.of, required[type->kind].object, COUNT(required[0].object));
	check_part(&c, o.of);
}
