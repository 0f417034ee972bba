#include "pass/hook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#define HEADERS 6

static const char *const names[EVENT__MAX] = {
	[EVENT_CREATED] = "pass.created",
	[EVENT_UPDATED] = "pass.updated",
	[EVENT_INSTALLED] = "pass.installed",
	[EVENT_UNINSTALLED] = "pass.uninstalled",
	[EVENT_NOTIFIED] = "pass.notified",
};

const char *
hook_event(enum event_kind kind)
{
	return names[kind];
}

bool
hook_event_find(const char *name, enum event_kind *kind)
{
	for (enum event_kind k = 0; k < EVENT__MAX; k++)
		if (strcmp(names[k], name) == 0) {
			*kind = k;
			return true;
		}
	return false;
}

char *
hook_secret(struct arena *a, const unsigned char secret[WEBHOOK_SECRET])
{
	return arena_printf(
	    a, "whsec_%s", text_base64(a, secret, WEBHOOK_SECRET));
}

static const char *
id_of(struct arena *a, const struct delivery *d)
{
	return arena_printf(a, "msg_%s", d->id);
}

static const char *
wallet_name(unsigned wallet)
{
	if (wallet == STORE_APPLE)
		return "apple";
	return wallet == STORE_GOOGLE ? "google" : NULL;
}

struct slice
hook_body(struct arena *a, const char *tenant, const struct delivery *d)
{
	struct json_object *o = json_object_in(a), *data = json_object_in(a);
	const char *wallet = wallet_name(d->event.wallet);
	char date[CLOCK_ISO_SIZE];

	clock_iso(d->event.date, date);
	json_set_string(o, "id", id_of(a, d));
	json_set_string(o, "type", names[d->event.kind]);
	json_set_string(o, "timestamp", date);
	json_set_string(data, "tenantId", tenant);
	json_set_string(data, "passId", d->event.pass);
	json_set_string(data, "passType", d->event.type);
	if (wallet != NULL)
		json_set_string(data, "wallet", wallet);
	json_set(o, "data", data);
	return json_text(a, o);
}

const char *
hook_sign(struct arena *a, const struct hook_signed *s)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct buf b;

	buf_init(&b, a);
	buf_printf(&b, "%s.%lld.", s->id, (long long)s->seconds);
	buf_add(&b, s->body.s, s->body.len);
	if (HMAC(EVP_sha256(), s->key.s, (int)s->key.len,
		(const unsigned char *)b.s, b.len, mac, &len) == NULL)
		abort();
	return arena_printf(a, "v1,%s", text_base64(a, mac, len));
}

static const char *
signatures(struct arena *a, const struct webhook *w,
    const struct hook_signed *of, int64_t now)
{
	struct hook_signed s = *of;
	const char *first, *second;

	s.key = (struct slice){ (const char *)w->secret, WEBHOOK_SECRET };
	first = hook_sign(a, &s);
	if (now >= w->former_until)
		return first;
	s.key.s = (const char *)w->former;
	second = hook_sign(a, &s);
	return arena_printf(a, "%s %s", first, second);
}

const char *const *
hook_headers(struct arena *a, const struct webhook *w, const struct delivery *d,
    struct slice body, int64_t now)
{
	const char **h = arena_alloc(a, HEADERS * sizeof(*h));
	const struct hook_signed s = {
		.id = id_of(a, d), .seconds = now / 1000, .body = body
	};

	h[0] = "Content-Type: application/json";
	h[1] = "User-Agent: Passwright";
	h[2] = arena_printf(a, "webhook-id: %s", s.id);
	h[3] = arena_printf(a, "webhook-timestamp: %lld", (long long)s.seconds);
	h[4] =
	    arena_printf(a, "webhook-signature: %s", signatures(a, w, &s, now));
	return h;
}
