#ifndef API_SERVE_H
#define API_SERVE_H

/*
 * serve - from a FastCGI request to its answer: the order of things.
 */

#include "conf/server.h"
#include "http/fcgi.h"

struct serve;

struct serve *serve_new(const struct server *s);
void serve_free(struct serve *s);

/* Answer one request; false when the process should end after it. */
bool serve_one(struct fcgi *f, void *serve);

/* True when it should end because a template took too much memory. */
bool serve_worn(void);

#endif
