#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/private.h"

#define STORES_MAX 16

struct stores {
	struct store_options opt;
	struct store *open[STORES_MAX]; /* the last used first */
	size_t n;
};

struct stores *
stores_new(const struct store_options *opt)
{
	struct stores *ss = calloc(1, sizeof(*ss));

	if (ss == NULL)
		abort();
	ss->opt = *opt;
	return ss;
}

static void
to_front(struct stores *ss, size_t i, struct store *st)
{
	for (; i > 0; i--)
		ss->open[i] = ss->open[i - 1];
	ss->open[0] = st;
}

static void
drop(struct stores *ss, size_t i)
{
	store_close(ss->open[i]);
	for (ss->n--; i < ss->n; i++)
		ss->open[i] = ss->open[i + 1];
}

/* A folder put in the place of another, from a backup, is another one. */
static bool
same_folder(const struct store *st, const char *dir)
{
	struct stat sb;

	return stat(dir, &sb) == 0 && sb.st_dev == st->dev &&
	    sb.st_ino == st->ino;
}

enum err
stores_get(struct stores *ss, const char *dir, struct store **out)
{
	struct store *st = NULL;
	size_t i = 0;
	enum err e;

	while (i < ss->n && strcmp(ss->open[i]->dir, dir) != 0)
		i++;
	if (i < ss->n && !same_folder(ss->open[i], dir)) {
		drop(ss, i);
		i = ss->n;
	}
	if (i < ss->n) {
		st = ss->open[i];
		to_front(ss, i, st);
		*out = st;
		return ERR_OK;
	}
	if (ss->n == STORES_MAX)
		drop(ss, STORES_MAX - 1);
	if ((e = store_open(dir, &ss->opt, &st)) != ERR_OK)
		return e;
	to_front(ss, ss->n++, st);
	*out = st;
	return ERR_OK;
}

enum err
stores_ask(struct stores *ss, struct arena *a)
{
	struct store_pass none;

	for (size_t i = 0; i < ss->n; i++) {
		enum err e = store_pass_read(ss->open[i], "-", a, &none);

		if (e != ERR_OK && e != ERR_NOTFOUND)
			return e;
	}
	return ERR_OK;
}

void
stores_free(struct stores *ss)
{
	if (ss == NULL)
		return;
	while (ss->n > 0)
		drop(ss, ss->n - 1);
	free(ss);
}
