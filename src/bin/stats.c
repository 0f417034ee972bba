/*
 * stats - `passwright stats`: how many passes there are, and what happened to
 * them by day.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/json.h"
#include "bin/command.h"
#include "store/day.h"

#define DAYS_DEFAULT 7
#define DAYS_MAX     36500
#define DATE_LEN     10 /* of clock_iso() */

static const char *const kinds[EVENT__MAX] = {
	[EVENT_CREATED] = "created",
	[EVENT_UPDATED] = "updated",
	[EVENT_INSTALLED] = "installed",
	[EVENT_UNINSTALLED] = "uninstalled",
	[EVENT_NOTIFIED] = "notified",
};

struct stats {
	struct command *c;
	struct store *store;
	struct json_object *days; /* NULL: they are printed as lines */
	bool any;
};

static void
date_of(int32_t day, char out[CLOCK_ISO_SIZE])
{
	clock_iso((int64_t)day * DAY_MS, out);
	out[DATE_LEN] = '\0';
}

static enum err
add_day(const struct day *d, void *arg)
{
	struct stats *s = arg;
	struct json_object *o = json_object_in(s->c->a);
	char date[CLOCK_ISO_SIZE];

	date_of(d->day, date);
	json_set_string(o, "date", date);
	json_set_string(o, "passType", d->type);
	for (int i = 0; i < EVENT__MAX; i++)
		json_set_int(o, kinds[i], (int64_t)d->n[i]);
	json_push(s->days, o);
	return ERR_OK;
}

static enum err
print_day(const struct day *d, void *arg)
{
	struct stats *s = arg;
	char date[CLOCK_ISO_SIZE];

	if (!s->any) {
		printf("\n%-*s", DATE_LEN, "date");
		for (int i = 0; i < EVENT__MAX; i++)
			printf("  %s", kinds[i]);
		puts("  pass type");
		s->any = true;
	}
	date_of(d->day, date);
	fputs(date, stdout);
	for (int i = 0; i < EVENT__MAX; i++)
		printf("  %*llu", (int)strlen(kinds[i]),
		    (unsigned long long)d->n[i]);
	printf("  %s\n", d->type);
	return ERR_OK;
}

static void
print_json(const struct stats *s, const struct store_stats *n, uint64_t queued)
{
	struct json_object *o = json_object_in(s->c->a);
	struct json_object *count = json_object_in(s->c->a);

	json_set_int(count, "total", (int64_t)n->total);
	json_set_int(count, "active", (int64_t)n->active);
	json_set_int(count, "apple", (int64_t)n->apple);
	json_set_int(count, "google", (int64_t)n->google);
	json_set(o, "count", count);
	json_set(o, "days", s->days);
	json_set_int(o, "queuedEvents", (int64_t)queued);
	puts(json_text(s->c->a, o).s);
}

static enum err
show(struct stats *s, int days)
{
	const int32_t from = day_of(clock_now()) - days + 1;
	struct store_stats n;
	uint64_t queued = 0;
	enum err e = store_stats(s->store, NULL, &n);

	if (e != ERR_OK || (e = event_count(s->store, &queued)) != ERR_OK)
		return e;
	if (s->c->json) {
		s->days = json_array_in(s->c->a);
		e = day_each(s->store, from, add_day, s);
		if (e == ERR_OK)
			print_json(s, &n, queued);
		return e;
	}
	printf("%llu passes, %llu installed: %llu in Apple Wallet, %llu in "
	       "Google Wallet\n",
	    (unsigned long long)n.total, (unsigned long long)n.active,
	    (unsigned long long)n.apple, (unsigned long long)n.google);
	if (queued > 0)
		printf("%llu events wait for the worker, which counts them\n",
		    (unsigned long long)queued);
	return day_each(s->store, from, print_day, s);
}

static bool
read_days(const char *text, int *out)
{
	char *rest = NULL;
	long n;

	errno = 0;
	n = strtol(text, &rest, 10);
	if (errno != 0 || rest == text || *rest != '\0' || n < 1 ||
	    n > DAYS_MAX)
		return false;
	*out = (int)n;
	return true;
}

int
command_stats(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "days", required_argument, NULL, 'd' }, { 0 }
	};
	struct stats s = { .c = c };
	int opt, rc, days = DAYS_DEFAULT;
	struct tenant *t;
	enum err e;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (opt != 'd')
			return command_usage(c);
		else if (!read_days(optarg, &days))
			return command_fail(EX_USAGE,
			    "--days takes a number from 1 to %d", DAYS_MAX);
	if (optind != argc - 1)
		return command_usage(c);
	if ((rc = command_load(c, argv[optind], &t)) != EX_OK ||
	    (rc = command_store(c, t, &s.store)) != EX_OK)
		return rc;
	e = show(&s, days);
	store_close(s.store);
	if (e != ERR_OK)
		return command_fail(EX_IOERR,
		    "the store could not be read; the line above says why");
	return EX_OK;
}
