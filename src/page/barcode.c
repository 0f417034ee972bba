#include "page/barcode.h"

#include "config.h"

#include <stdlib.h>

#ifdef HAVE_QRENCODE
#include <qrencode.h>
#endif
#ifdef HAVE_ZINT
#include <zint.h>
#endif

#include "base/buf.h"
#include "page/html.h"

#define APPLE "PKBarcodeFormat"

struct modules {
	unsigned width, height;
	bool (*dark)(const void *symbol, unsigned x, unsigned y);
	const void *symbol;
	unsigned quiet; /* modules around it */
	unsigned tall;  /* units that a row is high */
};

/* Each run of dark modules of a row is one rectangle. */
static void
draw(struct arena *a, const struct modules *m, struct barcode *out)
{
	struct buf b;

	buf_init(&b, a);
	for (unsigned y = 0; y < m->height; y++)
		for (unsigned x = 0, run; x < m->width; x += run + 1) {
			for (run = 0; x + run < m->width &&
			     m->dark(m->symbol, x + run, y);
			     run++)
				continue;
			if (run > 0)
				buf_printf(&b, "M%u %uh%uv%uh-%uz",
				    x + m->quiet, y * m->tall + m->quiet, run,
				    m->tall, run);
		}
	*out = (struct barcode){
		.path = b.s != NULL ? b.s : "",
		.width = m->width + 2 * m->quiet,
		.height = m->height * m->tall + 2 * m->quiet,
	};
}

#ifdef HAVE_QRENCODE
static bool
qr_dark(const void *symbol, unsigned x, unsigned y)
{
	const QRcode *q = symbol;

	return (q->data[y * (unsigned)q->width + x] & 1) != 0;
}

static enum err
make_qr(struct arena *a, struct slice s, struct barcode *out)
{
	QRcode *q = QRcode_encodeData(
	    (int)s.len, (const unsigned char *)s.s, 0, QR_ECLEVEL_M);

	if (q == NULL)
		return ERR_INVALID;
	draw(a,
	    &(struct modules){ .width = (unsigned)q->width,
		.height = (unsigned)q->width,
		.dark = qr_dark,
		.symbol = q,
		.quiet = 4,
		.tall = 1 },
	    out);
	QRcode_free(q);
	return ERR_OK;
}
#endif

#ifdef HAVE_ZINT
static bool
zint_dark(const void *symbol, unsigned x, unsigned y)
{
	const struct zint_symbol *z = symbol;

	return (z->encoded_data[y][x / 8] >> (x % 8) & 1) != 0;
}

static enum err
make_zint(struct arena *a, int symbology, struct slice s, struct barcode *out)
{
	struct zint_symbol *z = ZBarcode_Create();
	enum err e = ERR_INVALID;

	if (z == NULL)
		abort();
	z->symbology = symbology;
	z->input_mode = UNICODE_MODE;
	if (ZBarcode_Encode(z, (const unsigned char *)s.s, (int)s.len) <
	    ZINT_ERROR) {
		draw(a,
		    &(struct modules){ .width = (unsigned)z->width,
			.height = (unsigned)z->rows,
			.dark = zint_dark,
			.symbol = z,
			.quiet = symbology == BARCODE_CODE128 ? 10 : 2,
			.tall = symbology == BARCODE_PDF417 ? 3
			    : symbology == BARCODE_CODE128  ? 40
							    : 1 },
		    out);
		e = ERR_OK;
	}
	ZBarcode_Delete(z);
	return e;
}

static enum err
make_pdf417(struct arena *a, struct slice s, struct barcode *out)
{
	return make_zint(a, BARCODE_PDF417, s, out);
}

static enum err
make_aztec(struct arena *a, struct slice s, struct barcode *out)
{
	return make_zint(a, BARCODE_AZTEC, s, out);
}

static enum err
make_code128(struct arena *a, struct slice s, struct barcode *out)
{
	return make_zint(a, BARCODE_CODE128, s, out);
}
#endif

static const struct {
	const char *name;
	enum err (*make)(struct arena *a, struct slice s, struct barcode *out);
} formats[] = {
#ifdef HAVE_QRENCODE
	{ "qr", make_qr },
#endif
#ifdef HAVE_ZINT
	{ "pdf417", make_pdf417 }, { "aztec", make_aztec },
	{ "code128", make_code128 },
#endif
	{ NULL, NULL }
};

enum err
barcode_make(struct arena *a, const char *format, struct slice message,
    struct barcode *out)
{
	if (strncmp(format, APPLE, strlen(APPLE)) == 0)
		format += strlen(APPLE);
	if (message.len == 0 || message.len > BARCODE_MAX ||
	    memchr(message.s, '\0', message.len) != NULL)
		return ERR_INVALID;
	for (size_t i = 0; formats[i].name != NULL; i++)
		if (strcasecmp(format, formats[i].name) == 0)
			return formats[i].make(a, message, out);
	return ERR_UNSET;
}

const char *
barcode_svg(struct arena *a, const struct barcode *code, const char *label)
{
	struct buf b;

	buf_init(&b, a);
	buf_adds(&b,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
	    "aria-label=\"");
	html_text(&b, slice_of(label));
	buf_printf(&b,
	    "\" viewBox=\"0 0 %u %u\" shape-rendering=\"crispEdges\"><rect "
	    "width=\"%u\" height=\"%u\" fill=\"#fff\"/><path d=\"%s\" "
	    "fill=\"#000\"/></svg>",
	    code->width, code->height, code->width, code->height, code->path);
	return b.s;
}
