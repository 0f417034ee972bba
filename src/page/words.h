#ifndef PAGE_WORDS_H
#define PAGE_WORDS_H

/*
 * words - what the page itself says, in the visitor's language.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/json.h"
#include "conf/setting.h"

enum word {
	WORD_APPLE,   /* Add to Apple Wallet */
	WORD_GOOGLE,  /* Add to Google Wallet */
	WORD_PHONE,   /* Take it with you */
	WORD_SCAN,    /* Scan this code with your phone... */
	WORD_DETAILS, /* Details */
	WORD_BARCODE, /* Barcode */
	WORD_QR,      /* QR code that opens this page on a phone */
	WORD_VOID,    /* no longer valid */
	WORD_EXPIRED, /* has expired */
	WORD_MISSING, /* There is no such pass */
	WORD_LOOK,    /* Check the link... */
	WORD_UPDATED, /* The pass was updated */
	WORD_PASSES,  /* Your passes */
	WORD_TROUBLE, /* cannot be shown now */
	WORD_COUNT
};

/*
 * The best of `have` for an Accept-Language (RFC 9110, section 12.5.4; may
 * be NULL): the highest weight wins, then the earliest; "fr-CA" takes fr, and
 * "pt" takes pt-BR.  NULL when none fits.
 */
const char *words_choose(const struct strings *have, const char *accept);

/* The languages that the page speaks: en, fr, de, es, ar. */
extern const struct strings words_languages;

/*
 * A word in `language`; `own` (texts of the tenant, or NULL) may say
 * otherwise under "page.NAME".
 */
const char *words_get(
    enum word w, const char *language, struct json_object *own);

/* Written from right to left. */
bool words_rtl(const char *language);

#endif
