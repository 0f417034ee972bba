#ifndef STORE_PICK_H
#define STORE_PICK_H

/*
 * pick - selection: the keys of some ranks among many, in little memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pick_entry {
	uint64_t key;
	uint32_t ordinal;
};

/*
 * The least `keep` of all entries that are added, or the greatest; those
 * of all that equal the last one kept may be missing.
 */
struct pick {
	struct pick_entry *list;
	size_t n, size, keep;
	uint64_t flip;  /* all ones: the greatest */
	bool full;      /* some were left out: they are not less than .. */
	uint64_t bound; /* .. this, flipped */
};

/* `size` is the most that is held at a time, over `keep`. */
void pick_init(struct pick *p, size_t keep, size_t size, bool greatest);
void pick_add(
    struct pick *p, const uint32_t *ordinals, const uint64_t *keys, size_t n);

/* Nothing more comes: leave out what is too much. */
void pick_end(struct pick *p);

/* The key of rank `r`, from 0; the entries are put in another order. */
uint64_t pick_rank(struct pick *p, size_t r);
void pick_free(struct pick *p);

/* Put the entry of rank `r` in its place, no less before and after it. */
void pick_select(struct pick_entry *e, size_t n, size_t r);

#endif
