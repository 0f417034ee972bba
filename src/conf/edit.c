#include "conf/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define FILE_MAX ((size_t)1024 * 1024)
#define INDENT   2 /* of a list that is made here */

/* An item of the list, in bytes of the text. */
struct item {
	size_t start, end; /* end: of what it says, not of its last line */
	bool hit;          /* what edit_match asks for */
};

enum holds { HOLDS_NOTHING, HOLDS_NULL, HOLDS_BLOCK, HOLDS_FLOW, HOLDS_OTHER };

/* Where a collection is in the text. */
struct span {
	enum holds holds;
	size_t start; /* its first byte */
	size_t end;   /* after the last byte of what stands in it */
	size_t close; /* in flow style: its bracket */
	size_t column;
	size_t n;            /* members or items */
	size_t first_column; /* of these */
};

struct map {
	struct span root;
	struct span list;   /* HOLDS_NOTHING: there is no such key */
	struct item *items; /* list.n of them */
	size_t bottom;      /* where the document ends */
};

struct edit {
	struct arena *a;
	const char *file;
	const struct edit_match *m; /* NULL: add `item` */
	const char *key, *item;
	struct faults *f;
	struct slice text;
	struct json_object *before;
	bool missing; /* there is no file yet */
	struct map map;
};

/* -- the map, from libyaml's events ---------------------------------------- */

struct level {
	bool mapping, flow;
	bool value; /* of a mapping: the next is a value */
};

struct walk {
	struct edit *e;
	struct level level[JSON_DEPTH + 2];
	size_t depth;
	size_t index, byte; /* a character's place and its byte */
	size_t end;         /* of the last thing that says something */
	bool in_list;       /* inside of the list that is sought */
	bool key_hit;       /* the value that comes is the list */
	bool member_hit;    /* the value that comes is the item's member */
};

/* libyaml counts characters, and does not count a byte order mark. */
static size_t
byte_of(struct walk *w, const yaml_mark_t *m)
{
	const struct slice t = w->e->text;

	if (m->index < w->index || w->index == 0) {
		w->index = 0;
		w->byte =
		    t.len >= 3 && memcmp(t.s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	}
	for (; w->index < m->index && w->byte < t.len; w->index++) {
		w->byte++;
		while (w->byte < t.len &&
		    ((unsigned char)t.s[w->byte] & 0xc0) == 0x80)
			w->byte++;
	}
	return w->byte;
}

static bool
scalar_is(const yaml_event_t *v, const char *s)
{
	return v->type == YAML_SCALAR_EVENT && s != NULL &&
	    v->data.scalar.length == strlen(s) &&
	    memcmp(v->data.scalar.value, s, v->data.scalar.length) == 0;
}

static bool
starts(const yaml_event_t *v)
{
	return v->type == YAML_MAPPING_START_EVENT ||
	    v->type == YAML_SEQUENCE_START_EVENT;
}

static bool
ends(const yaml_event_t *v)
{
	return v->type == YAML_MAPPING_END_EVENT ||
	    v->type == YAML_SEQUENCE_END_EVENT;
}

static bool
is_flow(const yaml_event_t *v)
{
	return (v->type == YAML_MAPPING_START_EVENT &&
		   v->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE) ||
	    (v->type == YAML_SEQUENCE_START_EVENT &&
		v->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
}

static struct span
span_of(struct walk *w, const yaml_event_t *v, yaml_event_type_t wanted)
{
	return (struct span){
		.holds = v->type != wanted ? HOLDS_OTHER
		    : is_flow(v)           ? HOLDS_FLOW
					   : HOLDS_BLOCK,
		.start = byte_of(w, &v->start_mark),
		.end = byte_of(w, &v->end_mark),
		.column = v->start_mark.column,
	};
}

/* The value of the key begins. */
static void
enter_list(struct walk *w, const yaml_event_t *v)
{
	struct span *list = &w->e->map.list;

	*list = span_of(w, v, YAML_SEQUENCE_START_EVENT);
	w->in_list = list->holds != HOLDS_OTHER;
	if (json_get(w->e->before, w->e->key) == NULL)
		list->holds = HOLDS_NULL;
}

static void
enter_item(struct walk *w, const yaml_event_t *v)
{
	struct map *m = &w->e->map;
	const size_t n = m->list.n++;
	struct item *more;

	if ((n & (n - 1)) == 0) {
		more =
		    arena_alloc(w->e->a, (n == 0 ? 1 : 2 * n) * sizeof(*more));
		if (n > 0)
			memcpy(more, m->items, n * sizeof(*more));
		m->items = more;
	}
	if (n == 0)
		m->list.first_column = v->start_mark.column;
	m->items[n] = (struct item){ .start = byte_of(w, &v->start_mark) };
}

/* A key or a value of the root. */
static void
enter_member(struct walk *w, const yaml_event_t *v, bool is_value)
{
	struct span *root = &w->e->map.root;

	if (is_value && w->key_hit)
		enter_list(w, v);
	if (is_value)
		return;
	w->key_hit = scalar_is(v, w->e->key);
	if (root->n++ == 0)
		root->first_column = v->start_mark.column;
}

/* A key or a value of an item. */
static void
match_item(struct walk *w, const yaml_event_t *v, bool is_value)
{
	const struct edit_match *m = w->e->m;
	struct map *map = &w->e->map;

	if (m == NULL)
		return;
	if (is_value && w->member_hit && scalar_is(v, m->value))
		map->items[map->list.n - 1].hit = true;
	w->member_hit = !is_value && scalar_is(v, m->member);
}

/* Levels: the root is open at depth 1, the list at 2, an item at 3. */
static void
begin(struct walk *w, const yaml_event_t *v)
{
	struct level *l = w->depth == 0 ? NULL : &w->level[w->depth - 1];
	const bool is_value = l != NULL && l->mapping && l->value;

	if (w->depth == 0)
		w->e->map.root = span_of(w, v, YAML_MAPPING_START_EVENT);
	else if (w->depth == 1)
		enter_member(w, v, is_value);
	else if (w->depth == 2 && w->in_list)
		enter_item(w, v);
	else if (w->depth == 3 && w->in_list)
		match_item(w, v, is_value);
	if (l != NULL)
		l->value = !l->value;
	w->end = byte_of(w, &v->end_mark);
	if (starts(v))
		w->level[w->depth++] = (struct level){ .mapping = v->type ==
			    YAML_MAPPING_START_EVENT,
			.flow = is_flow(v) };
}

/*
 * A block collection's own end mark is where the next thing begins, beyond
 * comments; it says its last word with its last scalar.
 */
static void
end(struct walk *w, const yaml_event_t *v)
{
	struct map *m = &w->e->map;
	const size_t after = byte_of(w, &v->end_mark);
	struct span *s = NULL;

	w->depth--;
	if (w->depth == 0)
		s = &m->root;
	else if (w->depth == 1 && w->in_list)
		s = &m->list;
	if (s != NULL) {
		s->end = w->end;
		s->close = after - 1;
	}
	if (s == &m->list)
		w->in_list = false;
	if (w->level[w->depth].flow)
		w->end = after;
}

static void
take(struct walk *w, const yaml_event_t *v)
{
	struct map *m = &w->e->map;

	if (starts(v) || v->type == YAML_SCALAR_EVENT)
		begin(w, v);
	else if (ends(v))
		end(w, v);
	else if (v->type == YAML_DOCUMENT_END_EVENT &&
	    !v->data.document_end.implicit)
		m->bottom = byte_of(w, &v->start_mark);
	if (w->in_list && w->depth == 2 && m->list.n > 0)
		m->items[m->list.n - 1].end = w->end;
}

/* False for what yaml_parse() would not take either. */
static bool
draw_map(struct edit *e)
{
	struct walk w = { .e = e };
	yaml_parser_t parser;
	yaml_event_t v;
	bool ok = true, more = true;

	e->map = (struct map){ .bottom = e->text.len };
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)e->text.s, e->text.len);
	while (more && (ok = yaml_parser_parse(&parser, &v) != 0)) {
		take(&w, &v);
		more = v.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&v);
	}
	yaml_parser_delete(&parser);
	if (e->before == NULL) /* no document, or a null */
		e->map.root = (struct span){ .holds = HOLDS_NOTHING };
	return ok;
}

/* -- changes to the text ----------------------------------------------------
 */

static void
replace(struct edit *e, size_t from, size_t to, const char *with)
{
	struct buf b;

	buf_init(&b, e->a);
	buf_add(&b, e->text.s, from);
	buf_adds(&b, with);
	buf_add(&b, e->text.s + to, e->text.len - to);
	e->text = buf_slice(&b);
}

static const char *
eol_of(const struct edit *e)
{
	const char *nl = memchr(e->text.s, '\n', e->text.len);

	return nl != NULL && nl > e->text.s && nl[-1] == '\r' ? "\r\n" : "\n";
}

/* The start of the line after the one that `at` stands on. */
static size_t
next_line(const struct edit *e, size_t at)
{
	const char *nl = memchr(e->text.s + at, '\n', e->text.len - at);

	return nl == NULL ? e->text.len : (size_t)(nl - e->text.s) + 1;
}

static bool
starts_line(const struct edit *e, size_t at)
{
	return at == 0 || e->text.s[at - 1] == '\n';
}

static size_t
this_line(const struct edit *e, size_t at)
{
	while (!starts_line(e, at))
		at--;
	return at;
}

/* A line of its own, after the line on which something ends at `at`. */
static void
add_line(struct edit *e, size_t at, size_t column, const char *line)
{
	const char *eol = eol_of(e), *text;

	/* A block scalar ends where the next line starts. */
	if (!starts_line(e, at))
		at = next_line(e, at);
	text = arena_printf(e->a, "%s%*s%s%s", starts_line(e, at) ? "" : eol,
	    (int)column, "", line, eol);
	replace(e, at, at, text);
}

/* What stands between two items of a flow list, or before its bracket. */
struct gap {
	size_t comma; /* 0: none */
	bool breaks;  /* a line ends after the comma, or after the item */
	bool plain;   /* nothing but blanks and the comma */
};

static struct gap
gap_of(const struct edit *e, size_t from, size_t to)
{
	struct gap g = { .plain = true };

	for (size_t i = from; i < to; i++) {
		if (e->text.s[i] == '#')
			i = next_line(e, i) - 1;
		if (e->text.s[i] == '\n') {
			g.breaks = true;
			g.plain = false;
		} else if (e->text.s[i] == ',') {
			g.comma = i;
			g.breaks = false;
		}
	}
	return g;
}

static void
add_flow(struct edit *e, const struct span *s, const char *text)
{
	const struct gap g = gap_of(e, s->end, s->close);
	const size_t at = g.comma > 0 ? g.comma + 1 : s->end;

	if (s->n == 0) {
		replace(e, s->start + 1, s->start + 1, text);
	} else if (g.breaks) {
		add_line(e, at, s->first_column,
		    g.comma > 0 ? arena_printf(e->a, "%s,", text) : text);
		if (g.comma == 0)
			replace(e, at, at, ",");
	} else {
		replace(e, at, at,
		    arena_printf(e->a, "%s %s", g.comma > 0 ? "" : ",", text));
	}
}

static void
add_key(struct edit *e)
{
	const struct span *root = &e->map.root;

	if (root->holds == HOLDS_FLOW)
		add_flow(
		    e, root, arena_printf(e->a, "%s: [ %s ]", e->key, e->item));
	else
		add_line(e, e->map.bottom, root->column,
		    arena_printf(e->a, "%s:%s%*s- %s", e->key, eol_of(e),
			(int)root->column + INDENT, "", e->item));
}

static void
add_to_null(struct edit *e)
{
	const struct span *list = &e->map.list;
	const bool empty = list->start == list->end;

	if (empty && e->map.root.holds == HOLDS_BLOCK)
		add_line(e, list->end, e->map.root.column + INDENT,
		    arena_printf(e->a, "- %s", e->item));
	else
		replace(e, list->start, list->end,
		    arena_printf(e->a, "%s[ %s ]", empty ? " " : "", e->item));
}

/* "key: []" goes on in block style: an item a line is easier to read. */
static bool
add_to_empty(struct edit *e)
{
	const struct span *list = &e->map.list;
	const size_t inside = list->start + 1;
	size_t from = list->start;

	if (e->map.root.holds != HOLDS_BLOCK || list->n > 0 ||
	    inside + strspn(e->text.s + inside, " \t") != list->close)
		return false;
	while (from > 0 &&
	    (e->text.s[from - 1] == ' ' || e->text.s[from - 1] == '\t'))
		from--;
	add_line(e, list->close, e->map.root.column + INDENT,
	    arena_printf(e->a, "- %s", e->item));
	replace(e, from, list->close + 1, "");
	return true;
}

static void
add(struct edit *e)
{
	const struct span *list = &e->map.list;

	if (list->holds == HOLDS_NOTHING)
		add_key(e);
	else if (list->holds == HOLDS_NULL)
		add_to_null(e);
	else if (list->holds == HOLDS_FLOW && !add_to_empty(e))
		add_flow(e, list, e->item);
	else if (list->holds == HOLDS_BLOCK)
		add_line(e, list->end, list->column,
		    arena_printf(e->a, "- %s", e->item));
}

/* The start of the line of the dash before an item of a block list. */
static size_t
dash_line(const struct edit *e, size_t start)
{
	size_t line = this_line(e, start), dash;

	while (line > e->map.list.start) {
		dash = line + strspn(e->text.s + line, " ");
		if (e->text.s[dash] == '-' && dash - line == e->map.list.column)
			break;
		line = this_line(e, line - 1);
	}
	return line;
}

/* Only blanks before `from` on its line, and only a comment after `to`. */
static bool
is_alone(const struct edit *e, size_t from, size_t to)
{
	const size_t line = this_line(e, from);
	const char *s = e->text.s;

	to += strspn(s + to, " \t\r");
	return line + strspn(s + line, " \t") == from &&
	    (s[to] == '\n' || s[to] == '#');
}

static void
remove_flow(struct edit *e, size_t i)
{
	const struct map *m = &e->map;
	const size_t before = i == 0 ? m->list.start + 1 : m->items[i - 1].end;
	const size_t after =
	    i + 1 < m->list.n ? m->items[i + 1].start : m->list.close;
	const struct gap next = gap_of(e, m->items[i].end, after);
	const struct gap last = gap_of(e, before, m->items[i].start);
	size_t from = m->items[i].start, to = m->items[i].end;

	if (next.comma > 0)
		to = next.comma + 1;
	if (is_alone(e, from, to)) {
		replace(e, this_line(e, from), next_line(e, to), "");
		return;
	}
	if (next.comma > 0)
		to += strspn(e->text.s + to, " \t");
	else if (last.comma > 0 && last.plain)
		from = before;
	replace(e, from, to, "");
}

static void
remove_item(struct edit *e, size_t i)
{
	const struct item *item = &e->map.items[i];

	if (e->map.list.holds == HOLDS_FLOW)
		remove_flow(e, i);
	else
		replace(e, dash_line(e, item->start),
		    starts_line(e, item->end) ? item->end
					      : next_line(e, item->end),
		    "");
}

static size_t
first_hit(const struct map *m)
{
	size_t i = 0;

	while (i < m->list.n && !m->items[i].hit)
		i++;
	return i;
}

/* How many there were; every one moves what follows. */
static size_t
remove_hits(struct edit *e)
{
	size_t i, n = 0;

	while ((i = first_hit(&e->map)) < e->map.list.n) {
		remove_item(e, i);
		n++;
		if (!draw_map(e))
			break;
	}
	return n;
}

/* -- the file ----------------------------------------------------------------
 */

/* What the file must say after the edit. */
static struct json_object *
expected(struct edit *e)
{
	struct json_object *o = e->before == NULL ? json_object_in(e->a)
						  : json_copy(e->a, e->before);
	struct json_object *old = json_get(o, e->key), *item = NULL;
	struct json_object *list = json_array_in(e->a);
	const char *s;

	for (size_t i = 0; old != NULL && i < json_object_array_length(old);
	     i++) {
		item = json_object_array_get_idx(old, i);
		s = e->m == NULL ? NULL : json_get_string(item, e->m->member);
		if (s == NULL || strcmp(s, e->m->value) != 0)
			json_push(list, item);
	}
	if (e->m == NULL) {
		if (yaml_parse(e->a, slice_of(e->item), e->file, e->f, &item) !=
		    ERR_OK)
			return NULL;
		json_push(list, item);
	}
	json_set(o, e->key, list);
	return o;
}

/* An edit that went wrong must not reach the file. */
static enum err
verify(struct edit *e)
{
	struct json_object *after = NULL, *wanted = expected(e);
	struct faults f;

	faults_init(&f, e->a);
	if (wanted != NULL &&
	    yaml_parse(e->a, e->text, e->file, &f, &after) == ERR_OK) {
		/* A block list without items is a null. */
		if (json_object_is_type(after, json_type_object) &&
		    json_get(after, e->key) == NULL)
			json_set(after, e->key, json_array_in(e->a));
		if (json_object_equal(wanted, after))
			return ERR_OK;
	}
	fault_add(e->f, e->file, yaml_line_of(e->before, e->key),
	    "\"%s\" cannot be changed by a program as it is written here: "
	    "edit the file by hand",
	    e->key);
	return ERR_INVALID;
}

static bool
write_all(int fd, struct slice s)
{
	ssize_t n;

	while (s.len > 0) {
		n = write(fd, s.s, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s.s += n;
		s.len -= (size_t)n;
	}
	return true;
}

/* The old file's mode and owner; a new one is the owner's alone. */
static bool
keep_owner(const struct edit *e, int fd)
{
	struct stat st, own;

	if (e->missing)
		return fchmod(fd, 0600) == 0;
	return stat(e->file, &st) == 0 && fstat(fd, &own) == 0 &&
	    ((st.st_uid == own.st_uid && st.st_gid == own.st_gid) ||
		fchown(fd, st.st_uid, st.st_gid) == 0) &&
	    fchmod(fd, st.st_mode & 07777) == 0;
}

static enum err
failed(const struct edit *e, const char *what)
{
	log_error("edit_failed", "file", e->file, "what", what, "why",
	    strerror(errno), NULL);
	return ERR_INTERNAL;
}

static enum err
write_file(const struct edit *e, int dir)
{
	const char *slash = strrchr(e->file, '/');
	char *temporary = arena_printf(e->a, "%.*s/.%s.XXXXXX",
	    (int)(slash - e->file), e->file, slash + 1);
	int fd = mkstemp(temporary);
	enum err err;

	if (fd < 0)
		return failed(e, "create");
	if (!keep_owner(e, fd) || !write_all(fd, e->text) || fsync(fd) != 0 ||
	    rename(temporary, e->file) != 0) {
		err = failed(e, "write");
		unlink(temporary);
	} else {
		err = fsync(dir) == 0 ? ERR_OK : failed(e, "sync");
	}
	close(fd);
	return err;
}

static enum err
change(struct edit *e)
{
	if (!draw_map(e) || e->map.root.holds == HOLDS_OTHER ||
	    e->map.list.holds == HOLDS_OTHER) {
		fault_add(e->f, e->file, yaml_line_of(e->before, e->key),
		    e->map.root.holds == HOLDS_OTHER
			? "a mapping is expected"
			: "\"%s\": a list is expected",
		    e->key);
		return ERR_INVALID;
	}
	if (e->m != NULL && remove_hits(e) == 0)
		return ERR_NOTFOUND;
	if (e->m == NULL)
		add(e);
	return verify(e);
}

/* With the folder locked. */
static enum err
run(struct edit *e, int dir)
{
	enum err err = load_file(e->a, e->file, FILE_MAX, &e->text, NULL);

	if (err == ERR_NOTFOUND && e->m == NULL) {
		e->missing = true;
		e->text = slice_of("");
	} else if (err == ERR_NOTFOUND) {
		return err;
	} else if (err != ERR_OK) {
		fault_add(e->f, e->file, 0, "cannot be read: %s",
		    err == ERR_TOOBIG ? "over 1 MiB" : strerror(errno));
		return ERR_INVALID;
	}
	err = yaml_parse(e->a, e->text, e->file, e->f, &e->before);
	if (err == ERR_OK)
		err = change(e);
	if (err == ERR_OK)
		err = write_file(e, dir);
	return err;
}

/* The file itself, not a link to it, and its folder. */
static bool
find(struct edit *e, const char *path, const char **dir)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *real = realpath(path, NULL);

	if (real == NULL && errno == ENOENT) {
		real = realpath(slash == NULL
			? "."
			: arena_strndup(e->a, path, (size_t)(slash - path) + 1),
		    NULL);
		e->file =
		    arena_printf(e->a, "%s/%s", real == NULL ? "" : real, base);
	} else if (real != NULL) {
		e->file = arena_strdup(e->a, real);
	}
	if (real == NULL)
		return false;
	free(real);
	*dir = arena_strndup(
	    e->a, e->file, (size_t)(strrchr(e->file, '/') - e->file));
	return true;
}

static enum err
edit(struct edit *e, const char *path)
{
	const char *dir;
	enum err err;
	int fd;

	e->file = arena_strdup(e->a, path);
	if (!find(e, path, &dir))
		return failed(e, "find");
	fd = open(*dir == '\0' ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(e, "open");
	if (flock(fd, LOCK_EX) != 0)
		err = failed(e, "lock");
	else
		err = run(e, fd);
	close(fd);
	return err;
}

enum err
edit_add_item(struct arena *a, const char *path, const char *key,
    const char *item, struct faults *f)
{
	struct edit e = { .a = a, .key = key, .item = item, .f = f };

	return edit(&e, path);
}

enum err
edit_remove_item(struct arena *a, const char *path, const struct edit_match *m,
    struct faults *f)
{
	struct edit e = { .a = a, .key = m->key, .m = m, .f = f };

	return edit(&e, path);
}
