#ifndef PASS_TEMPLATE_H
#define PASS_TEMPLATE_H

/*
 * template - JSON whose strings hold jq expressions in {{ }}.
 *
 * A string that is one single {{ }} keeps the type of its value, and null
 * leaves its member or element out; inside other text strings stand raw,
 * null as nothing, the rest as compact JSON.  The first output counts, none
 * is null; error(null) is none.  What reaches outside (env, $ENV, input,
 * inputs, import, include and the like) is refused, see expr.h; a run is
 * bounded in time and memory, see bound.h.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/fault.h"

struct template;

/*
 * Compile `source`, read from `file` (lines by yaml_line()).  All its
 * expressions become one jq program, because a program costs 20 ms and 2 MiB
 * however small it is.  ERR_INVALID after faults.  Lives as long as `a`.
 */
MUST_CHECK enum err template_compile(struct arena *a,
    struct json_object *source, const char *file, struct faults *f,
    struct template **out);

/* The same where expressions see other variables. */
struct template_source {
	struct json_object *in;
	const char *file;
	const char *const *names; /* see program.h */
};
MUST_CHECK enum err template_compile_for(struct arena *a,
    const struct template_source *source, struct faults *f,
    struct template **out);

/*
 * What expressions see: `.`, $text and $tenant (either may be NULL), or, by
 * their names, the members of `more`.
 */
struct template_input {
	struct json_object *data, *text, *tenant, *more;
};

/*
 * Evaluate; `*out` is new and owned by `a`.  An expression that fails or
 * takes too much is logged with file and expression: ERR_INTERNAL, and
 * `*out` is untouched.
 */
MUST_CHECK enum err template_run(struct template *t,
    const struct template_input *in, struct arena *a, struct json_object **out);

/*
 * True once a run was cut off for memory: the process should end itself
 * after this request, because the interpreter leaked what it held.
 */
bool template_worn(void);

#endif
