// SPDX-License-Identifier: MIT
/* MurmurHash3 by Austin Appleby (public domain), its 128 bits for 64-bit machines. */
#include "sketch/murmur.h"

#include <string.h>

#define C1 0x87c37b91114253d5u
#define C2 0x4cf5ad432745937fu

static uint64_t rotl(uint64_t x, int r)
{
	return x << r | x >> (64 - r);
}

static uint64_t load(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

void murmur3_128(const void *data, size_t n, uint64_t seed, uint64_t out[2])
{
	const unsigned char *p = data;
	uint64_t h1 = seed, h2 = seed;
	size_t left = n;
	for (; left >= 16; left -= 16, p += 16) {
		h1 ^= rotl(load(p, 8) * C1, 31) * C2;
		h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
		h2 ^= rotl(load(p + 8, 8) * C2, 33) * C1;
		h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
	}
	if (left > 8)
		h2 ^= rotl(load(p + 8, left - 8) * C2, 33) * C1;
	if (left)
		h1 ^= rotl(load(p, left < 8 ? left : 8) * C1, 31) * C2;
	h1 ^= n;
	h2 ^= n;
	h1 += h2;
	h2 += h1;
	h1 = mix(h1);
	h2 = mix(h2);
	h1 += h2;
	h2 += h1;
	out[0] = h1;
	out[1] = h2;
}
