#include "http/fcgi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* FastCGI 1.0, section 8 */
#define FCGI_BEGIN  1
#define FCGI_PARAMS 4
#define FCGI_STDIN  5
#define FCGI_STDOUT 6

#define PATIENCE 5000 /* milliseconds that a child may take to end */
#define BIG      200000

static char dir[] = "/tmp/test_fcgi.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(address.sun_path);
	return rmdir(dir);
}

static const char *
variable(const struct fcgi *f, const char *name)
{
	size_t len = strlen(name);

	for (char **e = f->envp; *e != NULL; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return *e + len + 1;
	return "";
}

static void
say(struct fcgi *f, const char *s)
{
	(void)fcgi_write(f, s, strlen(s));
}

/* What a child does is told by its variable DO. */
static bool
answer(struct fcgi *f, void *arg)
{
	const char *what = variable(f, "DO");
	static char big[BIG];
	char buf[7];
	int n;

	say(f, f->cgi ? "cgi " : "fcgi ");
	if (strcmp(what, "refuse") == 0)
		return true;
	while ((n = fcgi_read(f, buf, sizeof(buf))) > 0)
		(void)fcgi_write(f, buf, (size_t)n);
	say(f, n == 0 ? "." : "?");
	if (strcmp(what, "term") == 0)
		(void)raise(SIGTERM);
	else if (strcmp(what, "int") == 0)
		(void)raise(SIGINT);
	else if (strcmp(what, "usr1") == 0)
		(void)raise(SIGUSR1);
	else if (strcmp(what, "hang") == 0)
		(void)pause();
	else if (strcmp(what, "big") == 0)
		(void)fcgi_write(f, memset(big, 'b', BIG), BIG);
	else if (strcmp(what, "wait") == 0 && read(*(int *)arg, buf, 1) != 1)
		_exit(98);
	say(f, "end");
	return strcmp(what, "last") != 0;
}

/* The child's side: `in` is descriptor 0, `out` 1; `gate` is for "wait". */
static pid_t
start(int in, int out, int gate, unsigned deadline)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(99);
	/* As a careless web server might leave them. */
	(void)signal(SIGALRM, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	_exit(fcgi_run(answer, &gate, deadline));
}

/* The child's status, once it has ended by itself. */
static int
ended(pid_t pid)
{
	int status;

	for (int ms = 0; ms < PATIENCE; ms += 5) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)usleep(5000);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	fail_msg("the child did not end");
	return -1;
}

static int
listening(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)unlink(address.sun_path);
	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void
put(int fd, int type, const char *p, size_t n)
{
	unsigned char head[8] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	/* What ends a request may have been answered at once. */
	if (n > 0)
		assert_int_equal(write(fd, p, n), n);
}

static int
reach(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A request as far as its body; responder's role, no kept connection. */
static int
ask(const char *what, const char *body)
{
	static const char begin[8] = { 0, 1, 0, 0, 0, 0, 0, 0 };
	int fd = reach(), n;
	char param[32];

	n = snprintf(
	    param, sizeof(param), "%c%cDO%s", 2, (int)strlen(what), what);
	put(fd, FCGI_BEGIN, begin, sizeof(begin));
	put(fd, FCGI_PARAMS, param, (size_t)n);
	put(fd, FCGI_PARAMS, "", 0);
	if (*body != '\0')
		put(fd, FCGI_STDIN, body, strlen(body));
	put(fd, FCGI_STDIN, "", 0);
	return fd;
}

static bool
get(int fd, void *p, size_t n)
{
	ssize_t got;

	for (char *to = p; n > 0; to += got, n -= (size_t)got)
		if ((got = read(fd, to, n)) <= 0)
			return false;
	return true;
}

/* All of FCGI_STDOUT, to the end of the connection; the caller frees. */
static char *
heard(int fd)
{
	char *out = calloc(1, BIG + 1000), *to = out;
	unsigned char head[8];
	static char content[65536 + 256];
	size_t len;

	assert_non_null(out);
	while (get(fd, head, sizeof(head))) {
		len = (size_t)head[4] << 8 | head[5];
		assert_true(get(fd, content, len + head[6]));
		if (head[1] != FCGI_STDOUT)
			continue;
		memcpy(to, content, len);
		to += len;
	}
	return out;
}

static char *
answered(int fd)
{
	char *out = heard(fd);

	assert_int_equal(close(fd), 0);
	return out;
}

static void
assert_answer(int fd, const char *want)
{
	char *have = answered(fd);

	assert_string_equal(have, want);
	free(have);
}

static void
test_requests(void **state)
{
	int fd = listening();
	pid_t pid = start(fd, 1, -1, 30);
	char *have;

	(void)state;
	assert_answer(ask("", ""), "fcgi .end");
	assert_answer(ask("", "a body"), "fcgi a body.end");
	assert_answer(ask("", "seven..fourteen"), "fcgi seven..fourteen.end");
	have = answered(ask("big", ""));
	assert_int_equal(strlen(have), BIG + strlen("fcgi .end"));
	free(have);
	assert_answer(ask("last", ""), "fcgi .end");
	assert_int_equal(ended(pid), 0);
	assert_int_equal(close(fd), 0);
}

/* Who has read all does not wait until the other side closes, too. */
static void
test_lets_go(void **state)
{
	static const struct {
		const char *what, *body;
		bool closed;
	} t[] = {
		{ "", "", true },
		{ "big", "", true },
		{ "", "more than the length that was told", false },
	};
	int fd = listening();
	pid_t pid = start(fd, 1, -1, 30);

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int client = ask(t[i].what, t[i].body);

		free(heard(client));
		assert_int_equal(write(client, "x", 1), t[i].closed ? -1 : 1);
		assert_int_equal(close(client), 0);
	}
	assert_answer(ask("last", ""), "fcgi .end");
	assert_int_equal(ended(pid), 0);
	assert_int_equal(close(fd), 0);
}

/* The present request is finished, the next one is not begun. */
static void
test_stopped_at_work(void **state)
{
	static const char *const how[] = { "term", "int", "usr1" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int fd = listening();
		pid_t pid = start(fd, 1, -1, 30);

		assert_answer(ask(how[i], "a"), "fcgi a.end");
		assert_int_equal(ended(pid), 0);
		assert_int_equal(close(fd), 0);
	}
}

/* Wherever it is just now: starting, about to accept, or waiting. */
static void
test_stopped_at_rest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		int fd = listening();
		pid_t pid = start(fd, 1, -1, 30);

		assert_answer(ask("", ""), "fcgi .end");
		(void)usleep(i * 100);
		assert_int_equal(kill(pid, SIGTERM), 0);
		assert_int_equal(ended(pid), 0);
		assert_int_equal(close(fd), 0);
	}
}

/* Gone before the answer, gone before asking, and no FastCGI at all. */
static void
test_client_gone(void **state)
{
	int fd = listening(), lost;
	pid_t pid = start(fd, 1, -1, 30);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(close(ask("big", "")), 0);
		lost = reach();
		assert_int_equal(write(lost, "GET / HTTP/1.0\r\n\r\n", 18), 18);
		assert_int_equal(close(lost), 0);
		assert_int_equal(close(reach()), 0);
	}
	assert_answer(ask("last", ""), "fcgi .end");
	assert_int_equal(ended(pid), 0);
	assert_int_equal(close(fd), 0);
}

/* Only a request is timed, not the wait for one. */
static void
test_deadline(void **state)
{
	int fd = listening();
	pid_t pid = start(fd, 1, -1, 1);
	int status, hanging;

	(void)state;
	assert_answer(ask("", ""), "fcgi .end");
	(void)usleep(1200 * 1000);
	assert_answer(ask("", ""), "fcgi .end");
	hanging = ask("hang", "");
	status = ended(pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
	assert_int_equal(close(hanging), 0);
	assert_int_equal(close(fd), 0);
}

/* Run `what` as plain CGI with a body; what came out, unless `deaf`. */
static int
run_cgi(const char *what, bool deaf, char *out, size_t size)
{
	int in[2], back[2], status;
	ssize_t n = 0;
	pid_t pid;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(back), 0);
	assert_int_equal(write(in[1], "a body", 6), 6);
	assert_int_equal(close(in[1]), 0);
	assert_int_equal(setenv("DO", what, 1), 0);
	if (deaf)
		assert_int_equal(close(back[0]), 0);
	pid = start(in[0], back[1], -1, strcmp(what, "hang") == 0 ? 1 : 30);
	assert_int_equal(close(in[0]), 0);
	assert_int_equal(close(back[1]), 0);
	if (!deaf) {
		while ((n = read(back[0], out, size - 1)) > 0) {
			out[n] = '\0';
			out += n;
			size -= (size_t)n;
		}
		assert_int_equal(close(back[0]), 0);
	}
	status = ended(pid);
	assert_int_equal(unsetenv("DO"), 0);
	return status;
}

static void
test_cgi(void **state)
{
	static const char *const how[] = { "", "last", "term", "int", "usr1" };
	static char out[BIG + 1000];
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		memset(out, 0, sizeof(out));
		assert_int_equal(run_cgi(how[i], false, out, sizeof(out)), 0);
		assert_string_equal(out, "cgi a body.end");
	}
	assert_int_equal(run_cgi("big", false, out, sizeof(out)), 0);
	assert_int_equal(strlen(out), BIG + strlen("cgi a body.end"));
	assert_int_equal(run_cgi("big", true, out, sizeof(out)), 0);
	status = run_cgi("hang", false, out, sizeof(out));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
}

/* Not a byte goes out before the work is done. */
static void
test_cgi_writes_last(void **state)
{
	int back[2], gate[2], nul = open("/dev/null", O_RDONLY);
	struct pollfd p;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(back), 0);
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(setenv("DO", "wait", 1), 0);
	pid = start(nul, back[1], gate[0], 30);
	p = (struct pollfd){ .fd = back[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 300), 0);
	assert_int_equal(write(gate[1], "x", 1), 1);
	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	assert_int_equal(ended(pid), 0);
	assert_int_equal(unsetenv("DO"), 0);
	assert_int_equal(close(nul), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(close(back[i]), 0);
		assert_int_equal(close(gate[i]), 0);
	}
}

/* A body that nobody wants is read all the same, and no further. */
static void
test_cgi_drains(void **state)
{
	static const struct {
		const char *name, *value;
		size_t sent;
		bool closed;
	} t[] = {
		{ "CONTENT_LENGTH", "200000", 200000, false },
		{ "CONTENT_LENGTH", "200000", 1000, true },
		{ "CONTENT_LENGTH", "5", 5, false },
		{ "CONTENT_LENGTH", "0", 0, false },
		{ "CONTENT_LENGTH", "nonsense", 0, false },
		{ "HTTP_TRANSFER_ENCODING", "chunked", 200000, true },
		{ "NOTHING", "", 0, false },
	};
	static char body[200000];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(setenv("DO", "refuse", 1), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int in[2], out = open("/dev/null", O_WRONLY);
		pid_t pid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, in), 0);
		assert_int_equal(setenv(t[i].name, t[i].value, 1), 0);
		pid = start(in[0], out, -1, 30);
		assert_int_equal(close(in[0]), 0);
		if (t[i].sent > 0) /* else it may have gone already */
			assert_int_equal(
			    write(in[1], body, t[i].sent), t[i].sent);
		if (t[i].closed)
			assert_int_equal(shutdown(in[1], SHUT_WR), 0);
		assert_int_equal(ended(pid), 0);
		assert_int_equal(close(in[1]), 0);
		assert_int_equal(close(out), 0);
		assert_int_equal(unsetenv(t[i].name), 0);
	}
	assert_int_equal(unsetenv("DO"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_lets_go),
		cmocka_unit_test(test_stopped_at_work),
		cmocka_unit_test(test_stopped_at_rest),
		cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cgi),
		cmocka_unit_test(test_cgi_writes_last),
		cmocka_unit_test(test_cgi_drains),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
