#include "page/side.h"

#include "base/clock.h"
#include "page/barcode.h"
#include "page/html.h"
#include "page/words.h"
#include "wallet/picture.h"
#include "wallet/preview.h"

/* By enum pass_kind: Apple's style. */
static const char *const styles[] = { "storeCard", "eventTicket", "storeCard",
	"coupon", "boardingPass", "boardingPass", "generic" };

static struct slice
text_of(struct arena *a, struct json_object *o, const char *key)
{
	return json_plain(a, json_get(o, key));
}

const char *
side_title(struct arena *a, const struct side *s)
{
	static const char *const keys[] = { "title", "organization",
		"description" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct slice t = text_of(a, s->of->card, keys[i]);

		if (t.len > 0)
			return arena_strndup(a, t.s, t.len);
	}
	return s->tenant->name;
}

/* -- one field ------------------------------------------------------------ */

/* In the time of its own zone, as the wallet shows it; NULL if no date. */
static const char *
date_of(struct arena *a, struct json_object *field, const char *value)
{
	const char *day = json_get_string(field, "dateStyle");
	const char *time = json_get_string(field, "timeStyle");
	const bool has_time = strlen(value) >= 16 && value[10] == 'T';
	int64_t ms;

	if ((day == NULL && time == NULL) ||
	    !clock_parse_iso(slice_of(value), &ms))
		return NULL;
	if (time == NULL || strcmp(time, "PKDateStyleNone") == 0 || !has_time)
		return arena_strndup(a, value, 10);
	if (day == NULL || strcmp(day, "PKDateStyleNone") == 0)
		return arena_strndup(a, value + 11, 5);
	return arena_printf(a, "%.10s %.5s", value, value + 11);
}

static const char *
number_of(struct arena *a, struct json_object *field, struct json_object *v)
{
	const char *currency = json_get_string(field, "currencyCode");
	const char *style = json_get_string(field, "numberStyle");

	if (!json_object_is_type(v, json_type_int) &&
	    !json_object_is_type(v, json_type_double))
		return NULL;
	if (currency != NULL)
		return arena_printf(
		    a, "%.2f %s", json_object_get_double(v), currency);
	if (style != NULL && strcmp(style, "PKNumberStylePercent") == 0)
		return arena_printf(
		    a, "%.10g %%", json_object_get_double(v) * 100);
	return NULL;
}

static struct slice
value_of(struct arena *a, struct json_object *field)
{
	struct json_object *v = json_get(field, "value");
	const struct slice plain = json_plain(a, v);
	const char *s = number_of(a, field, v);

	if (s == NULL && json_object_is_type(v, json_type_string))
		s = date_of(a, field, json_object_get_string(v));
	return s != NULL ? slice_of(s) : plain;
}

/* A value that is long is set smaller. */
static void
add_field(struct buf *b, struct json_object *field)
{
	const struct slice label = text_of(b->a, field, "label");
	const struct slice value = value_of(b->a, field);

	buf_printf(b, "<div%s><dt>", value.len > 14 ? " class=\"long\"" : "");
	html_text(b, label);
	buf_adds(b, "</dt><dd dir=\"auto\">");
	html_lines(b, value);
	buf_adds(b, "</dd></div>");
}

static size_t
count(const struct side *s, const char *group)
{
	struct json_object *list = json_get(s->of->card, group);

	return json_object_is_type(list, json_type_array)
	    ? json_object_array_length(list)
	    : 0;
}

static void
add_fields(struct buf *b, const struct side *s, const char *group)
{
	struct json_object *list = json_get(s->of->card, group);
	const size_t n = count(s, group);

	if (n == 0)
		return;
	buf_printf(b, "<dl class=\"%s\">", group);
	for (size_t i = 0; i < n; i++)
		add_field(b, json_object_array_get_idx(list, i));
	buf_adds(b, "</dl>");
}

/* -- images --------------------------------------------------------------- */

/* Relative to /{tenantId}/{layout}; NULL if the card has none of that name. */
static const char *
image_of(struct arena *a, const struct side *s, const char *name)
{
	const char *url = picture_url(
	    a, s->tenant, s->type, json_get(s->of->card, "images"), name);

	return url == NULL
	    ? NULL
	    : url + strlen(s->tenant->url) + strlen(s->tenant->id) + 2;
}

struct json_object *
side_images(struct arena *a, const struct side *s)
{
	struct json_object *in = json_get(s->of->card, "images");
	struct json_object *out = json_object_in(a);
	struct json_object_iter it;

	if (!json_object_is_type(in, json_type_object))
		return out;
	json_object_object_foreachC(in, it)
	{
		json_set_string(out, it.key, image_of(a, s, it.key));
	}
	return out;
}

/* What an image says is said in words beside it, but for the logo. */
static bool
add_image(
    struct buf *b, const struct side *s, const char *name, const char *alt)
{
	const char *url = image_of(b->a, s, name);

	if (url == NULL)
		return false;
	buf_printf(b, "<img class=\"%s\" src=\"", name);
	html_url(b, slice_of(url));
	buf_adds(b, "\" alt=\"");
	html_text(b, slice_of(alt));
	buf_adds(b, "\">");
	return true;
}

/* -- barcode -------------------------------------------------------------- */

static struct json_object *
barcode_at(const struct side *s, size_t i)
{
	struct json_object *o = json_get(s->of->card, "barcode");

	if (!json_object_is_type(o, json_type_array))
		return i == 0 ? o : NULL;
	return i < json_object_array_length(o) ? json_object_array_get_idx(o, i)
					       : NULL;
}

static const char *
format_of(struct json_object *o)
{
	const char *format = json_get_string(o, "format");

	return format == NULL ? "qr" : format;
}

const char *
side_barcode(struct arena *a, const struct side *s)
{
	const char *label = words_get(WORD_BARCODE, s->language, s->own);
	struct barcode code;
	struct json_object *o;

	for (size_t i = 0; (o = barcode_at(s, i)) != NULL; i++)
		if (barcode_make(a, format_of(o), text_of(a, o, "message"),
			&code) == ERR_OK)
			return barcode_svg(a, &code, label);
	return NULL;
}

/* What cannot be drawn is shown as text, for whoever types it in. */
static void
add_barcode(struct buf *b, const struct side *s)
{
	const char *svg = side_barcode(b->a, s);
	struct json_object *o = barcode_at(s, 0);
	struct slice text = text_of(b->a, o, "altText");

	if (text_of(b->a, o, "message").len == 0)
		return;
	if (svg == NULL)
		text = text_of(b->a, o, "message");
	buf_printf(b, "<figure class=\"code %s\">",
	    strcasecmp(format_of(o), "pdf417") == 0 ||
		    strcasecmp(format_of(o), "code128") == 0
		? "wide"
		: "");
	buf_adds(b, svg != NULL ? svg : "");
	if (text.len > 0) {
		buf_adds(b, "<figcaption>");
		html_text(b, text);
		buf_adds(b, "</figcaption>");
	}
	buf_adds(b, "</figure>");
}

/* -- the whole ------------------------------------------------------------ */

static void
add_top(struct buf *b, const struct side *s)
{
	const struct slice org = text_of(b->a, s->of->card, "organization");
	const char *name =
	    org.len > 0 ? arena_strndup(b->a, org.s, org.len) : s->tenant->name;

	buf_adds(b, "<header>");
	(void)add_image(b, s, "logo", name);
	buf_adds(b, "<h2>");
	html_text(b, slice_of(side_title(b->a, s)));
	buf_adds(b, "</h2>");
	add_fields(b, s, "header");
	buf_adds(b, "</header>");
}

static void
add_state(struct buf *b, const struct side *s)
{
	const enum preview_state state = preview_state(s->of, s->now);

	if (state == PREVIEW_VALID)
		return;
	buf_adds(b, "<p class=\"state\" role=\"alert\">");
	html_text(b,
	    slice_of(words_get(state == PREVIEW_VOID ? WORD_VOID : WORD_EXPIRED,
		s->language, s->own)));
	buf_adds(b, "</p>");
}

static void
add_back(struct buf *b, const struct side *s)
{
	if (count(s, "back") == 0)
		return;
	buf_adds(b, "<details><summary>");
	html_text(b, slice_of(words_get(WORD_DETAILS, s->language, s->own)));
	buf_adds(b, "</summary>");
	add_fields(b, s, "back");
	buf_adds(b, "</details>");
}

/* Apple lays the primary fields of these over the strip. */
static void
add_front(struct buf *b, const struct side *s)
{
	const char *style = styles[s->type->kind];
	const bool strip =
	    strcmp(style, "generic") != 0 && strcmp(style, "boardingPass") != 0;

	buf_printf(b, "<div class=\"front%s\">",
	    strip && image_of(b->a, s, "strip") != NULL ? " over" : "");
	if (strip)
		(void)add_image(b, s, "strip", "");
	add_fields(b, s, "primary");
	if (!strip || image_of(b->a, s, "strip") == NULL)
		(void)add_image(b, s, "thumbnail", "");
	buf_adds(b, "</div>");
}

void
side_html(struct buf *b, const struct side *s)
{
	const char *style = styles[s->type->kind];
	const bool boarding = strcmp(style, "boardingPass") == 0;

	buf_printf(b,
	    "<article class=\"card %s c%zu%s\" lang=\"%s\" dir=\"%s\">", style,
	    s->number,
	    preview_state(s->of, s->now) == PREVIEW_VALID ? "" : " gone",
	    s->of->language, words_rtl(s->of->language) ? "rtl" : "ltr");
	add_state(b, s);
	add_top(b, s);
	add_front(b, s);
	add_fields(b, s, boarding ? "auxiliary" : "secondary");
	add_fields(b, s, boarding ? "secondary" : "auxiliary");
	add_barcode(b, s);
	add_back(b, s);
	buf_adds(b, "</article>");
}

void
side_css(struct buf *b, const struct side *s)
{
	struct json_object *colours = json_get(s->of->card, "colors");
	const char *fg = json_get_string(colours, "foreground");
	const char *label = json_get_string(colours, "label");

	buf_printf(b, ".c%zu{--bg:", s->number);
	html_colour(b, json_get_string(colours, "background"), "#ffffff");
	buf_adds(b, ";--fg:");
	html_colour(b, fg, "#1c1c1e");
	buf_adds(b, ";--lb:");
	html_colour(b, label != NULL ? label : fg, "#6b6b70");
	buf_adds(b, "}\n");
}
