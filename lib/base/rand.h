/* SPDX-License-Identifier: MIT */
/* rand - randomness: a seeded generator (xoshiro256**, Blackman & Vigna 2018) and the system's.
 * Same seed, same sequence on every machine. Threads: one owner a struct. */
#ifndef SM_BASE_RAND_H
#define SM_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);  /* uniform in 0..n-1, unbiased; n > 0 */
double rng_unit(struct rng *r);                 /* uniform in [0, 1) */

void rand_system(void *to, size_t n);           /* getrandom(2) */
#define UUID_TEXT 36
void rand_uuid(char to[UUID_TEXT + 1]);         /* RFC 4122 version 4, lower case, NUL-terminated */

#endif
