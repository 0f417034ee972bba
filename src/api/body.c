#include "api/body.h"

static const char *const type_names[] = {
	[BODY_STRING] = "a string",
	[BODY_BOOL] = "true or false",
	[BODY_NUMBER] = "a number",
	[BODY_OBJECT] = "an object",
	[BODY_ARRAY] = "an array",
};

static bool
is_type(struct json_object *v, enum body_type type)
{
	switch (type) {
	case BODY_STRING:
		return json_object_is_type(v, json_type_string);
	case BODY_BOOL:
		return json_object_is_type(v, json_type_boolean);
	case BODY_NUMBER:
		return json_object_is_type(v, json_type_int) ||
		    json_object_is_type(v, json_type_double);
	case BODY_OBJECT:
		return json_object_is_type(v, json_type_object);
	case BODY_ARRAY:
		return json_object_is_type(v, json_type_array);
	}
	return false;
}

static const struct body_field *
field_find(const struct body_field *fields, const char *name)
{
	for (const struct body_field *f = fields; f->name != NULL; f++)
		if (strcasecmp(f->name, name) == 0)
			return f;
	return NULL;
}

struct reader {
	struct arena *a;
	const char *prefix; /* "options.", or "" */
	struct why *why;
};

/* As deep as the tables are nested: once. */
/* NOLINTBEGIN(misc-no-recursion) */
static enum err read_object(struct reader *r, const struct body_field *fields,
    struct json_object *in, struct json_object *out);

static enum err
read_member(struct reader *r, const struct body_field *f, struct json_object *v,
    struct json_object *out)
{
	const char *name = arena_printf(r->a, "%s%s", r->prefix, f->name);
	struct json_object *sub;
	struct reader inner = *r;
	enum err e;

	if (v == NULL) {
		json_object_object_del(out, f->name);
		return ERR_OK;
	}
	if (!is_type(v, f->type))
		return why(r->why, ERR_INVALID, name, "This must be %s.",
		    type_names[f->type]);
	if (f->fields == NULL) {
		json_set(out, f->name, v);
		return ERR_OK;
	}
	sub = json_object_in(r->a);
	inner.prefix = arena_printf(r->a, "%s.", name);
	if ((e = read_object(&inner, f->fields, v, sub)) == ERR_OK)
		json_set(out, f->name, sub);
	return e;
}

static enum err
read_object(struct reader *r, const struct body_field *fields,
    struct json_object *in, struct json_object *out)
{
	struct json_object_iter it;

	json_object_object_foreachC(in, it)
	{
		const struct body_field *f = field_find(fields, it.key);
		enum err e;

		if (f == NULL)
			return why(r->why, ERR_INVALID,
			    arena_printf(r->a, "%s%s", r->prefix, it.key),
			    "There is no such property here; remove it.");
		if ((e = read_member(r, f, it.val, out)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* NOLINTEND(misc-no-recursion) */

enum err
body_read(struct arena *a, const struct body_field *fields,
    struct json_object *in, struct json_object **out, struct why *w)
{
	struct json_object *o = json_object_in(a);
	struct reader r = { .a = a, .prefix = "", .why = w };
	enum err e = ERR_OK;

	if (in != NULL)
		e = read_object(&r, fields, in, o);
	if (e == ERR_OK)
		*out = o;
	return e;
}
