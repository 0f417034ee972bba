#include "wallet/apple/lproj.h"

#include "base/buf.h"

#define WORD_JOINER "\u2060"

/* A text that differs: where it stands, and its wording in each language. */
struct found {
	struct found *next;
	struct json_object *node;
	struct json_object *wordings; /* array of strings */
	const char *key;
};

struct split {
	struct arena *a;
	size_t n;
	struct found *found, **end;
	struct json_object *fixed; /* set of the texts that stay */
	struct json_object *keys;  /* key -> wordings */
};

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Members whose strings the wallet reads, not the holder of the pass. */
static bool
is_for_machine(const char *name)
{
	static const char *const names[] = { "key", "nfc", "userInfo",
		"authenticationToken", "serialNumber", "format", "message",
		"messageEncoding", "transitType", "textAlignment",
		"dataDetectorTypes", "currencyCode", "preferredStyleSchemes",
		"proximityUUID", "date", "type" };
	static const char *const ends[] = { "URL", "Website", "Email",
		"Identifier", "identifier", "Color", "Date", "Style", "Code",
		"TimeZone", "PhoneNumber" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_in(name, ends[i]))
			return true;
	return false;
}

/* The element of `list` that is the same field as `e`, else at the place. */
static struct json_object *
counterpart(struct json_object *list, size_t place, struct json_object *e)
{
	const char *key = json_get_string(e, "key"), *other;

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	if (key == NULL)
		return json_object_array_get_idx(list, place);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		other = json_get_string(o, "key");
		if (other != NULL && strcmp(other, key) == 0)
			return o;
	}
	return NULL;
}

static void
walk_text(struct split *s, struct json_object **side, bool readable)
{
	struct json_object *wordings = json_array_in(s->a);
	struct found *f;
	bool differs = false;

	for (size_t i = 0; i < s->n; i++) {
		bool text = json_object_is_type(side[i], json_type_string);

		differs |= text && !json_object_equal(side[i], side[0]);
		json_push(wordings, text ? side[i] : side[0]);
	}
	if (!differs || !readable) {
		json_set_bool(s->fixed, json_object_get_string(side[0]), true);
		return;
	}
	f = arena_alloc(s->a, sizeof(*f));
	*f = (struct found){ .node = side[0], .wordings = wordings };
	*s->end = f;
	s->end = &f->next;
}

/* Whether there is a value to walk into; it is bounded by JSON_DEPTH. */
static void
walk(struct split *s, struct json_object **side, bool readable) /* NOLINT */
{
	struct json_object **child;

	if (json_object_is_type(side[0], json_type_string)) {
		walk_text(s, side, readable);
		return;
	}
	child = arena_alloc(s->a, s->n * sizeof(struct json_object *));
	if (json_object_is_type(side[0], json_type_object)) {
		json_object_object_foreach(side[0], name, member)
		{
			child[0] = member;
			for (size_t i = 1; i < s->n; i++)
				child[i] = json_get(side[i], name);
			walk(s, child, readable && !is_for_machine(name));
		}
	} else if (json_object_is_type(side[0], json_type_array)) {
		size_t n = json_object_array_length(side[0]);

		for (size_t k = 0; k < n; k++) {
			child[0] = json_object_array_get_idx(side[0], k);
			for (size_t i = 1; i < s->n; i++)
				child[i] = counterpart(side[i], k, child[0]);
			walk(s, child, readable);
		}
	}
}

static const char *
key_for(struct split *s, const struct found *f)
{
	const char *key = json_object_get_string(f->node);

	for (;; key = arena_printf(s->a, "%s" WORD_JOINER, key)) {
		struct json_object *same = json_get(s->keys, key);

		if (*key == '\0' || json_get(s->fixed, key) != NULL)
			continue;
		if (same == NULL || json_object_equal(same, f->wordings))
			return key;
	}
}

static void
add_quoted(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			buf_adds(b, "\\n");
		else if (*s == '\r')
			buf_adds(b, "\\r");
		else {
			if (*s == '"' || *s == '\\')
				buf_addc(b, '\\');
			buf_addc(b, *s);
		}
	}
	buf_addc(b, '"');
}

static struct slice
strings_of(struct split *s, size_t language)
{
	struct buf b;

	buf_init(&b, s->a);
	json_object_object_foreach(s->keys, key, wordings)
	{
		add_quoted(&b, key);
		buf_adds(&b, " = ");
		add_quoted(&b,
		    json_object_get_string(
			json_object_array_get_idx(wordings, language)));
		buf_adds(&b, ";\n");
	}
	return buf_slice(&b);
}

bool
lproj_split(struct arena *a, struct json_object **trees, size_t n,
    struct json_object **tree, struct lproj *out)
{
	struct split s = { .a = a,
		.n = n,
		.end = &s.found,
		.fixed = json_object_in(a),
		.keys = json_object_in(a) };
	struct json_object **side =
	    arena_memdup(a, trees, n * sizeof(struct json_object *));

	*tree = trees[0];
	if (n < 2)
		return false;
	side[0] = *tree = json_copy(a, trees[0]);
	walk(&s, side, true);
	for (struct found *f = s.found; f != NULL; f = f->next) {
		f->key = key_for(&s, f);
		json_set(s.keys, f->key, f->wordings);
	}
	for (size_t i = 0; s.found != NULL && i < n; i++)
		out[i].text = strings_of(&s, i);
	/* last, because the wordings hold the same nodes */
	for (struct found *f = s.found; f != NULL; f = f->next)
		json_object_set_string(f->node, f->key);
	return s.found != NULL;
}
