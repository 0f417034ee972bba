#include "wallet/google/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/load.h"

#define FILE_MAX ((size_t)256 * 1024)

static const char *
path_of(struct arena *a, const struct tenant *t)
{
	return arena_printf(a, "%s/data/google-keys.json", t->dir);
}

/* {"until", "tried", "from", "keys": [...]} */
static struct json_object *
read_kept(struct arena *a, const struct server *s, const struct tenant *t)
{
	struct json_object *o = NULL;
	struct slice text;
	const char *from;

	if (load_file(a, path_of(a, t), FILE_MAX, &text, NULL) != ERR_OK ||
	    json_parse(a, text, JSON_DEPTH, &o, NULL) != ERR_OK)
		return json_object_in(a);
	from = json_get_string(o, "from");
	return from != NULL && strcmp(from, s->endpoints.google_keys) == 0
	    ? o
	    : json_object_in(a);
}

static void
keep(struct arena *a, const struct tenant *t, struct json_object *o)
{
	const char *path = path_of(a, t);
	const char *draft = arena_printf(a, "%s.%ld", path, (long)getpid());
	const struct slice text = json_text(a, o);
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.s, text.len) == (ssize_t)text.len;

	if (fd >= 0)
		close(fd);
	if (!ok || rename(draft, path) != 0) {
		log_warning(
		    "google_keys", "file", path, "why", strerror(errno), NULL);
		(void)unlink(draft);
	}
}

/* When the first of those that are good expires; now, when none is. */
static int64_t
until_of(struct json_object *keys, int64_t now)
{
	int64_t until = now + KEYS_DAY;
	bool good = false;

	for (size_t i = 0; i < json_object_array_length(keys); i++) {
		int64_t one = json_object_get_int64(json_get(
		    json_object_array_get_idx(keys, i), "keyExpiration"));

		good = good || one > now;
		if (one > now && one < until)
			until = one;
	}
	return good ? until : now;
}

static struct json_object *
fetch(struct arena *a, const struct server *s)
{
	const struct fetch_request rq = { .url = s->endpoints.google_keys,
		.any_address = true,
		.ca_file = s->endpoints.ca_file };
	struct fetch_response out;
	struct json_object *o = NULL;

	if (fetch_run(a, &rq, &out) != ERR_OK)
		return NULL;
	if (out.status != 200 ||
	    json_parse(a, out.body, JSON_DEPTH, &o, NULL) != ERR_OK ||
	    !json_object_is_type(json_get(o, "keys"), json_type_array)) {
		log_error("google_keys", "status", text_num(out.status).s,
		    "why", "the answer is no list of keys", NULL);
		return NULL;
	}
	return json_get(o, "keys");
}

enum err
keys_get(struct arena *a, const struct server *s, const struct tenant *t,
    int64_t now, struct json_object **out)
{
	struct json_object *kept = read_kept(a, s, t), *keys;
	const int64_t tried = json_get_int(kept, "tried", 0);
	const bool tried_lately = tried <= now && now < tried + KEYS_TRY;

	if (now >= json_get_int(kept, "until", 0) && !tried_lately) {
		keys = fetch(a, s);
		json_set_int(kept, "tried", now);
		json_set_string(kept, "from", s->endpoints.google_keys);
		if (keys != NULL) {
			json_set(kept, "keys", keys);
			json_set_int(kept, "until", until_of(keys, now));
		}
		keep(a, t, kept);
	}
	if (json_get(kept, "keys") == NULL)
		return ERR_UPSTREAM;
	*out = kept;
	return ERR_OK;
}
