#include "pass/template.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/yaml.h"
#include "pass/bound.h"
#include "pass/expr.h"
#include "pass/program.h"

enum node_kind { NODE_PLAIN, NODE_VALUE, NODE_TEXT, NODE_ARRAY, NODE_OBJECT };

#define NO_EXPR SIZE_MAX

/* A piece of a string: an expression by its number, or text as it stands. */
struct part {
	size_t expr; /* or NO_EXPR */
	struct slice text;
};

struct node {
	enum node_kind kind;
	struct json_object *plain; /* PLAIN: a scalar of the source */
	const char *key;           /* of the object that this is in */
	struct part *parts;        /* VALUE: one, TEXT */
	struct node *children;     /* ARRAY, OBJECT */
	size_t n;                  /* of parts or children */
};

struct template
{
	struct node root;
	struct program *program; /* NULL: no expression in it */
};

/* -- compiling ---------------------------------------------------------- */

struct building {
	struct arena *a;
	const char *file;
	struct faults *f;
	struct expr *list;
	size_t n, size;
};

static size_t
add_expr(struct building *b, struct slice text, int line)
{
	if (b->n == b->size) {
		struct expr *more;

		b->size = b->size == 0 ? 16 : b->size * 2;
		more = arena_alloc(b->a, b->size * sizeof(*more));
		if (b->n > 0)
			memcpy(more, b->list, b->n * sizeof(*more));
		b->list = more;
	}
	b->list[b->n] = (struct expr){ text, line };
	return b->n++;
}

/* How many parts a string can have at most. */
static size_t
most_parts(struct slice s)
{
	size_t n = 1;

	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.s[i] == '{' && s.s[i + 1] == '{')
			n += 2;
	return n;
}

static struct slice
rest(struct slice s, size_t from)
{
	return (struct slice){ s.s + from, s.len - from };
}

/* Cut `s` into parts; false after a fault. */
static bool
cut_string(struct building *b, struct node *n, struct slice s, int line)
{
	n->parts = arena_alloc(b->a, most_parts(s) * sizeof(*n->parts));
	while (s.len > 0) {
		const char *at = memmem(s.s, s.len, "{{", 2), *fault;
		const size_t text = at == NULL ? s.len : (size_t)(at - s.s);
		size_t len;

		if (text > 0)
			n->parts[n->n++] =
			    (struct part){ NO_EXPR, { s.s, text } };
		if (at == NULL)
			return true;
		s = rest(s, text + 2);
		if (expr_scan(s, &len, &fault) != ERR_OK) {
			fault_add(b->f, b->file, line, "%s: {{%.*s", fault,
			    (int)text_cut(s, 60), s.s);
			return false;
		}
		n->parts[n->n++].expr =
		    add_expr(b, (struct slice){ s.s, len }, line);
		s = rest(s, len + 2);
	}
	return true;
}

static void
build_string(
    struct building *b, struct node *n, struct json_object *o, int line)
{
	const struct slice s = { json_object_get_string(o),
		(size_t)json_object_get_string_len(o) };

	if (memmem(s.s, s.len, "{{", 2) == NULL || !cut_string(b, n, s, line)) {
		n->kind = NODE_PLAIN;
		n->plain = o;
	} else {
		n->kind = n->n == 1 ? NODE_VALUE : NODE_TEXT;
	}
}

static void build(
    struct building *b, struct node *n, struct json_object *o, int line);

/* The depth of what is built is that of a file, which has its own limit. */
static void
/* NOLINTNEXTLINE(misc-no-recursion) */
build_object(struct building *b, struct node *n, struct json_object *o)
{
	const size_t size = (size_t)json_object_object_length(o);
	struct json_object_iter it;

	n->kind = NODE_OBJECT;
	n->children = arena_alloc(b->a, size * sizeof(*n->children));
	json_object_object_foreachC(o, it)
	{
		struct node *child = &n->children[n->n++];

		child->key = arena_strdup(b->a, it.key);
		build(b, child, it.val, yaml_line_of(o, it.key));
	}
}

static void
/* NOLINTNEXTLINE(misc-no-recursion) */
build_array(struct building *b, struct node *n, struct json_object *o)
{
	n->kind = NODE_ARRAY;
	n->n = json_object_array_length(o);
	n->children = arena_alloc(b->a, n->n * sizeof(*n->children));
	for (size_t i = 0; i < n->n; i++) {
		struct json_object *item = json_object_array_get_idx(o, i);

		build(b, &n->children[i], item, yaml_line(item));
	}
}

static void
/* NOLINTNEXTLINE(misc-no-recursion) */
build(struct building *b, struct node *n, struct json_object *o, int line)
{
	switch (json_object_get_type(o)) {
	case json_type_object:
		build_object(b, n, o);
		break;
	case json_type_array:
		build_array(b, n, o);
		break;
	case json_type_string:
		build_string(b, n, o, line);
		break;
	default:
		n->kind = NODE_PLAIN;
		n->plain = o;
	}
}

enum err
template_compile_for(struct arena *a, const struct template_source *source,
    struct faults *f, struct template **out)
{
	struct building b = { .a = a, .file = source->file, .f = f };
	struct template *t = arena_alloc(a, sizeof(*t));
	const size_t errors = f->errors;

	build(&b, &t->root, json_own(a, json_object_get(source->in)),
	    yaml_line(source->in));
	if (b.n > 0) {
		const struct source src = { source->file, b.list, b.n,
			source->names };

		if (program_compile(a, &src, f, &t->program) != ERR_OK)
			return ERR_INVALID;
	}
	if (f->errors != errors)
		return ERR_INVALID;
	*out = t;
	return ERR_OK;
}

enum err
template_compile(struct arena *a, struct json_object *source, const char *file,
    struct faults *f, struct template **out)
{
	const struct template_source s = { .in = source, .file = file };

	return template_compile_for(a, &s, f, out);
}

/* -- running ------------------------------------------------------------ */

/* A scalar without what its reader hung on it. */
static struct json_object *
scalar(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_boolean:
		return json_object_new_boolean(json_object_get_boolean(o));
	case json_type_int:
		return json_object_new_int64(json_object_get_int64(o));
	case json_type_double:
		return json_object_new_double(json_object_get_double(o));
	case json_type_string:
		return json_object_new_string_len(
		    json_object_get_string(o), json_object_get_string_len(o));
	default:
		return NULL;
	}
}

struct filling {
	struct arena *a;
	const struct value *values;
};

static struct json_object *
fill_text(const struct filling *f, const struct node *n)
{
	struct buf b;

	buf_init(&b, f->a);
	for (size_t i = 0; i < n->n; i++) {
		struct slice s = n->parts[i].text;

		if (n->parts[i].expr != NO_EXPR)
			s = json_plain(f->a, f->values[n->parts[i].expr].o);
		buf_add(&b, s.s, s.len);
	}
	return json_object_new_string_len(b.s == NULL ? "" : b.s, (int)b.len);
}

static struct json_object *fill(const struct filling *f, const struct node *n);

/* A value of null leaves its member or element out; a null of the file not. */
static bool
left_out(const struct node *n, struct json_object *o)
{
	return n->kind == NODE_VALUE && o == NULL;
}

static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
fill_array(const struct filling *f, const struct node *n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n->n; i++) {
		struct json_object *o = fill(f, &n->children[i]);

		if (!left_out(&n->children[i], o))
			(void)json_object_array_add(array, o);
	}
	return array;
}

static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
fill_object(const struct filling *f, const struct node *n)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < n->n; i++) {
		const struct node *child = &n->children[i];
		struct json_object *o = fill(f, child);

		if (!left_out(child, o))
			(void)json_object_object_add(object, child->key, o);
	}
	return object;
}

/* The caller owns what it gets. */
static struct json_object *
/* NOLINTNEXTLINE(misc-no-recursion) */
fill(const struct filling *f, const struct node *n)
{
	switch (n->kind) {
	case NODE_PLAIN:
		return scalar(n->plain);
	case NODE_VALUE:
		return json_object_get(f->values[n->parts[0].expr].o);
	case NODE_TEXT:
		return fill_text(f, n);
	case NODE_ARRAY:
		return fill_array(f, n);
	case NODE_OBJECT:
		break;
	}
	return fill_object(f, n);
}

enum err
template_run(struct template *t, const struct template_input *in,
    struct arena *a, struct json_object **out)
{
	const struct value none = { NULL };
	struct filling f = { a, &none };
	enum err e = ERR_OK;

	if (t->program != NULL)
		e = program_run(t->program, in, a, &f.values);
	if (e == ERR_OK)
		*out = json_own(a, fill(&f, &t->root));
	return e;
}

bool
template_worn(void)
{
	return bound_worn();
}
