#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY_MS    INT64_C(86400000)
#define YEAR_0    (-INT64_C(719528) * DAY_MS)     /* 0000-01-01 */
#define YEAR_9999 (INT64_C(2932897) * DAY_MS - 1) /* its last millisecond */

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

struct civil {
	int year, month, day; /* month and day from 1 */
	int hour, min, sec, ms;
};

/* What is left to read; the readers move on only when they match. */
struct input {
	const char *s, *end;
};

int64_t
clock_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		abort();
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_tick(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		abort();
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_back_off(int64_t first, int64_t most, unsigned failures)
{
	while (failures-- > 1 && first < most)
		first *= 2;
	return first < most ? first : most;
}

/*
 * Days since 1970-01-01 of the proleptic Gregorian calendar and back, by
 * eras of 400 years that start on 1 March (Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms"); moved up an era, for the year 0.
 */
static int64_t
days_of(const struct civil *c)
{
	int64_t y = c->year + 400 - (c->month <= 2);
	int64_t era = y / 400, yoe = y % 400;
	int64_t doy = (153 * ((c->month + 9) % 12) + 2) / 5 + c->day - 1;

	return (era - 1) * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy -
	    719468;
}

static void
civil_of(int64_t ms, struct civil *c)
{
	int64_t t = ms - YEAR_0; /* never negative */
	int64_t z = t / DAY_MS - 60 + 146097;
	int64_t era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + (era - 1) * 400 + (c->month <= 2));
	t %= DAY_MS;
	c->hour = (int)(t / 3600000);
	c->min = (int)(t / 60000 % 60);
	c->sec = (int)(t / 1000 % 60);
	c->ms = (int)(t % 1000);
}

static int64_t
instant_of(const struct civil *c)
{
	return days_of(c) * DAY_MS + c->hour * INT64_C(3600000) +
	    c->min * INT64_C(60000) + c->sec * INT64_C(1000) + c->ms;
}

static int64_t
nearest(int64_t ms)
{
	return ms < YEAR_0 ? YEAR_0 : ms > YEAR_9999 ? YEAR_9999 : ms;
}

/* `n` digits of a number, and what follows them. */
static char *
digits(char *p, unsigned v, int n, char after)
{
	p[n] = after;
	for (int i = n; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n + 1;
}

/* Each pass has several: printf(3) would be felt. */
void
clock_iso(int64_t ms, char out[CLOCK_ISO_SIZE])
{
	struct civil c;

	civil_of(nearest(ms), &c);
	out = digits(out, (unsigned)c.year, 4, '-');
	out = digits(out, (unsigned)c.month, 2, '-');
	out = digits(out, (unsigned)c.day, 2, 'T');
	out = digits(out, (unsigned)c.hour, 2, ':');
	out = digits(out, (unsigned)c.min, 2, ':');
	out = digits(out, (unsigned)c.sec, 2, '.');
	*digits(out, (unsigned)c.ms, 3, 'Z') = '\0';
}

void
clock_http(int64_t ms, char out[CLOCK_HTTP_SIZE])
{
	struct civil c;

	ms = nearest(ms);
	civil_of(ms, &c);
	/* 0000-01-01 was a Saturday. */
	(void)snprintf(out, CLOCK_HTTP_SIZE,
	    "%s, %02u %s %04u %02u:%02u:%02u GMT",
	    days[((ms - YEAR_0) / DAY_MS + 6) % 7], (unsigned)c.day % 100,
	    months[c.month - 1], (unsigned)c.year % 10000,
	    (unsigned)c.hour % 100, (unsigned)c.min % 100,
	    (unsigned)c.sec % 100);
}

static bool
skip(struct input *in, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(in->end - in->s) < len || memcmp(in->s, text, len) != 0)
		return false;
	in->s += len;
	return true;
}

/* Exactly `digits` digits with a value of min..max. */
static bool
number(struct input *in, int digits, int min, int max, int *out)
{
	int i, n = 0;

	if (in->end - in->s < digits)
		return false;
	for (i = 0; i < digits; i++) {
		if (in->s[i] < '0' || in->s[i] > '9')
			return false;
		n = n * 10 + (in->s[i] - '0');
	}
	if (n < min || n > max)
		return false;
	in->s += digits;
	*out = n;
	return true;
}

static bool
day_exists(const struct civil *c)
{
	static const int len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap =
	    (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

	return c->day <= len[c->month - 1] + (leap && c->month == 2);
}

/* Digits past the third are cut. */
static bool
fraction(struct input *in, int *ms)
{
	int unit = 100, digit;

	if (!number(in, 1, 0, 9, &digit))
		return false;
	do {
		*ms += digit * unit;
		unit /= 10;
	} while (number(in, 1, 0, 9, &digit));
	return true;
}

/* Minutes east of UTC; nothing at all is none. */
static bool
zone(struct input *in, int *minutes)
{
	int hour, min, sign = 1;

	*minutes = 0;
	if (in->s == in->end || skip(in, "Z"))
		return true;
	if (skip(in, "-"))
		sign = -1;
	else if (!skip(in, "+"))
		return false;
	if (!number(in, 2, 0, 23, &hour))
		return false;
	(void)skip(in, ":");
	if (!number(in, 2, 0, 59, &min))
		return false;
	*minutes = sign * (hour * 60 + min);
	return true;
}

static bool
iso_time(struct input *in, struct civil *c, int *minutes)
{
	if (!number(in, 2, 0, 23, &c->hour) || !skip(in, ":") ||
	    !number(in, 2, 0, 59, &c->min))
		return false;
	if (skip(in, ":")) {
		if (!number(in, 2, 0, 59, &c->sec))
			return false;
		if ((skip(in, ".") || skip(in, ",")) && !fraction(in, &c->ms))
			return false;
	}
	return zone(in, minutes);
}

bool
clock_parse_iso(struct slice s, int64_t *ms)
{
	struct input in = { s.s, s.s + s.len };
	struct civil c = { 0 };
	int minutes = 0;
	int64_t t;

	if (!number(&in, 4, 0, 9999, &c.year) || !skip(&in, "-") ||
	    !number(&in, 2, 1, 12, &c.month) || !skip(&in, "-") ||
	    !number(&in, 2, 1, 31, &c.day) || !day_exists(&c))
		return false;
	if (skip(&in, "T") && !iso_time(&in, &c, &minutes))
		return false;
	t = instant_of(&c) - minutes * INT64_C(60000);
	if (in.s != in.end || t != nearest(t))
		return false;
	*ms = t;
	return true;
}

/* One of `n` names of three letters: its place from 0, or -1. */
static int
name(struct input *in, const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (skip(in, names[i]))
			return i;
	return -1;
}

static bool
http_time(struct input *in, struct civil *c)
{
	/* 23:59:60 is a leap second; here the next day begins with it. */
	return number(in, 2, 0, 23, &c->hour) && skip(in, ":") &&
	    number(in, 2, 0, 59, &c->min) && skip(in, ":") &&
	    number(in, 2, 0, c->hour == 23 && c->min == 59 ? 60 : 59, &c->sec);
}

static bool
http_month(struct input *in, struct civil *c)
{
	c->month = name(in, months, 12) + 1;
	return c->month > 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" from the comma on. */
static bool
imf_fixdate(struct input *in, struct civil *c)
{
	return skip(in, ", ") && number(in, 2, 1, 31, &c->day) &&
	    skip(in, " ") && http_month(in, c) && skip(in, " ") &&
	    number(in, 4, 0, 9999, &c->year) && skip(in, " ") &&
	    http_time(in, c) && skip(in, " GMT");
}

/*
 * "Sunday, 06-Nov-94 08:49:37 GMT" from the rest of the day's name on.  The
 * year is of this century unless the date is then over 50 years ahead.
 */
static bool
rfc850_date(struct input *in, int weekday, struct civil *c)
{
	static const char *const rest[] = { "day", "day", "sday", "nesday",
		"rsday", "day", "urday" };
	struct civil now;

	if (!skip(in, rest[weekday]) || !skip(in, ", ") ||
	    !number(in, 2, 1, 31, &c->day) || !skip(in, "-") ||
	    !http_month(in, c) || !skip(in, "-") ||
	    !number(in, 2, 0, 99, &c->year) || !skip(in, " ") ||
	    !http_time(in, c) || !skip(in, " GMT"))
		return false;
	civil_of(nearest(clock_now()), &now);
	c->year += now.year / 100 * 100;
	now.year += 50;
	if (instant_of(c) > instant_of(&now))
		c->year -= 100;
	return true;
}

/* "Sun Nov  6 08:49:37 1994" from the first space on. */
static bool
asctime_date(struct input *in, struct civil *c)
{
	return skip(in, " ") && http_month(in, c) && skip(in, " ") &&
	    (skip(in, " ") ? number(in, 1, 1, 9, &c->day)
			   : number(in, 2, 1, 31, &c->day)) &&
	    skip(in, " ") && http_time(in, c) && skip(in, " ") &&
	    number(in, 4, 0, 9999, &c->year);
}

bool
clock_parse_http(struct slice s, int64_t *ms)
{
	struct input in = { s.s, s.s + s.len };
	struct civil c = { 0 };
	int weekday = name(&in, days, 7);
	bool ok;

	if (weekday < 0 || in.s == in.end)
		return false;
	if (*in.s == ',')
		ok = imf_fixdate(&in, &c);
	else if (*in.s == ' ')
		ok = asctime_date(&in, &c);
	else
		ok = rfc850_date(&in, weekday, &c);
	if (!ok || in.s != in.end || !day_exists(&c))
		return false;
	*ms = instant_of(&c);
	return true;
}
