#ifndef CONF_REMOTE_H
#define CONF_REMOTE_H

/*
 * remote - another system that is asked: a data provider or a supplier.
 */

#include <stdbool.h>

#include "base/json.h"
#include "conf/setting.h"

#define REMOTE_MAX 8 /* providers of a tenant; as many suppliers */

enum remote_access { REMOTE_SCOPE, REMOTE_OPEN };

struct remote {
	const char *name;
	const char *file; /* as shown to the operator */
	bool supplier;
	long order;
	const char *url;             /* a template; NULL: a command */
	struct json_object *headers; /* templates by name, or NULL */
	struct strings command;      /* [0]: an absolute path */
	const char *map;             /* a jq expression */
	long timeout, cache, stale;  /* ms */
	bool create;
	int access; /* enum remote_access */
	int url_line, headers_line, map_line;
	struct remote_set *compiled; /* pass room; NULL until needed */
};

extern const struct setting provider_settings[], supplier_settings[];

#endif
