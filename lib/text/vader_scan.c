// SPDX-License-Identifier: MIT
/* Classifying a text 64 bytes at a time: one bit a byte and class, the edges of the words, the text in lower case.
 * A loop over the bytes with a branch at the end of each word costs more than all the rest of the scoring. */
#include "text/vader_int.h"

#include "base/mem.h"
#include "text/unicode.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct classes {
	struct vader_block b;
	uint64_t space, mark;   /* mark: '!' and '?' */
};

#ifdef __SSE2__
static inline __m128i between(__m128i x, char from, char to)   /* signed: bytes beyond ASCII are below all */
{
	return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8((char)(from - 1))), _mm_cmplt_epi8(x, _mm_set1_epi8((char)(to + 1))));
}

static inline uint64_t bits(__m128i x)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(x);
}

static inline void classify(const char *p, char *low, struct classes *c)
{
	*c = (struct classes){ .space = 0 };
	for (unsigned i = 0; i < 64; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i upper = between(x, 'A', 'Z'), lower = between(x, 'a', 'z');
		__m128i space = _mm_or_si128(between(x, '\t', '\r'), between(x, 0x1c, ' '));
		__m128i alnum = _mm_or_si128(_mm_or_si128(upper, lower), between(x, '0', '9'));
		__m128i l = _mm_or_si128(x, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
		_mm_storeu_si128((__m128i *)(void *)(low + i), l);
		c->b.upper |= bits(upper) << i;
		c->b.lower |= bits(lower) << i;
		c->b.punct |= bits(_mm_andnot_si128(alnum, between(x, '!', '~'))) << i;
		c->b.apos |= bits(_mm_cmpeq_epi8(x, _mm_set1_epi8('\''))) << i;
		c->b.high |= bits(x) << i;
		c->space |= bits(space) << i;
		c->mark |= bits(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('!')), _mm_cmpeq_epi8(x, _mm_set1_epi8('?')))) << i;
	}
}
#else
static void classify(const char *p, char *low, struct classes *c)
{
	*c = (struct classes){ .space = 0 };
	for (unsigned i = 0; i < 64; i++) {
		unsigned char x = (unsigned char)p[i];
		bool upper = x >= 'A' && x <= 'Z', lower = x >= 'a' && x <= 'z', digit = x >= '0' && x <= '9';
		low[i] = (char)(upper ? x | 0x20 : x);
		c->b.upper |= (uint64_t)upper << i;
		c->b.lower |= (uint64_t)lower << i;
		c->b.punct |= (uint64_t)(x > ' ' && x < 0x7f && !upper && !lower && !digit) << i;
		c->b.apos |= (uint64_t)(x == '\'') << i;
		c->b.high |= (uint64_t)(x >> 7) << i;
		c->space |= (uint64_t)((x >= '\t' && x <= '\r') || (x >= 0x1c && x <= ' ')) << i;
		c->mark |= (uint64_t)(x == '!' || x == '?') << i;
	}
}
#endif

static void count_marks(struct vader_scan *scan, const char *p, uint64_t mark)
{
	for (; mark; mark &= mark - 1) {
		bool bang = p[__builtin_ctzll(mark)] == '!';
		scan->bangs += bang;
		scan->questions += !bang;
	}
}

/* White space beyond ASCII: set its bits; what runs into the next block is left in *CARRY. */
static uint64_t high_spaces(const char *p, uint64_t high, uint64_t *carry)
{
	uint64_t space = 0;
	for (; high; high &= high - 1) {
		unsigned i = (unsigned)__builtin_ctzll(high);
		unsigned char c = (unsigned char)p[i];
		uint32_t cp;
		if (c != 0xc2 && (c < 0xe1 || c > 0xe3))
			continue;
		unsigned n = utf8_decode(p + i, 4, &cp);
		if (cp == UTF8_BAD || !unicode_space(cp))
			continue;
		uint64_t run = (UINT64_C(1) << n) - 1;
		space |= run << i;
		*carry |= i + n > 64 ? run >> (64 - i) : 0;
	}
	return space;
}

void vader_scan(struct vader_scratch *s, struct vader_scan *scan)
{
	size_t n = s->text.n, nblocks = n / 64 + 1, ne = 0;
	struct vader_block *block = MEM_GROW(s->block, s->blockcap, nblocks + 1);
	uint32_t *edge = MEM_GROW(s->edge, s->edgecap, nblocks * 64 + 2);
	uint64_t prev = 0, carry = 0;
	buf_clear(&s->low);
	buf_reserve(&s->low, nblocks * 64 + VADER_PAD);
	*scan = (struct vader_scan){ .edge = edge };
	for (size_t i = 0; i < nblocks; i++) {
		struct classes c;
		classify(s->text.p + i * 64, s->low.p + i * 64, &c);
		uint64_t space = c.space | carry;
		carry = 0;
		if (__builtin_expect(c.b.high != 0, 0))
			space |= high_spaces(s->text.p + i * 64, c.b.high, &carry);
		block[i] = c.b;
		scan->high |= c.b.high != 0;
		scan->apos |= c.b.apos != 0;
		count_marks(scan, s->text.p + i * 64, c.mark);
		uint64_t word = ~space, edges = word ^ (word << 1 | prev);
		prev = word >> 63;
		for (; edges; edges &= edges - 1)
			edge[ne++] = (uint32_t)(i * 64 + (unsigned)__builtin_ctzll(edges));
	}
	memset(&block[nblocks], 0, sizeof *block);
	memset(s->low.p + nblocks * 64, 0, VADER_PAD);
	scan->nwords = ne / 2;
}
