#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

/*
 * fixture - a store in a temporary folder, and passes to put into it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/private.h"
#include "test.h"

#define S(lit) ((struct slice){ lit, sizeof(lit) - 1 })

struct fixture {
	char dir[64]; /* of the environment; its parent is temporary */
	struct store *st;
	struct arena *a;
};

static const struct store_options fast = { .sync = STORE_NOSYNC };

static inline int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	strcat(f->dir, "/data");
	f->a = arena_new(4096);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	*state = f;
	return 0;
}

static inline void
fixture_reopen(struct fixture *f)
{
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[96];

	store_close(f->st);
	arena_free(f->a);
	snprintf(cmd, sizeof(cmd), "rm -rf '%.*s'",
	    (int)(strlen(f->dir) - strlen("/data")), f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

/* A file of the folder. */
static inline const char *
fixture_path(struct fixture *f, const char *file)
{
	return arena_printf(f->a, "%s/%s", f->dir, file);
}

/* Up to four fields of a pass: name and value by turns, ended by NULL. */
struct sample {
	const char *id, *document;
	const char *fields[9];
	const char *unique; /* one character, 32 times */
};

static inline struct store_pass
sample_pass(struct arena *a, const struct sample *s)
{
	struct store_pass p = { .id = s->id,
		.document = slice_of(s->document) };

	p.fields = arena_alloc(a, 4 * sizeof(*p.fields));
	for (; s->fields[2 * p.nfields] != NULL; p.nfields++)
		p.fields[p.nfields] =
		    (struct store_field){ slice_of(s->fields[2 * p.nfields]),
			    slice_of(s->fields[2 * p.nfields + 1]) };
	if (s->unique != NULL)
		p.unique = memset(arena_alloc(a, 32), s->unique[0], 32);
	return p;
}

/* -- one operation in one transaction ------------------------------------- */

struct op {
	const struct store_pass *old;
	struct store_pass *p;
	struct arena *a;
	const char *id;
	const unsigned char *unique;
};

static inline enum err
op_add(struct txn *t, void *arg)
{
	return store_pass_add(t, ((struct op *)arg)->p);
}

static inline enum err
op_change(struct txn *t, void *arg)
{
	struct op *op = arg;

	return store_pass_change(t, op->old, op->p);
}

static inline enum err
op_remove(struct txn *t, void *arg)
{
	return store_pass_remove(t, ((struct op *)arg)->old);
}

static inline enum err
op_get(struct txn *t, void *arg)
{
	struct op *op = arg;

	return store_pass_get(t, op->id, true, op->a, op->p);
}

static inline enum err
op_unique(struct txn *t, void *arg)
{
	struct op *op = arg;

	return store_unique_find(t, op->unique, op->a, &op->id);
}

static inline enum err
add(struct store *st, struct store_pass *p)
{
	struct op op = { .p = p };

	return store_run(st, op_add, &op);
}

static inline enum err
change(struct store *st, const struct store_pass *old, struct store_pass *p)
{
	struct op op = { .old = old, .p = p };

	return store_run(st, op_change, &op);
}

static inline enum err
remove_pass(struct store *st, const struct store_pass *old)
{
	struct op op = { .old = old };

	return store_run(st, op_remove, &op);
}

/* The ids that have all the fields of the sample, joined by commas. */
static inline const char *
found(struct fixture *f, const struct sample *s)
{
	struct store_pass p = sample_pass(f->a, s);
	const char *ids[8], *all = "";
	size_t n = 99;

	assert_int_equal(
	    store_field_find(f->st, p.fields, p.nfields, f->a, ids, 8, &n),
	    ERR_OK);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(
		    f->a, "%s%s%s", all, i == 0 ? "" : ",", ids[i]);
	return all;
}

/* -- other processes ------------------------------------------------------- */

/* Wait for a child and give its exit status; 1000 + signal if killed. */
static inline int
reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}

/* Children that are ready wait here until all are. */
struct gate {
	int ready[2], go[2];
};

static inline void
gate_make(struct gate *g)
{
	assert_int_equal(pipe(g->ready), 0);
	assert_int_equal(pipe(g->go), 0);
}

static inline void
gate_wait(struct gate *g)
{
	char c = 'x';

	close(g->go[1]);
	if (write(g->ready[1], &c, 1) != 1 || read(g->go[0], &c, 1) != 0)
		_exit(99);
}

static inline void
gate_open(struct gate *g, int n)
{
	char c;

	close(g->ready[1]);
	while (n-- > 0)
		assert_int_equal(read(g->ready[0], &c, 1), 1);
	close(g->go[1]);
	close(g->ready[0]);
	close(g->go[0]);
}

#endif
