#ifndef PASS_RECORD_H
#define PASS_RECORD_H

/*
 * record - a pass as `passwright import` takes and `passwright export` gives
 * it: the names of `Pass`, extensions, and what wallets know it by.
 */

#include "base/why.h"
#include "pass/pass.h"

/* A pass, and the devices that Apple Wallet has registered for it. */
#define RECORD_DEVICES_MAX 1000
struct record_device {
	const char *device, *token;
	int64_t date; /* ms; 0: not said */
};
struct record {
	struct pass pass;
	struct record_device *devices;
	size_t ndevices;
};

/*
 * What `o` says, judged member by member; what it does not say is NULL, or 0
 * for a date.  ERR_INVALID: a member is unknown, or not what it should be.
 */
MUST_CHECK enum err record_parse(
    struct arena *a, struct json_object *o, struct record *out, struct why *w);

/* The same the other way round; what is empty is left out. */
struct json_object *record_print(struct arena *a, const struct record *r);

#endif
