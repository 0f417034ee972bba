#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * arena - memory that dies together.
 *
 * Whatever comes from an arena lives until arena_reset() or arena_free();
 * nothing is freed one by one.  Allocation never returns NULL: a process
 * out of memory ends itself and its supervisor starts another.
 *
 * Owner: whoever called arena_new().  Not for sharing between threads.
 */

#include <stddef.h>

struct arena;

/* Make an empty arena whose blocks hold at least `block` bytes. */
struct arena *arena_new(size_t block);

/* Give `size` zeroed bytes, aligned for any object. */
void *arena_alloc(struct arena *a, size_t size);

/* Copy `len` bytes and add a NUL; `s` itself stays the caller's. */
char *arena_strndup(struct arena *a, const char *s, size_t len);

/* Copy a string. */
char *arena_strdup(struct arena *a, const char *s);

/* Copy `len` bytes of any kind; no NUL is added. */
void *arena_memdup(struct arena *a, const void *p, size_t len);

/* A string made as printf(3) makes it. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Have `fn(arg)` called when the arena is reset or freed, last one first:
 * how an object of a foreign library joins the arena's lifetime.
 */
void arena_defer(struct arena *a, void (*fn)(void *), void *arg);

/* Forget everything allocated, keeping one block for the next round. */
void arena_reset(struct arena *a);

/* Release the arena and all it gave out.  arena_free(NULL) does nothing. */
void arena_free(struct arena *a);

#endif
