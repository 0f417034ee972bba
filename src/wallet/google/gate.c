#include "wallet/google/gate.h"

#include <stdio.h>
#include <string.h>

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

/* "ACCOUNT WHY UNTIL FAILURES STATUS REASON" */
void
gate_get(const struct gate_of *of, struct gate *out)
{
	struct gate g = { .reason = "" };
	char hex[HEX_LEN + 1], reason[REASON_MAX + 1] = "";
	long long until;
	unsigned reached;
	struct slice s;

	*out = g;
	if (state_get(of->store, name_of(of), of->a, &s) != ERR_OK ||
	    sscanf(s.s, "%64s %u %lld %u %ld %64s", hex, &reached, &until,
		&g.failures, &g.status, reason) < 5 ||
	    strcmp(hex, account_of(of)) != 0 || reached >= GATE__MAX)
		return;
	g.why = (enum gate_why)reached;
	g.until = until;
	g.reason = arena_strdup(of->a, reason);
	*out = g;
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
	int64_t ms = FIRST_MS;

	if (g->why != GATE_LATER)
		return GATE_DENIED_MS;
	for (unsigned n = g->failures; n > 1 && ms < GATE_GROWN_MS; n--)
		ms *= 2;
	return ms < GATE_GROWN_MS ? ms : GATE_GROWN_MS;
}

enum err
gate_shut(const struct gate_of *of, struct gate *g, const struct gate *failure,
    int64_t now)
{
	const bool held = gate_holds(g, now) && g->why == failure->why;
	int64_t until = held ? g->until : 0, ms = failure->until;

	g->why = failure->why;
	g->status = failure->status;
	g->reason = arena_strndup(
	    of->a, failure->reason, strspn(failure->reason, PLAIN));
	if (!held) {
		g->failures++;
		ms = pause_of(g) > ms ? pause_of(g) : ms;
	}
	ms = ms < GATE_MOST_MS ? ms : GATE_MOST_MS;
	g->until = now + ms > until ? now + ms : until;
	return state_put(of->store, name_of(of),
	    slice_of(arena_printf(of->a, "%s %u %lld %u %ld %.*s",
		account_of(of), (unsigned)g->why, (long long)g->until,
		g->failures, g->status, REASON_MAX, g->reason)));
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
