#include "base/text.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Length of the character that starts at `p`, 0 if it is none: the table
 * of RFC 3629, section 4.
 */
static size_t
utf8_char(const unsigned char *p, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t i, n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t
text_utf8_part(struct slice s)
{
	size_t at = 0, n;

	while (at < s.len) {
		n = utf8_char((const unsigned char *)s.s + at, s.len - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

bool
text_utf8(struct slice s)
{
	return text_utf8_part(s) == s.len;
}

size_t
text_cut(struct slice s, size_t max)
{
	size_t at = max;

	if (s.len <= max)
		return s.len;
	while (
	    at > 0 && max - at < 3 && ((unsigned char)s.s[at] & 0xc0) == 0x80)
		at--;
	/* Bytes that are no UTF-8 can be cut anywhere. */
	return ((unsigned char)s.s[at] & 0xc0) == 0x80 ? max : at;
}

void
text_hex(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte of two digits, or -1. */
static int
hex_byte(const char *s)
{
	int high = hex_digit(s[0]), low = hex_digit(s[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool
text_unhex(struct slice in, unsigned char *out, size_t n)
{
	size_t i;

	if (in.len / 2 != n || in.len % 2 != 0)
		return false;
	for (i = 0; i < n; i++)
		if (hex_byte(in.s + 2 * i) < 0)
			return false;
	for (i = 0; i < n; i++)
		out[i] = (unsigned char)hex_byte(in.s + 2 * i);
	return true;
}

char *
text_base64(struct arena *a, const void *p, size_t n)
{
	char *out;

	if (n > INT_MAX / 4 * 3 - 3)
		abort();
	out = arena_alloc(a, (n + 2) / 3 * 4 + 1);
	(void)EVP_EncodeBlock((unsigned char *)out, p, (int)n);
	return out;
}

char *
text_base64url(struct arena *a, const void *p, size_t n)
{
	char *s = text_base64(a, p, n);

	for (char *c = s; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return s;
}

/* What a character stands for, with `c62` and `c63` the last two; or -1. */
static int
base64_digit(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == c62 ? 62 : c == c63 ? 63 : -1;
}

/* Take off the padding; false when it is not what the length asks for. */
static bool
base64_unpad(struct slice *in)
{
	size_t pad = 0;

	while (pad < 2 && pad < in->len && in->s[in->len - 1 - pad] == '=')
		pad++;
	if (pad > 0 && in->len % 4 != 0)
		return false;
	in->len -= pad;
	return in->len % 4 != 1;
}

bool
text_unbase64(struct arena *a, struct slice in, struct slice *out)
{
	unsigned char *bytes;
	uint32_t bits = 0;
	size_t i, n = 0;
	bool url;
	int d;

	if (!base64_unpad(&in))
		return false;
	url = in.len > 0 &&
	    (memchr(in.s, '-', in.len) != NULL ||
		memchr(in.s, '_', in.len) != NULL);
	bytes = arena_alloc(a, in.len / 4 * 3 + 3);
	for (i = 0; i < in.len; i++) {
		d = base64_digit(in.s[i], url ? '-' : '+', url ? '_' : '/');
		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 != 0)
			bytes[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	/* Bits left over are zero (RFC 4648, section 3.5): one text, one
	 * value. */
	if (in.len % 4 != 0 && (bits & (in.len % 4 == 2 ? 15U : 3U)) != 0)
		return false;
	*out = (struct slice){ (char *)bytes, n };
	return true;
}

bool
text_unpercent(struct arena *a, struct slice in, bool plus, struct slice *out)
{
	char *s = arena_alloc(a, in.len + 1);
	size_t i, n = 0;
	int byte;

	for (i = 0; i < in.len; i++) {
		if (in.s[i] == '%') {
			if (in.len - i < 3 ||
			    (byte = hex_byte(in.s + i + 1)) < 0)
				return false;
			s[n++] = (char)byte;
			i += 2;
		} else {
			s[n++] = in.s[i];
			if (plus && in.s[i] == '+')
				s[n - 1] = ' ';
		}
	}
	*out = (struct slice){ s, n };
	return true;
}

static bool
unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

char *
text_percent(struct arena *a, struct slice in)
{
	static const char digits[] = "0123456789ABCDEF";
	char *s;
	size_t i, n = 0;

	if (in.len > (SIZE_MAX - 1) / 3)
		abort();
	s = arena_alloc(a, in.len * 3 + 1);
	for (i = 0; i < in.len; i++) {
		if (unreserved(in.s[i])) {
			s[n++] = in.s[i];
			continue;
		}
		s[n++] = '%';
		s[n++] = digits[(unsigned char)in.s[i] >> 4];
		s[n++] = digits[(unsigned char)in.s[i] & 15];
	}
	return s;
}

bool
text_same(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || CRYPTO_memcmp(a.s, b.s, a.len) == 0);
}

struct text_num
text_num(long long n)
{
	unsigned long long rest =
	    n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n;
	char digits[sizeof(struct text_num)], *p = digits + sizeof(digits);
	struct text_num t;

	*--p = '\0';
	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (n < 0)
		*--p = '-';
	memcpy(t.s, p, (size_t)(digits + sizeof(digits) - p));
	return t;
}

/*
 * Eight places at a time, by the first and the last byte: a byte of `x` is 0
 * where both are right (and in some of those above; the rest is compared).
 */
static const char *
find_wide(const char **at, const char *end, struct slice needle)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t first = ones * (unsigned char)needle.s[0];
	const uint64_t last = ones * (unsigned char)needle.s[needle.len - 1];
	const char *p = *at;

	for (; end - p >= 8; p += 8) {
		uint64_t a, b, x;

		memcpy(&a, p, 8);
		memcpy(&b, p + needle.len - 1, 8);
		x = (a ^ first) | (b ^ last);
		if (((x - ones) & ~x & ones * 0x80) == 0)
			continue;
		for (unsigned i = 0; i < 8; i++)
			if (p[i] == needle.s[0] &&
			    memcmp(p + i, needle.s, needle.len) == 0)
				return p + i;
	}
	*at = p;
	return NULL;
}

const char *
text_find(struct slice in, struct slice needle)
{
	const char *p = in.s, *end, *found;

	if (needle.len == 0)
		return p;
	if (in.len < needle.len)
		return NULL;
	end = in.s + (in.len - needle.len) + 1;
	if ((found = find_wide(&p, end, needle)) != NULL)
		return found;
	for (; p < end; p++)
		if (memcmp(p, needle.s, needle.len) == 0)
			return p;
	return NULL;
}
