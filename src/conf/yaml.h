#ifndef CONF_YAML_H
#define CONF_YAML_H

/*
 * yaml - a YAML file as json-c objects that know their lines.
 *
 * The core schema of YAML 1.2: plain scalars are null, booleans (true and
 * false only), integers, floats, else strings; what no int64 or double holds
 * is a fault.  One document, no anchors,
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

/* The same of a text in memory. */
MUST_CHECK enum err yaml_parse(struct arena *a, struct slice text,
    const char *shown, struct faults *f, struct json_object **out);

/*
 * The line on which a value (for a member of a mapping: its key) stands; 0
 * if unknown: a null, a float, or not read from YAML.
 */
int yaml_line(struct json_object *o);

/* The line of member `key` of `o`, a null among them. */
int yaml_line_of(struct json_object *o, const char *key);

/* The line of item `i` of a list, a null among them. */
int yaml_line_at(struct json_object *o, size_t i);

#endif
