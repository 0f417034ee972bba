/*
 * check - `passwright check`: everything that can be wrong before a customer
 * meets it.
 */

#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "bin/command.h"
#include "conf/tenants.h"
#include "pass/change.h"
#include "pass/types.h"
#include "wallet/apple/pkpass.h"
#include "wallet/apple/signer.h"
#include "wallet/card.h"

struct check {
	struct command *c;
	struct faults f;
	int64_t now;
};

/* The pass that a caller who sends nothing would get. */
static void
check_sample(struct check *k, struct tenant *t, struct pass_type *type)
{
	struct change_env env = {
		.a = k->c->a,
		.tenant = t,
		.now = k->now,
		.random = ident_random,
	};
	const struct change_input in = { .type = type->name };
	struct card card;
	struct pass p;
	struct why w;

	if (change_make(&env, &in, &p, &w) != ERR_OK ||
	    card_render(k->c->a, t, type, &p, &card) != ERR_OK) {
		fault_warn(&k->f, type->file, 0,
		    "a pass without any data cannot be made; give the "
		    "expressions a default with `// \"\"`");
		return;
	}
	if (type->apple_conf.pass_type_identifier != NULL)
		pkpass_check(t, type, &p, k->now, &k->f);
}

static void
check_type(struct check *k, struct tenant *t, struct pass_type *type)
{
	struct template *unused;
	struct signer *signer;

	if (types_metadata(t, type, &k->f, &unused) != ERR_OK ||
	    types_wallet(t, type, &k->f, &unused) != ERR_OK)
		return; /* the fault is told */
	if (type->apple_conf.pass_type_identifier != NULL)
		(void)!signer_load(
		    k->c->a, &type->apple_conf, k->now, &k->f, &signer);
	check_sample(k, t, type);
}

static void
check_store(struct check *k, const struct tenant *t)
{
	const struct store_options opt = { .lease = 1 };
	struct store *st = NULL;
	uint64_t n;

	if (store_open(arena_printf(k->c->a, "%s/data", t->dir), &opt, &st) !=
		ERR_OK ||
	    store_count(st, &n) != ERR_OK)
		fault_add(&k->f, arena_printf(k->c->a, "%s/data", t->id), 0,
		    "the store cannot be opened; the log says why");
	store_close(st);
}

static void
check_tenant(struct check *k, const char *name)
{
	struct tenant *t = NULL;
	enum err e = tenant_load(&k->c->server, name, &k->f, &t);

	if (e == ERR_NOTFOUND)
		fault_add(&k->f, name, 0, "there is no such tenant");
	if (e != ERR_OK)
		return;
	for (size_t i = 0; i < t->ntypes; i++)
		check_type(k, t, &t->types[i]);
	check_store(k, t);
	tenant_free(t);
}

int
command_check(struct command *c, int argc, char **argv)
{
	struct check k = { .c = c, .now = clock_now() };
	struct strings names;

	if (argc > 2)
		return command_usage(c);
	faults_init(&k.f, c->a);
	if (argc == 2) {
		check_tenant(&k, argv[1]);
	} else {
		if (tenants_list(c->a, &c->server, &names) != ERR_OK)
			return command_fail(
			    EX_NOINPUT, "%s cannot be read", c->server.tenants);
		for (size_t i = 0; i < names.n; i++)
			check_tenant(&k, names.s[i]);
	}
	command_faults(c, &k.f);
	return k.f.errors == 0 ? EX_OK : 1;
}
