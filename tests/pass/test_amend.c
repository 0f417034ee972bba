/*
 * What text gives, against reading, merging and printing.
 */

#include <stdio.h>
#include <stdlib.h>

#include "pass/amend.h"
#include "pass/rendered.h"
#include "test.h"

#define NOW    INT64_C(1795323845678)
#define ROUNDS 20000

static struct pass_type type = { .name = "loyalty" };
static const struct tenant tenant = { .types = &type, .ntypes = 1 };

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static unsigned
chance(unsigned n)
{
	return (unsigned)random() % n;
}

/* Keys and values with what is special in them. */
static const char *
random_key(void)
{
	static const char *const keys[] = { "a", "b", "ab", "points", "tier",
		"Z", "\xc3\xa9", "q\\\"", "", "back\\\\" };

	return keys[chance(chance(4) == 0 ? 10 : 6)];
}

static const char *
random_value(struct arena *a, bool patch)
{
	static const char *const values[] = { "1", "-0.5", "true", "\"gold\"",
		"\"\xe2\x82\xac \\\"x\\\\\"", "[1,\"a\",{\"b\":1,\"c\":2}]",
		"[]", "1e+30", "12345678901234567890", "null", "\"\"",
		"[{\"z\":1,\"a\":2}]", "{\"x\":{\"y\":1}}", "{}" };
	const unsigned n = sizeof(values) / sizeof(values[0]);

	(void)a;
	return values[chance(patch && chance(8) > 0 ? n - 2 : n)];
}

static struct json_object *
random_object(struct arena *a, bool patch)
{
	const char *text = "";

	for (unsigned n = chance(5); n > 0; n--)
		text = arena_printf(a, "%s%s\"%s\":%s", text,
		    text[0] == '\0' ? "" : ",", random_key(),
		    random_value(a, patch));
	return parsed(a, arena_printf(a, "{%s}", text));
}

static struct pass
random_pass(struct arena *a)
{
	struct pass p = { .id = "abcdefghijkl",
		.secret = "s\"ecret",
		.type = chance(10) == 0 ? "gone" : "loyalty",
		.created = NOW - 1000,
		.updated = NOW - (int64_t)chance(3) + 1,
		.identifiers = random_object(a, false),
		.metadata = random_object(a, false),
		.additional = json_merge(
		    a, parsed(a, "{}"), random_object(a, false), true),
		.providers = parsed(a, "{}"),
		.extensions = random_object(a, false),
		.apple_serial = "abcdefghijkl",
		.apple_token = "token" };
	static const char *const installs[] = {
		"{\"apple\":{\"activeRegistrations\":2}}",
		"{\"google\":{\"x\":1,\"activeRegistrations\":1}}",
		("{\"apple\":{\"activeRegistrations\":0},"
		 "\"google\":{\"activeRegistrations\":1}}"),
	};

	p.modified = p.updated / 1000;
	if (chance(2) == 0)
		p.providers = parsed(a, installs[chance(3)]);
	if (chance(4) == 0)
		p.notification =
		    parsed(a, "{\"content\":\"hello\",\"sequence\":2}");
	if (chance(8) == 0)
		p.google_object = "3388.x";
	if (chance(16) == 0)
		p.answers = parsed(a, "[{\"data\":{},\"provider\":\"crm\"}]");
	rendered_digest(a, tenant_type(&tenant, p.type), &p);
	if (chance(30) == 0)
		p.has_rendered = false;
	if (chance(8) == 0)
		p.rendered[0] ^= 1; /* the template was another */
	return p;
}

/* False: nothing changed. */
static bool
change_it(struct arena *a, struct json_object *patch, struct pass *p,
    struct slice *document)
{
	const struct pass was = *p;

	if (patch != NULL)
		p->additional = json_merge(a, was.additional, patch, true);
	rendered_digest(a, tenant_type(&tenant, p->type), p);
	if (memcmp(was.rendered, p->rendered, sizeof(p->rendered)) == 0)
		return false;
	p->updated = pass_later(NOW, was.updated);
	p->modified = pass_later(NOW / 1000, was.modified);
	assert_int_equal(pass_print(a, p, document), ERR_OK);
	return true;
}

static bool
try_one(struct arena *a)
{
	struct pass p = random_pass(a), read;
	struct json_object *patch =
	    chance(10) == 0 ? NULL : random_object(a, true);
	struct slice document, want = { NULL, 0 };
	struct amended got;
	struct amend am;
	const bool simple = amend_prepare(a, patch, NOW, &am);

	assert_int_equal(pass_print(a, &p, &document), ERR_OK);
	if (!simple || !amend_document(&am, a, &tenant, document, &got))
		return false;
	assert_int_equal(pass_parse(a, document, &read), ERR_OK);
	assert_true(read.has_rendered && read.answers == NULL);
	assert_int_equal(got.was, read.updated);
	assert_int_equal(got.changed, change_it(a, patch, &read, &want));
	assert_string_equal(got.type, read.type);
	assert_int_equal(got.installed, pass_installed(&read));
	if (!got.changed)
		return true;
	assert_int_equal(got.updated, read.updated);
	if (!slice_eq(got.document, want))
		fail_msg("%s\n%s", got.document.s, want.s);
	return true;
}

static void
test_as_reading_does(void **state)
{
	struct arena *a = arena_new(65536);
	unsigned done = 0;

	(void)state;
	srandom(42);
	for (unsigned i = 0; i < ROUNDS; i++, arena_reset(a))
		done += try_one(a);
	/* Most of these are not in order, and many are. */
	assert_in_range(done, ROUNDS / 20, ROUNDS - ROUNDS / 10);
	arena_free(a);
}

static void
test_what_is_read_whole(void **state)
{
	static const struct {
		const char *patch;
		bool simple;
	} rows[] = {
		{ "{}", true },
		{ "{\"a\":1,\"b\":\"\",\"c\":null,\"d\":[{}]}", true },
		{ "{\"a\":{}}", false },
		{ "{\"a\":1,\"b\":{\"c\":1}}", false },
	};
	struct arena *a = arena_new(4096);
	struct json_object *many = json_object_in(a);
	struct amend am;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    amend_prepare(a, parsed(a, rows[i].patch), NOW, &am),
		    rows[i].simple);
	assert_true(amend_prepare(a, NULL, NOW, &am));
	for (int i = 0; i < 33; i++)
		json_set_int(many, arena_printf(a, "k%d", i), i);
	assert_false(amend_prepare(a, many, NOW, &am));
	arena_free(a);
}

/* Over the limit it is for the reader to refuse. */
static void
test_too_large(void **state)
{
	struct arena *a = arena_new(4096);
	struct json_object *patch = json_object_in(a);
	char *text = arena_alloc(a, PASS_DOCUMENT_MAX + 1);
	struct pass p;
	struct slice document;
	struct amended got;
	struct amend am;

	(void)state;
	do {
		p = random_pass(a);
		assert_true(amend_prepare(a, NULL, NOW, &am));
		assert_int_equal(pass_print(a, &p, &document), ERR_OK);
	} while (!amend_document(&am, a, &tenant, document, &got));
	memset(text, 'x', PASS_DOCUMENT_MAX);
	json_set_string(patch, "\xe2\x82\xac", text);
	assert_true(amend_prepare(a, patch, NOW, &am));
	assert_false(amend_document(&am, a, &tenant, document, &got));
	text[1000] = '\0';
	json_set_string(patch, "\xe2\x82\xac", text);
	assert_true(amend_prepare(a, patch, NOW, &am));
	assert_true(amend_document(&am, a, &tenant, document, &got));
	arena_free(a);
}

/* A document that was cut is never taken. */
static void
test_cut(void **state)
{
	struct arena *a = arena_new(4096);
	struct slice document;
	struct amended got;
	struct amend am;
	struct pass p;

	(void)state;
	assert_true(amend_prepare(a, NULL, NOW, &am));
	do {
		p = random_pass(a);
		assert_int_equal(pass_print(a, &p, &document), ERR_OK);
	} while (!amend_document(&am, a, &tenant, document, &got));
	for (size_t n = 1; n < document.len; n++) {
		char *cut = malloc(n);

		assert_non_null(cut);
		memcpy(cut, document.s, n);
		assert_false(amend_document(
		    &am, a, &tenant, (struct slice){ cut, n }, &got));
		free(cut);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_reading_does),
		cmocka_unit_test(test_what_is_read_whole),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
