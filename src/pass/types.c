#include "pass/types.h"

struct compiled {
	bool tried;
	enum err err;
	struct template *template; /* NULL: there is none */
	struct faults faults;
};

struct template_set {
	struct compiled metadata, wallet;
};

static struct template_set *
set_of(struct tenant *t, struct pass_type *type)
{
	if (type->compiled == NULL)
		type->compiled = arena_alloc(t->a, sizeof(*type->compiled));
	return type->compiled;
}

/* What was wrong the first time is wrong each time. */
static enum err
result(const struct compiled *c, struct faults *f, struct template **out)
{
	for (size_t i = 0; i < c->faults.n; i++) {
		const struct fault *one = &c->faults.list[i];

		fault_add(f, one->file, one->line, "%s", one->text);
	}
	if (c->err == ERR_OK)
		*out = c->template;
	return c->err;
}

static void
compile(struct tenant *t, const struct pass_type *type,
    struct json_object *source, struct compiled *c)
{
	c->tried = true;
	faults_init(&c->faults, t->a);
	if (source != NULL)
		c->err = template_compile(
		    t->a, source, type->file, &c->faults, &c->template);
}

enum err
types_metadata(struct tenant *t, struct pass_type *type, struct faults *f,
    struct template **out)
{
	struct compiled *c = &set_of(t, type)->metadata;

	if (!c->tried)
		compile(t, type, type->metadata, c);
	return result(c, f, out);
}

static struct json_object *
wallet_source(struct tenant *t, const struct pass_type *type)
{
	struct json_object *o = json_object_in(t->a);

	if (type->card != NULL)
		json_set(o, "card", type->card);
	if (type->apple != NULL)
		json_set(o, "apple", type->apple);
	if (type->google != NULL)
		json_set(o, "google", type->google);
	return o;
}

enum err
types_wallet(struct tenant *t, struct pass_type *type, struct faults *f,
    struct template **out)
{
	struct compiled *c = &set_of(t, type)->wallet;

	if (!c->tried)
		compile(t, type, wallet_source(t, type), c);
	return result(c, f, out);
}

struct json_object *
types_tenant(struct arena *a, const struct tenant *t)
{
	struct json_object *o = json_object_in(a), *l = json_array_in(a);

	json_set_string(o, "name", t->name);
	json_set_string(o, "url", t->url);
	for (size_t i = 0; i < t->languages.n; i++)
		json_push(
		    l, json_own(a, json_object_new_string(t->languages.s[i])));
	json_set(o, "languages", l);
	return o;
}

struct json_object *
types_text(struct arena *a, const struct tenant *t,
    const struct pass_type *type, const char *language)
{
	struct json_object *first = json_get(type->texts, t->languages.s[0]);
	struct json_object *own = json_get(type->texts, language);

	if (own == NULL)
		own = json_object_in(a);
	return json_merge(a, first, own, false);
}
