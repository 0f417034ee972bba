#include "store/query.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

static const struct {
	const char *name;
	enum query_kind kind;
	bool prefix; /* of a name; something must follow */
	bool sortable;
} fields[] = {
	{ "identifiers.", QUERY_KEY, true, true },
	{ "metadata.", QUERY_VALUE, true, true },
	{ "passType", QUERY_VALUE, false, true },
	{ "installationStatus", QUERY_SET, false, false },
	{ "id", QUERY_ID, false, true },
	{ "creationDate", QUERY_DATE, false, true },
	{ "lastUpdateDate", QUERY_DATE, false, true },
};

static const char *const ops[QUERY_OP__MAX] = {
	[QUERY_EQUALS] = "Equals",
	[QUERY_NOT_EQUALS] = "NotEquals",
	[QUERY_NOT_IN] = "NotIn",
	[QUERY_IN] = "In",
	[QUERY_CONTAINS] = "Contains",
	[QUERY_STARTS_WITH] = "StartsWith",
	[QUERY_ENDS_WITH] = "EndsWith",
	[QUERY_IS_EMPTY] = "IsEmpty",
	[QUERY_IS_NOT_EMPTY] = "IsNotEmpty",
};

#define NFIELDS (sizeof(fields) / sizeof(*fields))

static size_t
field_find(struct slice name)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		size_t len = strlen(fields[i].name);

		if (fields[i].prefix ? name.len > len &&
			    memcmp(name.s, fields[i].name, len) == 0
				     : slice_is(name, fields[i].name))
			return i;
	}
	return NFIELDS;
}

enum query_kind
query_kind(struct slice field)
{
	size_t i = field_find(field);

	return i == NFIELDS ? QUERY_UNKNOWN : fields[i].kind;
}

bool
query_sorts_by(struct slice field)
{
	size_t i = field_find(field);

	return i == NFIELDS
	    ? slice_is(field, "apple") || slice_is(field, "google")
	    : fields[i].sortable;
}

bool
query_op_parse(struct slice name, enum query_op *op)
{
	for (enum query_op i = 0; i < QUERY_OP__MAX; i++)
		if (slice_is_nocase(name, ops[i])) {
			*op = i;
			return true;
		}
	return false;
}

bool
query_reversed(enum query_op op)
{
	return op == QUERY_NOT_EQUALS || op == QUERY_NOT_IN ||
	    op == QUERY_IS_NOT_EMPTY;
}

static enum err
fault(struct why *w, const char *name, const char *member, const char *text)
{
	char field[sizeof(w->field)];

	snprintf(field, sizeof(field), "%s.%s", name, member);
	return why(w, ERR_INVALID, field, "%s", text);
}

static enum err
check_values(const struct query_filter *f, const char *name, struct why *w)
{
	bool list = f->op == QUERY_IN || f->op == QUERY_NOT_IN;
	int64_t ms;

	if (f->nvalues == 0)
		return fault(w, name, "value", "This operator needs a value.");
	if (f->nvalues > 1 && !list)
		return fault(w, name, "value",
		    "Only In and NotIn take more than one value.");
	if (query_kind(f->field) != QUERY_DATE || f->op == QUERY_CONTAINS ||
	    f->op == QUERY_STARTS_WITH || f->op == QUERY_ENDS_WITH)
		return ERR_OK;
	for (size_t i = 0; i < f->nvalues; i++)
		if (!clock_parse_iso(f->values[i], &ms))
			return fault(w, name, "value",
			    "This must be a date of ISO 8601, such as "
			    "2026-11-22T04:05:06Z.");
	return ERR_OK;
}

enum err
query_filter_check(
    const struct query_filter *f, const char *name, struct why *w)
{
	enum query_kind kind = query_kind(f->field);

	if (kind == QUERY_UNKNOWN)
		return fault(w, name, "field",
		    "Filter by identifiers.KEY, metadata.KEY, passType, "
		    "installationStatus, id, creationDate or lastUpdateDate.");
	if (kind == QUERY_SET &&
	    (f->op == QUERY_STARTS_WITH || f->op == QUERY_ENDS_WITH))
		return fault(w, name, "operator",
		    "installationStatus is a set; ask it by Equals, In, "
		    "Contains, IsEmpty or their reverse.");
	if (f->op == QUERY_IS_EMPTY || f->op == QUERY_IS_NOT_EMPTY)
		return f->nvalues <= 1
		    ? ERR_OK
		    : fault(w, name, "value", "This operator takes no value.");
	return check_values(f, name, w);
}

static bool
value_matches(enum query_op op, struct slice text, struct slice v)
{
	switch (op) {
	case QUERY_CONTAINS:
		return text_find(text, v) != NULL;
	case QUERY_STARTS_WITH:
		return text.len >= v.len && memcmp(text.s, v.s, v.len) == 0;
	case QUERY_ENDS_WITH:
		return text.len >= v.len &&
		    memcmp(text.s + text.len - v.len, v.s, v.len) == 0;
	default:
		return slice_eq(text, v);
	}
}

bool
query_text_matches(const struct query_filter *f, struct slice text)
{
	for (size_t i = 0; i < f->nvalues; i++)
		if (value_matches(f->op, text, f->values[i]))
			return true;
	return false;
}
