/*
 * metrics - what a monitor may count, in the text format of Prometheus.
 */

#include <inttypes.h>
#include <string.h>

#include "api/call.h"
#include "base/buf.h"
#include "base/fetch.h"
#include "conf/tenants.h"
#include "store/due.h"
#include "store/event.h"
#include "store/operation.h"
#include "store/webhook.h"

#include "config.h"

#define METRICS_TYPE   "text/plain; version=0.0.4; charset=utf-8"
#define OPERATIONS_MAX 1000

/* What is told of each tenant. */
enum sample {
	UP,
	PASSES,
	INSTALLED_APPLE,
	INSTALLED_GOOGLE,
	OWED_APPLE,
	OWED_GOOGLE,
	EVENTS,
	RUNNING,
	LEFT,
	PENDING,
	PARKED,
	SAMPLES
};

struct sampled {
	const char *tenant;
	uint64_t n[SAMPLES];
};

/* Samples of one name follow each other. */
static const struct {
	const char *name, *label, *help; /* help NULL: as the one before */
} families[SAMPLES] = {
	[UP] = { "tenant_up", "", "Whether the tenant's store answers." },
	[PASSES] = { "passes", "", "Passes that there are." },
	[INSTALLED_APPLE] = { "installed_passes", ",wallet=\"apple\"",
	    "Passes that are installed in a wallet." },
	[INSTALLED_GOOGLE] = { "installed_passes", ",wallet=\"google\"", NULL },
	[OWED_APPLE] = { "owed_passes", ",wallet=\"apple\"",
	    "Changed passes whose holders are yet to be told." },
	[OWED_GOOGLE] = { "owed_passes", ",wallet=\"google\"", NULL },
	[EVENTS] = { "queued_events", "",
	    "Events that the worker is yet to deal with." },
	[RUNNING] = { "running_operations", "",
	    "Bulk updates that have not ended." },
	[LEFT] = { "running_operation_passes", "",
	    "Passes that these have yet to change." },
	[PENDING] = { "webhook_deliveries", ",state=\"pending\"",
	    "What webhooks are yet to be told." },
	[PARKED] = { "webhook_deliveries", ",state=\"parked\"", NULL },
};

/* -- who may ask ----------------------------------------------------------- */

/* What a proxy on this machine passes on comes from elsewhere. */
static bool
may_ask(const struct call *c)
{
	const char *address = c->req->address;

	if (address == NULL)
		return false;
	if (strings_has(&c->server->metrics_from, address))
		return true;
	return fetch_is_loopback(address) &&
	    request_header(c->req, "X-Forwarded-For") == NULL &&
	    request_header(c->req, "Forwarded") == NULL;
}

/* -- what there is to tell ------------------------------------------------- */

static enum err
sample_operations(struct call *c, struct store *st, uint64_t *n)
{
	struct operation *ops =
	    arena_alloc(c->a, OPERATIONS_MAX * sizeof(*ops));
	size_t nops;
	enum err e = operation_running(st, c->a, ops, OPERATIONS_MAX, &nops);

	if (e != ERR_OK)
		return e;
	n[RUNNING] = nops;
	for (size_t i = 0; i < nops; i++)
		n[LEFT] += ops[i].total - ops[i].completed - ops[i].errors;
	return ERR_OK;
}

static enum err
sample_webhooks(struct call *c, struct store *st, uint64_t *n)
{
	struct webhook *all = arena_alloc(c->a, WEBHOOK_MAX * sizeof(*all));
	size_t nall;
	enum err e = webhook_list(st, c->a, all, &nall);

	for (size_t i = 0; e == ERR_OK && i < nall; i++) {
		n[PENDING] += all[i].pending;
		n[PARKED] += all[i].parked;
	}
	return e;
}

static enum err
sample_store(struct call *c, struct store *st, uint64_t *n)
{
	struct store_stats stats;
	struct due_count owed;
	enum err e;

	if ((e = store_stats(st, NULL, &stats)) != ERR_OK ||
	    (e = due_count(st, &owed)) != ERR_OK ||
	    (e = event_count(st, &n[EVENTS])) != ERR_OK ||
	    (e = sample_operations(c, st, n)) != ERR_OK ||
	    (e = sample_webhooks(c, st, n)) != ERR_OK)
		return e;
	n[UP] = 1;
	n[PASSES] = stats.total;
	n[INSTALLED_APPLE] = stats.apple;
	n[INSTALLED_GOOGLE] = stats.google;
	n[OWED_APPLE] = owed.apple;
	n[OWED_GOOGLE] = owed.google;
	return ERR_OK;
}

/* A store that does not answer is told as such; the others go on. */
static void
sample_tenant(struct call *c, const char *tenant, struct sampled *s)
{
	const char *dir =
	    arena_printf(c->a, "%s/%s/data", c->server->tenants, tenant);
	uint64_t n[SAMPLES] = { 0 };
	struct store *st;

	*s = (struct sampled){ .tenant = tenant };
	if (stores_get(c->stores, dir, &st) == ERR_OK &&
	    sample_store(c, st, n) == ERR_OK)
		memcpy(s->n, n, sizeof(n));
}

/* -- telling it ------------------------------------------------------------ */

static void
print_family(struct buf *b, enum sample k, const struct sampled *s, size_t n)
{
	if (families[k].help != NULL)
		buf_printf(b,
		    "# HELP passwright_%s %s\n# TYPE passwright_%s gauge\n",
		    families[k].name, families[k].help, families[k].name);
	/* Of a store that does not answer nothing is known but that. */
	for (size_t i = 0; i < n; i++)
		if (k == UP || s[i].n[UP] != 0)
			buf_printf(b,
			    "passwright_%s{tenant=\"%s\"%s} %" PRIu64 "\n",
			    families[k].name, s[i].tenant, families[k].label,
			    s[i].n[k]);
}

static struct slice
print(struct arena *a, const struct sampled *s, size_t n)
{
	struct buf b;

	buf_init(&b, a);
	buf_adds(&b,
	    "# HELP passwright_build_info The version of the responder.\n"
	    "# TYPE passwright_build_info gauge\n"
	    "passwright_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	for (enum sample k = 0; k < SAMPLES; k++)
		print_family(&b, k, s, n);
	return buf_slice(&b);
}

static enum err
metrics(struct call *c, struct response *resp)
{
	struct strings names;
	struct sampled *s;
	size_t n = 0;

	if (!may_ask(c))
		return why(&c->why, ERR_DENIED, NULL,
		    "Metrics are told to loopback alone; add the caller's "
		    "address to metricsFrom in passwright.yml.");
	if (tenants_list(c->a, c->server, &names) != ERR_OK)
		return why(&c->why, ERR_BUSY, NULL,
		    "The folder of tenants cannot be read; the log of the "
		    "server says why.");
	s = arena_alloc(c->a, (names.n + 1) * sizeof(*s));
	for (size_t i = 0; i < names.n; i++)
		if (c->only == NULL || strcmp(c->only, names.s[i]) == 0)
			sample_tenant(c, names.s[i], &s[n++]);
	response_bytes(resp, 200, METRICS_TYPE, print(c->a, s, n));
	return ERR_OK;
}

/* clang-format off */
const struct route metrics_routes[] = {
	{ "GET", "/metrics",
	  ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, metrics },
	{ NULL, NULL, ROUTE_OPEN, NULL, NULL, ROUTE_NO_BODY, NULL }
};
/* clang-format on */
