#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "pass/change.h"
#include "store/due.h"
#include "store/message.h"
#include "test.h"

#define NOW INT64_C(1795323845678)

struct fixture {
	char dir[40];
	struct tenant t;
	struct pass_type types[3];
	struct store *st;
	struct change_env env;
};

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	if (text == NULL)
		return NULL;
	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
open_store(struct fixture *f)
{
	const struct store_options opt = { .sync = STORE_NOSYNC };

	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	f->env.store = f->st;
}

static int
setup(void **state)
{
	static const char *unique[] = { "shop.id" };
	struct fixture *f = calloc(1, sizeof(*f));
	struct arena *a = arena_new(4096);

	strcpy(f->dir, "/tmp/test_change.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->types[0] = (struct pass_type){ .name = "loyalty",
		.file = "loyalty.yml",
		.unique_identifiers = { unique, 1 } };
	f->types[0].metadata = parsed(a,
	    "{\"tier\":\"{{ .additionalData.tier // \\\"bronze\\\" }}\","
	    "\"points\":\"{{ .additionalData.points }}\"}");
	f->types[1] =
	    (struct pass_type){ .name = "plain", .file = "plain.yml" };
	f->types[2] =
	    (struct pass_type){ .name = "failing", .file = "failing.yml" };
	f->types[2].metadata = parsed(a, "{\"x\":\"{{ error(\\\"no\\\") }}\"}");
	f->t = (struct tenant){ .a = a,
		.default_pass_type = "loyalty",
		.types = f->types,
		.ntypes = 3 };
	f->env = (struct change_env){
		.a = a, .tenant = &f->t, .now = NOW, .random = ident_random
	};
	open_store(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	arena_free(f->t.a);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

/* Any argument may be NULL. */
static struct change_input
input(struct fixture *f, const char *type, const char *ids, const char *data)
{
	return (struct change_input){ .type = type,
		.identifiers = parsed(f->env.a, ids),
		.additional = parsed(f->env.a, data),
		.update_metadata = true };
}

static const char *
created(struct fixture *f, const char *type, const char *ids, const char *data)
{
	const struct change_input in = input(f, type, ids, data);
	struct change_result r;
	struct why w = { 0 };

	if (change_create(&f->env, &in, &r, &w) != ERR_OK)
		fail_msg("%s: %s", w.field, w.text);
	assert_true(r.changed);
	return r.id;
}

static struct pass
stored(struct fixture *f, const char *id)
{
	struct store_pass row;
	struct pass p;

	assert_int_equal(store_pass_read(f->st, id, f->env.a, &row), ERR_OK);
	assert_int_equal(pass_parse(f->env.a, row.document, &p), ERR_OK);
	return p;
}

static const char *
text(struct fixture *f, struct json_object *o)
{
	return json_text_sorted(f->env.a, o).s;
}

/* -- rules -------------------------------------------------------------- */

#define K128                                                                   \
	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"     \
	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define V512 K128 K128 K128 K128

static const struct {
	const char *ids, *data, *extensions;
	enum err create, update;
} rules[] = {
	{ NULL, NULL, NULL, ERR_OK, ERR_OK },
	{ "{}", "{}", NULL, ERR_OK, ERR_OK },
	{ "{\"shop.id\":\"1\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"shop.id\":\"\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"shop.id\":null}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"shop.id\":1}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"shop.id\":[\"1\"]}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"shop.id\":true}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"id\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"id.x\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"id.\":\"\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"idx\":\"1\",\"x.id\":\"1\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"x.hmac\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"x.secret\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\".secret\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"hmac\":\"1\",\"x.secret.y\":\"1\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"" K128 "\":\"1\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"" K128 "k\":\"1\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "{\"k\":\"" V512 "\"}", NULL, NULL, ERR_OK, ERR_OK },
	{ "{\"k\":\"" V512 "v\"}", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "[]", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ "\"x\"", NULL, NULL, ERR_INVALID, ERR_INVALID },
	{ NULL, "[]", NULL, ERR_INVALID, ERR_INVALID },
	{ NULL, "7", NULL, ERR_INVALID, ERR_INVALID },
	{ NULL, "{\"any\":[1,{\"x\":null}]}", NULL, ERR_OK, ERR_OK },
	{ NULL, NULL, "{\"x\":1}", ERR_OK, ERR_INVALID },
	{ NULL, NULL, "[]", ERR_INVALID, ERR_INVALID },
};

static void
test_rules(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct change_input in =
		    input(f, NULL, rules[i].ids, rules[i].data);
		struct why w = { 0 };

		in.extensions = parsed(f->env.a, rules[i].extensions);
		if (change_check(&in, true, &w) != rules[i].create ||
		    (w.text[0] != '\0') != (rules[i].create != ERR_OK))
			fail_msg("create, row %zu: %s", i, w.text);
		w.text[0] = '\0';
		if (change_check(&in, false, &w) != rules[i].update ||
		    (w.text[0] != '\0') != (rules[i].update != ERR_OK))
			fail_msg("update, row %zu: %s", i, w.text);
	}
}

/* {"k0":"v","k1":"v"...} with keys from `from` to `to` */
static const char *
many(struct fixture *f, int from, int to)
{
	struct json_object *o = json_object_in(f->env.a);

	for (int i = from; i < to; i++)
		json_set_string(o, arena_printf(f->env.a, "k%d", i), "v");
	return json_text(f->env.a, o).s;
}

static void
test_identifiers_are_counted(void **state)
{
	struct fixture *f = *state;
	struct change_result r = { .id = "untouched" };
	struct change_input in;
	struct why w = { 0 };
	const char *id;

	in = input(f, "plain", many(f, 0, 33), NULL);
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_INVALID);
	assert_string_equal(w.field, "identifiers");
	id = created(f, "plain", many(f, 0, 32), NULL);
	in = input(f, NULL, many(f, 32, 33), NULL);
	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_INVALID);
	assert_string_equal(r.id, "untouched");
	in = input(f, NULL, "{\"k0\":\"\",\"k32\":\"v\"}", NULL);
	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_OK);
	assert_int_equal(
	    json_object_object_length(stored(f, id).identifiers), 32);
}

/* -- create ------------------------------------------------------------- */

static void
test_create_stores_a_pass(void **state)
{
	struct fixture *f = *state;
	struct change_input in =
	    input(f, NULL, "{\"shop.id\":\"7\",\"email\":\"\",\"no\":null}",
		"{\"points\":10,\"gone\":\"\",\"nil\":null,"
		"\"in\":{\"x\":\"\",\"y\":[\"\",null]}}");
	struct change_result r;
	struct why w = { 0 };
	struct pass p;

	in.extensions = parsed(f->env.a, "{\"e\":\"\"}");
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_OK);
	assert_true(r.changed);
	assert_int_equal(strlen(r.id), IDENT_PASS_LEN);
	p = stored(f, r.id);
	assert_string_equal(p.id, r.id);
	assert_string_equal(p.type, "loyalty");
	assert_int_equal(strlen(p.secret), 32);
	assert_int_equal(strlen(p.apple_token), 32);
	assert_string_not_equal(p.secret, p.apple_token);
	assert_string_equal(p.apple_serial, r.id);
	assert_int_equal(p.created, NOW);
	assert_int_equal(p.updated, NOW);
	assert_int_equal(p.modified, NOW / 1000);
	assert_string_equal(text(f, p.identifiers), "{\"shop.id\":\"7\"}");
	assert_string_equal(text(f, p.additional),
	    "{\"in\":{\"y\":[\"\",null]},\"points\":10}");
	assert_string_equal(
	    text(f, p.metadata), "{\"points\":10,\"tier\":\"bronze\"}");
	assert_string_equal(text(f, p.extensions), "{\"e\":\"\"}");
	assert_string_equal(text(f, p.providers), "{}");
	assert_true(p.has_rendered);
}

/* What create would store, and nothing stored; no store is needed. */
static void
test_make_stores_nothing(void **state)
{
	struct fixture *f = *state;
	const struct change_input in = input(
	    f, NULL, "{\"shop.id\":\"7\"}", "{\"points\":10,\"gone\":\"\"}");
	const struct change_input bad = input(f, "nope", NULL, NULL);
	struct pass p = { 0 };
	struct why w = { 0 };
	uint64_t n;

	f->env.store = NULL;
	assert_int_equal(change_make(&f->env, &bad, &p, &w), ERR_INVALID);
	assert_null(p.id);
	assert_int_equal(change_make(&f->env, &in, &p, &w), ERR_OK);
	assert_int_equal(strlen(p.id), IDENT_PASS_LEN);
	assert_string_equal(p.type, "loyalty");
	assert_string_equal(text(f, p.additional), "{\"points\":10}");
	assert_string_equal(
	    text(f, p.metadata), "{\"points\":10,\"tier\":\"bronze\"}");
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 0);
}

static void
test_create_indexes_identifiers(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, "plain", "{\"email\":\"a@b\"}", NULL);
	const struct store_field field = { slice_of("identifiers.email"),
		slice_of("a@b") };
	const char *found[2];
	size_t n;

	assert_int_equal(
	    store_field_find(f->st, &field, 1, f->env.a, found, 2, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_string_equal(found[0], id);
}

static void
test_same_unique_values_are_the_same_pass(void **state)
{
	struct fixture *f = *state;
	const char *first = created(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	struct change_input in =
	    input(f, NULL, "{\"shop.id\":\"7\",\"x\":\"y\"}", "{\"points\":1}");
	struct change_result r;
	struct why w = { 0 };

	f->env.now += 1000;
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_OK);
	assert_false(r.changed);
	assert_string_equal(r.id, first);
	assert_int_equal(stored(f, first).updated, NOW);
	assert_string_equal(text(f, stored(f, first).additional), "{}");
	/* near misses */
	assert_string_not_equal(
	    created(f, NULL, "{\"shop.id\":\"8\"}", NULL), first);
	assert_string_not_equal(
	    created(f, "plain", "{\"shop.id\":\"7\"}", NULL), first);
	assert_string_not_equal(created(f, NULL, NULL, NULL),
	    created(f, NULL, "{\"shop.id\":\"\"}", NULL));
}

static const struct {
	const char *def, *type, *data;
	enum err want;
	const char *field;
} refused[] = {
	{ NULL, NULL, NULL, ERR_INVALID, "passType" },
	{ "loyalty", "nope", NULL, ERR_INVALID, "passType" },
	{ "loyalty", "Loyalty", NULL, ERR_INVALID, "passType" },
	{ "loyalty", "failing", NULL, ERR_INTERNAL, "" },
	{ "loyalty", NULL, "[]", ERR_INVALID, "additionalData" },
};

static void
test_create_refuses(void **state)
{
	struct fixture *f = *state;
	uint64_t n;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct change_input in =
		    input(f, refused[i].type, NULL, refused[i].data);
		struct change_result r = { .id = "untouched" };
		struct why w = { 0 };

		f->t.default_pass_type = refused[i].def;
		assert_int_equal(
		    change_create(&f->env, &in, &r, &w), refused[i].want);
		assert_string_equal(w.field, refused[i].field);
		assert_string_equal(r.id, "untouched");
	}
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, 0);
}

/* A member of `n` bytes. */
static const char *
large(struct fixture *f, size_t n)
{
	char *s = arena_alloc(f->env.a, n + 1);

	memset(s, 'x', n);
	return arena_printf(f->env.a, "{\"s\":\"%s\"}", s);
}

static void
test_documents_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct change_result r = { .id = "untouched" };
	struct change_input in;
	struct why w = { 0 };
	const char *id;

	in = input(f, "plain", NULL, large(f, PASS_DOCUMENT_MAX));
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_TOOBIG);
	assert_string_equal(w.field, "additionalData");
	id = created(f, "plain", NULL, large(f, PASS_DOCUMENT_MAX - 2000));
	in = input(f, NULL, NULL, large(f, PASS_DOCUMENT_MAX));
	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_TOOBIG);
	assert_string_equal(r.id, "untouched");
	assert_int_equal(stored(f, id).updated, NOW);
}

/*
 * Gives the bytes of a first id again and again, then other ones; each call
 * of ident_new() for a secret comes before those for ids.
 */
static unsigned same_calls;

static void
stuck_random(void *p, size_t n)
{
	static unsigned char other;

	memset(p, same_calls > 0 ? 7 : 8 + (other++ % 16), n);
	if (same_calls > 0)
		same_calls--;
}

static void
test_a_taken_id_is_made_anew(void **state)
{
	struct fixture *f = *state;
	const struct change_input in = input(f, "plain", NULL, NULL);
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };
	const char *first, *second;

	f->env.random = stuck_random;
	same_calls = 1000;
	first = created(f, "plain", NULL, NULL);
	same_calls = 5;
	second = created(f, "plain", NULL, NULL);
	assert_string_not_equal(first, second);
	assert_string_equal(stored(f, second).id, second);
	assert_string_equal(stored(f, second).apple_serial, second);
	same_calls = 5;
	second = created(f, "loyalty", "{\"shop.id\":\"7\"}", NULL);
	assert_string_not_equal(first, second);
	assert_string_equal(stored(f, second).type, "loyalty");
	same_calls = 100000;
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_INTERNAL);
	assert_string_equal(r.id, "untouched");
	same_calls = 0;
}

/* -- update ------------------------------------------------------------- */

static const struct {
	const char *ids, *data;           /* sent */
	const char *want_ids, *want_data; /* of {"a":"1","b":"2"}, {"p":1,
					     "q":{"r":"s","t":"u"}} */
	bool changed;
} merges[] = {
	{ NULL, NULL, NULL, NULL, false },
	{ "{}", "{}", NULL, NULL, false },
	{ "{\"a\":\"1\"}", "{\"p\":1}", NULL, NULL, false },
	{ NULL, "{\"q\":{\"r\":\"s\"}}", NULL, NULL, false },
	{ NULL, "{\"p\":1.0}", NULL, NULL, false },
	{ "{\"none\":\"\"}", "{\"none\":null,\"q\":{\"none\":\"\"}}", NULL,
	    NULL, false },
	{ "{\"a\":\"x\"}", NULL, "{\"a\":\"x\",\"b\":\"2\"}", NULL, true },
	{ "{\"a\":\"\"}", NULL, "{\"b\":\"2\"}", NULL, true },
	{ "{\"a\":null,\"b\":\"\",\"c\":\"3\"}", NULL, "{\"c\":\"3\"}", NULL,
	    true },
	{ NULL, "{\"p\":2}", NULL, "{\"p\":2,\"q\":{\"r\":\"s\",\"t\":\"u\"}}",
	    true },
	{ NULL, "{\"p\":\"1\"}", NULL,
	    "{\"p\":\"1\",\"q\":{\"r\":\"s\",\"t\":\"u\"}}", true },
	{ NULL, "{\"q\":{\"r\":\"\"}}", NULL, "{\"p\":1,\"q\":{\"t\":\"u\"}}",
	    true },
	{ NULL, "{\"q\":null,\"p\":\"\"}", NULL, "{}", true },
	{ NULL, "{\"q\":[1,null,\"\"]}", NULL, "{\"p\":1,\"q\":[1,null,\"\"]}",
	    true },
};

static void
test_update_merges(void **state)
{
	static const char ids[] = "{\"a\":\"1\",\"b\":\"2\"}";
	static const char data[] = "{\"p\":1,\"q\":{\"r\":\"s\",\"t\":\"u\"}}";
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		const char *id = created(f, "plain", ids, data);
		const struct change_input in =
		    input(f, NULL, merges[i].ids, merges[i].data);
		struct change_result r;
		struct why w = { 0 };
		struct pass p;

		assert_int_equal(
		    change_update(&f->env, id, &in, &r, &w), ERR_OK);
		p = stored(f, id);
		if (r.changed != merges[i].changed)
			fail_msg("row %zu", i);
		assert_string_equal(r.id, id);
		assert_string_equal(text(f, p.identifiers),
		    merges[i].want_ids == NULL ? ids : merges[i].want_ids);
		assert_string_equal(text(f, p.additional),
		    merges[i].want_data == NULL ? data : merges[i].want_data);
		assert_int_equal(p.updated, NOW + merges[i].changed);
		assert_int_equal(p.modified, NOW / 1000 + merges[i].changed);
	}
}

static bool
updated(struct fixture *f, const char *id, const struct change_input *in)
{
	struct change_result r;
	struct why w = { 0 };

	if (change_update(&f->env, id, in, &r, &w) != ERR_OK)
		fail_msg("%s: %s", w.field, w.text);
	return r.changed;
}

/* At the same moment, after a second, and when the clock went back. */
static void
test_dates_rise(void **state)
{
	static const struct {
		int64_t now, updated, modified;
	} steps[] = {
		{ NOW, NOW + 1, NOW / 1000 + 1 },
		{ NOW, NOW + 2, NOW / 1000 + 2 },
		{ NOW + 10000, NOW + 10000, NOW / 1000 + 10 },
		{ NOW + 10001, NOW + 10001, NOW / 1000 + 11 },
		{ NOW - 86400000, NOW + 10002, NOW / 1000 + 12 },
	};
	struct fixture *f = *state;
	const char *id = created(f, "plain", NULL, NULL);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct change_input in = input(
		    f, NULL, NULL, arena_printf(f->env.a, "{\"i\":%zu}", i));

		f->env.now = steps[i].now;
		assert_true(updated(f, id, &in));
		assert_int_equal(stored(f, id).updated, steps[i].updated);
		assert_int_equal(stored(f, id).modified, steps[i].modified);
		assert_int_equal(stored(f, id).created, NOW);
	}
}

static void
test_metadata_only_when_asked(void **state)
{
	struct fixture *f = *state;
	const char *id =
	    created(f, NULL, "{\"shop.id\":\"7\"}", "{\"points\":1}");
	struct change_input in = input(f, NULL, NULL, "{\"points\":2}");

	in.update_metadata = false;
	assert_true(updated(f, id, &in));
	assert_string_equal(text(f, stored(f, id).metadata),
	    "{\"points\":1,\"tier\":\"bronze\"}");
	in = input(f, NULL, NULL, NULL);
	assert_true(updated(f, id, &in));
	assert_string_equal(text(f, stored(f, id).metadata),
	    "{\"points\":2,\"tier\":\"bronze\"}");
	assert_false(updated(f, id, &in));
}

/* An empty update publishes what the operator changed. */
static void
test_another_template_is_a_change(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, "plain", NULL, NULL);
	struct change_input in = input(f, NULL, NULL, NULL);

	in.update_metadata = false;
	assert_false(updated(f, id, &in));
	f->types[1].digest[31] ^= 1;
	assert_true(updated(f, id, &in));
	assert_false(updated(f, id, &in));
}

static void
test_a_pass_changes_its_type(void **state)
{
	struct fixture *f = *state;
	const char *id =
	    created(f, "plain", "{\"shop.id\":\"7\"}", "{\"points\":3}");
	struct change_input in = input(f, "loyalty", NULL, NULL);
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };

	assert_true(updated(f, id, &in));
	assert_string_equal(stored(f, id).type, "loyalty");
	assert_string_equal(text(f, stored(f, id).metadata),
	    "{\"points\":3,\"tier\":\"bronze\"}");
	assert_false(updated(f, id, &in));
	/* it now holds the unique values of that type */
	in = input(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_OK);
	assert_string_equal(r.id, id);

	in = input(f, "nope", NULL, NULL);
	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_INVALID);
	assert_string_equal(w.field, "passType");
}

static void
test_a_type_may_be_gone(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, "plain", NULL, NULL);
	struct change_input in = input(f, NULL, NULL, "{\"x\":1}");
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };

	f->types[1].name = "renamed";
	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_UNSET);
	assert_string_equal(w.field, "passType");
	assert_string_equal(r.id, "untouched");
	in.update_metadata = false;
	assert_true(updated(f, id, &in));
	in = input(f, "renamed", NULL, NULL);
	assert_true(updated(f, id, &in));
	assert_string_equal(stored(f, id).type, "renamed");
}

static void
test_unique_values_of_another_are_a_conflict(void **state)
{
	struct fixture *f = *state;
	const char *one = created(f, NULL, "{\"shop.id\":\"1\"}", NULL);
	const char *two = created(f, NULL, "{\"shop.id\":\"2\"}", NULL);
	struct change_input in = input(f, NULL, "{\"shop.id\":\"1\"}", NULL);
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };

	assert_int_equal(
	    change_update(&f->env, two, &in, &r, &w), ERR_CONFLICT);
	assert_string_equal(w.field, "identifiers");
	assert_string_equal(r.id, "untouched");
	assert_string_equal(
	    text(f, stored(f, two).identifiers), "{\"shop.id\":\"2\"}");
	/* what one gives up, two may take */
	in = input(f, NULL, "{\"shop.id\":\"3\"}", NULL);
	assert_true(updated(f, one, &in));
	in = input(f, NULL, "{\"shop.id\":\"1\"}", NULL);
	assert_true(updated(f, two, &in));
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_OK);
	assert_string_equal(r.id, two);
}

/* Two passes from before the type had unique identifiers. */
static void
test_an_older_pass_takes_no_entry_of_another(void **state)
{
	struct fixture *f = *state;
	struct change_input in = input(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	const struct strings none = { 0 };
	const struct strings unique = f->types[0].unique_identifiers;
	struct change_result r;
	struct why w = { 0 };
	const char *old, *new;

	f->types[0].unique_identifiers = none;
	old = created(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	f->types[0].unique_identifiers = unique;
	new = created(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	in = input(f, NULL, "{\"shop.id\":\"8\"}", NULL);
	assert_true(updated(f, old, &in));
	in = input(f, NULL, "{\"shop.id\":\"7\"}", NULL);
	assert_int_equal(change_create(&f->env, &in, &r, &w), ERR_OK);
	assert_string_equal(r.id, new);
}

static void
test_update_of_nothing(void **state)
{
	struct fixture *f = *state;
	const struct change_input in = input(f, NULL, NULL, "{\"x\":1}");
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };

	assert_int_equal(
	    change_update(&f->env, "abcdefghijkl", &in, &r, &w), ERR_NOTFOUND);
	assert_int_not_equal(w.text[0], '\0');
	assert_string_equal(r.id, "untouched");
}

static void
test_a_failing_template_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, "plain", NULL, "{\"x\":1}");
	const struct change_input in = input(f, "failing", NULL, "{\"x\":2}");
	struct change_result r = { .id = "untouched" };
	struct why w = { 0 };

	assert_int_equal(change_update(&f->env, id, &in, &r, &w), ERR_INTERNAL);
	assert_string_equal(r.id, "untouched");
	assert_string_equal(text(f, stored(f, id).additional), "{\"x\":1}");
	assert_string_equal(stored(f, id).type, "plain");
}

/* -- what is owed ------------------------------------------------------- */

static enum err
store_again(struct txn *t, void *arg)
{
	struct store_pass *p = arg, old;
	struct arena *a = arena_new(4096);
	enum err e = store_pass_get(t, p->id, true, a, &old);

	if (e == ERR_OK)
		e = store_pass_change(t, &old, p);
	arena_free(a);
	return e;
}

/* As the wallets' own calls will. */
static void
install(struct fixture *f, const char *id, const char *providers)
{
	struct pass p = stored(f, id);
	struct store_pass row = { .id = id };

	p.providers = parsed(f->env.a, providers);
	assert_int_equal(pass_print(f->env.a, &p, &row.document), ERR_OK);
	assert_int_equal(store_run(f->st, store_again, &row), ERR_OK);
}

static const struct {
	const char *providers, *data;
	unsigned owes;
} owing[] = {
	{ "{}", "{\"x\":1}", 0 },
	{ "{\"apple\":{\"activeRegistrations\":1}}", "{\"x\":1}", STORE_APPLE },
	{ "{\"apple\":{\"activeRegistrations\":1}}", NULL, 0 },
	{ "{\"apple\":{\"activeRegistrations\":1}}", "{\"x\":\"\"}", 0 },
	{ "{\"apple\":{\"activeRegistrations\":0,"
	  "\"totalRegistrations\":1}}",
	    "{\"x\":1}", 0 },
	{ "{\"google\":{\"activeRegistrations\":2}}", "{\"x\":1}",
	    STORE_GOOGLE },
	{ "{\"apple\":{\"activeRegistrations\":1},"
	  "\"google\":{\"activeRegistrations\":1}}",
	    "{\"x\":1}", STORE_APPLE | STORE_GOOGLE },
	{ "{\"apple\":true}", "{\"x\":1}", 0 },
};

static void
test_installed_passes_owe(void **state)
{
	struct fixture *f = *state;

	f->t.push_window = 2000;
	for (size_t i = 0; i < sizeof(owing) / sizeof(owing[0]); i++) {
		struct change_input in = input(f, NULL, NULL, owing[i].data);
		const char *id = created(f, "plain", NULL, NULL);
		struct change_result r;
		struct due d = { .wallets = 0 };
		struct why w;
		enum err e;

		install(f, id, owing[i].providers);
		assert_int_equal(
		    change_update(&f->env, id, &in, &r, &w), ERR_OK);
		e = due_find(f->st, id, f->env.a, &d);
		if (d.wallets != owing[i].owes ||
		    (e == ERR_OK) != (d.wallets != 0) ||
		    r.owes != (d.wallets != 0))
			fail_msg("row %zu: %u", i, d.wallets);
		if (d.wallets != 0)
			assert_int_equal(d.at, NOW + 2000);
	}
}

/* The messages owed to Google's holders, in their order. */
static const char *
messages(struct fixture *f, const char *id)
{
	const char *all = "";
	struct message m;
	enum err e;

	while ((e = message_next(f->st, id, f->env.a, &m)) == ERR_OK) {
		struct json_object *o = parsed(f->env.a, m.json.s);

		all = arena_printf(
		    f->env.a, "%s %s", all, json_get_string(o, "content"));
		assert_int_equal(message_done(f->st, id, m.sequence), ERR_OK);
	}
	assert_int_equal(e, ERR_NOTFOUND);
	return all;
}

static void
test_google_is_owed_each_message(void **state)
{
	static const struct {
		const char *providers, *owed;
	} t[] = {
		{ "{}", "" },
		{ "{\"apple\":{\"activeRegistrations\":1}}", "" },
		{ "{\"google\":{\"activeRegistrations\":0}}", "" },
		{ "{\"google\":{\"activeRegistrations\":1}}", " one two two" },
	};
	static const char *const texts[] = { "one", "two", "two" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *id = created(f, "plain", NULL, NULL);

		install(f, id, t[i].providers);
		for (size_t n = 0; n < 3; n++) {
			struct change_input in = input(f, NULL, NULL, NULL);
			struct change_result r;
			struct why w;

			in.message = json_object_in(f->env.a);
			json_set_string(in.message, "content", texts[n]);
			assert_int_equal(
			    change_update(&f->env, id, &in, &r, &w), ERR_OK);
		}
		assert_string_equal(messages(f, id), t[i].owed);
	}
}

/* -- many at once ------------------------------------------------------- */

/* Counts its calls, and fails when told to. */
struct also {
	int calls;
	enum err e;
};

static enum err
also(struct txn *t, void *arg)
{
	struct also *al = arg;

	(void)t;
	al->calls++;
	return al->e;
}

static void
test_a_batch_judges_each_pass(void **state)
{
	struct fixture *f = *state;
	struct change_input in =
	    input(f, NULL, "{\"shop.id\":\"7\"}", "{\"x\":1}");
	struct also al = { 0, ERR_OK };
	struct change_item items[] = {
		{ .id = created(f, NULL, "{\"shop.id\":\"1\"}", NULL) },
		{ .id = "abcdefghijkl" },
		{ .id = NULL },
		{ .id = created(f, NULL, "{\"shop.id\":\"2\"}", NULL) },
		{ .id = created(f, "plain", NULL, NULL) },
		{ .id = created(
		      f, "plain", "{\"shop.id\":\"7\"}", "{\"x\":1}") },
	};
	static const struct {
		enum err e;
		bool changed;
	} want[] = {
		{ ERR_OK, true },
		{ ERR_NOTFOUND, false },
		{ ERR_NOTFOUND, false },
		{ ERR_CONFLICT, false }, /* the first has it now */
		{ ERR_OK, true },
		{ ERR_OK, false },
	};

	install(f, items[4].id, "{\"apple\":{\"activeRegistrations\":1}}");
	in.operation = "123456789012345678901234";
	in.update_metadata = false;
	assert_int_equal(
	    change_batch(&f->env, &in, items, 6, also, &al), ERR_OK);
	assert_int_equal(al.calls, 1);
	for (size_t i = 0; i < 6; i++)
		if (items[i].err != want[i].e ||
		    items[i].changed != want[i].changed ||
		    items[i].owes != (i == 4))
			fail_msg("item %zu: %d", i, (int)items[i].err);
	assert_string_equal(
	    text(f, stored(f, items[0].id).additional), "{\"x\":1}");
	assert_string_equal(text(f, stored(f, items[3].id).additional), "{}");
}

static void
test_a_batch_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct change_input in = input(f, NULL, NULL, "{\"x\":1}");
	struct also al = { 0, ERR_CONFLICT };
	struct change_item items[] = {
		{ .id = created(f, NULL, NULL, NULL) },
		{ .id = created(f, NULL, NULL, NULL) },
	};

	assert_int_equal(
	    change_batch(&f->env, &in, items, 2, also, &al), ERR_CONFLICT);
	assert_string_equal(text(f, stored(f, items[0].id).additional), "{}");
	assert_int_equal(stored(f, items[1].id).updated, NOW);
}

static void
test_a_failing_template_is_an_error_of_its_pass(void **state)
{
	struct fixture *f = *state;
	struct change_input in = input(f, NULL, NULL, "{\"x\":1}");
	struct also al = { 0, ERR_OK };
	struct change_item items[] = {
		{ .id = created(f, "plain", NULL, NULL) },
		{ .id = created(f, NULL, NULL, NULL) },
	};

	f->types[1].metadata = f->types[2].metadata;
	f->types[1].compiled = NULL;
	assert_int_equal(
	    change_batch(&f->env, &in, items, 2, also, &al), ERR_OK);
	assert_int_equal(items[0].err, ERR_INTERNAL);
	assert_int_equal(items[1].err, ERR_OK);
	assert_string_equal(text(f, stored(f, items[0].id).additional), "{}");
	assert_string_equal(
	    text(f, stored(f, items[1].id).additional), "{\"x\":1}");
}

/* -- at the same time --------------------------------------------------- */

#define ROUNDS 20

static int
create_all(struct fixture *f)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct change_input in = input(f, NULL,
		    arena_printf(f->env.a, "{\"shop.id\":\"%d\"}", i), NULL);
		struct change_result r;
		struct why w;

		if (change_create(&f->env, &in, &r, &w) != ERR_OK)
			return 1;
	}
	return 0;
}

static int
update_all(struct fixture *f, const char *id, int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct change_input in = input(f, NULL, NULL,
		    arena_printf(f->env.a, "{\"%c%d\":1}", 'a' + who, i));
		struct change_result r;
		struct why w;
		enum err e;

		/* busy is an answer; a lost update would not be */
		do
			e = change_update(&f->env, id, &in, &r, &w);
		while (e == ERR_BUSY);
		if (e != ERR_OK)
			return 1;
	}
	return 0;
}

/* The same by batches of one. */
static int
batch_all(struct fixture *f, const char *id, int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct change_input in = input(f, NULL, NULL,
		    arena_printf(f->env.a, "{\"%c%d\":1}", 'a' + who, i));
		struct also al = { 0, ERR_OK };
		struct change_item item;

		do {
			item = (struct change_item){ .id = id };
			if (change_batch(&f->env, &in, &item, 1, also, &al) !=
			    ERR_OK)
				return 1;
		} while (item.err == ERR_BUSY);
		if (item.err != ERR_OK)
			return 1;
	}
	return 0;
}

/* Three processes at once, each with the store open for itself. */
static void
race(struct fixture *f, const char *id)
{
	int status;

	store_close(f->st);
	f->st = NULL;
	for (int who = 0; who < 3; who++) {
		if (fork() != 0)
			continue;
		open_store(f);
		status = id == NULL ? create_all(f)
		    : who == 2      ? batch_all(f, id, who)
				    : update_all(f, id, who);
		store_close(f->st);
		_exit(status);
	}
	for (int who = 0; who < 3; who++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	open_store(f);
}

static void
test_simultaneous_creates_make_one_pass(void **state)
{
	struct fixture *f = *state;
	uint64_t n;

	race(f, NULL);
	assert_int_equal(store_count(f->st, &n), ERR_OK);
	assert_int_equal(n, ROUNDS);
}

static void
test_simultaneous_updates_are_all_kept(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, NULL, NULL, NULL);

	race(f, id);
	assert_int_equal(
	    json_object_object_length(stored(f, id).additional), 3 * ROUNDS);
	assert_int_equal(stored(f, id).updated, NOW + 3 * ROUNDS);
	assert_int_equal(stored(f, id).modified, NOW / 1000 + 3 * ROUNDS);
}

/* While this one computes, the other writes: it must begin again. */
static void
test_an_overtaken_update_begins_again(void **state)
{
	struct fixture *f = *state;
	const char *id = created(f, "plain", NULL, NULL);
	struct change_input in = input(f, NULL, NULL, "{\"slow\":1}");
	struct change_result r;
	struct why w;
	int go[2], status;
	char c;

	f->types[1].metadata = parsed(f->env.a,
	    "{\"n\":\"{{ reduce range(400000) as $i (0; . + 1) }}\"}");
	f->types[1].compiled = NULL;
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(pipe(go), 0);
	if (fork() == 0) {
		open_store(f);
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		status = change_update(&f->env, id, &in, &r, &w) != ERR_OK;
		store_close(f->st);
		_exit(status);
	}
	open_store(f);
	assert_int_equal(write(go[1], "x", 1), 1);
	for (int i = 0; i < 4; i++) {
		(void)usleep(20000);
		in = input(
		    f, NULL, NULL, arena_printf(f->env.a, "{\"quick\":%d}", i));
		in.update_metadata = false;
		assert_true(updated(f, id, &in));
	}
	assert_true(wait(&status) > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(
	    text(f, stored(f, id).additional), "{\"quick\":3,\"slow\":1}");
	(void)close(go[0]);
	(void)close(go[1]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rules),
		TEST(test_identifiers_are_counted),
		TEST(test_create_stores_a_pass),
		TEST(test_make_stores_nothing),
		TEST(test_create_indexes_identifiers),
		TEST(test_same_unique_values_are_the_same_pass),
		TEST(test_create_refuses),
		TEST(test_documents_have_a_limit),
		TEST(test_a_taken_id_is_made_anew),
		TEST(test_update_merges),
		TEST(test_dates_rise),
		TEST(test_metadata_only_when_asked),
		TEST(test_another_template_is_a_change),
		TEST(test_a_pass_changes_its_type),
		TEST(test_a_type_may_be_gone),
		TEST(test_unique_values_of_another_are_a_conflict),
		TEST(test_an_older_pass_takes_no_entry_of_another),
		TEST(test_update_of_nothing),
		TEST(test_a_failing_template_keeps_nothing),
		TEST(test_installed_passes_owe),
		TEST(test_google_is_owed_each_message),
		TEST(test_a_batch_judges_each_pass),
		TEST(test_a_batch_is_all_or_nothing),
		TEST(test_a_failing_template_is_an_error_of_its_pass),
		TEST(test_simultaneous_creates_make_one_pass),
		TEST(test_simultaneous_updates_are_all_kept),
		TEST(test_an_overtaken_update_begins_again),
	};

	log_open("test_change", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
