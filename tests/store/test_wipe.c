#include "store/wipe.h"

#include <sys/stat.h>

#include "fixture.h"

/* -- single pages ------------------------------------------------------------
 */

#define PAGE 512

struct row {
	unsigned char type;
	uint16_t entries, data; /* of the head */
	size_t from, to;        /* what is overwritten; from = to: nothing */
};

static void
set16(unsigned char *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void
test_pages_of_a_btree(void **state)
{
	static const struct row t[] = {
		{ 5, 4, 400, 26 + 8, 400 },   /* leaf */
		{ 5, 0, 512, 26, 512 },       /* empty leaf */
		{ 5, 0, 0, 26, 512 },         /* of 65536 bytes */
		{ 5, 100, 226, 226, 226 },    /* full */
		{ 5, 100, 225, 225, 225 },    /* damaged: left alone */
		{ 5, 4, 513, 0, 0 },          /* too */
		{ 3, 2, 480, 26 + 4, 480 },   /* inner */
		{ 12, 2, 480, 26 + 4, 480 },  /* duplicates */
		{ 7, 1, 100, 26 + 100, 512 }, /* overflow */
		{ 7, 1, 486, 512, 512 },      /* full one */
		{ 0, 9, 400, 26, 512 },       /* free */
		{ 9, 4, 400, 0, 0 },          /* meta */
		{ 11, 4, 400, 0, 0 },         /* of a queue */
		{ 13, 4, 400, 0, 0 },         /* of a hash */
	};
	const struct wipe_layout l = { .page = PAGE };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		unsigned char p[PAGE], was[PAGE];

		memset(p, 'x', sizeof(p));
		p[25] = t[i].type;
		set16(p + 20, t[i].entries);
		set16(p + 22, t[i].data);
		memcpy(was, p, sizeof(p));
		assert_int_equal(wipe_page(p, &l), t[i].from < t[i].to);
		for (size_t at = 0; at < PAGE; at++)
			if (p[at] !=
			    (at >= t[i].from && at < t[i].to ? 0 : was[at]))
				fail_msg("row %zu, byte %zu", i, at);
		assert_false(wipe_page(p, &l)); /* once is enough */
	}
}

static void
test_pages_of_a_queue(void **state)
{
	static const unsigned char flags[] = { 3, 2, 3, 0 };
	const struct wipe_layout l = { .page = PAGE, .record = 100 };
	unsigned char p[PAGE];

	(void)state;
	memset(p, 'x', sizeof(p));
	p[25] = 11;
	for (int i = 0; i < 4; i++) /* valid, gone, valid, never set */
		p[28 + 100 * i] = flags[i];
	assert_true(wipe_page(p, &l));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(p[28 + 100 * i], flags[i]);
		for (int at = 1; at < 100; at++)
			assert_int_equal(
			    p[28 + 100 * i + at], i % 2 == 0 ? 'x' : 0);
	}
	assert_int_equal(p[428], 'x'); /* after the last record */
	assert_false(wipe_page(p, &l));
}

/* -- a folder ----------------------------------------------------------------
 */

static bool
holds(struct fixture *f, const char *dir, const char *text)
{
	return system(arena_printf(f->a, "grep -rqa '%s' '%s'", text, dir)) ==
	    0;
}

static const struct sample stays = { "stays-1", "a document that stays",
	{ "email", "stays@example.org", NULL }, "s" };
static const struct sample goes = { "goes-1", "a document that goes",
	{ "email", "goes@example.org", NULL }, "g" };

static void
nothing(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	(void)done;
	(void)total;
}

/* With a long document, which lies in pages of its own. */
static void
test_a_backup_holds_nothing_of_who_was_removed(void **state)
{
	static const char *const gone[] = { "goes-1", "that goes",
		"goes@example", "gggggggggggggggg", "the long end" };
	struct fixture *f = *state;
	struct store_pass here = sample_pass(f->a, &stays);
	struct store_pass away = sample_pass(f->a, &goes);
	const char *to =
	    arena_printf(f->a, "%.*s/to", (int)strlen(f->dir) - 5, f->dir);
	char *text = arena_alloc(f->a, 20001);

	memset(text, 'g', 20000);
	memcpy(text + 19900, "the long end", 12);
	text[20000] = '\0';
	away.document = slice_of(text);
	assert_int_equal(add(f->st, &here), ERR_OK);
	assert_int_equal(add(f->st, &away), ERR_OK);
	assert_int_equal(remove_pass(f->st, &away), ERR_OK);
	assert_true(holds(f, f->dir, "goes@example"));
	assert_int_equal(store_log_cut(f->st), ERR_OK);
	assert_int_equal(mkdir(to, 0700), 0);
	assert_int_equal(store_backup(f->st, to, nothing, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		if (holds(f, to, gone[i]))
			fail_msg("%s", gone[i]);
	assert_true(holds(f, to, "document that stays"));

	/* And it is a store as good as the other. */
	store_close(f->st);
	assert_int_equal(
	    system(arena_printf(
		f->a, "rm -r '%s' && mv '%s/data' '%s'", f->dir, to, f->dir)),
	    0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_string_equal(found(f, &stays), "stays-1");
	assert_string_equal(found(f, &goes), "");
}

/* Again and again, while its files come and go. */
static void
test_a_log_that_is_cut_can_be_backed_up(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		const char *to = arena_printf(
		    f->a, "%.*s/to%d", (int)strlen(f->dir) - 5, f->dir, i);

		assert_int_equal(store_log_cut(f->st), ERR_OK);
		assert_int_equal(mkdir(to, 0700), 0);
		assert_int_equal(
		    store_backup(f->st, to, nothing, NULL), ERR_OK);
		assert_true(holds(f, to, "format"));
	}
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_of_a_btree),
		cmocka_unit_test(test_pages_of_a_queue),
		T(test_a_backup_holds_nothing_of_who_was_removed),
		T(test_a_log_that_is_cut_can_be_backed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
