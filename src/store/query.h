#ifndef STORE_QUERY_H
#define STORE_QUERY_H

/*
 * query - a question about all passes, as a value: which ones, in what
 * order, which page of them.  It knows no database and no protocol.
 *
 * Filters are all to be met.  Strings compare by bytes, numbers by their
 * canonical text, dates as instants, an array or an object by its compact
 * JSON.  What is missing, null, "", [] or {} is empty.  In a sort numbers
 * come before strings, what is missing (or null) is last in both directions,
 * and what is equal goes by id ascending.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/why.h"

#define QUERY_FILTERS 20
#define QUERY_SORTS   3
#define QUERY_VALUES  1000 /* of all filters together */

enum query_op {
	QUERY_EQUALS,
	QUERY_NOT_EQUALS, /* these two match what lacks the field, too */
	QUERY_NOT_IN,
	QUERY_IN,
	QUERY_CONTAINS,
	QUERY_STARTS_WITH,
	QUERY_ENDS_WITH,
	QUERY_IS_EMPTY,
	QUERY_IS_NOT_EMPTY,
	QUERY_OP__MAX
};

struct query_filter {
	struct slice field;
	enum query_op op;
	const struct slice *values;
	size_t nvalues;
};

struct query_sort {
	struct slice field;
	bool descending;
};

struct query {
	struct query_filter filters[QUERY_FILTERS];
	size_t nfilters;
	struct query_sort sorts[QUERY_SORTS]; /* none: creationDate */
	size_t nsorts;
	uint64_t first; /* of the page, from 0 */
	size_t count;
};

struct query_page {
	const char **ids;
	size_t n;
	uint64_t total; /* of all pages */
};

/* What kind of values a field has. */
enum query_kind {
	QUERY_UNKNOWN,
	QUERY_ID,
	QUERY_KEY,   /* identifiers.K */
	QUERY_VALUE, /* metadata.K, passType: strings, numbers, any JSON */
	QUERY_DATE,
	QUERY_SET, /* installationStatus: wallets where the pass is now */
};
enum query_kind query_kind(struct slice field);

/* True for what a pass may be sorted by: installation dates as well. */
bool query_sorts_by(struct slice field);

/* By its name, in any case; false if there is none of that name. */
bool query_op_parse(struct slice name, enum query_op *op);

/*
 * Is the filter a sensible one?  ERR_INVALID with `why`, which names the
 * member at fault as `name`.field, .operator or .value.
 */
MUST_CHECK enum err query_filter_check(
    const struct query_filter *f, const char *name, struct why *w);

/* NotEquals, NotIn and IsNotEmpty are the reverse of another operator. */
bool query_reversed(enum query_op op);

/*
 * Does text that is there meet Equals, In, Contains, StartsWith or EndsWith
 * (or what these are the reverse of)?
 */
bool query_text_matches(const struct query_filter *f, struct slice text);

#endif
