#include <errno.h>
#include <string.h>

#include "base/ident.h"
#include "base/text.h"
#include "conf/load.h"

#define LAYOUT_MAX  ((size_t)256 * 1024)
#define BADGE_MAX   ((size_t)64 * 1024)
#define LAYOUTS_MAX 64

/* NULL after a fault, or where there is no such file. */
static const char *
load_badge(
    struct tenant *t, const char *dir, const char *name, struct faults *f)
{
	const char *path = arena_printf(t->a, "%s/%s", dir, name);
	struct slice s;

	switch (load_file(t->a, path, BADGE_MAX, &s, NULL)) {
	case ERR_OK:
		return arena_printf(t->a, "data:image/svg+xml;base64,%s",
		    text_base64(t->a, s.s, s.len));
	case ERR_NOTFOUND:
		break;
	case ERR_TOOBIG:
		fault_add(f, path, 0, "over 64 KiB");
		break;
	default:
		fault_add(f, path, 0, "cannot be read: %s", strerror(errno));
		break;
	}
	return NULL;
}

static void
load_one(struct tenant *t, const char *dir, const char *file, struct faults *f)
{
	struct layout *l = &t->layouts[t->nlayouts];
	const size_t stem = strlen(file) - strlen(".html");

	*l = (struct layout){ .name = arena_strndup(t->a, file, stem),
		.file = arena_printf(t->a, "%s/%s", dir, file) };
	if (!ident_is_name(slice_of(l->name)) || strcmp(l->name, "images") == 0)
		fault_add(f, l->file, 0,
		    "no name for a layout: letters, digits, _ and -, at most "
		    "64, and not images");
	switch (load_file(t->a, l->file, LAYOUT_MAX, &l->text, NULL)) {
	case ERR_OK:
		if (!text_utf8(l->text) ||
		    memchr(l->text.s, '\0', l->text.len) != NULL)
			fault_add(f, l->file, 0, "this is no text in UTF-8");
		t->nlayouts++;
		break;
	case ERR_TOOBIG:
		fault_add(f, l->file, 0, "over 256 KiB");
		break;
	default:
		fault_add(f, l->file, 0, "cannot be read: %s", strerror(errno));
		break;
	}
}

void
layouts_load(struct tenant *t, struct faults *f)
{
	const char *dir = arena_printf(t->a, "%s/layouts", t->dir);
	const struct strings names = load_folder(t->a, dir);
	size_t n = 0;

	t->layouts = arena_alloc(t->a, LAYOUTS_MAX * sizeof(*t->layouts));
	for (size_t i = 0; i < names.n; i++) {
		const char *dot = strrchr(names.s[i], '.');

		if (dot == NULL || strcmp(dot, ".html") != 0)
			continue;
		if (n++ == LAYOUTS_MAX) {
			fault_add(f, dir, 0, "over %d layouts", LAYOUTS_MAX);
			break;
		}
		load_one(t, dir, names.s[i], f);
	}
	t->apple_badge = load_badge(t, dir, "apple-badge.svg", f);
	t->google_badge = load_badge(t, dir, "google-badge.svg", f);
}

struct layout *
tenant_layout(const struct tenant *t, const char *name)
{
	for (size_t i = 0; i < t->nlayouts; i++)
		if (strcmp(t->layouts[i].name, name) == 0)
			return &t->layouts[i];
	return NULL;
}
