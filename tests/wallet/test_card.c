#include "wallet/card.h"

#include "base/buf.h"
#include "base/log.h"
#include "conf/yaml.h"
#include "fixture.h"

struct world {
	struct arena *a;
	struct tenant tenant;
	struct pass_type type;
	struct pass pass;
};

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

static void
test_colour(void **state)
{
	static const struct {
		const char *text;
		bool good;
		unsigned rgb[3];
	} t[] = {
		{ "#1b3A5b", true, { 0x1b, 0x3a, 0x5b } },
		{ "#fa0", true, { 0xff, 0xaa, 0 } },
		{ "rgb(27, 58, 91)", true, { 27, 58, 91 } },
		{ "rgb(0,0,255)", true, { 0, 0, 255 } },
		{ "rgb(0,0,256)", false, { 0 } },
		{ "rgb(1,2)", false, { 0 } },
		{ "rgb(1,2,3)x", false, { 0 } },
		{ "#12345", false, { 0 } },
		{ "#1234567", false, { 0 } },
		{ "#gg0000", false, { 0 } },
		{ "navy", false, { 0 } },
		{ "", false, { 0 } },
	};
	unsigned rgb[3];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (card_colour(t[i].text, rgb) != t[i].good)
			fail_msg("%s", t[i].text);
		if (t[i].good)
			assert_memory_equal(rgb, t[i].rgb, sizeof(rgb));
	}
}

/* Members of a card: each row has one fault on its line, or none. */
/* clang-format off */
static const struct {
	const char *card; /* from line 3 */
	int line;
	const char *text; /* NULL: none; "warning: ..." */
} wrong[] = {
	{ "title: t", 0, NULL },
	{ "tittle: t", 3, "unknown key \"tittle\": did you mean \"title\"" },
	{ "header:\n  - { key: a, value: 1 }", 0, NULL },
	{ "header:\n  - { key: a, value: \"{{ null }}\" }", 0, NULL },
	{ "header:\n  - { key: b, value: 1 }\n  - { key: a }", 5, "\"value\" is missing" },
	{ "header:\n  - { value: 1 }", 4, "\"key\" is missing" },
	{ "header:\n  - { key: \"\", value: 1 }", 4, "\"key\" is empty" },
	{ "header:\n  - key: a\n    value: 1\n    lable: x", 6, "did you mean \"label\"" },
	{ "header:\n  - { key: a, value: 1 }\nback:\n  - { key: a, value: 1 }", 6, "on line 4: keys are unique" },
	{ "header:\n  - { key: a, value: 1 }\nback:\n  - { key: A, value: 1 }", 0, NULL },
	{ "header:\n  - { key: \"{{ 1 }}\", value: 1 }\n  - { key: \"{{ 1 }}\", value: 1 }", 0, NULL },
	{ "header: { key: a, value: 1 }", 3, "\"header\": a list of fields" },
	{ "header: a", 3, "\"header\": a list of fields" },
	{ "header: \"{{ [] }}\"", 0, NULL },
	{ "header: [\"{{ null }}\"]", 0, NULL },
	{ "header:\n  - a", 4, "\"header\": a mapping is expected" },
	{ "header:\n  - { key: a, value: 1, role: x, changeMessage: now %@ }", 0, NULL },
	{ "header:\n  - { key: a, value: 1, changeMessage: now }", 4, "lacks %@" },
	{ "header:\n  - { key: a, value: 1, changeMessage: \"{{ 1 }}\" }", 0, NULL },
	{ "header:\n  - { key: a, value: soon, dateStyle: PKDateStyleFull }", 4, "\"value\": a date" },
	{ "header:\n  - { key: a, value: \"2027-01-31\", dateStyle: PKDateStyleFull }", 0, NULL },
	{ "colors: { label: \"#fff\" }", 0, NULL },
	{ "colors: { label: \"{{ 1 }}\" }", 0, NULL },
	{ "colors:\n  label: navy", 4, "\"label\": a colour" },
	{ "colors:\n  label: 7", 4, "\"label\": a colour" },
	{ "colors: { backgruond: \"#fff\" }", 3, "did you mean \"background\"" },
	{ "colors: red", 3, "\"colors\": a mapping" },
	{ "barcode: { format: QR, message: m }", 0, NULL },
	{ "barcode: { format: PKBarcodeFormatEAN13, message: m }", 0, NULL },
	{ "barcode:\n  format: ean13\n  message: m", 4, "\"format\": qr, pdf417" },
	{ "barcode: { format: qr }", 3, "\"message\" is missing" },
	{ "barcode:\n  - { format: qr, message: m }\n  - { format: q, message: m }", 5, "\"format\": qr" },
	{ "images: { icon: a.png }", 0, NULL },
	{ "images: { icon: a.gif }", 3, "\"icon\": a PNG file" },
	{ "images: { icon: .png }", 3, "\"icon\": a PNG file" },
	{ "images: { icon: ../a.png }", 3, "\"icon\": a PNG file" },
	{ "images: { icon: /a.png }", 3, "\"icon\": a PNG file" },
	{ "images: { icno: a.png }", 3, "warning: images: unknown key \"icno\": did you mean \"icon\"" },
	{ "images: { strip: a.png, background: b.png }", 3, "warning: an event ticket shows" },
	{ "expirationDate: 2027-01-31T10:00:00Z", 0, NULL },
	{ "expirationDate: 2027-02-30T10:00:00Z", 3, "\"expirationDate\": a date" },
	{ "title: \"{{ $text.hi }}\"", 0, NULL },
	{ "title: \"{{ $text.bye }} {{ $text[\\\"hi\\\"] }}\"", 0, NULL },
	{ "title: \"{{ $text.hy }}\"", 3, "warning: there is no text \"hy\" in loyalty/en.yml" },
	{ "title: \"{{ $text[\\\"hy\\\"] }}\"", 3, "warning: there is no text \"hy\"" },
	{ "header:\n  - { key: a, value: 1,\n      label: \"{{ $text.hi + $text.hy }}\" }", 5, "warning: there is no text \"hy\"" },
};
/* clang-format on */

static void
check_card(struct world *w, size_t row)
{
	const char *text = wrong[row].text;
	const bool warning = text != NULL && strncmp(text, "warning: ", 9) == 0;
	struct faults f;

	faults_init(&f, w->a);
	card_check(&w->tenant, &w->type, &f);
	if (f.n != (text == NULL ? 0 : 1))
		fail_msg("row %zu: %zu faults: %s", row, f.n,
		    f.n > 0 ? f.list[0].text : "");
	if (text == NULL)
		return;
	assert_string_equal(f.list[0].file, "loyalty.yml");
	assert_int_equal(f.list[0].line, wrong[row].line);
	assert_int_equal(f.list[0].warning, warning);
	if (strstr(f.list[0].text, text + (warning ? 9 : 0)) == NULL)
		fail_msg("row %zu: %s", row, f.list[0].text);
}

static void
test_check(void **state)
{
	static const char head[] = "kind: eventTicket\ncard:\n  ";

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct json_object *file = NULL;
		struct world w;
		struct faults f;
		struct buf b;

		world_init(&w, NULL, NULL);
		w.tenant.languages.n = 1;
		w.type.kind = KIND_EVENT_TICKET;
		buf_init(&b, w.a);
		buf_adds(&b, head);
		for (const char *p = wrong[i].card; *p != '\0'; p++) {
			buf_addc(&b, *p);
			if (*p == '\n')
				buf_adds(&b, "  ");
		}
		faults_init(&f, w.a);
		assert_int_equal(
		    yaml_parse(w.a, buf_slice(&b), "loyalty.yml", &f, &file),
		    ERR_OK);
		w.type.card = json_get(file, "card");
		check_card(&w, i);
		arena_free(w.a);
	}
}

static void
test_check_texts(void **state)
{
	struct world w;
	struct faults f;

	(void)state;
	world_init(&w, "{'title':'t'}", NULL);
	w.type.dir = "/t/loyalty";
	faults_init(&f, w.a);
	json_object_object_del(w.type.texts, "ar");
	card_check(&w.tenant, &w.type, &f);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.errors, 0);
	assert_string_equal(f.list[0].file, "/t/loyalty/fr.yml");
	assert_non_null(strstr(f.list[0].text, "text \"bye\" is missing"));
	assert_string_equal(f.list[1].file, "/t/loyalty/ar.yml");
	assert_non_null(strstr(f.list[1].text, "no texts in this language"));

	/* a pass type of no words needs none in any language */
	json_object_object_del(w.type.texts, "en");
	faults_init(&f, w.a);
	card_check(&w.tenant, &w.type, &f);
	assert_int_equal(f.n, 0);

	w.type.card = NULL;
	card_check(&w.tenant, &w.type, &f);
	assert_int_equal(f.errors, 1);
	arena_free(w.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_apple),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
