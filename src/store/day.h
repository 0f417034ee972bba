#ifndef STORE_DAY_H
#define STORE_DAY_H

/*
 * day - how often what happened, by day (UTC) and pass type.
 */

#include "store/event.h"

#define DAY_MS 86400000

struct day {
	int32_t day; /* since 1970-01-01 */
	const char *type;
	uint64_t n[EVENT__MAX];
};

/* The day of an instant in ms. */
int32_t day_of(int64_t ms);

/* Count these too, in the transaction that is done with them. */
MUST_CHECK enum err day_count(
    struct txn *t, const struct event *events, size_t n);

/* Call `fn` for each from day `from` on, by day, then type. */
typedef enum err day_fn(const struct day *d, void *arg);
MUST_CHECK enum err day_each(
    struct store *st, int32_t from, day_fn *fn, void *arg);

/*
 * Forget those before day `before`, at most `*max` at a time; `*max` becomes
 * how many they were.
 */
MUST_CHECK enum err day_forget(struct store *st, int32_t before, size_t *max);

#endif
