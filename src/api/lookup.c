#include "api/lookup.h"

#include "pass/supplier.h"

#define DIRECT_MAX 100  /* ids of one getPasses */
#define FOUND_MAX  1000 /* passes looked at when a type restricts */

/* Index entries for an object of identifiers; `*n` of them. */
static struct store_field *
fields_of(struct arena *a, struct json_object *identifiers, size_t *n)
{
	size_t max = (size_t)json_object_object_length(identifiers);
	struct store_field *f = arena_alloc(a, (max + 1) * sizeof(*f));
	struct json_object_iter it;

	*n = 0;
	json_object_object_foreachC(identifiers, it)
	{
		f[*n].name =
		    slice_of(arena_printf(a, "identifiers.%s", it.key));
		f[(*n)++].value = json_plain(a, it.val);
	}
	return f;
}

/* Drop the ids of passes of another type; they are at most `*n`. */
static enum err
keep_type(struct call *c, const char *type, const char **ids, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		struct slice document;
		struct pass p;
		enum err e = call_peek(c, ids[i], &p, &document);

		if (e == ERR_NOTFOUND)
			continue; /* removed meanwhile */
		if (e != ERR_OK)
			return e;
		if (strcmp(p.type, type) == 0)
			ids[kept++] = ids[i];
	}
	*n = kept;
	return ERR_OK;
}

/* The passes that have all of `identifiers`, and `type` unless NULL. */
static enum err
find(struct call *c, struct json_object *identifiers, const char *type,
    const char **ids, size_t *n)
{
	size_t nfields;
	struct store_field *f = fields_of(c->a, identifiers, &nfields);
	enum err e;

	e = store_field_find(
	    c->store, f, nfields, c->a, ids, type == NULL ? 2 : FOUND_MAX, n);
	if (e != ERR_OK || type == NULL)
		return e;
	return keep_type(c, type, ids, n);
}

static enum err
several(struct call *c)
{
	return why(&c->why, ERR_CONFLICT, NULL,
	    "Several passes match; give more identifiers, or the id of one.");
}

/* {KEY: value} of the query's `id.KEY` parameters. */
static struct json_object *
query_identifiers(struct call *c)
{
	struct json_object *o = json_object_in(c->a);

	for (size_t i = 0; i < c->req->nquery; i++) {
		const struct request_param *q = &c->req->query[i];

		if (q->name.len > 3 && q->value.len > 0 &&
		    strncasecmp(q->name.s, "id.", 3) == 0)
			json_set_string(o, q->name.s + 3, q->value.s);
	}
	return o;
}

static enum err
has_identifiers(struct call *c, const char *id, struct json_object *want)
{
	struct json_object_iter it;
	struct pass p;
	enum err e = call_pass(c, id, &p);

	if (e != ERR_OK)
		return e;
	json_object_object_foreachC(want, it)
	{
		if (!json_object_equal(json_get(p.identifiers, it.key), it.val))
			return call_no_pass(c);
	}
	return ERR_OK;
}

enum err
lookup_one(struct call *c, const char **id)
{
	struct json_object *want = query_identifiers(c);
	const char *given = request_query(c->req, "id");
	const char *ids[2];
	size_t n;
	enum err e;

	if (given != NULL) {
		*id = given;
		return has_identifiers(c, given, want);
	}
	if (json_object_object_length(want) == 0)
		return why(&c->why, ERR_INVALID, "id",
		    "Say which pass: id=..., or id.KEY=... for each of its "
		    "identifiers.");
	if ((e = find(c, want, NULL, ids, &n)) != ERR_OK)
		return e;
	if (n == 0)
		return call_no_pass(c);
	if (n > 1)
		return several(c);
	*id = ids[0];
	return ERR_OK;
}

/* Of findPass, every name but `passType` and `neo.*` is an identifier. */
static struct json_object *
find_identifiers(struct call *c)
{
	struct json_object *o = json_object_in(c->a);

	for (size_t i = 0; i < c->req->nquery; i++) {
		const struct request_param *q = &c->req->query[i];

		if (q->value.len > 0 && !slice_is_nocase(q->name, "passType") &&
		    strncasecmp(q->name.s, "neo.", 4) != 0)
			json_set_string(o, q->name.s, q->value.s);
	}
	return o;
}

static enum err
find_pass(struct call *c, struct response *resp)
{
	const char **ids = arena_alloc(c->a, FOUND_MAX * sizeof(*ids));
	struct change_input asked = { .type = NULL };
	size_t n;
	enum err e;

	e = call_proof(c, find_identifiers(c), &asked.identifiers);
	if (e != ERR_OK || (e = change_check(&asked, true, &c->why)) != ERR_OK)
		return e;
	if (json_object_object_length(asked.identifiers) == 0)
		return why(&c->why, ERR_INVALID, NULL,
		    "Say which pass: KEY=VALUE for at least one identifier.");
	if ((e = call_store(c)) != ERR_OK ||
	    (e = find(c, asked.identifiers, request_query(c->req, "passType"),
		 ids, &n)) != ERR_OK)
		return e;
	if (n > 1)
		return several(c);
	if (n == 0)
		resp->status = 204;
	else
		response_string(resp, c->req, 200, ids[0]);
	return ERR_OK;
}

/* Add one pass, if there is such a one. */
static enum err
get_one(struct call *c, const char *id, bool preview, struct json_object *out)
{
	struct json_object *o;
	struct pass p;
	enum err e;

	if (preview)
		e = call_preview(c, id, false, &o);
	else if ((e = call_pass(c, id, &p)) == ERR_OK)
		o = json_own(c->a, json_object_new_string(id));
	if (e == ERR_OK)
		json_push(out, o);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The ids of a comma-separated list that exist, in the order asked. */
static enum err
get_direct(
    struct call *c, const char *value, bool preview, struct json_object *out)
{
	size_t n = 0;

	for (const char *p = value; *p != '\0'; p += *p == ',') {
		size_t len = strcspn(p, ",");
		enum err e;

		if (len == 0)
			continue;
		if (++n > DIRECT_MAX)
			return why(&c->why, ERR_INVALID, "value",
			    "At most %d ids at a time.", DIRECT_MAX);
		e = get_one(c, arena_strndup(c->a, p, len), preview, out);
		if (e != ERR_OK)
			return e;
		p += len;
	}
	return ERR_OK;
}

static struct remote *
find_supplier(struct call *c, const char *name)
{
	for (size_t i = 0; i < c->tenant->nsuppliers; i++)
		if (strcmp(c->tenant->suppliers[i].name, name) == 0)
			return &c->tenant->suppliers[i];
	return NULL;
}

/* Whoever may ask it; its answer is the way to passes. */
static enum err
admit(struct call *c, const struct remote *r)
{
	if (r->access == REMOTE_OPEN || caller_may(&c->caller, c->route->scope))
		return ERR_OK;
	c->unproven = !c->caller.known;
	return why(&c->why, ERR_DENIED, "provider",
	    "This supplier needs the scope %s.", c->route->scope);
}

static enum err
get_supplied(
    struct call *c, const char *name, bool preview, struct json_object *out)
{
	struct remote *r = find_supplier(c, name);
	struct change_env env;
	struct supplied found;
	enum err e;

	if (r == NULL)
		return why(&c->why, ERR_NOTFOUND, "provider",
		    "There is no supplier of that name.");
	if ((e = admit(c, r)) != ERR_OK || (e = call_store(c)) != ERR_OK)
		return e;
	env = call_env(c);
	e = supplier_find(
	    &env, r, request_query(c->req, "value"), &found, &c->why);
	if (e == ERR_OK && found.refresh)
		call_queued(c);
	for (size_t i = 0; e == ERR_OK && i < found.n; i++)
		e = get_one(c, found.ids[i], preview, out);
	return e;
}

static enum err
get_passes(struct call *c, struct response *resp)
{
	struct json_object *out = json_array_in(c->a);
	const char *value = request_query(c->req, "value");
	const char *supplier = request_query(c->req, "provider");
	bool preview;
	enum err e;

	if (supplier == NULL && value == NULL)
		return why(&c->why, ERR_INVALID, "value",
		    "Give the ids of passes, separated by commas.");
	e = request_query_bool(
	    c->req, "includePreview", false, &preview, &c->why);
	if (e != ERR_OK)
		return e;
	e = supplier != NULL ? get_supplied(c, supplier, preview, out)
			     : get_direct(c, value, preview, out);
	if (e == ERR_OK)
		response_json(resp, c->req, 200, out);
	return e;
}

/* clang-format off */
const struct route lookup_routes[] = {
	{ "GET", "/api/{tenantId}/passes/findPass",
	  ROUTE_PROOF, "Pass.Read", NULL, ROUTE_NO_BODY, find_pass },
	{ "GET", "/api/{tenantId}/passes/getPasses",
	  ROUTE_OPEN, "Pass.Read", NULL, ROUTE_NO_BODY, get_passes },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
