#include "base/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#define HOST_MAX    300 /* bytes that are logged */
#define CONNECTIONS 32L /* that are kept */

/* An address of either version: IPv4 in its mapped form (RFC 4291, 2.5.5.2). */
struct ip {
	unsigned char b[16];
};

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

/*
 * IANA's special-purpose registries (RFC 6890 and its successors).  Of IPv6
 * only 2000::/3 is given out, so that all the rest is special.
 */
static const char *const private_nets[] = {
	/* clang-format off */
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
	"169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "3fff::/20",
	"4000::/2", "8000::/1",
	/* clang-format on */
};

static void
ip_of_v4(struct ip *ip, const void *v4)
{
	memcpy(ip->b, mapped, sizeof(mapped));
	memcpy(ip->b + sizeof(mapped), v4, 4);
}

static bool
ip_parse(const char *text, struct ip *ip)
{
	unsigned char v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		ip_of_v4(ip, v4);
		return true;
	}
	return inet_pton(AF_INET6, text, ip->b) == 1;
}

static bool
ip_of_sockaddr(struct ip *ip, const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		ip_of_v4(ip, &in->sin_addr);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		memcpy(ip->b, &in6->sin6_addr, sizeof(ip->b));
		return true;
	}
	return false;
}

static bool
is_mapped(const struct ip *ip)
{
	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

static bool
same_bits(const struct ip *a, const struct ip *b, unsigned bits)
{
	unsigned char mask = (unsigned char)(0xff00U >> bits % 8);

	if (memcmp(a->b, b->b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a->b[bits / 8] ^ b->b[bits / 8]) & mask) == 0;
}

/* "10.0.0.0/8" or a plain address; false for what is neither. */
static bool
ip_in(const struct ip *ip, const char *net)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(net, "/");
	struct ip base;
	unsigned long bits = 128;
	char *end;

	if (len >= sizeof(text))
		return false;
	memcpy(text, net, len);
	text[len] = '\0';
	if (!ip_parse(text, &base) || is_mapped(ip) != is_mapped(&base))
		return false;
	if (net[len] == '/') {
		bits = strtoul(net + len + 1, &end, 10);
		if (end == net + len + 1 || *end != '\0' || bits > 128)
			return false;
		if (strchr(text, ':') == NULL)
			bits += 96;
	}
	return bits <= 128 && same_bits(ip, &base, (unsigned)bits);
}

/* The IPv4 address that is meant by one of IPv6, in its mapped form. */
static bool
ip_inside(const struct ip *ip, struct ip *v4)
{
	if (ip_in(ip, "64:ff9b::/96")) /* NAT64, RFC 6052 */
		ip_of_v4(v4, ip->b + 12);
	else if (ip_in(ip, "2002::/16")) /* 6to4, RFC 3056 */
		ip_of_v4(v4, ip->b + 2);
	else
		return false;
	return true;
}

static bool
ip_is_private(const struct ip *ip)
{
	struct ip v4;

	if (ip_inside(ip, &v4))
		ip = &v4;
	for (size_t i = 0; i < sizeof(private_nets) / sizeof(char *); i++)
		if (ip_in(ip, private_nets[i]))
			return true;
	return !is_mapped(ip) && ip_in(ip, "::/3");
}

bool
fetch_is_private(const struct sockaddr *sa)
{
	struct ip ip;

	return !ip_of_sockaddr(&ip, sa) || ip_is_private(&ip);
}

/* -- one request ---------------------------------------------------------- */

struct run {
	const struct fetch_request *rq;
	struct buf *body; /* NULL: it is dropped */
	size_t got, max;  /* bytes of the body */
	const char *refused;
	bool toobig;
	char error[CURL_ERROR_SIZE]; /* more of it than curl_easy_strerror() */
};

static CURL *kept;

static bool
is_allowed(const struct fetch_request *rq, const struct ip *ip)
{
	for (size_t i = 0; i < rq->nallow_private; i++)
		if (ip_in(ip, rq->allow_private[i]))
			return true;
	return false;
}

static bool
is_plain(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0;
}

/* Why it may not be reached, or NULL. */
static const char *
refusal(const struct fetch_request *rq, const struct ip *ip)
{
	if (rq->any_address)
		return NULL;
	if (!ip_is_private(ip))
		return rq->https && is_plain(rq->url)
		    ? "a public address is asked by https alone"
		    : NULL;
	return is_allowed(rq, ip) ? NULL
				  : "the address is private; see allowPrivate";
}

static bool
may_reach(struct run *r, const struct ip *ip)
{
	r->refused = refusal(r->rq, ip);
	return r->refused == NULL;
}

/* A new connection is refused before a packet leaves. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct run *r = arg;
	struct ip ip;

	(void)purpose;
	if (!ip_of_sockaddr(&ip, &to->addr)) {
		r->refused = "the address is of no known kind";
		return CURL_SOCKET_BAD;
	}
	if (!may_reach(r, &ip))
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* One that was kept may have been opened for a request that could do more. */
static int
before_request(
    void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct run *r = arg;
	struct ip ip;

	(void)local;
	(void)remote_port;
	(void)local_port;
	remote[strcspn(remote, "%")] = '\0';
	if (!ip_parse(remote, &ip))
		r->refused = "the address is of no known kind";
	else if (may_reach(r, &ip))
		return CURL_PREREQFUNC_OK;
	return CURL_PREREQFUNC_ABORT;
}

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct run *r = arg;

	n *= size;
	if (n > r->max - r->got) {
		r->toobig = true;
		return 0;
	}
	r->got += n;
	if (r->body != NULL)
		buf_add(r->body, p, n);
	return n;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static bool
url_is_good(const char *url)
{
	if (strncasecmp(url, "http://", 7) != 0 &&
	    strncasecmp(url, "https://", 8) != 0)
		return false;
	return strlen(url) <= FETCH_URL_MAX && strchr(url, ' ') == NULL &&
	    !has_control(url);
}

/* False when one of them would be two. */
static bool
headers_of(const char *const *headers, struct curl_slist **out)
{
	struct curl_slist *l;

	/* Without this a larger POST waits a second for 100 Continue. */
	if ((*out = curl_slist_append(NULL, "Expect:")) == NULL)
		abort();
	for (; headers != NULL && *headers != NULL; headers++) {
		if (has_control(*headers))
			return false;
		if ((l = curl_slist_append(*out, *headers)) == NULL)
			abort();
		*out = l;
	}
	return true;
}

static long
timeout_of(const struct fetch_request *rq)
{
	return rq->timeout_ms > 0 ? rq->timeout_ms : FETCH_TIMEOUT_MS;
}

static void
set_limits(CURL *c, struct run *r)
{
	const long ms = timeout_of(r->rq);

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer is not waited for at the end. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(c, CURLOPT_PREREQDATA, r);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	if (r->rq->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, r->rq->ca_file);
	if (r->rq->why != NULL) {
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
		curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
	}
}

static void
set_request(CURL *c, const struct fetch_request *rq)
{
	curl_easy_setopt(c, CURLOPT_URL, rq->url);
	if (rq->http2)
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
		    strncasecmp(rq->url, "https", 5) == 0
			? CURL_HTTP_VERSION_2TLS
			: CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	if (rq->body.s != NULL) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.len);
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, rq->body.s);
	}
	if (rq->method != NULL)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method);
}

static void
keep_headers(struct arena *a, CURL *c, struct fetch_response *out)
{
	struct curl_header *h = NULL;

	out->headers = arena_alloc(a, FETCH_HEADERS * sizeof(*out->headers));
	while (out->nheaders < FETCH_HEADERS &&
	    (h = curl_easy_nextheader(c, CURLH_HEADER, -1, h)) != NULL) {
		out->headers[out->nheaders].name = arena_strdup(a, h->name);
		out->headers[out->nheaders].value = arena_strdup(a, h->value);
		out->nheaders++;
	}
}

/* When the server's own certificate ends, ms; 0: that is not known. */
static int64_t
certificate_end(CURL *c)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *all = NULL;
	struct tm tm = { .tm_year = 0 };

	if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &all) != CURLE_OK ||
	    all == NULL || all->num_of_certs == 0)
		return 0;
	for (struct curl_slist *l = all->certinfo[0]; l != NULL; l = l->next)
		if (strncmp(l->data, name, strlen(name)) == 0 &&
		    strptime(l->data + strlen(name), " %b %d %H:%M:%S %Y GMT",
			&tm) != NULL)
			return (int64_t)timegm(&tm) * 1000;
	return 0;
}

static bool
was_connected(CURL *c, const char *url)
{
	curl_off_t us = 0;

	curl_easy_getinfo(c,
	    strncasecmp(url, "https", 5) == 0 ? CURLINFO_APPCONNECT_TIME_T
					      : CURLINFO_CONNECT_TIME_T,
	    &us);
	return us > 0;
}

/* Scheme, host and port are for the log; the rest may be personal. */
static void
log_failure(const char *url, const char *text)
{
	const char *host = strstr(url, "://") + 3, *at;
	char s[HOST_MAX + 1];

	(void)snprintf(s, sizeof(s), "%.*s", (int)strcspn(host, "/?#"), host);
	at = strrchr(s, '@');
	log_warning(
	    "fetch", "host", at == NULL ? s : at + 1, "why", text, NULL);
}

static enum err
result(const struct run *r, CURLcode rc, const char **text)
{
	enum err e = ERR_UPSTREAM;

	*text = curl_easy_strerror(rc);
	if (r->toobig) {
		e = ERR_TOOBIG;
		*text = "the answer is over the limit";
	} else if (r->refused != NULL) {
		e = ERR_DENIED;
		*text = r->refused;
	} else if (rc == CURLE_URL_MALFORMAT) {
		e = ERR_INVALID;
	} else if (r->error[0] != '\0') {
		*text = r->error;
	}
	if (r->rq->why != NULL)
		return why(r->rq->why, e, NULL, "%s", *text);
	log_failure(r->rq->url, *text);
	return e;
}

static struct run
run_of(const struct fetch_request *rq, struct buf *body)
{
	return (struct run){ .rq = rq,
		.body = body,
		.max = rq->max_bytes > 0 ? rq->max_bytes : FETCH_MAX_BYTES };
}

/* What can be said before anything is asked. */
static enum err
check(const struct fetch_request *rq, struct curl_slist **headers)
{
	if (!url_is_good(rq->url)) {
		log_warning(
		    "fetch", "why", "no absolute URL of http or https", NULL);
		return why(rq->why, ERR_INVALID, NULL,
		    "no absolute URL of http or https");
	}
	if (!headers_of(rq->headers, headers)) {
		log_warning("fetch", "why", "a header holds a control", NULL);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static void
set_all(CURL *c, struct run *r, struct curl_slist *headers)
{
	set_limits(c, r);
	set_request(c, r->rq);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
}

static enum err
perform(struct arena *a, struct run *r, struct curl_slist *headers,
    struct fetch_response *out)
{
	struct fetch_response got = { .status = 0 };
	const char *text;
	CURLcode rc;

	if (kept == NULL && (kept = curl_easy_init()) == NULL)
		abort();
	curl_easy_reset(kept);
	set_all(kept, r, headers);
	rc = curl_easy_perform(kept);
	curl_easy_setopt(kept, CURLOPT_ERRORBUFFER, NULL);
	if (r->rq->connected != NULL)
		*r->rq->connected = was_connected(kept, r->rq->url);
	if (rc != CURLE_OK)
		return result(r, rc, &text);
	curl_easy_getinfo(kept, CURLINFO_RESPONSE_CODE, &got.status);
	keep_headers(a, kept, &got);
	if (r->rq->why != NULL)
		got.certificate_end = certificate_end(kept);
	got.body = buf_slice(r->body);
	*out = got;
	return ERR_OK;
}

enum err
fetch_run(
    struct arena *a, const struct fetch_request *rq, struct fetch_response *out)
{
	struct buf body;
	struct run r = run_of(rq, &body);
	struct curl_slist *headers = NULL;
	enum err e;

	buf_init(&body, a);
	if ((e = check(rq, &headers)) == ERR_OK)
		e = perform(a, &r, headers, out);
	curl_slist_free_all(headers);
	return e;
}

/* -- one to come ------------------------------------------------------------
 */

/* The address that a host says it is; false: it is a name. */
static bool
ip_of_host(char *host, struct ip *ip)
{
	size_t n = strlen(host);

	if (*host == '[') {
		host[strcspn(host, "]%")] = '\0';
		return ip_parse(host + 1, ip);
	}
	while (n > 0 && host[n - 1] == '.')
		host[--n] = '\0';
	/* RFC 6761, section 6.3 */
	if (strcasecmp(host, "localhost") == 0 ||
	    (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0))
		return ip_parse("127.0.0.1", ip);
	return ip_parse(host, ip);
}

static bool
has_part(CURLU *u, CURLUPart part)
{
	char *s = NULL;
	const bool has = curl_url_get(u, part, &s, 0) == CURLUE_OK;

	curl_free(s);
	return has;
}

static const char *
refused_host(const struct fetch_request *rq, CURLU *u)
{
	const char *text = NULL;
	char *host = NULL;
	struct ip ip;

	if (curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    ip_of_host(host, &ip))
		text = refusal(rq, &ip);
	curl_free(host);
	return text;
}

enum err
fetch_judge(const struct fetch_request *rq, const char **text)
{
	CURLU *u = curl_url();
	enum err e = ERR_INVALID;

	if (u == NULL)
		abort();
	if (!url_is_good(rq->url) ||
	    curl_url_set(u, CURLUPART_URL, rq->url, 0) != CURLUE_OK)
		*text = "it is no absolute URL of http or https";
	else if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		*text = "it holds a user or a password";
	else if (has_part(u, CURLUPART_FRAGMENT))
		*text = "it holds a fragment";
	else if ((*text = refused_host(rq, u)) != NULL)
		e = ERR_DENIED;
	else
		e = ERR_OK;
	curl_url_cleanup(u);
	return e;
}

/* -- many at a time ----------------------------------------------------------
 */

#define LOOK_MS 250 /* that a flight ages between two looks, at most */

struct flight {
	struct flight *next;
	struct fetch_request rq;
	char *url;
	struct run run;
	struct curl_slist *headers;
	CURL *c;
	void *tag;
	int64_t age; /* ms in which it was looked after */
	bool over;
	CURLcode rc;
};

struct fetch_group {
	struct flight *flights;
	int64_t looked; /* tick of the last look at them */
};

static CURLM *multi;
static unsigned under_way;

struct fetch_group *
fetch_group_new(void)
{
	struct fetch_group *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	return g;
}

static void
land(struct flight *f)
{
	curl_multi_remove_handle(multi, f->c);
	curl_easy_cleanup(f->c);
	curl_slist_free_all(f->headers);
	free(f->url);
	free(f);
	under_way--;
}

void
fetch_group_free(struct fetch_group *g)
{
	struct flight *f;

	if (g == NULL)
		return;
	while ((f = g->flights) != NULL) {
		g->flights = f->next;
		land(f);
	}
	free(g);
}

static void
take_off(struct flight *f, const struct fetch_request *rq)
{
	if (multi == NULL) {
		if ((multi = curl_multi_init()) == NULL)
			abort();
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
	}
	if ((f->url = strdup(rq->url)) == NULL ||
	    (f->c = curl_easy_init()) == NULL)
		abort();
	f->rq = *rq;
	f->rq.url = f->url;
	f->rq.why = NULL;
	f->rq.connected = NULL;
	f->run = run_of(&f->rq, NULL);
	set_all(f->c, &f->run, f->headers);
	/* By grow_older(), not by a clock that goes on unattended. */
	curl_easy_setopt(f->c, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(f->c, CURLOPT_CONNECTTIMEOUT_MS, 0L);
	curl_easy_setopt(f->c, CURLOPT_PRIVATE, f);
	if (curl_multi_add_handle(multi, f->c) != CURLM_OK)
		abort();
	under_way++;
}

enum err
fetch_begin(struct fetch_group *g, const struct fetch_request *rq, void *tag)
{
	struct curl_slist *headers = NULL;
	struct flight *f;
	enum err e;

	if (under_way >= FETCH_FLIGHTS)
		return ERR_BUSY;
	if ((e = check(rq, &headers)) != ERR_OK) {
		curl_slist_free_all(headers);
		return e;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	f->headers = headers;
	f->tag = tag;
	take_off(f, rq);
	f->next = g->flights;
	g->flights = f;
	return ERR_OK;
}

static void
go_on(void)
{
	struct flight *f;
	CURLMsg *m;
	int n;

	if (multi == NULL)
		return;
	(void)curl_multi_perform(multi, &n);
	while ((m = curl_multi_info_read(multi, &n)) != NULL) {
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f);
		f->over = true;
		f->rc = m->data.result;
	}
}

/*
 * Time counts while somebody looks: an answer that came while nobody did, as
 * something else took long, is in time.
 */
static void
grow_older(struct fetch_group *g)
{
	const int64_t tick = clock_tick(), ms = tick - g->looked;

	g->looked = tick;
	for (struct flight *f = g->flights; f != NULL; f = f->next) {
		f->age += ms < LOOK_MS ? ms : LOOK_MS;
		if (f->over || f->age <= timeout_of(&f->rq))
			continue;
		f->over = true;
		f->rc = CURLE_OPERATION_TIMEDOUT;
	}
}

bool
fetch_ended(struct fetch_group *g, struct fetch_end *out)
{
	struct flight **p = &g->flights, *f;
	const char *text;

	go_on();
	grow_older(g);
	while (*p != NULL && !(*p)->over)
		p = &(*p)->next;
	if ((f = *p) == NULL)
		return false;
	*p = f->next;
	*out = (struct fetch_end){ .tag = f->tag };
	curl_easy_getinfo(f->c, CURLINFO_RESPONSE_CODE, &out->status);
	if (f->rc != CURLE_OK) {
		out->err = result(&f->run, f->rc, &text);
		(void)snprintf(out->text, sizeof(out->text), "%s", text);
	}
	land(f);
	return true;
}

const char *
fetch_header(const struct fetch_response *r, const char *name)
{
	for (size_t i = r->nheaders; i-- > 0;)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

bool
fetch_is_loopback(const char *address)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, address, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, address, &six) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&six) ||
	    (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

void
fetch_close(void)
{
	curl_easy_cleanup(kept);
	kept = NULL;
	if (under_way == 0) {
		curl_multi_cleanup(multi);
		multi = NULL;
	}
}
