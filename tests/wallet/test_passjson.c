#include "wallet/apple/passjson.h"

#include <stdio.h>

#include "base/buf.h"
#include "conf/yaml.h"
#include "fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define TOKEN       "0123456789abcdef"

struct world {
	struct arena *a;
	struct tenant tenant;
	struct pass_type type;
	struct pass pass;
};

static void
world_init(struct world *w)
{
	*w = (struct world){ .a = arena_new(16384) };
	w->tenant.id = "acme";
	w->tenant.name = "Acme Ltd";
	w->tenant.url = "https://wallet.acme.example";
	w->type.apple_conf.pass_type_identifier = "pass.com.acme.loyalty";
	w->type.apple_conf.team_identifier = "A1B2C3D4E5";
	w->pass.id = "abcdef123456";
	w->pass.apple_serial = "42";
	w->pass.apple_token = TOKEN;
}

/* Every pass.json has the field of the message; the rest is for the tests. */
static void
take_message(struct json_object *tree)
{
	int found = 0;
	struct json_object_iter it;

	json_object_object_foreachC(tree, it)
	{
		struct json_object *list = json_get(it.val, "backFields"), *f;
		size_t n;

		if (!json_object_is_type(list, json_type_array))
			continue;
		n = json_object_array_length(list);
		f = json_object_array_get_idx(list, n - 1);
		assert_string_equal(
		    json_get_string(f, "key"), "passwright.message");
		assert_string_equal(json_get_string(f, "changeMessage"), "%@");
		assert_string_equal(json_get_string(f, "value"), "");
		if (n == 1)
			json_object_object_del(it.val, "backFields");
		else
			json_object_array_del_idx(list, n - 1, 1);
		found++;
	}
	assert_int_equal(found, 1);
}

static struct json_object *
build_sides(
    struct world *w, struct card_side *sides, size_t n, struct passjson *out)
{
	struct card card = { .sides = sides, .n = n };
	struct json_object *tree = NULL;

	assert_int_equal(
	    passjson_build(w->a, &w->tenant, &w->type, &w->pass, &card, out),
	    ERR_OK);
	assert_int_equal(
	    json_parse(w->a, out->json, JSON_DEPTH, &tree, NULL), ERR_OK);
	if (w->pass.notification == NULL)
		take_message(tree);
	return tree;
}

static struct json_object *
build(struct world *w, const char *card, const char *apple)
{
	struct card_side side = { .language = "en",
		.card = json(w->a, card),
		.apple = apple == NULL ? NULL : json(w->a, apple) };
	struct passjson out;
	struct json_object *tree = build_sides(w, &side, 1, &out);

	assert_int_equal(out.nstrings, 0);
	return tree;
}

static void
test_whole(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_string_equal(
	    quoted(w.a,
		build(&w,
		    "{'organization':'Acme','title':'Acme Rewards',"
		    "'description':'Acme card','colors':{'background':"
		    "'#1b3a5b'},'header':[{'key':'points','label':'Points',"
		    "'value':250,'changeMessage':'Now %@','role':'points',"
		    "'textAlignment':'PKTextAlignmentRight'}],'primary':[],"
		    "'back':[{'key':'b','value':'B'},{'key':'a','value':"
		    "'A'}],'barcode':{'format':'qr','message':4711},"
		    "'images':{'icon':'icon.png'}}",
		    NULL)),
	    "{'formatVersion':1,'passTypeIdentifier':'pass.com.acme.loyalty',"
	    "'teamIdentifier':'A1B2C3D4E5','serialNumber':'42',"
	    "'organizationName':'Acme','description':'Acme card',"
	    "'logoText':'Acme Rewards','backgroundColor':'rgb(27, 58, 91)',"
	    "'barcodes':[{'message':'4711','format':'PKBarcodeFormatQR',"
	    "'messageEncoding':'iso-8859-1'}],"
	    "'webServiceURL':"
	    "'https://wallet.acme.example/api/acme/passes/apple',"
	    "'authenticationToken':'" TOKEN "','storeCard':{'headerFields':["
	    "{'key':'points','label':'Points','value':250,'changeMessage':"
	    "'Now %@','textAlignment':'PKTextAlignmentRight'}],'backFields':["
	    "{'key':'b','value':'B'},{'key':'a','value':'A'}]}}");
	arena_free(w.a);
}

static void
test_kinds(void **state)
{
	static const struct {
		int kind;
		const char *style, *transit;
	} t[] = {
		{ KIND_CUSTOMER_CARD, "storeCard", NULL },
		{ KIND_EVENT_TICKET, "eventTicket", NULL },
		{ KIND_GIFT_CARD, "storeCard", NULL },
		{ KIND_OFFER, "coupon", NULL },
		{ KIND_BOARDING_PASS, "boardingPass", "PKTransitTypeAir" },
		{ KIND_TRANSIT, "boardingPass", "PKTransitTypeGeneric" },
		{ KIND_GENERIC, "generic", NULL },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json_object *tree, *style;
		const char *transit;

		w.type.kind = t[i].kind;
		tree = build(&w, "{'primary':[{'key':'a','value':1}]}", NULL);
		style = json_get(tree, t[i].style);
		assert_non_null(json_get(style, "primaryFields"));
		transit = json_get_string(style, "transitType");
		assert_int_equal(transit == NULL, t[i].transit == NULL);
		if (transit != NULL)
			assert_string_equal(transit, t[i].transit);
		for (size_t k = 0; k < COUNT(t); k++)
			if (strcmp(t[k].style, t[i].style) != 0)
				assert_null(json_get(tree, t[k].style));
	}
	arena_free(w.a);
}

/* card, apple: which member of pass.json becomes what. */
/* clang-format off */
static const struct {
	int kind;
	const char *card, *apple, *name, *want;
} members[] = {
#define COLOUR(c) KIND_GENERIC, "{'colors':{'label':'" c "'}}", NULL, "labelColor"
	{ COLOUR("#1b3a5b"), "'rgb(27, 58, 91)'" },
	{ COLOUR("#FFffFF"), "'rgb(255, 255, 255)'" },
	{ COLOUR("#1aF"), "'rgb(17, 170, 255)'" },
	{ COLOUR("rgb(1,2,3)"), "'rgb(1, 2, 3)'" },
	{ COLOUR("rgb( 1 , 2 , 3 )"), "'rgb(1, 2, 3)'" },
	{ COLOUR("#1b3a5"), "'#1b3a5'" },
	{ COLOUR("#1b3a5bff"), "'#1b3a5bff'" },
	{ COLOUR("#12g"), "'#12g'" },
	{ COLOUR("rgb(1,2)"), "'rgb(1,2)'" },
	{ COLOUR("rgb(1,2,3) "), "'rgb(1,2,3) '" },
	{ COLOUR("rgb(1,2,3)x"), "'rgb(1,2,3)x'" },
	{ COLOUR("navy"), "'navy'" },
	{ KIND_GENERIC, "{'colors':{'label':7}}", NULL, "labelColor", "null" },
	{ KIND_GENERIC, "{'colors':{'foreground':'#fff'}}", NULL, "foregroundColor", "'rgb(255, 255, 255)'" },

#define BARCODE(b) KIND_GENERIC, "{'barcode':" b "}", NULL, "barcodes"
#define CODE(f, m, e) "[{'message':'" m "','format':'PKBarcodeFormat" f "','messageEncoding':'" e "'}]"
	{ BARCODE("{'format':'pdf417','message':'x'}"), CODE("PDF417", "x", "iso-8859-1") },
	{ BARCODE("{'format':'aztec','message':'x'}"), CODE("Aztec", "x", "iso-8859-1") },
	{ BARCODE("{'format':'code128','message':'x'}"), CODE("Code128", "x", "iso-8859-1") },
	{ BARCODE("{'message':'x'}"), CODE("QR", "x", "iso-8859-1") },
	{ BARCODE("{'format':'PKBarcodeFormatEAN13','message':'x'}"), CODE("EAN13", "x", "iso-8859-1") },
	{ BARCODE("{'message':'Zo\u00eb \u00ff'}"), CODE("QR", "Zo\u00eb \u00ff", "iso-8859-1") },
	{ BARCODE("{'message':'\u0100'}"), CODE("QR", "\u0100", "utf-8") },
	{ BARCODE("{'message':'\u2615'}"), CODE("QR", "\u2615", "utf-8") },
	{ BARCODE("{'message':'x','altText':7}"), "[{'message':'x','format':'PKBarcodeFormatQR','messageEncoding':'iso-8859-1','altText':'7'}]" },
	{ BARCODE("{'message':'x','messageEncoding':'ascii'}"), CODE("QR", "x", "ascii") },
	{ BARCODE("{'format':'qr'}"), "null" },
	{ BARCODE("{'format':'qr','message':''}"), "null" },
	{ BARCODE("'x'"), "null" },
	{ BARCODE("[{'format':'code128'},{'message':'x'}]"), CODE("QR", "x", "iso-8859-1") },

#define EXPIRES(d) KIND_GENERIC, "{'expirationDate':'" d "'}", NULL, "expirationDate"
	{ EXPIRES("2027-01-31T10:00:00Z"), "'2027-01-31T10:00:00Z'" },
	{ EXPIRES("2027-01-31T10:00Z"), "'2027-01-31T10:00Z'" },
	{ EXPIRES("2027-01-31T10:00+01:00"), "'2027-01-31T10:00+01:00'" },
	{ EXPIRES("2027-01-31T10:00:00.000Z"), "'2027-01-31T10:00:00Z'" },
	{ EXPIRES("2027-01-31T10:00:00+0100"), "'2027-01-31T09:00:00Z'" },
	{ EXPIRES("2027-01-31T10:00:00"), "'2027-01-31T10:00:00Z'" },
	{ EXPIRES("2027-01-31T10:00"), "'2027-01-31T10:00:00Z'" },
	{ EXPIRES("2027-01-31"), "'2027-01-31T00:00:00Z'" },
	{ EXPIRES("soon"), "'soon'" },

	{ KIND_GENERIC, "{'relevantDate':'2027-01-31'}", NULL, "relevantDates", "[{'date':'2027-01-31T00:00:00Z','relevantDate':'2027-01-31T00:00:00Z'}]" },
	{ KIND_GENERIC, "{'relevantDate':'2027-01-31'}", NULL, "relevantDate", "'2027-01-31T00:00:00Z'" },
	{ KIND_GENERIC, "{'relevantDates':[{'date':'2027-01-31T10:00Z'}]}", NULL, "relevantDate", "'2027-01-31T10:00Z'" },
	{ KIND_GENERIC, "{'relevantDates':[{'startDate':'2027-01-31T10:00Z','endDate':'2027-01-31T12:00Z'}]}", NULL, "relevantDates", "[{'startDate':'2027-01-31T10:00Z','endDate':'2027-01-31T12:00Z'}]" },
	{ KIND_GENERIC, "{'voided':true}", NULL, "voided", "true" },
	{ KIND_GENERIC, "{'locations':[{'latitude':50.5,'longitude':4}]}", NULL, "locations", "[{'latitude':50.5,'longitude':4}]" },

	{ KIND_GENERIC, "{}", NULL, "organizationName", "'Acme Ltd'" },
	{ KIND_GENERIC, "{}", NULL, "description", "'Acme Ltd'" },
	{ KIND_GENERIC, "{'title':'T'}", NULL, "description", "'T'" },
	{ KIND_GENERIC, "{'title':7}", NULL, "logoText", "'7'" },
	{ KIND_GENERIC, "{'organization':'O','title':'T','description':'D'}", NULL, "organizationName", "'O'" },

#define FIELD(f) KIND_GENERIC, "{'header':[" f "]}", NULL, "generic"
#define FIELDS(f) "{'headerFields':[" f "]}"
	{ FIELD("{'key':'a','value':1.5,'label':2}"), FIELDS("{'key':'a','value':1.5,'label':'2'}") },
	{ FIELD("{'key':'a','value':true}"), FIELDS("{'key':'a','value':'true'}") },
	{ FIELD("{'key':'a','value':{'b':[1]}}"), FIELDS("{'key':'a','value':'{\\'b\\':[1]}'}") },
	{ FIELD("{'key':'a','value':'2027-01-31','dateStyle':'PKDateStyleShort','timeStyle':'PKDateStyleNone'}"), FIELDS("{'key':'a','value':'2027-01-31T00:00:00Z','dateStyle':'PKDateStyleShort','timeStyle':'PKDateStyleNone'}") },
	{ FIELD("{'key':'a','value':'2027-01-31'}"), FIELDS("{'key':'a','value':'2027-01-31'}") },
	{ FIELD("{'key':'a','value':1,'label':null,'role':'x','unknown':{'a':[1]}}"), FIELDS("{'key':'a','value':1,'unknown':{'a':[1]}}") },
	{ FIELD("'text'"), FIELDS("") },

	{ KIND_GENERIC, "{}", "{'userInfo':{'a':[1,{'b':null,'c':2.50}]}}", "userInfo", "{'a':[1,{'b':null,'c':2.5}]}" },
	{ KIND_GENERIC, "{}", "{'anythingNew':[true]}", "anythingNew", "[true]" },
	{ KIND_GENERIC, "{'title':'T'}", "{'logoText':null}", "logoText", "null" },
	{ KIND_GENERIC, "{}", "{'backgroundColor':'#fff'}", "backgroundColor", "'#fff'" },
	{ KIND_GENERIC, "{}", "{'serialNumber':'7'}", "serialNumber", "'42'" },
	{ KIND_GENERIC, "{}", "{'teamIdentifier':null}", "teamIdentifier", "'A1B2C3D4E5'" },
	{ KIND_GENERIC, "{}", "{'formatVersion':2}", "formatVersion", "1" },
	{ KIND_GENERIC, "{}", "{'webServiceURL':null,'authenticationToken':null}", "webServiceURL", "null" },
	{ KIND_GENERIC, "{'header':[{'key':'a','value':1}]}", "{'generic':{'backFields':[{'key':'b','value':2}]}}", "generic", "{'headerFields':[{'key':'a','value':1}],'backFields':[{'key':'b','value':2}]}" },
	{ KIND_TRANSIT, "{}", "{'boardingPass':{'transitType':'PKTransitTypeBus'}}", "boardingPass", "{'transitType':'PKTransitTypeBus'}" },
	{ KIND_TRANSIT, "{}", "{'transitType':'PKTransitTypeTrain'}", "boardingPass", "{'transitType':'PKTransitTypeTrain'}" },
	{ KIND_BOARDING_PASS, "{}", "{'transitType':'PKTransitTypeBoat'}", "transitType", "null" },
};
/* clang-format on */

static void
test_members(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < COUNT(members); i++) {
		const char *got;

		w.type.kind = members[i].kind;
		got = quoted(w.a,
		    json_get(build(&w, members[i].card, members[i].apple),
			members[i].name));
		if (strcmp(got, members[i].want) != 0)
			fail_msg(
			    "row %zu: %s, not %s", i, got, members[i].want);
	}
	arena_free(w.a);
}

static void
test_service(void **state)
{
	static const struct {
		const char *url, *token, *want;
	} t[] = {
		{ "https://a.example", TOKEN,
		    "https://a.example/api/acme/passes/apple" },
		{ "https://a.example/w//", TOKEN,
		    "https://a.example/w/api/acme/passes/apple" },
		{ "HTTPS://a.example:8443", TOKEN,
		    "HTTPS://a.example:8443/api/acme/passes/apple" },
		{ "http://a.example", TOKEN, NULL },
		{ "httpsx://a.example", TOKEN, NULL },
		{ NULL, TOKEN, NULL },
		{ "https://a.example", "0123456789abcde", NULL },
		{ "https://a.example", NULL, NULL },
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json_object *tree;

		w.tenant.url = t[i].url;
		w.pass.apple_token = t[i].token;
		tree = build(&w, "{}", NULL);
		if (t[i].want == NULL) {
			assert_null(json_get(tree, "webServiceURL"));
			assert_null(json_get(tree, "authenticationToken"));
			continue;
		}
		assert_string_equal(
		    json_get_string(tree, "webServiceURL"), t[i].want);
		assert_string_equal(
		    json_get_string(tree, "authenticationToken"), TOKEN);
	}
	w.pass.apple_serial = NULL;
	assert_string_equal(
	    json_get_string(build(&w, "{}", NULL), "serialNumber"),
	    "abcdef123456");
	arena_free(w.a);
}

/* -- languages ------------------------------------------------------------ */

/* One quoted string of a strings file. */
static const char *
read_quoted(struct arena *a, const char **p)
{
	struct buf b;

	buf_init(&b, a);
	assert_int_equal(*(*p)++, '"');
	for (; **p != '"'; (*p)++) {
		assert_int_not_equal(**p, '\0');
		assert_int_not_equal(**p, '\n');
		if (**p == '\\') {
			(*p)++;
			assert_non_null(strchr("\"\\nr", **p));
			buf_addc(&b,
			    **p == 'n'       ? '\n'
				: **p == 'r' ? '\r'
					     : **p);
		} else
			buf_addc(&b, **p);
	}
	(*p)++;
	return buf_slice(&b).s;
}

/* A strings file, strictly: "key" = "text"; on a line. */
static struct json_object *
read_strings(struct arena *a, struct slice text)
{
	struct json_object *out = json_object_in(a);
	const char *p = arena_strndup(a, text.s, text.len);

	while (*p != '\0') {
		const char *key = read_quoted(a, &p), *value;

		assert_int_equal(strncmp(p, " = ", 3), 0);
		p += 3;
		value = read_quoted(a, &p);
		assert_int_equal(strncmp(p, ";\n", 2), 0);
		p += 2;
		assert_string_not_equal(key, "");
		assert_null(json_get(out, key));
		json_set_string(out, key, value);
	}
	return out;
}

/* What a reader of that language sees: every string looked up. */
static struct json_object *
translated(struct arena *a, struct json_object *o, struct json_object *strings)
{
	struct json_object *out = o;
	struct json_object_iter it;

	if (json_object_is_type(o, json_type_object)) {
		out = json_object_in(a);
		json_object_object_foreachC(o, it)
		    json_set(out, it.key, translated(a, it.val, strings));
	} else if (json_object_is_type(o, json_type_array)) {
		out = json_array_in(a);
		for (size_t i = 0; i < json_object_array_length(o); i++)
			json_push(out,
			    translated(
				a, json_object_array_get_idx(o, i), strings));
	} else if (json_object_is_type(o, json_type_string)) {
		struct json_object *text =
		    json_get(strings, json_object_get_string(o));

		out = text != NULL ? text : o;
	}
	return out;
}

static const char *const cards[][2] = {
	{ "en",
	    "{'title':'Rewards','header':[{'key':'p','label':'Points',"
	    "'value':7,'changeMessage':'Now %@'}],'primary':[{'key':'a',"
	    "'label':'Free','value':'Points'},{'key':'b','label':'Free',"
	    "'value':''}],'back':[{'key':'t','label':'Terms','value':"
	    "'Say \\\"hi\\\"\\nC:\\\\x'},{'key':'x','value':'Rewards'},"
	    "{'key':'y','value':'Free\u2060'}]}" },
	{ "fr",
	    "{'title':'Privil\u00e8ges','header':[{'key':'p','label':'Points',"
	    "'value':7,'changeMessage':'Maintenant %@'}],'primary':[{'key':"
	    "'a','label':'Gratuit','value':'Points'},{'key':'b','label':"
	    "'Libre','value':'vide'}],'back':[{'key':'t','label':"
	    "'Conditions','value':'\\r'},{'key':'x','value':'Rewards'},"
	    "{'key':'y','value':'Free\u2060'}]}" },
	{ "ar",
	    "{'title':'\u0645\u0643\u0627\u0641\u0622\u062a','header':["
	    "{'key':'p','label':'\u0646\u0642\u0627\u0637','value':7,"
	    "'changeMessage':'%@ \u0627\u0644\u0622\u0646'}],'primary':["
	    "{'key':'a','label':'\u0645\u062c\u0627\u0646\u064a','value':"
	    "'Points'},{'key':'b','label':'\u062d\u0631','value':''}],'back':["
	    "{'key':'t','label':'Terms','value':'a\\nb'},{'key':'x','value':"
	    "'Rewards'},{'key':'y','value':'Free\u2060'}]}" },
	{ "zh-Hans",
	    "{'title':'\u5956\u52b1','header':[{'key':'p','label':'\u79ef"
	    "\u5206','value':7,'changeMessage':'%@'}],'primary':[{'key':'a',"
	    "'label':'Points','value':'Points'},{'key':'b','label':'Terms',"
	    "'value':'Free'}],'back':[{'key':'t','label':'Free','value':"
	    "'Rewards'},{'key':'x','value':'Rewards'},{'key':'y','value':"
	    "'Free\u2060'}]}" },
	{ "de",
	    "{'title':'Rewards','header':[{'key':'p','label':'Punkte',"
	    "'value':7,'changeMessage':'Jetzt %@'}],'primary':[{'key':'a',"
	    "'label':'Frei','value':'Points'},{'key':'b','label':'Frei',"
	    "'value':''}],'back':[{'key':'t','label':'AGB','value':'\\\"'},"
	    "{'key':'x','value':'Rewards'},{'key':'y','value':"
	    "'Free\u2060'}]}" },
};

/* Each language sees what it would see if it were alone. */
static void
test_languages(void **state)
{
	struct card_side sides[COUNT(cards)];
	struct passjson out;
	struct json_object *tree;
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < COUNT(cards); i++)
		sides[i] = (struct card_side){ .language = cards[i][0],
			.card = json(w.a, cards[i][1]) };
	tree = build_sides(&w, sides, COUNT(cards), &out);
	assert_int_equal(out.nstrings, COUNT(cards));
	for (size_t i = 0; i < COUNT(cards); i++) {
		struct json_object *strings =
		    read_strings(w.a, out.strings[i].text);
		struct json_object *alone = build(&w, cards[i][1], NULL);

		assert_string_equal(out.strings[i].language, cards[i][0]);
		assert_string_equal(quoted(w.a, translated(w.a, tree, strings)),
		    quoted(w.a, alone));
	}
	/* a reader of another language, or none: the default, and visible */
	assert_string_equal(
	    json_get_string(tree, "description"), "Rewards\u2060");
	assert_non_null(strstr(out.json.s, "\"Now %@\""));
	/* the cards themselves are left as they were */
	assert_string_equal(json_get_string(sides[0].card, "title"), "Rewards");
	arena_free(w.a);
}

/* Two languages: what becomes of one member. */
static void
test_pairs(void **state)
{
	/* clang-format off */
	static const struct {
		const char *en, *fr, *name, *want;
		size_t strings;
	} t[] = {
		{ "{'title':'T'}", "{'title':'T'}", "logoText", "'T'", 0 },
		{ "{'title':'T'}", "{'title':'U'}", "logoText", "'T'", 2 },
		{ "{'title':'T'}", "{'title':'U'}", "description", "'T'", 2 },
		{ "{'title':'T'}", "{}", "logoText", "'T'", 2 },
		{ "{}", "{'title':'T'}", "logoText", "null", 2 },
		{ "{'organization':'T','title':'T'}", "{'organization':'T','title':'U'}", "logoText", "'T\u2060'", 2 },
		{ "{'description':'D','voided':true}", "{'description':'D','voided':false}", "voided", "true", 0 },
		{ "{'description':'D','header':[{'key':'a','value':1}]}", "{'description':'D','header':[{'key':'a','value':'x'}]}", "generic", "{'headerFields':[{'key':'a','value':1}]}", 0 },
		{ "{'description':'D','header':[{'key':'a','value':'x'}]}", "{'description':'D','header':[{'key':'a','value':1}]}", "generic", "{'headerFields':[{'key':'a','value':'x'}]}", 0 },
		{ "{'description':'D','header':[{'key':'a','value':'x'},{'key':'b','value':'y'}]}", "{'description':'D','header':[{'key':'b','value':'y'}]}", "generic", "{'headerFields':[{'key':'a','value':'x'},{'key':'b','value':'y'}]}", 0 },
		{ "{'description':'D','barcode':{'message':'m'}}", "{'description':'D','barcode':{'message':'n'}}", "barcodes", "[{'message':'m','format':'PKBarcodeFormatQR','messageEncoding':'iso-8859-1'}]", 0 },
		{ "{'description':'D','colors':{'label':'#000'}}", "{'description':'D','colors':{'label':'#fff'}}", "labelColor", "'rgb(0, 0, 0)'", 0 },
		{ "{'description':'D','expirationDate':'2027-01-31'}", "{'description':'D','expirationDate':'2027-02-01'}", "expirationDate", "'2027-01-31T00:00:00Z'", 0 },
		{ "{'description':'D','locations':[{'latitude':1,'longitude':2,'relevantText':'a'}]}", "{'description':'D','locations':[{'latitude':1,'longitude':2,'relevantText':'b'}]}", "locations", "[{'latitude':1,'longitude':2,'relevantText':'a'}]", 2 },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	world_init(&w);
	w.type.kind = KIND_GENERIC;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct card_side sides[2] = {
			{ .language = "en", .card = json(w.a, t[i].en) },
			{ .language = "fr", .card = json(w.a, t[i].fr) },
		};
		struct passjson out;
		const char *got = quoted(
		    w.a, json_get(build_sides(&w, sides, 2, &out), t[i].name));

		if (strcmp(got, t[i].want) != 0)
			fail_msg("row %zu: %s, not %s", i, got, t[i].want);
		if (out.nstrings != t[i].strings)
			fail_msg("row %zu: %zu strings", i, out.nstrings);
	}
	arena_free(w.a);
}

/* -- what Wallet would refuse --------------------------------------------- */

#define PLACE "{'latitude':1,'longitude':2}"
#define PLACES10                                                               \
	PLACE "," PLACE "," PLACE "," PLACE "," PLACE "," PLACE "," PLACE      \
	      "," PLACE "," PLACE "," PLACE

/* A patch over a pass that is right, and part of the one fault; or NULL. */
/* clang-format off */
static const struct {
	const char *patch, *fault;
} refused[] = {
	{ "{}", NULL },
	{ "{'formatVersion':2}", "formatVersion must be 1" },
	{ "{'formatVersion':'1'}", "formatVersion must be an integer" },
	{ "{'passTypeIdentifier':'com.acme'}", "begin with 'pass.'" },
	{ "{'passTypeIdentifier':null}", "passTypeIdentifier is missing" },
	{ "{'serialNumber':7}", "serialNumber must be a string, not 7" },
	{ "{'serialNumber':''}", "serialNumber is empty" },
	{ "{'teamIdentifier':'A1B2C3D4E'}", "not of ten characters" },
	{ "{'organizationName':null}", "organizationName is missing" },
	{ "{'description':''}", "description is empty" },
	{ "{'generic':null}", "a style is missing" },
	{ "{'generic':[]}", "generic must be a mapping" },
	{ "{'coupon':{}}", "not both coupon and generic" },
	{ "{'posterGeneric':{'headerFields':[{'key':'a','value':1}]}}", NULL },
	{ "{'generic':null,'boardingPass':{'transitType':'PKTransitTypeAir'}}", NULL },
	{ "{'generic':null,'boardingPass':{}}", "transitType is missing" },
	{ "{'generic':null,'boardingPass':{'transitType':'PKTransitTypeair'}}", "no transitType 'PKTransitTypeair'" },
	{ "{'generic':{'headerFields':{}}}", "headerFields must be a list" },

#define BAD_FIELD(f) "{'generic':{'backFields':[" f "]}}"
	{ BAD_FIELD("7"), "a field must be a mapping" },
	{ BAD_FIELD("{'key':'b','value':1}"), NULL },
	{ BAD_FIELD("{'value':1}"), "backFields '': key is missing" },
	{ BAD_FIELD("{'key':'b'}"), "backFields 'b': value is missing" },
	{ BAD_FIELD("{'key':'b','value':true}"), "value must be a string or a number" },
	{ BAD_FIELD("{'key':7,'value':1}"), "key must be a string" },
	{ BAD_FIELD("{'key':'a','value':1}"), "another field has the key 'a'" },
	{ BAD_FIELD("{'key':'b','value':1},{'key':'b','value':1}"), "the key 'b'" },
	{ BAD_FIELD("{'key':'b','value':1,'label':2}"), "label must be a string" },
	{ BAD_FIELD("{'key':'b','value':1,'changeMessage':'Now %@'}"), NULL },
	{ BAD_FIELD("{'key':'b','value':1,'changeMessage':'Now'}"), "changeMessage lacks %@" },
	{ "{'generic':{'headerFields':[{'key':'b','value':1,'textAlignment':'left'}]}}", "no textAlignment 'left'" },
	{ BAD_FIELD("{'key':'b','value':1,'dataDetectorTypes':[]}"), NULL },
	{ BAD_FIELD("{'key':'b','value':1,'dataDetectorTypes':['PKDataDetectorTypeLink']}"), NULL },
	{ BAD_FIELD("{'key':'b','value':1,'dataDetectorTypes':['Link']}"), "no dataDetectorTypes" },
	{ BAD_FIELD("{'key':'b','value':'2027-01-31T10:00Z','dateStyle':'PKDateStyleShort','timeStyle':'PKDateStyleNone'}"), NULL },
	{ BAD_FIELD("{'key':'b','value':'2027-01-31T10:00Z','dateStyle':'PKDateStyleShort'}"), "go together" },
	{ BAD_FIELD("{'key':'b','value':'2027-01-31T10:00Z','dateStyle':'Short','timeStyle':'PKDateStyleNone'}"), "no dateStyle 'Short'" },
	{ BAD_FIELD("{'key':'b','value':'2027-01-31','dateStyle':'PKDateStyleShort','timeStyle':'PKDateStyleNone'}"), "with dateStyle, value must be a date" },
	{ BAD_FIELD("{'key':'b','value':5,'currencyCode':'EUR'}"), NULL },
	{ BAD_FIELD("{'key':'b','value':5,'currencyCode':'euro'}"), "no code of ISO 4217" },
	{ BAD_FIELD("{'key':'b','value':'5','currencyCode':'EUR'}"), "value must be a number" },
	{ BAD_FIELD("{'key':'b','value':5,'currencyCode':'EUR','numberStyle':'PKNumberStyleDecimal'}"), "exclude each other" },
	{ BAD_FIELD("{'key':'b','value':5,'numberStyle':'decimal'}"), "no numberStyle" },
	{ BAD_FIELD("{'key':'b','value':5,'row':1}"), NULL },
	{ BAD_FIELD("{'key':'b','value':5,'row':2}"), "row is 0 or 1" },
	{ "{'generic':{'primaryFields':[{'key':'b','value':1,'textAlignment':'PKTextAlignmentLeft'}]}}", "no effect there" },
	{ "{'generic':{'primaryFields':[{'key':'b','value':1,'dataDetectorTypes':[]}]}}", "on the back only" },

	{ "{'backgroundColor':'rgb(1,2,3)'}", NULL },
	{ "{'backgroundColor':'#010203'}", "backgroundColor must be a colour" },
	{ "{'labelColor':'rgb(1, 2, 256)'}", "labelColor must be a colour" },
	{ "{'labelColor':'rgb(1, 2)'}", "labelColor must be a colour" },
	{ "{'labelColor':'rgb(1, 2, 3) '}", "labelColor must be a colour" },
	{ "{'expirationDate':'2027-01-31T10:00:00+01:00'}", NULL },
	{ "{'expirationDate':'2020-02-01T08:00:00.000+0000'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-01-31T10:00:00.5Z'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-01-31T10:00:00+0100'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-01-31T10:00:00'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-02-30T10:00:00Z'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-01-31T10Z'}", "expirationDate must be a date" },
	{ "{'expirationDate':'2027-01-31T10:00:'}", "expirationDate must be a date" },
	{ "{'voided':'true'}", "voided must be true or false" },
	{ "{'maxDistance':'100'}", "maxDistance must be a number" },
	{ "{'barcodes':[{'format':'PKBarcodeFormatQR','message':'x','messageEncoding':'utf-8'}]}", NULL },
	{ "{'barcodes':[{'format':'qr','message':'x','messageEncoding':'utf-8'}]}", "barcodes[0]: Apple Wallet knows no format 'qr'" },
	{ "{'barcodes':[{'format':'PKBarcodeFormatQR','message':'x'}]}", "messageEncoding is missing" },
	{ "{'barcodes':[{'format':'PKBarcodeFormatQR','message':'','messageEncoding':'utf-8'}]}", "message is empty" },
	{ "{'barcodes':[{'format':'PKBarcodeFormatQR','message':7,'messageEncoding':'utf-8'}]}", "message must be a string" },
	{ "{'barcodes':['x']}", "barcodes[0] must be a mapping" },
	{ "{'locations':[" PLACES10 "]}", NULL },
	{ "{'locations':[" PLACES10 "," PLACE "]}", "at most 10" },
	{ "{'locations':[{'latitude':'1','longitude':2}]}", "latitude must be a number" },
	{ "{'locations':[{'latitude':91,'longitude':2}]}", "not on earth" },
	{ "{'beacons':[{'major':1}]}", "proximityUUID is missing" },
	{ "{'relevantDates':[{'date':'2027-01-31T10:00Z'}]}", NULL },
	{ "{'relevantDates':[{}]}", "needs a date" },
	{ "{'relevantDates':[{'startDate':'2027-01-31T10:00Z'}]}", "needs a date" },
	{ "{'relevantDates':[{'startDate':'2027-01-31T10:00Z','endDate':'2027-02-01T10:00Z'}]}", NULL },
	{ "{'relevantDates':[{'startDate':'2027-01-31T10:00Z','endDate':'2027-02-01T10:01Z'}]}", "within 24 hours" },
	{ "{'relevantDates':[{'startDate':'2027-01-31T10:00Z','endDate':'2027-01-31T09:00Z'}]}", "within 24 hours" },
	{ "{'webServiceURL':'https://a.example','authenticationToken':'" TOKEN "'}", NULL },
	{ "{'webServiceURL':'https://a.example'}", "go together" },
	{ "{'authenticationToken':'" TOKEN "'}", "go together" },
	{ "{'webServiceURL':'http://a.example','authenticationToken':'" TOKEN "'}", "begin with https" },
	{ "{'webServiceURL':'https://a.example','authenticationToken':'0123456789abcde'}", "less than 16" },
	{ "{'appLaunchURL':'a:b','associatedStoreIdentifiers':[7]}", NULL },
	{ "{'appLaunchURL':'a:b'}", "needs associatedStoreIdentifiers" },
	{ "{'associatedStoreIdentifiers':['7']}", "must be integers" },
	{ "{'nfc':{'message':'x','encryptionPublicKey':'y'}}", NULL },
	{ "{'nfc':{'message':'x'}}", "encryptionPublicKey is missing" },
	{ "{'nfc':{'encryptionPublicKey':'y','message':'0123456789012345678901234567890123456789012345678901234567890123'}}", NULL },
	{ "{'nfc':{'encryptionPublicKey':'y','message':'01234567890123456789012345678901234567890123456789012345678901234'}}", "more than 64 bytes" },
	{ "{'groupingIdentifier':'g'}", "boarding passes and event tickets" },
	{ "{'preferredStyleSchemes':['posterEventTicket','eventTicket'],'semantics':{'eventName':'e','venueName':'v'}}", "not shown without nfc" },
	{ "{'preferredStyleSchemes':['posterEventTicket'],'nfc':{'message':'x','encryptionPublicKey':'y'},'semantics':{'venueName':'v'}}", "semantics.eventName" },
	{ "{'userInfo':{'anything':[1]},'aKeyOfTomorrow':7}", NULL },
};
/* clang-format on */

static const char good_pass[] =
    "{'formatVersion':1,'passTypeIdentifier':'pass.x',"
    "'serialNumber':'1','teamIdentifier':'A1B2C3D4E5',"
    "'organizationName':'o','description':'d','generic':{"
    "'headerFields':[{'key':'a','value':1}]}}";

static void
test_check(void **state)
{
	struct arena *a = arena_new(16384);
	struct json_object *good = json(a, good_pass);

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct json_object *pass =
		    json_merge(a, good, json(a, refused[i].patch), false);
		struct faults f;

		faults_init(&f, a);
		passjson_check(json_text(a, pass),
		    &(struct passjson_source){ .file = "loyalty.yml" }, &f, a);
		if (f.n != (refused[i].fault == NULL ? 0 : 1))
			fail_msg("row %zu: %zu faults: %s", i, f.n,
			    f.n > 0 ? f.list[f.n - 1].text : "");
		if (f.n == 0)
			continue;
		assert_string_equal(f.list[0].file, "loyalty.yml");
		if (strstr(f.list[0].text, refused[i].fault) == NULL)
			fail_msg("row %zu: %s", i, f.list[0].text);
	}
	arena_free(a);
}

/* Of a file such as this one, each fault is on its line. */
static const char source[] = "kind: generic\n"
			     "card:\n"
			     "  title: t\n"
			     "  colors:\n"
			     "    label: red\n"
			     "  header:\n"
			     "    - { key: a, value: 1 }\n"
			     "    - { key: b, value: 1 }\n"
			     "    - { value: 1 }\n"
			     "  back:\n"
			     "    - { key: a, value: 2 }\n"
			     "  barcode: { message: m }\n"
			     "apple:\n"
			     "  expirationDate: soon\n"
			     "  generic:\n"
			     "    footerFields:\n"
			     "      - { key: f, value: 1 }\n";

static void
test_check_lines(void **state)
{
	static const struct {
		const char *patch;
		int line;
	} t[] = {
		{ "{'labelColor':'red'}", 5 },
		{ "{'backgroundColor':'red'}", 2 },
		{ "{'expirationDate':'soon'}", 14 },
		{ "{'description':7}", 3 },
		{ "{'organizationName':7}", 2 },
		{ "{'barcodes':[7]}", 12 },
		{ "{'generic':{'headerFields':[{'key':'a'}]}}", 7 },
		{ "{'generic':{'headerFields':[{'key':'b'}]}}", 8 },
		{ "{'generic':{'headerFields':[{'key':'c'}]}}", 6 },
		{ "{'generic':{'headerFields':[7]}}", 6 },
		{ "{'generic':{'headerFields':7}}", 6 },
		{ "{'generic':{'backFields':[{'key':'a','value':1}]}}", 11 },
		{ "{'generic':{'footerFields':[{'key':'f'}]}}", 17 },
		{ "{'generic':{'footerFields':[{'key':'g'}]}}", 16 },
		{ "{'generic':{'auxiliaryFields':[{'key':'g'}]}}", 15 },
		{ "{'generic':null}", 2 },
		{ "{'generic':{'headerFields':[{'value':1}]}}", 9 },
		{ "{'appLaunchURL':'a:'}", 2 },
	};
	struct arena *a = arena_new(16384);
	struct json_object *good = json(a, good_pass), *file = NULL;
	struct passjson_source src = { .file = "generic.yml" };
	struct faults f;

	(void)state;
	faults_init(&f, a);
	assert_int_equal(
	    yaml_parse(a, slice_of(source), src.file, &f, &file), ERR_OK);
	src.card = json_get(file, "card");
	src.apple = json_get(file, "apple");
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json_object *pass =
		    json_merge(a, good, json(a, t[i].patch), false);

		faults_init(&f, a);
		passjson_check(json_text(a, pass), &src, &f, a);
		if (f.n != 1 || f.list[0].line != t[i].line)
			fail_msg("row %zu: %zu faults, line %d: %s", i, f.n,
			    f.n > 0 ? f.list[0].line : 0,
			    f.n > 0 ? f.list[0].text : "");
	}
	arena_free(a);
}

static void
test_check_text(void **state)
{
	static const char *const t[] = { "", "[]", "{", "{}x", "null" };
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct faults f;

		faults_init(&f, a);
		passjson_check(slice_of(t[i]),
		    &(struct passjson_source){ .file = "x" }, &f, a);
		assert_int_equal(f.errors, 1);
	}
	arena_free(a);
}

static void
test_messages(void **state)
{
	struct world w;
	struct card_side sides[2] = {
		{ .language = "en", .card = NULL },
		{ .language = "fr", .card = NULL },
	};
	struct passjson out;
	struct json_object *tree;

	(void)state;
	world_init(&w);
	w.type.kind = KIND_GENERIC;
	for (size_t i = 0; i < 2; i++)
		sides[i].card = json(w.a, "{'organization':'Acme'}");
	w.pass.notification = json(w.a,
	    "{'localizedContent':{'en':'Hello','fr':'Salut','de-AT':'Servus'},"
	    "'number':1}");
	tree = build_sides(&w, sides, 2, &out);
	assert_string_equal(quoted(w.a, json_get(tree, "generic")),
	    "{'backFields':[{'key':'passwright.message','label':'Acme',"
	    "'value':'Hello','changeMessage':'%@'}]}");
	assert_int_equal(out.nstrings, 3);
	assert_string_equal(out.strings[1].language, "fr");
	assert_non_null(strstr(out.strings[1].text.s, "\"Salut\""));
	assert_string_equal(out.strings[2].language, "de-AT");
	assert_non_null(strstr(out.strings[2].text.s, "\"Servus\""));
	arena_free(w.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_lines),
		cmocka_unit_test(test_check_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
