#ifndef TESTS_PAGE_WORLD_H
#define TESTS_PAGE_WORLD_H

/*
 * world - a tenant, a pass type and a pass of it, for tests of the page.
 */

#include "base/json.h"
#include "conf/tenant.h"
#include "pass/pass.h"
#include "test.h"

#define NOW INT64_C(1795323845678)

/* Text that would be a script wherever it is not escaped. */
#define EVIL         "</style><script>\"'&{{x}}"
#define EVIL_ESCAPED "&lt;/style&gt;&lt;script&gt;&quot;&#39;&amp;{{x}}"

struct world {
	struct arena *a;
	struct tenant tenant;
	struct pass_type type;
	struct pass pass;
};

/* JSON with ` for ". */
static inline struct json_object *
world_json(struct world *w, const char *text)
{
	char *s = arena_strdup(w->a, text);
	struct json_object *o = NULL;
	struct why why = { .text = "" };

	for (char *p = s; *p != '\0'; p++)
		if (*p == '`')
			*p = '"';
	if (json_parse(w->a, slice_of(s), JSON_DEPTH, &o, &why) != ERR_OK)
		fail_msg("%s: %s", s, why.text);
	return o;
}

static inline void
world_init(struct world *w)
{
	static const char *languages[] = { "en", "ar" };

	*w = (struct world){ .a = arena_new(16384) };
	w->tenant.a = w->a;
	w->tenant.id = "acme";
	w->tenant.name = "Acme " EVIL;
	w->tenant.dir = "/nonexistent";
	w->tenant.url = "https://wallet.acme.example";
	w->tenant.languages = (struct strings){ languages, 2 };
	w->tenant.types = &w->type;
	w->tenant.ntypes = 1;
	w->type.name = "loyalty";
	w->type.file = "loyalty.yml";
	w->pass = (struct pass){
		.id = "abcdef123456",
		.type = "loyalty",
		.identifiers = json_object_in(w->a),
		.metadata = json_object_in(w->a),
		.additional = json_object_in(w->a),
		.providers = json_object_in(w->a),
		.extensions = json_object_in(w->a),
	};
}

static inline void
world_end(struct world *w)
{
	arena_free(w->a);
}

#endif
