#include "wallet/apple/apns.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "wallet/apple/apns_token.h"
#include "wallet/apple/signer.h"

#define CLIENTS     16 /* credentials with a connection in one process */
#define CONNECT_MS  10000L
#define TIMEOUT_MS  20000L
#define EXPIRES_S   INT64_C(2592000) /* a phone that is off hears of it then */
#define ANSWER_MAX  1024             /* bytes; Apple's are less than 100 */
#define BREAKS_MOST 3                /* that one call puts up with */

/*
 * Requests of a connection: libcurl 7.88 ends each with an RST_STREAM, and
 * servers that mind CVE-2023-44487 say GOAWAY to some 1000 of them.
 */
#define STREAMS_MOST 900

/* A request in flight, and what it is reused with. */
struct slot {
	CURL *easy;
	struct apns_push *push; /* NULL: free */
	const struct signer *signer;
	char answer[ANSWER_MAX];
	size_t len, given; /* of the answer, of the body */
};

struct client {
	unsigned char digest[32];
	uint64_t used; /* 0: free */
	unsigned streams;
	CURLM *multi;
	struct slot slot[APNS_FLIGHT];
};

static const char body[] = "{}";
static struct client clients[CLIENTS];
static uint64_t uses;

/* What one call of apns_send() shares. */
struct sending {
	struct arena *a;
	const struct apns_from *from;
	const struct signer *signer; /* NULL: by token */
	struct curl_slist *headers;
	struct client *client;
	struct apns_push *pushes;
	size_t n, next;
	int64_t begin; /* tick */
	unsigned flying, breaks;
	bool stopped, close;
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
client_hang_up(struct client *k)
{
	for (size_t i = 0; i < APNS_FLIGHT; i++) {
		curl_easy_cleanup(k->slot[i].easy);
		k->slot[i].easy = NULL;
	}
	curl_multi_cleanup(k->multi);
}

static void
client_close(struct client *k)
{
	client_hang_up(k);
	*k = (struct client){ .used = 0 };
}

void
apns_close(void)
{
	for (size_t i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
}

static void
client_open(struct client *k)
{
	k->streams = 0;
	must((k->multi = curl_multi_init()) != NULL);
	curl_multi_setopt(k->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(k->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	curl_multi_setopt(
	    k->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)APNS_FLIGHT);
}

/* The one of these credentials, or a new one in the place of the oldest. */
static struct client *
client_of(const unsigned char digest[32])
{
	struct client *old = &clients[0];

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *k = &clients[i];

		if (k->used != 0 && memcmp(k->digest, digest, 32) == 0) {
			k->used = ++uses;
			return k;
		}
		if (k->used < old->used)
			old = k;
	}
	client_close(old);
	memcpy(old->digest, digest, 32);
	old->used = ++uses;
	client_open(old);
	return old;
}

/* -- one request ------------------------------------------------------------
 */

static size_t
take_answer(char *p, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;
	size_t room = sizeof(s->answer) - 1 - s->len;

	n *= size;
	memcpy(s->answer + s->len, p, n < room ? n : room);
	s->len += n < room ? n : room;
	return n;
}

/*
 * Without a way to rewind it: libcurl would otherwise send again by itself
 * what was on its way when a connection broke, and may have been taken.
 */
static size_t
give_body(char *p, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;
	size_t left = sizeof(body) - 1 - s->given;

	n = size * n < left ? size * n : left;
	memcpy(p, body + s->given, n);
	s->given += n;
	return n;
}

static CURLcode
use_certificate(CURL *easy, void *ctx, void *arg)
{
	const struct slot *s = arg;

	(void)easy;
	return signer_use(s->signer, ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

static void
set_up(const struct sending *s, struct slot *slot)
{
	const char *url = s->from->server->endpoints.apns;
	const char *ca = s->from->server->endpoints.ca_file;
	bool tls = strncasecmp(url, "https:", 6) == 0;
	CURL *c = slot->easy;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)sizeof(body) - 1);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(c, CURLOPT_READDATA, slot);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(c, CURLOPT_PRIVATE, slot);
	if (ca != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	if (s->signer != NULL) {
		curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, use_certificate);
		curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, slot);
	}
}

static void
start(struct sending *s, struct slot *slot, struct apns_push *push)
{
	const char *url = s->from->server->endpoints.apns;
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	if (slot->easy == NULL)
		must((slot->easy = curl_easy_init()) != NULL);
	slot->push = push;
	slot->signer = s->signer;
	slot->len = slot->given = 0;
	set_up(s, slot);
	curl_easy_setopt(slot->easy, CURLOPT_URL,
	    arena_printf(s->a, "%.*s/3/device/%s", (int)len, url,
		text_percent(s->a, slice_of(push->token))));
	must(curl_multi_add_handle(s->client->multi, slot->easy) == CURLM_OK);
	s->client->streams++;
	s->flying++;
}

/* -- what came of it ---------------------------------------------------------
 */

static void
read_reason(struct sending *s, struct slot *slot)
{
	struct json_object *o = NULL;
	struct why w;
	const char *reason;

	slot->answer[slot->len] = '\0';
	if (slot->len == 0 ||
	    json_parse(s->a, (struct slice){ slot->answer, slot->len },
		JSON_DEPTH, &o, &w) != ERR_OK)
		return;
	if ((reason = json_get_string(o, "reason")) != NULL)
		(void)snprintf(slot->push->reason, sizeof(slot->push->reason),
		    "%s", reason);
	slot->push->timestamp = json_get_int(o, "timestamp", 0);
}

static enum apns_answer
answer_of(long status, const char *reason)
{
	if (status == 200)
		return APNS_OK;
	if (status == 410 ||
	    (status == 400 &&
		(strcmp(reason, "BadDeviceToken") == 0 ||
		    strcmp(reason, "DeviceTokenNotForTopic") == 0)))
		return APNS_GONE;
	if (status == 403)
		return APNS_STOP;
	if (status >= 500) /* it was not taken: the job waits, not the phone */
		return APNS_UNSENT;
	return status >= 400 && status != 429 ? APNS_REFUSED : APNS_LATER;
}

/* Before anything of the request was on its way. */
static bool
never_left(CURLcode rc)
{
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return true;
	default:
		return false;
	}
}

/* A connection that has gone quiet may be dead; the next one is another. */
static void
broke(struct sending *s, struct slot *slot, CURLcode rc)
{
	s->close = true;
	slot->push->answer = never_left(rc) ? APNS_UNSENT : APNS_NONE;
	/* All that were in flight have that one, besides the first. */
	s->breaks += rc != CURLE_SEND_FAIL_REWIND;
	if (rc == CURLE_OPERATION_TIMEDOUT || never_left(rc) ||
	    s->breaks >= BREAKS_MOST)
		s->stopped = true;
	(void)snprintf(slot->push->reason, sizeof(slot->push->reason), "%s",
	    curl_easy_strerror(rc));
}

static void
ended(struct sending *s, CURL *easy, CURLcode rc)
{
	struct slot *slot = NULL;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (rc != CURLE_OK) {
		broke(s, slot, rc);
	} else {
		read_reason(s, slot);
		slot->push->answer = answer_of(status, slot->push->reason);
		s->close = s->close || slot->push->answer == APNS_STOP;
		s->stopped = s->stopped || slot->push->answer == APNS_STOP ||
		    status >= 500;
	}
	curl_multi_remove_handle(s->client->multi, easy);
	slot->push = NULL;
	s->flying--;
}

/* What has no more time is spared, but for the first ones. */
static void
look_at_clock(struct sending *s)
{
	const int64_t within = s->from->within;

	if (within == 0 || s->next == 0 || s->stopped ||
	    clock_tick() - s->begin < within)
		return;
	while (s->next < s->n)
		s->pushes[s->next++].answer = APNS_SPARE;
}

static void
fill(struct sending *s)
{
	struct slot *slot = s->client->slot;

	look_at_clock(s);
	for (size_t i = 0; i < APNS_FLIGHT && s->next < s->n; i++)
		if (slot[i].push == NULL && !s->stopped &&
		    s->client->streams < STREAMS_MOST)
			start(s, &slot[i], &s->pushes[s->next++]);
}

static void
collect(struct sending *s)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(s->client->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			ended(s, m->easy_handle, m->data.result);
}

/* As many as the connection is good for. */
static void
fly(struct sending *s)
{
	int running;

	fill(s);
	while (s->flying > 0) {
		must(
		    curl_multi_perform(s->client->multi, &running) == CURLM_OK);
		collect(s);
		fill(s);
		if (s->flying > 0 && running > 0)
			(void)curl_multi_poll(
			    s->client->multi, NULL, 0, 1000, NULL);
	}
}

static void
run(struct sending *s)
{
	do {
		if (s->client->streams >= STREAMS_MOST) {
			client_hang_up(s->client);
			client_open(s->client);
		}
		fly(s);
	} while (!s->stopped && s->next < s->n);
}

/* -- the credentials ---------------------------------------------------------
 */

static enum err
by_certificate(const struct apns_from *from, const struct signer **out)
{
	struct why w = { .text = "" };
	enum err e = signer_get(from->conf, from->now, out, &w);

	if (e == ERR_UNSET)
		log_error("apns", "why", w.text, NULL);
	return e;
}

enum err
apns_digest(const struct apns_from *from, unsigned char out[32])
{
	const struct signer *signer;
	enum err e;

	if (from->conf->p8 != NULL)
		return apns_token_digest(from->conf, out);
	if ((e = by_certificate(from, &signer)) == ERR_OK)
		signer_digest(signer, out);
	return e;
}

static void
add_header(struct sending *s, const char *line)
{
	struct curl_slist *l = curl_slist_append(s->headers, line);

	must(l != NULL);
	s->headers = l;
}

static enum err
make_headers(struct sending *s)
{
	const struct apple_conf *conf = s->from->conf;
	const char *token;
	enum err e = ERR_OK;

	add_header(s, "content-type: application/json");
	add_header(s,
	    arena_printf(s->a, "apns-topic: %s", conf->pass_type_identifier));
	add_header(s,
	    arena_printf(s->a, "apns-expiration: %s",
		text_num(s->from->now / 1000 + EXPIRES_S).s));
	if (conf->p8 == NULL)
		e = by_certificate(s->from, &s->signer);
	else if ((e = apns_token_get(conf, s->from->store, s->from->now, s->a,
		      &token)) == ERR_OK)
		add_header(
		    s, arena_printf(s->a, "authorization: bearer %s", token));
	return e;
}

enum err
apns_send(struct arena *a, const struct apns_from *from,
    struct apns_push *pushes, size_t n)
{
	struct sending s = { .a = a,
		.from = from,
		.pushes = pushes,
		.n = n,
		.begin = clock_tick() };
	unsigned char digest[32];
	enum err e;

	for (size_t i = 0; i < n; i++) {
		pushes[i].answer = APNS_UNSENT;
		pushes[i].timestamp = 0;
		pushes[i].reason[0] = '\0';
	}
	if ((e = apns_digest(from, digest)) == ERR_OK &&
	    (e = make_headers(&s)) == ERR_OK) {
		s.client = client_of(digest);
		run(&s);
		if (s.close)
			client_close(s.client);
	}
	curl_slist_free_all(s.headers);
	return e;
}
