#include "base/csv.h"

#include <string.h>

/* -- reading ----------------------------------------------------------------
 */

struct reader {
	struct csv *c;
	struct buf b; /* the present cell */
	struct csv_record *out;
	size_t bytes;
	int last; /* what ended the cell: ',', '\n' or EOF */
};

static int
next_byte(struct reader *r)
{
	const int c = getc_unlocked(r->c->in);

	if (c == '\n')
		r->c->next++;
	r->bytes += c != EOF;
	return c;
}

/* To the end of the line, so that the next record is a whole one. */
static enum err
skip_line(struct reader *r, int c, enum err e)
{
	while (c != '\n' && c != EOF)
		c = next_byte(r);
	r->last = c;
	return e;
}

static enum err
too_big(struct reader *r, int c, struct why *w)
{
	return skip_line(r, c,
	    why(w, ERR_TOOBIG, NULL, "A record has at most %zu bytes.",
		r->c->max));
}

/* After the opening quote; the closing one is read, and what follows it. */
static enum err
quoted_cell(struct reader *r, struct why *w)
{
	int c;

	for (;;) {
		c = next_byte(r);
		if (r->bytes > r->c->max)
			return too_big(r, c, w);
		if (c == EOF)
			return why(w, ERR_INVALID, NULL,
			    "A quote that begins a cell is never closed.");
		if (c == '"' && (c = next_byte(r)) != '"')
			break;
		buf_addc(&r->b, (char)c);
	}
	if (c == '\r')
		c = next_byte(r);
	r->last = c;
	if (c == ',' || c == '\n' || c == EOF)
		return ERR_OK;
	return skip_line(r, c,
	    why(w, ERR_INVALID, NULL,
		"After a closing quote comes a comma or the end of the line; "
		"double the quotes inside a cell."));
}

static enum err
plain_cell(struct reader *r, int c, struct why *w)
{
	while (c != ',' && c != '\n' && c != EOF) {
		if (r->bytes > r->c->max)
			return too_big(r, c, w);
		buf_addc(&r->b, (char)c);
		c = next_byte(r);
	}
	if (c != ',' && r->b.len > 0 && r->b.s[r->b.len - 1] == '\r')
		r->b.s[--r->b.len] = '\0';
	r->last = c;
	return ERR_OK;
}

static enum err
read_cell(struct reader *r, struct arena *a, struct why *w)
{
	const int c = next_byte(r);
	enum err e;

	buf_init(&r->b, a);
	buf_add(&r->b, "", 0);
	e = c == '"' ? quoted_cell(r, w) : plain_cell(r, c, w);
	if (e != ERR_OK)
		return e;
	if (r->out->n == CSV_CELLS_MAX)
		return skip_line(r, r->last,
		    why(w, ERR_TOOBIG, NULL, "A record has at most %d cells.",
			CSV_CELLS_MAX));
	r->out->cells[r->out->n++] = buf_slice(&r->b);
	return ERR_OK;
}

static void
skip_mark(struct csv *c)
{
	static const char mark[] = "\xef\xbb\xbf";
	const int first = getc_unlocked(c->in);

	if (first != (unsigned char)mark[0]) {
		(void)ungetc(first, c->in);
		return;
	}
	(void)getc_unlocked(c->in);
	(void)getc_unlocked(c->in);
}

enum err
csv_read(struct csv *c, struct arena *a, struct csv_record *out, struct why *w)
{
	struct reader r = { .c = c, .out = out };
	enum err e = ERR_OK;

	if (c->next == 1)
		skip_mark(c);
	do {
		c->line = c->next;
		out->n = 0;
		r.bytes = 0;
		do
			e = read_cell(&r, a, w);
		while (e == ERR_OK && r.last == ',');
		if (e != ERR_OK)
			return e;
		if (r.last == EOF && r.bytes == 0)
			return ERR_NOTFOUND;
	} while (out->n == 1 && out->cells[0].len == 0);
	return ERR_OK;
}

/* -- writing ----------------------------------------------------------------
 */

void
csv_cell(struct buf *b, struct slice cell)
{
	bool quote = false;

	for (size_t i = 0; i < cell.len; i++)
		quote = quote || strchr("\",\r\n", cell.s[i]) != NULL;
	if (!quote) {
		buf_add(b, cell.s, cell.len);
		return;
	}
	buf_addc(b, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.s[i] == '"')
			buf_addc(b, '"');
		buf_addc(b, cell.s[i]);
	}
	buf_addc(b, '"');
}
