#ifndef TESTS_WALLET_FIXTURE_H
#define TESTS_WALLET_FIXTURE_H

/*
 * fixture - JSON in C strings, with ' for ".
 */

#include <string.h>

#include "base/json.h"
#include "test.h"

static inline struct json_object *
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text);
	struct json_object *o = NULL;
	struct why w = { .text = "" };

	for (char *p = s; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(a, slice_of(s), JSON_DEPTH, &o, &w) != ERR_OK)
		fail_msg("%s: %s", s, w.text);
	return o;
}

static inline const char *
quoted(struct arena *a, struct json_object *o)
{
	struct slice s = json_text(a, o);
	char *copy = arena_strndup(a, s.s, s.len);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	return copy;
}

#endif
