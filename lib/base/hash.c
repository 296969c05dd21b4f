/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <string.h>

#define K0 0xa0761d6478bd642fu
#define K1 0xe7037ed1a0b428dbu

static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
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

uint64_t hash_bytes(const void *data, size_t n, uint64_t key)
{
	const unsigned char *p = data;
	uint64_t h = key ^ K0;
	size_t left = n;
	for (; left > 16; left -= 16, p += 16)
		h = fold(load64(p) ^ K1, load64(p + 8) ^ h);
	uint64_t a = 0, b = 0;
	if (left > 8) {
		a = load64(p);
		b = load_tail(p + 8, left - 8);
	} else if (left) {
		a = load_tail(p, left);
	}
	return fold(K1 ^ n, fold(a ^ K1, b ^ h));
}
