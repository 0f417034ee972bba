#include "page/words.h"

#include <stdlib.h>

#define LANGUAGES 5

static const char *codes[LANGUAGES] = { "en", "fr", "de", "es", "ar" };
const struct strings words_languages = { codes, LANGUAGES };

/* clang-format off */
static const struct {
	const char *key; /* in the tenant's texts */
	const char *text[LANGUAGES];
} words[WORD_COUNT] = {
	[WORD_APPLE] = { "page.apple", {
	    "Add to Apple Wallet", "Ajouter à Apple Wallet",
	    "Zu Apple Wallet hinzufügen", "Añadir a Apple Wallet",
	    "إضافة إلى Apple Wallet" } },
	[WORD_GOOGLE] = { "page.google", {
	    "Add to Google Wallet", "Ajouter à Google Wallet",
	    "Zu Google Wallet hinzufügen", "Añadir a Google Wallet",
	    "إضافة إلى Google Wallet" } },
	[WORD_PHONE] = { "page.phone", {
	    "Take it with you", "Emportez-la avec vous",
	    "Immer dabei", "Llévalo contigo", "خذها معك" } },
	[WORD_SCAN] = { "page.scan", {
	    "Scan this code with your phone’s camera to add the pass to your wallet.",
	    "Scannez ce code avec l’appareil photo de votre téléphone pour ajouter la carte à votre portefeuille.",
	    "Scannen Sie diesen Code mit der Kamera Ihres Telefons, um die Karte hinzuzufügen.",
	    "Escanea este código con la cámara de tu teléfono para añadir el pase a tu cartera.",
	    "امسح هذا الرمز بكاميرا هاتفك لإضافة البطاقة إلى محفظتك." } },
	[WORD_DETAILS] = { "page.details", {
	    "Details", "Détails", "Details", "Detalles", "التفاصيل" } },
	[WORD_BARCODE] = { "page.barcode", {
	    "Barcode", "Code-barres", "Strichcode", "Código de barras",
	    "الرمز الشريطي" } },
	[WORD_QR] = { "page.qr", {
	    "QR code that opens this page on a phone",
	    "Code QR qui ouvre cette page sur un téléphone",
	    "QR-Code, der diese Seite auf einem Telefon öffnet",
	    "Código QR que abre esta página en un teléfono",
	    "رمز QR يفتح هذه الصفحة على الهاتف" } },
	[WORD_VOID] = { "page.void", {
	    "This pass is no longer valid.", "Cette carte n’est plus valable.",
	    "Diese Karte ist nicht mehr gültig.", "Este pase ya no es válido.",
	    "لم تعد هذه البطاقة صالحة." } },
	[WORD_EXPIRED] = { "page.expired", {
	    "This pass has expired.", "Cette carte a expiré.",
	    "Diese Karte ist abgelaufen.", "Este pase ha caducado.",
	    "انتهت صلاحية هذه البطاقة." } },
	[WORD_MISSING] = { "page.missing", {
	    "There is no such pass", "Cette carte n’existe pas",
	    "Diese Karte gibt es nicht", "Este pase no existe",
	    "لا توجد بطاقة كهذه" } },
	[WORD_LOOK] = { "page.look", {
	    "Check that the link is complete, or ask whoever sent it to you.",
	    "Vérifiez que le lien est complet, ou demandez à qui vous l’a envoyé.",
	    "Prüfen Sie, ob der Link vollständig ist, oder fragen Sie, wer ihn geschickt hat.",
	    "Comprueba que el enlace esté completo o pregunta a quien te lo envió.",
	    "تأكد من أن الرابط كامل، أو اسأل من أرسله إليك." } },
	[WORD_UPDATED] = { "page.updated", {
	    "The pass was updated.", "La carte a été mise à jour.",
	    "Die Karte wurde aktualisiert.", "El pase se ha actualizado.",
	    "تم تحديث البطاقة." } },
	[WORD_PASSES] = { "page.passes", {
	    "Your passes", "Vos cartes", "Ihre Karten", "Tus pases",
	    "بطاقاتك" } },
	[WORD_TROUBLE] = { "page.trouble", {
	    "This pass cannot be shown now", "Cette carte ne peut pas être affichée",
	    "Diese Karte kann gerade nicht gezeigt werden",
	    "Este pase no se puede mostrar ahora",
	    "لا يمكن عرض هذه البطاقة الآن" } },
};
/* clang-format on */

/* The length of the primary subtag. */
static size_t
primary(struct slice tag)
{
	const char *dash = memchr(tag.s, '-', tag.len);

	return dash == NULL ? tag.len : (size_t)(dash - tag.s);
}

/* Exactly, else by the primary subtag; NULL if neither. */
static const char *
match(const struct strings *have, struct slice tag)
{
	const size_t len = primary(tag);

	for (size_t i = 0; i < have->n; i++)
		if (slice_is_nocase(tag, have->s[i]))
			return have->s[i];
	for (size_t i = 0; i < have->n; i++) {
		const struct slice h = slice_of(have->s[i]);

		if (len > 0 && primary(h) == len &&
		    strncasecmp(h.s, tag.s, len) == 0)
			return have->s[i];
	}
	return NULL;
}

/* The weight after ";q=", 1 without one. */
static double
weight(const char *s, const char *end)
{
	const char *q = memmem(s, (size_t)(end - s), "q=", 2);

	return q == NULL ? 1 : strtod(q + 2, NULL);
}

struct best {
	const char *language; /* NULL: none yet */
	double weight;
};

/* One item of the header, `end` after it. */
static void
consider(
    struct best *b, const struct strings *have, const char *s, const char *end)
{
	const char *tag = s + strspn(s, " \t");
	const size_t len = strcspn(tag, " \t;,");
	const char *found;
	double q;

	if (tag >= end)
		return;
	found = match(have, (struct slice){ tag, len });
	q = weight(tag + len, end);
	if (found != NULL && q > b->weight && q <= 1)
		*b = (struct best){ found, q };
}

const char *
words_choose(const struct strings *have, const char *accept)
{
	struct best b = { .language = NULL };

	for (const char *p = accept == NULL ? "" : accept; *p != '\0';) {
		const char *end = p + strcspn(p, ",");

		consider(&b, have, p, end);
		p = end + (*end == ',');
	}
	return b.language;
}

const char *
words_get(enum word w, const char *language, struct json_object *own)
{
	const char *said = json_get_string(own, words[w].key);
	const char *code = match(&words_languages, slice_of(language));

	if (said != NULL && *said != '\0')
		return said;
	for (size_t i = 0; i < LANGUAGES; i++)
		if (code == codes[i])
			return words[w].text[i];
	return words[w].text[0];
}

bool
words_rtl(const char *language)
{
	static const char *list[] = { "ar", "fa", "he", "ur" };
	static const struct strings rtl = { list, 4 };

	return match(&rtl, slice_of(language)) != NULL;
}
