#include "bin/reach.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fetch.h"
#include "base/ident.h"
#include "base/text.h"
#include "conf/yaml.h"

#define TIMEOUT_MS 10000L
#define SKEW_MS    60000
#define DAY_MS     INT64_C(86400000)
#define DAYS_LEFT  14 /* of a certificate that ought to renew itself */

static const char *
host_of(struct arena *a, const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return arena_strndup(a, host, strcspn(host, "/?#"));
}

/* False, with `w` set, when there is no answer. */
static bool
ask(struct reach *r, struct fetch_request *rq, struct fetch_response *resp,
    struct why *w)
{
	rq->timeout_ms = TIMEOUT_MS;
	rq->any_address = true;
	rq->ca_file = r->server->endpoints.ca_file;
	rq->why = w;
	return fetch_run(r->a, rq, resp) == ERR_OK;
}

/* Others judge by their clock how long our tokens are good. */
static void
check_clock(struct reach *r, const struct reach_site *s,
    const struct fetch_response *resp)
{
	const char *date = fetch_header(resp, "Date");
	int64_t there, off;

	if (r->skewed || date == NULL ||
	    !clock_parse_http(slice_of(date), &there))
		return;
	off = (clock_now() - there) / 1000;
	if (llabs(off) <= SKEW_MS / 1000)
		return;
	r->skewed = true;
	fault_warn(r->f, s->file, s->line,
	    "the clock of this machine is %lld s %s that of %s: set "
	    "it, or tokens are refused",
	    llabs(off), off < 0 ? "behind" : "ahead of", host_of(r->a, s->url));
}

/* -- the web server -------------------------------------------------------- */

static void
check_certificate(struct reach *r, const struct reach_site *s,
    const struct fetch_response *resp)
{
	const int64_t left = (resp->certificate_end - clock_now()) / DAY_MS;

	if (resp->certificate_end != 0 && left < DAYS_LEFT)
		fault_warn(r->f, s->file, s->line,
		    "%s: the web server's certificate ends in %" PRId64
		    " days: renew it",
		    s->url, left);
}

/* GET `path`, in the name of `id`; false after a fault. */
static bool
get(struct reach *r, const struct reach_site *s, const char *path,
    const char *header, struct fetch_response *resp)
{
	unsigned char random[8];
	char id[2 * sizeof(random) + 1];
	const char *headers[] = { NULL, header, NULL };
	struct fetch_request rq = { .headers = headers };
	const char *echo, *to;
	struct why w;

	ident_random(random, sizeof(random));
	text_hex(id, random, sizeof(random));
	headers[0] = arena_printf(r->a, "X-Request-Id: check-%s", id);
	rq.url = arena_printf(r->a, "%s%s", s->url, path);
	if (!ask(r, &rq, resp, &w)) {
		fault_add(r->f, s->file, s->line, "%s: %s", s->url, w.text);
		return false;
	}
	echo = fetch_header(resp, "X-Request-Id");
	if (echo != NULL && strcmp(echo, headers[0] + 14) == 0)
		return true;
	to = fetch_header(resp, "Location");
	fault_add(r->f, s->file, s->line,
	    "%s answers %ld%s%s, and not by passwright.fcgi: see that the web "
	    "server passes it there",
	    rq.url, resp->status, to == NULL ? "" : " to ",
	    to == NULL ? "" : to);
	return false;
}

/* The same call is open to all, and closed to a token that is none. */
static void
check_authorization(
    struct reach *r, const struct reach_site *s, const char *path)
{
	struct fetch_response resp;

	if (get(r, s, path, "Authorization: Bearer check", &resp) &&
	    resp.status != 401)
		fault_add(r->f, s->file, s->line,
		    "%s: the web server drops the header Authorization, so "
		    "that phones and bearer tokens are refused; Apache wants "
		    "`CGIPassAuth On`",
		    s->url);
}

void
reach_site(struct reach *r, const struct reach_site *s)
{
	const char *path = arena_printf(
	    r->a, "/api/%s/passes/getPasses?value=passwright-check", s->tenant);
	struct fetch_response resp;

	if (!get(r, s, path, NULL, &resp))
		return;
	check_clock(r, s, &resp);
	check_certificate(r, s, &resp);
	if (resp.status == 404)
		fault_add(r->f, s->file, s->line,
		    "%s knows no tenant %s: see that its passwright.fcgi reads "
		    "%s too",
		    s->url, s->tenant, r->server->file);
	else if (resp.status != 200)
		fault_add(r->f, s->file, s->line,
		    "%s answers %ld; the log of its responders says why",
		    s->url, resp.status);
	else
		check_authorization(r, s, path);
	if (get(r, s, "/healthz", NULL, &resp) && resp.status != 200)
		fault_add(r->f, s->file, s->line,
		    "%s/healthz answers %ld; the log of its responders says "
		    "why",
		    s->url, resp.status);
}

/* -- the wallets ------------------------------------------------------------
 */

static void
check_service(struct reach *r, const struct reach_site *s, bool used, bool apns)
{
	bool connected = false;
	struct fetch_request rq = {
		.url = s->url, .http2 = apns, .connected = &connected
	};
	struct fetch_response resp;
	struct why w;

	if (!ask(r, &rq, &resp, &w)) {
		/* It may hang up on who shows no certificate. */
		if (apns && connected)
			return;
		(used ? fault_add : fault_warn)(r->f, s->file, s->line,
		    "%s cannot be reached: %s", host_of(r->a, s->url), w.text);
		return;
	}
	check_clock(r, s, &resp);
	if (resp.status >= 500)
		fault_warn(r->f, s->file, s->line, "%s answers %ld: try later",
		    host_of(r->a, s->url), resp.status);
}

void
reach_wallets(struct reach *r, bool apple, bool google)
{
	const struct server *sv = r->server;
	const struct {
		const char *key, *url;
		bool used, apns;
	} t[] = {
		{ "apns", sv->endpoints.apns, apple, true },
		{ "googleApi", sv->endpoints.google_api, google, false },
		{ "googleToken", sv->endpoints.google_token, google, false },
		{ "googleSave", sv->endpoints.google_save, google, false },
		{ "googleKeys", sv->endpoints.google_keys, google, false },
	};
	struct json_object *in = NULL;
	struct faults unused;

	faults_init(&unused, r->a);
	(void)!yaml_read(r->a, sv->file, sv->file, &unused, &in);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct reach_site s = { .url = t[i].url,
			.file = sv->file,
			.line =
			    yaml_line_of(json_get(in, "endpoints"), t[i].key) };

		check_service(r, &s, t[i].used, t[i].apns);
	}
}
