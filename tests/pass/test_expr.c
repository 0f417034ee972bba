#include "pass/expr.h"
#include "test.h"

/* What is scanned begins after {{ ; `want` is the expression, or NULL. */
static const struct {
	const char *in, *want;
} ends[] = {
	{ " .a }} b", " .a " },
	{ ".a}}", ".a" },
	{ ".a}}}}", ".a" },
	{ " {a: {b: 1}} }} }}", " {a: {b: 1}} " },
	{ "{a:1}}}", "{a:1}" },
	{ " \"}}\" }}", " \"}}\" " },
	{ " \"\\\"}}\" }}", " \"\\\"}}\" " },
	{ " \"\\\\\" }} \" }}", " \"\\\\\" " },
	{ " \"a\\(.b | \"}}\")}}\" }}", " \"a\\(.b | \"}}\")}}\" " },
	{ " \"\\(\"\\(\"}}\")\")\" }}", " \"\\(\"\\(\"}}\")\")\" " },
	{ " [1, (2), \"]\"] }}", " [1, (2), \"]\"] " },
	{ " .a # }} \n }}", " .a # " },
	{ " [1 # }} ]\n] }}", " [1 # }} ]\n] " },
	{ " .a # ( \n }}", " .a # ( \n " },
	{ " 1e5 }}", " 1e5 " },
	{ " .[\"a b\"] | @uri }}", " .[\"a b\"] | @uri " },
	/* no end */
	{ " .a }", NULL },
	{ " .a ", NULL },
	{ "", NULL },
	{ " \" }}", NULL },
	{ " \"\\( }}\" ", NULL },
	{ " [ }}", NULL },
	/* nothing in it */
	{ "}}", NULL },
	{ " \n\t }}", NULL },
	/* out of its own parentheses */
	{ " 1) | (2 }}", NULL },
	{ " (1] }}", NULL },
	{ " [1) }}", NULL },
	{ " {a: 1) }}", NULL },
	{ " ] }}", NULL },
	{ " } }}", NULL },
	{ " \"\\(1]\" }}", NULL },
	{ " 1 # \\\n }}", NULL },
	{ " 1 # \r | env\n }}", NULL },
	/* outward */
	{ " env }}", NULL },
	{ " env.PATH }}", NULL },
	{ " $ENV }}", NULL },
	{ " $ ENV.PATH }}", NULL },
	{ " {$ENV} }}", NULL },
	{ " input }}", NULL },
	{ " [inputs] }}", NULL },
	{ " input_filename }}", NULL },
	{ " input_line_number }}", NULL },
	{ " import \"a\" as a; 1 }}", NULL },
	{ " include \"a\"; 1 }}", NULL },
	{ " \"a\" | modulemeta }}", NULL },
	{ " a::b }}", NULL },
	{ " . | debug }}", NULL },
	{ " stderr }}", NULL },
	{ " halt }}", NULL },
	{ " halt_error(1) }}", NULL },
	{ " get_search_list }}", NULL },
	{ " $__d }}", NULL },
	{ " $__loc__ }}", NULL },
	{ " __f }}", NULL },
	{ " \"\\(env)\" }}", NULL },
	{ " \"\\(\"\\($ENV)\")\" }}", NULL },
	{ " {a: env} }}", NULL },
	{ " {(env): 1} }}", NULL },
	{ " {a: 1 | env} }}", NULL },
	{ " {a: [1, env]} }}", NULL },
	{ " {a: if 1 then 2, env, 3 else 4 end} }}", NULL },
	{ " [1, env, 2] }}", NULL },
	{ " ..env }}", NULL },
	{ " ...env }}", NULL },
	{ " 1.env }}", NULL },
	{ " 1e5env }}", NULL },
	{ " .a # x\n| env }}", NULL },
	{ " .\nenv }}", NULL },
	/* data of such names */
	{ " .env }}", " .env " },
	{ " .additionalData.input }}", " .additionalData.input " },
	{ " .[\"env\"] }}", " .[\"env\"] " },
	{ " .\"env\" }}", " .\"env\" " },
	{ " {env: 1, input: 2} }}", " {env: 1, input: 2} " },
	{ " {a, env} }}", " {a, env} " },
	{ " {env} }}", " {env} " },
	{ " . as {env: $e} | $e }}", " . as {env: $e} | $e " },
	{ " . as $input | $input }}", " . as $input | $input " },
	{ " \"env $ENV input\" }}", " \"env $ENV input\" " },
	{ " environment }}", " environment " },
	{ " my_input }}", " my_input " },
	{ " 1 # env\n }}", " 1 # env\n " },
	{ " $text.env }}", " $text.env " },
	{ " .e5.env }}", " .e5.env " },
	{ " @uri \"\\(.env)\" }}", " @uri \"\\(.env)\" " },
};

static void
test_finds_the_end_and_refuses_what_reaches_outside(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *fault = NULL;
		size_t len = 4711;
		enum err e = expr_scan(slice_of(ends[i].in), &len, &fault);

		if (e != (ends[i].want == NULL ? ERR_INVALID : ERR_OK))
			fail_msg("%s: %s", ends[i].in, fault);
		if (ends[i].want == NULL) {
			assert_non_null(fault);
			assert_int_equal(len, 4711);
			continue;
		}
		assert_null(fault);
		if (len != strlen(ends[i].want) ||
		    memcmp(ends[i].in, ends[i].want, len) != 0)
			fail_msg("%s: ends after %zu", ends[i].in, len);
	}
}

static void
test_refuses_a_nul(void **state)
{
	const char *fault = NULL;
	size_t len = 4711;

	(void)state;
	assert_int_equal(
	    expr_scan((struct slice){ "1 \0 }}", 6 }, &len, &fault),
	    ERR_INVALID);
	assert_int_equal(len, 4711);
}

/* `depth` opening brackets, and as many closing ones, then }} */
static enum err
nested(size_t depth)
{
	char in[512];
	const char *fault;
	size_t len;

	memset(in, '[', depth);
	memset(in + depth, ']', depth);
	memcpy(in + 2 * depth, " }}", 3);
	return expr_scan((struct slice){ in, 2 * depth + 3 }, &len, &fault);
}

static enum err
long_one(size_t n)
{
	static char in[EXPR_MAX + 16];
	const char *fault;
	size_t len;

	memset(in, '1', n);
	memcpy(in + n, "}}", 2);
	return expr_scan((struct slice){ in, n + 2 }, &len, &fault);
}

static void
test_has_limits(void **state)
{
	(void)state;
	assert_int_equal(nested(EXPR_DEPTH), ERR_OK);
	assert_int_equal(nested(EXPR_DEPTH + 1), ERR_INVALID);
	assert_int_equal(long_one(EXPR_MAX), ERR_OK);
	assert_int_equal(long_one(EXPR_MAX + 1), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_finds_the_end_and_refuses_what_reaches_outside),
		cmocka_unit_test(test_refuses_a_nul),
		cmocka_unit_test(test_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
