/* SPDX-License-Identifier: MIT */
/* locked - memory for secrets: not swapped out, not in core dumps, wiped when freed.
 *
 * Each piece has pages of its own (mmap), so that locking one never unlocks another. mlock(2) is best effort: its limit
 * (RLIMIT_MEMLOCK) is small on some machines, and a tool must not fail for that.
 * Ownership: the caller frees with the size that it asked for. Threads: safe. Cost: a page or more, and two or three system
 * calls.
 */
#ifndef SM_SECRET_LOCKED_H
#define SM_SECRET_LOCKED_H

#include <stddef.h>

void *locked_alloc(size_t n);               /* zeroed; out of memory goes through mem_oom */
void locked_free(void *p, size_t n);        /* NULL is fine */

#endif
