#include "conf/setting.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

/* One table to apply to one mapping: nested ones wait here for their turn. */
struct job {
	struct job *next;
	const struct setting *rows;
	struct json_object *in; /* NULL: nothing was given */
	int line;               /* of the mapping */
	bool given;             /* then what must be there must be there */
	char *out;
};

struct run {
	struct arena *a;
	const char *file;
	struct faults *f;
	struct job *first, **last;
};

/* One value and what its faults need. */
struct value {
	const struct setting *row;
	struct json_object *o;
	int line;
	char *at; /* in the struct */
};

bool
strings_has(const struct strings *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], s) == 0)
			return true;
	return false;
}

/* -- names that are not in the table -------------------------------------- */

#define NAME_MAX_LEN 40

/* Levenshtein's distance, one row at a time. */
static size_t
distance(const char *s, const char *t)
{
	const size_t n = strlen(s), m = strlen(t);
	size_t row[NAME_MAX_LEN + 1], diagonal, up;

	if (n > NAME_MAX_LEN || m > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			up = row[j];
			row[j] = diagonal + (s[i - 1] != t[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = up;
		}
	}
	return row[m];
}

/* The name that was meant, or NULL. */
static const char *
nearest(const struct setting *rows, const char *key)
{
	const char *best = NULL;
	size_t least = 3, d;

	for (; rows->name != NULL; rows++) {
		d = strcasecmp(rows->name, key) == 0
		    ? 0
		    : distance(key, rows->name);
		/* Of a word of two letters, every other is two away. */
		if (d < least && d < strlen(rows->name)) {
			least = d;
			best = rows->name;
		}
	}
	return best;
}

static const struct setting *
row_of(const struct setting *rows, const char *key)
{
	for (; rows->name != NULL; rows++)
		if (strcmp(rows->name, key) == 0)
			return rows;
	return NULL;
}

static void
refuse_unknown(struct run *r, const struct job *j)
{
	struct json_object_iter i;
	const char *meant;

	if (j->in == NULL)
		return;
	json_object_object_foreachC(j->in, i)
	{
		if (row_of(j->rows, i.key) != NULL)
			continue;
		if ((meant = nearest(j->rows, i.key)) != NULL)
			fault_add(r->f, r->file, yaml_line_of(j->in, i.key),
			    "unknown key \"%s\": did you mean \"%s\"?", i.key,
			    meant);
		else
			fault_add(r->f, r->file, yaml_line_of(j->in, i.key),
			    "unknown key \"%s\"", i.key);
	}
}

/* -- one reader per type -------------------------------------------------- */

/* Each returns false after a fault, and has then left the struct alone. */
typedef bool read_fn(struct run *r, const struct value *v);

static bool
wrong(struct run *r, const struct value *v, const char *wanted)
{
	fault_add(r->f, r->file, v->line, "\"%s\": %s is expected",
	    v->row->name, wanted);
	return false;
}

/* `what` is "", " bytes"... */
static bool
in_bounds(struct run *r, const struct value *v, long long n, const char *what)
{
	const struct setting *row = v->row;

	if ((row->min == 0 && row->max == 0) ||
	    (n >= row->min && n <= row->max))
		return true;
	fault_add(r->f, r->file, v->line, "\"%s\": from %ld to %ld%s, not %lld",
	    row->name, row->min, row->max, what, n);
	return false;
}

/* The text of a value that must be a string; NULL after a fault. */
static const char *
text_of(struct run *r, const struct value *v, const char *wanted)
{
	if (json_object_is_type(v->o, json_type_string))
		return json_object_get_string(v->o);
	wrong(r, v, wanted);
	return NULL;
}

static bool
read_string(struct run *r, const struct value *v)
{
	const bool scalar = v->o != NULL &&
	    !json_object_is_type(v->o, json_type_object) &&
	    !json_object_is_type(v->o, json_type_array);
	const char *s =
	    text_of(r, v, scalar ? "a text (put it in quotes)" : "a text");

	if (s == NULL || !in_bounds(r, v, (long long)strlen(s), " bytes"))
		return false;
	*(const char **)(void *)v->at = arena_strdup(r->a, s);
	return true;
}

static bool
set_long(struct run *r, const struct value *v, long long n, const char *what)
{
	if (!in_bounds(r, v, n, what))
		return false;
	*(long *)(void *)v->at = (long)n;
	return true;
}

static bool
read_long(struct run *r, const struct value *v)
{
	if (!json_object_is_type(v->o, json_type_int))
		return wrong(r, v, "a whole number");
	return set_long(r, v, json_object_get_int64(v->o), "");
}

static bool
read_bool(struct run *r, const struct value *v)
{
	if (!json_object_is_type(v->o, json_type_boolean))
		return wrong(r, v, "true or false");
	*(bool *)(void *)v->at = json_object_get_boolean(v->o);
	return true;
}

static bool
read_enum(struct run *r, const struct value *v)
{
	const char *all = "",
		   *s = json_object_is_type(v->o, json_type_string)
	    ? json_object_get_string(v->o)
	    : NULL;

	for (int i = 0; v->row->words[i] != NULL; i++) {
		if (s != NULL && strcmp(s, v->row->words[i]) == 0) {
			*(int *)(void *)v->at = i;
			return true;
		}
		all = arena_printf(r->a, "%s%s%s", all, i == 0 ? "" : " or ",
		    v->row->words[i]);
	}
	return wrong(r, v, all);
}

static bool
read_strings(struct run *r, const struct value *v)
{
	struct strings l = { .n = 0 };
	struct value item = *v;
	const char *s;
	size_t n;

	if (!json_object_is_type(v->o, json_type_array))
		return wrong(r, v, "a list of texts");
	n = json_object_array_length(v->o);
	if (!in_bounds(r, v, (long long)n, " items"))
		return false;
	l.s = arena_alloc(r->a, (n + 1) * sizeof(*l.s));
	for (size_t i = 0; i < n; i++) {
		item.o = json_object_array_get_idx(v->o, i);
		item.line = yaml_line_at(v->o, i);
		s = text_of(r, &item, "a list of texts (put each in quotes)");
		if (s == NULL)
			return false;
		l.s[l.n++] = arena_strdup(r->a, s);
	}
	*(struct strings *)(void *)v->at = l;
	return true;
}

/*
 * A whole number, at most 9 digits, and what stands behind it; -1 if there
 * is no such number.
 */
static long long
leading(const char *s, const char **rest)
{
	const size_t n = strspn(s, "0123456789");

	if (n == 0 || n > 9)
		return -1;
	*rest = s + n;
	return strtoll(s, NULL, 10);
}

static bool
read_duration(struct run *r, const struct value *v)
{
	static const struct {
		const char *unit;
		long ms;
	} t[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 } };
	const char *wanted = "a duration such as 500ms, 2s, 5m, 24h or 30d";
	const char *unit, *s = text_of(r, v, wanted);
	long long n;

	if (s == NULL)
		return false;
	if ((n = leading(s, &unit)) < 0)
		return wrong(r, v, wanted);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(unit, t[i].unit) == 0)
			return set_long(r, v, n * t[i].ms, " ms");
	return wrong(r, v, wanted);
}

static bool
read_rate(struct run *r, const struct value *v)
{
	static const struct {
		const char *unit;
		long ms;
	} t[] = { { "/s", 1000 }, { "/m", 60000 }, { "/h", 3600000 } };
	const char *wanted = "a rate such as 60/m (/s, /m, /h), or 0 for none";
	struct rate *out = (struct rate *)(void *)v->at;
	const char *unit, *s;
	long long n;

	if (json_object_is_type(v->o, json_type_int) &&
	    json_object_get_int64(v->o) == 0) {
		*out = (struct rate){ 0, 0 };
		return true;
	}
	if ((s = text_of(r, v, wanted)) == NULL)
		return false;
	if ((n = leading(s, &unit)) < 0)
		return wrong(r, v, wanted);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (strcmp(unit, t[i].unit) != 0)
			continue;
		*out = (struct rate){ (long)n, t[i].ms };
		return true;
	}
	return wrong(r, v, wanted);
}

static bool
read_size(struct run *r, const struct value *v)
{
	const char *wanted = "a size such as 1048576, 512K or 1M";
	const char *unit, *s;
	long long n;

	if (json_object_is_type(v->o, json_type_int))
		return read_long(r, v);
	if ((s = text_of(r, v, wanted)) == NULL)
		return false;
	n = leading(s, &unit);
	if (n >= 0 && strcmp(unit, "K") == 0)
		return set_long(r, v, n * 1024, " bytes");
	if (n >= 0 && strcmp(unit, "M") == 0)
		return set_long(r, v, n * 1024 * 1024, " bytes");
	return wrong(r, v, wanted);
}

static bool
read_json(struct run *r, const struct value *v)
{
	(void)r;
	*(struct json_object **)(void *)v->at = v->o;
	return true;
}

static bool
read_object(struct run *r, const struct value *v)
{
	return json_object_is_type(v->o, json_type_object)
	    ? read_json(r, v)
	    : wrong(r, v, "a mapping");
}

static void
queue(struct run *r, const struct job *j)
{
	struct job *copy = arena_memdup(r->a, j, sizeof(*j));

	copy->next = NULL;
	*r->last = copy;
	r->last = &copy->next;
}

static bool
read_struct(struct run *r, const struct value *v)
{
	const bool ok =
	    v->o == NULL || json_object_is_type(v->o, json_type_object);

	queue(r,
	    &(struct job){ .rows = v->row->rows,
		.in = ok ? v->o : NULL,
		.line = v->line,
		.given = ok && v->o != NULL,
		.out = v->at });
	return ok || wrong(r, v, "a mapping");
}

static bool
read_list(struct run *r, const struct value *v)
{
	const struct setting *row = v->row;
	struct list *l = (struct list *)(void *)v->at;
	struct value item = *v;
	char *items;
	size_t n;

	if (!json_object_is_type(v->o, json_type_array))
		return wrong(r, v, "a list of mappings");
	n = json_object_array_length(v->o);
	if (!in_bounds(r, v, (long long)n, " items"))
		return false;
	items = arena_alloc(r->a, (n + 1) * row->size);
	for (size_t i = 0; i < n; i++) {
		item.o = json_object_array_get_idx(v->o, i);
		item.line = yaml_line_at(v->o, i);
		item.at = items + i * row->size;
		if (item.o == NULL)
			return wrong(r, &item, "a list of mappings");
		if (!read_struct(r, &item))
			return false;
	}
	*l = (struct list){ items, n };
	return true;
}

static read_fn *const readers[] = {
	[SETTING_STRING] = read_string,
	[SETTING_LONG] = read_long,
	[SETTING_BOOL] = read_bool,
	[SETTING_ENUM] = read_enum,
	[SETTING_STRINGS] = read_strings,
	[SETTING_DURATION] = read_duration,
	[SETTING_RATE] = read_rate,
	[SETTING_SIZE] = read_size,
	[SETTING_JSON] = read_json,
	[SETTING_OBJECT] = read_object,
	[SETTING_STRUCT] = read_struct,
	[SETTING_LIST] = read_list,
};

/* -- a row, a table ------------------------------------------------------- */

static const size_t sizes[] = {
	[SETTING_STRING] = sizeof(const char *),
	[SETTING_LONG] = sizeof(long),
	[SETTING_BOOL] = sizeof(bool),
	[SETTING_ENUM] = sizeof(int),
	[SETTING_STRINGS] = sizeof(struct strings),
	[SETTING_DURATION] = sizeof(long),
	[SETTING_RATE] = sizeof(struct rate),
	[SETTING_SIZE] = sizeof(long),
	[SETTING_JSON] = sizeof(struct json_object *),
	[SETTING_OBJECT] = sizeof(struct json_object *),
	[SETTING_STRUCT] = 0, /* its own rows see to it */
	[SETTING_LIST] = sizeof(struct list),
};

/* A default that does not read is a mistake in the program's table. */
static void
set_default(struct run *r, const struct setting *row, char *at)
{
	struct value v = { .row = row, .at = at };

	memset(at, 0, sizes[row->type]);
	if (row->type == SETTING_STRUCT)
		return;
	if (row->def == NULL)
		return;
	if (yaml_parse(r->a, slice_of(row->def), row->name, r->f, &v.o) !=
		ERR_OK ||
	    (v.o != NULL && !readers[row->type](r, &v)))
		abort();
}

static void
read_row(struct run *r, const struct job *j, const struct setting *row)
{
	struct value v = { .row = row, .at = j->out + row->offset };

	set_default(r, row, v.at);
	if (j->in != NULL) {
		json_object_object_get_ex(j->in, row->name, &v.o);
		v.line = yaml_line_of(j->in, row->name);
	}
	if (v.o != NULL || row->type == SETTING_STRUCT)
		readers[row->type](r, &v);
	if (v.o == NULL && row->must && j->given)
		fault_add(r->f, r->file, v.line == 0 ? j->line : v.line,
		    "\"%s\" is missing", row->name);
}

enum err
setting_read(struct arena *a, const struct setting *rows,
    const struct setting_source *src, void *out)
{
	const size_t before = src->f->errors;
	const bool ok =
	    src->in == NULL || json_object_is_type(src->in, json_type_object);
	struct run r = {
		.a = a, .file = src->file, .f = src->f, .last = &r.first
	};

	if (!ok)
		fault_add(src->f, src->file, yaml_line(src->in),
		    "a mapping is expected");
	queue(&r,
	    &(struct job){ .rows = rows,
		.in = ok ? src->in : NULL,
		.line = yaml_line(src->in),
		.given = ok,
		.out = out });
	for (struct job *j = r.first; j != NULL; j = j->next) {
		for (const struct setting *row = j->rows; row->name != NULL;
		     row++)
			read_row(&r, j, row);
		refuse_unknown(&r, j);
	}
	return src->f->errors > before ? ERR_INVALID : ERR_OK;
}
