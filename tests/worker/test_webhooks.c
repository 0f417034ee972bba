#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "fixture.h"
#include "store/delivery.h"

/* -- who is told --------------------------------------------------------------
 */

static char base[64]; /* http://127.0.0.1:PORT */
static pid_t server;

/* What the path asks for: /204, /500...; "/silent" is answered never. */
static void
serve_connection(int fd)
{
	char in[4096], out[128], *status;
	ssize_t n = read(fd, in, sizeof(in) - 1);
	int len;

	if (n <= 0)
		_exit(0);
	in[n] = '\0';
	if (strstr(in, " /silent") != NULL)
		pause();
	status = strchr(in, '/') + 1;
	len = snprintf(out, sizeof(out),
	    "HTTP/1.1 %.3s X\r\nContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n",
	    status);
	_exit(write(fd, out, (size_t)len) != len);
}

static void
serve(int listener)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0)
			serve_connection(fd);
		close(fd);
	}
}

static int
start(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&in, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", ntohs(in.sin_port));
	if ((server = fork()) == 0) {
		setpgid(0, 0);
		serve(fd);
	}
	setpgid(server, server);
	close(fd);
	log_open("test_webhooks", "/dev/null", LOG_LVL_ERROR);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	kill(-server, SIGKILL);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

static void
hook(struct fixture *f, char id, const char *path)
{
	static const char *loopback[] = { "127.0.0.1" };
	struct webhook w = { .url = arena_printf(f->a, "%s%s", base, path),
		.events = 31,
		.enabled = true };

	f->server.allow_private = (struct strings){ loopback, 1 };
	memset(w.id, id, WEBHOOK_ID_LEN);
	assert_int_equal(webhook_add(f->st, &w), ERR_OK);
}

static struct webhook
now_of(struct fixture *f, char id)
{
	char name[WEBHOOK_ID_LEN + 1] = "";
	struct webhook w;

	memset(name, id, WEBHOOK_ID_LEN);
	assert_int_equal(webhook_find(f->st, name, f->a, &w), ERR_OK);
	return w;
}

/* Passes are created, and their events dealt with. */
static void
happen(struct fixture *f, int n)
{
	while (n-- > 0)
		(void)created(f);
	assert_int_equal(turn(f, &job_events), ERR_OK);
}

/* Turns until `id` has so many pending and failures, at most ten seconds. */
static void
until(struct fixture *f, char id, uint32_t pending, uint32_t failures)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	for (int i = 0; i < 2000; i++) {
		const struct webhook w = now_of(f, id);

		if (w.pending == pending && w.failures == failures)
			return;
		assert_int_equal(turn(f, &job_webhooks), ERR_OK);
		nanosleep(&pause, NULL);
		pass_time(f, 5);
	}
	fail();
}

/* -- the tests ----------------------------------------------------------------
 */

static void
test_nothing_is_owed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(turn(f, &job_webhooks), ERR_OK);
	assert_false(f->state.owed);
	happen(f, 1);
	assert_false(f->state.queued);
	hook(f, 'a', "/204");
	assert_int_equal(turn(f, &job_webhooks), ERR_OK);
	assert_false(f->state.owed);
	assert_int_equal(f->state.next, JOB_NEVER);
	turns_end(f, &job_webhooks);
}

static void
test_what_happened_is_told(void **state)
{
	struct fixture *f = *state;

	hook(f, 'a', "/204");
	happen(f, 30);
	assert_true(f->state.queued);
	assert_int_equal(now_of(f, 'a').pending, 30);
	assert_int_equal(turn(f, &job_webhooks), ERR_OK);
	assert_true(f->state.owed);
	assert_false(f->state.failing);
	assert_true(f->state.next <= f->time.tick + 50);
	until(f, 'a', 0, 0);
	assert_int_equal(turn(f, &job_webhooks), ERR_OK);
	assert_false(f->state.owed);
	assert_true(now_of(f, 'a').succeeded > 0);
	turns_end(f, &job_webhooks);
}

static void
test_nobody_waits_for_another(void **state)
{
	struct fixture *f = *state;

	hook(f, 'a', "/silent");
	hook(f, 'b', "/204");
	hook(f, 'c', "/500");
	happen(f, 20);
	until(f, 'b', 0, 0);
	assert_int_equal(now_of(f, 'a').pending, 20);
	until(f, 'c', 20, 1);
	assert_int_equal(now_of(f, 'a').failures, 0);
	turns_end(f, &job_webhooks);
}

static void
test_one_that_fails(void **state)
{
	struct fixture *f = *state;
	struct webhook w;

	hook(f, 'a', "/500");
	happen(f, 3);
	until(f, 'a', 3, 1);
	w = now_of(f, 'a');
	assert_string_equal(w.why, "It answered 500.");
	assert_int_equal(turn(f, &job_webhooks), ERR_OK);
	/* It is owed, and nothing can be done before its time. */
	assert_true(f->state.owed);
	assert_true(f->state.failing);
	assert_int_equal(f->state.next - f->time.tick, w.next - f->time.now);
	pass_time(f, w.next - f->time.now);
	until(f, 'a', 3, 2);
	turns_end(f, &job_webhooks);
}

static void
test_what_is_an_answer(void **state)
{
	static const struct {
		const char *path, *why; /* NULL: it is taken */
		bool enabled;
	} t[] = {
		/* clang-format off */
		{ "/200", NULL, true },
		{ "/299", NULL, true },
		{ "/302", "It answered 302.", true },
		{ "/404", "It answered 404.", true },
		{ "/410", "It answered 410.", false },
		{ "/429", "It answered 429.", true },
		{ "/503", "It answered 503.", true },
		/* clang-format on */
	};
	struct fixture *f = *state;
	const size_t n = sizeof(t) / sizeof(t[0]);

	for (size_t i = 0; i < n; i++)
		hook(f, (char)('a' + i), t[i].path);
	happen(f, 1);
	for (size_t i = 0; i < n; i++) {
		const char id = (char)('a' + i);
		struct webhook w;

		until(f, id, t[i].why != NULL, t[i].why != NULL);
		w = now_of(f, id);
		assert_int_equal(w.enabled, t[i].enabled);
		if (t[i].why != NULL)
			assert_string_equal(w.why, t[i].why);
		else
			assert_null(w.why);
	}
	turns_end(f, &job_webhooks);
}

/* It may be reached no more, whatever was allowed when it was made. */
static void
test_a_private_address(void **state)
{
	struct fixture *f = *state;

	hook(f, 'a', "/204");
	f->server.allow_private.n = 0;
	happen(f, 1);
	until(f, 'a', 1, 1);
	assert_non_null(strstr(now_of(f, 'a').why, "private"));
	turns_end(f, &job_webhooks);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_owed),
		T(test_what_happened_is_told),
		T(test_nobody_waits_for_another),
		T(test_one_that_fails),
		T(test_what_is_an_answer),
		T(test_a_private_address),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
