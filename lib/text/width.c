// SPDX-License-Identifier: MIT
#include "text/width.h"

#include "text/unicode.h"

#include <utf8proc.h>

static bool obeyed(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == UNICODE_BAD || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0x2028 || cp == 0x2029;
}

static size_t width_of(uint32_t cp)
{
	int w = obeyed(cp) ? 1 : utf8proc_charwidth((utf8proc_int32_t)cp);
	return w > 0 ? (size_t)w : 0;
}

size_t text_width(const char *p, size_t n)
{
	size_t width = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		i += unicode_decode(p + i, n - i, &cp);
		width += width_of(cp);
	}
	return width;
}

void text_fit(struct buf *b, const char *p, size_t n, size_t columns)
{
	bool cut = text_width(p, n) > columns;
	size_t room = cut && columns ? columns - 1 : columns, width = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		unsigned len = unicode_decode(p + i, n - i, &cp);
		if (width + width_of(cp) > room)
			break;
		if (obeyed(cp))
			buf_putc(b, '?');
		else
			buf_put(b, p + i, len);
		width += width_of(cp);
		i += len;
	}
	if (cut && columns) {
		buf_puts(b, "…");
		width++;
	}
	for (; width < columns; width++)
		buf_putc(b, ' ');
}

void text_bar(struct buf *b, double share, unsigned columns)
{
	unsigned eighths = (unsigned)(share * columns * 8 + 0.5);
	for (; eighths >= 8; eighths -= 8)
		buf_puts(b, "█");
	if (eighths) {
		const char part[] = { '\xe2', '\x96', (char)(0x90 - eighths) };   /* U+258F one eighth … U+2589 seven */
		buf_put(b, part, sizeof part);
	}
}
