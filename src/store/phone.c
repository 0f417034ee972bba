#include "store/phone.h"

#include <string.h>

#include "store/keys.h"
#include "store/registration.h"

/* What is wrong; what is to be done follows from it. */
enum trouble {
	NONE,
	KEY,         /* it is made of other parts than it should be */
	DAMAGED,     /* a device's row */
	UNUSED,      /* a device without registrations */
	NO_ENTRY,    /* a device is not found by its token */
	NO_DEVICE,   /* that is registered */
	NO_PASS,     /* that is registered */
	NO_HOLDER,   /* a registration that is not found by its pass */
	NOT_HELD,    /* a holder that is not registered so */
	NOT_ITS_OWN, /* a token of no device */
};

struct parts {
	const char *device, *topic, *pass;
	unsigned char hash[KEYS_HASH];
	char kind; /* of a token's row */
};

static bool
read_parts(struct arena *a, const struct phone_row *row, struct parts *p)
{
	const char *s = arena_strndup(a, row->key.s, row->key.len);
	const char *end = s + row->key.len;
	const bool by_pass = row->table == TABLE_HOLDER;
	const char **first = by_pass ? &p->pass : &p->device;

	if (row->table == TABLE_TOKEN && end - s > KEYS_HASH) {
		memcpy(p->hash, s, KEYS_HASH);
		p->kind = s[KEYS_HASH];
		p->device = s + KEYS_HASH + 1;
		return p->kind == 'd' || p->kind == 'p';
	}
	*first = s;
	if (row->table == TABLE_DEVICE || row->table == TABLE_TOKEN)
		return row->table == TABLE_DEVICE;
	s += strlen(s) + 1;
	if (by_pass && end - s > KEYS_HASH) {
		memcpy(p->hash, s, KEYS_HASH);
		s += KEYS_HASH;
	} else if (by_pass) {
		return false;
	}
	p->topic = s;
	s += s < end ? strlen(s) + 1 : 1;
	*(by_pass ? &p->device : &p->pass) = s;
	return s < end;
}

static enum err
has(struct txn *t, enum table n, const struct keys_key *k)
{
	struct slice value;

	return table_get(t, n, keys_slice(k), &value, 0);
}

static enum err
hash_of(struct txn *t, struct arena *a, const char *device,
    unsigned char hash[KEYS_HASH])
{
	const char *token;
	enum err e = registration_token(t, device, a, &token);

	if (e == ERR_OK)
		keys_hash(token, hash);
	return e;
}

static struct keys_key
holder_key(const struct parts *p, const unsigned char hash[KEYS_HASH])
{
	struct keys_key k = { .len = 0 };

	keys_word(&k, p->pass);
	keys_add(&k, hash, KEYS_HASH);
	keys_word(&k, p->topic);
	keys_add(&k, p->device, strlen(p->device));
	return k;
}

/* With ERR_NOTFOUND, `lacks` is what is wrong. */
static enum err
unless(enum err e, enum trouble lacks, enum trouble *what)
{
	if (e == ERR_NOTFOUND)
		*what = lacks;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
look_device(struct txn *t, struct arena *a, struct parts *p, enum trouble *what)
{
	struct keys_key k = { .len = 0 };
	enum err e = hash_of(t, a, p->device, p->hash);

	if (e == ERR_INTERNAL)
		*what = DAMAGED;
	if (e != ERR_OK)
		return e == ERR_INTERNAL || e == ERR_NOTFOUND ? ERR_OK : e;
	keys_word(&k, p->device);
	e = unless(keys_any(t, TABLE_REGISTRATION, &k), UNUSED, what);
	if (e != ERR_OK || *what != NONE)
		return e;
	k = keys_token(p->hash, 'd', p->device);
	return unless(has(t, TABLE_TOKEN, &k), NO_ENTRY, what);
}

static enum err
look_registration(
    struct txn *t, struct arena *a, struct parts *p, enum trouble *what)
{
	struct keys_key k;
	struct slice value;
	enum err e = unless(hash_of(t, a, p->device, p->hash), NO_DEVICE, what);

	if (e != ERR_OK || *what != NONE) /* a damaged device is told itself */
		return e == ERR_INTERNAL ? ERR_OK : e;
	e = unless(table_get(t, TABLE_PASS, slice_of(p->pass), &value, 0),
	    NO_PASS, what);
	if (e != ERR_OK || *what != NONE)
		return e;
	k = holder_key(p, p->hash);
	return unless(has(t, TABLE_HOLDER, &k), NO_HOLDER, what);
}

static enum err
look_holder(struct txn *t, struct arena *a, struct parts *p, enum trouble *what)
{
	const struct keys_key k =
	    keys_registration(p->device, p->topic, p->pass);
	unsigned char hash[KEYS_HASH];
	enum err e = unless(has(t, TABLE_REGISTRATION, &k), NOT_HELD, what);

	if (e != ERR_OK || *what != NONE)
		return e;
	e = unless(hash_of(t, a, p->device, hash), NOT_HELD, what);
	if (e == ERR_OK && *what == NONE &&
	    memcmp(hash, p->hash, KEYS_HASH) != 0)
		*what = NOT_HELD;
	return e == ERR_INTERNAL ? ERR_OK : e;
}

static enum err
look_token(struct txn *t, struct arena *a, struct parts *p, enum trouble *what)
{
	struct keys_key k = keys_token(p->hash, 'd', "");
	unsigned char hash[KEYS_HASH];
	enum err e;

	if (p->kind == 'p')
		return unless(keys_any(t, TABLE_TOKEN, &k), NOT_ITS_OWN, what);
	e = unless(hash_of(t, a, p->device, hash), NOT_ITS_OWN, what);
	if (e == ERR_OK && *what == NONE &&
	    memcmp(hash, p->hash, KEYS_HASH) != 0)
		*what = NOT_ITS_OWN;
	return e == ERR_INTERNAL ? ERR_OK : e;
}

static enum err
look(struct txn *t, struct arena *a, const struct phone_row *row,
    struct parts *p, enum trouble *what)
{
	struct slice value;
	enum err e = table_get(t, row->table, row->key, &value, 0);

	*what = NONE;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (!read_parts(a, row, p)) {
		*what = KEY;
		return ERR_OK;
	}
	switch (row->table) {
	case TABLE_DEVICE:
		return look_device(t, a, p, what);
	case TABLE_REGISTRATION:
		return look_registration(t, a, p, what);
	case TABLE_HOLDER:
		return look_holder(t, a, p, what);
	default:
		return look_token(t, a, p, what);
	}
}

enum err
phone_judge(struct txn *t, struct arena *a, const struct phone_row *row,
    const char **fault)
{
	static const char *const of_pass[] = {
		[NO_DEVICE] = "is registered by a device that is not there",
		[NO_HOLDER] = "does not find a device that has it",
		[NOT_HELD] = "finds a device that has not registered it",
		[NO_PASS] = "is registered, but not there",
	};
	static const char *const other[] = {
		[KEY] = "a key is damaged",
		[DAMAGED] = "a device: its row is damaged",
		[UNUSED] = "a device: nothing is registered",
		[NO_ENTRY] = "a device: not found by its push token",
		[NOT_ITS_OWN] = "a push token: no device has it",
	};
	struct parts p = { .device = "" };
	enum trouble what;
	enum err e = look(t, a, row, &p, &what);

	*fault = NULL;
	if (e != ERR_OK || what == NONE)
		return e;
	if (what >= NO_DEVICE && what <= NOT_HELD)
		*fault = arena_printf(a, "pass %s: %s", p.pass, of_pass[what]);
	else
		*fault = other[what];
	return ERR_OK;
}

enum err
phone_mend(struct txn *t, struct arena *a, const struct phone_row *row)
{
	static const unsigned char version[] = { 1 };
	const struct slice one = table_slice(version, sizeof(version));
	struct parts p = { .device = "" };
	struct registration_moves m = { .n = 0 };
	enum trouble what;
	struct keys_key k;
	enum err e = look(t, a, row, &p, &what);

	if (e != ERR_OK)
		return e;
	switch (what) {
	case NONE:
	case DAMAGED: /* that takes a backup */
		return ERR_OK;
	case UNUSED:
		return registration_tidy(t, a, p.device);
	case NO_ENTRY:
		k = keys_token(p.hash, 'd', p.device);
		return table_put(t, TABLE_TOKEN, keys_slice(&k), one, 0);
	case NO_HOLDER:
		k = holder_key(&p, p.hash);
		return table_put(t, TABLE_HOLDER, keys_slice(&k), one, 0);
	case NO_PASS:
		return registration_remove(t, a,
		    &(struct registration){
			.device = p.device, .topic = p.topic, .pass = p.pass },
		    &m);
	default:
		return table_del(t, row->table, row->key);
	}
}
