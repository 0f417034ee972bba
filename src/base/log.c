#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_LEN 4096
#define CONTEXT_MAX  96

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LVL_ERROR] = { "error", LOG_ERR },
	[LOG_LVL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LVL_INFO] = { "info", LOG_INFO },
	[LOG_LVL_DEBUG] = { "debug", LOG_DEBUG },
};

#define LOOK_MS 200 /* between two looks whether the file was moved */

enum target { TO_STDERR, TO_SYSLOG, TO_FILE };

/* The one log of the process. */
static struct {
	enum target target;
	enum log_level level;
	int fd;         /* -1: closed */
	int64_t looked; /* when the path was last seen to be its */
	char path[PATH_MAX];
	char program[64]; /* openlog(3) keeps the pointer */
	char request[CONTEXT_MAX], tenant[CONTEXT_MAX];
} log_state = { .level = LOG_LVL_INFO, .fd = -1 };

/* A line in the making; always room left for what closes it. */
struct line {
	char s[LINE_MAX_LEN];
	size_t len;
	bool full;
};

static void
close_file(void)
{
	if (log_state.fd >= 0)
		(void)close(log_state.fd);
	log_state.fd = -1;
}

void
log_open(const char *program, const char *target, enum log_level level)
{
	if (log_state.target == TO_SYSLOG)
		closelog();
	close_file();
	log_state.level = level;
	(void)snprintf(
	    log_state.program, sizeof(log_state.program), "%s", program);
	(void)snprintf(log_state.path, sizeof(log_state.path), "%s", target);
	if (strcmp(target, "syslog") == 0) {
		log_state.target = TO_SYSLOG;
		openlog(log_state.program, LOG_PID, LOG_DAEMON);
	} else if (target[0] == '/') {
		log_state.target = TO_FILE;
	} else {
		log_state.target = TO_STDERR;
	}
}

void
log_context(const char *key, const char *value)
{
	char *to =
	    strcmp(key, "request") == 0 ? log_state.request : log_state.tenant;

	const size_t n = value == NULL ? 0 : strnlen(value, CONTEXT_MAX - 1);

	if (n > 0)
		memcpy(to, value, n);
	to[n] = '\0';
}

/* Add `len` bytes or none, leaving `spare` bytes. */
static void
add(struct line *l, const char *s, size_t len, size_t spare)
{
	if (l->full || len + spare > sizeof(l->s) - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->s + l->len, s, len);
	l->len += len;
}

static bool
is_plain(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	for (; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '=' ||
		    *p == '\\')
			return false;
	return s[0] != '\0';
}

static void
add_quoted(struct line *l, const char *s)
{
	char esc[8];
	const char *seq;

	add(l, "\"", 1, 3);
	if (l->full)
		return;
	for (; *s != '\0' && !l->full; s++) {
		if (*s == '"')
			seq = "\\\"";
		else if (*s == '\\')
			seq = "\\\\";
		else if (*s == '\n')
			seq = "\\n";
		else if (*s >= ' ' && *s < 0x7f)
			seq = NULL;
		else
			seq = esc;
		(void)snprintf(esc, sizeof(esc), "\\x%02x", (unsigned char)*s);
		add(l, seq == NULL ? s : seq, seq == NULL ? 1 : strlen(seq), 2);
	}
	l->s[l->len++] = '"';
}

static void
add_pair(struct line *l, const char *key, const char *value)
{
	const size_t key_len = strlen(key);

	/* The key goes in only if a value may follow. */
	if (key_len + 8 > sizeof(l->s) - l->len)
		l->full = true;
	if (l->full)
		return;
	add(l, " ", 1, 2);
	add(l, key, key_len, 2);
	add(l, "=", 1, 2);
	if (is_plain(value) && strlen(value) + 1 <= sizeof(l->s) - l->len)
		add(l, value, strlen(value), 1);
	else
		add_quoted(l, value);
}

/* Is the open file still the one at the path?  That is looked up seldom. */
static bool
is_current(void)
{
	struct stat held, named;
	struct timespec now;
	int64_t ms;

	if (log_state.fd < 0 || fstat(log_state.fd, &held) != 0 ||
	    held.st_nlink == 0)
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (ms - log_state.looked < LOOK_MS)
		return true;
	log_state.looked = ms;
	return stat(log_state.path, &named) == 0 &&
	    named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

static bool
reopen(void)
{
	if (is_current())
		return true;
	close_file();
	log_state.fd = open(log_state.path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	return log_state.fd >= 0;
}

static bool
write_all(int fd, const char *s, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

static void
send_line(enum log_level level, struct line *l, size_t event_at)
{
	if (log_state.target == TO_SYSLOG) {
		syslog(levels[level].priority, "%.*s", (int)(l->len - event_at),
		    l->s + event_at);
		return;
	}
	l->s[l->len++] = '\n';
	if (log_state.target == TO_FILE && reopen() &&
	    write_all(log_state.fd, l->s, l->len))
		return;
	(void)write_all(STDERR_FILENO, l->s, l->len);
}

static void
emit(enum log_level level, const char *event, va_list ap)
{
	const int saved = errno;
	struct line l;
	char now[CLOCK_ISO_SIZE];
	const char *key, *value;
	size_t event_at;

	if (level > log_state.level)
		return;
	l.len = 0;
	l.full = false;
	clock_iso(clock_now(), now);
	add(&l, now, strlen(now), 1);
	add(&l, " ", 1, 1);
	event_at = l.len;
	add(&l, levels[level].name, strlen(levels[level].name), 1);
	add_pair(&l, "event", event);
	if (log_state.request[0] != '\0')
		add_pair(&l, "request", log_state.request);
	if (log_state.tenant[0] != '\0')
		add_pair(&l, "tenant", log_state.tenant);
	while ((key = va_arg(ap, const char *)) != NULL &&
	    (value = va_arg(ap, const char *)) != NULL)
		add_pair(&l, key, value);
	send_line(level, &l, event_at);
	errno = saved;
}

void
log_error(const char *event, ...)
{
	va_list ap;

	va_start(ap, event);
	emit(LOG_LVL_ERROR, event, ap);
	va_end(ap);
}

void
log_warning(const char *event, ...)
{
	va_list ap;

	va_start(ap, event);
	emit(LOG_LVL_WARNING, event, ap);
	va_end(ap);
}

void
log_info(const char *event, ...)
{
	va_list ap;

	va_start(ap, event);
	emit(LOG_LVL_INFO, event, ap);
	va_end(ap);
}

void
log_debug(const char *event, ...)
{
	va_list ap;

	va_start(ap, event);
	emit(LOG_LVL_DEBUG, event, ap);
	va_end(ap);
}
