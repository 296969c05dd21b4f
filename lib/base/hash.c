/* SPDX-License-Identifier: MIT */
/* The hash of base/hash.h, with and without the process's secret. */
#include "base/hash.h"

#include "base/rand.h"

#include <string.h>

/* Without a secret. */
#define K0 0xa0761d6478bd642fu
#define K1 0xe7037ed1a0b428dbu

struct hash_secret hash_secret;

/* Before main(), so before any thread; from then on it is a constant. Odd bits: a word is never 0. */
__attribute__((constructor)) static void draw(void)
{
	rand_system(&hash_secret, sizeof hash_secret);
	hash_secret.a |= 1;
	hash_secret.b |= 1;
}

static inline uint64_t load64(const unsigned char *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static inline uint64_t load_tail(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n);
	return v;
}

/* A word of input that is K multiplies by zero and forgets what was before it: K must not be known. */
static inline uint64_t hash(const void *data, size_t n, uint64_t h, uint64_t k)
{
	const unsigned char *p = data;
	size_t left = n;
	for (; left > 16; left -= 16, p += 16)
		h = hash_fold(load64(p) ^ k, load64(p + 8) ^ h);
	uint64_t a = 0, b = 0;
	if (left > 8) {
		a = load64(p);
		b = load_tail(p + 8, left - 8);
	} else if (left) {
		a = load_tail(p, left);
	}
	return hash_fold(k ^ n, hash_fold(a ^ k, b ^ h));
}

uint64_t hash_bytes(const void *p, size_t n, uint64_t key)
{
	return hash(p, n, key ^ hash_secret.a, hash_secret.b);
}

uint64_t hash_stable(const void *p, size_t n, uint64_t key)
{
	return hash(p, n, key ^ K0, K1);
}
