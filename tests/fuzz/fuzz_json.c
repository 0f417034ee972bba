/*
 * fuzz_json - a request's body; what is taken comes back as it went out.
 */

#include <stdlib.h>

#include "base/text.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
must(bool b)
{
	if (!b)
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *a = arena_new(4096);
	struct request r = { .a = a,
		.body = { arena_strndup(a, (const char *)data, size), size } };
	struct why w = { .text = "" };
	struct json_object *again;
	struct slice text;

	if (request_parse(&r, &w) == ERR_OK) {
		text = json_text(a, r.json);
		must(text_utf8(text));
		must(json_parse(a, text, JSON_DEPTH, &again, NULL) == ERR_OK);
		must(slice_eq(text, json_text(a, again)));
		must(json_object_equal(json_copy(a, r.json), r.json));
	} else {
		must(w.text[0] != '\0');
		must(r.json == NULL);
	}
	arena_free(a);
	return 0;
}
