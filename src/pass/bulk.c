#include "pass/bulk.h"

#include "base/log.h"

struct slice
bulk_print(struct arena *a, const struct change_input *in)
{
	struct json_object *o = json_object_in(a);

	json_set_string(o, "passType", in->type);
	json_set(o, "identifiers", in->identifiers);
	json_set(o, "additionalData", in->additional);
	json_set_bool(o, "updateMetadata", in->update_metadata);
	return json_text(a, o);
}

enum err
bulk_parse(struct arena *a, struct slice text, struct change_input *out)
{
	struct json_object *o;
	struct why w;

	/* One level deeper than what a caller may send. */
	if (json_parse(a, text, JSON_DEPTH + 1, &o, &w) != ERR_OK ||
	    !json_object_is_type(o, json_type_object)) {
		log_error("bulk", "why", "its data is no JSON object", NULL);
		return ERR_INTERNAL;
	}
	*out = (struct change_input){
		.type = json_get_string(o, "passType"),
		.identifiers = json_get(o, "identifiers"),
		.additional = json_get(o, "additionalData"),
		.update_metadata = json_get_bool(o, "updateMetadata", false),
	};
	return ERR_OK;
}
