/*
 * fuzz_template - an expression of a pass type's template, compiled and run.
 *
 * What jq cannot be stopped at is left out: multiplying, which repeats
 * strings (see pass/bound.h).
 */

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pass/expr.h"
#include "pass/template.h"

#define LONGEST 512 /* jq takes its time over each, but gains no new state */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
const char *__lsan_default_suppressions(void);

/*
 * jq's parser forgets what it held after a syntax error.  Values of ours that
 * leak are found by tests/pass with sanitizers.
 */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libjq.so";
}

static struct json_object *data_in;
static struct arena *forever;

static void
must(bool b)
{
	if (!b)
		abort();
}

static void
begin(void)
{
	static const char text[] =
	    "{\"id\":\"x\",\"n\":7,\"list\":[1,\"2\",null],\"o\":{\"k\":[]}}";

	forever = arena_new(4096);
	log_open("fuzz", "/dev/null", LOG_LVL_ERROR);
	must(json_parse(forever, slice_of(text), JSON_DEPTH, &data_in, NULL) ==
	    ERR_OK);
}

static void
run(struct arena *a, struct template *t)
{
	const struct template_input in = { data_in, data_in, json_object_in(a),
		NULL };
	struct json_object *o = NULL, *again;
	enum err e = template_run(t, &in, a, &o);

	must(e == ERR_OK || e == ERR_INTERNAL);
	if (e == ERR_OK)
		must(json_parse(a, json_text(a, o), JSON_DEPTH, &again, NULL) ==
		    ERR_OK);
	else
		must(o == NULL);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct slice text = { (const char *)data, size };
	struct json_object *source;
	struct template *t = NULL;
	const char *fault = NULL;
	struct faults f;
	struct arena *a;
	size_t len;

	if (forever == NULL)
		begin();
	if (expr_scan(text, &len, &fault) == ERR_OK)
		must(len <= EXPR_MAX && memcmp(data + len, "}}", 2) == 0);
	else
		must(fault != NULL);
	if (fault != NULL || size > LONGEST || memchr(data, '*', size) != NULL)
		return 0;
	a = arena_new(4096);
	faults_init(&f, a);
	source = json_object_in(a);
	json_set(source, "whole",
	    json_own(a,
		json_object_new_string(arena_printf(
		    a, "{{%.*s", (int)len + 2, (const char *)data))));
	if (template_compile(a, source, "fuzz.yml", &f, &t) == ERR_OK)
		run(a, t);
	else
		must(f.errors > 0);
	arena_free(a);
	return 0;
}
