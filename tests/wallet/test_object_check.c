#include "fixture.h"
#include "wallet/google/object.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/*
 * What makes each kind good, by lines of `google` as they stand after its
 * card.  A case changes the whole by a merge.
 */
#define LOGO    "'images':{'logo':'logo.png'}"
#define IMAGE   "{'sourceUri':{'uri':'https://acme.example/a.png'}}"
#define AIRPORT "{'airportIataCode':'ZRH'}"
#define FLIGHT                                                                 \
	"{'class':{'flightHeader':{'carrier':{'carrierIataCode':'LX'},"        \
	"'flightNumber':'123'},'origin':" AIRPORT ",'destination':" AIRPORT    \
	",'localScheduledDepartureDateTime':'2027-01-31T10:00'},"              \
	"'object':{'passengerName':'Ada','reservationInfo':{}}}"

static const struct {
	const char *card, *google;
} good[] = {
	[KIND_CUSTOMER_CARD] = { "{" LOGO "}", "{'class':{},'object':{}}" },
	[KIND_EVENT_TICKET] = { "{}", "{'class':{},'object':{}}" },
	[KIND_GIFT_CARD] = { "{}", "{'class':{},'object':{'cardNumber':'1'}}" },
	[KIND_OFFER] = { "{}", "{'class':{},'object':{}}" },
	[KIND_BOARDING_PASS] = { "{}", FLIGHT },
	[KIND_TRANSIT] = { "{" LOGO "}", "{'class':{},'object':{}}" },
	[KIND_GENERIC] = { "{}", "{'class':{},'object':{}}" },
};

struct sample {
	int kind;
	const char *card, *google; /* merged over what is good */
	const char *fault;         /* part of the only one; NULL: none */
};

#define TEN(x)     x "," x "," x "," x "," x "," x "," x "," x "," x "," x
#define LINK       "{'uri':'https://acme.example/'}"
#define PLACE      "{'latitude':1,'longitude':2}"
#define CLASS(s)   "{'class':{" s "}}"
#define OBJECT(s)  "{'object':{" s "}}"
#define DEPARTS(s) CLASS("'localScheduledDepartureDateTime':" s)

/* clang-format off */
static const struct sample samples[] = {
	{ KIND_CUSTOMER_CARD, "{}", "{}", NULL },
	{ KIND_EVENT_TICKET, "{}", "{}", NULL },
	{ KIND_GIFT_CARD, "{}", "{}", NULL },
	{ KIND_OFFER, "{}", "{}", NULL },
	{ KIND_BOARDING_PASS, "{}", "{}", NULL },
	{ KIND_TRANSIT, "{}", "{}", NULL },
	{ KIND_GENERIC, "{}", "{}", NULL },

	/* Each member that is required. */
	{ KIND_CUSTOMER_CARD, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_CUSTOMER_CARD, "{}", CLASS("'programName':null"), "class.programName" },
	{ KIND_CUSTOMER_CARD, "{'images':null}", "{}", "class.programLogo" },
	{ KIND_CUSTOMER_CARD, "{'images':{'logo':'gone.png'}}", "{}", "class.programLogo" },
	{ KIND_EVENT_TICKET, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_EVENT_TICKET, "{}", CLASS("'eventName':null"), "class.eventName" },
	{ KIND_GIFT_CARD, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_GIFT_CARD, "{}", OBJECT("'cardNumber':null"), "object.cardNumber" },
	{ KIND_OFFER, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_OFFER, "{}", CLASS("'provider':null"), "class.provider" },
	{ KIND_OFFER, "{}", CLASS("'redemptionChannel':null"), "class.redemptionChannel" },
	{ KIND_OFFER, "{}", CLASS("'title':null"), "class.title" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'flightHeader':null"), "class.flightHeader:" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'flightHeader':{'carrier':null}"), "class.flightHeader.carrier" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'flightHeader':{'flightNumber':null}"), "class.flightHeader.flightNumber" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'origin':null"), "class.origin:" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'origin':{'airportIataCode':null}"), "class.origin.airportIataCode" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'destination':null"), "class.destination:" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'destination':{'airportIataCode':null}"), "class.destination.airportIataCode" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("null"), "class.localScheduledDepartureDateTime" },
	{ KIND_BOARDING_PASS, "{}", OBJECT("'passengerName':null"), "object.passengerName" },
	{ KIND_BOARDING_PASS, "{}", OBJECT("'reservationInfo':null"), "object.reservationInfo" },
	{ KIND_TRANSIT, "{}", CLASS("'issuerName':null"), "class.issuerName" },
	{ KIND_TRANSIT, "{'images':null}", "{}", "class.logo" },
	{ KIND_TRANSIT, "{}", CLASS("'transitType':null"), "class.transitType" },
	{ KIND_TRANSIT, "{}", OBJECT("'tripType':null"), "object.tripType" },
	{ KIND_GENERIC, "{}", OBJECT("'cardTitle':null"), "object.cardTitle" },
	{ KIND_GENERIC, "{}", OBJECT("'header':null"), "object.header" },

	/* A role gives it as well. */
	{ KIND_GIFT_CARD, "{'primary':[{'key':'n','value':'1','role':'gift.number'}]}",
	    OBJECT("'cardNumber':null"), NULL },
	{ KIND_BOARDING_PASS, "{'primary':[{'key':'d','value':'2027-01-31T10:00:00+01:00','role':'flight.departure'}]}",
	    DEPARTS("null"), NULL },

	/* Ids. */
	{ KIND_GENERIC, "{}", CLASS("'id':'summer_2027.a-b'"), NULL },
	{ KIND_GENERIC, "{}", CLASS("'id':'3388.summer'"), NULL },
	{ KIND_GENERIC, "{}", CLASS("'id':'a b'"), "3388.a b" },
	{ KIND_GENERIC, "{}", CLASS("'id':'a/b'"), "3388.a/b" },
	{ KIND_GENERIC, "{}", CLASS("'id':'\u00e9'"), "3388.\u00e9" },
	{ KIND_GENERIC, "{}", CLASS("'id':''"), "the id 3388." },

	/* Times of flights. */
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00:00'"), NULL },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00:00.5'"), NULL },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00Z'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00:00Z'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00+01:00'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00:00-05:00'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:00:00.'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31 10:00'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("'2027-01-31T10:0'"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("''"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", DEPARTS("20270131"), "no local time" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'localBoardingDateTime':'2027-01-31T09:20Z'"), "class.localBoardingDateTime" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'localEstimatedOrActualDepartureDateTime':'x'"), "class.localEstimated" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'localScheduledArrivalDateTime':'x'"), "class.localScheduledArrival" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'localEstimatedOrActualArrivalDateTime':'x'"), "class.localEstimated" },
	{ KIND_BOARDING_PASS, "{}", CLASS("'localGateClosingDateTime':'x'"), "class.localGateClosing" },

	/* Barcodes. */
	{ KIND_GENERIC, "{'barcode':{'format':'qr','message':'1'}}", "{}", NULL },
	{ KIND_GENERIC, "{'barcode':{'format':'maxicode','message':'1'}}", "{}", "barcode" },
	{ KIND_GENERIC, "{}", OBJECT("'barcode':{'type':'UPC_A','value':'1'}"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'barcode':{'value':'1'}"), "object.barcode" },
	{ KIND_GENERIC, "{}", OBJECT("'barcode':{'type':'QR','value':'1'}"), "object.barcode" },
	{ KIND_GENERIC, "{}", OBJECT("'barcode':{'type':'qr_code','value':'1'}"), "object.barcode" },
	{ KIND_GENERIC, "{}", OBJECT("'barcode':{'type':'BARCODE_TYPE_UNSPECIFIED'}"), "object.barcode" },

	/* Images. */
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':" IMAGE), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'http://acme.example/a.png'}}"), "https only" },
	{ KIND_GENERIC, "{}", CLASS("'imageModulesData':[{'mainImage':{'sourceUri':{'uri':'http://a.example/'}}}]"), "class.imageModulesData" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://localhost/a.png'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://a.localhost:8443/'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://127.0.0.1/a.png'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://192.168.1.7/a.png'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://intranet/a.b'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://[::1]:8443/'}}"), "cannot reach" },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://8.8.8.8/'}}"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'heroImage':{'sourceUri':{'uri':'https://10.example/a.png'}}"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'linksModuleData':{'uris':[{'uri':'http://a.example'}]}"), NULL },

	/* Limits. */
	{ KIND_GENERIC, "{}", OBJECT("'linksModuleData':{'uris':[" TEN(LINK) "]}"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'linksModuleData':{'uris':[" TEN(LINK) "," LINK "]}"), "object.linksModuleData" },
	{ KIND_GENERIC, "{}", CLASS("'linksModuleData':{'uris':[" TEN(LINK) "," LINK "]}"), "class.linksModuleData" },
	{ KIND_GENERIC, "{}", OBJECT("'messages':[" TEN("{}") "]"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'messages':[" TEN("{}") ",{}]"), "object.messages" },
	{ KIND_GENERIC, "{}", CLASS("'messages':[" TEN("{}") ",{}]"), "class.messages" },
	{ KIND_GENERIC, "{'locations':[" TEN(PLACE) "]}", "{}", NULL },
	{ KIND_GENERIC, "{'locations':[" TEN(PLACE) "," PLACE "]}", "{}", "object.merchantLocations" },

	/* Text modules. */
	{ KIND_GENERIC, "{'back':[{'key':'a.b','value':'x'}]}", "{}", NULL },
	{ KIND_GENERIC, "{}", OBJECT("'textModulesData':[{'id':'a-b_C','body':'x'}]"), NULL },
	{ KIND_GENERIC, "{}", OBJECT("'textModulesData':[{'id':'a.b','body':'x'}]"), "textModulesData" },

	/* Roles. */
	{ KIND_GENERIC, "{'primary':[{'key':'a','value':'x','role':'generic.header'}]}", "{}", NULL },
	{ KIND_GENERIC, "{'primary':[{'key':'a','value':'x','role':'flight.gate'}]}", "{}", "flight.gate" },
	{ KIND_GENERIC, "{'back':[{'key':'a','value':'x','role':''}]}", "{}", "\"role\"" },
};
/* clang-format on */

static void
judge(struct arena *a, const struct sample *s, struct faults *f)
{
	static const char *languages[] = { "en" };
	struct tenant t = { .a = a,
		.id = "acme",
		.name = "Acme Ltd",
		.url = "https://wallet.acme.example",
		.languages = { languages, 1 } };
	struct pass_type type = { .name = "demo",
		.file = "demo.yml",
		.kind = s->kind,
		.google_conf.issuer_id = "3388",
		.images = json(a, "{'logo.png':'aa'}"),
		.card = json_merge(
		    a, json(a, good[s->kind].card), json(a, s->card), false),
		.google = json_merge(a, json(a, good[s->kind].google),
		    json(a, s->google), false) };
	struct json_object *none = json_object_in(a);
	const struct pass p = { .id = "abcdef123456",
		.type = "demo",
		.identifiers = none,
		.metadata = none,
		.additional = none,
		.providers = none,
		.extensions = none };

	/* What the card gives is taken out by a null that stays. */
	for (int i = 0; i < 2; i++) {
		const char *part = i == 0 ? "class" : "object";
		struct json_object *from = json_get(json(a, s->google), part);
		struct json_object *to = json_get(type.google, part);
		struct json_object *had =
		    json_get(json(a, good[s->kind].google), part);
		struct json_object_iter it;

		if (from == NULL)
			continue;
		json_object_object_foreachC(from, it)
		{
			if (it.val == NULL && json_get(had, it.key) == NULL)
				json_set(to, it.key, NULL);
		}
	}
	faults_init(f, a);
	object_check(&t, &type, &p, f);
}

static void
test_one_fault_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct sample *s = &samples[i];
		struct arena *a = arena_new(16384);
		struct faults f;

		judge(a, s, &f);
		if (f.n != (s->fault != NULL) ||
		    (f.n == 1 && strstr(f.list[0].text, s->fault) == NULL))
			fail_msg("%zu: %zu, %s, not %s", i, f.n,
			    f.n == 0 ? "" : f.list[0].text, s->fault);
		if (f.n == 1)
			assert_string_equal(f.list[0].file, "demo.yml");
		arena_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_fault_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
