#include "page/html.h"

#include "wallet/card.h"

void
html_text(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.s[i];

		if (c == '&')
			buf_adds(b, "&amp;");
		else if (c == '<')
			buf_adds(b, "&lt;");
		else if (c == '>')
			buf_adds(b, "&gt;");
		else if (c == '"')
			buf_adds(b, "&quot;");
		else if (c == '\'')
			buf_adds(b, "&#39;");
		else if (c >= ' ' || c == '\n' || c == '\t')
			buf_addc(b, (char)c);
		else
			buf_adds(b, "&#xFFFD;");
	}
}

/* The scheme of a URL reference (RFC 3986, 3.1), or nothing. */
static struct slice
scheme_of(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] == ':')
			return (struct slice){ s.s, i };
		if (s.s[i] == '/' || s.s[i] == '?' || s.s[i] == '#')
			break;
	}
	return (struct slice){ s.s, 0 };
}

static bool
is_safe(struct slice s)
{
	static const char *const schemes[] = { "http", "https", "mailto",
		"tel" };
	const struct slice scheme = scheme_of(s);

	/* Browsers skip blanks and controls where a scheme begins or in it. */
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == '\\')
			return false;
	if (scheme.len == 0)
		return s.len == 0 || *s.s != ':';
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (slice_is_nocase(scheme, schemes[i]))
			return true;
	return s.len > 11 && strncasecmp(s.s, "data:image/", 11) == 0;
}

void
html_url(struct buf *b, struct slice s)
{
	html_text(b, is_safe(s) ? s : slice_of("#"));
}

void
html_colour(struct buf *b, const char *s, const char *def)
{
	unsigned rgb[3];

	if (s == NULL || !card_colour(s, rgb))
		buf_adds(b, def);
	else
		buf_printf(b, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
}

void
html_lines(struct buf *b, struct slice s)
{
	const char *end;

	while (s.len > 0 && (end = memchr(s.s, '\n', s.len)) != NULL) {
		const size_t len = (size_t)(end - s.s);

		html_text(b, (struct slice){ s.s, len });
		buf_adds(b, "<br>");
		s = (struct slice){ end + 1, s.len - len - 1 };
	}
	html_text(b, s);
}
