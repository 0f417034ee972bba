#ifndef PASS_PROVIDER_H
#define PASS_PROVIDER_H

/*
 * provider - what the tenant's data providers know about a pass.
 *
 * They are asked in their order, and each sees what those before it said.
 * One that fails serves its last good answer for as long as `stale` says,
 * and then leaves its part out.
 */

#include "conf/tenant.h"
#include "pass/pass.h"
#include "store/answer.h"

struct provider_env {
	struct arena *a;
	struct tenant *tenant;
	struct store *store;
	const struct strings *allow_private; /* or NULL */
	int64_t now;
	bool stored; /* ask nobody: what was answered last does */
};

struct provider_asked {
	struct json_object *answers; /* for struct pass; NULL: none */
	struct json_object *errors;  /* {provider: sentence}, or NULL */
	struct answer *fresh;        /* for answer_put() */
	size_t nfresh;
	bool owes;           /* one failed, or is to be asked still */
	const char *missing; /* one that failed and had no answer, or NULL */
};

/*
 * `p` has its type, identifiers and data.  No answer is no err; ERR_BUSY and
 * ERR_INTERNAL are of the store.
 */
MUST_CHECK enum err provider_ask(const struct provider_env *env,
    const struct pass *p, struct provider_asked *out);

#endif
