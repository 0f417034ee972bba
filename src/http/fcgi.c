#include "http/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define CGI_BLOCK 65536
#define DRAIN_MAX 16777216 /* bytes of a body that nobody wants */

extern char **environ;

/* `request` of FastCGI, `out` of plain CGI. */
struct stream {
	FCGX_Request request;
	struct buf out;
	long long got; /* of the body */
};

static volatile sig_atomic_t stopping;
static int nothing = -1; /* /dev/null */

/*
 * libfcgi looks at its flag and then calls accept(2); a signal in between
 * would wait for one more request.  With the listening socket gone from
 * descriptor 0 that accept fails at once, and so does one that SA_RESTART
 * begins again.
 */
static void
on_stop(int sig)
{
	int e = errno;

	(void)sig;
	stopping = 1;
	FCGX_ShutdownPending();
	if (nothing >= 0)
		(void)dup2(nothing, STDIN_FILENO);
	errno = e;
}

static void
set_handler(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = SA_RESTART };

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(sig, &sa, NULL);
}

static void
stop_signals(int how)
{
	sigset_t ours;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGUSR1);
	(void)sigprocmask(how, &ours, NULL);
}

/* Also undoes what a web server may have left us with. */
static void
set_signals(void)
{
	sigset_t alarms;

	set_handler(SIGTERM, on_stop);
	set_handler(SIGINT, on_stop);
	set_handler(SIGUSR1, on_stop);
	set_handler(SIGPIPE, SIG_IGN);
	set_handler(SIGXFSZ, SIG_IGN);
	set_handler(SIGALRM, SIG_DFL);
	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	stop_signals(SIG_UNBLOCK);
}

int
fcgi_read(void *f, char *buf, int n)
{
	const struct fcgi *fcgi = f;
	struct stream *s = fcgi->stream;
	ssize_t got;
	int have;

	if (!fcgi->cgi) {
		have = FCGX_GetStr(buf, n, s->request.in);
		s->got += have;
		return have == 0 && FCGX_GetError(s->request.in) != 0 ? -1
								      : have;
	}
	do
		got = read(STDIN_FILENO, buf, (size_t)n);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		s->got += got;
	return (int)got;
}

int
fcgi_write(void *f, const char *p, size_t n)
{
	const struct fcgi *fcgi = f;
	struct stream *s = fcgi->stream;
	int part;

	if (fcgi->cgi) {
		buf_add(&s->out, p, n);
		return 0;
	}
	for (; n > 0; p += part, n -= (size_t)part) {
		part = n < INT_MAX ? (int)n : INT_MAX;
		if (FCGX_PutStr(p, part, s->request.out) != part)
			return -1;
	}
	return 0;
}

/* The client may be gone by now: that is nobody's fault. */
static void
flush_cgi(const char *p, size_t n)
{
	ssize_t put;

	while (n > 0) {
		put = write(STDOUT_FILENO, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return;
		p += put;
		n -= (size_t)put;
	}
}

static const char *
variable(const struct fcgi *f, const char *name)
{
	const size_t n = strlen(name);

	for (char **e = f->envp; *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

/* How long the body is; DRAIN_MAX when it is longer, or nobody says. */
static long long
announced(const struct fcgi *f)
{
	const char *length = variable(f, "CONTENT_LENGTH");
	long long end = 0;

	if (length != NULL && *length != '\0')
		end = strtoll(length, NULL, 10);
	else if (variable(f, "HTTP_TRANSFER_ENCODING") != NULL)
		end = DRAIN_MAX;
	return end < DRAIN_MAX ? end : DRAIN_MAX;
}

/*
 * The rest of a body that was refused: mod_cgid drops the answer of a program
 * that ends before it has read all.  To the announced length, as a server
 * need not tell the end (RFC 3875, section 4.2).
 */
static void
drain(struct fcgi *f)
{
	const struct stream *s = f->stream;
	const long long end = announced(f);
	char chunk[4096];

	while (s->got < end)
		if (fcgi_read(f, chunk, sizeof(chunk)) <= 0)
			return;
}

/*
 * The server closes the connection when it has the answer, and libfcgi waits
 * for that, lest what the server still sends resets the connection under the
 * answer.  Where all of the body was read there is nothing to wait for; the
 * end of it comes with its last byte.
 */
static void
finish(struct fcgi *f)
{
	struct stream *s = f->stream;

	if (s->got == announced(f) && FCGX_GetChar(s->request.in) == EOF)
		(void)FCGX_Detach(&s->request);
	FCGX_Finish_r(&s->request);
}

static int
run_cgi(bool (*fn)(struct fcgi *f, void *arg), void *arg, unsigned deadline)
{
	struct stream s = { .out = { .a = NULL } };
	struct fcgi f = { .envp = environ, .stream = &s, .cgi = true };
	struct arena *a = arena_new(CGI_BLOCK);

	buf_init(&s.out, a);
	(void)alarm(deadline);
	(void)fn(&f, arg);
	drain(&f);
	flush_cgi(s.out.s, s.out.len);
	(void)alarm(0);
	arena_free(a);
	return EX_OK;
}

static int
run_fcgi(bool (*fn)(struct fcgi *f, void *arg), void *arg, unsigned deadline)
{
	struct stream s;
	struct fcgi f = { .stream = &s };
	bool more = true;

	if (FCGX_InitRequest(&s.request, STDIN_FILENO, 0) != 0) {
		log_error("fcgi_init", NULL);
		return EX_OSERR;
	}
	while (more && !stopping) {
		if (FCGX_Accept_r(&s.request) < 0)
			break;
		(void)alarm(deadline);
		f.envp = s.request.envp;
		s.got = 0;
		more = fn(&f, arg);
		finish(&f);
		(void)alarm(0);
	}
	FCGX_Free(&s.request, 1);
	if (more && !stopping) {
		log_error("fcgi_accept", "why", strerror(errno), NULL);
		return EX_OSERR;
	}
	return EX_OK;
}

int
fcgi_run(bool (*fn)(struct fcgi *f, void *arg), void *arg, unsigned deadline)
{
	bool cgi = FCGX_IsCGI() != 0;
	int rc;

	if (!cgi)
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	set_signals();
	rc = cgi ? run_cgi(fn, arg, deadline) : run_fcgi(fn, arg, deadline);
	if (nothing >= 0)
		(void)close(nothing);
	nothing = -1;
	return rc;
}

/* A signal that comes now waits for the new process. */
void
fcgi_renew(char **argv)
{
	stop_signals(SIG_BLOCK);
	if (stopping || FCGX_IsCGI())
		return;
	log_info("fcgi_renew", NULL);
	(void)execv("/proc/self/exe", argv);
	log_warning("fcgi_renew", "why", strerror(errno), NULL);
}
