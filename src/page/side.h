#ifndef PAGE_SIDE_H
#define PAGE_SIDE_H

/*
 * side - the face of a pass as HTML: its fields where Apple puts them.
 */

#include "base/buf.h"
#include "wallet/card.h"

struct side {
	const struct tenant *tenant;
	const struct pass_type *type;
	const struct pass *pass;
	const struct card_side *of; /* in the language of the card */
	struct json_object *own;    /* texts of the tenant in it */
	const char *language;       /* of our own words */
	size_t number;              /* of the card on the page: its colours */
	int64_t now;
};

/* An <article>. */
void side_html(struct buf *b, const struct side *s);

/* Its colours as CSS. */
void side_css(struct buf *b, const struct side *s);

/* What the pass is called: its title, else who gives it. */
const char *side_title(struct arena *a, const struct side *s);

/* {logo: address}, relative to /{tenantId}/{layout}. */
struct json_object *side_images(struct arena *a, const struct side *s);

/* The barcode of the card as <svg>, or NULL. */
const char *side_barcode(struct arena *a, const struct side *s);

#endif
