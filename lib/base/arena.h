/* SPDX-License-Identifier: MIT */
/* arena - many small allocations that live and die together.
 *
 * Ownership: the arena owns all it hands out; arena_clear keeps one block for
 * the next round, arena_release frees all. Threads: one owner.
 * Alignment: 16 bytes. Cost: O(1) an allocation.
 */
#ifndef SM_BASE_ARENA_H
#define SM_BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used;   /* bytes in the head block */
	size_t total;  /* bytes asked for since the last clear */
};

#define ARENA_INIT { NULL, 0, 0 }

void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t n, size_t size); /* zeroed, overflow-checked */
char *arena_strndup(struct arena *a, const char *s, size_t n); /* NUL-terminated */
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_clear(struct arena *a);
void arena_release(struct arena *a);

#endif
