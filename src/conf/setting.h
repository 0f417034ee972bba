#ifndef CONF_SETTING_H
#define CONF_SETTING_H

/*
 * setting - from YAML to a struct, by a table; the only way to read options.
 *
 * Each file format is a table of rows: name, type, place, default, bounds,
 * meaning.  A key that no row names is a fault, and so is a value of another
 * type or out of bounds.  The manual pages are checked against the tables.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/slice.h"
#include "conf/fault.h"

/* An ordered list of strings. */
struct strings {
	const char **s;
	size_t n;
};
bool strings_has(const struct strings *l, const char *s);

enum setting_type {
	SETTING_STRING,   /* const char * */
	SETTING_LONG,     /* long */
	SETTING_BOOL,     /* bool */
	SETTING_ENUM,     /* int: the place of the word in `words` */
	SETTING_STRINGS,  /* struct strings */
	SETTING_DURATION, /* long, milliseconds: 500ms 2s 5m 24h 30d */
	SETTING_RATE,     /* struct rate: 60/s 60/m 60/h, 0 = none */
	SETTING_SIZE,     /* long, bytes: 1048576, 512K, 1M */
	SETTING_JSON,     /* struct json_object *, kept as it was read */
	SETTING_OBJECT,   /* the same, and a mapping */
	SETTING_STRUCT,   /* a struct in place, by table `rows` */
	SETTING_LIST      /* struct list of structs, by table `rows` */
};

struct rate {
	long count; /* 0: no limit */
	long per;   /* milliseconds */
};

struct list {
	void *items; /* array of structs of the row's `size` */
	size_t n;
};

struct setting {
	const char *name; /* NULL ends a table */
	enum setting_type type;
	size_t offset;
	const char *def; /* as YAML text; NULL: zero, and see `must` */
	bool must;       /* a file without it is at fault */
	long min, max;   /* bounds of a number, of a string's bytes, of a
			    list's length; 0,0: any */
	const char *const *words;   /* ENUM, ended by NULL */
	const struct setting *rows; /* STRUCT, LIST */
	size_t size;                /* LIST: of one item */
	const char *text;           /* one line for the manual */
};

/* What a file held, and where its faults go. */
struct setting_source {
	const char *file;
	struct json_object *in; /* NULL: an empty file */
	struct faults *f;
};

/*
 * Fill `out` by a table.  Strings live in `a`.  Returns ERR_INVALID if faults
 * were added; `out` then holds the defaults wherever the file was at fault.
 */
MUST_CHECK enum err setting_read(struct arena *a, const struct setting *rows,
    const struct setting_source *src, void *out);

#endif
