/*
 * bulk - scheduling, watching and stopping bulk updates.
 */

#include "pass/bulk.h"

#include "api/body.h"
#include "api/call.h"
#include "api/list.h"
#include "base/clock.h"
#include "store/operation.h"

#define THROUGHPUT     12
#define THROUGHPUT_MAX 100000
#define STATUS_MAX     1000
#define MADE_UP        24 /* characters of a correlation id of ours */

/* clang-format off */
static const struct body_field options_fields[] = {
	{ "updateMetadata", BODY_BOOL,   NULL },
	{ "correlationId",  BODY_STRING, NULL },
	{ "throughput",     BODY_NUMBER, NULL },
	{ NULL, BODY_OBJECT, NULL }
};

static const struct body_field bulk_fields[] = {
	{ "identifiers",    BODY_OBJECT, NULL },
	{ "additionalData", BODY_OBJECT, NULL },
	{ "passType",       BODY_STRING, NULL },
	{ "options",        BODY_OBJECT, options_fields },
	{ "updateMetadata", BODY_BOOL,   NULL }, /* deprecated */
	{ NULL, BODY_OBJECT, NULL }
};
/* clang-format on */

struct bulk {
	struct change_input in;
	struct operation op;
	struct query query;
};

static enum err
read_throughput(struct call *c, struct json_object *options, double *out)
{
	struct json_object *o = json_get(options, "throughput");
	double rate = o == NULL ? THROUGHPUT : json_object_get_double(o);

	if (!(rate > 0) || rate > THROUGHPUT_MAX)
		return why(&c->why, ERR_INVALID, "options.throughput",
		    "This must be over 0 and at most %d passes a second.",
		    THROUGHPUT_MAX);
	*out = rate;
	return ERR_OK;
}

static enum err
read_type(struct call *c, struct json_object *body, const char **type)
{
	*type = json_get_string(body, "passType");
	if (*type == NULL || tenant_type(c->tenant, *type) != NULL)
		return ERR_OK;
	return why(&c->why, ERR_INVALID, "passType",
	    "There is no pass type \"%s\" here; use one that is configured.",
	    *type);
}

static enum err
read_options(struct call *c, struct json_object *body, struct bulk *b)
{
	struct json_object *options = json_get(body, "options");
	const char *correlation = json_get_string(options, "correlationId");
	char *made = arena_alloc(c->a, MADE_UP + 1);
	enum err e;

	/* The deprecated place counts when it is true. */
	b->in.update_metadata = json_get_bool(options, "updateMetadata",
	    json_get_bool(body, "updateMetadata", false));
	if (correlation != NULL &&
	    (e = call_correlation(c, correlation)) != ERR_OK)
		return e;
	ident_new(made, MADE_UP, ident_random);
	b->op.correlation = correlation != NULL ? correlation : made;
	return read_throughput(c, options, &b->op.throughput);
}

static enum err
read_bulk(struct call *c, struct bulk *b)
{
	struct json_object *body;
	enum err e;

	e = body_read(c->a, bulk_fields, c->req->json, &body, &c->why);
	if (e != ERR_OK ||
	    (e = list_query(c->a, c->req, &b->query, &c->why)) != ERR_OK)
		return e;
	b->in.identifiers = json_get(body, "identifiers");
	b->in.additional = json_get(body, "additionalData");
	if ((e = change_check(&b->in, false, &c->why)) != ERR_OK ||
	    (e = read_type(c, body, &b->in.type)) != ERR_OK)
		return e;
	return read_options(c, body, b);
}

static enum err
schedule(struct call *c, struct response *resp)
{
	struct bulk b = { .op = { .kind = OPERATION_PUSH_UPDATE,
			      .started = c->req->now } };
	struct json_object *answer = json_object_in(c->a);
	struct operation_work work;
	struct store_set set;
	enum err e;

	if ((e = read_bulk(c, &b)) != ERR_OK || (e = call_store(c)) != ERR_OK)
		return e;
	if ((e = store_select(c->store, &b.query, c->a, &set)) != ERR_OK)
		return e;
	work = (struct operation_work){ set.bits, set.nwords,
		bulk_print(c->a, &b.in) };
	e = operation_add(c->store, &b.op, &work, ident_random);
	if (e != ERR_OK)
		return e;
	call_queued(c);
	json_set_int(answer, "passCount", b.op.total);
	response_json(resp, c->req, 200, answer);
	return ERR_OK;
}

/* -- watching --------------------------------------------------------------
 */

static void
set_date(struct json_object *o, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	json_set_string(o, key, ms == 0 ? NULL : iso);
}

static struct json_object *
show(struct arena *a, const struct operation *op)
{
	struct json_object *o = json_object_in(a);

	json_set_string(o, "id", op->id);
	json_set_string(o, "operationName",
	    op->kind == OPERATION_UPDATE ? "Update" : "PushUpdate");
	json_set_string(o, "operationData", op->correlation);
	set_date(o, "startDate", op->started);
	set_date(o, "lastActivity", op->active);
	json_set_int(o, "passCount", op->total);
	json_set_int(o, "completed", op->completed);
	json_set_int(o, "errors", op->errors);
	json_set_int(o, "apple", op->apple);
	json_set_int(o, "google", op->google);
	json_set_bool(o, "isCanceled", op->canceled);
	return o;
}

static enum err
status(struct call *c, struct response *resp)
{
	struct json_object *all = json_array_in(c->a);
	struct operation *ops = arena_alloc(c->a, STATUS_MAX * sizeof(*ops));
	const int64_t since = c->req->now - c->tenant->keep_operations;
	size_t n;
	enum err e;

	if ((e = call_store(c)) != ERR_OK ||
	    (e = operation_list(c->store, c->a, ops, STATUS_MAX, &n)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		if (!ops[i].ended || ops[i].started >= since)
			json_push(all, show(c->a, &ops[i]));
	response_json(resp, c->req, 200, all);
	return ERR_OK;
}

static enum err
cancel(struct call *c, struct response *resp)
{
	enum err e;

	if ((e = call_store(c)) != ERR_OK)
		return e;
	e = operation_cancel(c->store, call_param(c, 1), c->req->now);
	if (e == ERR_NOTFOUND)
		return why(&c->why, e, "correlationId",
		    "There is no operation of this id; "
		    "GET pushUpdate/status shows them.");
	if (e == ERR_OK)
		resp->status = 204;
	return e;
}

/* clang-format off */
const struct route bulk_routes[] = {
	{ "POST", "/api/{tenantId}/passes/pushUpdate",
	  ROUTE_SCOPE, "Pass.Write", NULL, ROUTE_JSON, schedule },
	{ "GET",  "/api/{tenantId}/passes/pushUpdate/status",
	  ROUTE_SCOPE, "Pass.Read", NULL, ROUTE_NO_BODY, status },
	{ "POST", "/api/{tenantId}/passes/pushUpdate/{correlationId}/cancel",
	  ROUTE_SCOPE, "Pass.Read", NULL, ROUTE_NO_BODY, cancel },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
