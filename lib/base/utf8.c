// SPDX-License-Identifier: MIT
/* The one reader and writer of UTF-8; the cases are the rows of table 3-7 in The Unicode Standard. */
#include "base/utf8.h"

#include <string.h>

/* Bytes of the character at P[0..N), 0 when there is none. */
static unsigned char_length(const unsigned char *p, size_t n)
{
	unsigned c = p[0], need = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	if (!need || need > n)
		return 0;
	for (unsigned i = 1; i < need; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F))
		return 0;
	return need;
}

unsigned utf8_decode(const char *text, size_t n, uint32_t *cp)
{
	static const unsigned char lead[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	const unsigned char *p = (const unsigned char *)text;
	unsigned k = char_length(p, n);
	if (!k) {
		*cp = UTF8_BAD;
		return 1;
	}
	uint32_t c = p[0] & lead[k];
	for (unsigned i = 1; i < k; i++)
		c = c << 6 | (p[i] & 0x3Fu);
	*cp = c;
	return k;
}

unsigned utf8_encode(char *to, uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xc0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xe0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		to[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	to[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

void utf8_put(struct buf *b, uint32_t cp)
{
	char *to = buf_reserve(b, 4);
	b->n += utf8_encode(to, cp);
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
			unsigned k = char_length((const unsigned char *)p + i, n - i);
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
		unsigned k = char_length((const unsigned char *)p + i, n - i);
		if (k)
			buf_put(b, p + i, k);
		else
			buf_puts(b, "\xEF\xBF\xBD");
		i += k ? k : 1;
	}
}

size_t utf8_length(const char *p, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += (p[i] & 0xC0) != 0x80;
	return len;
}
