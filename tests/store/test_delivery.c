#include "store/delivery.h"

#include "fixture.h"

#define NOW  INT64_C(1795323845678)
#define HOUR INT64_C(3600000)
#define A    "aaaaaaaaaaaa"
#define B    "bbbbbbbbbbbb"
#define MAX  1000

#define CREATED (1U << EVENT_CREATED)
#define UPDATED (1U << EVENT_UPDATED)

static void
hook(struct fixture *f, const char *id, unsigned events, const char *type)
{
	struct webhook w = { .url = "https://a.example/", .events = events };

	w.enabled = true;
	memcpy(w.id, id, sizeof(w.id));
	if (type != NULL)
		w.types = (struct strings){ &type, 1 };
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
}

static enum err
edit_in(struct webhook *w, void *arg)
{
	const struct webhook *to = arg;

	w->enabled = to->enabled;
	w->pending = to->pending;
	w->parked = to->parked;
	return ERR_OK;
}

/* What a test would wait long for. */
static void
edit(struct fixture *f, const char *id, struct webhook to)
{
	const struct webhook_change c = { id, edit_in, &to };
	struct webhook w;

	assert_int_equal(webhook_change(f->st, &c, f->a, &w), ERR_OK);
}

static struct webhook
now_of(struct fixture *f, const char *id)
{
	struct webhook w;

	assert_int_equal(webhook_find(f->st, id, f->a, &w), ERR_OK);
	return w;
}

static enum err
queue_in(struct txn *t, void *arg)
{
	return delivery_queue(t, arg);
}

static void
queue(struct fixture *f, const struct event *events, size_t n, int64_t now)
{
	struct delivery_source s = { events, n, now, ident_random };

	assert_int_equal(store_run(f->st, queue_in, &s), ERR_OK);
}

/* `n` events, of passes p0, p1... */
static void
queue_n(struct fixture *f, enum event_kind kind, size_t n, int64_t now)
{
	struct event *e = arena_alloc(f->a, n * sizeof(*e));

	for (size_t i = 0; i < n; i++)
		e[i] = (struct event){ .kind = kind,
			.date = now - 10,
			.pass = arena_printf(f->a, "p%zu", i),
			.type = "loyalty",
			.place = (uint32_t)i + 1 };
	queue(f, e, n, now);
}

static struct delivery *
due_of(struct fixture *f, const char *id, int64_t now, size_t want)
{
	struct delivery *d = arena_alloc(f->a, MAX * sizeof(*d));
	struct delivery_look look = { .webhook = id, .now = now };
	size_t n = MAX;

	assert_int_equal(delivery_next(f->st, &look, f->a, d, &n), ERR_OK);
	assert_int_equal(n, want);
	return d;
}

static struct delivery *
parked_of(struct fixture *f, const char *id, size_t want)
{
	struct delivery *d = arena_alloc(f->a, MAX * sizeof(*d));
	size_t n = MAX;

	assert_int_equal(delivery_parked(f->st, id, f->a, d, &n), ERR_OK);
	assert_int_equal(n, want);
	return d;
}

/* Sent a second before `now`, and that came of it; NULL: it was taken. */
static size_t
settle(struct fixture *f, const char *id, const struct delivery *d,
    const char *why, int64_t now)
{
	const struct delivery_result r = { .delivery = d,
		.started = now - 1000,
		.done = why == NULL,
		.gone = why != NULL && strcmp(why, "gone") == 0,
		.why = why };
	struct delivery_settlement s = {
		.webhook = id, .results = &r, .n = 1, .now = now
	};

	assert_int_equal(delivery_settle(f->st, &s), ERR_OK);
	return s.parked;
}

static void
test_each_gets_what_it_wants(void **state)
{
	const struct event events[] = {
		{ .kind = EVENT_CREATED, .pass = "p1", .type = "loyalty" },
		{ .kind = EVENT_UPDATED, .pass = "p1", .type = "loyalty" },
		{ .kind = EVENT_INSTALLED,
		    .wallet = STORE_APPLE,
		    .date = NOW - 5,
		    .pass = "p2",
		    .type = "gift",
		    .place = 7 },
		{ .kind = EVENT_NOTIFIED, .pass = "p2", .type = "gifts" },
	};
	static const struct {
		const char *id, *type;
		unsigned events;
		size_t wants;
	} t[] = {
		{ A, NULL, 31, 4 },
		{ B, NULL, CREATED, 1 },
		{ "cccccccccccc", NULL, CREATED | UPDATED, 2 },
		{ "dddddddddddd", "gift", 31, 1 },
		{ "eeeeeeeeeeee", "loyalty", UPDATED, 1 },
		{ "ffffffffffff", "gif", 31, 0 },
		{ "gggggggggggg", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct delivery *d;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		hook(f, t[i].id, t[i].events, t[i].type);
	queue(f, events, 4, NOW);
	fixture_reopen(f);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)due_of(f, t[i].id, NOW, t[i].wants);
		assert_int_equal(now_of(f, t[i].id).pending, t[i].wants);
	}
	d = due_of(f, "dddddddddddd", NOW, 1);
	assert_int_equal(d->event.kind, EVENT_INSTALLED);
	assert_int_equal(d->event.wallet, STORE_APPLE);
	assert_int_equal(d->event.date, NOW - 5);
	assert_int_equal(d->event.place, 7);
	assert_string_equal(d->event.pass, "p2");
	assert_string_equal(d->event.type, "gift");
	assert_int_equal(strlen(d->id), DELIVERY_ID_LEN);
	assert_int_equal(d->queued, NOW);
	assert_null(d->why);
	assert_string_not_equal(d->id, due_of(f, A, NOW, 4)->id);
}

static void
test_a_disabled_one_gets_nothing(void **state)
{
	struct fixture *f = *state;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 1, NOW);
	edit(f, A, (struct webhook){ .enabled = false, .pending = 1 });
	queue_n(f, EVENT_CREATED, 1, NOW);
	edit(f, A, (struct webhook){ .enabled = true, .pending = 1 });
	(void)due_of(f, A, NOW, 1);
}

static void
test_in_the_order_of_their_time(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_UPDATED, 300, NOW);
	queue_n(f, EVENT_CREATED, 2, NOW - 1);
	d = due_of(f, A, NOW, 302);
	assert_int_equal(d[0].event.kind, EVENT_CREATED);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(d[i + 2].event.place, i + 1);
	(void)due_of(f, A, NOW - 1, 2);
	(void)due_of(f, A, NOW - 2, 0);
}

static void
test_what_is_taken_goes(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 2, NOW);
	d = due_of(f, A, NOW, 2);
	assert_int_equal(settle(f, A, &d[0], NULL, NOW + 1), 0);
	assert_int_equal(settle(f, A, &d[0], NULL, NOW + 2), 0);
	assert_string_equal(due_of(f, A, NOW, 1)->id, d[1].id);
	assert_int_equal(now_of(f, A).pending, 1);
	assert_int_equal(now_of(f, A).succeeded, NOW + 1);
	/* The webhook has gone meanwhile. */
	assert_int_equal(webhook_remove(f->st, A), ERR_OK);
	assert_int_equal(settle(f, A, &d[1], NULL, NOW + 3), 0);
}

static void
test_it_comes_again_later_each_time(void **state)
{
	static const int64_t waits[] = { 5, 10, 20, 40, 80, 160, 320, 640, 1280,
		2560, 3600, 3600 };
	struct fixture *f = *state;
	int64_t now = NOW;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 1, NOW);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct delivery *d = due_of(f, A, now, 1);
		const char *id = d->id;
		const int64_t wait = waits[i] * 1000;

		assert_int_equal(d->tries, i);
		assert_int_equal(settle(f, A, d, "It answered 500.", now), 0);
		(void)due_of(f, A, now + wait - 1, 0);
		assert_string_equal(due_of(f, A, now + wait, 1)->id, id);
		assert_string_equal(now_of(f, A).why, "It answered 500.");
		now += wait;
	}
	assert_int_equal(now_of(f, A).pending, 1);
}

/* Its last try within 24 hours, and the first after them. */
static void
test_after_a_day_it_is_parked(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 1, NOW);
	d = due_of(f, A, NOW, 1);
	assert_int_equal(settle(f, A, d, "no", NOW + 24 * HOUR - 1), 0);
	d = due_of(f, A, NOW + 25 * HOUR, 1);
	assert_int_equal(settle(f, A, d, "No answer.", NOW + 24 * HOUR), 1);
	(void)due_of(f, A, NOW + 100 * HOUR, 0);
	d = parked_of(f, A, 1);
	assert_string_equal(d->why, "No answer.");
	assert_int_equal(d->at, NOW + 24 * HOUR);
	assert_int_equal(d->tries, 2);
	assert_int_equal(now_of(f, A).pending, 0);
	assert_int_equal(now_of(f, A).parked, 1);
}

/* Those behind it were never sent, as the webhook failed all the time. */
static void
test_with_it_go_those_that_are_as_old(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;

	hook(f, A, 31, NULL);
	hook(f, B, 31, NULL);
	queue_n(f, EVENT_CREATED, 3, NOW);
	queue_n(f, EVENT_CREATED, 1, NOW + 1);
	d = due_of(f, A, NOW + 24 * HOUR, 4);
	assert_int_equal(settle(f, A, d, "no", NOW + 24 * HOUR), 3);
	assert_int_equal(now_of(f, A).parked, 3);
	(void)parked_of(f, A, 3);
	(void)due_of(f, A, NOW + 24 * HOUR, 1);
	/* One that is taken tells that the rest may be, too. */
	d = due_of(f, B, NOW + 24 * HOUR, 4);
	assert_int_equal(settle(f, B, d, NULL, NOW + 25 * HOUR), 0);
	(void)due_of(f, B, NOW + 25 * HOUR, 3);
}

static void
test_how_it_goes_with_a_webhook(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;
	int64_t now = NOW;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 30, NOW);
	d = due_of(f, A, NOW, 30);
	for (int i = 0; i < 12; i++) {
		const int64_t wait = i < 9 ? 1000 << i : 300000;

		now += 2000;
		(void)settle(f, A, &d[i], "no", now);
		assert_int_equal(now_of(f, A).failures, i + 1);
		assert_int_equal(now_of(f, A).next, now + wait);
	}
	/* Sent before the last failure: the same trouble. */
	(void)settle(f, A, &d[20], "no", now + 1000);
	assert_int_equal(now_of(f, A).failures, 12);
	(void)settle(f, A, &d[21], NULL, now + 2);
	assert_int_equal(now_of(f, A).failures, 0);
	assert_int_equal(now_of(f, A).next, 0);
	/* The clock was set back: it counts all the same. */
	(void)settle(f, A, &d[22], "no", NOW - HOUR);
	assert_int_equal(now_of(f, A).failures, 1);
	assert_true(now_of(f, A).enabled);
	(void)settle(f, A, &d[23], "gone", NOW);
	assert_false(now_of(f, A).enabled);
}

static void
test_a_clock_that_was_set_back(void **state)
{
	struct delivery_look look = { .webhook = A, .now = NOW - HOUR - 1 };
	struct fixture *f = *state;
	struct delivery d;
	size_t n = 1;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 1, NOW);
	(void)due_of(f, A, NOW - HOUR - 1, 1);
	assert_int_equal(delivery_next(f->st, &look, f->a, &d, &n), ERR_OK);
	assert_int_equal(look.soonest, 0);
	look.now = NOW - HOUR;
	assert_int_equal(delivery_next(f->st, &look, f->a, &d, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(look.soonest, NOW);
}

static void
test_parked_ones_come_again_when_asked(void **state)
{
	struct fixture *f = *state;
	size_t n, total = 0;
	struct delivery *d;

	hook(f, A, 31, NULL);
	queue_n(f, EVENT_CREATED, 600, NOW);
	while (total < 600) {
		d = due_of(f, A, NOW, 600 - total);
		total += settle(f, A, d, "no", NOW + 24 * HOUR);
	}
	assert_int_equal(now_of(f, A).parked, 600);
	assert_int_equal(delivery_retry(f->st, A, NOW + 48 * HOUR, &n), ERR_OK);
	assert_int_equal(n, DELIVERY_PIECE);
	assert_int_equal(now_of(f, A).next, 0);
	assert_int_equal(delivery_retry(f->st, A, NOW + 48 * HOUR, &n), ERR_OK);
	assert_int_equal(n, 100);
	assert_int_equal(delivery_retry(f->st, A, NOW + 48 * HOUR, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(now_of(f, A).parked, 0);
	assert_int_equal(now_of(f, A).pending, 600);
	d = due_of(f, A, NOW + 48 * HOUR, 600);
	assert_int_equal(d->tries, 0);
	/* For another day. */
	assert_int_equal(settle(f, A, d, "no", NOW + 71 * HOUR), 0);
	assert_int_equal(
	    delivery_retry(f->st, "zzzzzzzzzzzz", NOW, &n), ERR_NOTFOUND);
}

static void
test_the_queue_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;
	size_t n;

	hook(f, A, 31, NULL);
	edit(f, A,
	    (struct webhook){
		.enabled = true, .pending = DELIVERY_PENDING - 1 });
	queue_n(f, EVENT_CREATED, 3, NOW);
	(void)due_of(f, A, NOW, 1);
	d = parked_of(f, A, 2);
	assert_non_null(d->why);
	assert_string_equal(d->event.pass, "p1");
	assert_int_equal(delivery_retry(f->st, A, NOW, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(now_of(f, A).parked, 2);
	/* And so have those that are parked: the oldest goes. */
	edit(f, A,
	    (struct webhook){ .enabled = true,
		.pending = DELIVERY_PENDING,
		.parked = DELIVERY_PARKED });
	queue_n(f, EVENT_UPDATED, 1, NOW + 1);
	d = parked_of(f, A, 2);
	assert_string_equal(d[0].event.pass, "p2");
	assert_int_equal(d[1].event.kind, EVENT_UPDATED);
	assert_int_equal(now_of(f, A).dropped, 1);
	assert_int_equal(now_of(f, A).parked, DELIVERY_PARKED);
}

static void
test_old_ones_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;
	size_t n = 99;

	hook(f, A, 31, NULL);
	hook(f, B, 31, NULL);
	queue_n(f, EVENT_CREATED, 2, NOW);
	for (int i = 0; i < 2; i++) {
		d = due_of(f, A, NOW, i == 0 ? 2 : 1);
		(void)settle(f, A, d, "no", NOW + (25 + i) * 24 * HOUR);
		if (i == 0)
			break; /* the other one went with it */
	}
	d = parked_of(f, A, 2);
	assert_int_equal(delivery_forget(f->st, A, d->at, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(delivery_forget(f->st, A, d->at + 1, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(now_of(f, A).parked, 0);
	/* What is pending is not. */
	assert_int_equal(
	    delivery_forget(f->st, B, NOW + 9999 * HOUR, &n), ERR_OK);
	assert_int_equal(n, 0);
	(void)due_of(f, B, NOW, 2);
}

static void
test_they_go_with_the_webhook(void **state)
{
	struct fixture *f = *state;
	struct delivery *d;

	hook(f, A, 31, NULL);
	hook(f, B, 31, NULL);
	queue_n(f, EVENT_CREATED, 700, NOW);
	d = due_of(f, A, NOW, 700);
	assert_true(settle(f, A, d, "no", NOW + 24 * HOUR) > 0);
	assert_int_equal(webhook_remove(f->st, A), ERR_OK);
	(void)due_of(f, A, NOW + 48 * HOUR, 0);
	(void)parked_of(f, A, 0);
	(void)due_of(f, B, NOW, 700);
}

/* One of a pass that was erased has nothing of it but the ids. */
static void
test_what_is_kept_of_a_pass(void **state)
{
	struct store_pass p = { .id = "p0", .document = S("{\"n\":\"Ada\"}") };
	struct fixture *f = *state;
	const struct delivery *d;

	hook(f, A, 31, NULL);
	assert_int_equal(add(f->st, &p), ERR_OK);
	queue_n(f, EVENT_CREATED, 1, NOW);
	assert_int_equal(remove_pass(f->st, &p), ERR_OK);
	d = due_of(f, A, NOW, 1);
	assert_string_equal(d->event.pass, "p0");
	assert_string_equal(d->event.type, "loyalty");
}

#define TEST(fn)                                                               \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_gets_what_it_wants),
		TEST(test_a_disabled_one_gets_nothing),
		TEST(test_in_the_order_of_their_time),
		TEST(test_what_is_taken_goes),
		TEST(test_it_comes_again_later_each_time),
		TEST(test_after_a_day_it_is_parked),
		TEST(test_with_it_go_those_that_are_as_old),
		TEST(test_how_it_goes_with_a_webhook),
		TEST(test_a_clock_that_was_set_back),
		TEST(test_parked_ones_come_again_when_asked),
		TEST(test_the_queue_has_an_end),
		TEST(test_old_ones_are_forgotten),
		TEST(test_they_go_with_the_webhook),
		TEST(test_what_is_kept_of_a_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
