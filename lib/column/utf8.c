/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it; the rows of its table 3-7 in The Unicode Standard are the cases below. */
#include "column/format.h"

#include <string.h>

/* Bytes of the character at P[0..N), 0 when there is none. */
static size_t char_length(const unsigned char *p, size_t n)
{
	unsigned c = p[0], need = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	if (!need || need > n)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F))
		return 0;
	return need;
}

/* Skip what is plain ASCII, 16 bytes a step. */
static size_t skip_ascii(const char *p, size_t n)
{
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		uint64_t a, b;
		memcpy(&a, p + i, 8);
		memcpy(&b, p + i + 8, 8);
		if ((a | b) & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

bool utf8_valid(const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		i += skip_ascii(p + i, n - i);
		for (size_t stop = i + 16; i < n && i < stop;) {
			size_t k = char_length((const unsigned char *)p + i, n - i);
			if (!k)
				return false;
			i += k;
		}
	}
	return true;
}

void utf8_repair(struct buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t k = char_length((const unsigned char *)p + i, n - i);
		if (k)
			buf_put(b, p + i, k);
		else
			buf_puts(b, "\xEF\xBF\xBD");
		i += k ? k : 1;
	}
}
