#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"
#include "test.h"

/* In the place of the C library's: what would reach the system's log. */
static char sysline[4096], sysident[64];
static int sysprio;

void
openlog(const char *ident, int option, int facility)
{
	(void)option;
	(void)facility;
	(void)snprintf(sysident, sizeof(sysident), "%s", ident);
}

void
vsyslog(int priority, const char *fmt, va_list ap)
{
	sysprio = priority;
	(void)vsnprintf(sysline, sizeof(sysline), fmt, ap);
}

void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}

/* What syslog(3) becomes in a build with _FORTIFY_SOURCE. */
void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}

struct fixture {
	char dir[32], sub[48], path[64], moved[64], err[64];
	int real_stderr;
	char text[65536]; /* of the file read last */
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	assert_non_null(f);
	strcpy(f->dir, "/tmp/test_log.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->sub, sizeof(f->sub), "%s/sub", f->dir);
	snprintf(f->path, sizeof(f->path), "%s/log", f->sub);
	snprintf(f->moved, sizeof(f->moved), "%s/moved", f->sub);
	snprintf(f->err, sizeof(f->err), "%s/stderr", f->dir);
	assert_int_equal(mkdir(f->sub, 0700), 0);
	fflush(stderr);
	f->real_stderr = dup(STDERR_FILENO);
	fd = open(f->err, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_open("test", "stderr", LOG_LVL_INFO);
	log_context("request", NULL);
	log_context("tenant", NULL);
	dup2(f->real_stderr, STDERR_FILENO);
	close(f->real_stderr);
	unlink(f->path);
	unlink(f->moved);
	unlink(f->err);
	rmdir(f->sub);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* All of a file; "" if there is none. */
static const char *
text_of(struct fixture *f, const char *path)
{
	FILE *in = fopen(path, "r");
	size_t n = 0;

	if (in != NULL) {
		n = fread(f->text, 1, sizeof(f->text) - 1, in);
		fclose(in);
	}
	f->text[n] = '\0';
	return f->text;
}

/* What follows the time in a file of one line. */
static const char *
line_of(struct fixture *f, const char *path)
{
	const char *s = text_of(f, path);
	int64_t ms;

	assert_true(strlen(s) > CLOCK_ISO_SIZE);
	assert_true(
	    clock_parse_iso((struct slice){ s, CLOCK_ISO_SIZE - 1 }, &ms));
	assert_int_equal(s[CLOCK_ISO_SIZE - 1], ' ');
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
	return s + CLOCK_ISO_SIZE;
}

static void
test_values_cannot_forge_a_line(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "a/b:c;d{'}~!", "a/b:c;d{'}~!" },
		{ "", "\"\"" },
		{ "two words", "\"two words\"" },
		{ "a=b", "\"a=b\"" },
		{ "say \"x\"", "\"say \\\"x\\\"\"" },
		{ "c:\\d", "\"c:\\\\d\"" },
		{ "a\nb", "\"a\\nb\"" },
		{ "a\r\n\tb", "\"a\\x0d\\n\\x09b\"" },
		{ "\x1b[31m", "\"\\x1b[31m\"" },
		{ "\x7f", "\"\\x7f\"" },
		{ "\xc3\xa9", "\"\\xc3\\xa9\"" },
	};
	struct fixture *f = *state;
	char want[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		log_open("test", f->path, LOG_LVL_INFO);
		log_error("e", "k", rows[i].value, "last", "1", NULL);
		snprintf(want, sizeof(want), "error event=e k=%s last=1\n",
		    rows[i].want);
		assert_string_equal(line_of(f, f->path), want);
		assert_int_equal(unlink(f->path), 0);
	}
}

static void
test_pairs_end_at_null(void **state)
{
	struct fixture *f = *state;
	const char *none = NULL;

	log_open("test", f->path, LOG_LVL_INFO);
	log_error("e", "a", "1", "b", none, "c", "3", NULL);
	assert_string_equal(line_of(f, f->path), "error event=e a=1\n");
}

static void
test_levels_filter(void **state)
{
	static const char *const want[] = { "e\n", "e\nw\n", "e\nw\ni\n",
		"e\nw\ni\nd\n" };
	struct fixture *f = *state;

	for (int level = LOG_LVL_ERROR; level <= LOG_LVL_DEBUG; level++) {
		char events[16] = "", *s, *save = NULL;

		log_open("test", f->path, (enum log_level)level);
		log_error("e", NULL);
		log_warning("w", NULL);
		log_info("i", NULL);
		log_debug("d", NULL);
		(void)text_of(f, f->path);
		for (s = strtok_r(f->text, "\n", &save); s != NULL;
		     s = strtok_r(NULL, "\n", &save)) {
			strcat(events, strstr(s, "event=") + 6);
			strcat(events, "\n");
		}
		assert_string_equal(events, want[level]);
		assert_int_equal(unlink(f->path), 0);
	}
}

static void
test_context_is_on_every_line(void **state)
{
	struct fixture *f = *state;
	char value[] = "acme";

	log_context("tenant", value);
	value[0] = '#'; /* a copy was taken */
	log_context("request", "r 1");
	log_open("test", f->path, LOG_LVL_DEBUG);
	log_debug("e", "k", "v", NULL);
	assert_string_equal(line_of(f, f->path),
	    "debug event=e request=\"r 1\" tenant=acme k=v\n");
	assert_int_equal(unlink(f->path), 0);
	log_context("request", NULL);
	log_warning("e", NULL);
	assert_string_equal(
	    line_of(f, f->path), "warning event=e tenant=acme\n");
}

/* A move is noticed within a second. */
static void
wait_for_a_look(void)
{
	const struct timespec ts = { .tv_nsec = 250000000 };

	assert_int_equal(nanosleep(&ts, NULL), 0);
}

static void
test_a_moved_file_is_opened_again(void **state)
{
	struct fixture *f = *state;

	log_open("test", f->path, LOG_LVL_INFO);
	log_info("first", NULL);
	assert_int_equal(rename(f->path, f->moved), 0);
	wait_for_a_look();
	log_info("second", NULL);
	assert_string_equal(line_of(f, f->moved), "info event=first\n");
	assert_string_equal(line_of(f, f->path), "info event=second\n");
	/* Another took its place: O_APPEND keeps what is there. */
	assert_int_equal(rename(f->moved, f->path), 0);
	wait_for_a_look();
	log_info("third", NULL);
	assert_non_null(strstr(text_of(f, f->path), "event=first\n"));
	assert_non_null(strstr(f->text, "event=third\n"));
	assert_string_equal(text_of(f, f->err), "");
}

static void
test_stderr_serves_meanwhile(void **state)
{
	struct fixture *f = *state;
	char away[64];

	snprintf(away, sizeof(away), "%s/away", f->dir);
	log_open("test", f->path, LOG_LVL_INFO);
	log_info("first", NULL);
	assert_int_equal(rename(f->sub, away), 0);
	wait_for_a_look();
	log_info("second", NULL);
	assert_string_equal(line_of(f, f->err), "info event=second\n");
	assert_int_equal(rename(away, f->sub), 0);
	log_info("third", NULL);
	assert_non_null(strstr(text_of(f, f->path), "event=third\n"));
	assert_null(strstr(f->text, "second"));
	assert_null(strstr(text_of(f, f->err), "third"));
}

static void
test_a_full_disk_loses_no_line(void **state)
{
	struct fixture *f = *state;

	log_open("test", "/dev/full", LOG_LVL_INFO);
	log_info("e", "k", "v", NULL);
	assert_string_equal(line_of(f, f->err), "info event=e k=v\n");
}

static void
test_stderr_is_a_target(void **state)
{
	struct fixture *f = *state;

	log_open("test", "stderr", LOG_LVL_INFO);
	log_info("e", NULL);
	assert_string_equal(line_of(f, f->err), "info event=e\n");
}

static void
test_syslog_has_its_own_time(void **state)
{
	struct fixture *f = *state;
	char program[] = "passwright-test";

	log_open(program, "syslog", LOG_LVL_INFO);
	assert_string_equal(sysident, program);
	log_warning("e", "k", "100%s", "n", "a b", NULL);
	assert_string_equal(sysline, "warning event=e k=100%s n=\"a b\"");
	assert_int_equal(sysprio, LOG_WARNING);
	log_error("f", NULL);
	assert_string_equal(sysline, "error event=f");
	assert_int_equal(sysprio, LOG_ERR);
	log_open(program, "stderr", LOG_LVL_INFO);
	log_info("g", NULL);
	assert_string_equal(sysline, "error event=f");
	assert_string_equal(line_of(f, f->err), "info event=g\n");
}

/* Values of every length around the cap, plain and quoted. */
static void
test_a_line_has_at_most_4096_bytes(void **state)
{
	struct fixture *f = *state;
	char value[4200];

	for (size_t n = 3900; n < sizeof(value); n++) {
		const char *s;
		size_t len;

		memset(value, n % 3 == 0 ? 'x' : n % 3 == 1 ? '\n' : ' ', n);
		value[n] = '\0';
		log_open("test", f->path, LOG_LVL_INFO);
		log_info("e", "k", value, "after", value, NULL);
		s = text_of(f, f->path);
		len = strlen(s);
		assert_true(len <= 4096);
		assert_true(len >= 4080);
		assert_ptr_equal(strchr(s, '\n'), s + len - 1);
		/* A quoted value keeps its end, and no escape is cut. */
		if (strstr(s, "k=\"") != NULL) {
			assert_int_equal(s[len - 2], '"');
			assert_true(s[len - 3] != '\\');
		}
		assert_int_equal(unlink(f->path), 0);
	}
}

static void
test_errno_is_kept(void **state)
{
	struct fixture *f = *state;

	log_open("test", "/nonexistent/dir/log", LOG_LVL_INFO);
	errno = EPIPE;
	log_error("e", NULL);
	assert_int_equal(errno, EPIPE);
	assert_string_equal(line_of(f, f->err), "error event=e\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values_cannot_forge_a_line),
		TEST(test_pairs_end_at_null),
		TEST(test_levels_filter),
		TEST(test_context_is_on_every_line),
		TEST(test_a_moved_file_is_opened_again),
		TEST(test_stderr_serves_meanwhile),
		TEST(test_a_full_disk_loses_no_line),
		TEST(test_stderr_is_a_target),
		TEST(test_syslog_has_its_own_time),
		TEST(test_a_line_has_at_most_4096_bytes),
		TEST(test_errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
