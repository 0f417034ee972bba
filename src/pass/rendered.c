#include "pass/rendered.h"

#include "base/digest.h"

void
rendered_begin(struct buf *b, struct arena *a, const struct pass_type *type)
{
	static const unsigned char none[DIGEST_LEN] = { 0 };

	buf_init(b, a);
	buf_add(b, type == NULL ? none : type->digest, DIGEST_LEN);
}

void
rendered_digest(struct arena *a, const struct pass_type *type, struct pass *p)
{
	const struct slice data = json_text_sorted(a, pass_data(a, p, true));
	struct buf b;

	rendered_begin(&b, a, type);
	buf_add(&b, data.s, data.len);
	if (p->notification != NULL)
		buf_adds(&b, json_text_sorted(a, p->notification).s);
	digest_sha256(b.s, b.len, p->rendered);
	p->has_rendered = true;
}
