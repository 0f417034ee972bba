/*
 * export - `passwright export`: all passes of a tenant, one a line.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/csv.h"
#include "bin/command.h"
#include "bin/progress.h"
#include "pass/record.h"
#include "store/registration.h"

struct exporting {
	struct command *c;
	struct store *store;
	struct arena *a; /* of one pass */
	FILE *out;
	bool csv;
	struct json_object *columns; /* name -> null, in their order */
	struct progress bar;
	uint64_t done, total;
};

/* -- CSV --------------------------------------------------------------------
 */

static bool
has_dotted_key(struct json_object *o)
{
	struct json_object_iter it;

	json_object_object_foreachC(o, it)
	{
		if (*it.key == '\0' || strchr(it.key, '.') != NULL)
			return true;
	}
	return false;
}

/* As `import` reads a cell: what is text must not look like anything else. */
static struct slice
cell_of(struct arena *a, struct json_object *v, bool plain)
{
	const struct slice s = json_plain(a, v);
	struct json_object *unused;

	if (plain || !json_object_is_type(v, json_type_string))
		return s;
	if (s.len == 0 || strchr("\"[{", s.s[0]) != NULL ||
	    json_parse(a, s, JSON_DEPTH, &unused, NULL) == ERR_OK)
		return json_text(a, v);
	return s;
}

/* A column for each member of the objects that have columns of their own. */
static struct json_object *
flat(struct arena *a, struct json_object *o)
{
	struct json_object *out = json_object_in(a);
	struct json_object_iter it, in;

	json_object_object_foreachC(o, it)
	{
		const bool ids = strcmp(it.key, "identifiers") == 0;
		const bool object =
		    json_object_is_type(it.val, json_type_object);

		if (!object || json_object_object_length(it.val) == 0 ||
		    (!ids && has_dotted_key(it.val))) {
			const struct slice s = object ? json_text(a, it.val)
						      : json_plain(a, it.val);

			json_set_string(out, it.key, s.s);
			continue;
		}
		json_object_object_foreachC(it.val, in)
		{
			json_set_string(out,
			    arena_printf(a, "%s.%s", it.key, in.key),
			    cell_of(a, in.val, ids).s);
		}
	}
	return out;
}

struct devices {
	struct arena *a;
	const char *pass;
	struct registration *list;
	size_t n;
};

static enum err
list_devices(struct txn *t, void *arg)
{
	struct devices *d = arg;

	return registration_list(t, d->a, d->pass, &d->list, &d->n);
}

static enum err
read_record(struct exporting *x, const struct store_pass *row, struct record *r)
{
	struct devices d = { .a = x->a };
	enum err e;

	arena_reset(x->a);
	if ((e = pass_parse(x->a, row->document, &r->pass)) != ERR_OK)
		return e;
	r->ndevices = 0;
	if ((pass_installed(&r->pass) & STORE_APPLE) == 0)
		return ERR_OK;
	d.pass = r->pass.id;
	if ((e = store_run(x->store, list_devices, &d)) != ERR_OK)
		return e;
	r->devices = arena_alloc(x->a, (d.n + 1) * sizeof(*r->devices));
	for (; r->ndevices < d.n; r->ndevices++)
		r->devices[r->ndevices] = (struct record_device){
			.device = d.list[r->ndevices].device,
			.token = d.list[r->ndevices].token,
			.date = d.list[r->ndevices].date,
		};
	return ERR_OK;
}

static enum err
gather_columns(const struct store_pass *row, void *arg)
{
	struct exporting *x = arg;
	struct json_object_iter it;
	struct record r;
	enum err e;

	if ((e = read_record(x, row, &r)) != ERR_OK)
		return e;
	json_object_object_foreachC(flat(x->a, record_print(x->a, &r)), it)
	{
		json_set(x->columns, it.key, NULL);
	}
	return json_object_object_length(x->columns) > CSV_CELLS_MAX
	    ? ERR_TOOBIG
	    : ERR_OK;
}

static void
write_record(struct exporting *x, struct json_object *cells)
{
	struct json_object_iter it;
	struct buf b;

	buf_init(&b, x->a);
	json_object_object_foreachC(x->columns, it)
	{
		const char *s = json_get_string(cells, it.key);

		if (b.len > 0)
			buf_addc(&b, ',');
		csv_cell(&b, slice_of(cells == NULL ? it.key : s));
	}
	buf_adds(&b, "\r\n");
	fwrite(b.s, 1, b.len, x->out);
}

/* -- both -------------------------------------------------------------------
 */

static enum err
write_pass(const struct store_pass *row, void *arg)
{
	struct exporting *x = arg;
	struct json_object *o;
	struct slice s;
	struct record r;
	enum err e;

	if ((e = read_record(x, row, &r)) != ERR_OK)
		return e;
	o = record_print(x->a, &r);
	if (x->csv) {
		write_record(x, flat(x->a, o));
	} else {
		s = json_text(x->a, o);
		fwrite(s.s, 1, s.len, x->out);
		putc('\n', x->out);
	}
	progress_show(&x->bar, ++x->done, x->total);
	return ferror(x->out) ? ERR_UPSTREAM : ERR_OK;
}

static enum err
export_all(struct exporting *x, struct store *st)
{
	enum err e = store_count(st, &x->total);

	if (e == ERR_OK && x->csv &&
	    (e = store_each(st, gather_columns, x)) == ERR_OK)
		write_record(x, NULL);
	if (e == ERR_OK)
		e = store_each(st, write_pass, x);
	if (fflush(x->out) != 0 && e == ERR_OK)
		e = ERR_UPSTREAM;
	return e;
}

static int
told(const struct exporting *x, enum err e)
{
	if (e == ERR_OK)
		return EX_OK;
	if (e == ERR_UPSTREAM)
		return command_fail(EX_IOERR,
		    "the passes cannot be written: %s", strerror(errno));
	if (e == ERR_TOOBIG)
		return command_fail(EX_DATAERR,
		    "these passes need more than %d columns; export them as "
		    "JSON, without --csv",
		    CSV_CELLS_MAX);
	(void)x;
	return command_fail(
	    EX_IOERR, "the store could not be read; the line above says why");
}

static int
export_to(struct command *c, struct store *st, const char *file, bool csv)
{
	struct exporting x = { .c = c,
		.store = st,
		.a = arena_new(65536),
		.csv = csv,
		.columns = json_object_in(c->a),
		.bar = { .c = c, .percent = -1 } };
	int rc;

	x.out = file == NULL ? stdout : fopen(file, "we");
	if (x.out == NULL) {
		rc =
		    command_fail(EX_CANTCREAT, "%s: %s", file, strerror(errno));
	} else {
		rc = told(&x, export_all(&x, st));
		if (x.out != stdout && fclose(x.out) != 0 && rc == EX_OK)
			rc = told(&x, ERR_UPSTREAM);
	}
	arena_free(x.a);
	return rc;
}

int
command_export(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", no_argument, NULL, 'c' }, { 0 }
	};
	const char *file = NULL;
	bool csv = false;
	struct tenant *t;
	struct store *st;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt == 'o')
			file = optarg;
		else if (opt == 'c')
			csv = true;
		else
			return command_usage(c);
	}
	if (optind != argc - 1)
		return command_usage(c);
	if ((rc = command_load(c, argv[optind], &t)) != EX_OK ||
	    (rc = command_store(c, t, &st)) != EX_OK)
		return rc;
	rc = export_to(c, st, file, csv);
	store_close(st);
	return rc;
}
