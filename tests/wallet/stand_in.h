#ifndef TESTS_WALLET_STAND_IN_H
#define TESTS_WALLET_STAND_IN_H

/*
 * stand_in - a server on loopback that expects these requests in this order
 * and gives each its answer, one connection a request.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define STEPS_MAX 12

struct step {
	const char *begins; /* the request: "PATCH /v1/x" */
	const char *has;    /* and somewhere in it; NULL: no matter */
	int status;         /* 0: hang up */
	const char *answer; /* body, with ' for "; or NULL */
	const char *header; /* "Retry-After: 7", or NULL */
	const char *lacks;  /* what the request has not; or NULL */
};

struct stand_in {
	pid_t pid;
	char url[64];
};

static inline void
stand_in_read(int fd, char *in, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, in + len, max - 1 - len)) > 0) {
		const char *end, *size;

		len += (size_t)n;
		in[len] = '\0';
		end = strstr(in, "\r\n\r\n");
		size = strcasestr(in, "Content-Length: ");
		if (end != NULL &&
		    (size == NULL ||
			strlen(end + 4) >= strtoul(size + 16, NULL, 10)))
			return;
	}
}

static inline void
stand_in_answer(int fd, const struct step *s)
{
	char body[2048], out[4096];
	int n;

	snprintf(body, sizeof(body), "%s", s->answer == NULL ? "" : s->answer);
	for (char *p = body; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	n = snprintf(out, sizeof(out),
	    "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n"
	    "%s%s\r\n%s",
	    s->status, strlen(body), s->header == NULL ? "" : s->header,
	    s->header == NULL ? "" : "\r\n", body);
	if (s->status != 0 && write(fd, out, (size_t)n) != n)
		_exit(3);
}

static inline void
stand_in_serve(int listener, const struct step *steps)
{
	static char in[65536];

	alarm(20);
	for (; steps->begins != NULL; steps++) {
		int fd = accept(listener, NULL, NULL);

		stand_in_read(fd, in, sizeof(in));
		if (strncmp(in, steps->begins, strlen(steps->begins)) != 0 ||
		    (steps->has != NULL && strstr(in, steps->has) == NULL) ||
		    (steps->lacks != NULL &&
			strstr(in, steps->lacks) != NULL)) {
			fprintf(stderr, "not %s (%s): %s\n", steps->begins,
			    steps->has == NULL ? "" : steps->has, in);
			_exit(2);
		}
		stand_in_answer(fd, steps);
		close(fd);
	}
	_exit(0);
}

static inline void
stand_in_start(struct stand_in *s, const struct step *steps)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&in, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	snprintf(
	    s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(in.sin_port));
	if ((s->pid = fork()) == 0)
		stand_in_serve(fd, steps);
	close(fd);
}

/* It was asked all of that, and nothing else. */
static inline bool
stand_in_end(const struct stand_in *s)
{
	int status = -1;

	return waitpid(s->pid, &status, 0) == s->pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
}

/* The key file of a service account. */
static inline void
account_write(const char *path, const char *email)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	FILE *f = fopen(path, "w");
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	long n;

	assert_true(key != NULL && f != NULL && bio != NULL);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(bio, &pem);
	fprintf(f, "{\"client_email\":\"%s\",\"private_key\":\"", email);
	for (long i = 0; i < n; i++)
		fputs(pem[i] == '\n' ? "\\n" : (char[]){ pem[i], '\0' }, f);
	fputs("\"}\n", f);
	assert_int_equal(fclose(f), 0);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

#endif
