#include "auth/limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"

#define MAGIC     "pwlimit1"
#define OVERTAKEN 10000 /* ms that a request may wait before it is counted */

struct head {
	char magic[8];
	unsigned char key[16]; /* of the digests */
};

struct slot {
	uint64_t who;  /* 0: empty */
	int64_t start; /* of the window, ms */
	uint64_t count;
};

struct set {
	struct slot slot[LIMIT_WAYS];
};

struct limit {
	int fd;
	unsigned char key[16];
	bool failed; /* and logged */
};

struct place {
	uint64_t who;
	off_t set; /* where in the file */
};

/* -- the file ------------------------------------------------------------- */

static bool
lock(int fd)
{
	int rc;

	while ((rc = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
		;
	return rc == 0;
}

static void
log_failure(const char *path)
{
	log_error("limit", "path", path, "why", strerror(errno), NULL);
}

static bool
write_head(int fd, struct head *h, ident_random_fn *random)
{
	memcpy(h->magic, MAGIC, sizeof(h->magic));
	random(h->key, sizeof(h->key));
	return ftruncate(fd, 0) == 0 &&
	    pwrite(fd, h, sizeof(*h), 0) == (ssize_t)sizeof(*h);
}

/* Have the key that all processes use; the first one makes it. */
static bool
share_key(struct limit *l, ident_random_fn *random)
{
	struct head h = { .magic = "" };
	bool ok;

	if (!lock(l->fd))
		return false;
	ok = pread(l->fd, &h, sizeof(h), 0) >= 0;
	if (ok && memcmp(h.magic, MAGIC, sizeof(h.magic)) != 0)
		ok = write_head(l->fd, &h, random);
	memcpy(l->key, h.key, sizeof(l->key));
	flock(l->fd, LOCK_UN);
	return ok;
}

enum err
limit_open(const char *path, ident_random_fn *random, struct limit **out)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	struct limit *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		abort();
	if ((l->fd = open(path, flags, 0600)) < 0 || !share_key(l, random)) {
		log_failure(path);
		limit_close(l);
		return ERR_INTERNAL;
	}
	*out = l;
	return ERR_OK;
}

void
limit_close(struct limit *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

/* -- one request ---------------------------------------------------------- */

/*
 * What counts as one place, to `out`; the first byte keeps the kinds apart.
 * An IPv6 host has a /64 to itself (RFC 4291, section 2.5.1).
 */
static size_t
name_of(const char *who, unsigned char *out, size_t size)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char ip[16];
	size_t len = strnlen(who, size - 1);

	out[0] = '4';
	if (inet_pton(AF_INET, who, out + 1) == 1)
		return 5;
	if (inet_pton(AF_INET6, who, ip) == 1) {
		if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
			memcpy(out + 1, ip + sizeof(mapped), 4);
			return 5;
		}
		out[0] = '6';
		memcpy(out + 1, ip, 8);
		return 9;
	}
	out[0] = 't';
	memcpy(out + 1, who, len);
	return 1 + len;
}

static struct place
place_of(const struct limit *l, const char *who)
{
	unsigned char in[16 + 1 + 256], hash[DIGEST_LEN];
	struct place p;
	uint16_t set;
	size_t len;

	memcpy(in, l->key, sizeof(l->key));
	len = name_of(who, in + 16, sizeof(in) - 16);
	digest_sha256(in, 16 + len, hash);
	memcpy(&p.who, hash, sizeof(p.who));
	memcpy(&set, hash + sizeof(p.who), sizeof(set));
	p.who += p.who == 0;
	p.set = (off_t)(sizeof(struct head) +
	    set % LIMIT_SETS * sizeof(struct set));
	return p;
}

/*
 * A request that came first may be counted last, when the window was opened
 * by one that overtook it.  A later window is garbage, or the clock was set
 * back.
 */
static bool
is_void(const struct slot *s, int64_t now)
{
	return s->who == 0 || s->start > now + OVERTAKEN;
}

/* The slot of that place, else the one that is the least loss. */
static struct slot *
slot_of(struct set *s, uint64_t who, int64_t now)
{
	struct slot *least = &s->slot[0];

	for (size_t i = 0; i < LIMIT_WAYS; i++) {
		struct slot *it = &s->slot[i];

		if (it->who == who)
			return it;
		if (!is_void(least, now) &&
		    (is_void(it, now) || it->start < least->start))
			least = it;
	}
	*least = (struct slot){ .who = who };
	return least;
}

static enum err
judge(struct slot *s, const struct rate *r, int64_t now, long *retry_after)
{
	int64_t left;

	if (is_void(s, now) || s->start <= now - r->per) {
		s->start = now;
		s->count = 0;
	}
	if (s->count >= (uint64_t)r->count) {
		left = s->start + r->per - now;
		if (left > r->per)
			left = r->per;
		*retry_after = (long)((left + 999) / 1000);
		return ERR_BUSY;
	}
	s->count++;
	return ERR_OK;
}

/* Where the file fails us nobody is kept out; that is logged once. */
static enum err
pass(struct limit *l)
{
	if (!l->failed)
		log_failure("data/limits");
	l->failed = true;
	return ERR_OK;
}

enum err
limit_take(struct limit *l, const char *who, const struct rate *r, int64_t now,
    long *retry_after)
{
	struct set set = { .slot = { { .who = 0 } } };
	struct slot *slot;
	struct place p;
	enum err e;
	off_t at;

	if (r->count <= 0)
		return ERR_OK;
	p = place_of(l, who);
	if (!lock(l->fd))
		return pass(l);
	/* What lies past the end of the file is empty. */
	if (pread(l->fd, &set, sizeof(set), p.set) < 0) {
		flock(l->fd, LOCK_UN);
		return pass(l);
	}
	slot = slot_of(&set, p.who, now);
	e = judge(slot, r, now, retry_after);
	at = p.set + (off_t)((size_t)(slot - set.slot) * sizeof(*slot));
	if (e == ERR_OK &&
	    pwrite(l->fd, slot, sizeof(*slot), at) != (ssize_t)sizeof(*slot))
		e = pass(l);
	flock(l->fd, LOCK_UN);
	return e;
}
