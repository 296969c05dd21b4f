// SPDX-License-Identifier: MIT
/* How wide text is on a terminal, and text cut or filled up to a width. */
#include "text/width.h"

#include "base/term.h"
#include "base/utf8.h"

#include <utf8proc.h>

static size_t width_of(uint32_t cp)
{
	int w = term_obeys(cp) ? 1 : utf8proc_charwidth((utf8proc_int32_t)cp);
	return w > 0 ? (size_t)w : 0;
}

size_t text_width(const char *p, size_t n)
{
	size_t width = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		i += utf8_decode(p + i, n - i, &cp);
		width += width_of(cp);
	}
	return width;
}

size_t text_cut(struct buf *b, const char *text, size_t ntext, size_t columns)
{
	struct buf shown = BUF_INIT;
	term_show(&shown, text, ntext, "");
	const char *p = shown.n ? shown.p : "";
	bool cut = text_width(p, shown.n) > columns;
	size_t room = cut && columns ? columns - 1 : columns, width = 0;
	for (size_t i = 0; i < shown.n;) {
		uint32_t cp;
		unsigned len = utf8_decode(p + i, shown.n - i, &cp);
		if (width + width_of(cp) > room)
			break;
		buf_put(b, p + i, len);
		width += width_of(cp);
		i += len;
	}
	if (cut && columns) {
		buf_puts(b, "…");
		width++;
	}
	buf_release(&shown);
	return width;
}

void text_fit(struct buf *b, const char *p, size_t n, size_t columns)
{
	for (size_t width = text_cut(b, p, n, columns); width < columns; width++)
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
