#include "wallet/apple/pkpass.h"

#include "base/clock.h"
#include "base/log.h"
#include "chain.h"
#include "conf/fault.h"
#include "wallet/apple/kept.h"

#define TYPE "server/passes/loyalty"

struct fixture {
	struct arena *a;
	const char *dir;
	struct server server;
	struct tenant *tenant;
	struct pass pass;
	int64_t now;
};

static const char *
in(const struct fixture *f, const char *file)
{
	return arena_printf(f->a, "%s/%s", f->dir, file);
}

/* With %s for the folder. */
static void
run(const struct fixture *f, const char *command)
{
	shell(f->a, true,
	    arena_printf(f->a, "cd '%s/demo' && %s", f->dir, command));
}

static struct pass_type *
load(struct fixture *f)
{
	struct faults faults;

	tenant_free(f->tenant);
	f->tenant = NULL;
	faults_init(&faults, f->a);
	if (tenant_load(&f->server, "demo", &faults, &f->tenant) != ERR_OK)
		fail_msg("%s", faults.list[0].text);
	f->now += 1000; /* images are looked at again */
	return tenant_type(f->tenant, "loyalty");
}

static struct json_object *
pair(struct arena *a, const char *key, const char *value)
{
	struct json_object *o = json_object_in(a);

	if (value != NULL)
		json_set_string(o, key, value);
	return o;
}

static int
setup(void **state)
{
	struct arena *a = arena_new(4096);
	struct fixture *f = arena_alloc(a, sizeof(*f));

	*state = f;
	f->a = a;
	assert_int_equal(setenv("srcdir", ".", 0), 0);
	f->dir = make_dir(a);
	f->server.tenants = f->dir;
	shell(a, true,
	    arena_printf(a,
		"cp -R \"$srcdir/etc/demo\" '%s/demo' && "
		"chmod -R u+w '%s/demo' && sh "
		"\"$srcdir/scripts/apple-chain.sh\" '%s/demo/secrets' "
		"pass.example.demo A1B2C3D4E5 && chmod 700 "
		"'%s/demo/secrets' && cp -R '%s/demo' '%s/fresh' && sh "
		"\"$srcdir/scripts/apple-chain.sh\" '%s/second' "
		"pass.example.demo A1B2C3D4E5",
		f->dir, f->dir, f->dir, f->dir, f->dir, f->dir, f->dir));
	f->now = clock_now() + 2000;
	f->pass = (struct pass){
		.id = "abcdef123456",
		.type = "loyalty",
		.modified = f->now / 1000 + 60,
		.identifiers = pair(a, "shopify.customerId", "Zo\u00eb"),
		.metadata = pair(a, "loyaltyTier", "gold"),
		.additional = json_object_in(a),
		.providers = json_object_in(a),
		.extensions = json_object_in(a),
		.apple_serial = "serial-1",
		.apple_token = "0123456789abcdef",
	};
	json_set_int(f->pass.metadata, "points", 250);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tenant_free(f->tenant);
	shell(f->a, true, arena_printf(f->a, "rm -rf '%s'", f->dir));
	arena_free(f->a);
	return 0;
}

/* Every test begins with the demo tenant as it is shipped. */
static int
reset(void **state)
{
	struct fixture *f = *state;

	shell(f->a, true,
	    arena_printf(f->a, "rm -rf '%s/demo' && cp -R '%s/fresh' '%s/demo'",
		f->dir, f->dir, f->dir));
	return 0;
}

static struct pkpass_of
pass_of(struct fixture *f, struct pass_type *type)
{
	return (struct pkpass_of){
		.tenant = f->tenant,
		.type = type,
		.pass = &f->pass,
		.document = slice_of("{}"),
		.now = f->now,
	};
}

static struct pkpass
build(struct fixture *f, const char *name)
{
	struct pass_type *type = load(f);
	const struct pkpass_of of = pass_of(f, type);
	struct pkpass out = { .modified = 0 };
	struct why w = { .text = "" };

	if (pkpass_build(f->a, &of, &out, &w) != ERR_OK)
		fail_msg("%s", w.text);
	write_bytes(in(f, name), out.zip);
	return out;
}

static const char *
unpack(struct fixture *f, const char *name, const char *other)
{
	return output(f->a,
	    arena_printf(f->a,
		"python3 \"$srcdir/tests/wallet/unpack.py\" '%s/%s' '%s/out' "
		"%s",
		f->dir, name, f->dir, other == NULL ? "" : in(f, other)));
}

static struct json_object *
read_json(struct fixture *f, const char *name)
{
	const char *text =
	    output(f->a, arena_printf(f->a, "cat '%s/%s'", f->dir, name));
	struct json_object *o = NULL;

	assert_int_equal(
	    json_parse(f->a, slice_of(text), JSON_DEPTH, &o, NULL), ERR_OK);
	return o;
}

static void
test_build(void **state)
{
	struct fixture *f = *state;
	struct pkpass one = build(f, "one.pkpass"), two;
	const char *digest = unpack(f, "one.pkpass", NULL);
	struct json_object *pass = read_json(f, "out/pass.json");
	struct json_object *barcode, *field;

	assert_int_equal(strlen(one.etag), 42);
	assert_memory_equal(one.etag + 1, digest, 40);
	assert_int_equal(one.etag[0], '"');
	assert_int_equal(one.etag[41], '"');
	assert_int_equal(one.modified, f->pass.modified);
	shell(f->a, true,
	    arena_printf(f->a,
		"cd '%s/out' && openssl cms -verify -binary -inform DER "
		"-in signature -content manifest.json -CAfile "
		"../demo/secrets/root.pem -purpose any -out /dev/null",
		f->dir));

	assert_string_equal(json_get_string(pass, "serialNumber"), "serial-1");
	barcode = json_object_array_get_idx(json_get(pass, "barcodes"), 0);
	assert_string_equal(json_get_string(barcode, "message"), "Zo\u00eb");
	field = json_object_array_get_idx(
	    json_get(json_get(pass, "storeCard"), "headerFields"), 0);
	assert_int_equal(json_get_int(field, "value", 0), 250);
	assert_true(
	    json_object_is_type(json_get(field, "value"), json_type_int));
	shell(f->a, true,
	    arena_printf(f->a,
		"cd '%s/out' && grep -q '= \"Statut\";' "
		"fr.lproj/pass.strings && grep -q '= \"Tier\";' "
		"en.lproj/pass.strings && cmp icon@2x.png "
		"../demo/" TYPE "/icon@2x.png",
		f->dir));

	/* the same again, a while later: a new signature is all that is new */
	f->now += 3600 * 1000;
	two = build(f, "two.pkpass");
	unpack(f, "two.pkpass", "one.pkpass");
	assert_string_equal(one.etag, two.etag);
	assert_int_equal(one.modified, two.modified);
}

/* Whatever the package holds moves the tag. */
static void
test_etag(void **state)
{
	static const char *const t[] = {
		"sed -i 's/^  description:.*/  description: New/' " TYPE ".yml",
		"echo 'tier: Rang' >> " TYPE "/fr.yml.new && sed "
		"'/^tier/d' " TYPE "/fr.yml >> " TYPE "/fr.yml.new && mv " TYPE
		"/fr.yml.new " TYPE "/fr.yml",
		"cp " TYPE "/icon.png " TYPE "/logo.png",
		"rm " TYPE "/strip@3x.png",
		"cp " TYPE "/icon.png " TYPE "/strip.fr.png",
		"sed -i 's,https://,http://,' tenant.yml",
	};
	struct fixture *f = *state;
	struct pkpass was = build(f, "was.pkpass"), is;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		run(f, t[i]);
		is = build(f, "is.pkpass");
		unpack(f, "is.pkpass", NULL);
		if (strcmp(was.etag, is.etag) == 0)
			fail_msg("row %zu: the tag stayed", i);
		was = is;
	}
	shell(f->a, true,
	    arena_printf(f->a,
		"cmp '%s/out/fr.lproj/strip.png' '%s/fresh/" TYPE "/icon.png'",
		f->dir, f->dir));
	assert_null(json_get(read_json(f, "out/pass.json"), "webServiceURL"));
	assert_null(
	    json_get(read_json(f, "out/pass.json"), "authenticationToken"));

	f->pass.modified -= 3600;
	is = build(f, "is.pkpass");
	f->pass.modified += 3600;
	assert_string_equal(was.etag, is.etag);
	assert_int_equal(
	    is.modified, tenant_type(f->tenant, "loyalty")->changed);
}

static void
test_failures(void **state)
{
	static const struct {
		const char *command;
		enum err want;
		const char *field; /* of `why` */
	} t[] = {
		{ "sed -i 's/icon: icon.png, //' " TYPE ".yml", ERR_UNSET,
		    "card.images.icon" },
		{ "rm " TYPE "/icon*.png", ERR_UNSET, "card.images.icon" },
		{ "sed -i '/certificate:/d; s/^apple:.*/apple: {}/' tenant.yml",
		    ERR_UNSET, "apple.passTypeIdentifier" },
		{ "sed -i 's/, wwdr: [^ ]*//' tenant.yml", ERR_UNSET,
		    "apple.wwdr" },
		{ "sed -i 's/pass.example.demo/pass.example.other/' tenant.yml",
		    ERR_INTERNAL, "" },
		{ "head -c 2097153 /dev/zero >" TYPE "/strip.png", ERR_INTERNAL,
		    "" },
		{ "sed -i 's/^  title:.*/  title: \"{{ error }}\"/' " TYPE
		  ".yml",
		    ERR_INTERNAL, "" },
	};
	struct fixture *f = *state;

	log_open("test", in(f, "log"), LOG_LVL_INFO);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pkpass out = { .etag = "untouched" };
		struct why w = { .text = "" };
		struct pkpass_of of;
		enum err e;

		reset(state);
		run(f, t[i].command);
		of = pass_of(f, load(f));
		e = pkpass_build(f->a, &of, &out, &w);
		if (e != t[i].want)
			fail_msg("row %zu: %d", i, e);
		assert_string_equal(w.field, t[i].field);
		assert_int_equal(w.text[0] == '\0', w.field[0] == '\0');
		assert_string_equal(out.etag, "untouched");
		assert_null(out.zip.s);
	}
	log_open("test", "stderr", LOG_LVL_INFO);
}

/* True when it was kept; its tag goes to `etag`. */
static bool
get(struct fixture *f, struct pass_type *type, const char *document,
    const char **etag)
{
	struct pkpass_of of = pass_of(f, type);
	struct pkpass out;
	struct why w = { .text = "" };
	bool kept;

	of.document = slice_of(document);
	if (pkpass_get(f->a, &of, &out, &w) != ERR_OK)
		fail_msg("%s", w.text);
	kept = out.file != NULL;
	assert_int_equal(kept, out.zip.s == NULL);
	assert_int_equal(pkpass_read(f->a, &out), ERR_OK);
	write_bytes(in(f, "got.pkpass"), out.zip);
	assert_memory_equal(out.etag + 1, unpack(f, "got.pkpass", NULL), 40);
	if (etag != NULL)
		*etag = arena_strdup(f->a, out.etag);
	return kept;
}

/* Whatever it is made of makes it anew, once. */
static void
test_kept(void **state)
{
	static const struct {
		const char *command, *document;
		int seconds; /* later modified */
	} t[] = {
		{ "true", "{}", 0 },
		{ "true", "{ }", 0 },
		{ "true", "{ }", 1 },
		{ "sed -i 's/^  description:.*/  description: New/' " TYPE
		  ".yml",
		    "{ }", 0 },
		{ "sed -i 's/Statut/Rang/' " TYPE "/fr.yml", "{ }", 0 },
		{ "cp " TYPE "/icon.png " TYPE "/logo.png", "{ }", 0 },
		{ "cp " TYPE "/icon.png " TYPE "/strip.fr.png", "{ }", 0 },
		{ "sed -i 's/^languages:.*/languages: [fr]/' tenant.yml", "{ }",
		    0 },
		{ "cp ../second/* secrets", "{ }", 0 },
	};
	struct fixture *f = *state;
	struct pass_type *type;

	run(f, "mkdir -p data");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		run(f, t[i].command);
		f->pass.modified += t[i].seconds;
		type = load(f);
		if (get(f, type, t[i].document, NULL))
			fail_msg("row %zu: stale", i);
		if (!get(f, type, t[i].document, NULL))
			fail_msg("row %zu: not kept", i);
		f->now += (KEPT_GRACE + 1) * 1000;
	}
	f->tenant->id = "other";
	assert_false(get(f, type, "{ }", NULL));
}

/*
 * Images are looked at when the package is made: what they were made into
 * is not kept as what the pass type was when it was read.
 */
static void
test_images_ahead(void **state)
{
	struct fixture *f = *state;
	struct pass_type *type;
	const char *was, *is;

	run(f, "mkdir -p data");
	type = load(f);
	assert_false(get(f, type, "{}", &was));
	run(f, "cp " TYPE "/icon.png " TYPE "/logo.png");
	f->now += 1000;
	assert_false(get(f, type, "{2}", &is));
	assert_string_not_equal(was, is);
	assert_false(get(f, type, "{2}", NULL));
	run(f, "rm " TYPE "/logo.png");
	f->now += 1000;
	assert_false(get(f, type, "{2}", NULL));
	assert_false(get(f, type, "{2}", NULL));
	type = load(f);
	assert_false(get(f, type, "{2}", NULL));
	assert_true(get(f, type, "{2}", NULL));
}

/* The tag alone, and of a pass that was but peeked at. */
static void
test_recall(void **state)
{
	struct fixture *f = *state;
	const struct pass whole = f->pass;
	const char *etag;
	struct pkpass_of of;
	struct pkpass out = { .etag = "untouched" };
	struct slice document;
	struct why w;

	run(f, "mkdir -p data");
	f->pass.secret = "s";
	f->pass.created = f->pass.updated = f->now;
	assert_int_equal(pass_print(f->a, &f->pass, &document), ERR_OK);
	of = pass_of(f, load(f));
	of.document = document;
	f->pass = (struct pass){
		.id = whole.id, .type = whole.type, .modified = whole.modified
	};
	assert_int_equal(pkpass_recall(f->a, &of, &out, &w), ERR_NOTFOUND);
	assert_string_equal(out.etag, "untouched");
	assert_false(get(f, of.type, document.s, NULL));
	assert_true(get(f, of.type, document.s, &etag));
	assert_int_equal(pkpass_recall(f->a, &of, &out, &w), ERR_OK);
	assert_string_equal(out.etag, etag);
	assert_int_equal(out.modified, whole.modified);
	assert_null(out.file);
	assert_null(out.zip.s);
	f->pass = whole;
	of.document = slice_of("{}");
	assert_int_equal(pkpass_build(f->a, &of, &out, &w), ERR_OK);
	assert_string_equal(out.etag, etag);
}

/* What is kept does not outlive its certificate. */
static void
test_kept_expires(void **state)
{
	struct fixture *f = *state;
	const int64_t now = f->now;
	struct pkpass_of of;
	struct pkpass out;

	run(f, "mkdir -p data");
	of = pass_of(f, load(f));
	assert_false(get(f, of.type, "{}", NULL));
	assert_true(get(f, of.type, "{}", NULL));
	log_open("test", in(f, "log"), LOG_LVL_INFO);
	of.now += 366LL * 24 * 3600 * 1000;
	assert_int_equal(pkpass_get(f->a, &of, &out, NULL), ERR_INTERNAL);
	log_open("test", "stderr", LOG_LVL_INFO);
	f->now = now;
}

static void
test_check(void **state)
{
	static const struct {
		const char *command, *fault;
		bool warning;
		int line;
	} t[] = {
		{ "true", NULL, false, 0 },
		{ "rm " TYPE "/icon.png", "there is no icon.png", false, 19 },
		{ "rm " TYPE "/icon@2x.png", NULL, false, 0 },
		{ "rm " TYPE "/logo.png", NULL, false, 0 },
		{ "rm " TYPE "/strip*", "card.images.strip: there is no strip",
		    false, 19 },
		{ "sed -i 's/icon: icon.png, //' " TYPE ".yml",
		    "card.images.icon is missing", false, 19 },
		{ "printf GIF89a >" TYPE "/logo.png",
		    "logo.png is no PNG image", false, 19 },
		{ "cp " TYPE "/strip@3x.png " TYPE "/strip.png; rm " TYPE
		  "/strip@*",
		    "strip.png has 1125x432 pixels, and Wallet no room for "
		    "more than 375x144",
		    false, 19 },
		{ "cp " TYPE "/icon.png " TYPE "/icon@2x.png",
		    "icon@2x.png has 38x38 pixels, too few: 58x58", false, 19 },
		{ "cp " TYPE "/logo@3x.png " TYPE "/logo.fr.png",
		    "logo.fr.png has 150x150 pixels", false, 19 },
		{ "cp " TYPE "/logo.png " TYPE "/logo@2x.png",
		    "logo@2x.png has 50x50 pixels, not 2 times those of "
		    "logo.png",
		    true, 19 },
		{ "sed -i 's/%@//' " TYPE "/en.yml", "changeMessage lacks %@",
		    false, 13 },
		{ "sed -i 's/%@//' " TYPE "/fr.yml",
		    "in fr: headerFields 'points': changeMessage lacks %@",
		    false, 13 },
		{ "sed -i 's/#1b3a5b/navy/' " TYPE ".yml",
		    "backgroundColor must be a colour", false, 11 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pass_type *type;
		struct faults faults;

		reset(state);
		run(f, t[i].command);
		type = load(f);
		faults_init(&faults, f->a);
		pkpass_check(f->tenant, type, &f->pass, f->now, &faults);
		if (faults.n != (t[i].fault == NULL ? 0 : 1))
			fail_msg("row %zu: %zu faults: %s", i, faults.n,
			    faults.n > 0 ? faults.list[0].text : "");
		if (faults.n == 0)
			continue;
		if (strstr(faults.list[0].text, t[i].fault) == NULL)
			fail_msg("row %zu: %s", i, faults.list[0].text);
		assert_int_equal(faults.list[0].warning, t[i].warning);
		assert_int_equal(faults.list[0].line, t[i].line);
	}
}

static void
test_bundle(void **state)
{
	struct fixture *f = *state;
	struct pkpass one = build(f, "one.pkpass");
	const struct pkpass_file files[] = {
		{ "b", one.zip },
		{ "a", one.zip },
	};
	struct slice zip, again;

	assert_int_equal(pkpass_bundle(f->a, files, 2, &zip), ERR_OK);
	assert_int_equal(pkpass_bundle(f->a, files, 2, &again), ERR_OK);
	assert_true(slice_eq(zip, again));
	write_bytes(in(f, "two.pkpasses"), zip);
	assert_string_equal(
	    output(f->a,
		arena_printf(f->a,
		    "cd '%s' && unzip -Z1 two.pkpasses && unzip -p "
		    "two.pkpasses a.pkpass | cmp - one.pkpass",
		    f->dir)),
	    "b.pkpass\na.pkpass\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_build, reset),
		cmocka_unit_test_setup(test_etag, reset),
		cmocka_unit_test(test_failures),
		cmocka_unit_test_setup(test_kept, reset),
		cmocka_unit_test_setup(test_images_ahead, reset),
		cmocka_unit_test_setup(test_recall, reset),
		cmocka_unit_test_setup(test_kept_expires, reset),
		cmocka_unit_test(test_check),
		cmocka_unit_test_setup(test_bundle, reset),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
