#include "wallet/google/gate.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "store/state.h"

#define FIRST_MS   1000
#define HEX_LEN    ((size_t)DIGEST_LEN * 2)
#define REASON_MAX 64
#define PLAIN                                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const char *
name_of(const struct gate_of *of)
{
	return arena_printf(of->a, "google.gate.%s", of->issuer);
}

static const char *
account_of(const struct gate_of *of)
{
	char *hex = arena_alloc(of->a, HEX_LEN + 1);

	text_hex(hex, account_digest(of->account), DIGEST_LEN);
	return hex;
}

void
gate_get(const struct gate_of *of, struct gate *out)
{
	struct json_object *o = NULL;
	const char *account, *reason;
	int64_t reached;
	struct slice s;

	*out = (struct gate){ .reason = "" };
	if (state_get(of->store, name_of(of), of->a, &s) != ERR_OK ||
	    json_parse(of->a, s, JSON_DEPTH, &o, NULL) != ERR_OK)
		return;
	account = json_get_string(o, "account");
	reason = json_get_string(o, "reason");
	reached = json_get_int(o, "why", GATE_OPEN);
	if (account == NULL || strcmp(account, account_of(of)) != 0 ||
	    reason == NULL || reached < 0 || reached >= GATE__MAX)
		return;
	*out = (struct gate){ .why = (enum gate_why)reached,
		.until = json_get_int(o, "until", 0),
		.failures = (unsigned)json_get_int(o, "failures", 0),
		.status = (long)json_get_int(o, "status", 0),
		.reason = reason };
}

static enum err
keep(const struct gate_of *of, const struct gate *g)
{
	struct json_object *o = json_object_in(of->a);

	json_set_string(o, "account", account_of(of));
	json_set_int(o, "why", g->why);
	json_set_int(o, "until", g->until);
	json_set_int(o, "failures", g->failures);
	json_set_int(o, "status", g->status);
	json_set_string(o, "reason", g->reason);
	return state_put(of->store, name_of(of), json_text(of->a, o));
}

bool
gate_holds(const struct gate *g, int64_t now)
{
	/* Later than any is set: the clock was set back. */
	return g->why != GATE_OPEN && now < g->until &&
	    g->until <= now + GATE_MOST_MS;
}

static int64_t
pause_of(const struct gate *g)
{
	return g->why == GATE_LATER
	    ? clock_back_off(FIRST_MS, GATE_GROWN_MS, g->failures)
	    : GATE_DENIED_MS;
}

enum err
gate_shut(const struct gate_of *of, struct gate *g, const struct gate *failure,
    int64_t now)
{
	const bool held = gate_holds(g, now) && g->why == failure->why;
	int64_t until = held ? g->until : 0, ms = failure->until;
	size_t plain;

	g->why = failure->why;
	g->status = failure->status;
	plain = strspn(failure->reason, PLAIN);
	g->reason = arena_strndup(
	    of->a, failure->reason, plain < REASON_MAX ? plain : REASON_MAX);
	if (!held) {
		g->failures++;
		ms = pause_of(g) > ms ? pause_of(g) : ms;
	}
	ms = ms < GATE_MOST_MS ? ms : GATE_MOST_MS;
	g->until = now + ms > until ? now + ms : until;
	return keep(of, g);
}

enum err
gate_open(const struct gate_of *of)
{
	return state_put(of->store, name_of(of), (struct slice){ NULL, 0 });
}

/* "403 permissionDenied", "503", "no answer" */
static const char *
answer_of(struct arena *a, const struct gate *g)
{
	if (g->status == 0)
		return "no answer";
	return arena_printf(a, "%ld%s%s", g->status,
	    g->reason[0] == '\0' ? "" : " ", g->reason);
}

const char *
gate_text(const struct gate_of *of, const struct gate *g)
{
	const char *email = account_email(of->account);
	const char *answer = answer_of(of->a, g);

	switch (g->why) {
	case GATE_ISSUER:
		return arena_printf(of->a,
		    "Google lets the service account do nothing for the issuer "
		    "%s (%s): in the Google Pay & Wallet Console, Users, "
		    "invite %s as Developer, and see that google.issuerId is "
		    "that issuer's",
		    of->issuer, answer, email);
	case GATE_TOKEN:
		return arena_printf(of->a,
		    "Google gives %s no access token (%s): its key may be "
		    "deleted in the Google Cloud console, where another is "
		    "made under Service Accounts, Keys; or the clock of this "
		    "machine is wrong",
		    email, answer);
	case GATE_LATER:
		return arena_printf(of->a,
		    "Google Wallet cannot be told of changes (%s), %u %s: "
		    "nothing is lost, and it is tried again",
		    answer, g->failures,
		    g->failures == 1 ? "time" : "times in a row");
	default:
		return "";
	}
}
