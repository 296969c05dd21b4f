/* SPDX-License-Identifier: MIT */
/* Pages that are locked, left out of dumps, and wiped. */
#include "secret/locked.h"

#include "base/mem.h"

#include <string.h>
#include <sys/mman.h>

void *locked_alloc(size_t n)
{
	n = n ? n : 1;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		mem_oom(n);
	(void)mlock(p, n);
	(void)madvise(p, n, MADV_DONTDUMP);
	return p;
}

void locked_free(void *p, size_t n)
{
	if (!p)
		return;
	n = n ? n : 1;
	explicit_bzero(p, n);
	munmap(p, n);
}
