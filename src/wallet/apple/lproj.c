#include "wallet/apple/lproj.h"

#include <stdlib.h>

#include "base/buf.h"

#define WORD_JOINER "\u2060"

/* A text that differs: where it stands, and its wording in each language. */
struct found {
	struct json_object *node;
	const char **wordings;
	const char *key;
	bool again; /* an earlier one has the same key and wordings */
};

struct split {
	struct arena *a;
	size_t n;
	struct buf found;         /* of struct found */
	struct buf fixed;         /* of const char *: the texts that stay */
	struct json_object *keys; /* key -> index in `found` */
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
	const char *text = json_object_get_string(side[0]);
	struct found f = { .node = side[0] };
	bool differs = false;

	for (size_t i = 1; readable && i < s->n; i++)
		differs |= json_object_is_type(side[i], json_type_string) &&
		    strcmp(json_object_get_string(side[i]), text) != 0;
	if (!differs) {
		buf_add(&s->fixed, &text, sizeof(text));
		return;
	}
	f.wordings = arena_alloc(s->a, s->n * sizeof(*f.wordings));
	for (size_t i = 0; i < s->n; i++)
		f.wordings[i] = json_object_is_type(side[i], json_type_string)
		    ? json_object_get_string(side[i])
		    : text;
	buf_add(&s->found, &f, sizeof(f));
}

/* As deep as a template may be, see JSON_DEPTH. */
static void
walk(struct split *s, struct json_object **side, bool readable) /* NOLINT */
{
	struct json_object **child;
	struct json_object_iter it;

	if (json_object_is_type(side[0], json_type_string)) {
		walk_text(s, side, readable);
		return;
	}
	child = arena_alloc(s->a, s->n * sizeof(struct json_object *));
	if (json_object_is_type(side[0], json_type_object)) {
		json_object_object_foreachC(side[0], it)
		{
			child[0] = it.val;
			for (size_t i = 1; i < s->n; i++)
				child[i] = json_get(side[i], it.key);
			walk(s, child, readable && !is_for_machine(it.key));
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

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_fixed(const struct split *s, const char *text)
{
	const size_t n = s->fixed.len / sizeof(text);

	return n > 0 &&
	    bsearch(&text, s->fixed.s, n, sizeof(text), by_text) != NULL;
}

static bool
same_wordings(
    const struct split *s, const struct found *a, const struct found *b)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(a->wordings[i], b->wordings[i]) != 0)
			return false;
	return true;
}

static void
choose_key(struct split *s, struct found *all, size_t place)
{
	struct found *f = &all[place];

	for (f->key = f->wordings[0];;
	     f->key = arena_printf(s->a, "%s" WORD_JOINER, f->key)) {
		int64_t other = json_get_int(s->keys, f->key, -1);

		if (*f->key == '\0' || is_fixed(s, f->key))
			continue;
		if (other < 0)
			break;
		if ((f->again = same_wordings(s, f, &all[other])))
			return;
	}
	json_set_int(s->keys, f->key, (int64_t)place);
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
strings_of(
    struct split *s, const struct found *all, size_t count, size_t language)
{
	struct buf b;

	buf_init(&b, s->a);
	for (const struct found *f = all; f < all + count; f++) {
		if (f->again)
			continue;
		add_quoted(&b, f->key);
		buf_adds(&b, " = ");
		add_quoted(&b, f->wordings[language]);
		buf_adds(&b, ";\n");
	}
	return buf_slice(&b);
}

bool
lproj_split(struct arena *a, struct json_object **trees, size_t n,
    struct json_object **tree, struct lproj *out)
{
	struct split s = { .a = a, .n = n, .keys = json_object_in(a) };
	struct json_object **side;
	struct found *all;
	size_t count;

	*tree = trees[0];
	if (n < 2)
		return false;
	buf_init(&s.found, a);
	buf_init(&s.fixed, a);
	side = arena_memdup(a, trees, n * sizeof(struct json_object *));
	side[0] = *tree = json_copy(a, trees[0]);
	walk(&s, side, true);
	all = (struct found *)(void *)s.found.s;
	if ((count = s.found.len / sizeof(*all)) == 0)
		return false;
	if (s.fixed.len > 0)
		qsort(s.fixed.s, s.fixed.len / sizeof(char *), sizeof(char *),
		    by_text);
	for (size_t i = 0; i < count; i++)
		choose_key(&s, all, i);
	for (size_t i = 0; i < n; i++)
		out[i].text = strings_of(&s, all, count, i);
	/* last, because the default's wordings are these very texts */
	for (size_t i = 0; i < count; i++)
		json_object_set_string(all[i].node, all[i].key);
	return true;
}
