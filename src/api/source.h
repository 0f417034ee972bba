#ifndef API_SOURCE_H
#define API_SOURCE_H

/*
 * source - what the query of a download says of where the person comes from.
 */

#include "base/json.h"
#include "http/request.h"

#define SOURCE_TAGS     8
#define SOURCE_TAG_MAX  64  /* bytes of a tag; what is beyond is cut */
#define SOURCE_TEXT_MAX 256 /* and of the rest */

/*
 * {tags, medium, origin, userAgent} of `Tags` (several, or with commas),
 * `Medium`, `Origin` and `UserAgent`, or, where these are absent, of
 * neo.src=tag,tag|medium|origin.  What is empty is left out; NULL: all is.
 */
struct json_object *source_read(struct arena *a, const struct request *r);

#endif
