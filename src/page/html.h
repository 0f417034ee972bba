#ifndef PAGE_HTML_H
#define PAGE_HTML_H

/*
 * html - text into HTML, so that it stays text.
 *
 * One function for each place where a text may go.  Attributes are always
 * quoted.
 */

#include "base/buf.h"
#include "base/slice.h"

/* As text or in a quoted attribute: & < > " ' and what is no character. */
void html_text(struct buf *b, struct slice s);

/*
 * A URL in a quoted attribute; "#" unless it is relative, or http, https,
 * mailto, tel or data:image.
 */
void html_url(struct buf *b, struct slice s);

/* A colour in CSS, "#rrggbb", of one that card_colour() takes; else `def`. */
void html_colour(struct buf *b, const char *s, const char *def);

/* Text of several lines: a line's end is a <br>. */
void html_lines(struct buf *b, struct slice s);

#endif
