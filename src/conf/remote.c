#include "conf/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define HOUR_MS 3600000L

/* What a file says, before http and command are one. */
struct written {
	long order;
	struct {
		const char *url;
		struct json_object *headers;
		long timeout, cache, stale;
	} http;
	struct strings command;
	long timeout;
	const char *map;
	bool create;
	int access;
};

#define AT(field)   offsetof(struct written, field)
#define HTTP(field) (AT(http.field) - AT(http))

static const char *const accesses[] = { "scope", "open", NULL };

/* clang-format off */
#define HTTP_ROWS(how_long) \
	{ .name = "url", .type = SETTING_STRING, .must = true, \
	  .min = 1, .max = 4096, .offset = HTTP(url), \
	  .text = "What is asked; expressions stand after the host and end " \
	      "in | @uri." }, \
	{ .name = "headers", .type = SETTING_OBJECT, .offset = HTTP(headers), \
	  .text = "Headers of the request; a value may hold expressions." }, \
	{ .name = "timeout", .type = SETTING_DURATION, .def = (how_long), \
	  .min = 10, .max = 10000, .offset = HTTP(timeout), \
	  .text = "How long the answer may take." }

static const struct setting provider_http[] = {
	HTTP_ROWS("2s"),
	{ .name = "cache", .type = SETTING_DURATION, .def = "0s",
	  .max = 24L * HOUR_MS, .offset = HTTP(cache),
	  .text = "How long an answer does without asking again." },
	{ .name = "stale", .type = SETTING_DURATION, .def = "24h",
	  .max = 365L * 24 * HOUR_MS, .offset = HTTP(stale),
	  .text = "How long the last good answer serves when there is no "
	      "other." },
	{ .name = NULL }
};

static const struct setting supplier_http[] = {
	HTTP_ROWS("3s"),
	{ .name = NULL }
};

#define REMOTE_ROWS(http_rows) \
	{ .name = "http", .type = SETTING_STRUCT, .rows = (http_rows), \
	  .offset = AT(http), .text = "A request to a web server." }, \
	{ .name = "command", .type = SETTING_STRINGS, .max = 64, \
	  .offset = AT(command), \
	  .text = "In its place a program of the tenant's folder and its " \
	      "arguments; it gets JSON and gives JSON." }, \
	{ .name = "timeout", .type = SETTING_DURATION, .def = "2s", \
	  .min = 10, .max = 10000, .offset = AT(timeout), \
	  .text = "How long a command may take." }, \
	{ .name = "map", .type = SETTING_STRING, .def = ".", \
	  .min = 1, .max = 16384, .offset = AT(map), \
	  .text = "A jq expression that makes of the answer what is used." }

const struct setting provider_settings[] = {
	{ .name = "order", .type = SETTING_LONG, .def = "0",
	  .min = -1000000, .max = 1000000, .offset = AT(order),
	  .text = "Providers are asked from the lowest on; later ones win." },
	REMOTE_ROWS(provider_http),
	{ .name = NULL }
};

const struct setting supplier_settings[] = {
	REMOTE_ROWS(supplier_http),
	{ .name = "create", .type = SETTING_BOOL, .def = "false",
	  .offset = AT(create),
	  .text = "Create the passes that are not there yet." },
	{ .name = "access", .type = SETTING_ENUM, .words = accesses,
	  .def = "scope", .offset = AT(access),
	  .text = "Whether getPasses with it needs the scope Pass.Read." },
	{ .name = NULL }
};
/* clang-format on */

static void
judge(const struct remote *r, struct json_object *in, struct faults *f)
{
	struct json_object *http = json_get(in, "http");
	struct json_object_iter i;

	if (!ident_is_name(slice_of(r->name)))
		fault_add(f, r->file, 0,
		    "no name: letters, digits, _ and -, at most 64");
	if ((r->url != NULL) == (r->command.n > 0))
		fault_add(f, r->file, yaml_line(in),
		    "either \"http\" or \"command\" is expected");
	if (http != NULL && json_get(in, "timeout") != NULL)
		fault_add(f, r->file, yaml_line_of(in, "timeout"),
		    "\"timeout\" of a request stands inside of \"http\"");
	if (r->headers == NULL)
		return;
	json_object_object_foreachC(r->headers, i)
	{
		if (!json_object_is_type(i.val, json_type_string))
			fault_add(f, r->file, yaml_line_of(r->headers, i.key),
			    "\"%s\": a text is expected (put it in quotes)",
			    i.key);
	}
}

/* A program of the tenant's own folder: what lies outside is not started. */
static void
take_command(struct tenant *t, struct remote *r, int line, struct faults *f)
{
	const char *path;

	if (r->command.n == 0)
		return;
	path = r->command.s[0];
	if (path[0] == '/')
		fault_add(f, r->file, line,
		    "\"command\": %s: give a path in the tenant's folder",
		    path);
	else if ((path = load_path(
		      t, path, (struct place){ r->file, line }, f)) != NULL)
		r->command.s[0] = path;
}

static void
take(struct tenant *t, struct remote *r, struct faults *f)
{
	struct setting_source src = { .file = r->file, .f = f };
	struct faults unused = { .a = t->a };
	struct written w = { .order = 0 };
	struct json_object *http;

	if (yaml_read(t->a, r->file, r->file, f, &src.in) != ERR_OK)
		src.f = &unused;
	(void)!setting_read(t->a,
	    r->supplier ? supplier_settings : provider_settings, &src, &w);
	http = json_get(src.in, "http");
	r->order = w.order;
	r->url = w.http.url;
	r->headers = w.http.headers;
	r->command = w.command;
	r->map = w.map;
	r->timeout = r->url != NULL ? w.http.timeout : w.timeout;
	r->cache = w.http.cache;
	r->stale = r->url != NULL ? w.http.stale : 24 * HOUR_MS;
	r->create = w.create;
	r->access = w.access;
	r->url_line = yaml_line_of(http, "url");
	r->headers_line = yaml_line_of(http, "headers");
	r->map_line = yaml_line_of(src.in, "map");
	judge(r, src.in, src.f);
	take_command(t, r, yaml_line_of(src.in, "command"), f);
}

/* Names are sorted; qsort(3) need not keep that. */
static int
by_order(const void *a, const void *b)
{
	const struct remote *r = a, *s = b;

	if (r->order != s->order)
		return r->order < s->order ? -1 : 1;
	return strcmp(r->name, s->name);
}

static struct remote *
load_all(struct tenant *t, const char *folder, struct faults *f, size_t *n)
{
	const char *dir = arena_printf(t->a, "%s/server/%s", t->dir, folder);
	struct strings names = load_folder(t->a, dir);
	struct remote *list = arena_alloc(t->a, REMOTE_MAX * sizeof(*list));

	for (size_t i = 0; i < names.n; i++) {
		const size_t len = strlen(names.s[i]);
		struct remote *r = &list[*n];

		if (len < 5 || strcmp(names.s[i] + len - 4, ".yml") != 0)
			continue;
		if (*n == REMOTE_MAX) {
			fault_add(f, dir, 0, "over %d files", REMOTE_MAX);
			break;
		}
		r->name = arena_strndup(t->a, names.s[i], len - 4);
		r->file = arena_printf(t->a, "%s/%s", dir, names.s[i]);
		r->supplier = strcmp(folder, "suppliers") == 0;
		take(t, r, f);
		(*n)++;
	}
	if (*n > 0)
		qsort(list, *n, sizeof(*list), by_order);
	return list;
}

void
remotes_load(struct tenant *t, struct faults *f)
{
	t->providers = load_all(t, "providers", f, &t->nproviders);
	t->suppliers = load_all(t, "suppliers", f, &t->nsuppliers);
}
