/*
 * list - passes by filter, in order and by the page; and how many there are.
 */

#include "api/list.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/buf.h"
#include "base/text.h"

#define INDEX_DIGITS 9
#define PAGE_DIGITS  15
#define LINK_MAX     7500 /* bytes; Apache takes 8190 of a header */

/* -- reading the question ------------------------------------------------- */

/* What filter[i] or sortBy[i] says, while it is being gathered. */
struct item {
	unsigned long index;
	struct slice field, op, direction;
	struct slice *values;
	size_t nvalues;
};

struct items {
	const char *what; /* "filter" or "sortBy" */
	struct item *list;
	size_t n, max;
};

struct reading {
	struct arena *a;
	const struct request *r;
	struct items filters, sorts;
	size_t nvalues;
	struct why *why;
};

static const char *
label(struct reading *rd, const struct items *items, const struct item *it)
{
	return arena_printf(rd->a, "%s[%lu]", items->what, it->index);
}

/* Take "[INDEX].MEMBER" apart. */
static bool
split(const char *p, unsigned long *index, const char **member)
{
	size_t digits;

	if (*p++ != '[')
		return false;
	digits = strspn(p, "0123456789");
	if (digits == 0 || digits > INDEX_DIGITS || p[digits] != ']' ||
	    p[digits + 1] != '.')
		return false;
	*index = strtoul(p, NULL, 10);
	*member = p + digits + 2;
	return true;
}

/* NULL: there are too many. */
static struct item *
item_of(struct items *items, unsigned long index)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->list[i].index == index)
			return &items->list[i];
	if (items->n == items->max)
		return NULL;
	items->list[items->n].index = index;
	return &items->list[items->n++];
}

static enum err
take_value(struct reading *rd, struct item *it, const struct request_param *q)
{
	if (rd->nvalues++ == QUERY_VALUES)
		return why(rd->why, ERR_INVALID, q->name.s,
		    "At most %d values in all filters.", QUERY_VALUES);
	if (it->values == NULL)
		it->values =
		    arena_alloc(rd->a, QUERY_VALUES * sizeof(*it->values));
	it->values[it->nvalues++] = q->value;
	return ERR_OK;
}

static enum err
bad_name(struct reading *rd, const struct request_param *q)
{
	return why(rd->why, ERR_INVALID, q->name.s,
	    "There is no such parameter; say filter[0].field, "
	    "filter[0].operator, filter[0].value, sortBy[0].field or "
	    "sortBy[0].direction.");
}

static enum err
take_member(
    struct reading *rd, struct items *items, const struct request_param *q)
{
	const char *rest = q->name.s + strlen(items->what), *member;
	bool filter = items == &rd->filters;
	unsigned long index;
	struct item *it;

	if (!split(rest, &index, &member))
		return bad_name(rd, q);
	if ((it = item_of(items, index)) == NULL)
		return why(rd->why, ERR_INVALID, q->name.s,
		    "At most %zu of these.", items->max);
	if (strcasecmp(member, "field") == 0)
		it->field = q->value;
	else if (filter && strcasecmp(member, "operator") == 0)
		it->op = q->value;
	else if (filter && strcasecmp(member, "value") == 0)
		return q->value.len == 0 ? ERR_OK : take_value(rd, it, q);
	else if (!filter && strcasecmp(member, "direction") == 0)
		it->direction = q->value;
	else
		return bad_name(rd, q);
	return ERR_OK;
}

static bool
starts(struct slice s, const char *with)
{
	return strncasecmp(s.s, with, strlen(with)) == 0;
}

static int
by_index(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static enum err
gather(struct reading *rd)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < rd->r->nquery; i++) {
		const struct request_param *q = &rd->r->query[i];

		if (starts(q->name, "filter"))
			e = take_member(rd, &rd->filters, q);
		else if (starts(q->name, "sortBy"))
			e = take_member(rd, &rd->sorts, q);
	}
	qsort(rd->filters.list, rd->filters.n, sizeof(struct item), by_index);
	qsort(rd->sorts.list, rd->sorts.n, sizeof(struct item), by_index);
	return e;
}

static enum err
read_filter(struct reading *rd, const struct item *it, struct query_filter *f)
{
	const char *name = label(rd, &rd->filters, it);

	*f = (struct query_filter){ .field = it->field,
		.op = QUERY_EQUALS,
		.values = it->values,
		.nvalues = it->nvalues };
	if (it->op.len > 0 && !query_op_parse(it->op, &f->op))
		return why(rd->why, ERR_INVALID,
		    arena_printf(rd->a, "%s.operator", name),
		    "This must be Contains, StartsWith, EndsWith, Equals, "
		    "IsEmpty, IsNotEmpty, NotEquals, In or NotIn.");
	return query_filter_check(f, name, rd->why);
}

static enum err
read_sort(struct reading *rd, const struct item *it, struct query_sort *s)
{
	const char *name = label(rd, &rd->sorts, it);
	struct slice d = it->direction;

	s->field = it->field;
	s->descending = slice_is(d, "1") || slice_is_nocase(d, "DESC");
	if (!query_sorts_by(s->field))
		return why(rd->why, ERR_INVALID,
		    arena_printf(rd->a, "%s.field", name),
		    "Sort by identifiers.KEY, metadata.KEY, passType, id, "
		    "creationDate, lastUpdateDate, apple or google.");
	if (!s->descending && d.len > 0 && !slice_is(d, "0") &&
	    !slice_is_nocase(d, "ASC"))
		return why(rd->why, ERR_INVALID,
		    arena_printf(rd->a, "%s.direction", name),
		    "This must be ASC or DESC, 0 or 1.");
	return ERR_OK;
}

/* A number of the query, within its limits; absent is `def`. */
static enum err
read_number(struct reading *rd, const char *name, const unsigned long limit[2],
    unsigned long *out)
{
	const char *v = request_query(rd->r, name);
	size_t digits = v == NULL ? 0 : strspn(v, "0123456789");
	unsigned long n;

	if (v == NULL)
		return ERR_OK;
	n = digits > PAGE_DIGITS ? ULONG_MAX : strtoul(v, NULL, 10);
	if (digits == 0 || v[digits] != '\0' || n < limit[0] || n > limit[1])
		return why(rd->why, ERR_INVALID, name,
		    "This must be a number from %lu to %lu.", limit[0],
		    limit[1]);
	*out = n;
	return ERR_OK;
}

static enum err
read_page(struct reading *rd, struct query *q)
{
	static const unsigned long indexes[] = { 0, 999999999999999 };
	static const unsigned long sizes[] = { 1, LIST_SIZE_MAX };
	unsigned long index = 0, size = LIST_SIZE;
	enum err e;

	if ((e = read_number(rd, "pageIndex", indexes, &index)) != ERR_OK ||
	    (e = read_number(rd, "pageSize", sizes, &size)) != ERR_OK)
		return e;
	q->first = (uint64_t)index * size;
	q->count = size;
	return ERR_OK;
}

enum err
list_query(
    struct arena *a, const struct request *r, struct query *out, struct why *w)
{
	struct item filters[QUERY_FILTERS] = { 0 }, sorts[QUERY_SORTS] = { 0 };
	struct reading rd = {
		.a = a,
		.r = r,
		.filters = { "filter", filters, 0, QUERY_FILTERS },
		.sorts = { "sortBy", sorts, 0, QUERY_SORTS },
		.why = w,
	};
	struct query q = { .count = 0 };
	enum err e = gather(&rd);

	for (size_t i = 0; e == ERR_OK && i < rd.filters.n; i++)
		e = read_filter(&rd, &filters[i], &q.filters[q.nfilters++]);
	for (size_t i = 0; e == ERR_OK && i < rd.sorts.n; i++)
		e = read_sort(&rd, &sorts[i], &q.sorts[q.nsorts++]);
	if (e == ERR_OK)
		e = read_page(&rd, &q);
	if (e == ERR_OK)
		*out = q;
	return e;
}

/* -- answering it ---------------------------------------------------------- */

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n >= k && strcmp(s + n - k, with) == 0;
}

/* The address of a list's page, but for the number of the page. */
static const char *
page_url(struct call *c)
{
	const char *url = c->tenant->url != NULL ? c->tenant->url : "";
	struct buf b;

	buf_init(&b, c->a);
	buf_printf(&b, "%s%s/%s/passes?", url, ends(url, "/api") ? "" : "/api",
	    c->tenant->id);
	for (size_t i = 0; i < c->req->nquery; i++) {
		const struct request_param *q = &c->req->query[i];

		if (slice_is_nocase(q->name, "pageIndex") ||
		    starts(q->name, "neo.")) /* that may be a token */
			continue;
		buf_printf(&b, "%s=%s&", text_percent(c->a, q->name),
		    text_percent(c->a, q->value));
	}
	buf_adds(&b, "pageIndex=");
	return b.s;
}

/* RFC 8288: the pages around this one, of those that there are. */
static void
add_links(struct call *c, struct response *resp, const struct query *q,
    uint64_t total)
{
	const char *url = page_url(c);
	uint64_t index = q->first / q->count;
	uint64_t last = total == 0 ? 0 : (total - 1) / q->count;
	uint64_t prev = index - 1 < last ? index - 1 : last;
	struct buf b;

	buf_init(&b, c->a);
	buf_printf(&b, "<%s0>; rel=\"first\"", url);
	if (index > 0)
		buf_printf(&b, ", <%s%" PRIu64 ">; rel=\"prev\"", url, prev);
	if (index < last)
		buf_printf(
		    &b, ", <%s%" PRIu64 ">; rel=\"next\"", url, index + 1);
	buf_printf(&b, ", <%s%" PRIu64 ">; rel=\"last\"", url, last);
	if (b.len <= LINK_MAX)
		response_header(resp, "Link", b.s);
}

static enum err
list(struct call *c, struct response *resp)
{
	struct json_object *rows = json_array_in(c->a);
	struct query_page page;
	struct query q;
	enum err e;

	if ((e = list_query(c->a, c->req, &q, &c->why)) != ERR_OK ||
	    (e = call_store(c)) != ERR_OK ||
	    (e = store_query(c->store, &q, c->a, &page)) != ERR_OK)
		return e;
	for (size_t i = 0; i < page.n; i++) {
		struct pass p;

		e = call_pass(c, page.ids[i], &p);
		if (e == ERR_OK)
			json_push(rows, pass_row(c->a, &p));
		else if (e != ERR_NOTFOUND) /* removed meanwhile */
			return e;
	}
	response_header(
	    resp, "x-pagination-total", text_num((long long)page.total).s);
	add_links(c, resp, &q, page.total);
	response_json(resp, c->req, 200, rows);
	return ERR_OK;
}

static enum err
stats(struct call *c, struct response *resp)
{
	struct json_object *out = json_object_in(c->a);
	struct json_object *count = json_object_in(c->a);
	const char *type = request_query(c->req, "passType");
	struct store_stats st;
	enum err e;

	if (type != NULL && tenant_type(c->tenant, type) == NULL)
		return why(&c->why, ERR_INVALID, "passType",
		    "There is no such pass type.");
	if ((e = call_store(c)) != ERR_OK ||
	    (e = store_stats(c->store, type, &st)) != ERR_OK)
		return e;
	json_set_int(count, "total", (int64_t)st.total);
	json_set_int(count, "active", (int64_t)st.active);
	json_set_int(count, "apple", (int64_t)st.apple);
	json_set_int(count, "google", (int64_t)st.google);
	json_set(out, "count", count);
	response_json(resp, c->req, 200, out);
	return ERR_OK;
}

/* clang-format off */
const struct route list_routes[] = {
	{ "GET", "/api/{tenantId}/passes",
	  ROUTE_SCOPE, "Pass.Read", NULL, ROUTE_NO_BODY, list },
	{ "GET", "/api/{tenantId}/passes/stats",
	  ROUTE_SCOPE, "Pass.Read", NULL, ROUTE_NO_BODY, stats },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
