#ifndef TESTS_CONF_FOLDER_H
#define TESTS_CONF_FOLDER_H

/*
 * folder - files of a test, in a folder that goes with it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/slice.h"
#include "conf/fault.h"
#include "test.h"

struct folder {
	char dir[64]; /* without symbolic links */
	struct arena *a;
	struct faults f;
};

static inline void
folder_open(struct folder *d)
{
	char name[] = "/tmp/test_conf.XXXXXX", *real;

	assert_non_null(mkdtemp(name));
	real = realpath(name, NULL);
	assert_non_null(real);
	assert_true(strlen(real) < sizeof(d->dir));
	strcpy(d->dir, real);
	free(real);
	d->a = arena_new(4096);
	faults_init(&d->f, d->a);
}

static inline void
folder_close(struct folder *d)
{
	char *cmd = arena_printf(d->a, "rm -rf '%s'", d->dir);

	assert_int_equal(system(cmd), 0);
	arena_free(d->a);
}

static inline char *
folder_path(struct folder *d, const char *name)
{
	return arena_printf(d->a, "%s/%s", d->dir, name);
}

/* Write a file, making the folders that it needs. */
static inline char *
folder_write_bytes(struct folder *d, const char *name, struct slice s)
{
	char *path = folder_path(d, name);
	FILE *f;

	for (char *p = path + strlen(d->dir) + 1; (p = strchr(p, '/')) != NULL;
	     *p++ = '/') {
		*p = '\0';
		mkdir(path, 0700);
	}
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(s.s, 1, s.len, f), s.len);
	assert_int_equal(fclose(f), 0);
	return path;
}

static inline char *
folder_write(struct folder *d, const char *name, const char *text)
{
	return folder_write_bytes(d, name, slice_of(text));
}

static inline char *
folder_read(struct folder *d, const char *name)
{
	char *s = arena_alloc(d->a, (size_t)2 * 1024 * 1024);
	FILE *f = fopen(folder_path(d, name), "r");

	assert_non_null(f);
	s[fread(s, 1, (size_t)2 * 1024 * 1024 - 1, f)] = '\0';
	fclose(f);
	return s;
}

/* Forget the faults that there were. */
static inline void
folder_reset(struct folder *d)
{
	faults_init(&d->f, d->a);
}

/* There is a fault (or warning) on that line with these words. */
static inline bool
folder_has_fault(
    const struct folder *d, const char *file, int line, const char *words)
{
	const size_t n = strlen(file);

	for (size_t i = 0; i < d->f.n; i++) {
		const struct fault *f = &d->f.list[i];
		const size_t len = strlen(f->file);

		if (len >= n && strcmp(f->file + len - n, file) == 0 &&
		    f->line == line && strstr(f->text, words) != NULL)
			return true;
	}
	for (size_t i = 0; i < d->f.n; i++)
		print_message("%s:%d: %s\n", d->f.list[i].file,
		    d->f.list[i].line, d->f.list[i].text);
	return false;
}

#endif
