#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test.h"

#define UNTOUCHED INT64_C(-4242)
#define DAY       INT64_C(86400000)

struct row {
	const char *s;
	const char *want; /* as ISO; NULL: no date at all */
};

static const struct row iso[] = {
	{ "2026-11-22", "2026-11-22T00:00:00.000Z" },
	{ "2026-11-22T04:05", "2026-11-22T04:05:00.000Z" },
	{ "2026-11-22T04:05Z", "2026-11-22T04:05:00.000Z" },
	{ "2026-11-22T04:05:06", "2026-11-22T04:05:06.000Z" },
	{ "2026-11-22T04:05:06Z", "2026-11-22T04:05:06.000Z" },
	{ "2026-11-22T04:05:06.7Z", "2026-11-22T04:05:06.700Z" },
	{ "2026-11-22T04:05:06.78", "2026-11-22T04:05:06.780Z" },
	{ "2026-11-22T04:05:06,789Z", "2026-11-22T04:05:06.789Z" },
	{ "2026-11-22T04:05:06.7899999999Z", "2026-11-22T04:05:06.789Z" },
	{ "2026-11-22T04:05:06.000+01:00", "2026-11-22T03:05:06.000Z" },
	{ "2026-11-22T04:05:06+0130", "2026-11-22T02:35:06.000Z" },
	{ "2026-11-22T04:05-05:30", "2026-11-22T09:35:00.000Z" },
	{ "2026-01-01T00:30+01:00", "2025-12-31T23:30:00.000Z" },
	{ "2026-11-22T04:05-00:00", "2026-11-22T04:05:00.000Z" },
	{ "2024-02-29", "2024-02-29T00:00:00.000Z" },
	{ "2000-02-29", "2000-02-29T00:00:00.000Z" },
	{ "0000-02-29", "0000-02-29T00:00:00.000Z" },
	{ "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00.000Z" },
	{ "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
	{ "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
	{ "0000-01-01T00:00+00:01", NULL },
	{ "9999-12-31T23:59-00:01", NULL },
	{ "2023-02-29", NULL },
	{ "1900-02-29", NULL },
	{ "2026-02-30", NULL },
	{ "2026-04-31", NULL },
	{ "2026-00-01", NULL },
	{ "2026-13-01", NULL },
	{ "2026-01-00", NULL },
	{ "2026-01-32", NULL },
	{ "2026-1-1", NULL },
	{ "20261122", NULL },
	{ "2026-11", NULL },
	{ "2026-11-22T", NULL },
	{ "2026-11-22T04", NULL },
	{ "2026-11-22T04:", NULL },
	{ "2026-11-22T24:00", NULL },
	{ "2026-11-22T23:60", NULL },
	{ "2026-11-22T23:59:60Z", NULL },
	{ "2026-11-22T04:05:", NULL },
	{ "2026-11-22T04:05:06.", NULL },
	{ "2026-11-22T04:05:06.Z", NULL },
	{ "2026-11-22T04:05.5Z", NULL },
	{ "2026-11-22T0405", NULL },
	{ "2026-11-22 04:05", NULL },
	{ "2026-11-22t04:05z", NULL },
	{ "2026-11-22Z", NULL },
	{ "2026-11-22T04:05+01", NULL },
	{ "2026-11-22T04:05+01:", NULL },
	{ "2026-11-22T04:05+24:00", NULL },
	{ "2026-11-22T04:05+01:60", NULL },
	{ "2026-11-22T04:05ZZ", NULL },
	{ "2026-11-22T04:05Z ", NULL },
	{ " 2026-11-22", NULL },
	{ "+2026-11-22", NULL },
	{ "-026-11-22", NULL },
	{ "2026-+1-22", NULL },
	{ "", NULL },
	{ "today", NULL },
};

static const struct row http[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z" },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z" },
	{ "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z" },
	{ "Sun Nov 16 08:49:37 1994", "1994-11-16T08:49:37.000Z" },
	{ "Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00.000Z" },
	{ "Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00.000Z" },
	{ "Monday, 01-Jan-01 00:00:00 GMT", "2001-01-01T00:00:00.000Z" },
	{ "Tuesday, 02-Jan-01 00:00:00 GMT", "2001-01-02T00:00:00.000Z" },
	{ "Wednesday, 03-Jan-01 00:00:00 GMT", "2001-01-03T00:00:00.000Z" },
	{ "Thursday, 04-Jan-01 00:00:00 GMT", "2001-01-04T00:00:00.000Z" },
	{ "Friday, 05-Jan-01 00:00:00 GMT", "2001-01-05T00:00:00.000Z" },
	{ "Saturday, 06-Jan-01 00:00:00 GMT", "2001-01-06T00:00:00.000Z" },
	{ "Thu, 29 Feb 2023 00:00:00 GMT", NULL },
	{ "Sun, 6 Nov 1994 08:49:37 GMT", NULL },
	{ "Sun, 06 Nov 94 08:49:37 GMT", NULL },
	{ "Sun, 06 Nov 1994 08:49:37 UTC", NULL },
	{ "Sun, 06 Nov 1994 08:49:37 +0000", NULL },
	{ "Sun, 06 Nov 1994 08:49:37", NULL },
	{ "Sun, 06 Nov 1994 08:49:60 GMT", NULL },
	{ "Sun, 06 Nov 1994 24:00:00 GMT", NULL },
	{ "Sun, 06 Nov 1994 08:49 GMT", NULL },
	{ "Sun, 06 nov 1994 08:49:37 GMT", NULL },
	{ "sun, 06 Nov 1994 08:49:37 GMT", NULL },
	{ "Son, 06 Nov 1994 08:49:37 GMT", NULL },
	{ "Sun, 06 Nov 1994 08:49:37 GMT ", NULL },
	{ "Sun,  6 Nov 1994 08:49:37 GMT", NULL },
	{ "Sun, 00 Nov 1994 08:49:37 GMT", NULL },
	{ "Sun, 31 Nov 1994 08:49:37 GMT", NULL },
	{ "Sunday, 06-Nov-1994 08:49:37 GMT", NULL },
	{ "Sunday, 06 Nov 94 08:49:37 GMT", NULL },
	{ "Sun, 06-Nov-94 08:49:37 GMT", NULL },
	{ "Sunsday, 06-Nov-94 08:49:37 GMT", NULL },
	{ "Sun Nov 6 08:49:37 1994", NULL },
	{ "Sun Nov  0 08:49:37 1994", NULL },
	{ "Sun Nov  6 08:49:37 1994 GMT", NULL },
	{ "Sun Nov  6 08:49:37 94", NULL },
	{ "Sun", NULL },
	{ "Sun,", NULL },
	{ "", NULL },
	{ "1994-11-06T08:49:37Z", NULL },
};

static void
check(const struct row *r, bool (*parse)(struct slice, int64_t *))
{
	/* Without the NUL, so that a read past the end is seen. */
	size_t len = strlen(r->s);
	char *copy = malloc(len + 1), got[CLOCK_ISO_SIZE];
	int64_t ms = UNTOUCHED;
	bool ok;

	assert_non_null(copy);
	copy = realloc(copy, len == 0 ? 1 : len);
	assert_non_null(copy);
	memcpy(copy, r->s, len);
	ok = parse((struct slice){ copy, len }, &ms);
	free(copy);
	if (ok != (r->want != NULL))
		fail_msg("\"%s\" is misjudged", r->s);
	if (ok) {
		clock_iso(ms, got);
		assert_string_equal(got, r->want);
	} else {
		assert_int_equal(ms, UNTOUCHED);
	}
}

static void
test_iso_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(iso) / sizeof(*iso); i++)
		check(&iso[i], clock_parse_iso);
}

static void
test_http_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(http) / sizeof(*http); i++)
		check(&http[i], clock_parse_http);
}

/* RFC 9110: more than 50 years ahead is the past. */
static void
test_two_digit_years_stay_near(void **state)
{
	char s[64];
	int64_t ms, now = clock_now();

	(void)state;
	for (unsigned year = 0; year < 100; year++) {
		snprintf(
		    s, sizeof(s), "Friday, 01-Jan-%02u 00:00:00 GMT", year);
		assert_true(clock_parse_http(slice_of(s), &ms));
		assert_true(ms < now + 366 * 51 * DAY);
		assert_true(ms > now - 366 * 101 * DAY);
	}
}

static void
test_instants_outside_are_the_nearest(void **state)
{
	static const struct {
		int64_t ms;
		const char *iso, *http;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z",
		    "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ -1, "1969-12-31T23:59:59.999Z",
		    "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ 784111777999, "1994-11-06T08:49:37.999Z",
		    "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z",
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ 253402300800000, "9999-12-31T23:59:59.999Z",
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z",
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z",
		    "Sat, 01 Jan 0000 00:00:00 GMT" },
		{ -62167219200001, "0000-01-01T00:00:00.000Z",
		    "Sat, 01 Jan 0000 00:00:00 GMT" },
		{ INT64_MIN, "0000-01-01T00:00:00.000Z",
		    "Sat, 01 Jan 0000 00:00:00 GMT" },
	};
	char got_iso[CLOCK_ISO_SIZE], got_http[CLOCK_HTTP_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		clock_iso(rows[i].ms, got_iso);
		clock_http(rows[i].ms, got_http);
		assert_string_equal(got_iso, rows[i].iso);
		assert_string_equal(got_http, rows[i].http);
	}
}

/* Against the C library, every 1000th day and a bit, in a far time zone. */
static void
test_all_years_agree_with_gmtime(void **state)
{
	const int64_t step = 1000 * DAY + 12345678;
	char got[CLOCK_ISO_SIZE], want[CLOCK_ISO_SIZE], web[CLOCK_HTTP_SIZE];
	struct tm tm;
	int64_t t, back;

	(void)state;
	assert_int_equal(setenv("TZ", "Pacific/Kiritimati", 1), 0);
	tzset();
	for (t = -62167219200000; t < 253402300799999; t += step) {
		int64_t ms = ((t % 1000) + 1000) % 1000;
		time_t sec = (time_t)((t - ms) / 1000);

		assert_non_null(gmtime_r(&sec, &tm));
		snprintf(want, sizeof(want),
		    "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		    (unsigned)(tm.tm_year + 1900) % 10000,
		    (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
		    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		    (unsigned)tm.tm_sec % 100, (unsigned)ms % 1000);
		clock_iso(t, got);
		assert_string_equal(got, want);
		assert_true(clock_parse_iso(slice_of(got), &back));
		assert_true(back == t);
		clock_http(t, web);
		assert_true(clock_parse_http(slice_of(web), &back));
		assert_true(back == t - ms);
	}
	assert_int_equal(unsetenv("TZ"), 0);
}

static void
test_now_is_now(void **state)
{
	int64_t before = (int64_t)time(NULL) * 1000, now = clock_now();

	(void)state;
	assert_true(now >= before - 1000);
	assert_true(now <= ((int64_t)time(NULL) + 1) * 1000);
}

static void
test_back_off(void **state)
{
	static const struct {
		unsigned failures;
		int64_t ms;
	} rows[] = { { 0, 1000 }, { 1, 1000 }, { 2, 2000 }, { 3, 4000 },
		{ 4, 5000 }, { 5, 5000 }, { UINT_MAX, 5000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    clock_back_off(1000, 5000, rows[i].failures), rows[i].ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iso_is_read),
		cmocka_unit_test(test_http_is_read),
		cmocka_unit_test(test_two_digit_years_stay_near),
		cmocka_unit_test(test_instants_outside_are_the_nearest),
		cmocka_unit_test(test_all_years_agree_with_gmtime),
		cmocka_unit_test(test_now_is_now),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
