#include "pass/program.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/bound.h"
#include "pass/value.h"

struct program {
	struct arena *a;
	struct source src;
	const char *text;
	int *first;   /* line of the text where each expression begins */
	bool *faulty; /* expressions that a fault has been told of */
	jq_state *jq; /* NULL after a run that left it lost */
};

/* The expression as one line of a message. */
static const char *
shown(struct arena *a, struct slice text)
{
	size_t len;
	char *s;

	while (text.len > 0 && (unsigned char)*text.s <= ' ') {
		text.s++;
		text.len--;
	}
	len = text_cut(text, 200);
	s = arena_strndup(a, text.s, len);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ')
			s[i] = ' ';
	while (len > 0 && s[len - 1] == ' ')
		s[--len] = '\0';
	return s;
}

/*
 * A string times a number is one instruction, which nothing can cut off: a
 * large one is refused before it begins.  No line end, so that lines count.
 */
static const char bounded[] = "def __times(a; b): a * b;"
			      "def _multiply(a; b): b as $b | a as $a |"
			      " if ([$a, $b] | any(type == \"string\") and"
			      " any(type == \"number\" and . > 100000))"
			      " then error(\"a string is repeated too often\")"
			      " else __times($a; $b) end; ";

/* Variables, from the members of the input. */
static void
write_names(struct buf *b, const char *const *names)
{
	if (names == NULL) {
		buf_adds(b, ". as {d: $__d, x: $text, t: $tenant} | $__d |\n");
		return;
	}
	buf_adds(b, ". as {d: $__d, m: {");
	for (size_t i = 0; names[i] != NULL; i++)
		buf_printf(
		    b, "%s%s: $%s", i > 0 ? ", " : "", names[i], names[i]);
	buf_adds(b, "}} | $__d |\n");
}

/*
 * Every expression on lines of its own, so that a line of a message tells
 * the expression, and so that a comment ends before our parenthesis.
 */
static void
write_text(struct program *p)
{
	int line = 2;
	struct buf b;

	buf_init(&b, p->a);
	buf_adds(&b, bounded);
	write_names(&b, p->src.names);
	for (size_t i = 0; i < p->src.n; i++) {
		const struct slice e =
		    p->faulty[i] ? slice_of("null") : p->src.list[i].text;

		p->first[i] = line;
		buf_adds(&b, i == 0 ? "first((\n" : ", first((\n");
		buf_add(&b, e.s, e.len);
		buf_adds(&b, "\n), null)\n");
		line += 3;
		for (size_t k = 0; k < e.len; k++)
			line += e.s[k] == '\n';
	}
	p->text = b.s;
}

/* -- compiling ---------------------------------------------------------- */

struct compiling {
	struct program *p;
	struct faults *f; /* NULL: it has compiled before */
};

/* jq's sentence without its prefix, its advice to shells and its place. */
static const char *
cleaned(struct compiling *c, const char *m, const char *end, bool at_paren)
{
	static const char prefix[] = "jq: error: ",
			  shell[] = " (Unix shell quoting issues?)";
	const char *cut;

	if (at_paren)
		return "syntax error, it ends too early";
	if (strncmp(m, prefix, sizeof(prefix) - 1) == 0)
		m += sizeof(prefix) - 1;
	cut = strstr(m, shell);
	if (cut != NULL && cut < end)
		end = cut;
	return shown(c->p->a, (struct slice){ m, (size_t)(end - m) });
}

static void
on_fault(void *arg, jv message)
{
	static const char place[] = " at <top-level>, line ";
	struct compiling *c = arg;
	const struct source *src = &c->p->src;
	const char *m, *at;
	size_t i = src->n;
	long line = 0;

	if (jv_get_kind(message) != JV_KIND_STRING) {
		jv_free(message);
		return;
	}
	m = jv_string_value(message);
	if (c->f != NULL && (at = strstr(m, place)) != NULL) {
		line = strtol(at + sizeof(place) - 1, NULL, 10);
		while (i > 0 && c->p->first[i - 1] > line)
			i--;
	}
	if (i > 0 && line > 0 && !c->p->faulty[i - 1]) {
		const struct expr *e = &src->list[i - 1];
		const long paren =
		    (i < src->n ? c->p->first[i] : 0x7fffffffL) - 1;

		c->p->faulty[i - 1] = true;
		fault_add(c->f, src->file, e->line, "%s: {{ %s }}",
		    cleaned(c, m, at, line == paren), shown(c->p->a, e->text));
	}
	jv_free(message);
}

/*
 * jq reads ~/.jq before any program, whose definitions could take the place
 * of jq's own.
 */
static bool
compile_without_home(jq_state *jq, const char *text)
{
	const char *home = getenv("HOME");
	char *kept = home == NULL ? NULL : strdup(home);
	bool ok;

	if (home != NULL && kept == NULL)
		abort();
	(void)unsetenv("HOME");
	ok = jq_compile(jq, text);
	if (kept != NULL)
		(void)setenv("HOME", kept, 1);
	free(kept);
	return ok;
}

static enum err
make(struct program *p, struct faults *f)
{
	struct compiling c = { p, f };
	jq_state *jq = jq_init();

	if (jq == NULL)
		abort();
	bound_init(jq);
	jq_set_error_cb(jq, on_fault, &c);
	if (!compile_without_home(jq, p->text)) {
		jq_teardown(&jq);
		return ERR_INVALID;
	}
	jq_set_error_cb(jq, NULL, NULL);
	p->jq = jq;
	return ERR_OK;
}

static void
forget(void *arg)
{
	struct program *p = arg;

	jq_teardown(&p->jq);
}

/* The expressions, copied to the program's arena. */
static void
copy_source(struct program *p, const struct source *src)
{
	struct expr *list = arena_alloc(p->a, src->n * sizeof(*list));

	for (size_t i = 0; i < src->n; i++) {
		const struct slice t = src->list[i].text;

		list[i] = src->list[i];
		list[i].text.s = arena_strndup(p->a, t.s, t.len);
	}
	p->src = (struct source){ arena_strdup(p->a, src->file), list, src->n,
		src->names };
}

enum err
program_compile(struct arena *a, const struct source *src, struct faults *f,
    struct program **out)
{
	struct program *p = arena_alloc(a, sizeof(*p));
	const size_t errors = f->errors;
	const int line = src->n > 0 ? src->list[0].line : 0;
	size_t before;
	enum err e;

	if (src->n > PROGRAM_MAX) {
		fault_add(
		    f, src->file, line, "over %d expressions", PROGRAM_MAX);
		return ERR_INVALID;
	}
	p->a = a;
	copy_source(p, src);
	p->first = arena_alloc(a, src->n * sizeof(*p->first));
	p->faulty = arena_alloc(a, src->n);
	arena_defer(a, forget, p);
	do { /* jq names what is undefined only once all can be read */
		before = f->errors;
		write_text(p);
		e = make(p, f);
	} while (e != ERR_OK && f->errors > before);
	if (e != ERR_OK && f->errors == errors)
		fault_add(f, src->file, line,
		    "jq does not take its expressions together: use fewer");
	if (f->errors > errors)
		return ERR_INVALID;
	*out = p;
	return ERR_OK;
}

/* -- running ------------------------------------------------------------ */

struct run {
	jv input;
	jv *values;
	size_t n, got;
	jv last; /* what came in place of a value */
};

static void
collect(jq_state *jq, void *arg)
{
	struct run *r = arg;

	jq_start(jq, r->input, 0);
	while (r->got < r->n) {
		jv v = jq_next(jq);

		if (!jv_is_valid(v)) {
			r->last = v;
			return;
		}
		r->values[r->got++] = v;
	}
}

/* Why there was no value, as one short line. */
static const char *
reason(struct arena *a, enum cut cut, jv last)
{
	const char *s = "it gave an error without text";
	jv msg = jv_invalid_get_msg(last);

	if (cut == CUT_TIME)
		s = "it took more than a second";
	else if (cut == CUT_MEMORY)
		s = "it took too much memory";
	else if (jv_get_kind(msg) == JV_KIND_STRING)
		s = shown(a, slice_of(jv_string_value(msg)));
	jv_free(msg);
	return s;
}

static enum err
fail(const struct program *p, struct arena *a, size_t i, const char *text)
{
	const struct expr *e = &p->src.list[i];

	log_error("template", "file", p->src.file, "line", text_num(e->line).s,
	    "expression", shown(a, e->text), "why", text, NULL);
	return ERR_INTERNAL;
}

/* Frees the values too. */
static enum err
take_all(
    const struct program *p, struct run *r, struct arena *a, struct value *list)
{
	size_t room = PROGRAM_VALUES;
	enum err e = ERR_OK;

	for (size_t i = 0; i < r->got; i++) {
		const char *fault = NULL;

		if (e == ERR_OK)
			fault = value_from_jv(r->values[i], &room, &list[i].o);
		if (fault != NULL)
			e = fail(p, a, i, fault);
		(void)json_own(a, list[i].o);
		jv_free(r->values[i]);
	}
	return e;
}

static jv
input_of(const struct template_input *in)
{
	jv v = jv_object();

	v = jv_object_set(v, jv_string("d"), value_to_jv(in->data));
	v = jv_object_set(v, jv_string("x"), value_to_jv(in->text));
	v = jv_object_set(v, jv_string("t"), value_to_jv(in->tenant));
	return jv_object_set(v, jv_string("m"), value_to_jv(in->more));
}

enum err
program_run(struct program *p, const struct template_input *in, struct arena *a,
    const struct value **values)
{
	struct value *list = arena_alloc(a, p->src.n * sizeof(*list));
	struct run r = { .n = p->src.n };
	enum cut cut;
	enum err e;

	if (p->jq == NULL && make(p, NULL) != ERR_OK)
		return ERR_INTERNAL;
	r.values = arena_alloc(a, r.n * sizeof(*r.values));
	r.input = input_of(in);
	cut = bound_run(p->jq, collect, &r);
	if (cut == CUT_WORN) {
		p->jq = NULL;
		return fail(p, a, r.got, "it took too much memory at once");
	}
	e = take_all(p, &r, a, list);
	if (r.got < r.n) {
		const char *why = reason(a, cut, r.last);

		if (e == ERR_OK)
			e = fail(p, a, r.got, why);
	}
	if (e == ERR_OK)
		*values = list;
	return e;
}
