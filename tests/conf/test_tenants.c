#include "conf/tenants.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "acme.h"
#include "base/clock.h"
#include "base/log.h"

/* Everything here was changed long ago, as seen from the time of the tests. */
#define LATER(now, s) ((now) + (s)*INT64_C(1000))

struct world {
	struct folder d;
	struct server s;
	struct tenants *ts;
	int64_t now;
	char *log;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	folder_open(&w->d);
	w->s = acme_write(&w->d);
	w->ts = tenants_new(&w->s);
	w->now = clock_now() + 3600 * 1000;
	w->log = folder_path(&w->d, "log");
	log_open("test", w->log, LOG_LVL_INFO);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	tenants_free(w->ts);
	log_open("test", "stderr", LOG_LVL_INFO);
	folder_close(&w->d);
	free(w);
	return 0;
}

/* The snapshot `s` seconds later, or NULL with `*e` (may be NULL). */
static struct tenant *
later(struct world *w, int s, enum err *e)
{
	struct tenant *t = NULL;
	enum err got;

	w->now += s * INT64_C(1000);
	got = tenants_get(w->ts, "acme", w->now, &t);
	assert_true((t != NULL) == (got == ERR_OK));
	if (e != NULL)
		*e = got;
	return t;
}

/* How often the log has these words. */
static int
logged(struct world *w, const char *words)
{
	const char *p = "";
	int n = 0;

	if (access(w->log, F_OK) == 0)
		p = folder_read(&w->d, "log");
	while ((p = strstr(p, words)) != NULL) {
		n++;
		p++;
	}
	return n;
}

static void
test_get(void **state)
{
	struct world *w = *state;
	struct tenant *t = later(w, 0, NULL);

	assert_string_equal(t->name, "Acme");
	/* Not read again while nothing changes. */
	assert_ptr_equal(later(w, 0, NULL), t);
	assert_ptr_equal(later(w, 1, NULL), t);
	assert_ptr_equal(later(w, 100, NULL), t);
	/* Nor for what is no part of it. */
	folder_write(&w->d, "t/acme/data/log", "x");
	folder_write(&w->d, "t/acme/.tenant.yml.swp", "x");
	assert_ptr_equal(later(w, 1, NULL), t);
}

static void
test_changes(void **state)
{
	static const struct {
		const char *file, *text;
	} t[] = {
		{ TENANT, "name: A\nurl: https://a\n" },
		{ SECURITY, "" },
		{ LOYALTY, "kind: offer\n" },
		{ "t/acme/server/passes/new.yml", "kind: offer\n" },
		{ "t/acme/server/passes/loyalty/fr.yml", "a: b\n" },
		{ "t/acme/server/passes/loyalty/icon@2x.png", "" },
		{ "t/acme/server/passes/newer/en.yml", "" },
		{ "t/acme/server/providers/crm.yml",
		    "http: { url: https://crm.example/ }\nmap: \".\"\n" },
		{ "t/acme/secrets/hmac", "x" },
		{ "t/acme/secrets/more", "x" },
	};
	struct world *w = *state;
	struct tenant *before, *after;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		before = later(w, 0, NULL);
		folder_write(&w->d, t[i].file, t[i].text);
		/* A second is not over yet. */
		assert_ptr_equal(later(w, 0, NULL), before);
		before->languages.n = 99; /* a mark on the old one */
		after = later(w, 1, NULL);
		assert_int_not_equal(after->languages.n, 99);
	}
	assert_int_equal(logged(w, "event="), 0);
}

/* Removed, put in the place of another, or the like of it. */
static void
test_other_changes(void **state)
{
	struct world *w = *state;
	struct timespec times[2];
	char *path = folder_path(&w->d, TENANT);
	struct stat st;

	assert_int_equal(later(w, 0, NULL)->ntypes, 2);
	assert_int_equal(
	    unlink(folder_path(&w->d, "t/acme/server/passes/coupon.yml")), 0);
	assert_int_equal(later(w, 1, NULL)->ntypes, 1);

	/* Same size, same time, another inode. */
	assert_int_equal(stat(path, &st), 0);
	folder_write(&w->d, "t/acme/new", acme_tenant);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(
	    utimensat(0, folder_path(&w->d, "t/acme/new"), times, 0), 0);
	later(w, 0, NULL)->languages.n = 99;
	assert_int_equal(rename(folder_path(&w->d, "t/acme/new"), path), 0);
	assert_int_equal(later(w, 1, NULL)->languages.n, 2);
}

static void
test_broken_change(void **state)
{
	struct world *w = *state;
	struct tenant *t = later(w, 0, NULL);

	folder_write(&w->d, LOYALTY, "knid: offer\n");
	assert_ptr_equal(later(w, 1, NULL), t);
	assert_int_equal(logged(w, "event=tenant_broken"), 2);
	assert_int_equal(logged(w, "tenant=acme"), 2);
	assert_int_equal(logged(w, "loyalty.yml line=1"), 2);
	/* Once. */
	assert_ptr_equal(later(w, 1, NULL), t);
	assert_ptr_equal(later(w, 1, NULL), t);
	assert_int_equal(logged(w, "event=tenant_broken"), 2);
	/* The next change is told anew. */
	folder_write(&w->d, LOYALTY, "knd: offer\n");
	assert_ptr_equal(later(w, 1, NULL), t);
	assert_int_equal(logged(w, "event=tenant_broken"), 4);
	folder_write(&w->d, LOYALTY, "kind: offer\n");
	t = later(w, 1, NULL);
	assert_int_equal(tenant_type(t, "loyalty")->kind, KIND_OFFER);
	assert_int_equal(logged(w, "event=tenant_broken"), 4);
}

static void
test_broken_from_the_start(void **state)
{
	struct world *w = *state;
	enum err e;

	folder_write(&w->d, TENANT, "a: 1\nb: 1\nc: 1\nd: 1\n");
	assert_null(later(w, 0, &e));
	assert_int_equal(e, ERR_INTERNAL);
	assert_null(later(w, 0, &e));
	assert_int_equal(e, ERR_INTERNAL);
	assert_null(later(w, 1, &e));
	assert_int_equal(e, ERR_INTERNAL);
	/* The first five, and that there are more. */
	assert_int_equal(logged(w, "event=tenant_broken"), 6);
	assert_int_equal(logged(w, "count=6"), 1);
	folder_write(&w->d, TENANT, acme_tenant);
	assert_null(later(w, 0, &e));
	assert_non_null(later(w, 1, &e));
}

/* What is missing may lie outside of the folder. */
static void
test_outside(void **state)
{
	struct world *w = *state;
	struct tenant *t;
	enum err e;

	folder_write(&w->d, SECURITY,
	    arena_printf(
		w->d.a, "hmacSecrets: [%s]\n", folder_path(&w->d, "far")));
	assert_null(later(w, 0, &e));
	assert_int_equal(e, ERR_INTERNAL);
	folder_write(&w->d, "far", "abc\n");
	t = later(w, 1, &e);
	assert_memory_equal(t->hmac_secrets.s[0].s, "abc", 3);
	assert_ptr_equal(later(w, 1, &e), t);
	folder_write(&w->d, "far", "xyz\n");
	t = later(w, 1, &e);
	assert_memory_equal(t->hmac_secrets.s[0].s, "xyz", 3);
}

static void
test_gone(void **state)
{
	struct world *w = *state;
	enum err e;

	assert_non_null(later(w, 0, NULL));
	assert_int_equal(
	    rename(folder_path(&w->d, "t/acme"), folder_path(&w->d, "t/other")),
	    0);
	assert_non_null(later(w, 0, NULL));
	assert_null(later(w, 1, &e));
	assert_int_equal(e, ERR_NOTFOUND);
	assert_null(later(w, 0, &e));
	assert_int_equal(e, ERR_NOTFOUND);
	assert_int_equal(
	    rename(folder_path(&w->d, "t/other"), folder_path(&w->d, "t/acme")),
	    0);
	assert_non_null(later(w, 0, NULL));
	assert_int_equal(logged(w, "event="), 0);
}

static void
test_unknown(void **state)
{
	static const char *const t[] = { "nobody", "", "..", "ACME", "api" };
	struct world *w = *state;
	struct tenant *out = NULL;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
		    tenants_get(w->ts, t[i], w->now, &out), ERR_NOTFOUND);
	assert_null(out);
}

/* What was read while, or just after, it changed is read again. */
static void
test_unsettled(void **state)
{
	struct world *w = *state;
	int64_t now;
	struct tenant *t;

	now = clock_now();
	folder_write(&w->d, SECURITY, "");
	assert_int_equal(tenants_get(w->ts, "acme", now, &t), ERR_OK);
	t->languages.n = 99;
	assert_int_equal(tenants_get(w->ts, "acme", LATER(now, 1), &t), ERR_OK);
	assert_int_equal(t->languages.n, 2);
	t->languages.n = 99;
	assert_int_equal(tenants_get(w->ts, "acme", LATER(now, 2), &t), ERR_OK);
	assert_int_equal(t->languages.n, 99);
}

/* Files come and go until somebody ends us. */
static void
stir(struct world *w)
{
	struct arena *a = arena_new(4096);
	FILE *f;

	alarm(60); /* even if our parent is gone */
	for (unsigned i = 0;; i++) {
		const char *path =
		    arena_printf(a, "%s/t/acme/secrets/f%u", w->d.dir, i);

		f = fopen(path, "w");
		if (f == NULL || fclose(f) != 0 || unlink(path) != 0)
			_exit(1);
		arena_reset(a);
	}
}

static void
test_being_written(void **state)
{
	const int64_t end = clock_now() + 20000;
	struct world *w = *state;
	struct tenant *t = NULL;
	enum err e = ERR_OK;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		stir(w);
	while (e == ERR_OK && clock_now() < end) {
		tenants_free(w->ts);
		w->ts = tenants_new(&w->s);
		e = tenants_get(w->ts, "acme", w->now, &t);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(e, ERR_BUSY);
	assert_null(later(w, 0, &e));
	assert_int_equal(e, ERR_BUSY);
	assert_non_null(later(w, 1, NULL));
	assert_int_equal(logged(w, "event="), 0);
}

/* A clock that is set back must not freeze the snapshot. */
static void
test_clock_set_back(void **state)
{
	struct world *w = *state;

	later(w, 0, NULL)->languages.n = 99;
	folder_write(&w->d, SECURITY, "");
	assert_int_equal(later(w, -1800, NULL)->languages.n, 2);
}

static void
make_tenants(struct world *w, int n)
{
	for (int i = 0; i < n; i++)
		folder_write(&w->d,
		    arena_printf(w->d.a, "t/t%02d/tenant.yml", i),
		    arena_printf(
			w->d.a, "name: T%d\nurl: https://a/p%d\n", i, i % 10));
}

static void
test_many(void **state)
{
	struct world *w = *state;
	struct tenant *t;
	char id[8];

	make_tenants(w, 70);
	for (int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "t%02d", i);
		assert_int_equal(tenants_get(w->ts, id, w->now, &t), ERR_OK);
		assert_string_equal(t->id, id);
		t->languages.n = 99;
		/* The first is used all the time. */
		assert_int_equal(tenants_get(w->ts, "t00", w->now, &t), ERR_OK);
		assert_int_equal(t->languages.n, 99);
	}
	assert_int_equal(tenants_get(w->ts, "t69", w->now, &t), ERR_OK);
	assert_int_equal(t->languages.n, 99);
	assert_int_equal(tenants_get(w->ts, "t07", w->now, &t), ERR_OK);
	assert_int_equal(t->languages.n, 99);
	assert_int_equal(tenants_get(w->ts, "t01", w->now, &t), ERR_OK);
	assert_int_equal(t->languages.n, 1); /* was given up */
}

static void
test_list(void **state)
{
	struct world *w = *state;
	struct strings l;

	make_tenants(w, 2);
	folder_write(&w->d, "t/file", "");
	folder_write(&w->d, "t/Bad/tenant.yml", "");
	folder_write(&w->d, "t/.hidden/tenant.yml", "");
	assert_int_equal(tenants_list(w->d.a, &w->s, &l), ERR_OK);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.s[0], "acme");
	assert_string_equal(l.s[1], "t00");
	assert_string_equal(l.s[2], "t01");

	w->s.tenants = folder_path(&w->d, "nowhere");
	assert_int_equal(tenants_list(w->d.a, &w->s, &l), ERR_INTERNAL);
	assert_int_equal(logged(w, "event=tenants_unreadable"), 1);
}

static void
test_mounts(void **state)
{
	struct world *w = *state;
	const char *const *m;

	make_tenants(w, 3);
	folder_write(&w->d, "t/t02/tenant.yml", "url: https://a:8/p0/x//\n");
	folder_write(&w->d, "t/t03/tenant.yml", "url: http://a/\n");
	folder_write(&w->d, "t/t04/tenant.yml", "url: [\n");
	folder_write(&w->d, "t/t05/tenant.yml", "url: /p\n");
	folder_write(&w->d, "t/t06/tenant.yml", "url: https://b/p1\n");
	m = tenants_mounts(w->ts, w->now);
	assert_string_equal(m[0], "/p0/x");
	assert_string_equal(m[1], "/p0");
	assert_string_equal(m[2], "/p1");
	assert_string_equal(m[3], "/w");
	assert_null(m[4]);

	folder_write(&w->d, "t/t06/tenant.yml", "url: https://b/quite-long\n");
	assert_ptr_equal(tenants_mounts(w->ts, w->now), m);
	m = tenants_mounts(w->ts, w->now + 1000);
	assert_string_equal(m[0], "/quite-long");
	assert_ptr_equal(tenants_mounts(w->ts, w->now + 2000), m);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_get),
		TEST(test_changes),
		TEST(test_other_changes),
		TEST(test_broken_change),
		TEST(test_broken_from_the_start),
		TEST(test_outside),
		TEST(test_gone),
		TEST(test_unknown),
		TEST(test_unsettled),
		TEST(test_being_written),
		TEST(test_clock_set_back),
		TEST(test_many),
		TEST(test_list),
		TEST(test_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
