/* SPDX-License-Identifier: MIT */
/* malloc and its kin, with the one hook that ends the process when there is no memory left. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static mem_oom_fn *oom_hook;

void mem_set_oom(mem_oom_fn *fn)
{
	oom_hook = fn;
}

_Noreturn void mem_oom(size_t wanted)
{
	if (oom_hook)
		oom_hook(wanted);
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);
	if (!p)
		mem_oom(n);
	return p;
}

void *mem_zalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);
	if (!p)
		mem_oom(n);
	return p;
}

void *mem_realloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);
	if (!q)
		mem_oom(n);
	return q;
}

void *mem_array(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (!mem_mul(n, size, &bytes))
		mem_oom(SIZE_MAX);
	return mem_realloc(p, bytes);
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
	size_t bytes;
	if (!mem_add(n, 1, &bytes))
		mem_oom(SIZE_MAX);
	char *p = mem_alloc(bytes);
	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void *mem_dup(const void *src, size_t n)
{
	void *p = mem_alloc(n);
	if (n)
		memcpy(p, src, n);
	return p;
}

void mem_free(void *p)
{
	free(p);
}

void *mem_grow(void *p, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap < 8 ? 8 : *cap * 2;
	if (want < need)
		want = need;
	p = mem_array(p, want, size);
	*cap = want;
	return p;
}
