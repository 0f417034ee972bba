#include "api/source.h"

#include "base/text.h"

struct reader {
	struct arena *a;
	struct json_object *out, *tags;
};

static void
add_text(struct reader *r, const char *key, struct slice s)
{
	if (s.len > 0 && json_get(r->out, key) == NULL)
		json_set_string(r->out, key,
		    arena_strndup(r->a, s.s, text_cut(s, SOURCE_TEXT_MAX)));
}

/* Up to `end`, or all of it; `rest` is what follows. */
static struct slice
cut(struct slice *rest, char end)
{
	const char *at = memchr(rest->s, end, rest->len);
	struct slice part = *rest;

	if (at != NULL)
		part.len = (size_t)(at - rest->s);
	rest->s += part.len + (at != NULL);
	rest->len -= part.len + (at != NULL);
	return part;
}

static void
add_tags(struct reader *r, struct slice list)
{
	while (list.len > 0) {
		struct slice tag = cut(&list, ',');
		const char *s =
		    arena_strndup(r->a, tag.s, text_cut(tag, SOURCE_TAG_MAX));

		if (tag.len > 0 &&
		    json_object_array_length(r->tags) < SOURCE_TAGS)
			json_push(
			    r->tags, json_own(r->a, json_object_new_string(s)));
	}
}

static void
read_compact(struct reader *r, const struct request *req)
{
	const char *text = request_query(req, "neo.src");
	struct slice rest = slice_of(text), tags;

	if (text == NULL)
		return;
	tags = cut(&rest, '|');
	if (json_object_array_length(r->tags) == 0)
		add_tags(r, tags);
	add_text(r, "medium", cut(&rest, '|'));
	add_text(r, "origin", cut(&rest, '|'));
}

struct json_object *
source_read(struct arena *a, const struct request *req)
{
	struct reader r = {
		.a = a,
		.out = json_object_in(a),
		.tags = json_array_in(a),
	};

	for (size_t i = 0; i < req->nquery; i++)
		if (slice_is_nocase(req->query[i].name, "Tags"))
			add_tags(&r, req->query[i].value);
	add_text(&r, "medium", slice_of(request_query(req, "Medium")));
	add_text(&r, "origin", slice_of(request_query(req, "Origin")));
	add_text(&r, "userAgent", slice_of(request_query(req, "UserAgent")));
	read_compact(&r, req);
	if (json_object_array_length(r.tags) > 0)
		json_set(r.out, "tags", r.tags);
	return json_object_object_length(r.out) > 0 ? r.out : NULL;
}
