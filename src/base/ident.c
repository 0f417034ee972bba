#include "base/ident.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define ALNUM                                                                  \
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                 \
	"abcdefghijklmnopqrstuvwxyz"
#define LOWER "0123456789abcdefghijklmnopqrstuvwxyz"

void
ident_random(void *p, size_t n)
{
	unsigned char *out = p;
	ssize_t got;

	while (n > 0) {
		got = getrandom(out, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		out += got;
		n -= (size_t)got;
	}
}

void
ident_new(char *out, size_t len, ident_random_fn *random)
{
	static const char alphabet[] = ALNUM;
	const size_t letters = sizeof(alphabet) - 1;
	unsigned char bytes[32];
	size_t i, n = 0;

	while (n < len) {
		random(bytes, sizeof(bytes));
		/* A draw past the alphabet is thrown away: a remainder
		 * would favour the first letters. */
		for (i = 0; i < sizeof(bytes) && n < len; i++)
			if ((bytes[i] & 63U) < letters)
				out[n++] = alphabet[bytes[i] & 63U];
	}
	out[len] = '\0';
}

static bool
one_of(struct slice s, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_is(s, *names))
			return true;
	return false;
}

/* min..max characters of `set`. */
static bool
all_of(struct slice s, size_t min, size_t max, const char *set)
{
	size_t i;

	if (s.len < min || s.len > max)
		return false;
	for (i = 0; i < s.len; i++)
		if (s.s[i] == '\0' || strchr(set, s.s[i]) == NULL)
			return false;
	return true;
}

bool
ident_is_pass(struct slice s)
{
	static const char *const literal[] = { "findPass", "getPasses",
		"notification", "pushUpdate", "stats", "apple", "google",
		NULL };

	return all_of(s, 5, IDENT_PASS_MAX, ALNUM "_-") && !one_of(s, literal);
}

bool
ident_is_tenant(struct slice s)
{
	static const char *const reserved[] = { "api", "healthz", "metrics",
		"cgi-bin", NULL };

	return all_of(s, 1, 63, LOWER "-") && s.s[0] != '-' &&
	    !one_of(s, reserved);
}

bool
ident_is_name(struct slice s)
{
	return all_of(s, 1, 64, ALNUM "_-") && s.s[0] != '_' && s.s[0] != '-';
}

bool
ident_is_request(struct slice s)
{
	return all_of(s, 8, 64, ALNUM "._-");
}
