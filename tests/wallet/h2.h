#ifndef TESTS_WALLET_H2_H
#define TESTS_WALLET_H2_H

/*
 * h2 - a server of HTTP/2 over TLS, which answers what it is told to, one
 * request after the other; it does not read what they say.
 */

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define H2_ANSWERS 64

struct h2_answer {
	int status; /* 0: the connection is dropped without an answer */
	char body[80];
	bool goaway; /* and no more on this connection */
};

/* Shared with the server. */
struct h2 {
	struct h2_answer answers[H2_ANSWERS]; /* after them 200 */
	unsigned nanswers, requests, connections;
	unsigned worn; /* by RST_STREAM, the connection that was most */
	int port, listener;
	pid_t pid;
};

static inline bool
h2_read(SSL *ssl, unsigned char *p, size_t n)
{
	for (int got; n > 0; p += got, n -= (size_t)got)
		if ((got = SSL_read(ssl, p, (int)n)) <= 0)
			return false;
	return true;
}

static inline void
h2_frame(SSL *ssl, const unsigned char head[5], const void *p, size_t n)
{
	unsigned char f[256] = { 0, 0, (unsigned char)n, head[0], head[1], 0,
		head[2], head[3], head[4] };

	memcpy(f + 9, p, n);
	(void)!SSL_write(ssl, f, (int)(9 + n));
}

/* False: it is to be closed. */
static inline bool
h2_say(struct h2 *h, SSL *ssl, const unsigned char stream[3])
{
	const unsigned i = h->requests++;
	const struct h2_answer a = i < h->nanswers
	    ? h->answers[i]
	    : (struct h2_answer){ .status = 200 };
	const unsigned char headers[] = { 1, 4, stream[0], stream[1],
		stream[2] };
	const unsigned char data[] = { 0, 1, stream[0], stream[1], stream[2] };
	const unsigned char goaway[] = { 7, 0, 0, 0, 0 };
	const unsigned char last[8] = { 0, stream[0], stream[1], stream[2] };
	char status[8];

	if (a.status == 0)
		return false;
	/* RFC 7541, 6.2.2: not indexed, the name is number 8, ":status". */
	snprintf(status, sizeof(status), "\010\003%03d", a.status % 1000);
	h2_frame(ssl, headers, status, 5);
	h2_frame(ssl, data, a.body, strlen(a.body));
	if (a.goaway)
		h2_frame(ssl, goaway, last, sizeof(last));
	return true;
}

static inline void
h2_serve(struct h2 *h, SSL *ssl)
{
	static const unsigned char settings[5] = { 4 }, ack[5] = { 4, 1 };
	static const unsigned char streams[6] = { 0, 3, 0, 0, 0, 100 };
	static unsigned char junk[1 << 16];
	unsigned char f[9];
	unsigned resets = 0;
	bool open = h2_read(ssl, junk, 24); /* the preface */

	h2_frame(ssl, settings, streams, sizeof(streams));
	while (open && h2_read(ssl, f, 9)) {
		const size_t n = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];

		if (n > sizeof(junk) || !h2_read(ssl, junk, n))
			break;
		if (f[3] == 4 && (f[4] & 1) == 0)
			h2_frame(ssl, ack, "", 0);
		resets += f[3] == 3;
		h->worn = resets > h->worn ? resets : h->worn;
		if (f[3] <= 1 && (f[4] & 1) != 0) /* the end of a request */
			open = h2_say(h, ssl, f + 6);
	}
}

static inline int
h2_choose(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned inlen, void *arg)
{
	static const unsigned char protocol[] = "\002h2";

	(void)ssl, (void)arg;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, len,
		   protocol, 3, in, inlen) == OPENSSL_NPN_NEGOTIATED
	    ? SSL_TLSEXT_ERR_OK
	    : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static inline void
h2_run(struct h2 *h, SSL_CTX *ctx)
{
	for (int fd; (fd = accept(h->listener, NULL, NULL)) >= 0; close(fd)) {
		SSL *ssl = SSL_new(ctx);

		h->connections++;
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			h2_serve(h, ssl);
		SSL_free(ssl);
	}
}

/* `dir` gets h2.pem, its certificate and key. */
static inline SSL_CTX *
h2_ctx(const char *dir)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char command[512], pem[64];

	snprintf(pem, sizeof(pem), "%s/h2.pem", dir);
	snprintf(command, sizeof(command),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout %s -out %s.crt -days 3 -subj /CN=localhost "
	    "-addext subjectAltName=IP:127.0.0.1 2>/dev/null && "
	    "cat %s.crt >>%s",
	    pem, pem, pem, pem);
	assert_int_equal(system(command), 0);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, pem), 1);
	assert_int_equal(
	    SSL_CTX_use_PrivateKey_file(ctx, pem, SSL_FILETYPE_PEM), 1);
	SSL_CTX_set_alpn_select_cb(ctx, h2_choose, NULL);
	return ctx;
}

static inline struct h2 *
h2_start(const char *dir)
{
	SSL_CTX *ctx = h2_ctx(dir);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	pid_t pid;
	struct h2 *h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(h, MAP_FAILED);
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(h->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(h->listener, 8), 0);
	assert_int_equal(
	    getsockname(h->listener, (struct sockaddr *)&at, &len), 0);
	h->port = ntohs(at.sin_port);
	if ((pid = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		h2_run(h, ctx);
		_exit(1);
	}
	close(h->listener);
	SSL_CTX_free(ctx);
	h->pid = pid;
	return h;
}

static inline void
h2_stop(struct h2 *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	munmap(h, sizeof(*h));
}

/* What comes next; requests and connections are counted from 0 again. */
static inline void
h2_expect(struct h2 *h, const struct h2_answer *answers, unsigned n)
{
	assert_in_range(n, 0, H2_ANSWERS);
	for (unsigned i = 0; i < n; i++)
		h->answers[i] = answers[i];
	h->nanswers = n;
	h->requests = h->connections = h->worn = 0;
}

#endif
