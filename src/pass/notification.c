#include "pass/notification.h"

#include <string.h>

#include "base/clock.h"

#define WORD_JOINER "\u2060"
#define ROUND       8 /* notifications until one may look like another */

/* ^[a-z]{2}(-[A-Z]{2})?$ */
static bool
is_locale(const char *s)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (strspn(s, lower) != 2)
		return false;
	return s[2] == '\0' ||
	    (s[2] == '-' && strspn(s + 3, upper) == 2 && s[5] == '\0');
}

static enum err
check_text(struct json_object *v, const char *field, struct why *w)
{
	if (!json_object_is_type(v, json_type_string) ||
	    json_object_get_string_len(v) == 0 ||
	    json_object_get_string_len(v) > NOTIFICATION_BYTES)
		return why(w, ERR_INVALID, field,
		    "Send a text of 1 to %d bytes.", NOTIFICATION_BYTES);
	return ERR_OK;
}

static enum err
check_localized(struct json_object *texts, struct why *w)
{
	struct json_object_iter it;
	enum err e;

	if (json_object_object_length(texts) > NOTIFICATION_LANGUAGES)
		return why(w, ERR_INVALID, "localizedContent",
		    "Send at most %d languages.", NOTIFICATION_LANGUAGES);
	json_object_object_foreachC(texts, it)
	{
		if (!is_locale(it.key))
			return why(w, ERR_INVALID, "localizedContent",
			    "A key is a language such as en or en-US.");
		e = check_text(it.val, "localizedContent", w);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
notification_read(struct arena *a, struct json_object *body,
    struct json_object **message, struct why *w)
{
	struct json_object *content = json_get(body, "content");
	struct json_object *texts = json_get(body, "localizedContent");
	const bool localized =
	    texts != NULL && json_object_object_length(texts) > 0;
	struct json_object *o = json_object_in(a);
	enum err e = ERR_OK;

	if (content == NULL && !localized)
		return why(w, ERR_INVALID, "content",
		    "Send content, or localizedContent with a text for each "
		    "language.");
	if (content != NULL)
		e = check_text(content, "content", w);
	if (e == ERR_OK && localized)
		e = check_localized(texts, w);
	if (e != ERR_OK)
		return e;
	if (content != NULL)
		json_set(o, "content", content);
	if (localized)
		json_set(o, "localizedContent", texts);
	*message = o;
	return ERR_OK;
}

static bool
is_known(const char *key)
{
	static const char *const members[] = { "content", "localizedContent",
		"date", "id", "number" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(key, members[i]) == 0)
			return true;
	return false;
}

enum err
notification_check(struct arena *a, struct json_object *o, struct why *w)
{
	const char *date = json_get_string(o, "date");
	const char *id = json_get_string(o, "id");
	const int64_t number = json_get_int(o, "number", 0);
	struct json_object *texts = json_get(o, "localizedContent"), *unused;
	struct json_object_iter it;
	int64_t ms;

	if (!json_object_is_type(o, json_type_object) ||
	    (texts != NULL && !json_object_is_type(texts, json_type_object)))
		return why(w, ERR_INVALID, "lastNotification",
		    "Write an object, and one for its localizedContent.");
	json_object_object_foreachC(o, it)
	{
		if (!is_known(it.key))
			return why(w, ERR_INVALID, "lastNotification",
			    "Only content, localizedContent, date, id and "
			    "number are known here.");
	}
	if (date == NULL || !clock_parse_iso(slice_of(date), &ms) || ms <= 0 ||
	    id == NULL || !ident_is_pass(slice_of(id)) || number < 1 ||
	    number > ROUND)
		return why(w, ERR_INVALID, "lastNotification",
		    "Give its date, its id of letters and digits, and its "
		    "number from 1 to %d.",
		    ROUND);
	return notification_read(a, o, &unused, w);
}

struct json_object *
notification_next(struct arena *a, struct json_object *last,
    struct json_object *message, int64_t now, ident_random_fn *random)
{
	struct json_object *o = json_object_in(a);
	char iso[CLOCK_ISO_SIZE], id[IDENT_PASS_LEN + 1];

	clock_iso(now, iso);
	ident_new(id, IDENT_PASS_LEN, random);
	if (json_get(message, "content") != NULL)
		json_set(o, "content", json_get(message, "content"));
	if (json_get(message, "localizedContent") != NULL)
		json_set(o, "localizedContent",
		    json_get(message, "localizedContent"));
	json_set_string(o, "date", iso);
	json_set_string(o, "id", id);
	json_set_int(o, "number",
	    json_get_int(last, "number", last != NULL) % ROUND + 1);
	return o;
}

/* Of the language, or of another country's form of it. */
static const char *
localized(struct json_object *texts, const char *language)
{
	const char *text = json_get_string(texts, language);
	struct json_object_iter it;

	if (text != NULL || !json_object_is_type(texts, json_type_object))
		return text;
	json_object_object_foreachC(texts, it)
	{
		if (text == NULL && strncasecmp(it.key, language, 2) == 0)
			text = json_object_get_string(it.val);
		if (strlen(it.key) == 2 && strncmp(it.key, language, 2) == 0)
			return json_object_get_string(it.val);
	}
	return text;
}

static const char *
any_text(struct json_object *texts)
{
	struct json_object_iter it;

	if (json_object_is_type(texts, json_type_object))
		json_object_object_foreachC(
		    texts, it) return json_object_get_string(it.val);
	return "";
}

const char *
notification_text(struct arena *a, struct json_object *n, const char *language,
    const char *first)
{
	struct json_object *texts = json_get(n, "localizedContent");
	const char *text = localized(texts, language);
	int64_t number = json_get_int(n, "number", 0);

	if (n == NULL)
		return "";
	if (text == NULL)
		text = json_get_string(n, "content");
	if (text == NULL)
		text = localized(texts, first);
	if (text == NULL)
		text = any_text(texts);
	for (int64_t i = 1; i < number && i < ROUND; i++)
		text = arena_printf(a, "%s" WORD_JOINER, text);
	return text;
}
