/*
 * fuzz_yaml - an operator's file: what is taken is JSON whose values know
 * their lines, and a pass type can be read from it.
 */

#include <stdlib.h>

#include "conf/setting.h"
#include "conf/tenant.h"
#include "conf/yaml.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
must(bool b)
{
	if (!b)
		abort();
}

static int lines; /* of the input */

static void
check(struct json_object *o)
{
	struct json_object_iter it;

	must(yaml_line(o) >= 0 && yaml_line(o) <= lines);
	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++) {
			must(yaml_line_at(o, i) > 0);
			check(json_object_array_get_idx(o, i));
		}
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreachC(o, it)
	{
		must(yaml_line_of(o, it.key) > 0);
		check(it.val);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *a = arena_new(4096);
	const struct slice text = { (const char *)data, size };
	struct json_object *o = NULL, *again;
	struct pass_type type = { .name = "fuzz" };
	struct setting_source source = { .file = "fuzz.yml" };
	struct faults f;

	faults_init(&f, a);
	lines = 1;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' ||
		    data[i] == 0x85 || data[i] == 0xa8 || data[i] == 0xa9;
	if (yaml_parse(a, text, "fuzz.yml", &f, &o) == ERR_OK) {
		must(f.errors == 0);
		check(o);
		must(json_parse(a, json_text(a, o), JSON_DEPTH, &again, NULL) ==
		    ERR_OK);
		source.in = o;
		source.f = &f;
		must((setting_read(a, pass_type_settings, &source, &type) ==
			 ERR_OK) == (f.errors == 0));
	} else {
		must(f.errors > 0);
	}
	arena_free(a);
	return 0;
}
