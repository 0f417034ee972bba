#ifndef HTTP_PATH_H
#define HTTP_PATH_H

/*
 * path - what of a URI's path is ours to route.
 *
 * Servers tell it in different ways and half-decoded, so it is worked out
 * anew from REQUEST_URI.  A mount is what to take off in front: SCRIPT_NAME,
 * else its folder (a rewrite in .htaccess), else the path of a tenant's url,
 * else a shorter part of SCRIPT_NAME (mod_proxy_fcgi puts all of the path
 * there, lighttpd with a mount that ends in a slash one segment too many).
 * The first mount wins that leaves a call of the API; if none does, the
 * first that leaves another path of ours; if none does, the first that fits.
 * Without REQUEST_URI it is PATH_INFO as it is.
 */

#include "http/request.h"

/*
 * Fill `r->segment`, `r->nsegments` and `r->deep`.  A call of the API always
 * starts with "api", which a mount that ends in /api may have taken off.
 * `mounts` may be NULL.  ERR_INVALID with `why`: NUL, "..", a broken escape
 * or invalid UTF-8 anywhere in the path, or more than PATH_LENGTH bytes.
 */
#define PATH_LENGTH 16384
MUST_CHECK enum err path_find(
    struct request *r, const char *const *mounts, struct why *w);

/*
 * The path as it was sent, without the query, fit to be a URI reference: one
 * slash in front, and what may not stand in a URI is percent-encoded.
 */
const char *path_sent(const struct request *r);

#endif
