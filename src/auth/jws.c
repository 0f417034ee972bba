#include "auth/jws.h"

#include <jose/cfg.h>
#include <jose/jws.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Of jansson's functions only those may be called whose names json-c does not
 * have too: the linker would take json_object_get() from the wrong library.
 */

/* The six parameters are libjose's: NOLINTBEGIN(readability-function-size) */
static void
silent(void *misc, const char *file, int line, uint64_t err, const char *fmt,
    va_list ap)
{
	(void)misc;
	(void)file;
	(void)line;
	(void)err;
	(void)fmt;
	(void)ap;
}
/* NOLINTEND(readability-function-size) */

/* Without it libjose tells stderr of each forged token. */
static jose_cfg_t *
quiet(void)
{
	jose_cfg_t *cfg = jose_cfg();

	if (cfg == NULL)
		abort();
	jose_cfg_set_err_func(cfg, silent, NULL);
	return cfg;
}

/* The key with its algorithm nailed to it, or NULL. */
static json_t *
key_for(struct slice jwk, const char *alg)
{
	json_t *key = json_loadb(jwk.s, jwk.len, JSON_REJECT_DUPLICATES, NULL);
	const char *own = alg;

	if (key != NULL && json_unpack(key, "{s?s}", "alg", &own) == 0 &&
	    strcmp(own, alg) == 0 &&
	    json_object_set_new(key, "alg", json_string(alg)) == 0)
		return key;
	json_decref(key);
	return NULL;
}

bool
jws_verify(
    struct arena *a, const struct jws *jws, const char *alg, struct slice jwk)
{
	jose_cfg_t *cfg = quiet();
	json_t *key = key_for(jwk, alg), *o;
	bool ok;

	o = json_pack("{s:s, s:s, s:s}", "protected",
	    arena_strndup(a, jws->header.s, jws->header.len), "payload",
	    arena_strndup(a, jws->payload.s, jws->payload.len), "signature",
	    arena_strndup(a, jws->signature.s, jws->signature.len));
	ok = key != NULL && o != NULL && jose_jws_ver(cfg, o, NULL, key, false);
	json_decref(o);
	json_decref(key);
	jose_cfg_decref(cfg);
	return ok;
}
