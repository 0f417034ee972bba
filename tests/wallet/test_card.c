#include "wallet/card.h"

#include "base/log.h"
#include "test.h"

struct world {
	struct arena *a;
	struct tenant tenant;
	struct pass_type type;
	struct pass pass;
};

/* JSON with ' for ". */
static struct json_object *
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text);
	struct json_object *o = NULL;
	struct why w = { .text = "" };

	for (char *p = s; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(a, slice_of(s), JSON_DEPTH, &o, &w) != ERR_OK)
		fail_msg("%s: %s", s, w.text);
	return o;
}

static const char *
quoted(struct arena *a, struct json_object *o)
{
	struct slice s = json_text(a, o);
	char *copy = arena_strndup(a, s.s, s.len);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	return copy;
}

static void
world_init(struct world *w, const char *card, const char *apple)
{
	static const char *languages[] = { "en", "fr", "ar" };

	*w = (struct world){ .a = arena_new(16384) };
	w->tenant.a = w->a;
	w->tenant.id = "acme";
	w->tenant.name = "Acme";
	w->tenant.url = "https://wallet.acme.example";
	w->tenant.languages = (struct strings){ languages, 3 };
	w->type.name = "loyalty";
	w->type.file = "loyalty.yml";
	w->type.card = card == NULL ? NULL : json(w->a, card);
	w->type.apple = apple == NULL ? NULL : json(w->a, apple);
	w->type.texts = json(w->a,
	    "{'en':{'hi':'Hello','bye':'Bye'},'fr':{'hi':'Bonjour'},"
	    "'ar':{'hi':'\u0645\u0631\u062d\u0628\u0627'}}");
	w->pass = (struct pass){
		.id = "abcdef123456",
		.type = "loyalty",
		.identifiers = json(w->a, "{'email':'a@b.example'}"),
		.metadata = json(w->a, "{'tier':'gold'}"),
		.additional = json(w->a, "{'points':7}"),
		.providers = json_object_in(w->a),
		.extensions = json_object_in(w->a),
	};
}

static void
test_render(void **state)
{
	/* clang-format off */
	static const struct {
		const char *card, *want[3];
	} t[] = {
		{ "{'title':'{{ $text.hi }} {{ .additionalData.points }}'}",
		  { "{'title':'Hello 7'}", "{'title':'Bonjour 7'}", "{'title':'\u0645\u0631\u062d\u0628\u0627 7'}" } },
		{ "{'title':'{{ $text.bye }}'}",
		  { "{'title':'Bye'}", "{'title':'Bye'}", "{'title':'Bye'}" } },
		{ "{'a':'{{ .metadata.tier }}','b':'{{ .identifiers.email }}','c':'{{ $tenant.name }}','d':'{{ .id }}'}",
		  { "{'a':'gold','b':'a@b.example','c':'Acme','d':'abcdef123456'}" } },
		{ "{'header':[{'key':'a','value':'{{ .additionalData.points }}'},{'key':'b','value':'{{ .additionalData.gone }}'},{'key':'c','value':''}]}",
		  { "{'header':[{'key':'a','value':7},{'key':'c','value':''}]}" } },
		{ "{'primary':[{'key':'a'}],'secondary':[{'key':'b','value':null}],'auxiliary':[{'key':'c','value':'{{ null }}'}],'back':[{'key':'d','value':false}]}",
		  { "{'primary':[],'secondary':[],'auxiliary':[],'back':[{'key':'d','value':false}]}" } },
		{ "{'header':'x','locations':[{'key':'a'}]}",
		  { "{'header':'x','locations':[{'key':'a'}]}" } },
		{ NULL, { "{}" } },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct card card;
		struct world w;

		world_init(&w, t[i].card, NULL);
		assert_int_equal(
		    card_render(w.a, &w.tenant, &w.type, &w.pass, &card),
		    ERR_OK);
		assert_int_equal(card.n, 3);
		for (size_t k = 0; k < 3; k++) {
			const char *want =
			    t[i].want[k] != NULL ? t[i].want[k] : t[i].want[0];
			const char *got = quoted(w.a, card.sides[k].card);

			assert_string_equal(
			    card.sides[k].language, w.tenant.languages.s[k]);
			if (strcmp(got, want) != 0)
				fail_msg("row %zu: %s, not %s", i, got, want);
			assert_null(card.sides[k].apple);
			assert_null(card.sides[k].google);
		}
		arena_free(w.a);
	}
}

static void
test_apple(void **state)
{
	struct card card;
	struct world w;

	(void)state;
	world_init(&w, "{}", "{'userInfo':{'hi':'{{ $text.hi }}'}}");
	w.type.google = json(w.a, "{'object':{'id':'{{ .id }}'}}");
	assert_int_equal(
	    card_render(w.a, &w.tenant, &w.type, &w.pass, &card), ERR_OK);
	assert_string_equal(
	    quoted(w.a, card.sides[1].apple), "{'userInfo':{'hi':'Bonjour'}}");
	assert_string_equal(quoted(w.a, card.sides[2].google),
	    "{'object':{'id':'abcdef123456'}}");
	arena_free(w.a);
}

static void
test_failures(void **state)
{
	static const char *const t[] = { "{'title':'{{ error }}'}",
		"{'title':'{{ .id | tonumber }}'}", "{'title':'{{ ( }}'}" };

	(void)state;
	log_open("test", "/dev/null", LOG_LVL_ERROR);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct card card = { .n = 42 };
		struct world w;

		world_init(&w, t[i], NULL);
		assert_int_equal(
		    card_render(w.a, &w.tenant, &w.type, &w.pass, &card),
		    ERR_INTERNAL);
		assert_int_equal(card.n, 42);
		arena_free(w.a);
	}
	log_open("test", "stderr", LOG_LVL_INFO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_apple),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
