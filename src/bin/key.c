/*
 * key - `passwright key`: API keys in security.yml.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/apikey.h"
#include "base/json.h"
#include "bin/command.h"
#include "conf/edit.h"

#define SCOPES_MAX 32

struct wanted {
	const char *tenant, *name;
	const char *scope[SCOPES_MAX];
	size_t nscopes;
};

/* A word that needs no quotes in a YAML flow. */
static bool
is_word(const char *s)
{
	size_t n = strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-");

	return n >= 1 && n <= 64 && s[n] == '\0';
}

static bool
add_scopes(struct wanted *w, char *words)
{
	char *save, *s;

	for (s = strtok_r(words, ", ", &save); s != NULL;
	     s = strtok_r(NULL, ", ", &save)) {
		if (w->nscopes == SCOPES_MAX ||
		    (strcmp(s, "*") != 0 && !is_word(s)))
			return false;
		w->scope[w->nscopes++] = s;
	}
	return true;
}

/* `add TENANT --name N --scope S...`: words after a scope are scopes too. */
static int
read_wanted(struct command *c, int argc, char **argv, struct wanted *w)
{
	static const struct option options[] = { { "name", required_argument,
						     NULL, 'n' },
		{ "scope", required_argument, NULL, 's' }, { 0 } };
	int opt;

	memset(w, 0, sizeof(*w));
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'n')
			w->name = optarg;
		else if (opt != 's' || !add_scopes(w, optarg))
			return command_usage(c);
	}
	if (optind == argc)
		return command_usage(c);
	w->tenant = argv[optind++];
	for (; optind < argc; optind++)
		if (w->nscopes == 0 || !add_scopes(w, argv[optind]))
			return command_usage(c);
	return EX_OK;
}

static const struct api_key *
find(const struct tenant *t, const char *name)
{
	for (size_t i = 0; i < t->nkeys; i++)
		if (strcmp(t->keys[i].name, name) == 0)
			return &t->keys[i];
	return NULL;
}

static const char *
security_file(struct command *c, const struct tenant *t)
{
	return arena_printf(c->a, "%s/security.yml", t->dir);
}

static const char *
item_of(struct command *c, const struct wanted *w, const char *hash)
{
	const char *scopes = "";

	for (size_t i = 0; i < w->nscopes; i++)
		scopes = arena_printf(c->a, "%s%s\"%s\"", scopes,
		    i == 0 ? "" : ", ", w->scope[i]);
	return arena_printf(c->a,
	    "{ name: \"%s\", hash: \"%s\", enabled: true, "
	    "permissions: [%s] }",
	    w->name, hash, scopes);
}

static int
edited(struct command *c, const struct tenant *t, const struct faults *f,
    enum err e)
{
	if (e == ERR_OK)
		return EX_OK;
	command_faults(c, f);
	return command_fail(e == ERR_INVALID ? EX_CONFIG : EX_IOERR,
	    "%s could not be changed; the line above says why",
	    security_file(c, t));
}

static int
add(struct command *c, int argc, char **argv)
{
	char key[APIKEY_LEN + 1], hash[APIKEY_HASH_LEN + 1];
	struct faults f;
	struct wanted w;
	struct tenant *t;
	int rc;

	if ((rc = read_wanted(c, argc, argv, &w)) != EX_OK)
		return rc;
	if (w.name == NULL || !is_word(w.name) || w.nscopes == 0)
		return command_usage(c);
	if ((rc = command_load(c, w.tenant, &t)) != EX_OK)
		return rc;
	if (find(t, w.name) != NULL)
		return command_fail(EX_CANTCREAT,
		    "there is a key %s already; revoke it first or take "
		    "another name",
		    w.name);
	apikey_new(key, ident_random);
	apikey_hash(slice_of(key), hash);
	faults_init(&f, c->a);
	rc = edited(c, t, &f,
	    edit_add_item(c->a, security_file(c, t), "apiKeys",
		item_of(c, &w, hash), &f));
	if (rc == EX_OK && c->json) {
		struct json_object *o = json_object_in(c->a);

		json_set_string(o, "name", w.name);
		json_set_string(o, "key", key);
		puts(json_text(c->a, o).s);
	} else if (rc == EX_OK) {
		puts(key);
	}
	return rc;
}

static struct json_object *
describe(struct command *c, const struct api_key *k)
{
	struct json_object *o = json_object_in(c->a);
	struct json_object *scopes = json_array_in(c->a);

	json_set_string(o, "name", k->name);
	json_set_bool(o, "enabled", k->enabled);
	for (size_t i = 0; i < k->permissions.n; i++)
		json_object_array_add(
		    scopes, json_object_new_string(k->permissions.s[i]));
	json_set(o, "permissions", scopes);
	return o;
}

static int
list(struct command *c, int argc, char **argv)
{
	struct json_object *out = json_array_in(c->a);
	struct tenant *t;
	int rc;

	if (argc != 2)
		return command_usage(c);
	if ((rc = command_load(c, argv[1], &t)) != EX_OK)
		return rc;
	for (size_t i = 0; i < t->nkeys; i++) {
		const struct api_key *k = &t->keys[i];

		json_push(out, describe(c, k));
		if (c->json)
			continue;
		printf("%s%s", k->name, k->enabled ? "" : " (disabled)");
		for (size_t j = 0; j < k->permissions.n; j++)
			printf(" %s", k->permissions.s[j]);
		putchar('\n');
	}
	if (c->json)
		puts(json_text(c->a, out).s);
	return EX_OK;
}

static int
revoke(struct command *c, int argc, char **argv)
{
	struct edit_match m = { .key = "apiKeys", .member = "name" };
	struct faults f;
	struct wanted w;
	struct tenant *t;
	int rc;

	if ((rc = read_wanted(c, argc, argv, &w)) != EX_OK)
		return rc;
	if (w.name == NULL || w.nscopes > 0)
		return command_usage(c);
	if ((rc = command_load(c, w.tenant, &t)) != EX_OK)
		return rc;
	if (find(t, w.name) == NULL)
		return command_fail(EX_NOINPUT,
		    "there is no key %s; `passwright key list %s` shows them",
		    w.name, w.tenant);
	faults_init(&f, c->a);
	m.value = w.name;
	return edited(
	    c, t, &f, edit_remove_item(c->a, security_file(c, t), &m, &f));
}

int
command_key(struct command *c, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(struct command *, int, char **);
	} t[] = { { "add", add }, { "list", list }, { "revoke", revoke } };

	for (size_t i = 0; argc >= 2 && i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(argv[1], t[i].name) == 0)
			return t[i].fn(c, argc - 1, argv + 1);
	return command_usage(c);
}
