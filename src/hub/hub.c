#include "hub/hub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fetch.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/audience.h"
#include "hub/listen.h"
#include "live/token.h"

#define SOCKETS_MAX 16384 /* connections, and what else is open */
#define SPARE       64    /* descriptors for anything but connections */
#define PASS_MAX    100   /* that listen to one pass */
#define ADDRESS_MAX 1000  /* of one client's address: a venue's network */

#define PING_S   30   /* of silence, until a client is asked */
#define HANGUP_S 45   /* and until it is taken for gone */
#define HEARD    4096 /* bytes that a client may say in all */
#define SEND_BUF 16384
#define CROWD    500 /* sockets for which it rests a millisecond */
#define BATCH    64  /* connections or datagrams in one go */
#define END_US   (2 * LWS_USEC_PER_SEC)

#define PATH_MAX_LEN  1024
#define TOKEN_MAX_LEN 256
#define FRAME_MAX_LEN 256

struct hub {
	const struct server *server;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct audience *audience;
	struct arena *a; /* of one callback */
	size_t sockets, most;
	bool stopping, stopped;
};

/* A client that was let in. */
struct client {
	struct listener l;
	size_t heard;
};

static struct hub *
hub_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

/* -- who comes in ---------------------------------------------------------- */

static int
refuse(struct lws *wsi, unsigned status, const char *why)
{
	log_debug(
	    "hub_refused", "status", text_num(status).s, "why", why, NULL);
	return lws_return_http_status(wsi, status, why) < 0 ? -1 : 1;
}

/* .../TENANT/live, wherever the server is mounted. */
static bool
read_path(struct hub *h, struct lws *wsi, struct live_tenant *out)
{
	char path[PATH_MAX_LEN];
	const int n =
	    lws_hdr_copy(wsi, path, (int)sizeof(path), WSI_TOKEN_GET_URI);
	char *slash;

	if (n < 5 || strcmp(path + n - 5, "/live") != 0)
		return false;
	path[n - 5] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || !ident_is_tenant(slice_of(slash + 1)))
		return false;
	out->id = arena_strdup(h->a, slash + 1);
	out->dir = arena_printf(h->a, "%s/%s", h->server->tenants, out->id);
	return true;
}

/*
 * A web server on this machine says at the end of X-Forwarded-For who asked
 * it; nobody else is believed.  "": it does not say.
 */
static const char *
client_address(struct hub *h, struct lws *wsi)
{
	unsigned char in[sizeof(struct in6_addr)];
	char text[PATH_MAX_LEN];
	const char *p;
	int n;

	text[0] = '\0';
	(void)lws_get_peer_simple(wsi, text, sizeof(text));
	if (!fetch_is_loopback(text))
		return arena_strdup(h->a, text);
	n = lws_hdr_copy(
	    wsi, text, (int)sizeof(text), WSI_TOKEN_X_FORWARDED_FOR);
	if (n <= 0)
		return n == 0 ? "" : "too long"; /* those share one limit */
	p = strrchr(text, ',');
	p = p == NULL ? text : p + 1;
	p += strspn(p, " ");
	return inet_pton(AF_INET, p, in) == 1 || inet_pton(AF_INET6, p, in) == 1
	    ? arena_strdup(h->a, p)
	    : "";
}

static int
let_in(struct hub *h, struct lws *wsi, const struct live_tenant *t,
    const char *pass)
{
	const struct audience_seat seat = { t->id, pass,
		client_address(h, wsi) };
	struct client *c = calloc(1, sizeof(*c));
	struct why w;

	if (c == NULL)
		abort();
	c->l.owner = wsi;
	if (audience_join(h->audience, &c->l, &seat, &w) != ERR_OK) {
		free(c);
		return refuse(wsi, w.field[0] == '\0' ? 503 : 429, w.text);
	}
	lws_set_opaque_user_data(wsi, c);
	return 0;
}

/* What LWS_CALLBACK_HTTP_CONFIRM_UPGRADE asks for: 0 lets it in. */
static int
confirm(struct hub *h, struct lws *wsi, const char *protocol)
{
	char text[TOKEN_MAX_LEN];
	struct live_tenant t;
	const char *token, *pass;

	if (strcasecmp(protocol, "websocket") != 0)
		return refuse(wsi, 426, "Ask for a WebSocket.");
	if (!read_path(h, wsi, &t))
		return refuse(wsi, 404, "There is nothing at this path.");
	token = lws_get_urlarg_by_name(wsi, "token=", text, (int)sizeof(text));
	if (token == NULL || *token == '\0')
		return refuse(wsi, 401, "Ask connect for a token.");
	if (live_token_check(h->a, &t, slice_of(token), clock_now(), &pass) !=
	    ERR_OK)
		return refuse(wsi, 403,
		    "The token is not good here, or has expired; ask connect "
		    "for another.");
	return let_in(h, wsi, &t, pass);
}

/* -- what is said to them -------------------------------------------------- */

static struct slice
frame(struct hub *h, const struct listener *l)
{
	struct json_object *o = json_object_in(h->a);
	char iso[CLOCK_ISO_SIZE];

	clock_iso(l->pending[l->first].date, iso);
	json_set_string(o, "type", live_kinds[l->pending[l->first].kind]);
	json_set_string(o, "passId", strchr(l->key, '/') + 1);
	json_set_string(o, "date", iso);
	return json_text(h->a, o);
}

static int
say(struct hub *h, struct lws *wsi, struct listener *l)
{
	unsigned char out[LWS_PRE + FRAME_MAX_LEN];
	struct slice text;

	if (h->stopping) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
		return -1;
	}
	if (l->n == 0)
		return 0;
	text = frame(h, l);
	if (text.len > FRAME_MAX_LEN)
		return -1;
	memcpy(out + LWS_PRE, text.s, text.len);
	l->first = (l->first + 1) % AUDIENCE_PENDING;
	l->n--;
	if (lws_write(wsi, out + LWS_PRE, text.len, LWS_WRITE_TEXT) <
	    (int)text.len)
		return -1;
	if (l->n > 0)
		(void)lws_callback_on_writable(wsi);
	return 0;
}

static void
wake(struct listener *l)
{
	if (!l->behind) {
		(void)lws_callback_on_writable(l->owner);
		return;
	}
	log_info("hub_slow", NULL);
	lws_set_timeout(
	    l->owner, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static int
ended(struct hub *h, struct lws *wsi, struct client *c)
{
	h->sockets--;
	if (c == NULL)
		return 0;
	lws_set_opaque_user_data(wsi, NULL);
	audience_leave(h->audience, &c->l);
	free(c);
	if (h->stopping && audience_count(h->audience) == 0)
		h->stopped = true;
	return 0;
}

static int
on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct hub *h = hub_of(wsi);
	struct client *c = lws_get_opaque_user_data(wsi);
	int rc;

	switch (reason) {
	case LWS_CALLBACK_WSI_CREATE:
		h->sockets++;
		return 0;
	case LWS_CALLBACK_HTTP:
		rc = refuse(wsi, 426, "Ask for a WebSocket.");
		return rc < 0 || lws_http_transaction_completed(wsi) ? -1 : 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		rc = confirm(h, wsi, in);
		break;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		rc = c == NULL ? 0 : say(h, wsi, &c->l);
		break;
	case LWS_CALLBACK_RECEIVE:
		return c == NULL || (c->heard += len) > HEARD ? -1 : 0;
	case LWS_CALLBACK_WSI_DESTROY:
		return ended(h, wsi, c);
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
	arena_reset(h->a);
	return rc;
}

/* -- the hub's own descriptors --------------------------------------------- */

static int
on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	const int size = SEND_BUF;
	struct hub *h = hub_of(wsi);

	(void)user, (void)in, (void)len;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	if (h->stopping)
		return -1;
	for (int i = 0; i < BATCH; i++) {
		const int fd = accept4(lws_get_socket_fd(wsi), NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			break;
		/* Who does not read is behind soon. */
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		if (h->sockets >= h->most)
			close(fd);
		else
			(void)!lws_adopt_socket_vhost(h->vhost, fd);
	}
	return 0;
}

static int
on_datagram(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	static char text[LIVE_DATAGRAM];
	struct hub *h = hub_of(wsi);
	struct live_event e;

	(void)user, (void)in, (void)len;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	for (int i = 0; i < BATCH; i++) {
		const ssize_t n =
		    recv(lws_get_socket_fd(wsi), text, sizeof(text), 0);
		struct slice rest = { text, n > 0 ? (size_t)n : 0 };

		if (n < 0)
			break;
		while (live_next(&rest, &e))
			audience_tell(h->audience, &e, wake);
	}
	return 0;
}

/* Everybody is told to go; who does not is left behind. */
static int
on_signal(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct hub *h = hub_of(wsi);
	struct signalfd_siginfo info;

	(void)user, (void)in, (void)len;
	if (reason == LWS_CALLBACK_TIMER)
		h->stopped = true;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	(void)!read(lws_get_socket_fd(wsi), &info, sizeof(info));
	h->stopping = true;
	h->stopped = audience_count(h->audience) == 0;
	audience_each(h->audience, wake);
	lws_set_timer_usecs(wsi, END_US);
	return 0;
}

/* -- its life -------------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
	{ .name = "live", .callback = on_client, .rx_buffer_size = 512 },
	{ .name = "connection", .callback = on_connection },
	{ .name = "datagram", .callback = on_datagram },
	{ .name = "signal", .callback = on_signal },
	{ .name = NULL },
};

static void
on_library(int level, const char *line)
{
	const size_t n = strcspn(line, "\n");
	char text[256];

	(void)level;
	(void)snprintf(text, sizeof(text), "%.*s", (int)n, line);
	log_warning("hub_library", "why", text, NULL);
}

/* As many descriptors as there may be; lws makes a table of them. */
static void
raise_limit(struct hub *h)
{
	struct rlimit r;

	h->most = 256;
	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur =
	    r.rlim_max < SOCKETS_MAX + SPARE ? r.rlim_max : SOCKETS_MAX + SPARE;
	if (setrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur > SPARE)
		h->most = r.rlim_cur - SPARE;
}

static enum err
create(struct hub *h)
{
	static const lws_retry_bo_t idle = {
		.secs_since_valid_ping = PING_S,
		.secs_since_valid_hangup = HANGUP_S,
	};
	const struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.gid = -1,
		.uid = -1,
		.user = h,
		.retry_and_idle_policy = &idle,
		.max_http_header_pool = 256, /* that are just coming in */
		.pt_serv_buf_size = 4096,
		.timeout_secs = 10,
		.keepalive_timeout = 10,
	};

	lws_set_log_level(LLL_ERR, on_library);
	if ((h->context = lws_create_context(&info)) == NULL)
		return ERR_INTERNAL;
	h->vhost = lws_get_vhost_by_name(h->context, "default");
	return h->vhost == NULL ? ERR_INTERNAL : ERR_OK;
}

static int
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	/* The log needs no signal, and a habit should not end us. */
	(void)signal(SIGHUP, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * poll(2) looks at every socket each time, which takes a millisecond for some
 * thousands: where there are many, it is given more to find at a time.
 */
static void
rest(const struct hub *h)
{
	const struct timespec t = { .tv_nsec =
					(long)(h->sockets / CROWD) * 1000000 };

	if (t.tv_nsec > 0)
		nanosleep(&t, NULL);
}

/* lws closes `fd` in the end, and here if it does not take it. */
static enum err
take(struct hub *h, int fd, const char *protocol)
{
	const lws_sock_file_fd_type d = { .filefd = fd };

	if (fd < 0 ||
	    lws_adopt_descriptor_vhost(
		h->vhost, LWS_ADOPT_RAW_FILE_DESC, d, protocol, NULL) == NULL)
		return ERR_INTERNAL;
	return ERR_OK;
}

enum err
hub_run(const struct server *s)
{
	struct hub h = { .server = s };
	struct audience_limits limits = { .pass = PASS_MAX,
		.address = ADDRESS_MAX };
	enum err e;

	raise_limit(&h);
	limits.all = h.most;
	h.audience = audience_new(&limits);
	h.a = arena_new(4096);
	if ((e = create(&h)) == ERR_OK &&
	    (e = take(&h, signals(), "signal")) == ERR_OK &&
	    (e = take(&h, listen_clients(s), "connection")) == ERR_OK &&
	    (e = take(&h, listen_datagrams(s), "datagram")) == ERR_OK) {
		log_info("hub_start", "listen", s->hub.listen, NULL);
		while (!h.stopped && lws_service(h.context, 0) >= 0)
			rest(&h);
		(void)unlink(s->hub.socket);
		log_info("hub_stop", NULL);
	}
	if (h.context != NULL)
		lws_context_destroy(h.context);
	audience_free(h.audience);
	arena_free(h.a);
	return e;
}
