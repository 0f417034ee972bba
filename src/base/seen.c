#include "base/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define FIRST_SIZE 1024 /* a power of two */

struct entry {
	uint64_t key; /* 0: free */
	uint32_t number;
};

struct seen {
	struct entry *table;
	size_t size, used;
};

static struct entry *
new_table(size_t size)
{
	struct entry *t = calloc(size, sizeof(*t));

	if (t == NULL)
		abort();
	return t;
}

struct seen *
seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->size = FIRST_SIZE;
	s->table = new_table(s->size);
	return s;
}

static struct entry *
find(struct entry *table, size_t size, uint64_t key)
{
	size_t i = key & (size - 1);

	while (table[i].key != 0 && table[i].key != key)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void
grow(struct seen *s)
{
	struct entry *table = new_table(2 * s->size);

	for (size_t i = 0; i < s->size; i++)
		if (s->table[i].key != 0)
			*find(table, 2 * s->size, s->table[i].key) =
			    s->table[i];
	free(s->table);
	s->table = table;
	s->size *= 2;
}

uint32_t *
seen_number(struct seen *s, struct slice key)
{
	unsigned char digest[DIGEST_LEN];
	struct entry *e;
	uint64_t h;

	digest_sha256(key.s, key.len, digest);
	memcpy(&h, digest, sizeof(h));
	h += h == 0;
	if (2 * s->used >= s->size)
		grow(s);
	e = find(s->table, s->size, h);
	s->used += e->key == 0;
	e->key = h;
	return &e->number;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->table);
	free(s);
}
