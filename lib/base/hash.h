/* SPDX-License-Identifier: MIT */
/* hash - a fast keyed hash for tables in memory.
 *
 * Two 64x64->128 multiplications an 16-byte step (the "folded multiply" of
 * wyhash, W. Yi 2019). Not for anything stored on disk or sent to others, and
 * no cryptographic hash: the key keeps an attacker who chooses the keys from
 * choosing the collisions as well. Cost: about 10 GB/s.
 */
#ifndef SM_BASE_HASH_H
#define SM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n, uint64_t key);

/* A good mix of one 64-bit value (splitmix64's finaliser). */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

#endif
