#include "http/media.h"

/* Cut off what stands before the next `sep` that is not in quotes. */
static struct slice
cut(struct slice *in, char sep)
{
	struct slice out = { in->s, 0 };
	bool quoted = false;

	while (out.len < in->len && (quoted || in->s[out.len] != sep)) {
		if (in->s[out.len] == '"')
			quoted = !quoted;
		else if (quoted && in->s[out.len] == '\\' &&
		    out.len + 1 < in->len)
			out.len++;
		out.len++;
	}
	in->s += out.len;
	in->len -= out.len;
	if (in->len > 0) {
		in->s++;
		in->len--;
	}
	return out;
}

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && (*s.s == ' ' || *s.s == '\t'))
		s = (struct slice){ s.s + 1, s.len - 1 };
	while (s.len > 0 && (s.s[s.len - 1] == ' ' || s.s[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* 0, 0.0, 0.00, 0.000 (RFC 9110, section 12.4.2) */
static bool
is_zero(struct slice q)
{
	if (q.len == 0 || *q.s != '0' || (q.len > 1 && q.s[1] != '.'))
		return false;
	for (size_t i = 2; i < q.len; i++)
		if (q.s[i] != '0')
			return false;
	return true;
}

static void
take_parameter(struct media *m, struct slice p)
{
	struct slice name = trim(cut(&p, '=')), value = trim(p);

	if (value.len >= 2 && *value.s == '"' && value.s[value.len - 1] == '"')
		value = (struct slice){ value.s + 1, value.len - 2 };
	if (slice_is_nocase(name, "charset"))
		m->charset = value;
	else if (slice_is_nocase(name, "q"))
		m->refused = is_zero(value);
}

bool
media_next(struct slice *list, struct media *out)
{
	struct slice one = { NULL, 0 };

	while (one.len == 0) {
		if (list->len == 0)
			return false;
		one = trim(cut(list, ','));
	}
	*out = (struct media){ .type = trim(cut(&one, ';')) };
	while (one.len > 0)
		take_parameter(out, cut(&one, ';'));
	return true;
}

bool
media_is_json(const struct media *m)
{
	static const char application[] = "application/", json[] = "+json";
	const size_t alen = sizeof(application) - 1, jlen = sizeof(json) - 1;
	struct slice t = m->type;

	if (m->charset.len > 0 && !slice_is_nocase(m->charset, "utf-8"))
		return false;
	if (slice_is_nocase(t, "application/json") ||
	    slice_is_nocase(t, "text/json"))
		return true;
	return t.len > alen + jlen &&
	    strncasecmp(t.s, application, alen) == 0 &&
	    strncasecmp(t.s + t.len - jlen, json, jlen) == 0;
}
