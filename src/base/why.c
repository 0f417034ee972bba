#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "base/text.h"

#define UTF8_MAX 4 /* bytes of a character */

static void
cut_copy(char *out, size_t size, const char *s)
{
	size_t len = text_cut(slice_of(s), size - 1);

	memmove(out, s, len); /* it may be the field itself */
	out[len] = '\0';
}

enum err
why(struct why *w, enum err e, const char *field, const char *fmt, ...)
{
	/* With the start of the character at the cut, so as to see it. */
	char text[sizeof(w->text) + UTF8_MAX];
	va_list ap;

	if (w == NULL)
		return e;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	cut_copy(w->text, sizeof(w->text), text);
	cut_copy(w->field, sizeof(w->field), field == NULL ? "" : field);
	return e;
}
