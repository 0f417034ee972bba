#include "wallet/google/rest.h"

#include "base/fetch.h"
#include "base/log.h"
#include "stand_in.h"
#include "store/google.h"

#define NOW    INT64_C(1795323845678)
#define ISSUER "3388"
#define GOOD                                                                   \
	{                                                                      \
		.begins = "POST /token", "assertion=", 200,                    \
		"{'access_token':'t'}"                                         \
	}
#define CLASS   "PATCH /v1/loyaltyClass/3388.c "
#define OBJECT  "PATCH /v1/loyaltyObject/3388.o "
#define CLASSES "POST /v1/loyaltyClass "
#define OBJECTS "POST /v1/loyaltyObject "
#define WHY(s)  "{'error':{'errors':[{'reason':'" s "'}]}}"

struct fixture {
	char dir[40];
	struct arena *a;
	struct store *st;
	struct server server;
	struct tenant tenant;
	struct google_conf conf;
	struct object object;
	struct rest rest;
	struct stand_in google;
};

enum call { PUT_CLASS, PUT_OBJECT, PUT_BOTH, END, USERS, LOUD, QUIET };

struct sample {
	const char *what;
	enum call call;
	enum err e;
	enum gate_why gate;
	int64_t later; /* ms until the gate opens */
	int said;      /* hasUsers, or that it was heard */
	struct step steps[STEPS_MAX];
};

/* -- a store, an account, an object -----------------------------------------
 */

static char account[] = "/tmp/test_rest.account.XXXXXX";

static void
fixture_init(struct fixture *f)
{
	const struct store_options opt = { .sync = STORE_NOSYNC };

	memset(f, 0, sizeof(*f));
	f->a = arena_new(16384);
	strcpy(f->dir, "/tmp/test_rest.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(store_open(f->dir, &opt, &f->st), ERR_OK);
	f->server.tenants = f->tenant.dir = f->dir;
	f->conf = (struct google_conf){ .issuer_id = ISSUER,
		.service_account = account };
	f->object = (struct object){ .kind = "loyalty",
		.class_id = "3388.c",
		.id = "3388.o",
		.class = json(f->a, "{'id':'3388.c','issuerName':'Acme'}"),
		.of = json(f->a, "{'id':'3388.o','state':'ACTIVE'}") };
}

static void
rest_init(struct fixture *f)
{
	struct why w;

	f->server.endpoints.google_api =
	    arena_printf(f->a, "%s/v1", f->google.url);
	f->server.endpoints.google_token =
	    arena_printf(f->a, "%s/token", f->google.url);
	f->rest = (struct rest){ .a = f->a,
		.server = &f->server,
		.tenant = &f->tenant,
		.store = f->st,
		.issuer = ISSUER,
		.now = NOW };
	assert_int_equal(
	    account_get(&f->conf, NOW, &f->rest.account, &w), ERR_OK);
}

static void
fixture_free(struct fixture *f)
{
	char cmd[64];

	store_close(f->st);
	arena_free(f->a);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
}

static struct gate
gate_of(struct fixture *f)
{
	const struct gate_of of = { f->a, f->st, ISSUER, f->rest.account };
	struct gate g;

	gate_get(&of, &g);
	return g;
}

static enum err
called(struct fixture *f, enum call call, int *said)
{
	bool yes = call == LOUD;
	enum err e;

	switch (call) {
	case PUT_CLASS:
		return rest_class(&f->rest, &f->object);
	case PUT_OBJECT:
		return rest_object(&f->rest, &f->object);
	case PUT_BOTH:
		assert_int_equal(rest_class(&f->rest, &f->object), ERR_OK);
		return rest_object(&f->rest, &f->object);
	case END:
		return rest_end(&f->rest, &f->object);
	case USERS:
		e = rest_users(&f->rest, &f->object, &yes);
		break;
	default:
		e = rest_message(&f->rest, &f->object,
		    json(f->a, "{'id':'m','body':'Hi'}"), &yes);
	}
	*said = e == ERR_OK && yes;
	return e;
}

/* -- what Google answers ------------------------------------------------------
 */

/* clang-format off */
static const struct sample samples[] = {
	{ "all is there", .steps = { GOOD, { .begins = CLASS, "Bearer t", 200 },
	    { .begins = OBJECT, "ACTIVE", 200 } }, .call = PUT_OBJECT },
	{ "all is new", .steps = { GOOD, { .begins = CLASS, NULL, 404 }, { .begins = CLASSES, "Acme", 200 },
	    { .begins = OBJECT, NULL, 404 }, { .begins = OBJECTS, "ACTIVE", 200 } }, .call = PUT_OBJECT },
	{ "another made them meanwhile", .call = PUT_OBJECT, .steps = { GOOD,
	    { .begins = CLASS, NULL, 404 }, { .begins = CLASSES, NULL, 409 }, { .begins = CLASS, NULL, 200 },
	    { .begins = OBJECT, NULL, 404 }, { .begins = OBJECTS, NULL, 409 }, { .begins = OBJECT, NULL, 200 } } },
	{ "the class once for both", .call = PUT_BOTH, .steps = { GOOD,
	    { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 200 } } },
	{ "the class is gone", .call = PUT_BOTH, .steps = { GOOD, { .begins = CLASS, NULL, 200 },
	    { .begins = OBJECT, NULL, 404, WHY("IssuerClassNotFound") }, { .begins = CLASS, NULL, 404 },
	    { .begins = CLASSES, NULL, 200 }, { .begins = OBJECT, NULL, 404 }, { .begins = OBJECTS, NULL, 200 } } },
	{ "the class is gone before the object is made", .call = PUT_BOTH,
	    .steps = { GOOD, { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 404 },
	    { .begins = OBJECTS, NULL, 404, WHY("classNotFound") }, { .begins = CLASS, NULL, 404 },
	    { .begins = CLASSES, NULL, 200 }, { .begins = OBJECT, NULL, 404 }, { .begins = OBJECTS, NULL, 200 } } },
	{ "the class is never there", .call = PUT_OBJECT, .e = ERR_INVALID, .steps = { GOOD,
	    { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 404, WHY("classNotFound") },
	    { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 404, WHY("classNotFound") } } },
	{ "refused for good", .call = PUT_OBJECT, .e = ERR_INVALID, .steps = { GOOD,
	    { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 400, WHY("badRequest") } } },
	{ "a refused class", .call = PUT_OBJECT, .e = ERR_INVALID, .steps = { GOOD,
	    { .begins = CLASS, NULL, 400, WHY("Invalid review status") } } },
	{ "what the card gives no more", .call = PUT_OBJECT, .steps = { GOOD,
	    { .begins = CLASS, NULL, 200 }, { .begins = OBJECT, NULL, 200, "{'barcode':{},'hasUsers':true}" },
	    { .begins = OBJECT, "{\"barcode\":null}", 200 } } },
	{ "an old token", .call = PUT_CLASS, .steps = { GOOD, { .begins = CLASS, NULL, 401 },
	    { .begins = "POST /token", NULL, 200, "{'access_token':'u'}" },
	    { .begins = CLASS, "Bearer u", 200 } } },
	{ "no token does", .call = PUT_CLASS, .e = ERR_DENIED, .gate = GATE_TOKEN,
	    .later = GATE_DENIED_MS, .steps = { GOOD, { .begins = CLASS, NULL, 401 }, GOOD,
	    { .begins = CLASS, NULL, 401 } } },
	{ "no user of the console", .call = PUT_CLASS, .e = ERR_DENIED, .gate = GATE_ISSUER,
	    .later = GATE_DENIED_MS, .steps = { GOOD,
	    { .begins = CLASS, NULL, 403, WHY("permissionDenied") } } },
	{ "too fast", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = CLASS, NULL, 403, WHY("rateLimitExceeded") } } },
	{ "429", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = CLASS, NULL, 429 } } },
	{ "429 with a time", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 7000, .steps = { GOOD, { .begins = CLASS, NULL, 429, NULL, "Retry-After: 7" } } },
	{ "a time that is too long", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = GATE_MOST_MS,
	    .steps = { GOOD, { .begins = CLASS, NULL, 503, NULL, "Retry-After: 7200" } } },
	{ "a time out of all measure", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = GATE_MOST_MS, .steps = { GOOD,
	    { .begins = CLASS, NULL, 503, NULL, "Retry-After: 99999999999999999999" } } },
	{ "a time that is none", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 1000, .steps = { GOOD, { .begins = CLASS, NULL, 503, NULL, "Retry-After: -7" } } },
	{ "503", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = CLASS, NULL, 503 } } },
	{ "no answer", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = CLASS, NULL, 0 } } },
	{ "token: no account of this key", .call = PUT_CLASS, .e = ERR_DENIED,
	    .gate = GATE_TOKEN, .later = GATE_DENIED_MS,
	    .steps = { { .begins = "POST /token", NULL, 400, "{'error':'invalid_grant'}" } } },
	{ "token: 401", .call = PUT_CLASS, .e = ERR_DENIED, .gate = GATE_TOKEN,
	    .later = GATE_DENIED_MS, .steps = { { .begins = "POST /token", NULL, 401 } } },
	{ "token: 500", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { { .begins = "POST /token", NULL, 500, NULL } } },
	{ "token: 503 with a time", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 9000, .steps = { { .begins = "POST /token", NULL, 503, NULL, "Retry-After: 9" } } },
	{ "token: no JSON", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 1000, .steps = { { .begins = "POST /token", NULL, 200, "<html>" } } },
	{ "token: none in it", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 1000, .steps = { { .begins = "POST /token", NULL, 200, "{'access_token':1}" } } },
	{ "token: no answer", .call = PUT_CLASS, .e = ERR_BUSY, .gate = GATE_LATER,
	    .later = 1000, .steps = { { .begins = "POST /token", NULL, 0 } } },
	{ "token: for no time", .call = PUT_BOTH, .steps = {
	    { .begins = "POST /token", NULL, 200, "{'access_token':'t','expires_in':-1}" },
	    { .begins = CLASS, NULL, 200 }, GOOD, { .begins = OBJECT, NULL, 200 } } },
	{ "token: for all times", .call = PUT_CLASS, .steps = { { .begins = "POST /token", NULL, 200,
	    "{'access_token':'t','expires_in':9223372036854775807}" }, { .begins = CLASS, NULL, 200 } } },
	{ "users", .call = USERS, .said = 1, .steps = { GOOD,
	    { .begins = "GET /v1/loyaltyObject/3388.o ", NULL, 200, "{'hasUsers':true}" } } },
	{ "no users", .call = USERS, .steps = { GOOD,
	    { .begins = "GET /v1/loyaltyObject/3388.o ", NULL, 200, "{'hasUsers':false}" } } },
	{ "no word of users", .call = USERS, .e = ERR_NOTFOUND, .steps = { GOOD,
	    { .begins = "GET /v1/loyaltyObject/3388.o ", NULL, 200, "{'hasUsers':'yes'}" } } },
	{ "users of nothing", .call = USERS, .e = ERR_NOTFOUND, .steps = { GOOD,
	    { .begins = "GET /v1/loyaltyObject/3388.o ", NULL, 404 } } },
	{ "end", .call = END, .steps = { GOOD,
	    { .begins = OBJECT, "{\"state\":\"INACTIVE\"}", 200 } } },
	{ "end of nothing", .call = END, .steps = { GOOD, { .begins = OBJECT, NULL, 404 } } },
	{ "an end that is refused", .call = END, .e = ERR_INVALID,
	    .steps = { GOOD, { .begins = OBJECT, NULL, 400 } } },
	{ "an end later", .call = END, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = OBJECT, NULL, 500 } } },
	{ "heard", .call = LOUD, .said = 1, .steps = { GOOD,
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "TEXT_AND_NOTIFY", 200 } } },
	{ "not heard any more", .call = LOUD, .steps = { GOOD,
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "TEXT_AND_NOTIFY", 403,
	      WHY("QuotaExceededException") },
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "\"TEXT\"", 200 } } },
	{ "nor by 429", .call = LOUD, .steps = { GOOD,
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "TEXT_AND_NOTIFY", 429,
	      WHY("quotaExceeded") },
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "\"TEXT\"", 200 } } },
	{ "quiet", .call = QUIET, .steps = { GOOD,
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", "\"TEXT\"", 200 } } },
	{ "too much at all", .call = QUIET, .e = ERR_BUSY, .gate = GATE_LATER, .later = 1000,
	    .steps = { GOOD, { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", NULL, 403,
	      WHY("quotaExceeded") } } },
	{ "a refused message", .call = LOUD, .e = ERR_INVALID, .steps = { GOOD,
	    { .begins = "POST /v1/loyaltyObject/3388.o/addMessage ", NULL, 400 } } },
};
/* clang-format on */

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		struct fixture f;
		struct gate g;
		int said = 0;
		enum err e;

		fixture_init(&f);
		stand_in_start(&f.google, s->steps);
		rest_init(&f);
		e = called(&f, s->call, &said);
		g = gate_of(&f);
		if (!stand_in_end(&f.google))
			fail_msg("%s: other requests", s->what);
		if (e != s->e || said != s->said || g.why != s->gate ||
		    (s->later != 0 && g.until != NOW + s->later) ||
		    (s->later != 0 && f.rest.later != s->later))
			fail_msg("%s: %d, %d, gate %d for %lld", s->what,
			    (int)e, said, (int)g.why,
			    (long long)(g.until - NOW));
		fixture_free(&f);
	}
}

/* Asked of a class and an object that want it, and again without. */
static void
test_holders_are_notified(void **state)
{
	static const struct step steps[] = { GOOD,
		{ .begins = CLASS,
		    "\"notifyPreference\":\"NOTIFY_ON_UPDATE\"",
		    404 },
		{ .begins = CLASSES, "Acme", 200, .lacks = "notifyPreference" },
		{ .begins = OBJECT,
		    "NOTIFY_ON_UPDATE",
		    429,
		    WHY("QuotaExceeded") },
		{ .begins = OBJECT,
		    "ACTIVE",
		    200,
		    .lacks = "notifyPreference" },
		{ .begins = NULL } };
	struct fixture f;

	(void)state;
	fixture_init(&f);
	stand_in_start(&f.google, steps);
	rest_init(&f);
	f.object.notify_class = f.object.notify_object = true;
	assert_int_equal(rest_object(&f.rest, &f.object), ERR_OK);
	assert_true(stand_in_end(&f.google));
	fixture_free(&f);
}

/* While the gate is shut only who is waited for asks, and opens it. */
static void
test_a_shut_gate(void **state)
{
	static const struct step steps[] = { GOOD,
		{ .begins = CLASS, NULL, 503 }, { .begins = CLASS, NULL, 503 },
		{ .begins = CLASS, NULL, 503 }, { .begins = CLASS, NULL, 403 },
		{ .begins = CLASS, NULL, 200 }, { .begins = NULL } };
	struct fixture f;
	struct rest *r = &f.rest;

	(void)state;
	fixture_init(&f);
	stand_in_start(&f.google, steps);
	rest_init(&f);
	assert_int_equal(rest_class(r, &f.object), ERR_BUSY);
	assert_false(r->held);
	r->now += 999;
	assert_int_equal(rest_class(r, &f.object), ERR_BUSY);
	assert_true(r->held);
	assert_int_equal(r->later, 1);
	r->at_once = true;
	assert_int_equal(rest_class(r, &f.object), ERR_BUSY);
	r->at_once = false;
	assert_int_equal(gate_of(&f).failures, 1);
	r->now++;
	assert_int_equal(rest_class(r, &f.object), ERR_BUSY);
	assert_false(r->held);
	assert_int_equal(r->later, 2000);
	r->now += 2000;
	assert_int_equal(rest_class(r, &f.object), ERR_DENIED);
	assert_int_equal(rest_class(r, &f.object), ERR_DENIED);
	assert_true(r->held);
	r->at_once = true;
	assert_int_equal(rest_class(r, &f.object), ERR_OK);
	assert_int_equal(gate_of(&f).why, GATE_OPEN);
	assert_true(stand_in_end(&f.google));
	fixture_free(&f);
}

static int
setup(void **state)
{
	int fd = mkstemp(account);

	(void)state;
	close(fd);
	account_write(account, "wallet@acme.example");
	return fd < 0;
}

static int
teardown(void **state)
{
	(void)state;
	fetch_close();
	return unlink(account);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_holders_are_notified),
		cmocka_unit_test(test_a_shut_gate),
	};

	log_open("test_rest", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
