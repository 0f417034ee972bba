#include "wallet/google/rows.h"

#include <ctype.h>

#include "wallet/google/role.h"

#define ROWS_MAX  3
#define ITEMS_MAX 3

/* The items of one row of the card. */
struct row {
	struct json_object *item[ITEMS_MAX];
	size_t n;
};

struct rows {
	struct arena *a;
	struct row row[ROWS_MAX];
	size_t n;
};

const char *
rows_module(struct arena *a, const char *key)
{
	char *id = arena_strdup(a, key);

	for (char *p = id; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-')
			*p = '_';
	return id;
}

static const char *
literal(struct json_object *field, const char *key)
{
	const char *s = json_get_string(field, key);

	return s == NULL || strstr(s, "{{") != NULL ? NULL : s;
}

/* The path of a field's value; NULL: it cannot be told beforehand. */
static const char *
path_of(struct arena *a, const struct pass_type *type, struct json_object *f)
{
	const char *key = literal(f, "key"), *name = literal(f, "role");
	const struct role *r =
	    name == NULL ? NULL : role_find(type->kind, name);

	if (r != NULL)
		return arena_printf(
		    a, "%s.%s", r->class ? "class" : "object", r->path);
	return key == NULL ? NULL
			   : arena_printf(a, "object.textModulesData['%s']",
				 rows_module(a, key));
}

static struct json_object *
item_of(struct arena *a, const char *path)
{
	struct json_object *field = json_object_in(a), *list = json_array_in(a);
	struct json_object *first = json_object_in(a),
			   *item = json_object_in(a);

	json_set_string(field, "fieldPath", path);
	json_push(list, field);
	json_set(first, "fields", list);
	json_set(item, "firstValue", first);
	return item;
}

/* The fields of a list, in the row that was begun or in new ones. */
static void
add_list(struct rows *r, const struct pass_type *type, const char *name)
{
	struct json_object *list = json_get(type->card, name);
	const char *path;

	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		path = path_of(r->a, type, json_object_array_get_idx(list, i));
		if (r->n < ROWS_MAX && r->row[r->n].n == ITEMS_MAX)
			r->n++;
		if (path == NULL || r->n == ROWS_MAX)
			continue;
		r->row[r->n].item[r->row[r->n].n++] = item_of(r->a, path);
	}
}

static void
end_row(struct rows *r)
{
	if (r->n < ROWS_MAX && r->row[r->n].n > 0)
		r->n++;
}

static struct json_object *
row_of(struct arena *a, const struct row *row)
{
	static const struct {
		const char *name, *item[ITEMS_MAX];
	} forms[] = {
		{ "oneItem", { "item" } },
		{ "twoItems", { "startItem", "endItem" } },
		{ "threeItems", { "startItem", "middleItem", "endItem" } },
	};
	struct json_object *out = json_object_in(a), *of = json_object_in(a);

	for (size_t i = 0; i < row->n; i++)
		json_set(of, forms[row->n - 1].item[i], row->item[i]);
	json_set(out, forms[row->n - 1].name, of);
	return out;
}

struct json_object *
rows_template(struct arena *a, const struct pass_type *type)
{
	struct rows r = { .a = a };
	struct json_object *list = json_array_in(a);
	struct json_object *card = json_object_in(a), *out = json_object_in(a);

	add_list(&r, type, "header");
	add_list(&r, type, "primary");
	end_row(&r);
	add_list(&r, type, "secondary");
	end_row(&r);
	add_list(&r, type, "auxiliary");
	end_row(&r);
	for (size_t i = 0; i < r.n; i++)
		json_push(list, row_of(a, &r.row[i]));
	json_set(card, "cardRowTemplateInfos", list);
	json_set(out, "cardTemplateOverride", card);
	return r.n == 0 ? NULL : out;
}
