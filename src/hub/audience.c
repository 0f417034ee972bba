#include "hub/audience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

#define BUCKETS 16384

enum by { BY_PASS, BY_ADDRESS, BY__MAX };

struct audience {
	struct audience_limits limits;
	size_t n;
	uint64_t seed; /* so that nobody chooses who shares a bucket */
	struct listener *bucket[BY__MAX][BUCKETS];
};

struct audience *
audience_new(const struct audience_limits *limits)
{
	struct audience *au = calloc(1, sizeof(*au));

	if (au == NULL)
		abort();
	au->limits = *limits;
	ident_random(&au->seed, sizeof(au->seed));
	return au;
}

void
audience_free(struct audience *au)
{
	free(au);
}

/* FNV-1a. */
static struct listener **
bucket_of(struct audience *au, enum by by, const char *key)
{
	uint64_t h = au->seed ^ UINT64_C(14695981039346656037);

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return &au->bucket[by][(h ^ h >> 32) % BUCKETS];
}

static const char *
key_of(const struct listener *l, enum by by)
{
	return by == BY_PASS ? l->key : l->address;
}

static size_t
count(struct audience *au, enum by by, const char *key)
{
	const struct listener *l = *bucket_of(au, by, key);
	size_t n = 0;

	for (; l != NULL; l = l->next[by])
		n += strcmp(key_of(l, by), key) == 0;
	return n;
}

static void
link_in(struct audience *au, struct listener *l, enum by by)
{
	struct listener **at = bucket_of(au, by, key_of(l, by));

	l->next[by] = *at;
	l->at[by] = at;
	if (*at != NULL)
		(*at)->at[by] = &l->next[by];
	*at = l;
}

static void
take_out(struct listener *l, enum by by)
{
	if (l->at[by] == NULL)
		return;
	*l->at[by] = l->next[by];
	if (l->next[by] != NULL)
		l->next[by]->at[by] = l->at[by];
	l->at[by] = NULL;
}

enum err
audience_join(struct audience *au, struct listener *l,
    const struct audience_seat *seat, struct why *w)
{
	(void)snprintf(
	    l->key, sizeof(l->key), "%s/%s", seat->tenant, seat->pass);
	(void)snprintf(l->address, sizeof(l->address), "%s", seat->address);
	if (au->n >= au->limits.all)
		return why(w, ERR_BUSY, NULL,
		    "Too many listen here; try again later.");
	if (count(au, BY_PASS, l->key) >= au->limits.pass)
		return why(w, ERR_BUSY, "pass",
		    "Too many listen to this pass; close some.");
	if (l->address[0] != '\0' &&
	    count(au, BY_ADDRESS, l->address) >= au->limits.address)
		return why(w, ERR_BUSY, "address",
		    "Too many listen from this address; close some.");
	link_in(au, l, BY_PASS);
	if (l->address[0] != '\0')
		link_in(au, l, BY_ADDRESS);
	au->n++;
	return ERR_OK;
}

void
audience_leave(struct audience *au, struct listener *l)
{
	if (l->at[BY_PASS] == NULL)
		return;
	take_out(l, BY_PASS);
	take_out(l, BY_ADDRESS);
	au->n--;
}

size_t
audience_count(const struct audience *au)
{
	return au->n;
}

static void
put(struct listener *l, const struct live_event *e)
{
	const unsigned at = (l->first + l->n) % AUDIENCE_PENDING;

	l->behind = l->n == AUDIENCE_PENDING;
	if (l->behind)
		return;
	l->pending[at].date = e->date;
	l->pending[at].kind = e->kind;
	l->n++;
}

void
audience_tell(struct audience *au, const struct live_event *e, audience_fn *fn)
{
	char key[sizeof(((struct listener *)0)->key)];
	struct listener *l;

	(void)snprintf(key, sizeof(key), "%.*s/%.*s", (int)e->tenant.len,
	    e->tenant.s, (int)e->pass.len, e->pass.s);
	for (l = *bucket_of(au, BY_PASS, key); l != NULL; l = l->next[BY_PASS])
		if (!l->behind && strcmp(l->key, key) == 0) {
			put(l, e);
			fn(l);
		}
}

void
audience_each(struct audience *au, audience_fn *fn)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct listener *l = au->bucket[BY_PASS][i]; l != NULL;
		     l = l->next[BY_PASS])
			fn(l);
}
