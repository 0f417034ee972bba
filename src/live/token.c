#include "live/token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"

#define KEY_LEN     32
#define SECONDS_LEN 12 /* digits */

/* -- the key --------------------------------------------------------------- */

static const char *
key_file(struct arena *a, const struct live_tenant *t)
{
	return arena_printf(a, "%s/data/live.key", t->dir);
}

static enum err
key_read(int fd, unsigned char key[KEY_LEN])
{
	unsigned char got[KEY_LEN + 1];

	if (pread(fd, got, sizeof(got), 0) != KEY_LEN)
		return ERR_NOTFOUND;
	memcpy(key, got, KEY_LEN);
	return ERR_OK;
}

/*
 * Of all that find it missing one makes it.  It is on the disk before anybody
 * trusts it, lest a power cut leaves a key of zeros.
 */
static enum err
key_fill(int fd, unsigned char key[KEY_LEN])
{
	unsigned char new[KEY_LEN];

	if (flock(fd, LOCK_EX) != 0)
		return ERR_INTERNAL;
	if (key_read(fd, key) == ERR_OK)
		return ERR_OK;
	ident_random(new, KEY_LEN);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, new, KEY_LEN, 0) != KEY_LEN ||
	    fsync(fd) != 0)
		return ERR_INTERNAL;
	return key_read(fd, key);
}

static enum err
key_get(
    struct arena *a, const struct live_tenant *t, unsigned char key[KEY_LEN])
{
	int fd = open(
	    key_file(a, t), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err e = ERR_INTERNAL;

	if (fd >= 0)
		e = key_read(fd, key) == ERR_OK ? ERR_OK : key_fill(fd, key);
	if (e != ERR_OK)
		log_error("live_key", "file", key_file(a, t), "why",
		    strerror(errno), NULL);
	if (fd >= 0)
		close(fd);
	return e;
}

/* -- the token ------------------------------------------------------------- */

static void
sign(struct arena *a, const unsigned char key[KEY_LEN],
    const struct live_tenant *t, struct slice said, unsigned char *mac)
{
	const char *text =
	    arena_printf(a, "live %s %.*s", t->id, (int)said.len, said.s);
	unsigned int len = 0;

	if (HMAC(EVP_sha256(), key, KEY_LEN, (const unsigned char *)text,
		strlen(text), mac, &len) == NULL ||
	    len != DIGEST_LEN)
		abort();
}

enum err
live_token_make(struct arena *a, const struct live_tenant *t, const char *pass,
    int64_t now, const char **out)
{
	const char *said = arena_printf(
	    a, "%s.%lld", pass, (long long)(now + LIVE_TOKEN_MS) / 1000);
	unsigned char key[KEY_LEN], mac[EVP_MAX_MD_SIZE];
	char hex[2 * DIGEST_LEN + 1];
	enum err e = key_get(a, t, key);

	if (e != ERR_OK)
		return e;
	sign(a, key, t, slice_of(said), mac);
	text_hex(hex, mac, DIGEST_LEN);
	*out = arena_printf(a, "%s.%s", said, hex);
	return ERR_OK;
}

struct parts {
	struct slice said; /* PASS.SECONDS */
	const char *pass;
	int64_t until; /* ms */
	unsigned char mac[DIGEST_LEN];
};

static const char *
last_dot(struct slice s)
{
	return s.len == 0 ? NULL : memrchr(s.s, '.', s.len);
}

static bool
split(struct arena *a, struct slice token, struct parts *p)
{
	const char *dot = last_dot(token), *end;
	struct slice pass, seconds;

	if (dot == NULL)
		return false;
	p->said = (struct slice){ token.s, (size_t)(dot - token.s) };
	end = token.s + token.len;
	if (!text_unhex((struct slice){ dot + 1, (size_t)(end - dot - 1) },
		p->mac, DIGEST_LEN) ||
	    (dot = last_dot(p->said)) == NULL)
		return false;
	end = p->said.s + p->said.len;
	pass = (struct slice){ token.s, (size_t)(dot - token.s) };
	seconds = (struct slice){ dot + 1, (size_t)(end - dot - 1) };
	if (!ident_is_pass(pass) || seconds.len == 0 ||
	    seconds.len > SECONDS_LEN)
		return false;
	p->pass = arena_strndup(a, pass.s, pass.len);
	p->until = 0;
	for (size_t i = 0; i < seconds.len; i++) {
		if (seconds.s[i] < '0' || seconds.s[i] > '9')
			return false;
		p->until = p->until * 10 + (seconds.s[i] - '0');
	}
	p->until *= 1000;
	return true;
}

enum err
live_token_check(struct arena *a, const struct live_tenant *t,
    struct slice token, int64_t now, const char **pass)
{
	unsigned char key[KEY_LEN], mac[EVP_MAX_MD_SIZE];
	struct parts p;
	enum err e;
	int fd;

	fd = open(key_file(a, t), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_NOTFOUND;
	e = key_read(fd, key);
	close(fd);
	if (e != ERR_OK)
		return e;
	if (!split(a, token, &p))
		return ERR_DENIED;
	sign(a, key, t, p.said, mac);
	if (!text_same((struct slice){ (char *)mac, DIGEST_LEN },
		(struct slice){ (char *)p.mac, DIGEST_LEN }) ||
	    now >= p.until)
		return ERR_DENIED;
	*pass = p.pass;
	return ERR_OK;
}
