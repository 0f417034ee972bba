#ifndef CONF_YAML_H
#define CONF_YAML_H

/*
 * yaml - a YAML file as json-c objects that know their lines.
 *
 * The core schema of YAML 1.2: plain scalars are null, booleans (true and
 * false only), integers, floats, else strings.  One document, no anchors,
 * aliases or tags, no duplicate keys, at most 1 MiB and 32 levels.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/fault.h"

/*
 * Read `path`; `*out` (NULL for an empty file) lives as long as `a`.  What
 * is wrong goes to `f` under the name `shown`.  ERR_NOTFOUND when there is no
 * such file (no fault is added), ERR_INVALID after a fault.
 */
MUST_CHECK enum err yaml_read(struct arena *a, const char *path,
    const char *shown, struct faults *f, struct json_object **out);

/*
 * The line on which a value (for a member of a mapping: its key) stands; 0
 * if unknown.
 */
int yaml_line(struct json_object *o);

/* The line of member `key` of `o`, a null among them. */
int yaml_line_of(struct json_object *o, const char *key);

#endif
