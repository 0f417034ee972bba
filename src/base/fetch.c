#include "base/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

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
	struct buf body;
	size_t max;
	bool refused, toobig;
	char error[CURL_ERROR_SIZE]; /* more of it than curl_easy_strerror() */
};

static CURL *kept;

static bool
may_reach(const struct run *r, const struct ip *ip)
{
	if (r->rq->any_address || !ip_is_private(ip))
		return true;
	for (size_t i = 0; i < r->rq->nallow_private; i++)
		if (ip_in(ip, r->rq->allow_private[i]))
			return true;
	return false;
}

/* A new connection is refused before a packet leaves. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct run *r = arg;
	struct ip ip;

	(void)purpose;
	if (!ip_of_sockaddr(&ip, &to->addr) || !may_reach(r, &ip)) {
		r->refused = true;
		return CURL_SOCKET_BAD;
	}
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
	if (ip_parse(remote, &ip) && may_reach(r, &ip))
		return CURL_PREREQFUNC_OK;
	r->refused = true;
	return CURL_PREREQFUNC_ABORT;
}

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct run *r = arg;

	n *= size;
	if (n > r->max - r->body.len) {
		r->toobig = true;
		return 0;
	}
	buf_add(&r->body, p, n);
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

static void
set_limits(CURL *c, struct run *r)
{
	long ms = r->rq->timeout_ms > 0 ? r->rq->timeout_ms : FETCH_TIMEOUT_MS;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
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
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, rq->body.s);
		curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.len);
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
log_failure(struct arena *a, const char *url, const char *text)
{
	const char *host = strstr(url, "://") + 3;
	char *s = arena_strndup(a, host, strcspn(host, "/?#"));
	char *at = strrchr(s, '@');

	log_warning(
	    "fetch", "host", at == NULL ? s : at + 1, "why", text, NULL);
}

static enum err
result(struct arena *a, const struct run *r, CURLcode rc)
{
	enum err e = ERR_UPSTREAM;
	const char *text = curl_easy_strerror(rc);

	if (r->toobig) {
		e = ERR_TOOBIG;
		text = "the answer is over the limit";
	} else if (r->refused) {
		e = ERR_DENIED;
		text = "the address is private; see allowPrivate";
	} else if (rc == CURLE_URL_MALFORMAT) {
		e = ERR_INVALID;
	} else if (r->error[0] != '\0') {
		text = r->error;
	}
	if (r->rq->why != NULL)
		return why(r->rq->why, e, NULL, "%s", text);
	log_failure(a, r->rq->url, text);
	return e;
}

static enum err
perform(struct arena *a, struct run *r, struct curl_slist *headers,
    struct fetch_response *out)
{
	struct fetch_response got = { .status = 0 };
	CURLcode rc;

	if (kept == NULL && (kept = curl_easy_init()) == NULL)
		abort();
	curl_easy_reset(kept);
	set_limits(kept, r);
	set_request(kept, r->rq);
	curl_easy_setopt(kept, CURLOPT_HTTPHEADER, headers);
	rc = curl_easy_perform(kept);
	curl_easy_setopt(kept, CURLOPT_ERRORBUFFER, NULL);
	if (r->rq->connected != NULL)
		*r->rq->connected = was_connected(kept, r->rq->url);
	if (rc != CURLE_OK)
		return result(a, r, rc);
	curl_easy_getinfo(kept, CURLINFO_RESPONSE_CODE, &got.status);
	keep_headers(a, kept, &got);
	if (r->rq->why != NULL)
		got.certificate_end = certificate_end(kept);
	got.body = buf_slice(&r->body);
	*out = got;
	return ERR_OK;
}

enum err
fetch_run(
    struct arena *a, const struct fetch_request *rq, struct fetch_response *out)
{
	struct run r = { .rq = rq };
	struct curl_slist *headers = NULL;
	enum err e = ERR_INVALID;

	r.max = rq->max_bytes > 0 ? rq->max_bytes : FETCH_MAX_BYTES;
	buf_init(&r.body, a);
	if (!url_is_good(rq->url)) {
		e = why(rq->why, e, NULL, "no absolute URL of http or https");
		log_warning(
		    "fetch", "why", "no absolute URL of http or https", NULL);
		goto out;
	}
	if (!headers_of(rq->headers, &headers)) {
		log_warning("fetch", "why", "a header holds a control", NULL);
		goto out;
	}
	e = perform(a, &r, headers, out);
out:
	curl_slist_free_all(headers);
	return e;
}

const char *
fetch_header(const struct fetch_response *r, const char *name)
{
	for (size_t i = r->nheaders; i-- > 0;)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

void
fetch_close(void)
{
	curl_easy_cleanup(kept);
	kept = NULL;
}
