#include "conf/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "conf/load.h"

#define ARENA_BLOCK ((size_t)4096)
#define YAML_MAX    ((size_t)1024 * 1024)

/*
 * Lines are kept with the objects, as their user data; a container's mark has
 * those of its members too, because a null is no object in json-c.
 */
struct mark {
	int line;
	struct json_object *of; /* {key: line} or [line]; or NULL */
};

/* An open mapping or list. */
struct level {
	struct json_object *o; /* belongs to the level above; see reader.root */
	char *key;             /* of a mapping: waits for its value */
	int key_line;
};

struct reader {
	yaml_parser_t parser;
	struct arena *a;
	struct faults *f;
	const char *shown;
	struct slice text;
	struct level level[JSON_DEPTH + 1];
	size_t depth;
	struct json_object *root;
	bool filled;  /* the document has its value */
	bool stopped; /* nothing more can be made of the text */
};

static void
mark_free(struct json_object *o, void *userdata)
{
	struct mark *m = userdata;

	(void)o;
	json_object_put(m->of);
	free(m);
}

/* A double's user data is how json-c prints it. */
static const struct mark *
mark_of(struct json_object *o)
{
	return o == NULL || json_object_is_type(o, json_type_double)
	    ? NULL
	    : json_object_get_userdata(o);
}

/* Out of memory ends the process, as everywhere. */
static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
set_line(struct json_object *o, int line)
{
	struct mark *m;

	if (o == NULL || json_object_is_type(o, json_type_double))
		return;
	m = must(calloc(1, sizeof(*m)));
	m->line = line;
	if (json_object_is_type(o, json_type_object))
		m->of = must(json_object_new_object());
	else if (json_object_is_type(o, json_type_array))
		m->of = must(json_object_new_array());
	json_object_set_userdata(o, m, mark_free);
}

int
yaml_line(struct json_object *o)
{
	const struct mark *m = mark_of(o);

	return m == NULL ? 0 : m->line;
}

int
yaml_line_of(struct json_object *o, const char *key)
{
	const struct mark *m = mark_of(o);
	struct json_object *line;

	if (m == NULL || !json_object_is_type(m->of, json_type_object) ||
	    !json_object_object_get_ex(m->of, key, &line))
		return 0;
	return json_object_get_int(line);
}

int
yaml_line_at(struct json_object *o, size_t i)
{
	const struct mark *m = mark_of(o);

	if (m == NULL || !json_object_is_type(m->of, json_type_array) ||
	    i >= json_object_array_length(m->of))
		return 0;
	return json_object_get_int(json_object_array_get_idx(m->of, i));
}

static int
line_at(const yaml_mark_t *m)
{
	return m->line >= INT_MAX ? INT_MAX : (int)m->line + 1;
}

/* A fault that ends the reading. */
static void
stop(struct reader *r, int line, const char *text)
{
	fault_add(r->f, r->shown, line, "%s", text);
	r->stopped = true;
}

/* Put `o`, whose reference it takes, where the next value belongs. */
static void
place(struct reader *r, struct json_object *o, int line)
{
	struct level *l = r->depth == 0 ? NULL : &r->level[r->depth - 1];
	const struct mark *m;

	if (l == NULL) {
		set_line(o, line);
		r->root = o;
		r->filled = true;
		return;
	}
	m = mark_of(l->o);
	if (l->key == NULL) {
		set_line(o, line);
		json_object_array_add(m->of, must(json_object_new_int(line)));
		json_object_array_add(l->o, o);
		return;
	}
	set_line(o, l->key_line);
	json_object_object_add(
	    m->of, l->key, must(json_object_new_int(l->key_line)));
	json_object_object_add(l->o, l->key, o);
	l->key = NULL;
}

static bool
awaits_key(const struct level *l)
{
	return l->key == NULL && json_object_is_type(l->o, json_type_object);
}

/* Open a container, `o`, whose reference it takes. */
static void
push(struct reader *r, struct json_object *o, int line)
{
	struct level *l = r->depth == 0 ? NULL : &r->level[r->depth - 1];

	if (l != NULL && awaits_key(l)) {
		stop(r, line, "a key must be a plain word or a string");
		json_object_put(o);
		return;
	}
	if (r->depth >= JSON_DEPTH) {
		stop(r, line, "nested too deeply: 32 levels are the limit");
		json_object_put(o);
		return;
	}
	place(r, o, line);
	r->level[r->depth++] = (struct level){ .o = o };
}

static void
take_key(struct reader *r, const yaml_event_t *e)
{
	struct level *l = &r->level[r->depth - 1];
	const int line = line_at(&e->start_mark);
	const char *s = (const char *)e->data.scalar.value;

	/* The first one stays; what follows is read to find more faults. */
	if (json_object_object_get_ex(l->o, s, NULL)) {
		fault_add(r->f, r->shown, line,
		    "key \"%s\" is given twice, first on line %d", s,
		    yaml_line_of(l->o, s));
		s = arena_printf(r->a, "%s (line %d)", s, line);
	}
	l->key = arena_strdup(r->a, s);
	l->key_line = line;
}

static size_t
digits(const char *s, const char *set)
{
	return strspn(s, set);
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ ; `base` is 0 for anything else. */
static int
integer_base(const char *s)
{
	const char *d = s + (*s == '-' || *s == '+');

	if (digits(d, "0123456789") > 0 && d[digits(d, "0123456789")] == '\0')
		return 10;
	if (strncmp(s, "0o", 2) == 0 && s[2] != '\0' &&
	    s[2 + digits(s + 2, "01234567")] == '\0')
		return 8;
	if (strncmp(s, "0x", 2) == 0 && s[2] != '\0' &&
	    s[2 + digits(s + 2, "0123456789abcdefABCDEF")] == '\0')
		return 16;
	return 0;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool
is_float(const char *s)
{
	size_t whole, part = 0;

	s += *s == '-' || *s == '+';
	whole = digits(s, "0123456789");
	s += whole;
	if (*s == '.') {
		part = digits(++s, "0123456789");
		s += part;
	}
	if (whole + part == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (digits(s, "0123456789") == 0)
			return false;
		s += digits(s, "0123456789");
	}
	return *s == '\0';
}

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static struct json_object *
number(struct reader *r, const char *s, int base, int line)
{
	long long n;
	double d;

	errno = 0;
	if (base != 0) {
		n = strtoll(base == 10 ? s : s + 2, NULL, base);
		if (errno == 0)
			return must(json_object_new_int64(n));
	} else {
		d = strtod(s, NULL);
		if (isfinite(d))
			return must(json_object_new_double(d));
	}
	fault_add(r->f, r->shown, line,
	    "number out of range: put it in quotes if it is a text");
	return NULL;
}

/* YAML 1.2.2, section 10.3.2; quoted scalars are strings. */
static struct json_object *
scalar(struct reader *r, const yaml_event_t *e)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const infinities[] = { ".inf", ".Inf", ".INF",
		"+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
		".NaN", ".NAN", NULL };
	const char *s = (const char *)e->data.scalar.value;
	const int line = line_at(&e->start_mark);

	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return must(
		    json_object_new_string_len(s, (int)e->data.scalar.length));
	if (is_one_of(s, nulls))
		return NULL;
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
		return must(json_object_new_boolean(*s == 't'));
	if (is_one_of(s, infinities)) {
		fault_add(r->f, r->shown, line,
		    "%s has no place in JSON: put it in quotes if it is a text",
		    s);
		return NULL;
	}
	if (integer_base(s) != 0 || is_float(s))
		return number(r, s, integer_base(s), line);
	return must(json_object_new_string_len(s, (int)e->data.scalar.length));
}

static void
take_scalar(struct reader *r, const yaml_event_t *e)
{
	const int line = line_at(&e->start_mark);

	if (memchr(e->data.scalar.value, '\0', e->data.scalar.length) != NULL) {
		stop(r, line, "U+0000 is not allowed");
		return;
	}
	if (r->depth > 0 && awaits_key(&r->level[r->depth - 1]))
		take_key(r, e);
	else
		place(r, scalar(r, e), line);
}

/* Anchors and tags: NULL, or what the event is refused for. */
static const char *
refusal(const yaml_event_t *e)
{
	static const char anchor[] = "anchors (&name) are not supported: write "
				     "the value where it is needed";
	static const char tag[] = "tags (!name) are not supported: put a text "
				  "in quotes";

	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not supported: write the value "
		       "where it is needed, or put a text in quotes";
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor != NULL ? anchor
		    : e->data.scalar.tag != NULL     ? tag
						     : NULL;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor != NULL ? anchor
		    : e->data.sequence_start.tag != NULL     ? tag
							     : NULL;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor != NULL ? anchor
		    : e->data.mapping_start.tag != NULL     ? tag
							    : NULL;
	default:
		return NULL;
	}
}

static void
take_event(struct reader *r, const yaml_event_t *e)
{
	const int line = line_at(&e->start_mark);
	const char *no = refusal(e);

	if (no != NULL) {
		stop(r, line, no);
		return;
	}
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->filled)
			stop(r, line, "a second document (---) in the file");
		break;
	case YAML_SCALAR_EVENT:
		take_scalar(r, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		push(r, must(json_object_new_array()), line);
		break;
	case YAML_MAPPING_START_EVENT:
		push(r, must(json_object_new_object()), line);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		break;
	default:
		break;
	}
}

static int
line_of_offset(struct slice text, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset && i < text.len; i++)
		line += text.s[i] == '\n';
	return line;
}

static void
syntax_fault(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	if (p->error == YAML_MEMORY_ERROR)
		abort();
	if (p->error == YAML_READER_ERROR) /* it has no mark */
		fault_add(r->f, r->shown,
		    line_of_offset(r->text, p->problem_offset), "%s",
		    p->problem);
	else if (p->context != NULL)
		fault_add(r->f, r->shown, line_at(&p->problem_mark),
		    "%s, %s (from line %d)", p->problem, p->context,
		    line_at(&p->context_mark));
	else
		fault_add(r->f, r->shown, line_at(&p->problem_mark), "%s",
		    p->problem);
	r->stopped = true;
}

static void
read_events(struct reader *r)
{
	bool done = false;
	yaml_event_t e;

	while (!done && !r->stopped) {
		if (!yaml_parser_parse(&r->parser, &e)) {
			syntax_fault(r);
			return;
		}
		take_event(r, &e);
		done = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
}

/* The line of the first byte that is not allowed, 0 if there is none. */
static int
bad_line(struct slice text, const char **what)
{
	const char *p = text.s, *end = text.s + text.len, *eol;
	struct slice l;

	for (int line = 1; p < end; line++, p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		l = (struct slice){ p, (size_t)(eol - p) };
		*what = "U+0000 is not allowed";
		if (memchr(l.s, '\0', l.len) != NULL)
			return line;
		*what = "invalid UTF-8";
		if (!text_utf8(l))
			return line;
	}
	return 0;
}

enum err
yaml_parse(struct arena *a, struct slice text, const char *shown,
    struct faults *f, struct json_object **out)
{
	struct reader r = { .a = a, .f = f, .shown = shown, .text = text };
	const size_t before = f->errors;
	const char *what;
	int line;

	if (text.len > YAML_MAX) {
		fault_add(f, shown, 0, "over 1 MiB");
		return ERR_INVALID;
	}
	if (text.len > 0 && (line = bad_line(text, &what)) > 0) {
		fault_add(f, shown, line, "%s", what);
		return ERR_INVALID;
	}
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)text.s, text.len);
	read_events(&r);
	yaml_parser_delete(&r.parser);
	if (r.root != NULL)
		json_own(a, r.root);
	if (f->errors > before)
		return ERR_INVALID;
	*out = r.root;
	return ERR_OK;
}

enum err
yaml_read(struct arena *a, const char *path, const char *shown,
    struct faults *f, struct json_object **out)
{
	struct arena *scratch = arena_new(ARENA_BLOCK);
	struct slice text;
	enum err e;

	e = load_file(scratch, path, YAML_MAX, &text, NULL);
	if (e == ERR_TOOBIG)
		fault_add(f, shown, 0, "over 1 MiB");
	else if (e == ERR_INTERNAL)
		fault_add(f, shown, 0, "cannot be read: %s", strerror(errno));
	if (e == ERR_OK)
		e = yaml_parse(a, text, shown, f, out);
	else if (e != ERR_NOTFOUND)
		e = ERR_INVALID;
	arena_free(scratch);
	return e;
}
