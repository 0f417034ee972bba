#include "pass/hook.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test.h"

#define NOW INT64_C(1795323845678)

/* The example of the specification's own libraries. */
static void
test_the_published_example(void **state)
{
	struct arena *a = arena_new(4096);
	struct hook_signed s = { .id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
		.seconds = 1614265330,
		.body = slice_of("{\"test\": 2432232314}") };

	(void)state;
	assert_true(text_unbase64(
	    a, slice_of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &s.key));
	assert_string_equal(hook_sign(a, &s),
	    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	s.seconds++;
	assert_string_not_equal(hook_sign(a, &s),
	    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	arena_free(a);
}

static void
test_events_have_names(void **state)
{
	static const struct {
		const char *name;
		int kind; /* -1: there is none of that name */
	} t[] = {
		{ "pass.created", EVENT_CREATED },
		{ "pass.updated", EVENT_UPDATED },
		{ "pass.installed", EVENT_INSTALLED },
		{ "pass.uninstalled", EVENT_UNINSTALLED },
		{ "pass.notified", EVENT_NOTIFIED },
		{ "pass.create", -1 },
		{ "pass.created ", -1 },
		{ "Pass.created", -1 },
		{ "created", -1 },
		{ "*", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum event_kind kind = EVENT__MAX;

		assert_int_equal(
		    hook_event_find(t[i].name, &kind), t[i].kind >= 0);
		assert_int_equal(kind, t[i].kind < 0 ? EVENT__MAX : t[i].kind);
		if (t[i].kind >= 0)
			assert_string_equal(hook_event(kind), t[i].name);
	}
}

static struct delivery
sample(enum event_kind kind, unsigned wallet)
{
	return (struct delivery){ .id = "abcdefghijklmnopqrstuvwx",
		.event = { .kind = kind,
		    .wallet = wallet,
		    .date = NOW,
		    .pass = "p1\"",
		    .type = "loyalty" } };
}

static void
test_what_is_told(void **state)
{
	static const struct {
		enum event_kind kind;
		unsigned wallet;
		const char *type, *wallet_text;
	} t[] = {
		{ EVENT_CREATED, 0, "pass.created", "" },
		{ EVENT_INSTALLED, STORE_APPLE, "pass.installed",
		    ",\"wallet\":\"apple\"" },
		{ EVENT_UNINSTALLED, STORE_GOOGLE, "pass.uninstalled",
		    ",\"wallet\":\"google\"" },
	};
	struct arena *a = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct delivery d = sample(t[i].kind, t[i].wallet);

		assert_string_equal(hook_body(a, "acme", &d).s,
		    arena_printf(a,
			"{\"id\":\"msg_abcdefghijklmnopqrstuvwx\","
			"\"type\":\"%s\","
			"\"timestamp\":\"2026-11-22T05:04:05.678Z\","
			"\"data\":{\"tenantId\":\"acme\",\"passId\":\"p1\\\"\","
			"\"passType\":\"loyalty\"%s}}",
			t[i].type, t[i].wallet_text));
	}
	arena_free(a);
}

static const char *
header(const char *const *h, const char *name)
{
	for (; *h != NULL; h++)
		if (strncmp(*h, name, strlen(name)) == 0)
			return *h + strlen(name);
	return NULL;
}

/* The new secret signs first, the former one until its time is over. */
static void
test_both_secrets_sign(void **state)
{
	static const struct {
		int64_t until;
		int signatures;
	} t[] = { { 0, 1 }, { NOW, 1 }, { NOW + 1, 2 } };
	struct arena *a = arena_new(4096);
	const struct delivery d = sample(EVENT_CREATED, 0);
	struct webhook w = { .secret = "new", .former = "old" };
	const struct slice body = slice_of("{}");

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct hook_signed s = { .id = "msg_abcdefghijklmnopqrstuvwx",
			.seconds = NOW / 1000,
			.body = body };
		const char *const *h, *want;

		w.former_until = t[i].until;
		h = hook_headers(a, &w, &d, body, NOW);
		s.key =
		    (struct slice){ (const char *)w.secret, WEBHOOK_SECRET };
		want = hook_sign(a, &s);
		s.key.s = (const char *)w.former;
		if (t[i].signatures == 2)
			want = arena_printf(a, "%s %s", want, hook_sign(a, &s));
		assert_string_equal(header(h, "webhook-signature: "), want);
		assert_string_equal(header(h, "webhook-id: "), s.id);
		assert_string_equal(
		    header(h, "webhook-timestamp: "), "1795323845");
		assert_string_equal(
		    header(h, "Content-Type: "), "application/json");
	}
	assert_string_equal(hook_secret(a, w.secret),
	    "whsec_bmV3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_published_example),
		cmocka_unit_test(test_events_have_names),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_both_secrets_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
