#ifndef PAGE_BARCODE_H
#define PAGE_BARCODE_H

/*
 * barcode - what a scanner reads, as SVG.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define BARCODE_MAX 2048 /* bytes of a message */

struct barcode {
	const char *path;       /* of the dark modules, for <path d=""> */
	unsigned width, height; /* modules, with the quiet zone */
};

/*
 * `format` is qr, pdf417, aztec or code128, in any case, or Apple's name of
 * one.  ERR_UNSET: another, or this build leaves it out (--without-qr,
 * --without-zint); ERR_INVALID: the message does not go into it.
 */
MUST_CHECK enum err barcode_make(struct arena *a, const char *format,
    struct slice message, struct barcode *out);

/* A whole <svg> of it; `label` is what a screen reader says, escaped here. */
const char *barcode_svg(
    struct arena *a, const struct barcode *code, const char *label);

#endif
