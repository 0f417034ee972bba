#include "base/printed.h"

#define DEPTH_MAX 80 /* more than any document's */

/* After the string that begins at `at`; 0 when it does not end. */
static size_t
string_end(struct slice s, size_t at)
{
	const char *quote;
	size_t from = at + 1, slashes;

	while (from < s.len &&
	    (quote = memchr(s.s + from, '"', s.len - from)) != NULL) {
		from = (size_t)(quote - s.s) + 1;
		for (slashes = 0; quote[-1 - (long)slashes] == '\\';)
			slashes++;
		if (slashes % 2 == 0)
			return from;
	}
	return 0;
}

/* After the object or array that begins at `at`; 0 when it does not end. */
static size_t
nest_end(struct slice s, size_t at)
{
	size_t depth = 0;

	while (at < s.len) {
		const char c = s.s[at];

		if (c == '"') {
			if ((at = string_end(s, at)) == 0)
				return 0;
			continue;
		}
		at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at;
	}
	return 0;
}

/* After the value that begins at `at`; 0 when it does not end. */
static size_t
value_end(struct slice s, size_t at)
{
	if (at >= s.len)
		return 0;
	if (s.s[at] == '"')
		return string_end(s, at);
	if (s.s[at] == '{' || s.s[at] == '[')
		return nest_end(s, at);
	while (at < s.len && s.s[at] != ',' && s.s[at] != '}' && s.s[at] != ']')
		at++;
	return at == s.len ? 0 : at;
}

static struct slice
part(struct slice s, size_t from, size_t end)
{
	return (struct slice){ s.s + from, end - from };
}

bool
printed_next(struct slice *rest, struct slice *key, struct slice *value)
{
	const struct slice s = *rest;
	size_t colon, end;

	if (s.len == 2 && memcmp(s.s, "{}", 2) == 0)
		rest->len = 0;
	if (s.len == 1 && s.s[0] == '}')
		rest->len = 0;
	if (rest->len < 3 || (s.s[0] != '{' && s.s[0] != ',') || s.s[1] != '"')
		return false;
	colon = string_end(s, 1);
	if (colon == 0 || colon >= s.len || s.s[colon] != ':' ||
	    (end = value_end(s, colon + 1)) == 0 || end >= s.len)
		return false;
	*key = part(s, 1, colon);
	*value = part(s, colon + 1, end);
	*rest = part(s, end, s.len);
	return true;
}

bool
printed_get(struct slice object, const char *key, struct slice *value)
{
	struct slice name, v;

	while (printed_next(&object, &name, &v))
		if (slice_is(name, key)) {
			*value = v;
			return true;
		}
	return false;
}

bool
printed_plain(struct slice value, struct slice *text)
{
	if (value.len < 2 || value.s[0] != '"' ||
	    memchr(value.s, '\\', value.len) != NULL)
		return false;
	*text = part(value, 1, value.len - 1);
	return true;
}

/* -- order ----------------------------------------------------------------- */

/* An object or array around the place that is looked at. */
struct nest {
	bool object;
	struct slice key; /* the last one; s NULL: none yet */
};

struct walk {
	struct slice in;
	size_t at;
	struct nest nests[DEPTH_MAX];
	size_t n;
	bool names; /* the next string is a key */
};

/* Does the key follow the last one?  What is escaped sorts by what it says. */
static bool
take_key(struct walk *w, struct slice key)
{
	struct nest *nest = &w->nests[w->n - 1];
	const struct slice was = nest->key;
	const size_t n = was.len < key.len ? was.len : key.len;
	int c;

	if (memchr(key.s, '\\', key.len) != NULL)
		return false;
	nest->key = key;
	if (was.s == NULL)
		return true;
	c = memcmp(was.s, key.s, n);
	return c < 0 || (c == 0 && was.len < key.len);
}

static bool
take_string(struct walk *w)
{
	const size_t end = string_end(w->in, w->at), from = w->at + 1;
	const bool names = w->names;

	if (end == 0)
		return false;
	w->at = end;
	w->names = false;
	return !names || take_key(w, part(w->in, from, end - 1));
}

static bool
take_sign(struct walk *w)
{
	const char c = w->in.s[w->at++];

	if (c == '{' || c == '[') {
		if (w->n == DEPTH_MAX)
			return false;
		w->nests[w->n++] = (struct nest){ .object = c == '{' };
		w->names = c == '{';
	} else if (c == '}' || c == ']') {
		if (w->n-- == 0)
			return false;
		w->names = false;
	} else if (c == ',') {
		w->names = w->n > 0 && w->nests[w->n - 1].object;
	}
	return true;
}

bool
printed_is_sorted(struct slice value)
{
	struct walk w;

	w.in = value;
	w.at = w.n = 0;
	w.names = false;
	while (w.at < value.len)
		if (!(value.s[w.at] == '"' ? take_string(&w) : take_sign(&w)))
			return false;
	return w.n == 0;
}
