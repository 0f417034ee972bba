#include "pass/change.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "pass/notification.h"
#include "pass/types.h"
#include "store/due.h"
#include "store/event.h"

#define KEY_MAX    128 /* bytes of an identifier's key */
#define VALUE_MAX  512 /* and of its value */
#define SECRET_LEN 32

#define ID_TRIES     5 /* a second is as good as never needed */
#define UPDATE_TRIES 8 /* each loses to a writer that got through */

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

/* Of all that a rendering depends on; a type that is gone counts as zeros. */
static void
digest(struct arena *a, const struct pass_type *type, struct pass *p)
{
	static const unsigned char none[32] = { 0 };
	const struct slice data = json_text_sorted(a, pass_data(a, p, true));
	struct buf b;

	buf_init(&b, a);
	buf_add(&b, type == NULL ? none : type->digest, 32);
	buf_add(&b, data.s, data.len);
	if (p->notification != NULL)
		buf_adds(&b, json_text_sorted(a, p->notification).s);
	digest_sha256(b.s, b.len, p->rendered);
	p->has_rendered = true;
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

/* ERR_CONFLICT: the id is taken. */
static enum err
add(struct txn *t, void *arg)
{
	struct creating *c = arg;
	enum err e;

	c->found = NULL;
	e = store_pass_add(t, &c->row);
	if (e == ERR_OK)
		e = tell(t, EVENT_CREATED, &c->pass);
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
	if ((e = compute_metadata(env, c->type, p)) != ERR_OK)
		return e;
	digest(env->a, c->type, p);
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
	struct creating c = { .env = env };
	enum err e;

	if ((e = prepare(&c, in, w)) != ERR_OK)
		return e;
	if (c.unique != NULL &&
	    (e = store_run(env->store, find_unique, &c)) != ERR_OK)
		return e == ERR_BUSY ? busy(w) : e;
	if (c.found == NULL && (e = create_any(&c, w)) != ERR_OK)
		return e;
	out->changed = c.found == NULL;
	out->owes = false;
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
	digest(env->a, type, p);
	return make_row(env, p, row, w);
}

/* -- update ------------------------------------------------------------- */

struct updating {
	struct change_env *env;
	const char *id;
	const struct change_input *in;
	struct store_pass old, row;
	struct pass pass;
	struct store_due owes;
	bool changed;
	bool stale; /* another change came in between */
};

static int64_t
later(int64_t now, int64_t than)
{
	return now > than ? now : than + 1;
}

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
owe(struct updating *u)
{
	const struct change_env *env = u->env;

	u->owes = (struct store_due){
		.wallets = pass_installed(&u->pass),
		.at = env->now + env->tenant->push_window,
		.operation = u->in->operation,
	};
	u->row.owes = u->owes.wallets != 0 ? &u->owes : NULL;
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
	    (e = check_size(env, p, w)) != ERR_OK)
		return e;
	if (u->in->update_metadata &&
	    (e = compute_metadata(env, type, p)) != ERR_OK)
		return e;
	if (u->in->message != NULL)
		p->notification = notification_next(env->a, was.notification,
		    u->in->message, env->now, env->random);
	digest(env->a, type, p);
	u->changed = !was.has_rendered ||
	    memcmp(was.rendered, p->rendered, sizeof(p->rendered)) != 0;
	if (!u->changed)
		return ERR_OK;
	p->updated = later(env->now, was.updated);
	p->modified = later(env->now / 1000, was.modified);
	owe(u);
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

static enum err
commit(struct txn *t, void *arg)
{
	struct updating *u = arg;
	struct store_pass old;
	enum err e = lock_old(t, u, &old);

	if (e == ERR_OK)
		e = store_pass_change(t, &old, &u->row);
	if (e != ERR_OK)
		return e;
	return tell(t, u->in->message != NULL ? EVENT_NOTIFIED : EVENT_UPDATED,
	    &u->pass);
}

/* Read the pass and work out what it becomes. */
static enum err
draft(struct updating *u, struct why *w)
{
	struct change_env *env = u->env;
	enum err e;

	e = store_pass_read(env->store, u->id, env->a, &u->old);
	if (e == ERR_OK)
		e = pass_parse(env->a, u->old.document, &u->pass);
	return e == ERR_OK ? revise(u, w) : e;
}

static enum err
update_once(struct updating *u, struct why *w)
{
	enum err e = draft(u, w);

	if (e == ERR_OK && u->changed)
		e = store_run(u->env->store, commit, u);
	return e;
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

static enum err
commit_erase(struct txn *t, void *arg)
{
	struct store_pass old;
	const enum err e = lock_old(t, arg, &old);

	return e == ERR_OK ? store_pass_remove(t, &old) : e;
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
		u->stale = u->changed = false;
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
		if (item->err == ERR_OK && b->u[i].changed)
			e = commit_one(t, &b->u[i], item);
		item->changed = item->err == ERR_OK && b->u[i].changed;
		item->owes = item->changed && b->u[i].row.owes != NULL;
	}
	return e == ERR_OK ? b->also(t, b->arg) : e;
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
	enum err e = ERR_OK;

	for (size_t i = 0; i < n; i++)
		b.u[i] = (struct updating){
			.env = env, .id = items[i].id, .in = in, .stale = true
		};
	for (int i = 0; i < UPDATE_TRIES; i++) {
		draft_all(&b);
		e = store_run(env->store, commit_all, &b);
		if (e != ERR_BUSY || !any_stale(&b))
			return e;
	}
	give_up_stale(&b);
	return store_run(env->store, commit_all, &b);
}
