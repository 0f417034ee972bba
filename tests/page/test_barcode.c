#include "page/barcode.h"

#include "config.h"
#include "test.h"

static void
test_make(void **state)
{
	static char too_long[BARCODE_MAX + 2];
	static const struct {
		const char *format, *message;
		enum err want;
	} t[] = {
#ifdef HAVE_QRENCODE
		{ "qr", "4711", ERR_OK },
		{ "QR", "4711", ERR_OK },
		{ "PKBarcodeFormatQR", "4711", ERR_OK },
		{ "qr", "", ERR_INVALID },
		{ "qr", too_long, ERR_INVALID },
		{ "qr", "z\xc3\xbc", ERR_OK },
#endif
#ifdef HAVE_ZINT
		{ "pdf417", "CAKE-20", ERR_OK },
		{ "aztec", "TICKET", ERR_OK },
		{ "code128", "40118233", ERR_OK },
		{ "code128", "\xd8\xa7", ERR_INVALID },
#endif
		{ "ean13", "4711", ERR_UNSET },
		{ "", "4711", ERR_UNSET },
		{ "PKBarcodeFormat", "4711", ERR_UNSET },
	};
	struct arena *a = arena_new(4096);

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct barcode code = { .width = 7 };
		const enum err e =
		    barcode_make(a, t[i].format, slice_of(t[i].message), &code);

		if (e != t[i].want)
			fail_msg("row %zu: %d", i, e);
		if (e == ERR_OK) {
			assert_true(code.width >= 19 && code.height >= 19);
			assert_int_equal(*code.path, 'M');
		} else
			assert_int_equal(code.width, 7);
	}
	arena_free(a);
}

/* The finder of a QR code: a dark line of seven modules, after the quiet. */
static void
test_drawing(void **state)
{
#ifdef HAVE_QRENCODE
	struct arena *a = arena_new(4096);
	struct barcode code;
	const char *svg;

	assert_int_equal(barcode_make(a, "qr", slice_of("1"), &code), ERR_OK);
	assert_int_equal(code.width, 21 + 8);
	assert_int_equal(code.height, 21 + 8);
	assert_int_equal(strncmp(code.path, "M4 4h7v1h-7z", 12), 0);
	svg = barcode_svg(a, &code, "a\"b<c");
	assert_non_null(strstr(svg, "aria-label=\"a&quot;b&lt;c\""));
	assert_non_null(strstr(svg, "viewBox=\"0 0 29 29\""));
	arena_free(a);
#endif
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_drawing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
