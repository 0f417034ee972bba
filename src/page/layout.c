#include "page/layout.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "page/html.h"
#include "pass/expr.h"
#include "pass/program.h"
#include "pass/types.h"

/* Text, then the value of an expression if there is one. */
struct piece {
	struct slice text;
	bool has_value;
};

struct layout_program {
	struct piece *pieces;
	size_t n;
	struct program *program; /* NULL: no expression in it */
};

struct cutting {
	struct layout_program *to;
	struct expr *list;
	size_t n;
};

static size_t
count_opens(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < s.len; i++)
		n += s.s[i] == '{' && s.s[i + 1] == '{';
	return n;
}

static int
count_lines(struct slice s)
{
	int n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.s[i] == '\n';
	return n;
}

static enum err
cut(struct layout *l, struct cutting *c, struct faults *f)
{
	struct slice s = l->text;
	int line = 1;

	for (const char *at;;) {
		struct piece *p = &c->to->pieces[c->to->n++];
		const char *fault;
		size_t len = 0, all;

		at = s.len == 0 ? NULL : memmem(s.s, s.len, "{{", 2);
		p->text = (struct slice){ s.s,
			at == NULL ? s.len : (size_t)(at - s.s) };
		if (at == NULL)
			return ERR_OK;
		line += count_lines(p->text);
		all = p->text.len + 2;
		s = (struct slice){ s.s + all, s.len - all };
		if (expr_scan(s, &len, &fault) != ERR_OK) {
			fault_add(f, l->file, line, "%s: {{%.*s", fault,
			    (int)text_cut(s,
				strcspn(s.s, "\n") < 60 ? strcspn(s.s, "\n")
							: 60),
			    s.s);
			return ERR_INVALID;
		}
		p->has_value = true;
		c->list[c->n++] =
		    (struct expr){ (struct slice){ s.s, len }, line };
		line += count_lines((struct slice){ s.s, len });
		s = (struct slice){ s.s + len + 2, s.len - len - 2 };
	}
}

enum err
layout_check(struct tenant *t, struct layout *l, struct faults *f)
{
	const size_t most = count_opens(l->text) + 1;
	struct cutting c = { .n = 0 };
	enum err e;

	if (l->compiled != NULL)
		return ERR_OK;
	c.to = arena_alloc(t->a, sizeof(*c.to));
	c.to->pieces = arena_alloc(t->a, most * sizeof(*c.to->pieces));
	c.list = arena_alloc(t->a, most * sizeof(*c.list));
	if ((e = cut(l, &c, f)) != ERR_OK)
		return e;
	if (c.n > 0) {
		const struct source src = { l->file, c.list, c.n, NULL };

		e = program_compile(t->a, &src, f, &c.to->program);
	}
	if (e == ERR_OK)
		l->compiled = c.to;
	return e;
}

static enum err
compile(struct arena *a, struct tenant *t, struct layout *l)
{
	struct faults f;

	if (l->broken)
		return ERR_INTERNAL;
	faults_init(&f, a);
	if (layout_check(t, l, &f) == ERR_OK)
		return ERR_OK;
	l->broken = true;
	for (size_t i = 0; i < f.n; i++)
		log_error("layout", "file", f.list[i].file, "line",
		    text_num(f.list[i].line).s, "why", f.list[i].text, NULL);
	return ERR_INTERNAL;
}

enum err
layout_fill(struct arena *a, struct tenant *t, struct layout *l,
    struct json_object *data, struct slice *out)
{
	const struct template_input in = { .data = data,
		.tenant = types_tenant(a, t) };
	const struct value *values = NULL;
	const struct layout_program *p;
	struct buf b;
	size_t n = 0;
	enum err e;

	if ((e = compile(a, t, l)) != ERR_OK)
		return e;
	p = l->compiled;
	if (p->program != NULL &&
	    (e = program_run(p->program, &in, a, &values)) != ERR_OK)
		return e;
	buf_init(&b, a);
	for (size_t i = 0; i < p->n; i++) {
		buf_add(&b, p->pieces[i].text.s, p->pieces[i].text.len);
		if (p->pieces[i].has_value && values != NULL)
			html_text(&b, json_plain(a, values[n++].o));
	}
	*out = buf_slice(&b);
	return ERR_OK;
}
