#include <string.h>

#include "base/log.h"
#include "pass/pass.h"
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

static struct pass
example(struct arena *a)
{
	struct pass p = { .id = "abcdefghijkl",
		.secret = "s3cr3t",
		.type = "loyalty",
		.created = 1795323845000,
		.updated = 1795323845678,
		.modified = 1795323846,
		.apple_serial = "abcdefghijkl",
		.apple_token = "t0k3n-of-16-or-more",
		.has_rendered = true };

	p.identifiers = parsed(a, "{\"email\":\"a@b.example\",\"no\":\"7\"}");
	p.metadata = parsed(a, "{\"tier\":\"gold\",\"n\":[1,2.5]}");
	p.additional = parsed(a, "{\"points\":10,\"deep\":{\"x\":null}}");
	p.providers = parsed(a, "{\"apple\":{\"activeRegistrations\":1}}");
	p.extensions = parsed(a, "{\"e\":true}");
	memset(p.rendered, 0xab, sizeof(p.rendered));
	return p;
}

static const char document[] =
    "{\"id\":\"abcdefghijkl\",\"secret\":\"s3cr3t\","
    "\"creationDate\":\"2026-11-22T05:04:05.000Z\","
    "\"lastUpdateDate\":\"2026-11-22T05:04:05.678Z\","
    "\"passType\":\"loyalty\","
    "\"identifiers\":{\"email\":\"a@b.example\",\"no\":\"7\"},"
    "\"metadata\":{\"tier\":\"gold\",\"n\":[1,2.5]},"
    "\"additionalData\":{\"points\":10,\"deep\":{\"x\":null}},"
    "\"providers\":{\"apple\":{\"activeRegistrations\":1}},"
    "\"extensions\":{\"e\":true},"
    "\"apple\":{\"serialNumber\":\"abcdefghijkl\","
    "\"authenticationToken\":\"t0k3n-of-16-or-more\"},"
    "\"modified\":1795323846,\"rendered\":"
    "\"abababababababababababababababab"
    "abababababababababababababababab\"}";

static void
test_print_and_parse_agree(void **state)
{
	struct pass p = example(*state), back;
	struct slice doc;

	assert_int_equal(pass_print(*state, &p, &doc), ERR_OK);
	assert_string_equal(doc.s, document);
	assert_int_equal(pass_parse(*state, doc, &back), ERR_OK);
	assert_int_equal(back.created, p.created);
	assert_int_equal(back.updated, p.updated);
	assert_int_equal(back.modified, p.modified);
	assert_true(back.has_rendered);
	assert_memory_equal(back.rendered, p.rendered, 32);
	assert_int_equal(pass_print(*state, &back, &doc), ERR_OK);
	assert_string_equal(doc.s, document);
}

/* What is stored is what data/raw shows, whatever is in it. */
static void
test_print_as_it_is_shown(void **state)
{
	static const char *const strings[] = { "plain", "", "q\"uote",
		"back\\slash", "line\n", "\xe2\x82\xac" };
	struct pass p = example(*state);
	struct slice doc;

	for (size_t i = 0; i < 6 * 8; i++) {
		p.secret = strings[i % 6];
		p.apple_serial = strings[(i + 1) % 6];
		p.google_object = i % 2 == 0 ? NULL : strings[i % 6];
		p.notification = i % 4 < 2 ? NULL : p.additional;
		p.answers = i % 8 < 4 ? NULL : json_array_in(*state);
		p.has_rendered = i % 3 != 0;
		assert_int_equal(pass_print(*state, &p, &doc), ERR_OK);
		assert_string_equal(
		    doc.s, json_text(*state, pass_raw(*state, &p, true)).s);
	}
}

/* The least that is a pass; then that less one member each. */
static const char *const least[] = { "\"id\":\"abcdefghijkl\"",
	"\"secret\":\"s\"", "\"creationDate\":\"2026-11-22T05:04:05.000Z\"",
	"\"lastUpdateDate\":\"2026-11-22T05:04:05.000Z\"",
	"\"passType\":\"loyalty\"",
	"\"apple\":{\"serialNumber\":\"s\",\"authenticationToken\":\"t\"}" };

#define N_LEAST (sizeof(least) / sizeof(least[0]))

static struct slice
least_without(struct arena *a, size_t i)
{
	const char *text = "{\"other\":1";

	for (size_t k = 0; k < N_LEAST; k++)
		if (k != i)
			text = arena_printf(a, "%s,%s", text, least[k]);
	return slice_of(arena_printf(a, "%s}", text));
}

static void
test_parse_wants_what_makes_a_pass(void **state)
{
	struct pass p = { 0 };

	for (size_t i = 0; i < N_LEAST; i++) {
		assert_int_equal(
		    pass_parse(*state, least_without(*state, i), &p),
		    ERR_INTERNAL);
		assert_null(p.id);
	}
	assert_int_equal(
	    pass_parse(*state, least_without(*state, N_LEAST), &p), ERR_OK);
	assert_string_equal(p.id, "abcdefghijkl");
	assert_false(p.has_rendered);
	assert_int_equal(json_object_object_length(p.identifiers), 0);
	assert_int_equal(json_object_object_length(p.extensions), 0);
}

static const char *const damaged[] = { "", "{", "[]", "null", "7",
	"{\"id\":\"abcdefghijkl\"}" };

static void
test_parse_refuses_what_is_damaged(void **state)
{
	struct pass p = { 0 };

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_int_equal(
		    pass_parse(*state, slice_of(damaged[i]), &p), ERR_INTERNAL);
		assert_null(p.id);
	}
}

/* Near misses: what looks like a member of the document, and is none. */
static void
test_peek_agrees_with_parse(void **state)
{
	static const char *const odd[] = {
		"{\"id\":\"inner\",\"modified\":1,\"passType\":\"inner\"}",
		"{\"a\":\"\\\",\\\"id\\\":\\\"x\",\"b\":[{\"id\":\"y\"}]}",
		"{\"}\":\"}\",\"]\":\"[{\\\\\",\":\":\":,\"}",
		"{}",
	};
	struct arena *a = *state;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct pass p = example(a), peeked = { .id = NULL };
		struct slice doc;

		p.metadata = p.identifiers = parsed(a, odd[i]);
		p.extensions = p.additional = parsed(a, odd[i]);
		assert_int_equal(pass_print(a, &p, &doc), ERR_OK);
		assert_int_equal(pass_peek(a, doc, &peeked), ERR_OK);
		assert_string_equal(peeked.id, p.id);
		assert_string_equal(peeked.type, p.type);
		assert_int_equal(peeked.modified, p.modified);
		assert_null(peeked.identifiers); /* it was no pass_parse() */
	}
}

static void
test_peek_leaves_the_odd_to_parse(void **state)
{
	struct pass p = { .id = NULL };
	struct slice old = least_without(*state, N_LEAST);

	/* Of a time before `modified`. */
	assert_int_equal(pass_peek(*state, old, &p), ERR_OK);
	assert_non_null(p.identifiers);
	assert_string_equal(p.type, "loyalty");
	p.id = NULL;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_int_equal(
		    pass_peek(*state, slice_of(damaged[i]), &p), ERR_INTERNAL);
	for (size_t n = 0; n < sizeof(document) - 1; n++) {
		const struct slice part = { arena_strndup(*state, document, n),
			n };

		if (pass_peek(*state, part, &p) == ERR_OK)
			assert_int_equal(p.modified, 1795323846);
	}
}

static void
test_print_has_a_limit(void **state)
{
	struct pass p = example(*state);
	struct slice doc = { NULL, 0 };
	/* What wallets tell of it is not held against it. */
	const size_t own = json_text(*state, p.providers).len;
	/* {"e":true} becomes {"e":"xxx"} */
	const size_t most =
	    PASS_DOCUMENT_MAX + own - strlen(document) + strlen("true") - 2;
	char *s = arena_alloc(*state, most + 2);

	memset(s, 'x', most + 1);
	json_set_string(p.extensions, "e", s);
	assert_int_equal(pass_print(*state, &p, &doc), ERR_TOOBIG);
	assert_null(doc.s);
	s[most] = '\0';
	json_set_string(p.extensions, "e", s);
	assert_int_equal(pass_print(*state, &p, &doc), ERR_OK);
	assert_int_equal(doc.len, PASS_DOCUMENT_MAX + own);
}

static void
test_row_has_nine_properties(void **state)
{
	static const char *const names[] = { "id", "secret", "creationDate",
		"lastUpdateDate", "passType", "identifiers", "metadata",
		"additionalData", "providers" };
	struct pass p = example(*state);
	struct json_object *row = pass_row(*state, &p);

	assert_int_equal(json_object_object_length(row), 9);
	for (size_t i = 0; i < 9; i++)
		assert_non_null(json_get(row, names[i]));
}

static void
test_raw_keeps_secrets_to_itself(void **state)
{
	struct pass p = example(*state);
	const char *open = json_text(*state, pass_raw(*state, &p, true)).s;
	const char *closed = json_text(*state, pass_raw(*state, &p, false)).s;

	assert_string_equal(open, document);
	assert_null(strstr(closed, "s3cr3t"));
	assert_null(strstr(closed, "t0k3n"));
	assert_non_null(strstr(closed, "\"extensions\":{\"e\":true}"));
	assert_non_null(strstr(closed, "\"serialNumber\""));
}

static void
test_data_is_what_templates_see(void **state)
{
	struct pass p = example(*state);

	assert_string_equal(
	    json_text_sorted(*state, pass_data(*state, &p, false)).s,
	    "{\"additionalData\":{\"deep\":{\"x\":null},\"points\":10},"
	    "\"id\":\"abcdefghijkl\","
	    "\"identifiers\":{\"email\":\"a@b.example\",\"no\":\"7\"},"
	    "\"passType\":\"loyalty\"}");
	assert_string_equal(
	    json_text(*state, json_get(pass_data(*state, &p, true), "metadata"))
		.s,
	    "{\"tier\":\"gold\",\"n\":[1,2.5]}");
}

static void
test_index_has_identifiers_and_the_unique_digest(void **state)
{
	static const char *unique[] = { "email" };
	struct pass_type type = { .name = "loyalty",
		.unique_identifiers = { unique, 1 } };
	struct tenant t = { .types = &type, .ntypes = 1 };
	struct pass p = example(*state);
	struct store_pass row = { 0 };
	unsigned char digest[32];

	pass_index(*state, &t, &p, &row);
	assert_int_equal(row.nfields, 2);
	assert_true(slice_is(row.fields[0].name, "identifiers.email"));
	assert_true(slice_is(row.fields[0].value, "a@b.example"));
	assert_true(slice_is(row.fields[1].name, "identifiers.no"));
	assert_true(slice_is(row.fields[1].value, "7"));
	assert_true(pass_unique(&type, p.identifiers, digest));
	assert_non_null(row.unique);
	assert_memory_equal(row.unique, digest, 32);

	p.type = "gone";
	pass_index(*state, &t, &p, &row);
	assert_null(row.unique);
	assert_int_equal(row.nfields, 2);
}

/* Lists of values, none of which may have the digest of another. */
static const struct {
	const char *type, *identifiers;
	bool whole;
} uniques[] = {
	{ "a", "{\"x\":\"1\",\"y\":\"2\"}", true },
	{ "a", "{\"x\":\"12\",\"y\":\"\"}", true },
	{ "a", "{\"x\":\"2\",\"y\":\"1\"}", true },
	{ "b", "{\"x\":\"1\",\"y\":\"2\"}", true },
	{ "a1", "{\"x\":\"\",\"y\":\"2\"}", true },
	{ "a", "{\"x\":\"1\"}", false },
	{ "a", "{\"y\":\"2\",\"z\":\"1\"}", false },
	{ "a", "{}", false },
};

#define N_UNIQUES (sizeof(uniques) / sizeof(uniques[0]))

static void
test_unique_digests_differ(void **state)
{
	static const char *names[] = { "x", "y" };
	unsigned char got[N_UNIQUES][32] = { 0 };
	const unsigned char none[32] = { 0 };

	for (size_t i = 0; i < N_UNIQUES; i++) {
		const struct pass_type type = { .name = uniques[i].type,
			.unique_identifiers = { names, 2 } };

		assert_int_equal(
		    pass_unique(
			&type, parsed(*state, uniques[i].identifiers), got[i]),
		    uniques[i].whole);
		if (!uniques[i].whole)
			assert_memory_equal(got[i], none, 32);
		for (size_t k = 0; uniques[i].whole && k < i; k++)
			assert_memory_not_equal(got[i], got[k], 32);
	}
}

static void
test_no_unique_identifiers_no_digest(void **state)
{
	const struct pass_type type = { .name = "a" };
	unsigned char digest[32];

	assert_false(
	    pass_unique(&type, parsed(*state, "{\"x\":\"1\"}"), digest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_as_it_is_shown),
		cmocka_unit_test(test_print_and_parse_agree),
		cmocka_unit_test(test_parse_wants_what_makes_a_pass),
		cmocka_unit_test(test_parse_refuses_what_is_damaged),
		cmocka_unit_test(test_peek_agrees_with_parse),
		cmocka_unit_test(test_peek_leaves_the_odd_to_parse),
		cmocka_unit_test(test_print_has_a_limit),
		cmocka_unit_test(test_row_has_nine_properties),
		cmocka_unit_test(test_raw_keeps_secrets_to_itself),
		cmocka_unit_test(test_data_is_what_templates_see),
		cmocka_unit_test(
		    test_index_has_identifiers_and_the_unique_digest),
		cmocka_unit_test(test_unique_digests_differ),
		cmocka_unit_test(test_no_unique_identifiers_no_digest),
	};

	log_open("test_pass", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
