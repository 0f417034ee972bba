#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

#include "base/fetch.h"
#include "conf/yaml.h"
#include "wallet/google/object.h"
#include "wallet/google/role.h"

#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))
#define MESSAGES_MAX 10
#define LINKS_MAX    10
#define PLACES_MAX   10
#define ID           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

struct check {
	const struct pass_type *type;
	struct faults *f;
	const char *what; /* "class" or "object" */
};

/* By enum pass_kind; what Google refuses a class or an object without. */
static const struct {
	const char *class[12], *object[4];
} required[] = {
	[KIND_CUSTOMER_CARD] = { .class = { "issuerName", "programName",
				     "programLogo" } },
	[KIND_EVENT_TICKET] = { .class = { "issuerName", "eventName" } },
	[KIND_GIFT_CARD] = { .class = { "issuerName" },
	    .object = { "cardNumber" } },
	[KIND_OFFER] = { .class = { "issuerName", "provider",
			     "redemptionChannel", "title" } },
	[KIND_BOARDING_PASS] = { .class = { "issuerName", "flightHeader",
				     "flightHeader.carrier",
				     "flightHeader.flightNumber", "origin",
				     "origin.airportIataCode", "destination",
				     "destination.airportIataCode",
				     "localScheduledDepartureDateTime" },
	    .object = { "passengerName", "reservationInfo" } },
	[KIND_TRANSIT] = { .class = { "issuerName", "logo", "transitType" },
	    .object = { "tripType" } },
	[KIND_GENERIC] = { .object = { "cardTitle", "header" } },
};

static const char *const lists[] = { "header", "primary", "secondary",
	"auxiliary", "back", "additionalInfo" };

/* -- where in the pass type's file a thing comes from ---------------------- */

/* The member of the card that gives a member of Google's, or NULL. */
static const char *
card_member(const char *key)
{
	static const char *const t[][2] = { { "barcode", "barcode" },
		{ "linksModuleData", "back" },
		{ "merchantLocations", "locations" },
		{ "programLogo", "images" }, { "logo", "images" },
		{ "titleImage", "images" }, { "heroImage", "images" },
		{ "flightHeader", "images" } };

	for (size_t i = 0; i < COUNT(t); i++)
		if (strcmp(t[i][0], key) == 0)
			return t[i][1];
	return NULL;
}

/* The line of a field whose role puts it at `key` or below; or 0. */
static int
role_line(const struct check *c, const char *key)
{
	const size_t len = strlen(key);

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct json_object *list = json_get(c->type->card, lists[i]);
		const size_t n = json_object_is_type(list, json_type_array)
		    ? json_object_array_length(list)
		    : 0;

		for (size_t k = 0; k < n; k++) {
			struct json_object *f =
			    json_object_array_get_idx(list, k);
			const char *role = json_get_string(f, "role");
			const struct role *r = role == NULL
			    ? NULL
			    : role_find(c->type->kind, role);

			if (r != NULL && strncmp(r->path, key, len) == 0)
				return yaml_line_of(f, "value");
		}
	}
	return 0;
}

/* Of the member at `path`, of what would give it, or of all there is. */
static int
line_of(const struct check *c, const char *path)
{
	const char *key = arena_strndup(c->f->a, path, strcspn(path, "."));
	const char *member = card_member(key);
	int line = yaml_line_of(json_get(c->type->google, c->what), key);

	if (line == 0)
		line = role_line(c, key);
	if (line == 0 && member != NULL)
		line = yaml_line_of(c->type->card, member);
	if (line == 0)
		line = yaml_line(c->type->google);
	return line > 0 ? line : yaml_line(c->type->card);
}

/* -- what Google refuses --------------------------------------------------- */

static struct json_object *
member_at(struct arena *a, struct json_object *o, const char *path)
{
	for (const char *dot; (dot = strchr(path, '.')) != NULL; path = dot + 1)
		o = json_get(o, arena_strndup(a, path, (size_t)(dot - path)));
	return json_get(o, path);
}

/* Of a whole that is missing the parts are not told. */
static void
check_required(
    struct check *c, struct json_object *o, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n && names[i] != NULL; i++) {
		const char *dot = strchr(names[i], '.');

		if (member_at(c->f->a, o, names[i]) == NULL &&
		    (dot == NULL ||
			json_get(o,
			    arena_strndup(c->f->a, names[i],
				(size_t)(dot - names[i]))) != NULL))
			fault_add(c->f, c->type->file, line_of(c, names[i]),
			    "Google Wallet refuses this kind without %s.%s: "
			    "set it under \"google\", by a role or by the "
			    "card",
			    c->what, names[i]);
	}
}

/* ISSUER.SUFFIX of letters, digits, '.', '_' and '-'. */
static void
check_id(struct check *c, const char *id)
{
	const char *p = id;

	while (isdigit((unsigned char)*p))
		p++;
	if (p == id || *p != '.' || p[1] == '\0' ||
	    p[strspn(p, ID ".-")] != '\0')
		fault_add(c->f, c->type->file, line_of(c, "id"),
		    "Google Wallet refuses the id %s: the issuer's number, a "
		    "dot, and letters, digits, '.', '_' and '-' are expected",
		    id);
}

/* 2027-01-31T10:00, with seconds and parts of them or without. */
static bool
is_local_time(const char *s)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t n = 0;

	while (form[n] != '\0' && s[n] != '\0' &&
	    (form[n] == '0' ? isdigit((unsigned char)s[n]) != 0
			    : s[n] == form[n]))
		n++;
	if (n == sizeof(form) - 1 && s[n] == '.')
		return s[n + 1] != '\0' &&
		    s[n + 1 + strspn(s + n + 1, "0123456789")] == '\0';
	return s[n] == '\0' && (n == 16 || n == sizeof(form) - 1);
}

static void
check_time(struct check *c, struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);
	const char *s = json_get_string(o, key);

	if (v != NULL && (s == NULL || !is_local_time(s)))
		fault_add(c->f, c->type->file, line_of(c, key),
		    "%s.%s: %s is no local time such as 2027-01-31T10:00:00; "
		    "Google Wallet takes no offset there",
		    c->what, key, json_plain(c->f->a, v).s);
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

static void
check_modules(struct check *c, struct json_object *list)
{
	const size_t n = json_object_is_type(list, json_type_array)
	    ? json_object_array_length(list)
	    : 0;

	for (size_t i = 0; i < n; i++) {
		const char *id =
		    json_get_string(json_object_array_get_idx(list, i), "id");

		if (id != NULL && id[strspn(id, ID "-")] != '\0')
			fault_add(c->f, c->type->file,
			    line_of(c, "textModulesData"),
			    "%s.textModulesData: Google Wallet refuses the id "
			    "%s: letters, digits, '_' and '-' are expected",
			    c->what, id);
	}
}

/* Of this machine or its network: Google is elsewhere. */
static bool
is_unreachable(struct arena *a, const char *uri)
{
	const char *at = uri + strlen("https://");
	const bool v6 = *at == '[';
	const char *host =
	    arena_strndup(a, at + v6, strcspn(at + v6, v6 ? "]" : ":/?#"));
	const char *dot = strrchr(host, '.');
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
		return fetch_is_private((const struct sockaddr *)&in6);
	if (inet_pton(AF_INET, host, &in4.sin_addr) == 1)
		return fetch_is_private((const struct sockaddr *)&in4);
	return dot == NULL || strcasecmp(dot, ".localhost") == 0;
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
		    "%s.%s: Google fetches images by https only, not %s; see "
		    "\"url\" of tenant.yml",
		    c->what, key, uri);
	else if (uri != NULL && is_unreachable(c->f->a, uri))
		fault_add(c->f, c->type->file, line_of(c, key),
		    "%s.%s: Google cannot reach %s; see \"url\" of tenant.yml",
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
	check_count(c, json_get(o, "merchantLocations"), "merchantLocations",
	    PLACES_MAX);
	check_modules(c, json_get(o, "textModulesData"));
	check_images(c, o, "");
}

static void
check_role(struct check *c, struct json_object *field)
{
	const char *role = json_get_string(field, "role");

	if (role != NULL && strstr(role, "{{") == NULL &&
	    role_find(c->type->kind, role) == NULL)
		fault_warn(c->f, c->type->file, yaml_line_of(field, "role"),
		    "\"role\": this kind has no %s; see passwright-tenant(5)",
		    role);
}

static void
check_roles(struct check *c)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct json_object *list = json_get(c->type->card, lists[i]);

		if (!json_object_is_type(list, json_type_array))
			continue;
		for (size_t k = 0; k < json_object_array_length(list); k++)
			check_role(c, json_object_array_get_idx(list, k));
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
