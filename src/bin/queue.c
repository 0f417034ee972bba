/*
 * queue - `passwright queue`: bulk updates that are running.
 */

#include <math.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "bin/command.h"
#include "store/operation.h"

#define SHOWN_MAX 1000
#define BAR_WIDTH 30
#define BEAT_US   500000 /* between two looks, on a terminal */

struct queue {
	struct command *c;
	struct store *store;
	struct operation *ops;
	size_t n;
};

static unsigned
percent(const struct operation *op)
{
	uint64_t over = (uint64_t)op->completed + op->errors;

	return op->total == 0 ? 100 : (unsigned)(over * 100 / op->total);
}

static void
print_bar(const struct operation *op)
{
	const unsigned full = percent(op) * BAR_WIDTH / 100;

	putchar('[');
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		putchar(i < full ? '#' : ' ');
	printf("] %3u %%  ", percent(op));
}

static void
print_one(const struct operation *op, bool bar)
{
	double left =
	    (double)(op->total - op->completed - op->errors) / op->throughput;

	if (bar)
		print_bar(op);
	printf("%s  %u of %u, %u errors, %g/s, %.0f s left%s\n",
	    op->correlation, op->completed + op->errors, op->total, op->errors,
	    op->throughput, ceil(left), bar ? "\033[K" : "");
}

static void
print_json(const struct queue *q)
{
	struct json_object *all = json_array_in(q->c->a), *o;

	for (size_t i = 0; i < q->n; i++) {
		const struct operation *op = &q->ops[i];

		o = json_object_in(q->c->a);
		json_set_string(o, "correlationId", op->correlation);
		json_set_int(o, "passCount", op->total);
		json_set_int(o, "completed", op->completed);
		json_set_int(o, "errors", op->errors);
		json_object_object_add(
		    o, "throughput", json_object_new_double(op->throughput));
		json_push(all, o);
	}
	puts(json_text(q->c->a, all).s);
}

static enum err
look(struct queue *q)
{
	return operation_running(q->store, q->c->a, q->ops, SHOWN_MAX, &q->n);
}

/* Until none runs, each look in the place of the last. */
static enum err
watch(struct queue *q)
{
	enum err e = look(q);

	while (e == ERR_OK && q->n > 0) {
		for (size_t i = 0; i < q->n; i++)
			print_one(&q->ops[i], true);
		fflush(stdout);
		usleep(BEAT_US);
		printf("\033[%zuA\033[J", q->n);
		e = look(q);
	}
	return e;
}

static enum err
show(struct queue *q)
{
	enum err e;

	if (!q->c->json && isatty(STDOUT_FILENO))
		return watch(q);
	if ((e = look(q)) != ERR_OK)
		return e;
	if (q->c->json)
		print_json(q);
	else
		for (size_t i = 0; i < q->n; i++)
			print_one(&q->ops[i], false);
	return ERR_OK;
}

int
command_queue(struct command *c, int argc, char **argv)
{
	struct queue q = { .c = c,
		.ops = arena_alloc(c->a, SHOWN_MAX * sizeof(*q.ops)) };
	struct tenant *t;
	enum err e;
	int rc;

	if (argc != 2)
		return command_usage(c);
	if ((rc = command_load(c, argv[1], &t)) != EX_OK ||
	    (rc = command_store(c, t, &q.store)) != EX_OK)
		return rc;
	e = show(&q);
	store_close(q.store);
	if (e != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store could not be read; the line above says why");
	return EX_OK;
}
