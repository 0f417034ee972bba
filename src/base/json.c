#include "base/json.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* -- ownership ---------------------------------------------------------- */

static void
put(void *o)
{
	(void)json_object_put(o);
}

struct json_object *
json_own(struct arena *a, struct json_object *o)
{
	if (o != NULL)
		arena_defer(a, put, o);
	return o;
}

/* Out of memory ends the process, as it does in an arena. */
static struct json_object *
made(struct json_object *o)
{
	if (o == NULL)
		abort();
	return o;
}

struct json_object *
json_object_in(struct arena *a)
{
	return json_own(a, made(json_object_new_object()));
}

struct json_object *
json_array_in(struct arena *a)
{
	return json_own(a, made(json_object_new_array()));
}

/*
 * json-c refuses to copy user data that it does not know, such as the lines
 * of a YAML file; its own, the text of a parsed double, says nothing that
 * the number does not.
 */
static int
copy_value(struct json_object *src, struct json_object *parent, const char *key,
    size_t index, struct json_object **dst)
{
	if (json_object_is_type(src, json_type_double))
		*dst =
		    made(json_object_new_double(json_object_get_double(src)));
	else if (json_c_shallow_copy_default(src, parent, key, index, dst) < 0)
		return -1;
	return 2; /* without the user data */
}

/* Another of `o` with one reference; NULL stays NULL. */
static struct json_object *
copy_of(struct json_object *o)
{
	struct json_object *copy = NULL;

	if (o != NULL && json_object_deep_copy(o, &copy, copy_value) != 0)
		abort();
	return copy;
}

struct json_object *
json_copy(struct arena *a, struct json_object *o)
{
	return json_own(a, copy_of(o));
}

/* -- parsing ------------------------------------------------------------ */

/*
 * json-c 0.16, strict or not, takes NaN and TRUE, 'a', 1e400, control
 * characters, lone surrogates and U+0000, and cuts large integers to 64
 * bits.  So every token is looked at here before the library sees it; in
 * the order of the tokens the library, being strict, is right.
 */
struct scan {
	struct slice in;
	size_t at;  /* first byte not looked at */
	size_t fed; /* first byte not given to the library */
	int depth, max_depth;
	int values; /* begun so far, keys among them */
	bool more;  /* the library waits for more */
	struct arena *a;
	struct json_tokener *tok;
	struct json_object *value;
	struct why *why;
};

static enum err
fault(struct scan *s, size_t at, const char *what)
{
	return why(s->why, ERR_INVALID, NULL,
	    "This is not valid JSON: %s at byte %zu.", what, at);
}

static enum err
feed(struct scan *s, const char *text, size_t len)
{
	enum json_tokener_error e;

	s->value = json_tokener_parse_ex(s->tok, text, (int)len);
	e = json_tokener_get_error(s->tok);
	s->more = e == json_tokener_continue;
	if (e == json_tokener_success || s->more)
		return ERR_OK;
	return fault(s, s->fed + json_tokener_get_parse_end(s->tok),
	    json_tokener_error_desc(e));
}

/* Give the library what has been looked at. */
static enum err
feed_scanned(struct scan *s)
{
	enum err e = ERR_OK;

	if (s->at > s->fed)
		e = feed(s, s->in.s + s->fed, s->at - s->fed);
	s->fed = s->at;
	return e;
}

/* The byte at `at`; past the end a NUL, which is in no token. */
static char
peek(const struct scan *s, size_t at)
{
	if (at >= s->in.len)
		return '\0';
	return s->in.s[at];
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The four digits after "\u" at `at`, or -1. */
static int
code_unit(const struct scan *s, size_t at)
{
	unsigned char unit[2];

	if (peek(s, at) != '\\' || peek(s, at + 1) != 'u' ||
	    s->in.len - at < 6 ||
	    !text_unhex((struct slice){ s->in.s + at + 2, 4 }, unit, 2))
		return -1;
	return unit[0] << 8 | unit[1];
}

static enum err
scan_escape(struct scan *s)
{
	const char c = peek(s, s->at + 1);
	int unit, low;

	if (c != 'u') {
		if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
			return fault(s, s->at, "unknown escape");
		s->at += 2;
		return ERR_OK;
	}
	if ((unit = code_unit(s, s->at)) < 0)
		return fault(s, s->at, "\\u without four hex digits");
	if (unit == 0)
		return fault(s, s->at, "U+0000 is not taken");
	if (unit >= 0xd800 && unit <= 0xdfff) {
		low = code_unit(s, s->at + 6);
		if (unit >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
			return fault(s, s->at, "lone surrogate");
		s->at += 6;
	}
	s->at += 6;
	return ERR_OK;
}

static enum err
scan_string(struct scan *s)
{
	const size_t start = s->at++;
	enum err e;

	while (s->at < s->in.len) {
		const unsigned char c = (unsigned char)s->in.s[s->at];

		if (c < ' ')
			return fault(s, s->at, "control character in a string");
		if (c == '\\') {
			if ((e = scan_escape(s)) != ERR_OK)
				return e;
			continue;
		}
		s->at++;
		if (c == '"')
			return ERR_OK;
	}
	return fault(s, start, "string without an end");
}

static enum err
scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i, len;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		len = strlen(words[i]);
		if (s->in.len - s->at >= len &&
		    memcmp(s->in.s + s->at, words[i], len) == 0) {
			s->at += len;
			return ERR_OK;
		}
	}
	return fault(s, s->at, "unexpected character");
}

/* At least one digit. */
static bool
skip_digits(struct scan *s)
{
	const size_t start = s->at;

	while (is_digit(peek(s, s->at)))
		s->at++;
	return s->at > start;
}

/* The grammar of RFC 8259, section 6. */
static bool
skip_number(struct scan *s, bool *integer)
{
	*integer = true;
	if (peek(s, s->at) == '-')
		s->at++;
	if (peek(s, s->at) == '0')
		s->at++;
	else if (!skip_digits(s))
		return false;
	if (peek(s, s->at) == '.') {
		*integer = false;
		s->at++;
		if (!skip_digits(s))
			return false;
	}
	if (peek(s, s->at) == 'e' || peek(s, s->at) == 'E') {
		*integer = false;
		s->at++;
		if (peek(s, s->at) == '+' || peek(s, s->at) == '-')
			s->at++;
		if (!skip_digits(s))
			return false;
	}
	/* strchr(3) finds the NUL of the end too. */
	return strchr(" \t\r\n,:]}", peek(s, s->at)) != NULL;
}

static bool
fits_64(const char *s)
{
	errno = 0;
	if (s[0] == '-')
		(void)strtoll(s, NULL, 10);
	else
		(void)strtoull(s, NULL, 10);
	return errno == 0;
}

static enum err
scan_number(struct scan *s)
{
	const size_t start = s->at;
	const char *text;
	bool integer;
	enum err e;

	if (!skip_number(s, &integer))
		return fault(s, start, "malformed number");
	if (integer && s->at - start < 19)
		return ERR_OK;
	text = arena_strndup(s->a, s->in.s + start, s->at - start);
	if (isinf(strtod(text, NULL)))
		return fault(s, start, "number out of range");
	if (!integer || fits_64(text))
		return ERR_OK;
	/* An exponent makes the library take it as a double. */
	if ((e = feed_scanned(s)) != ERR_OK)
		return e;
	return feed(s, "e0", 2);
}

/* All but what stands between values, and what ends one. */
static bool
begins_value(char c)
{
	return c != '\0' && strchr("]},: \t\r\n", c) == NULL;
}

static enum err
scan_token(struct scan *s)
{
	const char c = s->in.s[s->at];

	if (begins_value(c) && ++s->values > JSON_VALUES)
		return why(s->why, ERR_TOOBIG, NULL,
		    "The JSON has over %d values and keys; send less at a "
		    "time.",
		    JSON_VALUES);
	switch (c) {
	case '[':
	case '{':
		if (++s->depth > s->max_depth)
			return fault(s, s->at, "nested too deeply");
		break;
	case ']':
	case '}':
		s->depth--;
		break;
	case ',':
	case ':':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		break;
	case '"':
		return scan_string(s);
	default:
		return is_digit(c) || c == '-' ? scan_number(s) : scan_word(s);
	}
	s->at++;
	return ERR_OK;
}

static enum err
scan_all(struct scan *s)
{
	const size_t good = text_utf8_part(s->in);
	enum err e = ERR_OK;

	if (good < s->in.len)
		return fault(s, good, "malformed UTF-8");
	while (e == ERR_OK && s->at < s->in.len)
		e = scan_token(s);
	if (e == ERR_OK)
		e = feed_scanned(s);
	if (e == ERR_OK && s->more)
		e = feed(s, "", 1); /* the NUL is the end */
	return e;
}

/*
 * Making a tokener costs as much as a short document, so one is kept, and
 * taken by whoever comes first: threads may parse at once.
 */
#define KEPT_DEPTH (2 * JSON_DEPTH + 2)
static _Atomic(struct json_tokener *) kept;

static struct json_tokener *
tokener_take(int depth)
{
	struct json_tokener *tok = NULL;

	if (depth <= KEPT_DEPTH) {
		depth = KEPT_DEPTH;
		tok = atomic_exchange(&kept, NULL);
	}
	if (tok == NULL && (tok = json_tokener_new_ex(depth)) == NULL)
		abort();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	return tok;
}

static void
tokener_give(struct json_tokener *tok, int depth)
{
	json_tokener_reset(tok);
	if (depth <= KEPT_DEPTH)
		tok = atomic_exchange(&kept, tok);
	if (tok != NULL)
		json_tokener_free(tok);
}

enum err
json_parse(struct arena *a, struct slice in, int depth,
    struct json_object **out, struct why *w)
{
	struct scan s = {
		.in = in, .max_depth = depth, .more = true, .a = a, .why = w
	};
	enum err e;

	if (in.len > INT_MAX)
		return why(w, ERR_INVALID, NULL, "The JSON is too long.");
	/* The depth is counted here; the library's count is off by one. */
	s.tok = tokener_take(depth + 2);
	e = scan_all(&s);
	if (e == ERR_OK)
		*out = json_own(a, s.value);
	tokener_give(s.tok, depth + 2);
	return e;
}

/* -- text --------------------------------------------------------------- */

/*
 * As ECMAScript prints numbers and RFC 8785, section 3.2.2.3, asks for: the
 * fewest digits that read back; an exponent from 1e21 and below 1e-6.
 */
static void
add_double(struct buf *b, double d)
{
	char s[32], digits[DBL_DECIMAL_DIG + 1] = "";
	int precision = isnormal(d) ? DBL_DIG : 1, len = 0, exponent;
	const char *p;

	if (d == 0 || !isfinite(d)) {
		buf_adds(b, d == 0 ? "0" : "null");
		return;
	}
	do
		(void)snprintf(s, sizeof(s), "%.*e", precision - 1, d);
	while (strtod(s, NULL) != d && precision++ < DBL_DECIMAL_DIG);
	for (p = s; *p != 'e'; p++)
		if (is_digit(*p))
			digits[len++] = *p;
	exponent = (int)strtol(p + 1, NULL, 10);
	while (len > 1 && digits[len - 1] == '0')
		len--;

	if (d < 0)
		buf_addc(b, '-');
	if (exponent < -6 || exponent > 20) {
		buf_addc(b, digits[0]);
		if (len > 1)
			buf_printf(b, ".%.*s", len - 1, digits + 1);
		buf_printf(b, "e%+d", exponent);
	} else if (exponent < 0) {
		buf_printf(
		    b, "0.%.*s%.*s", -exponent - 1, "00000", len, digits);
	} else if (len <= exponent + 1) {
		buf_printf(b, "%.*s%.*s", len, digits, exponent + 1 - len,
		    "00000000000000000000");
	} else {
		buf_printf(b, "%.*s.%.*s", exponent + 1, digits,
		    len - exponent - 1, digits + exponent + 1);
	}
}

static void
add_int(struct buf *b, struct json_object *o)
{
	const int64_t n = json_object_get_int64(o);

	if (n < 0)
		buf_printf(b, "%lld", (long long)n);
	else
		buf_printf(
		    b, "%llu", (unsigned long long)json_object_get_uint64(o));
}

static void
add_string(struct buf *b, const char *s, size_t len)
{
	static const char named[] = "\b\f\n\r\t\"\\", letter[] = "bfnrt\"\\";
	const char *found;
	size_t i, from = 0;

	buf_addc(b, '"');
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\')
			continue;
		buf_add(b, s + from, i - from);
		from = i + 1;
		found = memchr(named, s[i], sizeof(named) - 1);
		if (found != NULL)
			buf_printf(b, "\\%c", letter[found - named]);
		else
			buf_printf(b, "\\u%04x", (unsigned char)s[i]);
	}
	buf_add(b, s + from, len - from);
	buf_addc(b, '"');
}

struct member {
	const char *key;
	struct json_object *value;
};

/* An object or array half written; frames in place of recursion. */
struct frame {
	struct frame *up;
	struct json_object *o;
	struct member *members; /* NULL for an array */
	size_t i, n;
};

static int
by_key(const void *a, const void *b)
{
	return strcmp(
	    ((const struct member *)a)->key, ((const struct member *)b)->key);
}

static struct frame *
enter(struct buf *b, struct frame *up, struct json_object *o, bool sorted)
{
	struct frame *f = arena_alloc(b->a, sizeof(*f));
	struct lh_entry *m;
	size_t i = 0;

	f->up = up;
	f->o = o;
	if (json_object_is_type(o, json_type_array)) {
		f->n = json_object_array_length(o);
		buf_addc(b, '[');
		return f;
	}
	f->n = (size_t)json_object_object_length(o);
	f->members = arena_alloc(b->a, f->n * sizeof(*f->members));
	for (m = lh_table_head(json_object_get_object(o)); m != NULL;
	     m = lh_entry_next(m))
		f->members[i++] =
		    (struct member){ lh_entry_k(m), lh_entry_v(m) };
	if (sorted)
		qsort(f->members, f->n, sizeof(*f->members), by_key);
	buf_addc(b, '{');
	return f;
}

/* Write what stands before the next member, and give the member. */
static struct json_object *
next_of(struct buf *b, struct frame *f)
{
	const size_t i = f->i++;
	const char *key;

	if (i > 0)
		buf_addc(b, ',');
	if (f->members == NULL)
		return json_object_array_get_idx(f->o, i);
	key = f->members[i].key;
	add_string(b, key, strlen(key));
	buf_addc(b, ':');
	return f->members[i].value;
}

/* Write a value, or the start of one that becomes the frame in hand. */
static struct frame *
add_value(struct buf *b, struct frame *f, struct json_object *o, bool sorted)
{
	switch (json_object_get_type(o)) {
	case json_type_null:
		buf_adds(b, "null");
		return f;
	case json_type_boolean:
		buf_adds(b, json_object_get_boolean(o) ? "true" : "false");
		return f;
	case json_type_double:
		add_double(b, json_object_get_double(o));
		return f;
	case json_type_int:
		add_int(b, o);
		return f;
	case json_type_string:
		add_string(b, json_object_get_string(o),
		    (size_t)json_object_get_string_len(o));
		return f;
	case json_type_object:
	case json_type_array:
		return enter(b, f, o, sorted);
	}
	abort();
}

static struct slice
to_text(struct arena *a, struct json_object *o, bool sorted)
{
	struct frame *f;
	struct buf b;

	buf_init(&b, a);
	f = add_value(&b, NULL, o, sorted);
	while (f != NULL) {
		if (f->i < f->n) {
			f = add_value(&b, f, next_of(&b, f), sorted);
		} else {
			buf_addc(&b, f->members == NULL ? ']' : '}');
			f = f->up;
		}
	}
	return buf_slice(&b);
}

struct slice
json_text(struct arena *a, struct json_object *o)
{
	return to_text(a, o, false);
}

struct slice
json_text_sorted(struct arena *a, struct json_object *o)
{
	return to_text(a, o, true);
}

struct slice
json_plain(struct arena *a, struct json_object *o)
{
	if (o == NULL)
		return slice_of("");
	if (json_object_is_type(o, json_type_string))
		return (struct slice){ json_object_get_string(o),
			(size_t)json_object_get_string_len(o) };
	return json_text(a, o);
}

/* -- members ------------------------------------------------------------ */

struct json_object *
json_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (json_object_is_type(o, json_type_object))
		(void)json_object_object_get_ex(o, key, &v);
	return v;
}

const char *
json_get_string(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_string)
	    ? json_object_get_string(v)
	    : NULL;
}

int64_t
json_get_int(struct json_object *o, const char *key, int64_t def)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_int) ||
		json_object_is_type(v, json_type_double)
	    ? json_object_get_int64(v)
	    : def;
}

bool
json_get_bool(struct json_object *o, const char *key, bool def)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_boolean)
	    ? json_object_get_boolean(v) != 0
	    : def;
}

/* Hand over the caller's reference to `v`. */
static void
give(struct json_object *o, const char *key, struct json_object *v)
{
	if (json_object_object_add(o, key, v) != 0)
		abort();
}

void
json_set(struct json_object *o, const char *key, struct json_object *v)
{
	give(o, key, json_object_get(v));
}

void
json_set_string(struct json_object *o, const char *key, const char *s)
{
	give(o, key, s == NULL ? NULL : made(json_object_new_string(s)));
}

void
json_set_int(struct json_object *o, const char *key, int64_t n)
{
	give(o, key, made(json_object_new_int64(n)));
}

void
json_set_bool(struct json_object *o, const char *key, bool b)
{
	give(o, key, made(json_object_new_boolean(b)));
}

void
json_push(struct json_object *array, struct json_object *v)
{
	if (json_object_array_add(array, json_object_get(v)) != 0)
		abort();
}

/* -- merging ------------------------------------------------------------ */

/* An object of the patch that is still to be laid over one of the result. */
struct pending {
	struct pending *next;
	struct json_object *to, *patch;
};

static bool
removes(struct json_object *v, bool empty_removes)
{
	return v == NULL ||
	    (empty_removes && json_object_is_type(v, json_type_string) &&
		json_object_get_string_len(v) == 0);
}

static struct pending *
postpone(struct arena *a, struct pending *next, struct json_object *to,
    struct json_object *patch)
{
	struct pending *p = arena_alloc(a, sizeof(*p));

	p->next = next;
	p->to = to;
	p->patch = patch;
	return p;
}

/* The object under `key`, made if there is none. */
static struct json_object *
object_under(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	if (!json_object_is_type(v, json_type_object)) {
		v = made(json_object_new_object());
		give(o, key, v);
	}
	return v;
}

struct json_object *
json_merge(struct arena *a, struct json_object *target,
    struct json_object *patch, bool empty_removes)
{
	struct json_object *result, *v;
	struct pending *p;
	struct lh_entry *m;
	const char *key;

	if (removes(patch, empty_removes))
		return NULL;
	if (!json_object_is_type(patch, json_type_object))
		return json_copy(a, patch);
	result = json_object_is_type(target, json_type_object)
	    ? json_copy(a, target)
	    : json_object_in(a);

	p = postpone(a, NULL, result, patch);
	while (p != NULL) {
		struct json_object *to = p->to;

		m = lh_table_head(json_object_get_object(p->patch));
		p = p->next;
		for (; m != NULL; m = lh_entry_next(m)) {
			key = lh_entry_k(m);
			v = lh_entry_v(m);
			if (removes(v, empty_removes))
				json_object_object_del(to, key);
			else if (json_object_is_type(v, json_type_object))
				p = postpone(a, p, object_under(to, key), v);
			else
				give(to, key, copy_of(v));
		}
	}
	return result;
}
