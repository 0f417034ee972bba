#include "pass/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

struct running {
	const struct command *c;
	pid_t pid;
	int to, from; /* pipes; -1: closed */
	size_t sent;
	int64_t deadline; /* ms of the monotonic clock */
	struct buf out;
};

static enum err
fail(const struct command *c, enum err e, const char *text)
{
	log_warning("command", "file", c->argv.s[0], "why", text, NULL);
	return e;
}

/* Where it really lies, as links may lead anywhere. */
static bool
is_inside(const struct command *c)
{
	char dir[PATH_MAX], file[PATH_MAX];
	size_t n;

	if (realpath(c->dir, dir) == NULL ||
	    realpath(c->argv.s[0], file) == NULL)
		return false;
	n = strlen(dir);
	return strncmp(file, dir, n) == 0 && file[n] == '/';
}

/* The child, between fork and exec: nothing here takes memory. */
static void
become(
    const struct command *c, char *const *argv, const int *in, const int *out)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char lang[] = "LANG=C.UTF-8";
	char *const env[] = { path, lang, NULL };
	const struct rlimit none = { 0, 0 };
	sigset_t all;
	int null;

	(void)setpgid(0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (chdir(c->dir) != 0 || (null = open("/dev/null", O_WRONLY)) < 0 ||
	    dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	(void)close_range(3, ~0U, 0);
	(void)execve(argv[0], argv, env);
	_exit(127);
}

/* Descriptors 0 to 2 are open in every program of ours. */
static bool
start(struct running *r, char *const *argv)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	r->pid = fork();
	if (r->pid == 0)
		become(r->c, argv, in, out);
	close(in[0]);
	close(out[1]);
	r->to = in[1];
	r->from = out[0];
	(void)fcntl(r->to, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->from, F_SETFL, O_NONBLOCK);
	if (r->pid > 0)
		(void)setpgid(r->pid, r->pid);
	return r->pid > 0;
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A program need not read what it is given. */
static void
feed(struct running *r)
{
	const struct slice in = r->c->in;
	ssize_t n = write(r->to, in.s + r->sent, in.len - r->sent);

	if (n > 0)
		r->sent += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || r->sent == in.len)
		shut(&r->to);
}

static enum err
take(struct running *r)
{
	char bytes[4096];
	ssize_t n = read(r->from, bytes, sizeof(bytes));

	if (n > 0)
		buf_add(&r->out, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		shut(&r->from);
	return r->out.len > r->c->max_bytes
	    ? fail(r->c, ERR_TOOBIG, "it writes too much")
	    : ERR_OK;
}

static enum err
talk(struct running *r)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && r->from >= 0) {
		struct pollfd fds[2] = { { r->from, POLLIN, 0 },
			{ r->to, POLLOUT, 0 } };
		const int64_t left = r->deadline - clock_tick();

		if (left <= 0)
			return fail(r->c, ERR_UPSTREAM, "it takes too long");
		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[1].revents != 0)
			feed(r);
		if (fds[0].revents != 0)
			e = take(r);
	}
	return e;
}

/* It may have closed its output and still be at work. */
static enum err
await(struct running *r, int *status)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	while (waitpid(r->pid, status, WNOHANG) == 0) {
		if (clock_tick() >= r->deadline)
			return fail(r->c, ERR_UPSTREAM, "it takes too long");
		nanosleep(&pause, NULL);
	}
	r->pid = 0;
	return ERR_OK;
}

static enum err
run(struct running *r, char *const *argv)
{
	pid_t group;
	int status = 0;
	enum err e;

	if (!start(r, argv)) {
		shut(&r->to);
		shut(&r->from);
		return fail(r->c, ERR_UPSTREAM, strerror(errno));
	}
	group = r->pid;
	if ((e = talk(r)) == ERR_OK)
		e = await(r, &status);
	shut(&r->to);
	shut(&r->from);
	(void)kill(-group, SIGKILL);
	if (r->pid > 0)
		(void)waitpid(r->pid, &status, 0);
	if (e == ERR_OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		e = fail(r->c, ERR_UPSTREAM, "it failed");
	return e;
}

enum err
command_run(struct arena *a, const struct command *c, struct slice *out)
{
	struct running r = { .c = c, .to = -1, .from = -1 };
	char **argv = arena_alloc(a, (c->argv.n + 1) * sizeof(*argv));
	enum err e;

	if (access(c->argv.s[0], X_OK) != 0)
		return fail(c, ERR_NOTFOUND, "there is no such program");
	if (!is_inside(c))
		return fail(c, ERR_DENIED, "it lies outside of the folder");
	for (size_t i = 0; i < c->argv.n; i++)
		argv[i] = arena_strdup(a, c->argv.s[i]);
	r.deadline = clock_tick() + c->timeout_ms;
	buf_init(&r.out, a);
	if ((e = run(&r, argv)) == ERR_OK)
		*out = buf_slice(&r.out);
	return e;
}
