#include "live/tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "test.h"

#define NOW INT64_C(1795323845678)
#define DIR "/srv/tenants/acme/data"

struct state {
	struct arena *a;
	struct server server;
	char dir[64];
	int hub; /* its socket, or -1 */
	struct live *live;
};

static void
hub_start(struct state *s)
{
	struct sockaddr_un address;
	socklen_t len;

	assert_true(live_address(&s->server, &address, &len));
	s->hub = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	(void)unlink(address.sun_path);
	assert_int_equal(
	    bind(s->hub, (const struct sockaddr *)&address, len), 0);
}

static int
setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	s->a = arena_new(4096);
	strcpy(s->dir, "/tmp/test_tell.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->server.hub.listen = "127.0.0.1:9080";
	s->server.hub.socket = arena_printf(s->a, "%s/hub.sock", s->dir);
	s->live = live_new(&s->server);
	assert_non_null(s->live);
	s->hub = -1;
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct state *s = *state;

	live_free(s->live);
	if (s->hub >= 0)
		close(s->hub);
	assert_int_equal(system(arena_printf(s->a, "rm -rf '%s'", s->dir)), 0);
	arena_free(s->a);
	free(s);
	return 0;
}

/* A datagram, or NULL when there is none. */
static const char *
heard(struct state *s)
{
	char text[LIVE_DATAGRAM + 1];
	const ssize_t n = recv(s->hub, text, sizeof(text), 0);

	if (n < 0)
		return NULL;
	assert_true(n <= LIVE_DATAGRAM);
	return arena_strndup(s->a, text, (size_t)n);
}

static void
test_lines(void **state)
{
	const struct event events[] = {
		{ .kind = EVENT_CREATED, .date = NOW, .pass = "pass-1" },
		{ .kind = EVENT_UPDATED, .date = NOW, .pass = "pass-1" },
		{ .kind = EVENT_INSTALLED, .date = NOW + 1, .pass = "pass-2" },
		{ .kind = EVENT_UNINSTALLED, .date = 0, .pass = "pass-3" },
		{ .kind = EVENT_NOTIFIED, .date = NOW, .pass = "pass-4" },
	};
	struct state *s = *state;

	hub_start(s);
	live_tell(s->live, DIR, events, 5);
	assert_string_equal(heard(s),
	    "acme updated pass-1 1795323845678\n"
	    "acme installed pass-2 1795323845679\n"
	    "acme uninstalled pass-3 0\n"
	    "acme notification pass-4 1795323845678\n");
	/* A pass that is new has no listeners. */
	live_tell(s->live, DIR, events, 1);
	assert_null(heard(s));
	live_tell(s->live, DIR, events, 0);
	assert_null(heard(s));
}

static void
test_folders(void **state)
{
	static const struct {
		const char *dir, *text;
	} t[] = {
		{ "/a/data", "a updated pass-1 7\n" },
		{ "t/shop-2/data", "shop-2 updated pass-1 7\n" },
		{ "shop/data", "shop updated pass-1 7\n" },
		{ "/srv/Shop/data", NULL },
		{ "/data", NULL },
		{ "data", NULL },
		{ "/srv/a b/data", NULL },
	};
	const struct event e = {
		.kind = EVENT_UPDATED, .date = 7, .pass = "pass-1"
	};
	struct state *s = *state;

	hub_start(s);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *text;

		live_tell(s->live, t[i].dir, &e, 1);
		text = heard(s);
		if (t[i].text == NULL)
			assert_null(text);
		else
			assert_string_equal(text, t[i].text);
	}
}

/* Many go in as few datagrams as hold them, whole lines each. */
static void
test_many(void **state)
{
	struct state *s = *state;
	struct event events[200];
	size_t lines = 0, datagrams = 0;
	const char *text;

	for (size_t i = 0; i < 200; i++)
		events[i] = (struct event){ .kind = EVENT_NOTIFIED,
			.date = NOW,
			.pass =
			    "12345678901234567890123456789012345678901234567"
			    "890" };
	hub_start(s);
	live_tell(s->live, DIR, events, 200);
	while ((text = heard(s)) != NULL) {
		struct slice rest = slice_of(text);
		struct live_event e;

		datagrams++;
		assert_int_equal(text[strlen(text) - 1], '\n');
		for (; live_next(&rest, &e); lines++)
			assert_int_equal(e.pass.len, 50);
	}
	assert_int_equal(lines, 200);
	assert_int_equal(datagrams, 3);
}

/* Neither a hub that is not there nor one that is behind is waited for. */
static void
test_nobody_waits(void **state)
{
	const struct event e = {
		.kind = EVENT_UPDATED, .date = NOW, .pass = "pass-1"
	};
	struct state *s = *state;
	size_t n = 0;

	alarm(20);
	live_tell(s->live, DIR, &e, 1);
	hub_start(s);
	for (int i = 0; i < 100000; i++)
		live_tell(s->live, DIR, &e, 1);
	while (heard(s) != NULL)
		n++;
	assert_true(n > 0 && n < 100000);
	/* It starts again, and so does the telling. */
	close(s->hub);
	live_tell(s->live, DIR, &e, 1);
	hub_start(s);
	live_tell(s->live, DIR, &e, 1);
	assert_non_null(heard(s));
	alarm(0);
}

static void
test_reading(void **state)
{
	static const struct {
		const char *text;
		size_t good;
	} t[] = {
		{ "", 0 },
		{ "\n", 0 },
		{ "acme updated pass-1 7\n", 1 },
		{ "acme updated pass-1 7", 1 },
		{ "acme updated pass-1 7\nacme installed pass-2 8\n", 2 },
		{ "nonsense\nacme installed pass-2 8\n", 1 },
		{ "acme updated pass-1\n", 0 },
		{ "acme updated pass-1 \n", 0 },
		{ "acme updated pass-1 7 \n", 0 },
		{ "acme updated pass-1 -7\n", 0 },
		{ "acme updated pass-1 7x\n", 0 },
		{ "acme updated pass-1 999999999999999\n", 1 },
		{ "acme updated pass-1 9999999999999999\n", 0 },
		{ "acme created pass-1 7\n", 0 },
		{ "acme Updated pass-1 7\n", 0 },
		{ "acme  updated pass-1 7\n", 0 },
		{ "acme updated no 7\n", 0 },
		{ "acme updated pass\"1 7\n", 0 },
		{ "Acme updated pass-1 7\n", 0 },
		{ " updated pass-1 7\n", 0 },
		{ "acme/x updated pass-1 7\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct slice rest = slice_of(t[i].text);
		struct live_event e;
		size_t n = 0;

		while (live_next(&rest, &e))
			n++;
		assert_int_equal(n, t[i].good);
	}
}

static void
test_without_hub(void **state)
{
	struct state *s = *state;
	struct server none = { .hub = { .listen = NULL } };
	char path[128];

	assert_null(live_new(&none));
	live_free(NULL);
	none = s->server;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	none.hub.socket = path;
	assert_null(live_new(&none));
	path[107] = '\0';
	live_free(live_new(&none));
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_lines),
		T(test_folders),
		T(test_many),
		T(test_nobody_waits),
		T(test_reading),
		T(test_without_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
