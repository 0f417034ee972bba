#include "pass/change.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "pass/amend.h"
#include "pass/notification.h"
#include "pass/provider.h"
#include "pass/rendered.h"
#include "pass/types.h"
#include "store/due.h"
#include "store/event.h"
#include "store/google.h"
#include "store/message.h"
#include "store/refresh.h"

#define KEY_MAX    128 /* bytes of an identifier's key */
#define VALUE_MAX  512 /* and of its value */
#define SECRET_LEN 32

#define ID_TRIES     5 /* a second is as good as never needed */
#define UPDATE_TRIES 8 /* each loses to a writer that got through */
#define ASK_TRIES    3 /* of a provider whose answer must be had */
#define ASK_MS       200

#define AGAIN_MS   5000    /* the first refresh after one that failed */
#define AGAIN_MOST 3600000 /* and the longest wait for one */

/* -- what a caller may send --------------------------------------------- */

static bool
ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static enum err
check_key(const char *key, struct why *w)
{
	const size_t n = strlen(key);

	if (n == 0 || n > KEY_MAX)
		return why(w, ERR_INVALID, "identifiers",
		    "A key of identifiers has 1 to %d bytes.", KEY_MAX);
	if (strcmp(key, "id") == 0 || strncmp(key, "id.", 3) == 0)
		return why(w, ERR_INVALID, "identifiers",
		    "\"%s\" cannot be a key: name it after the system that "
		    "the identifier comes from, such as shop.customerId.",
		    key);
	if (ends_with(key, ".hmac") || ends_with(key, ".secret"))
		return why(w, ERR_INVALID, "identifiers",
		    "\"%s\" cannot be a key: .hmac and .secret are for "
		    "proofs.",
		    key);
	return ERR_OK;
}

static enum err
check_value(const char *key, struct json_object *v, struct why *w)
{
	char field[KEY_MAX + 16];

	(void)snprintf(field, sizeof(field), "identifiers.%s", key);
	if (v == NULL)
		return ERR_OK;
	if (!json_object_is_type(v, json_type_string))
		return why(w, ERR_INVALID, field,
		    "An identifier is a string; send the value in quotes.");
	if (json_object_get_string_len(v) > VALUE_MAX)
		return why(w, ERR_INVALID, field,
		    "An identifier has at most %d bytes.", VALUE_MAX);
	return ERR_OK;
}

static enum err
check_count(struct json_object *identifiers, struct why *w)
{
	if (json_object_object_length(identifiers) > PASS_IDENTIFIERS_MAX)
		return why(w, ERR_INVALID, "identifiers",
		    "A pass has at most %d identifiers.", PASS_IDENTIFIERS_MAX);
	return ERR_OK;
}

static enum err
check_identifiers(struct json_object *o, struct why *w)
{
	struct json_object_iter it;
	enum err e;

	if (o == NULL)
		return ERR_OK;
	if (!json_object_is_type(o, json_type_object))
		return why(w, ERR_INVALID, "identifiers",
		    "Send an object of keys and strings.");
	json_object_object_foreachC(o, it)
	{
		if ((e = check_key(it.key, w)) != ERR_OK ||
		    (e = check_value(it.key, it.val, w)) != ERR_OK)
			return e;
	}
	return check_count(o, w);
}

static enum err
check_object(struct json_object *o, const char *name, struct why *w)
{
	if (o == NULL || json_object_is_type(o, json_type_object))
		return ERR_OK;
	return why(w, ERR_INVALID, name, "Send an object, or null.");
}

enum err
change_check(const struct change_input *in, bool create, struct why *w)
{
	enum err e = check_identifiers(in->identifiers, w);

	if (e == ERR_OK)
		e = check_object(in->additional, "additionalData", w);
	if (e == ERR_OK && !create && in->extensions != NULL)
		e = why(w, ERR_INVALID, "extensions",
		    "Extensions are given when a pass is created, not later.");
	if (e == ERR_OK)
		e = check_object(in->extensions, "extensions", w);
	return e;
}

/* -- what both have in common ------------------------------------------- */

/* NULL after `w` was told. */
static struct pass_type *
find_type(const struct change_env *env, const char *name, struct why *w)
{
	struct pass_type *type = tenant_type(env->tenant, name);

	if (type == NULL)
		(void)why(w, ERR_INVALID, "passType",
		    "There is no pass type \"%s\" here; use one that is "
		    "configured.",
		    name);
	return type;
}

static enum err
busy(struct why *w)
{
	return why(w, ERR_BUSY, NULL,
	    "The pass is being changed by others; try again.");
}

static enum err
metadata_template(
    const struct change_env *env, struct pass_type *type, struct template **out)
{
	struct faults f;

	faults_init(&f, env->a);
	if (types_metadata(env->tenant, type, &f, out) == ERR_OK)
		return ERR_OK;
	for (size_t i = 0; i < f.n; i++)
		log_error("template", "file", f.list[i].file, "line",
		    text_num(f.list[i].line).s, "why", f.list[i].text, NULL);
	return ERR_INTERNAL;
}

static enum err
compute_metadata(
    const struct change_env *env, struct pass_type *type, struct pass *p)
{
	struct template_input in = { .data = pass_data(env->a, p, false) };
	struct template *t;
	enum err e;

	if ((e = metadata_template(env, type, &t)) != ERR_OK)
		return e;
	p->metadata = json_object_in(env->a);
	return t == NULL ? ERR_OK : template_run(t, &in, env->a, &p->metadata);
}

static enum err
too_big(struct why *w)
{
	return why(w, ERR_TOOBIG, "additionalData",
	    "With this the pass would be over %d bytes; send less.",
	    PASS_DOCUMENT_MAX);
}

/* Before templates take their time over it. */
static enum err
check_size(const struct change_env *env, const struct pass *p, struct why *w)
{
	return json_text(env->a, p->additional).len > PASS_DOCUMENT_MAX
	    ? too_big(w)
	    : ERR_OK;
}

/* The row of a pass, with what is indexed. */
static enum err
make_row(const struct change_env *env, const struct pass *p,
    struct store_pass *row, struct why *w)
{
	row->id = p->id;
	pass_index(env->a, env->tenant, p, row);
	return pass_print(env->a, p, &row->document) == ERR_OK ? ERR_OK
							       : too_big(w);
}

/* -- data providers ----------------------------------------------------- */

static enum err
ask(const struct change_env *env, bool stored, const struct pass *p,
    struct provider_asked *out)
{
	const struct provider_env providers = {
		.a = env->a,
		.tenant = env->tenant,
		.store = env->store,
		.allow_private = env->allow_private,
		.now = env->now,
		.stored = stored,
	};

	return provider_ask(&providers, p, out);
}

static enum err
ask_until(const struct change_env *env, const struct pass *p,
    struct provider_asked *out)
{
	const struct timespec pause = { .tv_nsec = ASK_MS * 1000000L };
	enum err e = ask(env, false, p, out);

	for (int i = 1; e == ERR_OK && out->missing != NULL && i < ASK_TRIES;
	     i++) {
		nanosleep(&pause, NULL);
		e = ask(env, false, p, out);
	}
	return e;
}

/* When a provider that failed is asked again. */
static struct refresh
again(const struct change_env *env, const char *id, unsigned tries)
{
	int64_t wait = AGAIN_MS;

	for (unsigned i = 0; i < tries && wait < AGAIN_MOST; i++)
		wait *= 2;
	return (struct refresh){ .id = id,
		.at = env->now + (wait < AGAIN_MOST ? wait : AGAIN_MOST),
		.tries = tries + 1 };
}

static struct json_object *
merged(struct arena *a, struct json_object *old, struct json_object *patch)
{
	return patch == NULL ? old : json_merge(a, old, patch, true);
}

/* -- create ------------------------------------------------------------- */

struct creating {
	struct change_env *env;
	struct pass_type *type;
	struct pass pass;
	struct store_pass row;
	const unsigned char *unique; /* or NULL */
	const char *found;           /* the pass that has it already */
	bool known;                  /* see struct change_input */
	struct provider_asked asked;
};

static char *
made_up(const struct change_env *env, size_t len)
{
	char *s = arena_alloc(env->a, len + 1);

	ident_new(s, len, env->random);
	return s;
}

static enum err
find_unique(struct txn *t, void *arg)
{
	struct creating *c = arg;
	enum err e;

	c->found = NULL;
	e = store_unique_find(t, c->unique, c->env->a, &c->found);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
tell(struct txn *t, enum event_kind kind, const struct pass *p)
{
	const struct event event = {
		.kind = kind, .date = p->updated, .pass = p->id, .type = p->type
	};

	return event_add(t, &event);
}

/* -- passes that are there already -------------------------------------- */

#define FOUND_MAX 100 /* passes of other types that share identifiers */

/* Sets `c->found` to one of the type, or NULL. */
static enum err
find_type_in(struct txn *t, struct creating *c, const struct store_find *find)
{
	struct arena *a = c->env->a;

	for (size_t i = 0; i < find->nids; i++) {
		struct store_pass row;
		struct pass p;
		enum err e = store_pass_get(t, find->ids[i], false, a, &row);

		if (e == ERR_NOTFOUND)
			continue;
		if (e != ERR_OK ||
		    (e = pass_peek(a, row.document, &p)) != ERR_OK)
			return e;
		if (strcmp(p.type, c->type->name) == 0) {
			c->found = find->ids[i];
			return ERR_OK;
		}
	}
	return ERR_OK;
}

static enum err
find_known(struct txn *t, void *arg)
{
	struct creating *c = arg;
	struct arena *a = c->env->a;
	struct store_find find = { .max = FOUND_MAX };
	struct store_field *f;
	struct json_object_iter it;
	enum err e;

	f = arena_alloc(a, PASS_IDENTIFIERS_MAX * sizeof(*f));
	find.fields = f;
	find.ids = arena_alloc(a, FOUND_MAX * sizeof(*find.ids));
	json_object_object_foreachC(c->pass.identifiers, it)
	{
		f[find.n].name =
		    slice_of(arena_printf(a, "identifiers.%s", it.key));
		f[find.n++].value = json_plain(a, it.val);
	}
	c->found = NULL;
	if (find.n == 0)
		return ERR_OK;
	e = store_field_get(t, &find, a);
	return e == ERR_OK ? find_type_in(t, c, &find) : e;
}

static enum err
find_either(struct creating *c)
{
	enum err e = ERR_OK;

	if (c->unique != NULL)
		e = store_read(c->env->store, find_unique, c);
	if (e == ERR_OK && c->found == NULL && c->known)
		e = store_read(c->env->store, find_known, c);
	return e == ERR_OK && c->found != NULL ? store_flush(c->env->store) : e;
}

/* What providers answered, and what they did not. */
static enum err
add_asked(struct txn *t, struct creating *c)
{
	const struct refresh later = again(c->env, c->pass.id, 0);
	enum err e = answer_put(t, c->pass.id, c->asked.fresh, c->asked.nfresh);

	return e == ERR_OK && c->asked.owes ? refresh_put(t, &later) : e;
}

/* ERR_CONFLICT: the id is taken. */
static enum err
add(struct txn *t, void *arg)
{
	struct creating *c = arg;
	enum err e;

	c->found = NULL;
	if (c->known && ((e = find_known(t, c)) != ERR_OK || c->found != NULL))
		return e;
	e = store_pass_add(t, &c->row);
	if (e == ERR_OK)
		e = add_asked(t, c);
	if (e == ERR_OK)
		return tell(t, EVENT_CREATED, &c->pass);
	if (e != ERR_CONFLICT || c->unique == NULL)
		return e;
	e = find_unique(t, c);
	return e == ERR_OK && c->found == NULL ? ERR_CONFLICT : e;
}

/* With an id of its own. */
static enum err
complete(struct creating *c)
{
	struct change_env *env = c->env;
	struct pass *p = &c->pass;
	char *id;
	enum err e;

	do
		id = made_up(env, IDENT_PASS_LEN);
	while (!ident_is_pass(slice_of(id)));
	p->id = p->apple_serial = id;
	if (env->store != NULL && env->tenant->nproviders > 0) {
		if ((e = ask(env, false, p, &c->asked)) != ERR_OK)
			return e;
		p->answers = c->asked.answers;
	}
	if ((e = compute_metadata(env, c->type, p)) != ERR_OK)
		return e;
	rendered_digest(env->a, c->type, p);
	return ERR_OK;
}

static enum err
create_once(struct creating *c, struct why *w)
{
	enum err e;

	if ((e = complete(c)) != ERR_OK ||
	    (e = make_row(c->env, &c->pass, &c->row, w)) != ERR_OK)
		return e;
	return store_run(c->env->store, add, c);
}

static enum err
create_any(struct creating *c, struct why *w)
{
	enum err e = ERR_CONFLICT;

	for (int i = 0; i < ID_TRIES && e == ERR_CONFLICT; i++)
		e = create_once(c, w);
	if (e == ERR_BUSY)
		return busy(w);
	if (e != ERR_CONFLICT)
		return e;
	log_error("pass_id", "why", "no random id was free", NULL);
	return ERR_INTERNAL;
}

static void
begin(struct creating *c, const struct change_input *in)
{
	struct change_env *env = c->env;
	struct json_object *none = json_object_in(env->a);
	unsigned char *unique = arena_alloc(env->a, 32);

	c->pass = (struct pass){
		.type = c->type->name,
		.secret = made_up(env, SECRET_LEN),
		.apple_token = made_up(env, SECRET_LEN),
		.created = env->now,
		.updated = env->now,
		.modified = env->now / 1000,
		.identifiers = merged(env->a, none, in->identifiers),
		.additional = merged(env->a, none, in->additional),
		.metadata = none,
		.providers = none,
		.extensions = in->extensions == NULL ? none : in->extensions,
	};
	if (pass_unique(c->type, c->pass.identifiers, unique))
		c->unique = unique;
}

/* Judge the input and begin the pass. */
static enum err
prepare(struct creating *c, const struct change_input *in, struct why *w)
{
	const char *type = in->type;
	enum err e;

	if (type == NULL)
		type = c->env->tenant->default_pass_type;
	if (type == NULL)
		return why(w, ERR_INVALID, "passType",
		    "Say which type of pass to make: there is no default.");
	if ((e = change_check(in, true, w)) != ERR_OK)
		return e;
	if ((c->type = find_type(c->env, type, w)) == NULL)
		return ERR_INVALID;
	begin(c, in);
	return check_size(c->env, &c->pass, w);
}

enum err
change_make(struct change_env *env, const struct change_input *in,
    struct pass *out, struct why *w)
{
	struct creating c = { .env = env };
	enum err e;

	if ((e = prepare(&c, in, w)) != ERR_OK || (e = complete(&c)) != ERR_OK)
		return e;
	*out = c.pass;
	return ERR_OK;
}

enum err
change_create(struct change_env *env, const struct change_input *in,
    struct change_result *out, struct why *w)
{
	struct creating c = { .env = env, .known = in->known };
	enum err e;

	if ((e = prepare(&c, in, w)) != ERR_OK)
		return e;
	if ((e = find_either(&c)) != ERR_OK)
		return e == ERR_BUSY ? busy(w) : e;
	if (c.found == NULL && (e = create_any(&c, w)) != ERR_OK)
		return e;
	out->changed = c.found == NULL;
	out->owes = false;
	out->refresh = out->changed && c.asked.owes;
	out->id = out->changed ? c.pass.id : c.found;
	return ERR_OK;
}

/* -- passes issued elsewhere -------------------------------------------- */

/* By what it was known there; failing that, by all that is said of it. */
static struct slice
known_by(const struct change_env *env, const struct pass *p)
{
	struct json_object *o = json_object_in(env->a);

	json_set_string(o, "passType", p->type);
	json_set_string(o, "serialNumber", p->apple_serial);
	if (p->apple_serial == NULL) {
		json_set(o, "identifiers", p->identifiers);
		json_set(o, "additionalData", p->additional);
		json_set(o, "metadata", p->metadata);
		json_set(o, "extensions", p->extensions);
		json_set_int(o, "creationDate", p->created);
		json_set_string(o, "secret", p->secret);
	}
	return json_text_sorted(env->a, o);
}

static const char *
derived_id(const struct change_env *env, const unsigned char *key,
    const struct pass *p)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz";
	const struct slice s = known_by(env, p);
	unsigned char mac[EVP_MAX_MD_SIZE];
	char *id = arena_alloc(env->a, IDENT_PASS_LEN + 1);
	unsigned int len = 0;

	if (HMAC(EVP_sha256(), key, 32, (const unsigned char *)s.s, s.len, mac,
		&len) == NULL)
		abort();
	for (size_t i = 0; i < IDENT_PASS_LEN; i++) {
		const unsigned two = (unsigned)mac[2 * i] << 8 | mac[2 * i + 1];

		id[i] = alphabet[two % (sizeof(alphabet) - 1)];
	}
	return id;
}

static void
fill_gaps(const struct change_env *env, struct pass *p)
{
	struct json_object *none = json_object_in(env->a);

	if (p->created == 0)
		p->created = p->updated != 0 ? p->updated : env->now;
	if (p->updated == 0)
		p->updated = p->created;
	p->modified = p->updated / 1000;
	if (p->secret == NULL)
		p->secret = made_up(env, SECRET_LEN);
	if (p->apple_token == NULL)
		p->apple_token = made_up(env, SECRET_LEN);
	if (p->apple_serial == NULL)
		p->apple_serial = p->id;
	p->identifiers = merged(env->a, none, p->identifiers);
	if (p->additional == NULL)
		p->additional = none;
	if (p->providers == NULL)
		p->providers = none;
	if (p->extensions == NULL)
		p->extensions = none;
}

static enum err
check_dates(const struct change_env *env, const struct pass *p, struct why *w)
{
	const int64_t day = INT64_C(86400000);

	if (p->created <= env->now + day && p->updated <= env->now + day)
		return ERR_OK;
	return why(w, ERR_INVALID, "lastUpdateDate",
	    "A date lies in the future; is this machine's clock right?");
}

enum err
change_adopt(const struct change_env *env, const unsigned char *key,
    struct pass *p, struct store_pass *row, struct why *w)
{
	const struct change_input in = { .identifiers = p->identifiers };
	struct pass_type *type;
	enum err e;

	if (p->type == NULL)
		p->type = env->tenant->default_pass_type;
	if (p->type == NULL)
		return why(w, ERR_INVALID, "passType",
		    "Say which type of pass it is: there is no default.");
	if ((type = find_type(env, p->type, w)) == NULL)
		return ERR_INVALID;
	if ((e = change_check(&in, true, w)) != ERR_OK ||
	    (e = check_dates(env, p, w)) != ERR_OK)
		return e;
	if (p->id == NULL)
		p->id = derived_id(env, key, p);
	fill_gaps(env, p);
	if ((e = check_size(env, p, w)) != ERR_OK)
		return e;
	if (p->metadata == NULL &&
	    (e = compute_metadata(env, type, p)) != ERR_OK)
		return why(w, e, "metadata",
		    "The pass type's metadata cannot be computed of this; the "
		    "log names the expression.");
	rendered_digest(env->a, type, p);
	return make_row(env, p, row, w);
}

enum err
change_find(
    struct change_env *env, const struct change_input *in, const char **id)
{
	struct creating c = { .env = env, .known = true };
	struct why w;
	enum err e = prepare(&c, in, &w);

	if (e == ERR_OK)
		e = store_read(env->store, find_known, &c);
	if (e == ERR_OK && c.found == NULL)
		return ERR_NOTFOUND;
	if (e == ERR_OK) /* its creator may still wait for the disk */
		e = store_flush(env->store);
	if (e == ERR_OK)
		*id = c.found;
	return e;
}

/* -- update ------------------------------------------------------------- */

struct updating {
	struct change_env *env;
	const char *id;
	const struct change_input *in;
	struct store_pass old, row;
	struct pass pass;
	struct store_due owes;
	struct provider_asked asked;
	struct refresh refresh;    /* id NULL: the pass owes none after this */
	bool changed, settles;     /* `settles`: providers were asked */
	bool stale;                /* another change came in between */
	const struct amend *amend; /* it will do, or NULL */
};

/* The type that the pass is of from now on; NULL if it is gone. */
static enum err
type_of(const struct updating *u, struct pass_type **out, struct why *w)
{
	if (u->in->type != NULL) {
		*out = find_type(u->env, u->in->type, w);
		return *out == NULL ? ERR_INVALID : ERR_OK;
	}
	*out = tenant_type(u->env->tenant, u->pass.type);
	if (*out != NULL || !u->in->update_metadata)
		return ERR_OK;
	return why(w, ERR_UNSET, "passType",
	    "The type of this pass is no longer configured: name another, or "
	    "send options.updateMetadata false.");
}

static void
owe(struct updating *u, unsigned wallets)
{
	const struct change_env *env = u->env;

	u->owes = (struct store_due){
		.wallets = wallets,
		.at = env->now + env->tenant->push_window,
		.operation = u->in->operation,
	};
	u->row.owes = u->owes.wallets != 0 ? &u->owes : NULL;
}

static bool
other_identifiers(const struct pass *was, const struct pass *p)
{
	return json_object_equal(was->identifiers, p->identifiers) == 0;
}

/*
 * What providers say of the pass as it becomes.  Answers about the customer
 * that it belonged to before do not stay.
 */
static enum err
learn(struct updating *u, const struct pass *was, struct why *w)
{
	struct change_env *env = u->env;
	struct pass *p = &u->pass;
	const bool stored =
	    u->in->ask == CHANGE_STORED || !u->in->update_metadata;
	enum err e;

	u->settles = false;
	if (env->tenant->nproviders == 0) {
		p->answers = u->in->update_metadata ? NULL : p->answers;
		return ERR_OK;
	}
	if (!u->in->update_metadata && !other_identifiers(was, p))
		return ERR_OK;
	e = u->in->ask == CHANGE_MUST && !stored
	    ? ask_until(env, p, &u->asked)
	    : ask(env, stored, p, &u->asked);
	if (e != ERR_OK)
		return e;
	if (u->in->ask == CHANGE_MUST && u->asked.missing != NULL)
		return why(w, ERR_UPSTREAM, NULL,
		    "The data provider %s gave no answer; try again later.",
		    u->asked.missing);
	p->answers = u->asked.answers;
	u->refresh = again(env, u->id, u->in->tries);
	if (stored) {
		u->refresh.at = env->now;
		u->refresh.tries = 0;
	}
	if (!u->asked.owes || !u->in->update_metadata)
		u->refresh.id = NULL;
	u->settles = u->refresh.id != NULL || !stored;
	return ERR_OK;
}

/* What the pass becomes; `changed` only if it would look any different. */
static enum err
revise(struct updating *u, struct why *w)
{
	struct change_env *env = u->env;
	const struct pass was = u->pass;
	struct pass *p = &u->pass;
	struct pass_type *type;
	enum err e;

	if ((e = type_of(u, &type, w)) != ERR_OK)
		return e;
	if (type != NULL)
		p->type = type->name;
	p->identifiers = merged(env->a, was.identifiers, u->in->identifiers);
	p->additional = merged(env->a, was.additional, u->in->additional);
	if ((e = check_count(p->identifiers, w)) != ERR_OK ||
	    (e = check_size(env, p, w)) != ERR_OK ||
	    (e = learn(u, &was, w)) != ERR_OK)
		return e;
	if (u->in->update_metadata &&
	    (e = compute_metadata(env, type, p)) != ERR_OK)
		return e;
	if (u->in->message != NULL)
		p->notification = notification_next(env->a, was.notification,
		    u->in->message, env->now, env->random);
	rendered_digest(env->a, type, p);
	u->changed = !was.has_rendered ||
	    memcmp(was.rendered, p->rendered, sizeof(p->rendered)) != 0;
	if (!u->changed)
		return ERR_OK;
	p->updated = pass_later(env->now, was.updated);
	p->modified = pass_later(env->now / 1000, was.modified);
	owe(u, pass_installed(p));
	pass_index(env->a, env->tenant, &was, &u->old);
	return make_row(env, p, &u->row, w);
}

/*
 * A pass that was stored before its type had unique identifiers has no entry
 * of its own to give up: it may be another's.
 */
static enum err
own_unique(struct txn *t, const struct updating *u, struct store_pass *old)
{
	const unsigned char *new = u->row.unique;
	const char *holder = NULL;
	enum err e;

	if (old->unique == NULL ||
	    (new != NULL &&memcmp(old->unique, new, 32) == 0))
		return ERR_OK;
	e = store_unique_find(t, old->unique, u->env->a, &holder);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if (holder == NULL || strcmp(holder, u->id) != 0)
		old->unique = NULL;
	return ERR_OK;
}

/* The pass as the transaction sees it, with what is indexed. */
static enum err
lock_old(struct txn *t, struct updating *u, struct store_pass *old)
{
	enum err e;

	u->stale = false;
	e = store_pass_get(t, u->id, true, u->env->a, old);
	if (e != ERR_OK)
		return e;
	if (!slice_eq(old->document, u->old.document)) {
		u->stale = true;
		return ERR_BUSY;
	}
	old->fields = u->old.fields;
	old->nfields = u->old.nfields;
	old->columns = u->old.columns;
	old->ncolumns = u->old.ncolumns;
	old->unique = u->old.unique;
	return own_unique(t, u, old);
}

/* What the providers answered, and what they are to be asked still. */
static enum err
settle(struct txn *t, const struct updating *u)
{
	enum err e;

	if (!u->settles)
		return ERR_OK;
	e = answer_put(t, u->id, u->asked.fresh, u->asked.nfresh);
	if (e != ERR_OK)
		return e;
	return u->refresh.id == NULL ? refresh_drop(t, u->id)
				     : refresh_put(t, &u->refresh);
}

/* Each message is for Google's holders; the pass shows only its last. */
static enum err
owe_message(struct txn *t, const struct updating *u)
{
	const struct message m = { u->pass.updated,
		json_text(u->env->a, u->pass.notification) };

	if (u->in->message == NULL ||
	    (pass_installed(&u->pass) & STORE_GOOGLE) == 0)
		return ERR_OK;
	return message_add(t, u->id, &m);
}

static enum err
commit(struct txn *t, void *arg)
{
	struct updating *u = arg;
	struct store_pass old;
	enum err e = lock_old(t, u, &old);

	if (e == ERR_OK)
		e = settle(t, u);
	if (e != ERR_OK || !u->changed)
		return e;
	if ((e = store_pass_change(t, &old, &u->row)) != ERR_OK ||
	    (e = owe_message(t, u)) != ERR_OK)
		return e;
	return tell(t, u->in->message != NULL ? EVENT_NOTIFIED : EVENT_UPDATED,
	    &u->pass);
}

/* What only the date is indexed of, for nothing else has changed. */
static void
index_date(struct arena *a, int64_t ms, struct store_pass *row)
{
	row->columns = arena_alloc(a, sizeof(*row->columns));
	row->columns[0] = (struct store_column){ slice_of("lastUpdateDate"),
		{ NULL, 0 }, STORE_DATE, ms };
	row->ncolumns = 1;
}

/* False when the document must be read for it. */
static bool
amend(struct updating *u)
{
	const struct change_env *env = u->env;
	struct amended am;

	if (u->amend == NULL ||
	    !amend_document(
		u->amend, env->a, env->tenant, u->old.document, &am))
		return false;
	u->changed = am.changed;
	if (!am.changed)
		return true;
	u->pass.id = u->id;
	u->pass.type = am.type;
	u->pass.updated = am.updated;
	/* Nothing is left of a draft that came too late. */
	u->row = (struct store_pass){ .id = u->id, .document = am.document };
	index_date(env->a, am.was, &u->old);
	index_date(env->a, am.updated, &u->row);
	owe(u, am.installed);
	return true;
}

/* Read the pass and work out what it becomes. */
static enum err
draft(struct updating *u, struct why *w)
{
	struct change_env *env = u->env;
	enum err e;

	e = store_pass_read(env->store, u->id, env->a, &u->old);
	if (e != ERR_OK || amend(u))
		return e;
	e = pass_parse(env->a, u->old.document, &u->pass);
	return e == ERR_OK ? revise(u, w) : e;
}

static enum err
update_once(struct updating *u, struct why *w)
{
	enum err e = draft(u, w);

	if (e != ERR_OK)
		return e;
	/* That it is so already may be another's change, not yet on disk. */
	return u->changed || u->settles ? store_run(u->env->store, commit, u)
					: store_flush(u->env->store);
}

enum err
change_update(struct change_env *env, const char *id,
    const struct change_input *in, struct change_result *out, struct why *w)
{
	struct updating u = { .env = env, .id = id, .in = in };
	enum err e;

	if ((e = change_check(in, false, w)) != ERR_OK)
		return e;
	for (int i = 0; i < UPDATE_TRIES; i++) {
		u.stale = false;
		e = update_once(&u, w);
		if (!u.stale)
			break;
	}
	switch (e) {
	case ERR_OK:
		out->id = id;
		out->changed = u.changed;
		out->owes = u.changed && u.row.owes != NULL;
		out->refresh = u.settles && u.refresh.id != NULL;
		return ERR_OK;
	case ERR_BUSY:
		return busy(w);
	case ERR_NOTFOUND:
		return why(w, e, "passId", "There is no pass of this id.");
	case ERR_CONFLICT:
		return why(w, e, "identifiers",
		    "Another pass of this type has these identifiers, which "
		    "are unique; change that one, or send others.");
	default:
		return e;
	}
}

/* -- erase --------------------------------------------------------------- */

/* Google may have the object even where nobody saved it. */
static enum err
end_object(struct txn *t, const struct updating *u)
{
	const struct pass *p = &u->pass;
	const struct pass_type *type = tenant_type(u->env->tenant, p->type);
	const struct google_end end = {
		.pass = u->id, .type = p->type, .object = p->google_object
	};

	if ((pass_installed(p) & STORE_GOOGLE) == 0 &&
	    (type == NULL || type->google_conf.issuer_id == NULL))
		return ERR_OK;
	return google_end_put(t, &end, u->env->now);
}

static enum err
commit_erase(struct txn *t, void *arg)
{
	struct store_pass old;
	enum err e = lock_old(t, arg, &old);

	if (e == ERR_OK)
		e = store_pass_remove(t, &old);
	return e == ERR_OK ? end_object(t, arg) : e;
}

static enum err
erase_once(struct updating *u)
{
	const struct change_env *env = u->env;
	enum err e = store_pass_read(env->store, u->id, env->a, &u->old);

	if (e == ERR_OK)
		e = pass_parse(env->a, u->old.document, &u->pass);
	if (e != ERR_OK)
		return e;
	pass_index(env->a, env->tenant, &u->pass, &u->old);
	u->row.unique = NULL;
	return store_run(env->store, commit_erase, u);
}

enum err
change_erase(struct change_env *env, const char *id, struct why *w)
{
	struct updating u = { .env = env, .id = id };
	enum err e = ERR_BUSY;

	for (int i = 0; i < UPDATE_TRIES; i++) {
		u.stale = false;
		e = erase_once(&u);
		if (!u.stale)
			break;
	}
	if (e == ERR_NOTFOUND)
		return why(w, e, "passId", "There is no pass of this id.");
	return e == ERR_BUSY ? busy(w) : e;
}

/* -- many at once ------------------------------------------------------- */

struct batch {
	struct updating *u;
	struct change_item *items;
	enum err *drafted; /* before the transaction */
	size_t n;
	store_fn *also;
	void *arg;
};

static void
draft_all(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct updating *u = &b->u[i];
		struct why w;

		if (!u->stale)
			continue;
		u->stale = u->changed = u->settles = false;
		b->drafted[i] = u->id == NULL ? ERR_NOTFOUND : draft(u, &w);
	}
}

/* One pass that is in the way of another's identifiers stops no third. */
static enum err
commit_one(struct txn *t, struct updating *u, struct change_item *item)
{
	enum err e = commit(t, u);

	if (e != ERR_CONFLICT && e != ERR_NOTFOUND)
		return e;
	item->err = e;
	return ERR_OK;
}

static enum err
commit_all(struct txn *t, void *arg)
{
	struct batch *b = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->n; i++) {
		struct change_item *item = &b->items[i];

		item->err = b->drafted[i];
		if (item->err == ERR_OK && (b->u[i].changed || b->u[i].settles))
			e = commit_one(t, &b->u[i], item);
		item->changed = item->err == ERR_OK && b->u[i].changed;
		item->owes = item->changed && b->u[i].row.owes != NULL;
	}
	return e == ERR_OK ? b->also(t, b->arg) : e;
}

/* Only additionalData, of passes that stay what they are? */
static bool
amends(const struct change_env *env, const struct change_input *in,
    struct amend *out)
{
	return in->type == NULL && in->identifiers == NULL &&
	    !in->update_metadata && in->message == NULL &&
	    amend_prepare(env->a, in->additional, env->now, out);
}

static bool
any_stale(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->u[i].stale)
			return true;
	return false;
}

/* Those that others change all the time are left as they are. */
static void
give_up_stale(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->u[i].stale) {
			b->u[i].stale = false;
			b->drafted[i] = ERR_BUSY;
		}
}

enum err /* NOLINTNEXTLINE(readability-function-size) */
change_batch(struct change_env *env, const struct change_input *in,
    struct change_item *items, size_t n, store_fn *also, void *arg)
{
	struct batch b = {
		.u = arena_alloc(env->a, n * sizeof(*b.u)),
		.items = items,
		.drafted = arena_alloc(env->a, n * sizeof(*b.drafted)),
		.n = n,
		.also = also,
		.arg = arg,
	};
	struct amend amend;
	const bool can = amends(env, in, &amend);
	enum err e = ERR_OK;

	for (size_t i = 0; i < n; i++)
		b.u[i] = (struct updating){ .env = env,
			.id = items[i].id,
			.in = in,
			.stale = true,
			.amend = can ? &amend : NULL };
	for (int i = 0; i < UPDATE_TRIES; i++) {
		draft_all(&b);
		e = store_run_many(env->store, commit_all, &b);
		if (e != ERR_BUSY || !any_stale(&b))
			return e;
	}
	give_up_stale(&b);
	return store_run_many(env->store, commit_all, &b);
}
