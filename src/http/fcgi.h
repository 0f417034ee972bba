#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

/*
 * fcgi - the loop of a responder: FastCGI, or plain CGI where the web server
 * starts the program so.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* One request and its connection. */
struct fcgi {
	char **envp;
	void *stream; /* private */
	bool cgi;
};

/* Up to `n` bytes of the body; 0 at its end, -1 on failure. */
int fcgi_read(void *f, char *buf, int n);

/*
 * The whole of `n` bytes; -1: the client is gone.  Plain CGI keeps them and
 * sends them when `fn` of fcgi_run() is back.
 */
int fcgi_write(void *f, const char *p, size_t n);

/*
 * Accept requests until SIGTERM, SIGINT or SIGUSR1 (then the present one is
 * finished first), or until `fn` returns false.  Plain CGI is one request,
 * whose body is read to its end whether `fn` wants it or not; those signals
 * wait for its end.  SIGPIPE and SIGXFSZ are ignored.  A request that runs for
 * more than `deadline` seconds ends the process; the alarm is off between
 * requests. Returns an exit code.
 */
int fcgi_run(
    bool (*fn)(struct fcgi *f, void *arg), void *arg, unsigned deadline);

/*
 * After fcgi_run(), where `fn` had asked for the end: put a fresh process of
 * the same program in the place of this one, on the same socket, so that
 * whoever waits there is served.  Returns only when that is not to be: after
 * a signal, in plain CGI, or when it fails; then the process ends.
 */
void fcgi_renew(char **argv);

#endif
