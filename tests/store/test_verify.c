#include <fcntl.h>

#include "fixture.h"
#include "store/registration.h"

/* The documents say themselves what is indexed: "email,unique". */
static enum err
index_document(struct arena *a, struct store_pass *p, void *arg)
{
	const char *comma = memchr(p->document.s, ',', p->document.len);

	(void)arg;
	if (comma == NULL)
		return ERR_INVALID;
	p->fields = arena_alloc(a, sizeof(*p->fields));
	p->fields[0].name = S("email");
	p->fields[0].value =
	    table_slice(p->document.s, (size_t)(comma - p->document.s));
	p->nfields = 1;
	if (comma[1] != '\0')
		p->unique = memset(arena_alloc(a, 32), comma[1], 32);
	return ERR_OK;
}

static const char *const documents[][2] = {
	{ "pass-1", "a@x,u" },
	{ "pass-2", "a@x," },
	{ "pass-3", "b@x,v" },
};

static int
setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	for (size_t i = 0; i < 3; i++) {
		struct store_pass p = { .id = documents[i][0],
			.document = slice_of(documents[i][1]) };

		assert_int_equal(index_document(f->a, &p, NULL), ERR_OK);
		assert_int_equal(add(f->st, &p), ERR_OK);
	}
	return 0;
}

struct told {
	char text[2048];
};

static void
tell(void *arg, const char *text)
{
	struct told *told = arg;

	assert_true(strlen(told->text) + strlen(text) < sizeof(told->text) - 2);
	strcat(strcat(told->text, text), "\n");
}

struct row {
	char what; /* + put, - delete */
	enum table table;
	struct slice key, value;
};

static enum err
plant(struct txn *t, void *arg)
{
	const struct row *r = arg;

	return r->what == '+' ? table_put(t, r->table, r->key, r->value, 0)
			      : table_del(t, r->table, r->key);
}

#define C(lit)                                                                 \
	{                                                                      \
		lit, sizeof(lit) - 1                                           \
	}
#define U32  "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
#define X32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define HEAD "\0\0\0\0\0\0\0\0" /* the tag */

static const struct {
	struct row row;
	const char *told;
} cases[] = {
	/* index entries that are missing */
	{ { '-', TABLE_FIELD, C("email\0b@x"), { NULL, 0 } },
	    "pass pass-3: no index entry for email\n" },
	{ { '-', TABLE_FIELD, C("email\0a@x"), { NULL, 0 } },
	    "pass pass-1: no index entry for email\n"
	    "pass pass-2: no index entry for email\n" },
	{ { '-', TABLE_UNIQUE, C(U32), { NULL, 0 } },
	    "pass pass-1: no index entry for its unique identifiers\n" },
	{ { '-', TABLE_ORDINAL, C("\2\0\0\0"), { NULL, 0 } },
	    "pass pass-2: no index entry for its ordinal\n"
	    "field email: an entry of no pass\n"
	    "ordinal 2: the column of installationStatus has a cell of no "
	    "pass\n" },
	/* index entries that are too many */
	{ { '+', TABLE_FIELD, C("email\0c@x"), C("\0\0\0\1") },
	    "field email: an entry of no pass\n" },
	{ { '+', TABLE_FIELD, C("email\0a@x"), C("\0\0\0\3") },
	    "field email: an entry of no pass\n" },
	{ { '+', TABLE_FIELD, C("email\0a@x"), C("\0\0\0\4") },
	    "field email: an entry of no pass\n" },
	{ { '+', TABLE_FIELD, C("email\0a@x"), C("\0\0\0\0") },
	    "field email: an entry of no pass\n" },
	{ { '+', TABLE_FIELD, C("email\0a@x"), C("\1") },
	    "field email: an entry of no pass\n" },
	{ { '+', TABLE_FIELD,
	      C("phone\0"
		"1"),
	      C("\0\0\0\1") },
	    "field phone: an entry of no pass\n" },
	{ { '+', TABLE_UNIQUE, C(X32), C("pass-2") },
	    "unique identifiers: pass pass-2 does not have them\n" },
	{ { '+', TABLE_UNIQUE, C(X32), C("pass-4") },
	    "unique identifiers: pass pass-4 does not have them\n" },
	{ { '+', TABLE_ORDINAL, C("\4\0\0\0"), C("pass-1") },
	    "ordinal 4: pass pass-1 does not have it\n" },
	{ { '+', TABLE_ORDINAL, C("\5\0\0\0"), C("pass-5") },
	    "ordinal 5: pass pass-5 does not have it\n" },
	/* index entries of another */
	{ { '+', TABLE_UNIQUE, C(U32), C("pass-3") },
	    "pass pass-1: no index entry for its unique identifiers\n"
	    "unique identifiers: pass pass-3 does not have them\n" },
	/* the pass itself */
	{ { '-', TABLE_PASS, C("pass-3"), { NULL, 0 } },
	    "unique identifiers: pass pass-3 does not have them\n"
	    "field email: an entry of no pass\n"
	    "ordinal 3: pass pass-3 does not have it\n" },
	{ { '+', TABLE_PASS, C("pass-2"), C("\1") },
	    "pass pass-2: its row is damaged\n" },
	{ { '+', TABLE_PASS, C("pass-2"), C("\1\0\0\0\2" HEAD "no comma") },
	    "pass pass-2: its document is damaged\n" },
	{ { '+', TABLE_PASS, C("pass-2"), C("\1\0\0\0\2" HEAD "b@x,") },
	    "pass pass-2: no index entry for email\n"
	    "field email: an entry of no pass\n" },
};

static void
count_calls(void *arg, uint64_t done, uint64_t total)
{
	assert_true(done <= total);
	++*(unsigned *)arg;
}

/* What is wrong with an index is put right; a damaged pass stays so. */
static void
mend(struct fixture *f, bool all)
{
	struct told told = { "" };
	uint64_t faults = 9, mended = 0;
	unsigned calls = 0;

	assert_int_equal(
	    store_reindex(f->st, index_document, count_calls, &calls, &mended),
	    ERR_OK);
	assert_true(mended > 0);
	assert_true(calls > 1);
	assert_int_equal(
	    store_verify(f->st, index_document, tell, &told, &faults), ERR_OK);
	assert_int_equal(faults, all ? 0 : 1);
}

static void
test_planted_faults_are_found(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct row row = cases[i].row;
		struct told told = { "" };
		uint64_t faults = 0, lines = 0;
		struct fixture *f;

		setup(state);
		f = *state;
		assert_int_equal(store_run(f->st, plant, &row), ERR_OK);
		assert_int_equal(
		    store_verify(f->st, index_document, tell, &told, &faults),
		    ERR_OK);
		assert_string_equal(told.text, cases[i].told);
		for (const char *p = told.text; *p != '\0'; p++)
			lines += *p == '\n';
		assert_int_equal(faults, lines);
		mend(f, strstr(told.text, "damaged") == NULL);
		fixture_teardown(state);
	}
}

/* -- what is registered ---------------------------------------------------- */

#define T16 "\xe6\x32\xb7\x09\x5b\x0b\xf3\x2c\x26\x0f\xa4\xc5\x39\xe9\xfd\x7b"
#define U16 "\xa2\x55\x13\xc7\xe0\xf6\xea\xa8\x0a\x33\x37\xee\x18\x08\x1b\x9e"
#define V1  C("\1")

static const struct {
	struct row row;
	const char *told;
} phones[] = {
	{ { '-', TABLE_DEVICE, C("dev"), { NULL, 0 } },
	    "pass pass-1: is registered by a device that is not there\n"
	    "pass pass-1: finds a device that has not registered it\n"
	    "a push token: no device has it\n" },
	{ { '+', TABLE_DEVICE, C("dev"), V1 },
	    "a device: its row is damaged\n" },
	{ { '+', TABLE_DEVICE, C("dev"), C("\1" HEAD "U") },
	    "a device: not found by its push token\n"
	    "pass pass-1: does not find a device that has it\n"
	    "pass pass-1: finds a device that has not registered it\n"
	    "a push token: no device has it\n" },
	{ { '+', TABLE_DEVICE, C("other"), C("\1" HEAD "U") },
	    "a device: nothing is registered\n" },
	{ { '-', TABLE_REGISTRATION, C("dev\0top\0pass-1"), { NULL, 0 } },
	    "a device: nothing is registered\n"
	    "pass pass-1: finds a device that has not registered it\n" },
	{ { '+', TABLE_REGISTRATION, C("dev\0top\0pass-9"), C("\1" HEAD) },
	    "pass pass-9: is registered, but not there\n" },
	{ { '+', TABLE_REGISTRATION, C("dev\0top\0pass-2"), C("\1" HEAD) },
	    "pass pass-2: does not find a device that has it\n" },
	{ { '+', TABLE_REGISTRATION, C("dev\0top"), C("\1" HEAD) },
	    "a key is damaged\n" },
	{ { '-', TABLE_HOLDER, C("pass-1\0" T16 "top\0dev"), { NULL, 0 } },
	    "pass pass-1: does not find a device that has it\n" },
	{ { '+', TABLE_HOLDER, C("pass-2\0" T16 "top\0dev"), V1 },
	    "pass pass-2: finds a device that has not registered it\n" },
	{ { '+', TABLE_HOLDER, C("pass-1\0" U16 "top\0dev"), V1 },
	    "pass pass-1: finds a device that has not registered it\n" },
	{ { '+', TABLE_HOLDER, C("pass-1\0" T16 "top"), V1 },
	    "a key is damaged\n" },
	{ { '+', TABLE_HOLDER, C("pass-1"), V1 }, "a key is damaged\n" },
	{ { '-', TABLE_TOKEN, C(T16 "ddev"), { NULL, 0 } },
	    "a device: not found by its push token\n" },
	{ { '+', TABLE_TOKEN, C(U16 "ddev"), V1 },
	    "a push token: no device has it\n" },
	{ { '+', TABLE_TOKEN, C(T16 "dother"), V1 },
	    "a push token: no device has it\n" },
	{ { '+', TABLE_TOKEN, C(U16 "ptop"), V1 },
	    "a push token: no device has it\n" },
	{ { '+', TABLE_TOKEN, C(T16 "xtop"), V1 }, "a key is damaged\n" },
	{ { '+', TABLE_TOKEN, C("short"), V1 }, "a key is damaged\n" },
	{ { '+', TABLE_TOKEN, C(T16 "ptop"), V1 }, "" },
};

static enum err
enrol(struct txn *t, void *arg)
{
	static const struct registration r = { "dev", "top", "pass-1", "T", 1 };
	struct registration_moves m = { .n = 0 };
	bool new;

	return registration_add(t, arg, &r, &new, &m);
}

static void
test_what_is_registered_agrees(void **state)
{
	for (size_t i = 0; i < sizeof(phones) / sizeof(*phones); i++) {
		struct row row = phones[i].row;
		struct told told = { "" };
		uint64_t faults = 0;
		struct fixture *f;

		setup(state);
		f = *state;
		assert_int_equal(store_run(f->st, enrol, f->a), ERR_OK);
		assert_int_equal(store_run(f->st, plant, &row), ERR_OK);
		assert_int_equal(
		    store_verify(f->st, index_document, tell, &told, &faults),
		    ERR_OK);
		assert_string_equal(told.text, phones[i].told);
		if (faults > 0)
			mend(f, strstr(told.text, "row is") == NULL);
		fixture_teardown(state);
	}
}

static void
test_nothing_to_find(void **state)
{
	struct fixture *f = *state;
	struct told told = { "" };
	uint64_t faults = 9;

	assert_int_equal(
	    store_verify(f->st, index_document, tell, &told, &faults), ERR_OK);
	assert_int_equal(faults, 0);
	assert_string_equal(told.text, "");
}

/* Ordinals that were leased for nothing, so many that they are a page. */
static void
test_hole_is_no_fault(void **state)
{
	struct fixture *f = *state;
	struct store_pass p = { .id = "pass-9", .document = S("z@x,") };
	struct told told = { "" };
	uint64_t faults = 9;

	f->st->lease = (struct lease){ 0, 0 };
	assert_int_equal(ordinal_lease(f->st, 500), ERR_OK);
	f->st->lease = (struct lease){ 0, 0 };
	assert_int_equal(index_document(f->a, &p, NULL), ERR_OK);
	assert_int_equal(add(f->st, &p), ERR_OK);
	assert_int_equal(
	    store_verify(f->st, index_document, tell, &told, &faults), ERR_OK);
	assert_string_equal(told.text, "");
	assert_int_equal(faults, 0);
}

/* The file itself: two keys out of order. */
static void
test_damaged_file(void **state)
{
	struct fixture *f = *state;
	struct told told = { "" };
	uint64_t faults = 0;
	char page[65536], *p;
	ssize_t n;
	int fd;

	assert_int_equal(store_checkpoint(f->st, 0), ERR_OK);
	store_close(f->st);
	f->st = NULL;
	fd = open(fixture_path(f, "pass.db"), O_RDWR);
	n = pread(fd, page, sizeof(page), 0);
	p = memmem(page, (size_t)n, "pass-1", 6);
	assert_non_null(p);
	assert_int_equal(pwrite(fd, "zass-1", 6, p - page), 6);
	close(fd);
	/* Read it from the file again, not from the shared cache. */
	assert_int_equal(truncate(fixture_path(f, "boot"), 0), 0);
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	assert_int_equal(
	    store_verify(f->st, index_document, tell, &told, &faults), ERR_OK);
	assert_true(faults > 0);
	assert_non_null(strstr(told.text, "pass.db: "));
}

/* Add the pass, or remove it if it is there. */
static enum err
toggle(struct txn *t, void *arg)
{
	struct op *op = arg;
	struct store_pass p = { .id = op->id, .document = S("w@x,") };
	enum err e = store_pass_get(t, op->id, true, op->a, &p);
	bool there = e == ERR_OK;

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if ((e = index_document(op->a, &p, NULL)) != ERR_OK)
		return e;
	return there ? store_pass_remove(t, &p) : store_pass_add(t, &p);
}

/* Until the other end of the pipe is closed. */
static int
toggle_many(const char *dir, int stop)
{
	struct op op = { .a = arena_new(4096) };
	struct store *st;

	if (store_open(dir, &fast, &st) != ERR_OK)
		return 1;
	for (int i = 0; read(stop, &(char){ 0 }, 1) != 0; i++) {
		op.id = arena_printf(op.a, "w-%d", i * 7 % 300);
		if (store_run(st, toggle, &op) != ERR_OK)
			return 2;
		arena_reset(op.a);
	}
	store_close(st);
	arena_free(op.a);
	return 0;
}

static void
test_changes_meanwhile_are_no_faults(void **state)
{
	struct fixture *f = *state;
	struct told told = { "" };
	uint64_t faults = 9;
	int stop[2];
	pid_t pid;

	store_close(f->st);
	f->st = NULL;
	assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
	if ((pid = fork()) == 0) {
		close(stop[1]);
		_exit(toggle_many(f->dir, stop[0]));
	}
	assert_int_equal(store_open(f->dir, &fast, &f->st), ERR_OK);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(
		    store_verify(f->st, index_document, tell, &told, &faults),
		    ERR_OK);
		assert_string_equal(told.text, "");
		assert_int_equal(faults, 0);
	}
	close(stop[0]);
	close(stop[1]);
	assert_int_equal(reap(pid), 0);
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_faults_are_found),
		cmocka_unit_test(test_what_is_registered_agrees),
		T(test_nothing_to_find),
		T(test_hole_is_no_fault),
		T(test_damaged_file),
		T(test_changes_meanwhile_are_no_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
