#include "wallet/google/jwt.h"

/* The list of that name in the payload, made if it is missing. */
static struct json_object *
list_of(struct arena *a, struct json_object *payload, const char *kind,
    const char *what)
{
	const char *name = arena_printf(a, "%s%s", kind, what);

	if (json_get(payload, name) == NULL)
		json_set(payload, name, json_array_in(a));
	return json_get(payload, name);
}

static bool
has_id(struct json_object *list, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (strcmp(json_get_string(
			       json_object_array_get_idx(list, i), "id"),
			id) == 0)
			return true;
	return false;
}

static void
add(struct arena *a, struct json_object *payload, const struct object *o,
    enum jwt_form form)
{
	struct json_object *objects = list_of(a, payload, o->kind, "Objects");
	struct json_object *slim, *classes;

	if (form == JWT_FAT) {
		classes = list_of(a, payload, o->kind, "Classes");
		if (!has_id(classes, o->class_id))
			json_push(classes, o->class);
	}
	if (form != JWT_SLIM) {
		json_push(objects, o->of);
		return;
	}
	slim = json_object_in(a);
	json_set_string(slim, "id", o->id);
	json_set_string(slim, "classId", o->class_id);
	json_push(objects, slim);
}

enum err
jwt_save(struct arena *a, const struct jwt_of *of, const char **token)
{
	struct json_object *claims = json_object_in(a);
	struct json_object *payload = json_object_in(a);
	struct json_object *origins = json_array_in(a);

	for (size_t i = 0; i < of->origins->n; i++)
		json_push(origins,
		    json_own(a, json_object_new_string(of->origins->s[i])));
	for (size_t i = 0; i < of->n; i++)
		add(a, payload, &of->objects[i], of->form);
	json_set_string(claims, "iss", account_email(of->account));
	json_set_string(claims, "aud", "google");
	json_set_string(claims, "typ", "savetowallet");
	json_set_int(claims, "iat", of->now / 1000);
	json_set(claims, "origins", origins);
	json_set(claims, "payload", payload);
	return account_sign(of->account, a, claims, token);
}
