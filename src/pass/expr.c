#include "pass/expr.h"

/* Inside the quotes of a string, and inside its \( ). */
#define QUOTE  '"'
#define INTERP 'i'

struct scan {
	struct slice in;
	size_t i;
	int open[EXPR_DEPTH]; /* what is not closed yet, innermost last */
	size_t depth;
	int before;     /* last token: its first character, 'n' for a name */
	bool statement; /* if, reduce...: a comma may not be a key's */
	const char *fault;
};

static const char *const refused[] = { "env", "input", "inputs", "import",
	"include", "module", "modulemeta", "input_filename",
	"input_line_number", "debug", "stderr", "halt", "halt_error",
	"get_search_list", "get_prog_origin", "get_jq_origin", NULL };
static const char *const statements[] = { "if", "reduce", "foreach", "try",
	"def", NULL };

static bool
among(const char *const *words, struct slice name)
{
	for (; *words != NULL; words++)
		if (slice_is(name, *words))
			return true;
	return false;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_first(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_name(int c)
{
	return is_first(c) || is_digit(c);
}

/* The byte `n` further on, or NUL after the end. */
static int
peek(const struct scan *s, size_t n)
{
	return s->i + n < s->in.len ? s->in.s[s->i + n] : '\0';
}

static int
top(const struct scan *s)
{
	return s->depth == 0 ? '\0' : s->open[s->depth - 1];
}

static void
enter(struct scan *s, int c)
{
	if (s->depth == EXPR_DEPTH)
		s->fault = "brackets are nested too deep";
	else
		s->open[s->depth++] = c;
}

static void
leave(struct scan *s, int c)
{
	const int want = c == ']' ? '[' : c == '}' ? '{' : '(';
	const int t = top(s);

	if (t == want || (t == INTERP && want == '('))
		s->depth--;
	else
		s->fault = "a closing bracket has no opening one";
}

/* A key of an object: after { or a comma right in it, before : , or }. */
static bool
is_key(const struct scan *s)
{
	size_t n = 0;

	if (top(s) != '{' || s->statement ||
	    (s->before != '{' && s->before != ','))
		return false;
	while (peek(s, n) == ' ' || peek(s, n) == '\t' || peek(s, n) == '\n')
		n++;
	return peek(s, n) == ':' || peek(s, n) == ',' || peek(s, n) == '}';
}

static void
judge(struct scan *s, struct slice name)
{
	if (name.len >= 2 && name.s[0] == '_' && name.s[1] == '_')
		s->fault = "names that begin with __ are not to be used";
	if (s->before == '$') {
		if (slice_is(name, "ENV"))
			s->fault = "$ENV is not to be used";
		return;
	}
	if (among(statements, name))
		s->statement = true;
	if (among(refused, name) && !is_key(s))
		s->fault = "env, input, debug, halt, modules and the like "
			   "are not to be used";
}

static void
scan_name(struct scan *s)
{
	struct slice name = { s->in.s + s->i, 0 };

	while (is_name(peek(s, 0)))
		s->i++;
	name.len = (size_t)(s->in.s + s->i - name.s);
	if (peek(s, 0) == ':' && peek(s, 1) == ':')
		s->fault = "modules are not to be used";
	judge(s, name);
	s->before = 'n';
}

/* Digits and dots as jq takes them: all that stand together. */
static void
scan_number(struct scan *s)
{
	size_t n;

	while (is_digit(peek(s, 0)) || peek(s, 0) == '.')
		s->i++;
	n = peek(s, 1) == '+' || peek(s, 1) == '-' ? 2 : 1;
	if ((peek(s, 0) == 'e' || peek(s, 0) == 'E') && is_digit(peek(s, n)))
		for (s->i += n; is_digit(peek(s, 0));)
			s->i++;
	s->before = 'n';
}

static void
scan_string(struct scan *s)
{
	const int c = peek(s, 0);

	if (c == '\\' && peek(s, 1) == '(') {
		enter(s, INTERP);
		s->before = '(';
		s->i += 2;
	} else if (c == '\\') {
		s->i += 2;
	} else {
		if (c == QUOTE)
			s->depth--;
		s->i++;
		s->before = QUOTE;
	}
}

static bool
at_end(const struct scan *s)
{
	return s->depth == 0 && peek(s, 0) == '}' && peek(s, 1) == '}';
}

/*
 * To the end of the line.  Versions of jq differ on whether a carriage
 * return ends a comment and a backslash goes on with it.
 */
static void
scan_comment(struct scan *s)
{
	while (s->i < s->in.len && peek(s, 0) != '\n' && !at_end(s)) {
		if (peek(s, 0) == '\r' || peek(s, 0) == '\\')
			s->fault = "a comment holds a backslash or a "
				   "carriage return";
		s->i++;
	}
}

static void
scan_mark(struct scan *s)
{
	const int c = peek(s, 0);

	if (c == '(' || c == '[' || c == '{' || c == QUOTE)
		enter(s, c);
	else if (c == ')' || c == ']' || c == '}')
		leave(s, c);
	s->i++;
	if (c != ' ' && c != '\t' && c != '\n')
		s->before = c;
}

static void
scan_token(struct scan *s)
{
	const int c = peek(s, 0);

	if (top(s) == QUOTE) {
		scan_string(s);
	} else if (c == '#') {
		scan_comment(s);
	} else if (is_first(c)) {
		scan_name(s);
	} else if ((c == '.' || c == '@') && is_first(peek(s, 1))) {
		for (s->i++; is_name(peek(s, 0));)
			s->i++;
		s->before = 'n';
	} else if (is_digit(c) ||
	    (c == '.' && (is_digit(peek(s, 1)) || peek(s, 1) == '.'))) {
		scan_number(s);
	} else {
		scan_mark(s);
	}
}

static bool
blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.s[i] != ' ' && s.s[i] != '\t' && s.s[i] != '\n')
			return false;
	return true;
}

enum err
expr_scan(struct slice in, size_t *len, const char **fault)
{
	struct scan s = { .in = in };

	while (s.fault == NULL && s.i < in.len && !at_end(&s))
		scan_token(&s);
	if (s.fault == NULL) {
		if (s.i >= in.len)
			s.fault = "an expression is not ended by }}";
		else if (s.i > EXPR_MAX)
			s.fault = "an expression is too long";
		else if (memchr(in.s, '\0', s.i) != NULL)
			s.fault = "an expression holds a NUL";
		else if (blank((struct slice){ in.s, s.i }))
			s.fault = "an expression is empty";
	}
	if (s.fault != NULL) {
		*fault = s.fault;
		return ERR_INVALID;
	}
	*len = s.i;
	return ERR_OK;
}
