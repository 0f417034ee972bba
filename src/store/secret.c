#include <errno.h>
#include <string.h>

#include "store/private.h"

static const struct slice secret_key = { "secret", 6 };

static enum err
get_or_make(struct txn *t, void *arg)
{
	struct slice was;
	enum err e = table_get(t, TABLE_META, secret_key, &was, DB_RMW);

	if (e == ERR_OK && was.len == STORE_SECRET_LEN) {
		memcpy(arg, was.s, was.len);
		return ERR_OK;
	}
	if (e != ERR_NOTFOUND)
		return e == ERR_OK ? store_rc(t->st, EINVAL, "secret") : e;
	ident_random(arg, STORE_SECRET_LEN);
	return table_put(
	    t, TABLE_META, secret_key, table_slice(arg, STORE_SECRET_LEN), 0);
}

enum err
store_secret(struct store *st, unsigned char out[STORE_SECRET_LEN])
{
	return run_with(st, get_or_make, out, DB_TXN_SYNC);
}
