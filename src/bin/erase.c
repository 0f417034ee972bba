/*
 * erase - `passwright erase`: a person's pass leaves for good.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/json.h"
#include "bin/command.h"
#include "conf/spawn.h"
#include "pass/change.h"
#include "wallet/apple/kept.h"

#define FOUND_MAX 1000 /* passes of one person */

struct wanted {
	const char *id, *by; /* one of them; the other is NULL */
	bool dry;
};

static int
erase_one(struct command *c, struct change_env *env, const char *id)
{
	const char *data = arena_printf(c->a, "%s/data", env->tenant->dir);
	struct why w = { .text = "" };
	const enum err e = change_erase(env, id, &w);

	if (e == ERR_NOTFOUND)
		return command_fail(EX_NOINPUT, "there is no pass %s", id);
	if (e != ERR_OK)
		return command_fail(e == ERR_BUSY ? EX_TEMPFAIL : EX_IOERR,
		    "%s is not erased: %s", id,
		    w.text[0] != '\0' ? w.text : "the line above says why");
	kept_forget(c->a, data, id);
	return EX_OK;
}

/* The passes that have `by`, which is id.KEY=VALUE. */
static int
find(struct command *c, struct store *st, const char *by, const char **ids,
    size_t *n)
{
	const char *equals = strchr(by, '=');
	struct store_field f;

	if (strncmp(by, "id.", 3) != 0 || equals == NULL || equals == by + 3)
		return command_usage(c);
	f.name = slice_of(arena_printf(
	    c->a, "identifiers.%.*s", (int)(equals - by - 3), by + 3));
	f.value = slice_of(equals + 1);
	if (store_field_find(st, &f, 1, c->a, ids, FOUND_MAX, n) != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store could not be read; the line above says why");
	if (*n == 0)
		return command_fail(EX_NOINPUT, "no pass has %s", by);
	if (*n > FOUND_MAX)
		return command_fail(EX_DATAERR,
		    "%zu passes have %s, more than a person's; is it the right "
		    "key?",
		    *n, by);
	return EX_OK;
}

static int
erase_all(struct command *c, struct change_env *env, const char **ids, size_t n)
{
	struct json_object *out = json_object_in(c->a);
	struct json_object *list = json_array_in(c->a);
	int rc = EX_OK;

	for (size_t i = 0; i < n && rc == EX_OK; i++) {
		rc = erase_one(c, env, ids[i]);
		if (rc == EX_OK && !c->json)
			printf("%s erased\n", ids[i]);
		if (rc == EX_OK)
			json_object_array_add(
			    list, json_object_new_string(ids[i]));
	}
	/* Google is to be told. */
	if (json_object_array_length(list) > 0)
		spawn_worker(&c->server,
		    arena_printf(c->a, "%s/data", env->tenant->dir), env->now);
	if (rc == EX_OK &&
	    (store_forget_texts(env->store) != ERR_OK ||
		store_log_cut(env->store) != ERR_OK))
		rc = command_fail(EX_IOERR,
		    "erased, but a backup may hold pieces of it, as the line "
		    "above says; erase another pass, or wait for 24 MB of "
		    "changes");
	json_set(out, "erased", list);
	if (c->json)
		puts(json_text(c->a, out).s);
	return rc;
}

/* What would be erased; nothing is. */
static int
tell_all(struct command *c, struct change_env *env, const char **ids, size_t n)
{
	struct json_object *out = json_object_in(c->a);
	struct json_object *list = json_array_in(c->a);
	struct store_pass row;

	for (size_t i = 0; i < n; i++) {
		if (store_pass_read(env->store, ids[i], c->a, &row) != ERR_OK)
			return command_fail(
			    EX_NOINPUT, "there is no pass %s", ids[i]);
		if (!c->json)
			printf("%s would be erased\n", ids[i]);
		json_object_array_add(list, json_object_new_string(ids[i]));
	}
	json_set(out, "erased", json_array_in(c->a));
	json_set(out, "found", list);
	if (c->json)
		puts(json_text(c->a, out).s);
	return EX_OK;
}

static int
erase(struct command *c, struct tenant *t, const struct wanted *w)
{
	const char **ids = arena_alloc(c->a, (FOUND_MAX + 1) * sizeof(*ids));
	struct change_env env = { .a = c->a,
		.tenant = t,
		.now = clock_now(),
		.random = ident_random };
	size_t n = 1;
	int rc;

	if ((rc = command_store(c, t, &env.store)) != EX_OK)
		return rc;
	ids[0] = w->id;
	if (w->by != NULL)
		rc = find(c, env.store, w->by, ids, &n);
	if (rc == EX_OK)
		rc = w->dry ? tell_all(c, &env, ids, n)
			    : erase_all(c, &env, ids, n);
	store_close(env.store);
	return rc;
}

int
command_erase(struct command *c, int argc, char **argv)
{
	static const struct option options[] = { { "by", required_argument,
						     NULL, 'b' },
		{ "dry-run", no_argument, NULL, 'n' }, { 0 } };
	struct wanted w = { .id = NULL };
	struct tenant *t;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "n", options, NULL)) != -1) {
		if (opt == 'b')
			w.by = optarg;
		else if (opt == 'n')
			w.dry = true;
		else
			return command_usage(c);
	}
	if (optind != argc - (w.by == NULL ? 2 : 1))
		return command_usage(c);
	if (w.by == NULL)
		w.id = argv[optind + 1];
	if ((rc = command_load(c, argv[optind], &t)) != EX_OK)
		return rc;
	return erase(c, t, &w);
}
