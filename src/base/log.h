#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * log - one line per event, `event=` first, then key=value pairs.
 *
 *   2026-11-22T04:05:06.789Z error event=store_open tenant=acme why="..."
 *
 * A value with anything but printable ASCII without space, quote, `=` and
 * backslash is quoted and escaped, so that no value can forge a line.  The
 * keys are registered in doc/log-keys; no secret, token or body is ever
 * given to this room.
 */

#include <stdbool.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARNING, LOG_LVL_INFO, LOG_LVL_DEBUG };

/*
 * Where the lines go: "stderr", "syslog" or the absolute path of a file,
 * which is opened again within a second of being moved away.  When a file
 * cannot be opened, stderr serves until it can.  `program` goes to syslog.
 */
void log_open(const char *program, const char *target, enum log_level level);

/*
 * Keys that every later line carries until told otherwise; NULL removes.
 * `key` is "request" or "tenant"; the value is copied.
 */
void log_context(const char *key, const char *value);

/* Pairs of strings, ended by NULL: log_error("e", "key", value, NULL).  A
 * NULL value ends the list too. */
void log_error(const char *event, ...) __attribute__((sentinel));
void log_warning(const char *event, ...) __attribute__((sentinel));
void log_info(const char *event, ...) __attribute__((sentinel));
void log_debug(const char *event, ...) __attribute__((sentinel));

#endif
