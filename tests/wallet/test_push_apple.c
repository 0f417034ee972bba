#include "wallet/apple/push_apple.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../worker/fixture.h"
#include "h2.h"
#include "pass/install.h"
#include "store/registration.h"
#include "wallet/apple/apns.h"

#define TOPIC "pass.x"

/* Beside what the fixture has. */
static struct {
	struct h2 *h;
	struct server server;
	const char *a, *b; /* passes; `b` is on the phone of `a`, too */
} own;

static void
write_key(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *p8 = fopen(path, "we");

	assert_non_null(p8);
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(p8, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(p8), 0);
	EVP_PKEY_free(key);
}

static enum err
enrol(struct txn *t, void *arg)
{
	const char *const rows[][3] = { { "dev-1", own.a, "one" },
		{ "dev-1", own.b, "one" }, { "dev-2", own.a, "two" } };
	struct fixture *f = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < 3; i++) {
		const struct registration r = { rows[i][0], TOPIC, rows[i][1],
			rows[i][2], NOW };
		struct registration_moves m = { .n = 0 };
		bool new;

		e = registration_add(t, f->a, &r, &new, &m);
	}
	return e;
}

static int
setup(void **state)
{
	int rc = fixture_setup(state);
	struct fixture *f = *state;

	own.h = h2_start(f->dir);
	own.server.endpoints.apns =
	    arena_printf(f->a, "https://127.0.0.1:%d", own.h->port);
	own.server.endpoints.ca_file = arena_printf(f->a, "%s/h2.pem", f->dir);
	f->t.apple = (struct apple_conf){ .pass_type_identifier = TOPIC,
		.team_identifier = "A1B2C3D4E5",
		.key_id = "ABC123DEFG",
		.p8 = arena_printf(f->a, "%s/key.p8", f->dir) };
	write_key(f->t.apple.p8);
	own.a = created(f);
	own.b = created(f);
	assert_int_equal(store_run(f->st, enrol, f), ERR_OK);
	return rc;
}

static int
teardown(void **state)
{
	apns_close();
	h2_stop(own.h);
	return fixture_teardown(state);
}

/* Tell of both passes. */
static enum err
told(struct fixture *f, struct due d[2])
{
	struct push_env env = { .a = f->a,
		.server = &own.server,
		.tenant = &f->t,
		.store = f->st,
		.now = f->time.now };
	struct due *rows[2] = { &d[0], &d[1] };

	d[0] = (struct due){ .id = own.a, .wallets = STORE_APPLE };
	d[1] = (struct due){ .id = own.b, .wallets = STORE_APPLE };
	return push_apple.tell(&env, rows, 2);
}

/* All phones answer so; what becomes of each pass: one letter. */
static void
expect(struct fixture *f, const struct h2_answer *a, const char *want)
{
	const struct h2_answer both[2] = { *a, *a };
	struct due d[2];
	char got[3] = "";

	h2_expect(own.h, both, 2);
	(void)!told(f, d);
	for (size_t i = 0; i < 2; i++)
		got[i] = (d[i].done & STORE_APPLE) != 0 ? 'd'
		    : (d[i].refused & STORE_APPLE) != 0 ? 'r'
		    : (d[i].stuck & STORE_APPLE) != 0   ? 's'
							: 'l';
	if (strcmp(got, want) != 0)
		fail_msg("%d %s: %s, wanted %s", a->status, a->body, got, want);
}

static size_t
phones(struct fixture *f, const char *id)
{
	return (size_t)json_get_int(json_get(stored(f, id).providers, "apple"),
	    "activeRegistrations", -1);
}

static void
change_both(struct fixture *f)
{
	const char *const ids[] = { own.a, own.b };
	struct change_env env = fixture_env(f);
	static int n;

	for (size_t i = 0; i < 2; i++) {
		const struct change_input in = {
			.additional =
			    parsed(f, arena_printf(f->a, "{\"x\":%d}", n++))
		};
		struct change_result r;
		struct why w;

		assert_int_equal(
		    change_update(&env, ids[i], &in, &r, &w), ERR_OK);
	}
}

static void
test_what_becomes_of_a_pass(void **state)
{
	static const struct {
		struct h2_answer a;
		const char *want;
	} t[] = {
		{ { .status = 200 }, "dd" },
		{ { .status = 400, .body = "{\"reason\":\"BadTopic\"}" },
		    "rr" },
		{ { .status = 413 }, "rr" },
		{ { .status = 429 }, "ll" },
		{ { .status = 503 }, "ll" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		expect(*state, &t[i].a, t[i].want);
		assert_in_range(own.h->requests, 1, 2);
		(void)teardown(state);
		(void)setup(state);
	}
}

static void
test_a_phone_is_told_once(void **state)
{
	static const struct h2_answer yes = { .status = 200 };

	expect(*state, &yes, "dd");
	assert_int_equal(own.h->requests, 2);
	expect(*state, &yes, "dd"); /* nothing is new to them */
	assert_int_equal(own.h->requests, 0);
}

/* It leaves the passes, unless it came again since. */
static void
test_a_dead_token(void **state)
{
	const struct {
		int64_t timestamp;
		size_t left;
	} t[] = { { NOW - 1, 2 }, { NOW + 1, 0 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct h2_answer a = { .status = 410 };
		struct install_check c = { .mend = true, .now = NOW };

		assert_int_equal(install_verify(f->st, &f->t, &c), ERR_OK);
		assert_int_equal(phones(f, own.a), 2);
		snprintf(a.body, sizeof(a.body),
		    "{\"reason\":\"Unregistered\",\"timestamp\":%lld}",
		    (long long)t[i].timestamp);
		expect(f, &a, "dd");
		assert_int_equal(phones(f, own.a), t[i].left);
		change_both(f);
		pass_time(f, 10000);
	}
}

/* Nothing more is sent, until the key's file is written again. */
static void
test_a_stop(void **state)
{
	static const struct h2_answer no = { .status = 403,
		.body = "{\"reason\":\"InvalidProviderToken\"}" },
				      yes = { .status = 200 };
	struct fixture *f = *state;
	struct push_env env = { .a = f->a,
		.server = &own.server,
		.tenant = &f->t,
		.store = f->st,
		.now = NOW };
	const char *reason = "";

	assert_false(push_apple_stopped(&env, &f->t.apple, &reason));
	expect(f, &no, "ss");
	assert_true(push_apple_stopped(&env, &f->t.apple, &reason));
	assert_string_equal(reason, "InvalidProviderToken");
	expect(f, &yes, "ss");
	assert_int_equal(own.h->requests, 0);
	usleep(20000);
	write_key(f->t.apple.p8);
	assert_false(push_apple_stopped(&env, &f->t.apple, &reason));
	expect(f, &yes, "dd");
	assert_int_equal(own.h->requests, 2);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_what_becomes_of_a_pass),
		T(test_a_phone_is_told_once),
		T(test_a_dead_token),
		T(test_a_stop),
	};

	log_open("test_push_apple", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
