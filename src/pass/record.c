#include "pass/record.h"

#include <string.h>

#include "base/clock.h"
#include "pass/notification.h"

#define SERIAL_MAX 128
#define TOKEN_MIN  16 /* Apple refuses shorter ones */
#define TOKEN_MAX  256
#define SECRET_MAX 256

/* -- reading ----------------------------------------------------------------
 */

static enum err
wrong(struct why *w, const char *field, const char *text)
{
	return why(w, ERR_INVALID, field, "%s", text);
}

static enum err
take_date(struct json_object *v, const char *field, int64_t *out, struct why *w)
{
	const char *s = json_object_is_type(v, json_type_string)
	    ? json_object_get_string(v)
	    : NULL;

	if (s == NULL || !clock_parse_iso(slice_of(s), out) || *out <= 0)
		return wrong(w, field,
		    "Write a date as 2026-01-31T09:30:00.000Z, in quotes.");
	return ERR_OK;
}

/* Printable characters of ASCII without a space or slash. */
struct word {
	const char *field;
	size_t min, max;
};

static enum err
take_word(struct json_object *v, const struct word *of, const char **out,
    struct why *w)
{
	const char *s = json_object_is_type(v, json_type_string)
	    ? json_object_get_string(v)
	    : "";
	const size_t len = strlen(s);
	size_t good = 0;

	while (s[good] > ' ' && s[good] < 0x7f && s[good] != '/')
		good++;
	if (good != len || len < of->min || len > of->max)
		return why(w, ERR_INVALID, of->field,
		    "Write %zu to %zu characters of ASCII without spaces and "
		    "slashes, in quotes.",
		    of->min, of->max);
	*out = s;
	return ERR_OK;
}

static enum err
take_object(struct json_object *v, const char *field, struct json_object **out,
    struct why *w)
{
	if (!json_object_is_type(v, json_type_object))
		return wrong(w, field, "Write an object.");
	*out = v;
	return ERR_OK;
}

static enum err
take_id(struct json_object *v, struct pass *p, struct why *w)
{
	p->id = json_object_is_type(v, json_type_string)
	    ? json_object_get_string(v)
	    : "";
	if (!ident_is_pass(slice_of(p->id)))
		return wrong(w, "id",
		    "An id has 5 to 50 of A-Z, a-z, 0-9, '_' and '-', and is "
		    "no word of the API's paths; leave it out to have one "
		    "made.");
	return ERR_OK;
}

static const struct word serial = { "apple.serialNumber", 1, SERIAL_MAX };
static const struct word token = { "apple.authenticationToken", TOKEN_MIN,
	TOKEN_MAX };
static const struct word secret = { "secret", 1, SECRET_MAX };
static const struct word type = { "passType", 1, 64 };

static const struct word device = { "apple.registrations", 1, 255 };
static const struct word push = { "apple.registrations", 1, 4096 };
static const struct word object = { "google.objectId", 1, 128 };

static enum err
take_device(struct json_object *o, struct record_device *d, struct why *w)
{
	struct json_object *date = json_get(o, "date");
	enum err e = take_word(
	    json_get(o, "deviceLibraryIdentifier"), &device, &d->device, w);

	if (e == ERR_OK)
		e = take_word(json_get(o, "pushToken"), &push, &d->token, w);
	if (e == ERR_OK && date != NULL)
		e = take_date(date, "apple.registrations", &d->date, w);
	return e;
}

static enum err
take_devices(
    struct arena *a, struct json_object *list, struct record *r, struct why *w)
{
	enum err e = ERR_OK;

	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > RECORD_DEVICES_MAX)
		return wrong(w, "apple.registrations",
		    "Write an array of at most 1000 objects.");
	r->ndevices = json_object_array_length(list);
	r->devices = arena_alloc(a, (r->ndevices + 1) * sizeof(*r->devices));
	for (size_t i = 0; e == ERR_OK && i < r->ndevices; i++)
		e = take_device(
		    json_object_array_get_idx(list, i), &r->devices[i], w);
	return e;
}

/* As what providers say of it, unless they say it already. */
static void
take_saved(struct arena *a, struct pass *p)
{
	struct json_object *google;

	if (p->providers == NULL)
		p->providers = json_object_in(a);
	google = json_get(p->providers, "google");
	if (!json_object_is_type(google, json_type_object)) {
		google = json_object_in(a);
		json_set(p->providers, "google", google);
	}
	if (json_get_int(google, "activeRegistrations", 0) < 1)
		json_set_int(google, "activeRegistrations", 1);
}

static enum err
take_google(
    struct arena *a, struct json_object *o, struct pass *p, struct why *w)
{
	struct json_object *id = json_get(o, "objectId");

	if (!json_object_is_type(o, json_type_object))
		return wrong(w, "google", "Write an object.");
	if (json_get_bool(o, "saved", false))
		take_saved(a, p);
	return id == NULL ? ERR_OK
			  : take_word(id, &object, &p->google_object, w);
}

static enum err
take_apple(struct json_object *o, struct pass *p, struct why *w)
{
	struct json_object_iter it;
	enum err e = ERR_OK;

	if (!json_object_is_type(o, json_type_object))
		return wrong(w, "apple", "Write an object.");
	json_object_object_foreachC(o, it)
	{
		if (strcmp(it.key, "serialNumber") == 0)
			e = take_word(it.val, &serial, &p->apple_serial, w);
		else if (strcmp(it.key, "authenticationToken") == 0)
			e = take_word(it.val, &token, &p->apple_token, w);
		else if (strcmp(it.key, "registrations") != 0)
			e = wrong(w, "apple",
			    "Only serialNumber, authenticationToken and "
			    "registrations are known here.");
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
take(struct arena *a, struct json_object *v, const char *key, struct pass *p,
    struct why *w)
{
	const struct {
		const char *name;
		struct json_object **out;
	} objects[] = { { "identifiers", &p->identifiers },
		{ "metadata", &p->metadata },
		{ "additionalData", &p->additional },
		{ "providers", &p->providers },
		{ "extensions", &p->extensions } };

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strcmp(key, objects[i].name) == 0)
			return take_object(v, key, objects[i].out, w);
	if (strcmp(key, "id") == 0)
		return take_id(v, p, w);
	if (strcmp(key, "secret") == 0)
		return take_word(v, &secret, &p->secret, w);
	if (strcmp(key, "passType") == 0)
		return take_word(v, &type, &p->type, w);
	if (strcmp(key, "creationDate") == 0)
		return take_date(v, key, &p->created, w);
	if (strcmp(key, "lastUpdateDate") == 0)
		return take_date(v, key, &p->updated, w);
	if (strcmp(key, "lastNotification") == 0) {
		p->notification = v;
		return notification_check(a, v, w);
	}
	if (strcmp(key, "apple") == 0)
		return take_apple(v, p, w);
	if (strcmp(key, "google") == 0)
		return ERR_OK; /* after providers */
	return why(w, ERR_INVALID, key,
	    "This member is unknown; passwright(1) lists those of a pass.");
}

enum err
record_parse(
    struct arena *a, struct json_object *o, struct record *out, struct why *w)
{
	struct json_object *list =
	    json_get(json_get(o, "apple"), "registrations");
	struct json_object *google = json_get(o, "google");
	struct record r = { .ndevices = 0 };
	struct pass p = { .id = NULL };
	struct json_object_iter it;
	enum err e;

	if (!json_object_is_type(o, json_type_object))
		return wrong(w, NULL, "Write one JSON object a line.");
	json_object_object_foreachC(o, it)
	{
		if (it.val != NULL &&
		    (e = take(a, it.val, it.key, &p, w)) != ERR_OK)
			return e;
	}
	if (p.created != 0 && p.updated != 0 && p.updated < p.created)
		return wrong(w, "lastUpdateDate",
		    "This is before creationDate; give both as they were.");
	if (google != NULL && (e = take_google(a, google, &p, w)) != ERR_OK)
		return e;
	if (list != NULL && (e = take_devices(a, list, &r, w)) != ERR_OK)
		return e;
	r.pass = p;
	*out = r;
	return ERR_OK;
}

/* -- writing ----------------------------------------------------------------
 */

static void
put_object(struct json_object *o, const char *key, struct json_object *v)
{
	if (v != NULL && json_object_object_length(v) > 0)
		json_set(o, key, v);
}

static void
put_date(struct json_object *o, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	json_set_string(o, key, iso);
}

static struct json_object *
print_devices(struct arena *a, const struct record *r)
{
	struct json_object *list = json_array_in(a), *o;

	for (size_t i = 0; i < r->ndevices; i++) {
		o = json_object_in(a);
		json_set_string(
		    o, "deviceLibraryIdentifier", r->devices[i].device);
		json_set_string(o, "pushToken", r->devices[i].token);
		put_date(o, "date", r->devices[i].date);
		json_push(list, o);
	}
	return list;
}

struct json_object *
record_print(struct arena *a, const struct record *r)
{
	struct json_object *o = json_object_in(a), *apple = json_object_in(a);
	const struct pass *p = &r->pass;

	json_set_string(o, "id", p->id);
	json_set_string(o, "secret", p->secret);
	put_date(o, "creationDate", p->created);
	put_date(o, "lastUpdateDate", p->updated);
	json_set_string(o, "passType", p->type);
	put_object(o, "identifiers", p->identifiers);
	json_set(o, "metadata", p->metadata);
	put_object(o, "additionalData", p->additional);
	put_object(o, "providers", p->providers);
	put_object(o, "extensions", p->extensions);
	put_object(o, "lastNotification", p->notification);
	json_set_string(apple, "serialNumber", p->apple_serial);
	json_set_string(apple, "authenticationToken", p->apple_token);
	if (r->ndevices > 0)
		json_set(apple, "registrations", print_devices(a, r));
	json_set(o, "apple", apple);
	if (p->google_object != NULL) {
		json_set(o, "google", json_object_in(a));
		json_set_string(
		    json_get(o, "google"), "objectId", p->google_object);
	}
	return o;
}
