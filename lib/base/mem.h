/* SPDX-License-Identifier: MIT */
/* mem - allocation that does not return NULL, and checked sizes.
 *
 * Out of memory ends the process: `mem_oom` is the one hook (it may be replaced
 * by a test). Sizes that come from input must be bounded before they get here.
 * Threads: safe, as malloc is; set the hook before threads start.
 */
#ifndef SM_BASE_MEM_H
#define SM_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Called with the wanted size when memory is out; must not return. */
typedef void mem_oom_fn(size_t wanted);
void mem_set_oom(mem_oom_fn *fn);
_Noreturn void mem_oom(size_t wanted);

void *mem_alloc(size_t n);                     /* n = 0 gives a unique pointer */
void *mem_zalloc(size_t n);                    /* zeroed */
void *mem_realloc(void *p, size_t n);
void *mem_array(void *p, size_t n, size_t size); /* realloc of n x size, overflow-checked */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);    /* NUL-terminated copy of n bytes */
void *mem_dup(const void *p, size_t n);
void mem_free(void *p);                        /* free(); NULL is fine */

/* Grow an array: make room for NEED elements in *P of *CAP elements of SIZE bytes,
 * at least doubling. Use through MEM_GROW. */
void *mem_grow(void *p, size_t *cap, size_t need, size_t size);
#define MEM_GROW(p, cap, need) \
	((need) <= (cap) ? (p) : ((p) = mem_grow((p), &(cap), (need), sizeof *(p))))

static inline bool mem_add(size_t a, size_t b, size_t *r) { return !__builtin_add_overflow(a, b, r); }
static inline bool mem_mul(size_t a, size_t b, size_t *r) { return !__builtin_mul_overflow(a, b, r); }

/* As qsort needs it: the bytes in order, then the shorter first. */
static inline int mem_compare(const void *a, size_t na, const void *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = n ? memcmp(a, b, n) : 0;
	return c ? c : (na > nb) - (na < nb);
}

#endif
