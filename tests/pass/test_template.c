#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/yaml.h"
#include "pass/template.h"
#include "test.h"

static int
setup(void **state)
{
	*state = arena_new(4096);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static const struct {
	const char *source, *want;
} renderings[] = {
	/* nothing to evaluate: types and order stay */
	{ "{\"b\":1,\"a\":[true,null,\"x\",1.5,{}]}",
	    "{\"b\":1,\"a\":[true,null,\"x\",1.5,{}]}" },
	{ "\"plain\"", "\"plain\"" },
	{ "null", "null" },
	/* a single expression keeps its type */
	{ "\"{{ .n }}\"", "7" },
	{ "\"{{.n}}\"", "7" },
	{ "\"{{ .s }}\"", "\"a \\\"b\\\"\"" },
	{ "\"{{ .f }}\"", "2.5" },
	{ "\"{{ .t }}\"", "true" },
	{ "\"{{ .list }}\"", "[1,\"2\",null]" },
	{ "\"{{ .o }}\"", "{\"k\":{\"l\":1}}" },
	{ "\"{{ {a: {b: 1}} }}\"", "{\"a\":{\"b\":1}}" },
	{ "\"{{ {a: {b: 1}}}}\"", "{\"a\":{\"b\":1}}" },
	{ "\"{{ .none }}\"", "null" },
	/* null leaves members and elements out, but not a null of the file */
	{ "{\"a\":\"{{ .none }}\",\"b\":null,\"c\":1}",
	    "{\"b\":null,\"c\":1}" },
	{ "[\"{{ .none }}\",null,\"{{ empty }}\",1]", "[null,1]" },
	{ "{\"a\":[\"{{ .none }}\"],\"b\":{\"c\":\"{{ null }}\"}}",
	    "{\"a\":[],\"b\":{}}" },
	/* inside other text */
	{ "\"{{ .n }} points\"", "\"7 points\"" },
	{ "\"{{ .n }}{{ .n }}\"", "\"77\"" },
	{ "\" {{ .n }}\"", "\" 7\"" },
	{ "\"{{ .n }} \"", "\"7 \"" },
	{ "\"<{{ .none }}>\"", "\"<>\"" },
	{ "\"<{{ .s }}>\"", "\"<a \\\"b\\\">\"" },
	{ "\"<{{ .t }}>\"", "\"<true>\"" },
	{ "\"<{{ .f }}>\"", "\"<2.5>\"" },
	{ "\"<{{ .list }}>\"", "\"<[1,\\\"2\\\",null]>\"" },
	{ "\"<{{ .o }}>\"", "\"<{\\\"k\\\":{\\\"l\\\":1}}>\"" },
	/* where an expression ends */
	{ "\"{{ \\\"}}\\\" }}\"", "\"}}\"" },
	{ "\"a}}b\"", "\"a}}b\"" },
	{ "\"{ {{ .n }} }\"", "\"{ 7 }\"" },
	{ "\"{{ \\\"{{\\\" }}\"", "\"{{\"" },
	{ "\"{{ .n # points }}\"", "7" },
	/* many, in order, and keys are left alone */
	{ "{\"{{ .n }}\":\"{{ .n }}\",\"y\":[\"{{ .s }}\",\"{{ $text.k }}\"],"
	  "\"z\":\"{{ $tenant.url }}/{{ .n }}\"}",
	    "{\"{{ .n }}\":7,\"y\":[\"a \\\"b\\\"\",\"T\"],"
	    "\"z\":\"https://w.example/7\"}" },
};

static struct template_input
input(struct arena *a)
{
	return (struct template_input){
		parsed(a,
		    "{\"n\":7,\"s\":\"a \\\"b\\\"\",\"f\":2.5,\"t\":true,"
		    "\"list\":[1,\"2\",null],\"o\":{\"k\":{\"l\":1}}}"),
		parsed(a, "{\"k\":\"T\"}"),
		parsed(a, "{\"url\":\"https://w.example\"}"),
		NULL,
	};
}

static void
test_renders(void **state)
{
	const struct template_input in = input(*state);

	for (size_t i = 0; i < sizeof(renderings) / sizeof(renderings[0]);
	     i++) {
		struct json_object *out = NULL;
		struct template *t = NULL;
		struct faults f;

		faults_init(&f, *state);
		if (template_compile(*state,
			parsed(*state, renderings[i].source), "t.yml", &f,
			&t) != ERR_OK)
			fail_msg(
			    "%s: %s", renderings[i].source, f.list[0].text);
		assert_int_equal(template_run(t, &in, *state, &out), ERR_OK);
		assert_string_equal(
		    json_text(*state, out).s, renderings[i].want);
	}
}

static const char *const refused[] = {
	"\"{{ .a\"",
	"\"{{ .a }\"",
	"\"{{ }}\"",
	"\"{{ env.HOME }}\"",
	"\"{{ .a ] }}\"",
	"{\"a\":[\"{{ .a\"]}",
	"\"{{ nope }}\"",
	"\"{{ 1) | (2 }}\"",
	"\"{{ .a }} {{ .a + }}\"",
};

static void
test_refuses(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct template *t = NULL;
		struct faults f;

		faults_init(&f, *state);
		assert_int_equal(
		    template_compile(
			*state, parsed(*state, refused[i]), "t.yml", &f, &t),
		    ERR_INVALID);
		assert_null(t);
		assert_int_equal(f.n, 1);
		assert_string_equal(f.list[0].file, "t.yml");
	}
}

static const char yaml[] = "title: Acme\n"
			   "card:\n"
			   "  points: \"{{ .a + }}\"\n"
			   "  list:\n"
			   "    - \"{{ fine_no }}\"\n"
			   "    - good\n"
			   "    - \"{{ env }}\"\n"
			   "  ok: \"{{ .a }}\"\n";

/* Lines are those of the file; faults of both kinds are told. */
static void
test_faults_have_lines(void **state)
{
	char path[] = "/tmp/test_template.XXXXXX";
	const int fd = mkstemp(path);
	struct template *t = NULL;
	struct json_object *o;
	struct faults f;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, sizeof(yaml) - 1), sizeof(yaml) - 1);
	(void)close(fd);
	faults_init(&f, *state);
	assert_int_equal(yaml_read(*state, path, "t.yml", &f, &o), ERR_OK);
	(void)unlink(path);
	assert_int_equal(
	    template_compile(*state, o, "t.yml", &f, &t), ERR_INVALID);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.list[0].line, 7);
	assert_non_null(strstr(f.list[0].text, "env"));
	for (size_t i = 1; i < 3; i++)
		assert_true(f.list[i].line == 3 || f.list[i].line == 5);
	assert_true(f.list[1].line != f.list[2].line);
}

static void
test_failure_leaves_no_output(void **state)
{
	const struct template_input in = input(*state);
	struct json_object *out = in.data;
	struct template *t;
	struct faults f;

	faults_init(&f, *state);
	assert_int_equal(template_compile(*state,
			     parsed(*state, "[\"{{ .n }}\",\"{{ .s - 1 }}\"]"),
			     "t.yml", &f, &t),
	    ERR_OK);
	assert_int_equal(template_run(t, &in, *state, &out), ERR_INTERNAL);
	assert_ptr_equal(out, in.data);
	assert_false(template_worn());
}

/* What a rendering gives may be changed without a trace in the next. */
static void
test_output_is_new_each_time(void **state)
{
	const struct template_input in = input(*state);
	struct json_object *out;
	struct template *t;
	struct faults f;

	faults_init(&f, *state);
	assert_int_equal(
	    template_compile(*state,
		parsed(*state, "{\"a\":{\"b\":\"x\"},\"o\":\"{{ .o }}\"}"),
		"t.yml", &f, &t),
	    ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(template_run(t, &in, *state, &out), ERR_OK);
		assert_string_equal(json_text(*state, out).s,
		    "{\"a\":{\"b\":\"x\"},\"o\":{\"k\":{\"l\":1}}}");
		json_set_int(json_get(out, "a"), "b", 2);
		json_set_int(json_get(out, "o"), "k", 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renders),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_faults_have_lines),
		cmocka_unit_test(test_failure_leaves_no_output),
		cmocka_unit_test(test_output_is_new_each_time),
	};

	log_open("test_template", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
