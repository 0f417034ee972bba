#include <string.h>

#include "pass/types.h"
#include "test.h"

struct fixture {
	struct tenant t;
	struct pass_type type;
};

static struct json_object *
parsed(struct arena *a, const char *text)
{
	struct json_object *o;

	assert_int_equal(
	    json_parse(a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static int
setup(void **state)
{
	static const char *languages[] = { "en", "fr" };
	struct arena *a = arena_new(4096);
	struct fixture *f = arena_alloc(a, sizeof(*f));

	f->t = (struct tenant){ .a = a,
		.name = "Acme",
		.url = "https://w.example",
		.languages = { languages, 2 } };
	f->type =
	    (struct pass_type){ .name = "loyalty", .file = "loyalty.yml" };
	f->type.texts = parsed(a,
	    "{\"en\":{\"hi\":\"Hello\",\"bye\":\"Bye\"},"
	    "\"fr\":{\"hi\":\"Bonjour\"}}");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->t.a);
	return 0;
}

static void
test_metadata_is_compiled_once(void **state)
{
	struct fixture *f = *state;
	struct template *t = NULL, *again = NULL;
	struct json_object *out;
	struct template_input in = { 0 };
	struct faults faults;

	faults_init(&faults, f->t.a);
	f->type.metadata = parsed(f->t.a, "{\"p\":\"{{ .points }}\"}");
	assert_int_equal(types_metadata(&f->t, &f->type, &faults, &t), ERR_OK);
	assert_int_equal(
	    types_metadata(&f->t, &f->type, &faults, &again), ERR_OK);
	assert_non_null(t);
	assert_ptr_equal(t, again);
	in.data = parsed(f->t.a, "{\"points\":7}");
	assert_int_equal(template_run(t, &in, f->t.a, &out), ERR_OK);
	assert_string_equal(json_text(f->t.a, out).s, "{\"p\":7}");
}

static void
test_no_metadata_is_no_template(void **state)
{
	struct fixture *f = *state;
	struct template *t = (struct template *)f;
	struct faults faults;

	faults_init(&faults, f->t.a);
	assert_int_equal(types_metadata(&f->t, &f->type, &faults, &t), ERR_OK);
	assert_null(t);
}

static void
test_faults_are_told_each_time(void **state)
{
	struct fixture *f = *state;
	struct template *t = (struct template *)f;

	f->type.metadata = parsed(f->t.a, "{\"p\":\"{{ nope }}\"}");
	for (int i = 0; i < 2; i++) {
		struct faults faults;

		faults_init(&faults, f->t.a);
		assert_int_equal(
		    types_metadata(&f->t, &f->type, &faults, &t), ERR_INVALID);
		assert_ptr_equal(t, f);
		assert_int_equal(faults.n, 1);
		assert_string_equal(faults.list[0].file, "loyalty.yml");
		assert_non_null(strstr(faults.list[0].text, "nope/0"));
	}
}

static void
test_wallet_is_all_three(void **state)
{
	struct fixture *f = *state;
	struct template *t = NULL;
	struct json_object *out;
	struct template_input in = { 0 };
	struct faults faults;

	faults_init(&faults, f->t.a);
	f->type.card = parsed(f->t.a, "{\"title\":\"{{ $tenant.name }}\"}");
	f->type.google = parsed(f->t.a, "{\"object\":\"{{ $text.hi }}\"}");
	assert_int_equal(types_wallet(&f->t, &f->type, &faults, &t), ERR_OK);
	in.tenant = types_tenant(f->t.a, &f->t);
	in.text = types_text(f->t.a, &f->t, &f->type, "fr");
	assert_int_equal(template_run(t, &in, f->t.a, &out), ERR_OK);
	assert_string_equal(json_text(f->t.a, out).s,
	    "{\"card\":{\"title\":\"Acme\"},"
	    "\"google\":{\"object\":\"Bonjour\"}}");
}

static void
test_tenant_has_name_url_languages(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(json_text(f->t.a, types_tenant(f->t.a, &f->t)).s,
	    "{\"name\":\"Acme\",\"url\":\"https://w.example\","
	    "\"languages\":[\"en\",\"fr\"]}");
}

static const struct {
	const char *language, *want;
} texts[] = {
	{ "en", "{\"bye\":\"Bye\",\"hi\":\"Hello\"}" },
	{ "fr", "{\"bye\":\"Bye\",\"hi\":\"Bonjour\"}" },
	{ "de", "{\"bye\":\"Bye\",\"hi\":\"Hello\"}" },
};

static void
test_missing_texts_fall_back(void **state)
{
	struct fixture *f = *state;
	struct arena *a = f->t.a;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_string_equal(
		    json_text_sorted(
			a, types_text(a, &f->t, &f->type, texts[i].language))
			.s,
		    texts[i].want);
	f->type.texts = json_object_in(a);
	assert_string_equal(
	    json_text(a, types_text(a, &f->t, &f->type, "en")).s, "{}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_metadata_is_compiled_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_no_metadata_is_no_template, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_faults_are_told_each_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_wallet_is_all_three, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_tenant_has_name_url_languages, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_missing_texts_fall_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
