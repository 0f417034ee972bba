#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "pass/bound.h"
#include "pass/program.h"
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

static struct expr
expr(const char *text)
{
	return (struct expr){ slice_of(text), 7 };
}

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static struct program *
compiled(struct arena *a, const struct expr *list, size_t n)
{
	const struct source src = { "t.yml", list, n, NULL };
	struct program *p = NULL;
	struct faults f;

	faults_init(&f, a);
	if (program_compile(a, &src, &f, &p) != ERR_OK)
		fail_msg("%s", f.n > 0 ? f.list[0].text : "no fault");
	assert_int_equal(f.n, 0);
	return p;
}

static const struct {
	const char *text, *want; /* NULL: null */
} values[] = {
	{ ".a", "1" },
	{ ".s", "\"text\"" },
	{ ".none", NULL },
	{ "empty", NULL },
	{ "error(null)", NULL },
	{ "1, error(\"never asked\")", "1" },
	{ ".a # a comment", "1" },
	{ "1,\n2\n", "1" },
	{ ".list | length", "3" },
	{ "def f(x): x * 2; f(21)", "42" },
	{ "first(3, 4)", "3" },
	{ "label $out | 5, break $out", "5" },
	{ "{b: [.a, 2.5, null, true, false, \"\\u00e9\"]}",
	    "{\"b\":[1,2.5,null,true,false,\"\xc3\xa9\"]}" },
	{ "$text.hello + \" \" + $tenant.name", "\"Hallo Acme\"" },
	{ "9007199254740993", "9007199254740992" },
	{ "10.0", "10" },
	{ "1e17", "100000000000000000" },
	{ "-0.5", "-0.5" },
	{ "nan", NULL },
	{ "infinite > 1e300", "true" },
	{ ".env", "\"data\"" },
	{ "[.list[] | select(. > 1)]", "[2,3]" },
	{ "\"\"", "\"\"" },
	{ "{}", "{}" },
	{ "try error(\"x\") catch .", "\"x\"" },
	{ "\"a b\" | @uri", "\"a%20b\"" },
};

#define N_VALUES (sizeof(values) / sizeof(values[0]))

static struct template_input
input(struct arena *a)
{
	return (struct template_input){
		parsed(a,
		    "{\"a\":1,\"s\":\"text\",\"list\":[1,2,3],"
		    "\"env\":\"data\"}"),
		parsed(a, "{\"hello\":\"Hallo\"}"),
		parsed(a, "{\"name\":\"Acme\"}"),
		NULL,
	};
}

/* All of them in one program, twice: a run leaves nothing to the next. */
static void
test_values_come_in_order(void **state)
{
	const struct template_input in = input(*state);
	struct expr list[N_VALUES];
	const struct value *got;
	struct program *p;

	for (size_t i = 0; i < N_VALUES; i++)
		list[i] = expr(values[i].text);
	p = compiled(*state, list, N_VALUES);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(program_run(p, &in, *state, &got), ERR_OK);
		for (size_t i = 0; i < N_VALUES; i++) {
			if (values[i].want == NULL) {
				assert_null(got[i].o);
				continue;
			}
			assert_string_equal(
			    json_text(*state, got[i].o).s, values[i].want);
		}
	}
}

static void
test_input_may_be_missing(void **state)
{
	const struct template_input none = { .data = NULL };
	const struct expr list[] = { expr("[., $text, $tenant.name]") };
	const struct value *got;

	assert_int_equal(
	    program_run(compiled(*state, list, 1), &none, *state, &got),
	    ERR_OK);
	assert_string_equal(json_text(*state, got[0].o).s, "[null,null,null]");
}

/* Each fault belongs to the second of three expressions. */
static const struct {
	const char *text, *says;
} broken[] = {
	{ ".a +", "ends too early" },
	{ "if .a then 1", "ends too early" },
	{ "\n\n.a +\n", "ends too early" },
	{ "nope", "nope/0 is not defined: {{ nope }}" },
	{ "\nnope(1)\n", "nope/1 is not defined: {{ nope(1) }}" },
	{ "$nope", "$nope is not defined" },
	{ ".a .", "syntax error" },
	{ "'a'", "syntax error" },
	{ "| .a", "syntax error" },
	{ "1; 2", "syntax error" },
	{ "$secret", "$secret is not defined" },
};

static void
test_faults_name_the_expression(void **state)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct expr list[] = { expr("1\n+ 1"), expr(broken[i].text),
			expr(".a\n") };
		const struct source src = { "t.yml", list, 3, NULL };
		struct program *p = NULL;
		struct faults f;

		list[1].line = 9;
		faults_init(&f, *state);
		assert_int_equal(
		    program_compile(*state, &src, &f, &p), ERR_INVALID);
		assert_null(p);
		assert_int_equal(f.n, 1);
		assert_string_equal(f.list[0].file, "t.yml");
		if (f.list[0].line != 9 ||
		    strstr(f.list[0].text, broken[i].says) == NULL)
			fail_msg("%s: line %d: %s", broken[i].text,
			    f.list[0].line, f.list[0].text);
		assert_null(strchr(f.list[0].text, '\n'));
		assert_null(strstr(f.list[0].text, "jq: error"));
		assert_null(strstr(f.list[0].text, "shell"));
	}
}

static void
test_all_faults_are_told(void **state)
{
	const struct expr list[] = { expr("nope"), expr("1"), expr(".a +"),
		expr("never(1) + never(1)") };
	const struct source src = { "t.yml", list, 4, NULL };
	struct program *p = NULL;
	struct faults f;

	faults_init(&f, *state);
	assert_int_equal(program_compile(*state, &src, &f, &p), ERR_INVALID);
	assert_int_equal(f.n, 3);
	assert_null(p);
}

static void
test_expressions_are_counted(void **state)
{
	struct expr *list = calloc(PROGRAM_MAX + 1, sizeof(*list));
	struct source src = { "t.yml", list, PROGRAM_MAX + 1, NULL };
	struct program *p = NULL;
	struct faults f;

	for (size_t i = 0; i < src.n; i++)
		list[i] = expr(".a");
	faults_init(&f, *state);
	assert_int_equal(program_compile(*state, &src, &f, &p), ERR_INVALID);
	assert_null(p);
	assert_int_equal(f.n, 1);
	src.n = PROGRAM_MAX;
	assert_int_equal(program_compile(*state, &src, &f, &p), ERR_OK);
	free(list);
}

/* ~/.jq is of whoever runs the program, not of the template. */
static void
test_home_has_no_say(void **state)
{
	const struct template_input in = { .data = NULL };
	const struct expr list[] = { expr("[1, 2] | add") };
	const char *was = getenv("HOME");
	char *kept = was == NULL ? NULL : strdup(was);
	char dir[] = "/tmp/test_program.XXXXXX", file[64];
	const struct value *got;
	FILE *fp;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/.jq", dir);
	assert_non_null(fp = fopen(file, "w"));
	(void)fputs("def add: \"taken over\";\n", fp);
	(void)fclose(fp);
	(void)setenv("HOME", dir, 1);
	assert_int_equal(
	    program_run(compiled(*state, list, 1), &in, *state, &got), ERR_OK);
	assert_string_equal(json_text(*state, got[0].o).s, "3");
	assert_string_equal(getenv("HOME"), dir);
	(void)unlink(file);
	(void)rmdir(dir);
	if (kept == NULL)
		(void)unsetenv("HOME");
	else
		(void)setenv("HOME", kept, 1);
	free(kept);
}

static const char *const failing[] = {
	"error(\"no\")",
	"error({a: 1})",
	".s + 1",
	/* too much time */
	"until(false; .)",
	"def f: f; f",
	/* too much memory, bit by bit */
	"[range(1000000000)]",
	"def f: [f]; f",
	"reduce range(1000000) as $i (null; [.])",
	/* much of anything at once */
	"\"x\" * 1000000000",
	"\"\" * 100001",
	/* values that cannot be taken */
	"reduce range(33) as $i (null; [.])",
	"\"x\" * 100000 * 11",
	"[range(70000)]",
	"\"\\u0000\"",
	"{\"a\\u0000\": 1}",
	"reduce range(40) as $i ([1]; [., .])",
	/* steps back */
	"(\"a\" * 40 + \"b\") | test(\"(a+)+$\")",
	"(\" \" * 100000 * 2 + \"x\") | test(\"\\\\s+$\")",
};

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
test_failure_is_told_and_over(void **state)
{
	const struct template_input in = input(*state);

	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		const struct expr list[] = { expr("1"), expr(failing[i]),
			expr("if .s then 2 else error(\"again\") end") };
		struct program *p = compiled(*state, list, 3);
		const struct value *got = NULL;
		const double start = seconds();

		if (program_run(p, &in, *state, &got) != ERR_INTERNAL)
			fail_msg("%s: goes well", failing[i]);
		assert_null(got);
		if (seconds() - start > 4)
			fail_msg("%s: %f s", failing[i], seconds() - start);
		assert_false(bound_worn());
	}
}

/* The guard of `*` leaves what it does to all else alone. */
static void
test_times(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "2 * 3", "6" },
		{ "\"ab\" * 3", "\"ababab\"" },
		{ "\"ab\" * 0", "null" },
		{ "(\"\" * 100000) + \"x\"", "\"x\"" },
		{ "{a: {b: 1}} * {a: {c: 2}}", "{\"a\":{\"b\":1,\"c\":2}}" },
		{ "[(1, 2) * (10, 20)]", "[10,20,20,40]" },
		{ "200000 * 200000", "40000000000" },
		{ "2 | . *= 3", "6" },
	};
	const struct template_input in = input(*state);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct expr list[] = { expr(t[i].in) };
		struct program *p = compiled(*state, list, 1);
		const struct value *got = NULL;

		assert_int_equal(program_run(p, &in, *state, &got), ERR_OK);
		assert_string_equal(json_text(*state, got[0].o).s, t[i].out);
	}
}

/* One program, first cut off and then with less to do. */
static void
test_a_cut_run_leaves_the_program_good(void **state)
{
	struct template_input in = { .data = parsed(*state, "1000000000") };
	const struct expr list[] = { expr("[range(.)] | length") };
	struct program *p = compiled(*state, list, 1);
	const struct value *got = NULL;

	for (int i = 0; i < 3; i++) {
		in.data = parsed(*state, "1000000000");
		assert_int_equal(
		    program_run(p, &in, *state, &got), ERR_INTERNAL);
		assert_null(got);
		in.data = parsed(*state, "1000");
		assert_int_equal(program_run(p, &in, *state, &got), ERR_OK);
		assert_string_equal(json_text(*state, got[0].o).s, "1000");
		got = NULL;
	}
}

static void
other(int sig)
{
	(void)sig;
}

static void
test_what_was_lent_is_given_back(void **state)
{
	const struct template_input in = { .data = NULL };
	const struct expr list[] = { expr("1") };
	const struct itimerval hour = { { 0, 0 }, { 3600, 0 } }, none = { 0 };
	struct sigaction mine = { .sa_handler = other }, was, now;
	struct program *p = compiled(*state, list, 1);
	struct rlimit data, data_now;
	const struct value *got;
	struct itimerval left;

	assert_int_equal(sigaction(SIGPROF, &mine, &was), 0);
	assert_int_equal(setitimer(ITIMER_PROF, &hour, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_DATA, &data), 0);
	assert_int_equal(program_run(p, &in, *state, &got), ERR_OK);
	assert_int_equal(getrlimit(RLIMIT_DATA, &data_now), 0);
	assert_true(data.rlim_cur == data_now.rlim_cur);
	assert_int_equal(setitimer(ITIMER_PROF, &none, &left), 0);
	assert_in_range(left.it_value.tv_sec, 3590, 3601);
	assert_int_equal(sigaction(SIGPROF, &was, &now), 0);
	assert_true(now.sa_handler == other);
}

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#define WITH_ASAN 1
#endif

/* What one instruction takes at once; leaves the process worn, so it is last.
 * A sanitizer ends the process where malloc() would give nothing. */
#ifndef WITH_ASAN
static void
test_memory_at_once_wears_the_process(void **state)
{
	struct template_input in = { .data = NULL };
	const struct expr list[] = { expr(
	    ". as $i | [] | .[$i] = 1 | length") };
	struct program *p = compiled(*state, list, 1);
	const struct value *got = NULL;

	assert_false(bound_worn());
	in.data = parsed(*state, "1000000000");
	assert_int_equal(program_run(p, &in, *state, &got), ERR_INTERNAL);
	assert_null(got);
	assert_true(bound_worn());
	in.data = parsed(*state, "3");
	assert_int_equal(program_run(p, &in, *state, &got), ERR_OK);
	assert_string_equal(json_text(*state, got[0].o).s, "4");
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_come_in_order),
		cmocka_unit_test(test_input_may_be_missing),
		cmocka_unit_test(test_faults_name_the_expression),
		cmocka_unit_test(test_all_faults_are_told),
		cmocka_unit_test(test_expressions_are_counted),
		cmocka_unit_test(test_home_has_no_say),
		cmocka_unit_test(test_failure_is_told_and_over),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_a_cut_run_leaves_the_program_good),
		cmocka_unit_test(test_what_was_lent_is_given_back),
#ifndef WITH_ASAN
		cmocka_unit_test(test_memory_at_once_wears_the_process),
#endif
	};

	log_open("test_program", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
