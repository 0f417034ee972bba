#include "api/body.h"
#include "test.h"

/* clang-format off */
static const struct body_field options[] = {
	{ "updateMetadata", BODY_BOOL,   NULL },
	{ "correlationId",  BODY_STRING, NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field fields[] = {
	{ "identifiers", BODY_OBJECT, NULL },
	{ "throughput",  BODY_NUMBER, NULL },
	{ "passType",    BODY_STRING, NULL },
	{ "options",     BODY_OBJECT, options },
	{ "events",      BODY_ARRAY,  NULL },
	{ NULL, BODY_OBJECT, NULL }
};
/* clang-format on */

static struct json_object *
parse(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
test_read(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused, naming `field` */
		const char *field;
	} t[] = {
		/* clang-format off */
		{ "{}", "{}", "" },
		{ "{\"passType\":\"a\"}", "{\"passType\":\"a\"}", "" },
		{ "{\"PASSTYPE\":\"a\"}", "{\"passType\":\"a\"}", "" },
		{ "{\"passType\":null}", "{}", "" },
		{ "{\"passType\":\"a\",\"PassType\":\"b\"}",
		  "{\"passType\":\"b\"}", "" },
		{ "{\"passType\":\"a\",\"PassType\":null}", "{}", "" },
		{ "{\"passType\":1}", NULL, "passType" },
		{ "{\"passTypes\":\"a\"}", NULL, "passTypes" },
		{ "{\"\":1}", NULL, "" },
		{ "{\"throughput\":1.5}", "{\"throughput\":1.5}", "" },
		{ "{\"throughput\":12}", "{\"throughput\":12}", "" },
		{ "{\"throughput\":\"12\"}", NULL, "throughput" },
		{ "{\"identifiers\":{\"A\":\"1\",\"a\":\"2\"}}",
		  "{\"identifiers\":{\"A\":\"1\",\"a\":\"2\"}}", "" },
		{ "{\"identifiers\":[]}", NULL, "identifiers" },
		{ "{\"events\":[1,\"a\"]}", "{\"events\":[1,\"a\"]}", "" },
		{ "{\"events\":{}}", NULL, "events" },
		{ "{\"events\":\"a\"}", NULL, "events" },
		{ "{\"Options\":{\"UPDATEMETADATA\":false}}",
		  "{\"options\":{\"updateMetadata\":false}}", "" },
		{ "{\"options\":{\"updateMetadata\":\"false\"}}", NULL,
		  "options.updateMetadata" },
		{ "{\"options\":{\"bypassQueue\":true}}", NULL,
		  "options.bypassQueue" },
		{ "{\"options\":{\"options\":{}}}", NULL, "options.options" },
		{ "{\"passType\":\"a\",\"options\":{\"correlationId\":1}}",
		  NULL, "options.correlationId" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct arena *a = arena_new(4096);
		struct json_object *out = (void *)&out;
		struct why w = { .field = "" };
		enum err e = body_read(a, fields, parse(a, t[i].in), &out, &w);

		assert_int_equal(e, t[i].out == NULL ? ERR_INVALID : ERR_OK);
		if (t[i].out != NULL)
			assert_string_equal(json_text(a, out).s, t[i].out);
		else
			assert_ptr_equal(out, &out); /* untouched */
		assert_string_equal(w.field, t[i].field);
		arena_free(a);
	}
}

static void
test_no_body(void **state)
{
	struct arena *a = arena_new(4096);
	struct json_object *out = NULL;

	(void)state;
	assert_int_equal(body_read(a, fields, NULL, &out, NULL), ERR_OK);
	assert_int_equal(json_object_object_length(out), 0);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
