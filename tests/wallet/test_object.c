#include "wallet/google/object.h"

#include <stdio.h>

#include "fixture.h"
#include "wallet/google/rows.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct world {
	struct arena *a;
	struct tenant tenant;
	struct pass_type type;
	struct pass pass;
};

static void
world_init(struct world *w, int kind)
{
	*w = (struct world){ .a = arena_new(16384) };
	w->tenant.id = "acme";
	w->tenant.name = "Acme Ltd";
	w->tenant.url = "https://wallet.acme.example";
	w->type.name = "demo";
	w->type.kind = kind;
	w->type.google_conf.issuer_id = "3388";
	w->type.images = json(w->a, "{'logo.png':'aa','logo@2x.png':'bb'}");
	w->pass.id = "abcdef123456";
}

static void
build(struct world *w, const char *card, const char *google, struct object *o)
{
	struct card_side side = { .language = "en",
		.card = json(w->a, card),
		.google = google == NULL ? NULL : json(w->a, google) };
	const struct card c = { .sides = &side, .n = 1 };

	w->type.card = side.card;
	object_of_card(w->a, &w->tenant, &w->type, &w->pass, &c, o);
}

/* One member, by its path, of the class ("class.a.b") or the object. */
static const char *
at(struct world *w, const struct object *o, const char *path)
{
	struct json_object *v =
	    strncmp(path, "class.", 6) == 0 ? o->class : o->of;
	char *part = arena_strdup(w->a, path + 6), *save = NULL;

	for (char *p = strtok_r(part, ".", &save); p != NULL;
	     p = strtok_r(NULL, ".", &save))
		v = json_object_is_type(v, json_type_array)
		    ? json_object_array_get_idx(v, (size_t)(*p - '0'))
		    : json_get(v, p);
	return quoted(w->a, v);
}

#define TEXT(s) "{'defaultValue':{'language':'en','value':'" s "'}}"

static void
each_kind(void **state)
{
	static const struct {
		int kind;
		const char *card, *google, *path, *wanted;
	} t[] = {
		{ KIND_CUSTOMER_CARD, "{'title':'Club'}", NULL,
		    "class.programName", "'Club'" },
		{ KIND_CUSTOMER_CARD, "{'title':'Club'}", NULL,
		    "class.issuerName", "'Acme Ltd'" },
		{ KIND_CUSTOMER_CARD, "{'organization':'Org'}", NULL,
		    "class.issuerName", "'Org'" },
		{ KIND_CUSTOMER_CARD, "{'images':{'logo':'logo.png'}}", NULL,
		    "class.programLogo.sourceUri.uri",
		    "'https://wallet.acme.example/acme/images/"
		    "bb-logo%402x.png'" },
		{ KIND_CUSTOMER_CARD, "{}", NULL, "class.reviewStatus",
		    "'UNDER_REVIEW'" },
		{ KIND_CUSTOMER_CARD, "{}",
		    "{'class':{'reviewStatus':'APPROVED'}}",
		    "class.reviewStatus", "'UNDER_REVIEW'" },
		{ KIND_CUSTOMER_CARD, "{}", "{'class':{'newKey':[1]}}",
		    "class.newKey", "[1]" },
		{ KIND_CUSTOMER_CARD, "{}", "{'class':{'id':'x'}}",
		    "objct.classId", "'3388.x'" },
		{ KIND_CUSTOMER_CARD, "{}", "{'class':{'id':'3388.x'}}",
		    "class.id", "'3388.x'" },
		{ KIND_CUSTOMER_CARD, "{}", "{'object':{'id':'1.x'}}",
		    "objct.id", "'3388.abcdef123456'" },
		{ KIND_CUSTOMER_CARD, "{}", NULL, "class.id",
		    "'3388.acme.demo'" },
		{ KIND_CUSTOMER_CARD, "{}", NULL, "class.callbackOptions.url",
		    "'https://wallet.acme.example/api/acme/passes/google'" },
		{ KIND_CUSTOMER_CARD,
		    "{'header':[{'key':'p','value':7,'label':'Points',"
		    "'role':'loyalty.points'}]}",
		    NULL, "objct.loyaltyPoints",
		    "{'balance':{'int':7},'label':'Points'}" },
		{ KIND_GENERIC,
		    "{'header':[{'key':'p','value':7,"
		    "'role':'loyalty.points'}]}",
		    NULL, "objct.textModulesData", "[{'id':'p','body':'7'}]" },
		{ KIND_CUSTOMER_CARD,
		    "{'back':[{'key':'a.b','value':'v','label':'L'}]}", NULL,
		    "objct.textModulesData",
		    "[{'id':'a_b','header':'L','body':'v'}]" },
		{ KIND_CUSTOMER_CARD,
		    "{'back':[{'key':'w','value':'https://a.example',"
		    "'label':'Web'}]}",
		    NULL, "objct.linksModuleData.uris",
		    "[{'id':'w','uri':'https://a.example',"
		    "'description':'Web'}]" },
		{ KIND_CUSTOMER_CARD,
		    "{'barcode':{'format':'pdf417','message':'1'}}", NULL,
		    "objct.barcode", "{'type':'PDF_417','value':'1'}" },
		{ KIND_CUSTOMER_CARD,
		    "{'barcode':{'format':'PKBarcodeFormatQR',"
		    "'message':'1','altText':'A'}}",
		    NULL, "objct.barcode",
		    "{'type':'QR_CODE','value':'1','alternateText':'A'}" },
		{ KIND_CUSTOMER_CARD, "{'barcode':{'message':''}}", NULL,
		    "objct.barcode", "null" },
		{ KIND_CUSTOMER_CARD, "{'voided':true}", NULL, "objct.state",
		    "'INACTIVE'" },
		{ KIND_CUSTOMER_CARD, "{}", NULL, "objct.state", "'ACTIVE'" },
		{ KIND_CUSTOMER_CARD,
		    "{'expirationDate':'2027-01-31T10:00:00+01:00'}", NULL,
		    "objct.validTimeInterval.end.date",
		    "'2027-01-31T09:00:00.000Z'" },
		{ KIND_CUSTOMER_CARD, "{'colors':{'background':'#1b3a5b'}}",
		    NULL, "class.hexBackgroundColor", "'#1b3a5b'" },
		{ KIND_GENERIC, "{'colors':{'background':'rgb(1,2,255)'}}",
		    NULL, "objct.hexBackgroundColor", "'#0102ff'" },
		{ KIND_GENERIC, "{'title':'T'}", NULL, "objct.header",
		    TEXT("T") },
		{ KIND_GENERIC, "{}", NULL, "objct.cardTitle",
		    TEXT("Acme Ltd") },
		{ KIND_GENERIC, "{}", NULL, "class.reviewStatus", "null" },
		{ KIND_EVENT_TICKET, "{'title':'Gig'}", NULL, "class.eventName",
		    TEXT("Gig") },
		{ KIND_EVENT_TICKET,
		    "{'primary':[{'key':'s','value':'12',"
		    "'role':'event.seat'}]}",
		    NULL, "objct.seatInfo.seat", TEXT("12") },
		{ KIND_OFFER, "{'title':'10 %'}", NULL,
		    "class.redemptionChannel", "'BOTH'" },
		{ KIND_GIFT_CARD,
		    "{'primary':[{'key':'b','value':12.5,"
		    "'currencyCode':'EUR','role':'gift.balance'}]}",
		    NULL, "objct.balance",
		    "{'micros':'12500000','currencyCode':'EUR'}" },
		{ KIND_TRANSIT, "{}", NULL, "class.transitType", "'OTHER'" },
		{ KIND_TRANSIT, "{}", NULL, "objct.tripType", "'ONE_WAY'" },
		{ KIND_BOARDING_PASS,
		    "{'header':[{'key':'g','value':'A1',"
		    "'role':'flight.gate'}]}",
		    NULL, "class.origin.gate", "'A1'" },
		{ KIND_BOARDING_PASS,
		    "{'header':[{'key':'d','value':"
		    "'2027-01-31T10:00+01:00','role':'flight.departure'}]}",
		    NULL, "class.localScheduledDepartureDateTime",
		    "'2027-01-31T10:00'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct world w;
		struct object o;

		world_init(&w, t[i].kind);
		build(&w, t[i].card, t[i].google, &o);
		if (strcmp(at(&w, &o, t[i].path), t[i].wanted) != 0)
			fail_msg(
			    "%zu %s: %s", i, t[i].path, at(&w, &o, t[i].path));
		arena_free(w.a);
	}
}

static void
translations(void **state)
{
	struct world w;
	struct object o;
	struct card_side sides[] = { { .language = "en" },
		{ .language = "fr" } };
	const struct card c = { .sides = sides, .n = 2 };

	(void)state;
	world_init(&w, KIND_CUSTOMER_CARD);
	sides[0].card = json(w.a,
	    "{'title':'Card','back':[{'key':'a','label':'L','value':'one'},"
	    "{'key':'b','value':'same'}]}");
	sides[1].card = json(w.a,
	    "{'title':'Carte','back':[{'key':'b','value':'same'},"
	    "{'key':'a','label':'L','value':'un'}]}");
	w.type.card = sides[0].card;
	object_of_card(w.a, &w.tenant, &w.type, &w.pass, &c, &o);
	assert_string_equal(at(&w, &o, "class.localizedProgramName"),
	    "{'defaultValue':{'language':'en','value':'Card'},"
	    "'translatedValues':[{'language':'fr','value':'Carte'}]}");
	assert_string_equal(at(&w, &o, "objct.textModulesData.0"),
	    "{'id':'a','header':'L','body':'one','localizedBody':"
	    "{'defaultValue':{'language':'en','value':'one'},"
	    "'translatedValues':[{'language':'fr','value':'un'}]}}");
	assert_string_equal(
	    at(&w, &o, "objct.textModulesData.1"), "{'id':'b','body':'same'}");
	arena_free(w.a);
}

static void
rows(void **state)
{
	static const struct {
		const char *card, *wanted;
	} t[] = {
		{ "{}", "null" },
		{ "{'back':[{'key':'a'}]}", "null" },
		{ "{'header':[{'key':'a'}],'primary':[{'key':'b.c'}]}",
		    "['a','b_c']" },
		{ "{'header':[{'key':'{{ .x }}'}]}", "null" },
		{ "{'secondary':[{'key':'p','role':'loyalty.points'}]}",
		    "[object.loyaltyPoints.balance]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct world w;
		const char *got, *p, *wanted = t[i].wanted;

		world_init(&w, KIND_CUSTOMER_CARD);
		w.type.card = json(w.a, t[i].card);
		got = quoted(w.a, rows_template(w.a, &w.type));
		if (strcmp(wanted, "null") == 0)
			assert_string_equal(got, "null");
		for (p = wanted; (p = strpbrk(p, "'o")) != NULL;) {
			size_t n = strcspn(p + 1, "',]") + 1;

			if (strstr(got, arena_strndup(w.a, p, n)) == NULL)
				fail_msg("%zu: %s", i, got);
			p += n + 1;
		}
		arena_free(w.a);
	}
}

static void
three_rows_at_most(void **state)
{
	struct world w;
	struct json_object *o;

	(void)state;
	world_init(&w, KIND_GENERIC);
	w.type.card = json(w.a,
	    "{'header':[{'key':'a'},{'key':'b'},{'key':'c'},{'key':'d'}],"
	    "'secondary':[{'key':'e'}],'auxiliary':[{'key':'f'}]}");
	o = json_get(
	    json_get(rows_template(w.a, &w.type), "cardTemplateOverride"),
	    "cardRowTemplateInfos");
	assert_int_equal(json_object_array_length(o), 3);
	assert_non_null(
	    json_get(json_object_array_get_idx(o, 0), "threeItems"));
	assert_non_null(json_get(json_object_array_get_idx(o, 1), "oneItem"));
	arena_free(w.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(translations),
		cmocka_unit_test(rows),
		cmocka_unit_test(three_rows_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
