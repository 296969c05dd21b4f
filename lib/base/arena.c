/* SPDX-License-Identifier: MIT */
/* Blocks that grow, cut into pieces from their beginning; all of them go at once. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_MIN ((size_t)16 << 10)
#define ALIGN ((size_t)16)

struct arena_block {
	struct arena_block *next;
	size_t cap;
	_Alignas(16) char data[];
};

static void add_block(struct arena *a, size_t n)
{
	size_t cap = a->head ? a->head->cap * 2 : BLOCK_MIN, bytes;
	if (cap > ((size_t)4 << 20))
		cap = (size_t)4 << 20;
	if (cap < n)
		cap = n;
	if (!mem_add(cap, sizeof(struct arena_block), &bytes))
		mem_oom(SIZE_MAX);
	struct arena_block *b = mem_alloc(bytes);
	b->cap = cap;
	b->next = a->head;
	a->head = b;
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t want;
	if (!mem_add(n, ALIGN - 1, &want))
		mem_oom(n);
	want &= ~(ALIGN - 1);
	if (!a->head || a->head->cap - a->used < want)
		add_block(a, want);
	void *p = a->head->data + a->used;
	a->used += want;
	a->total += want;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (!mem_mul(n, size, &bytes))
		mem_oom(SIZE_MAX);
	return arena_zalloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t bytes;
	if (!mem_add(n, 1, &bytes))
		mem_oom(n);
	char *p = arena_alloc(a, bytes);
	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *p = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
	vsnprintf(p, (size_t)(n < 0 ? 0 : n) + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void arena_clear(struct arena *a)
{
	while (a->head && a->head->next) {
		struct arena_block *b = a->head;
		a->head = b->next;
		mem_free(b);
	}
	a->used = a->total = 0;
}

void arena_release(struct arena *a)
{
	arena_clear(a);
	mem_free(a->head);
	*a = (struct arena)ARENA_INIT;
}
