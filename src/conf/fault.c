#include "conf/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The rest is counted, and not kept: nobody reads so many. */
#define FAULTS_MAX 1000

void
faults_init(struct faults *f, struct arena *a)
{
	*f = (struct faults){ .a = a };
}

/* One line, whatever an operator's key holds. */
static const char *__attribute__((format(printf, 2, 0)))
one_line(struct arena *a, const char *fmt, va_list ap)
{
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	if (n >= (int)sizeof(text))
		len = text_cut((struct slice){ text, len }, len - 3);
	return n >= (int)sizeof(text)
	    ? arena_printf(a, "%.*s...", (int)len, text)
	    : arena_strndup(a, text, len);
}

static void
add(struct faults *f, const struct fault *one)
{
	struct fault *list;

	/* The list doubles whenever its length is a power of two. */
	if ((f->n & (f->n - 1)) == 0) {
		list = arena_alloc(
		    f->a, (f->n == 0 ? 1 : 2 * f->n) * sizeof(*list));
		if (f->n > 0)
			memcpy(list, f->list, f->n * sizeof(*list));
		f->list = list;
	}
	f->list[f->n] = *one;
	f->list[f->n++].file = arena_strdup(f->a, one->file);
}

void
fault_add(struct faults *f, const char *file, int line, const char *fmt, ...)
{
	struct fault one = { .file = file, .line = line };
	va_list ap;

	f->errors++;
	if (f->n >= FAULTS_MAX)
		return;
	va_start(ap, fmt);
	one.text = one_line(f->a, fmt, ap);
	va_end(ap);
	add(f, &one);
}

void
fault_warn(struct faults *f, const char *file, int line, const char *fmt, ...)
{
	struct fault one = { .file = file, .line = line, .warning = true };
	va_list ap;

	if (f->n >= FAULTS_MAX)
		return;
	va_start(ap, fmt);
	one.text = one_line(f->a, fmt, ap);
	va_end(ap);
	add(f, &one);
}
