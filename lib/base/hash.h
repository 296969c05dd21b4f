/* SPDX-License-Identifier: MIT */
/* hash - a fast hash for tables in memory, and one that is the same everywhere.
 *
 * Two 64x64->128 multiplications an 16-byte step (the "folded multiply" of wyhash, W. Yi 2019). What comes from outside may
 * be chosen to collide, so hash_bytes has a secret that every process draws before main(): nothing that lasts or is
 * seen may depend on its values, not even an order. hash_stable has none: it is for names, samples and shares of work that
 * must come out the same in the next run, and never for a table. Neither is a cryptographic hash.
 *
 * Threads: pure functions. Cost: about 10 GB/s.
 */
#ifndef SM_BASE_HASH_H
#define SM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Two words of the secret, for tables that mix what they know of their keys themselves. Read only. */
struct hash_secret {
	uint64_t a, b;
};
extern struct hash_secret hash_secret;

uint64_t hash_bytes(const void *p, size_t n, uint64_t key);
uint64_t hash_stable(const void *p, size_t n, uint64_t key);

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* A good mix of one 64-bit value (splitmix64's finaliser). */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* For a table whose keys are 64-bit hashes that others can choose. */
static inline uint64_t hash_again(uint64_t x)
{
	return hash_fold(x ^ hash_secret.a, x ^ hash_secret.b);
}

#endif
