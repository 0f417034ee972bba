#include "wallet/card.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "pass/types.h"

/* The lists of fields that a card may have. */
static const char *const lists[] = { "header", "primary", "secondary",
	"auxiliary", "back", "additionalInfo", "footer" };

/* A field whose value was null has lost it: there is nothing to show. */
static void
drop_empty_fields(struct json_object *card)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct json_object *list = json_get(card, lists[i]);

		if (!json_object_is_type(list, json_type_array))
			continue;
		for (size_t n = json_object_array_length(list); n-- > 0;) {
			struct json_object *field =
			    json_object_array_get_idx(list, n);

			if (json_get(field, "value") == NULL)
				json_object_array_del_idx(list, n, 1);
		}
	}
}

static struct json_object *
object_of(struct json_object *all, const char *name)
{
	struct json_object *o = json_get(all, name);

	return json_object_is_type(o, json_type_object) ? o : NULL;
}

static enum err
compile(struct arena *a, struct tenant *t, struct pass_type *type,
    struct template **out)
{
	struct faults f;

	faults_init(&f, a);
	if (types_wallet(t, type, &f, out) == ERR_OK)
		return ERR_OK;
	for (size_t i = 0; i < f.n; i++)
		log_error("card_template", "file", f.list[i].file, "line",
		    text_num(f.list[i].line).s, "why", f.list[i].text, NULL);
	return ERR_INTERNAL;
}

enum err
card_render(struct arena *a, struct tenant *t, struct pass_type *type,
    const struct pass *p, struct card *out)
{
	struct template_input in = { .data = pass_data(a, p, true),
		.tenant = types_tenant(a, t) };
	struct card_side *sides;
	struct template *template = NULL;
	enum err e;

	if ((e = compile(a, t, type, &template)) != ERR_OK)
		return e;
	sides = arena_alloc(a, t->languages.n * sizeof(*sides));
	for (size_t i = 0; i < t->languages.n; i++) {
		struct card_side *s = &sides[i];
		struct json_object *all = NULL;

		s->language = t->languages.s[i];
		in.text = types_text(a, t, type, s->language);
		if ((e = template_run(template, &in, a, &all)) != ERR_OK)
			return e;
		s->card = object_of(all, "card");
		if (s->card == NULL)
			s->card = json_object_in(a);
		s->apple = object_of(all, "apple");
		s->google = object_of(all, "google");
		drop_empty_fields(s->card);
	}
	*out = (struct card){ .sides = sides, .n = t->languages.n };
	return ERR_OK;
}

bool
card_colour(const char *s, unsigned rgb[3])
{
	size_t len = strlen(s);
	int end = 0;

	if (*s == '#' && strspn(s + 1, "0123456789abcdefABCDEF") == len - 1 &&
	    (len == 7 || len == 4)) {
		unsigned n = (unsigned)strtoul(s + 1, NULL, 16);
		unsigned bits = len == 7 ? 8 : 4;

		for (unsigned i = 0; i < 3; i++) {
			unsigned part =
			    n >> bits * (2 - i) & ((1U << bits) - 1);

			rgb[i] = bits == 8 ? part : part * 0x11;
		}
		return true;
	}
	/* NOLINTNEXTLINE(cert-err34-c): three digits overflow nothing */
	return sscanf(s, "rgb ( %3u , %3u , %3u )%n", &rgb[0], &rgb[1], &rgb[2],
		   &end) == 3 &&
	    (size_t)end == len && rgb[0] <= 255 && rgb[1] <= 255 &&
	    rgb[2] <= 255;
}
