#include "wallet/preview.h"

#include "base/clock.h"

static const char *const groups[] = { "header", "primary", "secondary",
	"auxiliary", "back" };

#define NGROUPS (sizeof(groups) / sizeof(groups[0]))

enum preview_state
preview_state(const struct card_side *side, int64_t now)
{
	const char *date = json_get_string(side->card, "expirationDate");
	int64_t expires;

	if (date == NULL)
		date = json_get_string(side->apple, "expirationDate");
	if (json_get_bool(side->card, "voided", false) ||
	    json_get_bool(side->apple, "voided", false))
		return PREVIEW_VOID;
	return date == NULL || !clock_parse_iso(slice_of(date), &expires) ||
		expires > now
	    ? PREVIEW_VALID
	    : PREVIEW_EXPIRED;
}

static struct json_object *
first_header(struct json_object *card)
{
	struct json_object *list = json_get(card, "header");

	return json_object_is_type(list, json_type_array) &&
		json_object_array_length(list) > 0
	    ? json_get(json_object_array_get_idx(list, 0), "value")
	    : NULL;
}

static struct json_object *
fields_of(struct arena *a, struct json_object *card)
{
	struct json_object *out = json_array_in(a);

	for (size_t g = 0; g < NGROUPS; g++) {
		struct json_object *list = json_get(card, groups[g]);
		size_t n = json_object_is_type(list, json_type_array)
		    ? json_object_array_length(list)
		    : 0;

		for (size_t i = 0; i < n; i++) {
			struct json_object *from =
			    json_object_array_get_idx(list, i);
			struct json_object *f = json_object_in(a);

			json_set_string(f, "group", groups[g]);
			json_set(f, "key", json_get(from, "key"));
			json_set(f, "label", json_get(from, "label"));
			json_set(f, "value", json_get(from, "value"));
			json_push(out, f);
		}
	}
	return out;
}

static void
describe(struct arena *a, const struct pass_type *type,
    const struct card_side *side, struct json_object *o)
{
	struct json_object *card = side->card;
	struct json_object *colors = json_get(card, "colors");
	struct json_object *header = first_header(card);

	json_set(o, "title", json_get(card, "title"));
	json_set(o, "subtitle", json_get(card, "description"));
	json_set_string(
	    o, "headerText", header != NULL ? json_plain(a, header).s : NULL);
	json_set(o, "backgroundColor", json_get(colors, "background"));
	json_set(o, "foregroundColor", json_get(colors, "foreground"));
	json_set_bool(
	    o, "apple", type->apple_conf.pass_type_identifier != NULL);
	json_set_bool(o, "google", type->google_conf.issuer_id != NULL);
}

enum err
preview_build(struct arena *a, struct tenant *t, const struct preview_of *of,
    struct json_object **out)
{
	struct pass_type *type = tenant_type(t, of->pass->type);
	struct json_object *o = json_object_in(a);
	struct card card;
	enum err e;

	if (type == NULL)
		return ERR_UNSET;
	if ((e = card_render(a, t, type, of->pass, &card)) != ERR_OK)
		return e;
	json_set_string(o, "id", of->pass->id);
	json_set_string(o, "passType", of->pass->type);
	describe(a, type, &card.sides[0], o);
	json_set_bool(o, "enabled",
	    preview_state(&card.sides[0], of->now) == PREVIEW_VALID);
	if (of->full) {
		json_set(o, "fields", fields_of(a, card.sides[0].card));
		json_set(o, "barcode", json_get(card.sides[0].card, "barcode"));
	}
	*out = o;
	return ERR_OK;
}
