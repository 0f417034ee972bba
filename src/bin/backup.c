/*
 * backup - `passwright backup`: a copy of the store while it is in use.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/json.h"
#include "bin/command.h"
#include "bin/progress.h"

static bool
is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	bool empty = d != NULL;

	while (empty && (de = readdir(d)) != NULL)
		empty = strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0;
	if (d != NULL)
		closedir(d);
	return empty;
}

/* A store must hold nothing but itself, and its copy lie elsewhere. */
static bool
is_within(struct command *c, const char *dir, const struct tenant *t)
{
	const char *slash = strrchr(dir, '/');
	const char *parent = slash == NULL ? "."
	    : slash == dir                 ? "/"
			   : arena_strndup(c->a, dir, (size_t)(slash - dir));
	char *in = realpath(parent, NULL);
	char *data = realpath(arena_printf(c->a, "%s/data", t->dir), NULL);
	const size_t len = data == NULL ? 0 : strlen(data);
	const bool within = in != NULL && data != NULL &&
	    strncmp(in, data, len) == 0 && (in[len] == '/' || in[len] == '\0');

	free(in);
	free(data);
	return within;
}

static int
make_folder(struct command *c, const char *dir, const struct tenant *t)
{
	if (is_within(c, dir, t))
		return command_fail(EX_CANTCREAT,
		    "%s lies in the tenant's data/; name a folder elsewhere",
		    dir);
	if (mkdir(dir, 0700) == 0)
		return EX_OK;
	if (errno != EEXIST)
		return command_fail(
		    EX_CANTCREAT, "%s: %s", dir, strerror(errno));
	if (!is_empty(dir))
		return command_fail(EX_CANTCREAT,
		    "%s is no empty folder; name a new one for each backup",
		    dir);
	return EX_OK;
}

static void
show(void *arg, uint64_t done, uint64_t total)
{
	progress_show(arg, done, total);
}

static int
told(const char *dir, enum err e)
{
	switch (e) {
	case ERR_OK:
		return EX_OK;
	case ERR_TOOBIG:
		return command_fail(
		    EX_IOERR, "%s: no room on the disk; make some", dir);
	case ERR_BUSY:
		return command_fail(EX_TEMPFAIL,
		    "a checkpoint or another backup does not end; try again");
	default:
		return command_fail(EX_IOERR,
		    "the backup could not be made; the line above says why");
	}
}

int
command_backup(struct command *c, int argc, char **argv)
{
	struct progress bar = { .c = c, .percent = -1 };
	struct json_object *out = json_object_in(c->a);
	struct tenant *t;
	struct store *st;
	int rc;

	if (argc != 3 || argv[2][0] == '-')
		return command_usage(c);
	if ((rc = command_load(c, argv[1], &t)) != EX_OK ||
	    (rc = make_folder(c, argv[2], t)) != EX_OK ||
	    (rc = command_store(c, t, &st)) != EX_OK)
		return rc;
	rc = told(argv[2], store_backup(st, argv[2], show, &bar));
	store_close(st);
	if (rc != EX_OK)
		return rc;
	json_set_string(out, "data", arena_printf(c->a, "%s/data", argv[2]));
	if (c->json)
		puts(json_text(c->a, out).s);
	else
		printf("%s/data\n", argv[2]);
	return EX_OK;
}
