// SPDX-License-Identifier: MIT
#include "text/unicode.h"

static bool trails(const unsigned char *p, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

unsigned unicode_decode(const char *text, size_t n, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned c = p[0];
	*cp = UNICODE_BAD;
	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	if (c >= 0xc2 && c < 0xe0 && n >= 2 && trails(p, 2)) {
		*cp = (c & 0x1f) << 6 | (p[1] & 0x3f);
		return 2;
	}
	if (c >= 0xe0 && c < 0xf0 && n >= 3 && trails(p, 3)) {
		uint32_t v = (c & 0xf) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3f);
		if (v < 0x800 || (v >= 0xd800 && v < 0xe000))
			return 1;
		*cp = v;
		return 3;
	}
	if (c >= 0xf0 && c < 0xf5 && n >= 4 && trails(p, 4)) {
		uint32_t v = (c & 7) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3f);
		if (v < 0x10000 || v > 0x10ffff)
			return 1;
		*cp = v;
		return 4;
	}
	return 1;
}

unsigned unicode_encode(char *to, uint32_t cp)
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

bool unicode_space(uint32_t cp)
{
	if (cp <= 0x20)
		return (cp >= 9 && cp <= 13) || cp >= 0x1c;
	return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 ||
	       cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

size_t unicode_length(const char *p, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += (p[i] & 0xc0) != 0x80;
	return len;
}
