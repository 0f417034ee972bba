#include <string.h>

#include "conf/yaml.h"
#include "wallet/apple/images.h"
#include "wallet/apple/passjson.h"
#include "wallet/apple/pkpass.h"
#include "wallet/card.h"

struct input {
	struct tenant *tenant;
	struct pass_type *type;
	const struct pass *pass;
	int64_t now;
	struct card card;
};

static bool
is_image(const struct image *image, const char *name)
{
	size_t len = strlen(name);

	return strncmp(image->name, name, len) == 0 &&
	    (image->name[len] == '.' || image->name[len] == '@');
}

/* In the order of the scales; or NULL. */
static const struct image *
first_of(const struct images *images, const char *name)
{
	for (size_t i = 0; i < images->n; i++)
		if (is_image(&images->list[i], name))
			return &images->list[i];
	return NULL;
}

static bool
has_image(const struct images *images, const char *name)
{
	return first_of(images, name) != NULL;
}

/*
 * What Wallet has room for at 1x, in points, and the least that devices of
 * before asked for (Apple, Human Interface Guidelines, "Wallet").
 */
static const struct {
	const char *name;
	unsigned width, height, least_width, least_height;
} sizes[] = {
	{ "icon", 38, 38, 29, 29 },
	{ "logo", 160, 50, 1, 1 },
	{ "thumbnail", 90, 90, 60, 60 },
	{ "strip", 375, 144, 312, 84 },
	{ "background", 345, 505, 180, 220 },
	{ "footer", 286, 15, 1, 1 },
	{ "artwork", 358, 448, 1, 1 },
	{ "primaryLogo", 126, 30, 1, 1 },
	{ "secondaryLogo", 135, 12, 1, 1 },
	{ "personalizationLogo", 150, 40, 1, 1 },
};

/* An image that is judged, and the line that names it. */
struct judged {
	const struct image *image;
	const char *file; /* without the folder */
	unsigned scale;
	int line;
};

static void
judge_size(const struct input *in, const struct judged *j, struct faults *f)
{
	const char *slash = strrchr(j->image->name, '/');
	struct image plain = { .name =
				   slash == NULL ? j->image->name : slash + 1 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned width = sizes[i].width * j->scale;
		unsigned height = sizes[i].height * j->scale;

		if (!is_image(&plain, sizes[i].name))
			continue;
		if (j->image->width > width || j->image->height > height)
			fault_add(f, in->type->file, j->line,
			    "%s has %ux%u pixels, and Wallet no room for more "
			    "than %ux%u",
			    j->file, j->image->width, j->image->height, width,
			    height);
		width = sizes[i].least_width * j->scale;
		height = sizes[i].least_height * j->scale;
		if (j->image->width < width || j->image->height < height)
			fault_add(f, in->type->file, j->line,
			    "%s has %ux%u pixels, too few: %ux%u are the least",
			    j->file, j->image->width, j->image->height, width,
			    height);
	}
}

/* `image` is the same in more pixels than `plain`, which came before it. */
static bool
is_scaled(const struct image *plain, const struct image *image)
{
	const size_t len = strlen(plain->name) - strlen(".png");

	return strchr(plain->name, '@') == NULL &&
	    strncmp(plain->name, image->name, len) == 0 &&
	    image->name[len] == '@';
}

static void
judge_scale(const struct input *in, const struct judged *j,
    const struct images *images, struct faults *f)
{
	for (size_t i = 0; i < images->n; i++) {
		const struct image *plain = &images->list[i];
		unsigned width = plain->width * j->scale;
		unsigned height = plain->height * j->scale;

		/* a pixel more or less comes of rounding */
		if (is_scaled(plain, j->image) && plain->width > 0 &&
		    (j->image->width + j->scale <= width ||
			width + j->scale <= j->image->width ||
			j->image->height + j->scale <= height ||
			height + j->scale <= j->image->height))
			fault_warn(f, in->type->file, j->line,
			    "%s has %ux%u pixels, not %u times those of %s",
			    j->file, j->image->width, j->image->height,
			    j->scale, strrchr(plain->path, '/') + 1);
	}
}

/* The line of `card.images` that names it. */
static int
line_of(struct json_object *names, const struct image *image)
{
	const char *slash = strrchr(image->name, '/');
	const struct image plain = { .name = slash == NULL ? image->name
							   : slash + 1 };
	struct json_object_iter it;

	json_object_object_foreachC(names, it)
	{
		if (is_image(&plain, it.key))
			return yaml_line_of(names, it.key);
	}
	return yaml_line(names);
}

static struct judged
judged_of(const struct input *in, const struct image *image)
{
	const char *at = strrchr(image->name, '@');

	return (struct judged){
		.image = image,
		.file = strrchr(image->path, '/') + 1,
		.scale = at == NULL ? 1 : (unsigned)(at[1] - '0'),
		.line = line_of(json_get(in->type->card, "images"), image),
	};
}

static void
judge_images(
    const struct input *in, const struct images *images, struct faults *f)
{
	const size_t errors = f->errors;

	for (size_t i = 0; i < images->n; i++) {
		const struct judged j = judged_of(in, &images->list[i]);

		if (j.image->width > 0 && j.image->height > 0)
			judge_size(in, &j, f);
		else
			fault_add(f, in->type->file, j.line,
			    "%s is no PNG image", j.file);
	}
	for (size_t i = 0; f->errors == errors && i < images->n; i++) {
		const struct judged j = judged_of(in, &images->list[i]);

		if (j.scale > 1)
			judge_scale(in, &j, images, f);
	}
}

static void
check_images(const struct input *in, struct faults *f)
{
	struct json_object *names = json_get(in->type->card, "images");
	const struct images_query q = {
		.dir = in->type->dir,
		.images = json_get(in->card.sides[0].card, "images"),
		.languages = &in->tenant->languages,
		.now = in->now,
	};
	const struct images *images = NULL;
	struct json_object_iter it;

	if (images_get(f->a, &q, &images) != ERR_OK) {
		fault_add(f, in->type->file, yaml_line(names),
		    "an image is over 2 MiB or cannot be read");
		return;
	}
	if (json_get(q.images, "icon") == NULL)
		fault_add(f, in->type->file, yaml_line(names),
		    "card.images.icon is missing; Wallet refuses a pass "
		    "without icon.png");
	if (!json_object_is_type(q.images, json_type_object))
		return;
	json_object_object_foreachC(q.images, it)
	{
		if (!has_image(images, it.key))
			fault_add(f, in->type->file,
			    yaml_line_of(names, it.key),
			    "card.images.%s: there is no %s in %s", it.key,
			    json_object_get_string(it.val), q.dir);
		else if (strcmp(it.key, "icon") == 0 &&
		    strcmp(first_of(images, "icon")->name, "icon.png") != 0)
			fault_add(f, in->type->file,
			    yaml_line_of(names, it.key),
			    "card.images.icon: there is no %s in %s, and "
			    "Wallet may refuse a pass with others only",
			    json_object_get_string(it.val), q.dir);
	}
	judge_images(in, images, f);
}

/* A text of one language may be at fault where the default's is not. */
static void
check_language(
    const struct input *in, const struct card_side *side, struct faults *f)
{
	const struct passjson_source src = { in->type->file, in->type->card,
		in->type->apple };
	const struct card one = { .sides = (struct card_side *)side, .n = 1 };
	const bool first = side == in->card.sides;
	struct passjson json;
	struct faults own;

	faults_init(&own, f->a);
	if (passjson_build(f->a, in->tenant, in->type, in->pass, &one, &json) !=
	    ERR_OK)
		return;
	passjson_check(json.json, &src, first ? f : &own, f->a);
	for (size_t i = 0; i < own.n; i++) {
		const struct fault *x = &own.list[i];
		bool said = false;

		for (size_t k = 0; k < f->n; k++)
			said |= f->list[k].line == x->line &&
			    strcmp(f->list[k].text, x->text) == 0;
		if (!said)
			(x->warning ? fault_warn : fault_add)(f, x->file,
			    x->line, "in %s: %s", side->language, x->text);
	}
}

void
pkpass_check(struct tenant *t, struct pass_type *type, const struct pass *p,
    int64_t now, struct faults *f)
{
	struct input in = { .tenant = t, .type = type, .pass = p, .now = now };

	if (card_render(f->a, t, type, p, &in.card) != ERR_OK) {
		fault_add(f, type->file, 0,
		    "a template fails for this pass; the log names the "
		    "expression");
		return;
	}
	for (size_t i = 0; i < in.card.n; i++)
		check_language(&in, &in.card.sides[i], f);
	check_images(&in, f);
}
