#include "pass/value.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Depth is bounded by whoever read or made the object. */
jv
/* NOLINTNEXTLINE(misc-no-recursion) */
value_to_jv(struct json_object *o)
{
	struct json_object_iter it;
	jv v;

	switch (json_object_get_type(o)) {
	case json_type_boolean:
		return jv_bool(json_object_get_boolean(o));
	case json_type_int:
	case json_type_double:
		return jv_number(json_object_get_double(o));
	case json_type_string:
		return jv_string_sized(
		    json_object_get_string(o), json_object_get_string_len(o));
	case json_type_array:
		v = jv_array();
		for (size_t i = 0; i < json_object_array_length(o); i++)
			v = jv_array_append(
			    v, value_to_jv(json_object_array_get_idx(o, i)));
		return v;
	case json_type_object:
		v = jv_object();
		json_object_object_foreachC(o, it) v =
		    jv_object_set(v, jv_string(it.key), value_to_jv(it.val));
		return v;
	case json_type_null:
		break;
	}
	return jv_null();
}

struct taking {
	size_t *room;
	int depth;
	const char *fault;
};

static struct json_object *take(struct taking *t, jv v);

/* What a value costs beside its children. */
static bool
afford(struct taking *t, size_t bytes)
{
	if (*t->room < bytes)
		t->fault = "its value is too large";
	else
		*t->room -= bytes;
	return t->fault == NULL;
}

static struct json_object *
take_number(double d)
{
	if (isnan(d))
		return NULL;
	if (isinf(d))
		d = d < 0 ? -DBL_MAX : DBL_MAX;
	if (d == trunc(d) && d >= -0x1p63 && d < 0x1p63)
		return json_object_new_int64((int64_t)d);
	return json_object_new_double(d);
}

/* The text of a string value or key, NULL when it cannot be taken. */
static const char *
text_of(struct taking *t, jv v, int *len)
{
	*len = jv_string_length_bytes(jv_copy(v));
	if (!afford(t, (size_t)*len))
		return NULL;
	if (memchr(jv_string_value(v), '\0', (size_t)*len) != NULL) {
		t->fault = "its value holds U+0000";
		return NULL;
	}
	return jv_string_value(v);
}

static struct json_object *
take_string(struct taking *t, jv v)
{
	int len;
	const char *s = text_of(t, v, &len);

	return s == NULL ? NULL : json_object_new_string_len(s, len);
}

/* Depth is bounded by take(). */
static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
take_array(struct taking *t, jv v)
{
	struct json_object *o = json_object_new_array();
	const int n = jv_array_length(jv_copy(v));

	for (int i = 0; i < n && t->fault == NULL; i++) {
		jv item = jv_array_get(jv_copy(v), i);

		(void)json_object_array_add(o, take(t, item));
		jv_free(item);
	}
	return o;
}

static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
take_object(struct taking *t, jv v)
{
	struct json_object *o = json_object_new_object();
	int i = jv_object_iter(v);

	for (; jv_object_iter_valid(v, i) && t->fault == NULL;
	     i = jv_object_iter_next(v, i)) {
		jv key = jv_object_iter_key(v, i);
		jv item = jv_object_iter_value(v, i);
		int len;
		const char *s = text_of(t, key, &len);

		if (s != NULL)
			(void)json_object_object_add(o, s, take(t, item));
		jv_free(key);
		jv_free(item);
	}
	return o;
}

static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
take(struct taking *t, jv v)
{
	struct json_object *o = NULL;

	if (!afford(t, 16))
		return NULL;
	switch (jv_get_kind(v)) {
	case JV_KIND_TRUE:
	case JV_KIND_FALSE:
		return json_object_new_boolean(jv_get_kind(v) == JV_KIND_TRUE);
	case JV_KIND_NUMBER:
		return take_number(jv_number_value(v));
	case JV_KIND_STRING:
		return take_string(t, v);
	case JV_KIND_ARRAY:
	case JV_KIND_OBJECT:
		break;
	default:
		return NULL;
	}
	if (t->depth == JSON_DEPTH) {
		t->fault = "its value is nested too deep";
		return NULL;
	}
	t->depth++;
	o = jv_get_kind(v) == JV_KIND_ARRAY ? take_array(t, v)
					    : take_object(t, v);
	t->depth--;
	return o;
}

const char *
value_from_jv(jv v, size_t *room, struct json_object **out)
{
	struct taking t = { .room = room };
	struct json_object *o = take(&t, v);

	if (t.fault != NULL)
		(void)json_object_put(o);
	else
		*out = o;
	return t.fault;
}
