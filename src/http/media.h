#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

/*
 * media - media types and lists of them (RFC 9110, sections 8.3.1, 12.5.1).
 */

#include "base/slice.h"

struct media {
	struct slice type;    /* "text/html", in the sender's case */
	struct slice charset; /* without quotes, or empty */
	bool refused;         /* q=0 */
};

/* Take the next element from the front of `list`; false at its end. */
bool media_next(struct slice *list, struct media *out);

/* application/json, text/json, application/...+json, in UTF-8. */
bool media_is_json(const struct media *m);

#endif
