#include <string.h>

#include "store/private.h"

#define DIGEST_LEN 32

enum err
unique_change(struct txn *t, const char *id, const unsigned char *old,
    const unsigned char *new)
{
	enum err e = ERR_OK;

	if (old != NULL && new != NULL && memcmp(old, new, DIGEST_LEN) == 0)
		return ERR_OK;
	if (new != NULL)
		e = table_put(t, TABLE_UNIQUE, table_slice(new, DIGEST_LEN),
		    slice_of(id), DB_NOOVERWRITE);
	if (e == ERR_OK && old != NULL)
		e = table_del(t, TABLE_UNIQUE, table_slice(old, DIGEST_LEN));
	return e;
}

enum err
store_unique_find(struct txn *t, const unsigned char unique[32],
    struct arena *a, const char **id)
{
	struct slice v;
	enum err e;

	e = table_get(t, TABLE_UNIQUE, table_slice(unique, DIGEST_LEN), &v, 0);
	if (e == ERR_OK)
		*id = arena_strndup(a, v.s, v.len);
	return e;
}
