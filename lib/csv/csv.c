/* SPDX-License-Identifier: MIT */
/* Fields as they stand in CSV and TSV, and where a record ends. */
#include "csv/csv.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Copy the 16 bytes at S to TO: which of them are one of the four, as bits; *HIGH: those beyond ASCII. */
static inline unsigned copy16(char *to, const char *s, const char any[4], unsigned *high)
{
#ifdef __SSE2__
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i a = _mm_cmpeq_epi8(v, _mm_set1_epi8(any[0])), b = _mm_cmpeq_epi8(v, _mm_set1_epi8(any[1]));
	__m128i c = _mm_cmpeq_epi8(v, _mm_set1_epi8(any[2])), d = _mm_cmpeq_epi8(v, _mm_set1_epi8(any[3]));
	__m128i hit = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
	*high |= (unsigned)_mm_movemask_epi8(v);
	_mm_storeu_si128((__m128i *)(void *)to, v);
	return (unsigned)_mm_movemask_epi8(hit);
#else
	unsigned mask = 0;
	for (unsigned i = 0; i < 16; i++) {
		to[i] = s[i];
		*high |= (unsigned char)s[i] >> 7;
		mask |= (unsigned)(s[i] == any[0] || s[i] == any[1] || s[i] == any[2] || s[i] == any[3]) << i;
	}
	return mask;
#endif
}

/* Copy N bytes to TO (room for N + 16) as long as none is A, B, or a line end; returns how many. PADDED: bytes behind S may be
 * read, and *HIGH may speak of them too. */
static inline size_t copy_plain(char *to, const char *s, size_t n, char a, char b, unsigned *high, bool padded)
{
	size_t i = 0;
	for (; padded ? i < n : n - i >= 16; i += 16) {
		unsigned mask = copy16(to + i, s + i, (const char[]){ a, b, '\n', '\r' }, high);
		size_t at = mask ? i + (size_t)__builtin_ctz(mask) : n;
		if (mask && at < n)
			return at;
	}
	if (padded)
		return n;
	for (; i < n && s[i] != a && s[i] != b && s[i] != '\n' && s[i] != '\r'; i++) {
		to[i] = s[i];
		*high |= (unsigned char)s[i] >> 7;
	}
	return i;
}

static inline unsigned put_escaped(struct buf *b, const char *s, size_t n, bool padded)
{
	unsigned high = 0;
	char *to = buf_reserve(b, 2 * n + 16);
	for (size_t i = 0; i < n; i++) {
		size_t len = copy_plain(to, s + i, n - i, '\t', '\\', &high, padded);
		to += len;
		i += len;
		if (i == n)
			break;
		*to++ = '\\';
		*to++ = s[i] == '\t' ? 't' : s[i] == '\n' ? 'n' : s[i] == '\r' ? 'r' : '\\';
	}
	b->n = (size_t)(to - b->p);
	return high;
}

/* N at most 16 bytes of S, of which those in MASK are quotes; what is stored behind them is overwritten later. */
static inline char *put_doubled(char *to, const char *s, size_t n, unsigned mask)
{
	size_t from = 0;
	for (; mask; mask &= mask - 1) {
		size_t end = (size_t)__builtin_ctz(mask) + 1;
		memcpy(to, s + from, 16);
		to += end - from;
		*to++ = '"';
		from = end;
	}
	memcpy(to, s + from, 16);
	return to + (n - from);
}

static inline unsigned put_quoted(struct buf *b, const char *s, size_t n, bool padded)
{
	static const char quotes[4] = { '"', '"', '"', '"' };
	unsigned high = 0;
	char *to = buf_reserve(b, CSV_ROOM(n));
	size_t i = 0;
	*to++ = '"';
	for (; padded ? i < n : n - i >= 2 * CSV_PADDING; i += 16) {
		size_t left = n - i < 16 ? n - i : 16;
		unsigned mask = copy16(to, s + i, quotes, &high) & ((1u << left) - 1);
		to = mask ? put_doubled(to, s + i, left, mask) : to + left;
	}
	for (; i < n; i++) {
		*to++ = s[i];
		high |= (unsigned char)s[i] >> 7;
		if (s[i] == '"')
			*to++ = '"';
	}
	*to++ = '"';
	b->n = (size_t)(to - b->p);
	return high;
}

static inline bool put(struct buf *b, enum csv_style style, const char *s, size_t n, bool padded)
{
	unsigned high = 0;
	if (!s)
		return false;
	if (style == CSV_TAB)
		return put_escaped(b, s, n, padded) != 0;
	if (!n || (unsigned char)s[0] <= ' ' || (unsigned char)s[n - 1] <= ' ' || s[0] == '#' ||
	    copy_plain(buf_reserve(b, n + 16), s, n, '"', ',', &high, padded) < n)
		return put_quoted(b, s, n, padded) != 0;
	b->n += n;
	return high != 0;
}

bool csv_put(struct buf *b, enum csv_style style, const char *s, size_t n)
{
	return put(b, style, s, n, false);
}

bool csv_put_padded(struct buf *b, enum csv_style style, const char *s, size_t n)
{
	return put(b, style, s, n, true);
}

void csv_end(struct buf *b, enum csv_style style, size_t from)
{
	if (b->n == from && style == CSV_COMMA)
		buf_puts(b, "\"\"");
	buf_putc(b, '\n');
}

void csv_name(struct buf *b, const char *part, size_t n, bool first, bool last)
{
	bool quote = !(first && last) && n && (memchr(part, '.', n) || memchr(part, '`', n));
	if (!first)
		buf_putc(b, '.');
	if (quote)
		buf_putc(b, '`');
	for (size_t i = 0; i < n; i++) {
		buf_putc(b, part[i]);
		if (quote && part[i] == '`')
			buf_putc(b, '`');
	}
	if (quote)
		buf_putc(b, '`');
}

size_t csv_records(enum csv_style style, const char *p, size_t size, uint64_t n)
{
	size_t i = 0;
	for (bool quoted = false; n && i < size; i++) {
		if (p[i] == '"' && style == CSV_COMMA)
			quoted = !quoted;
		else if (p[i] == '\n' && !quoted)
			n--;
	}
	return i;
}
