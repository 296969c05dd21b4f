/* SPDX-License-Identifier: MIT */
/* Fields as they stand in CSV and TSV, and where a record ends. */
#include "csv/csv.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* How many bytes from S on are none of the four. */
static size_t plain(const char *s, size_t n, char a, char b)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b), lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	for (; n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb)),
					   _mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)));
		unsigned bits = (unsigned)_mm_movemask_epi8(hit);
		if (bits)
			return i + (size_t)__builtin_ctz(bits);
	}
#endif
	while (i < n && s[i] != a && s[i] != b && s[i] != '\n' && s[i] != '\r')
		i++;
	return i;
}

static void put_escaped(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = plain(s + i, n - i, '\t', '\\');
		buf_put(b, s + i, len);
		i += len;
		if (i == n)
			break;
		buf_putc(b, '\\');
		buf_putc(b, s[i] == '\t' ? 't' : s[i] == '\n' ? 'n' : s[i] == '\r' ? 'r' : '\\');
	}
}

static void put_quoted(struct buf *b, const char *s, size_t n)
{
	buf_putc(b, '"');
	for (const char *end = s + n, *q; s < end; s = q) {
		q = memchr(s, '"', (size_t)(end - s));
		q = q ? q + 1 : end;
		buf_put(b, s, (size_t)(q - s));
		if (q[-1] == '"')
			buf_putc(b, '"');
	}
	buf_putc(b, '"');
}

void csv_put(struct buf *b, enum csv_style style, const char *s, size_t n)
{
	if (!s)
		return;
	if (style == CSV_TAB)
		put_escaped(b, s, n);
	else if (!n || (unsigned char)s[0] <= ' ' || (unsigned char)s[n - 1] <= ' ' || s[0] == '#' || plain(s, n, '"', ',') < n)
		put_quoted(b, s, n);
	else
		buf_put(b, s, n);
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
