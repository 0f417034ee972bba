#include "wallet/google/localize.h"

struct merge {
	struct arena *a;
	const char *const *languages;
	size_t n;
};

/*
 * Texts beside which Google takes a LocalizedString (REST reference of the
 * classes and objects, TextModuleData, Uri, Message, LoyaltyPoints).
 */
static const struct {
	const char *plain, *localized;
} pairs[] = {
	{ "issuerName", "localizedIssuerName" },
	{ "programName", "localizedProgramName" },
	{ "rewardsTier", "localizedRewardsTier" },
	{ "rewardsTierLabel", "localizedRewardsTierLabel" },
	{ "accountIdLabel", "localizedAccountIdLabel" },
	{ "accountNameLabel", "localizedAccountNameLabel" },
	{ "merchantName", "localizedMerchantName" },
	{ "cardNumberLabel", "localizedCardNumberLabel" },
	{ "pinLabel", "localizedPinLabel" },
	{ "eventNumberLabel", "localizedEventNumberLabel" },
	{ "title", "localizedTitle" },
	{ "shortTitle", "localizedShortTitle" },
	{ "provider", "localizedProvider" },
	{ "details", "localizedDetails" },
	{ "finePrint", "localizedFinePrint" },
	{ "header", "localizedHeader" },
	{ "body", "localizedBody" },
	{ "label", "localizedLabel" },
	{ "value", "localizedValue" },
	{ "description", "localizedDescription" },
};

static struct json_object *
translated(struct arena *a, const char *language, const char *text)
{
	struct json_object *o = json_object_in(a);

	json_set_string(o, "language", language);
	json_set_string(o, "value", text);
	return o;
}

struct json_object *
localize_text(struct arena *a, const char *language, const char *text)
{
	struct json_object *o = json_object_in(a);

	json_set(o, "defaultValue", translated(a, language, text));
	return o;
}

/* `text[i]` is NULL where a language has none; NULL: all are the same. */
static struct json_object *
translations(const struct merge *m, const char *const *text)
{
	struct json_object *list = json_array_in(m->a);

	for (size_t i = 1; i < m->n; i++)
		if (text[i] != NULL && strcmp(text[i], text[0]) != 0)
			json_push(
			    list, translated(m->a, m->languages[i], text[i]));
	return json_object_array_length(list) == 0 ? NULL : list;
}

static void
merge_localized(const struct merge *m, struct json_object **side)
{
	const char **text = arena_alloc(m->a, m->n * sizeof(*text));
	struct json_object *list;

	for (size_t i = 0; i < m->n; i++)
		text[i] =
		    json_get_string(json_get(side[i], "defaultValue"), "value");
	if (text[0] == NULL || json_get(side[0], "translatedValues") != NULL)
		return;
	if ((list = translations(m, text)) != NULL)
		json_set(side[0], "translatedValues", list);
}

static void
merge_plain(const struct merge *m, struct json_object **side, const char *key,
    const char *localized)
{
	const char **text = arena_alloc(m->a, m->n * sizeof(*text));
	struct json_object *list, *o;

	for (size_t i = 0; i < m->n; i++)
		text[i] = json_get_string(side[i], key);
	if (text[0] == NULL || json_get(side[0], localized) != NULL ||
	    (list = translations(m, text)) == NULL)
		return;
	o = localize_text(m->a, m->languages[0], text[0]);
	json_set(o, "translatedValues", list);
	json_set(side[0], localized, o);
}

/* The element that is `of` in another language; it may be missing. */
static struct json_object *
counterpart(struct json_object *list, size_t place, struct json_object *of)
{
	const char *id = json_get_string(of, "id"), *other;

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	if (id == NULL)
		return json_object_array_get_idx(list, place);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		other = json_get_string(o, "id");
		if (other != NULL && strcmp(other, id) == 0)
			return o;
	}
	return NULL;
}

/* As deep as a template may be, see JSON_DEPTH. */
static void
merge(const struct merge *m, struct json_object **side) /* NOLINT */
{
	struct json_object **child =
	    arena_alloc(m->a, m->n * sizeof(struct json_object *));
	struct json_object_iter it;

	if (json_object_is_type(side[0], json_type_array)) {
		size_t n = json_object_array_length(side[0]);

		for (size_t k = 0; k < n; k++) {
			child[0] = json_object_array_get_idx(side[0], k);
			for (size_t i = 1; i < m->n; i++)
				child[i] = counterpart(side[i], k, child[0]);
			merge(m, child);
		}
	}
	if (!json_object_is_type(side[0], json_type_object))
		return;
	json_object_object_foreachC(side[0], it)
	{
		child[0] = it.val;
		for (size_t i = 1; i < m->n; i++)
			child[i] = json_get(side[i], it.key);
		merge(m, child);
	}
	merge_localized(m, side);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		merge_plain(m, side, pairs[i].plain, pairs[i].localized);
}

struct json_object *
localize_merge(struct arena *a, struct json_object *const *trees,
    const char *const *languages, size_t n)
{
	const struct merge m = { .a = a, .languages = languages, .n = n };
	struct json_object **side =
	    arena_memdup(a, trees, n * sizeof(struct json_object *));

	side[0] = json_copy(a, trees[0]);
	if (n > 1)
		merge(&m, side);
	return side[0];
}
