#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

/*
 * page - what a visitor sees of passes, as one HTML document.
 *
 * It holds no secret, runs without script, and names nothing of another
 * host.  Its links are relative to /{tenantId}/{layout}, so that it works
 * wherever the server is mounted.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/tenant.h"
#include "pass/pass.h"

#define PAGE_PASSES 40 /* of one page */

struct page_of {
	struct tenant *tenant;
	const struct pass *passes;
	size_t n;
	const char *layout;
	const char *accept; /* Accept-Language, or NULL */
	const char *agent;  /* User-Agent, or NULL */
	const char *query;  /* more of the query: "&neo.src=x", or "" */
	int64_t now;
	bool live; /* a hub tells of changes */
};

struct page {
	struct slice html;
	const char *policy; /* Content-Security-Policy */
	const char *language;
};

/* The device that asks, by its own words; a desktop takes a phone's code. */
enum page_device { PAGE_DESKTOP, PAGE_IOS, PAGE_ANDROID };
enum page_device page_device(const char *agent);

/*
 * The tenant's own layout if it has one of that name, else ours.  ERR_UNSET:
 * a pass's type has gone; ERR_INTERNAL: a template failed, which is logged.
 */
MUST_CHECK enum err page_make(
    struct arena *a, const struct page_of *of, struct page *out);

/* What stands in its place: there is no such pass, or it cannot be shown. */
void page_missing(struct arena *a, const struct page_of *of, struct page *out);
void page_trouble(struct arena *a, const struct page_of *of, struct page *out);

#endif
