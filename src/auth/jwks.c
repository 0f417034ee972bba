#include "auth/jwks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fetch.h"
#include "base/log.h"

struct set {
	char *url, *text; /* text NULL: never had it */
	size_t len;
	int64_t until; /* fresh */
	int64_t tried; /* 0: never */
};

static struct set sets[JWKS_SETS];

static void
set_clear(struct set *s)
{
	free(s->url);
	free(s->text);
	*s = (struct set){ .url = NULL };
}

static char *
copy(const char *s, size_t len)
{
	char *p = malloc(len + 1);

	if (p == NULL)
		abort();
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

/* The one of that url, else a new one in place of the least lately tried. */
static struct set *
set_of(const char *url)
{
	struct set *oldest = &sets[0];

	for (struct set *s = sets; s < sets + JWKS_SETS; s++) {
		if (s->url != NULL && strcmp(s->url, url) == 0)
			return s;
		if (s->tried < oldest->tried)
			oldest = s;
	}
	set_clear(oldest);
	oldest->url = copy(url, strlen(url));
	return oldest;
}

/* RFC 9111, section 5.2.2.1. */
static int64_t
age_of(const struct fetch_response *r)
{
	const char *p = fetch_header(r, "Cache-Control");
	long long seconds;

	for (; p != NULL && *p != '\0'; p += strcspn(p, ",")) {
		p += strspn(p, ", \t");
		if (strncasecmp(p, "max-age=", 8) != 0)
			continue;
		seconds = strtoll(p + 8, NULL, 10);
		if (seconds < JWKS_MIN_AGE / 1000)
			return JWKS_MIN_AGE;
		return seconds < JWKS_MAX_AGE / 1000 ? seconds * 1000
						     : JWKS_MAX_AGE;
	}
	return JWKS_AGE;
}

static bool
parse(struct arena *a, struct slice text, struct json_object **out)
{
	struct json_object *o;

	if (json_parse(a, text, JSON_DEPTH, &o, NULL) != ERR_OK ||
	    !json_object_is_type(json_get(o, "keys"), json_type_array))
		return false;
	*out = o;
	return true;
}

static void
set_fetch(struct arena *a, struct set *s, const struct jwks_source *src)
{
	struct fetch_request rq = { .url = src->url };
	struct fetch_response r;
	struct json_object *unused;

	s->tried = src->now;
	if (src->allow_private != NULL) {
		rq.allow_private = src->allow_private->s;
		rq.nallow_private = src->allow_private->n;
	}
	if (fetch_run(a, &rq, &r) != ERR_OK)
		return;
	if (r.status != 200 || !parse(a, r.body, &unused)) {
		log_warning("jwks", "url", src->url, "why",
		    "the answer is no JWK set", NULL);
		return;
	}
	free(s->text);
	s->text = copy(r.body.s, r.body.len);
	s->len = r.body.len;
	s->until = src->now + age_of(&r);
}

enum err
jwks_get(struct arena *a, const struct jwks_source *src, bool again,
    struct json_object **out)
{
	struct set *s = set_of(src->url);
	int64_t now = src->now, pause;

	if (s->tried > now) /* the clock was set back */
		s->tried = s->until = 0;
	pause = s->text == NULL ? JWKS_PATIENCE : JWKS_MIN_AGE;
	if ((again || s->text == NULL || now >= s->until) &&
	    now - s->tried >= pause)
		set_fetch(a, s, src);
	if (s->text != NULL && now >= s->until + JWKS_STALE) {
		free(s->text);
		s->text = NULL;
	}
	if (s->text == NULL ||
	    !parse(a, (struct slice){ s->text, s->len }, out))
		return ERR_BUSY;
	return ERR_OK;
}

void
jwks_forget(void)
{
	for (struct set *s = sets; s < sets + JWKS_SETS; s++)
		set_clear(s);
}
