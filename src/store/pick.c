#include "store/pick.h"

#include <stdlib.h>

void
pick_init(struct pick *p, size_t keep, size_t size, bool greatest)
{
	*p = (struct pick){
		.keep = keep, .size = size, .flip = greatest ? UINT64_MAX : 0
	};
	if ((p->list = malloc(size * sizeof(*p->list))) == NULL)
		abort();
}

void
pick_free(struct pick *p)
{
	free(p->list);
}

static inline void
swap(struct pick_entry *a, struct pick_entry *b)
{
	struct pick_entry t = *a;

	*a = *b;
	*b = t;
}

static uint64_t
median(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t lo = a < b ? a : b, hi = a < b ? b : a;

	return c < lo ? lo : c > hi ? hi : c;
}

/* Of any three: dates come in runs, on which fixed places do badly. */
static uint64_t
pivot_of(const struct pick_entry *e, size_t n, uint32_t *seed)
{
	uint64_t key[3];

	for (int i = 0; i < 3; i++) {
		*seed = *seed * 1664525U + 1013904223U;
		key[i] = e[(uint64_t)*seed * n >> 32].key;
	}
	return median(key[0], key[1], key[2]);
}

/* Quickselect; three parts, because many keys are equal. */
void
pick_select(struct pick_entry *e, size_t n, size_t r)
{
	size_t from = 0, end = n;
	uint32_t seed = 1;

	while (end - from > 1) {
		uint64_t pivot = pivot_of(e + from, end - from, &seed);
		size_t lt = from, i = from, gt = end;

		while (i < gt) {
			if (e[i].key < pivot)
				swap(&e[lt++], &e[i++]);
			else if (e[i].key > pivot)
				swap(&e[i], &e[--gt]);
			else
				i++;
		}
		if (r < lt)
			end = lt;
		else if (r >= gt)
			from = gt;
		else
			return;
	}
}

static void
shrink(struct pick *p)
{
	pick_select(p->list, p->n, p->keep - 1);
	p->n = p->keep;
	p->full = true;
	p->bound = p->list[p->keep - 1].key;
}

/* While they are kept, keys are flipped. */
void
pick_add(
    struct pick *p, const uint32_t *ordinals, const uint64_t *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t key = keys[i] ^ p->flip;

		if (p->full && key >= p->bound)
			continue;
		if (p->n == p->size)
			shrink(p);
		p->list[p->n].key = key;
		p->list[p->n++].ordinal = ordinals[i];
	}
}

void
pick_end(struct pick *p)
{
	if (p->n > p->keep)
		shrink(p);
}

uint64_t
pick_rank(struct pick *p, size_t r)
{
	pick_select(p->list, p->n, r);
	return p->list[r].key;
}
