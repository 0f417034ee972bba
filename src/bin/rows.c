#include "bin/rows.h"

#include <string.h>

#include "base/text.h"

struct rows {
	struct csv csv;
	bool is_csv;
	char *text;           /* of ROWS_LINE_MAX + 1 bytes */
	const char **columns; /* their names; NULL: left out */
	size_t ncolumns;
};

/* -- NDJSON -----------------------------------------------------------------
 */

/* A line without its end; false at the end of the file. */
static bool
read_line(struct rows *r, size_t *len)
{
	int c = getc_unlocked(r->csv.in);

	r->csv.line = r->csv.next++;
	if (c == EOF)
		return false;
	for (*len = 0; c != '\n' && c != EOF; c = getc_unlocked(r->csv.in))
		if ((*len)++ < ROWS_LINE_MAX)
			r->text[*len - 1] = (char)c;
	return true;
}

static bool
is_blank(const char *s, size_t len)
{
	while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
		len--;
	return len == 0;
}

static enum err
next_json(
    struct rows *r, struct arena *a, struct json_object **out, struct why *w)
{
	size_t len;

	do
		if (!read_line(r, &len))
			return ERR_NOTFOUND;
	while (len <= ROWS_LINE_MAX && is_blank(r->text, len));
	if (len > ROWS_LINE_MAX)
		return why(w, ERR_TOOBIG, NULL, "A line has at most %d bytes.",
		    ROWS_LINE_MAX);
	return json_parse(
	    a, (struct slice){ r->text, len }, JSON_DEPTH, out, w);
}

/* -- CSV --------------------------------------------------------------------
 */

/* Nothing is lost: only what would be printed the same is no text. */
static struct json_object *
value_of(struct arena *a, struct slice cell)
{
	struct json_object *v = NULL;

	if (strchr("\"[{-0123456789tf", cell.s[0]) != NULL &&
	    json_parse(a, cell, JSON_DEPTH, &v, NULL) == ERR_OK &&
	    (strchr("\"[{", cell.s[0]) != NULL ||
		slice_eq(json_text(a, v), cell)))
		return v;
	return json_own(a, json_object_new_string_len(cell.s, (int)cell.len));
}

static struct json_object *
member(struct arena *a, struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	if (json_object_is_type(v, json_type_object))
		return v;
	v = json_object_in(a);
	json_set(o, key, v);
	return v;
}

/* After "identifiers." all is one key; elsewhere a dot leads a level down. */
static void
put_cell(
    struct arena *a, struct json_object *o, const char *name, struct slice cell)
{
	static const char ids[] = "identifiers.";
	const char *dot;

	if (strncmp(name, ids, strlen(ids)) == 0) {
		json_set_string(
		    member(a, o, "identifiers"), name + strlen(ids), cell.s);
		return;
	}
	if (strchr(name, '.') == NULL) {
		json_set(o, name,
		    strchr("[{", cell.s[0]) != NULL
			? value_of(a, cell)
			: json_own(a, json_object_new_string(cell.s)));
		return;
	}
	while ((dot = strchr(name, '.')) != NULL) {
		o = member(a, o, arena_strndup(a, name, (size_t)(dot - name)));
		name = dot + 1;
	}
	json_set(o, name, value_of(a, cell));
}

static enum err
next_csv(
    struct rows *r, struct arena *a, struct json_object **out, struct why *w)
{
	struct csv_record *rec = arena_alloc(a, sizeof(*rec));
	enum err e;

	if ((e = csv_read(&r->csv, a, rec, w)) != ERR_OK)
		return e;
	if (rec->n != r->ncolumns)
		return why(w, ERR_INVALID, NULL,
		    "This record has %zu cells, and the header %zu.", rec->n,
		    r->ncolumns);
	*out = json_object_in(a);
	for (size_t i = 0; i < rec->n; i++) {
		if (!text_utf8(rec->cells[i]) ||
		    strlen(rec->cells[i].s) != rec->cells[i].len)
			return why(w, ERR_INVALID, r->columns[i],
			    "Save the file as UTF-8 without NUL bytes.");
		if (r->columns[i] != NULL && rec->cells[i].len > 0)
			put_cell(a, *out, r->columns[i], rec->cells[i]);
	}
	return ERR_OK;
}

/* The name that `map` gives the column; NULL when it is left out. */
static const char *
mapped(const char *column, const struct rows_source *from, bool *used)
{
	const size_t len = strlen(column);

	for (size_t i = 0; i < from->nmap; i++)
		if (strncmp(from->map[i], column, len) == 0 &&
		    from->map[i][len] == '=') {
			used[i] = true;
			return from->map[i][len + 1] == '\0'
			    ? NULL
			    : from->map[i] + len + 1;
		}
	return column;
}

static enum err
read_header(struct rows *r, struct arena *a, const struct rows_source *from,
    struct why *w)
{
	struct csv_record *rec = arena_alloc(a, sizeof(*rec));
	bool *used = arena_alloc(a, from->nmap + 1);
	enum err e = csv_read(&r->csv, a, rec, w);

	if (e == ERR_NOTFOUND)
		return why(w, ERR_INVALID, NULL,
		    "The file is empty; its first line names the columns.");
	if (e != ERR_OK)
		return e;
	r->ncolumns = rec->n;
	r->columns = arena_alloc(a, rec->n * sizeof(*r->columns));
	for (size_t i = 0; i < rec->n; i++)
		r->columns[i] = mapped(rec->cells[i].s, from, used);
	for (size_t i = 0; i < from->nmap; i++)
		if (!used[i])
			return why(w, ERR_INVALID, NULL,
			    "--map %s: the header has no such column.",
			    from->map[i]);
	return ERR_OK;
}

/* -- both -------------------------------------------------------------------
 */

enum err
rows_open(struct arena *a, const struct rows_source *from, struct rows **out,
    struct why *w)
{
	struct rows *r = arena_alloc(a, sizeof(*r));
	enum err e = ERR_OK;

	r->csv =
	    (struct csv){ .in = from->in, .max = ROWS_LINE_MAX, .next = 1 };
	r->is_csv = from->csv;
	r->text = arena_alloc(a, ROWS_LINE_MAX + 1);
	if (from->csv)
		e = read_header(r, a, from, w);
	if (e == ERR_OK)
		*out = r;
	return e;
}

enum err
rows_next(struct rows *r, struct arena *a, struct json_object **out,
    unsigned *line, struct why *w)
{
	const enum err e =
	    r->is_csv ? next_csv(r, a, out, w) : next_json(r, a, out, w);

	*line = r->csv.line;
	return e;
}
