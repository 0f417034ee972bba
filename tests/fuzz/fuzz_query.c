/*
 * fuzz_query - the filters, order and page that a list's parameters ask;
 * the input is a query string.
 */

#include <stdlib.h>

#include "api/list.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
must(bool b)
{
	if (!b)
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const mounts[] = { NULL };
	struct arena *a = arena_new(4096);
	char *env[] = {
		arena_strdup(a, "PATH_INFO=/api/acme/passes"),
		arena_printf(
		    a, "QUERY_STRING=%.*s", (int)size, (const char *)data),
		NULL,
	};
	struct why w = { .text = "" };
	struct request r;
	struct query q;

	request_init(&r, a, env, 0);
	if (request_target(&r, mounts, &w) == ERR_OK &&
	    list_query(a, &r, &q, &w) == ERR_OK) {
		must(q.nfilters <= QUERY_FILTERS);
		must(q.nsorts <= QUERY_SORTS);
		must(q.count >= 1 && q.count <= LIST_SIZE_MAX);
	} else {
		must(w.text[0] != '\0');
	}
	arena_free(a);
	return 0;
}
