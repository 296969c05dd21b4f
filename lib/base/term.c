// SPDX-License-Identifier: MIT
/* What a terminal would obey, made visible. */
#include "base/term.h"

#include "base/utf8.h"

bool term_obeys(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x061C || cp == 0x200E || cp == 0x200F ||
	       (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == UTF8_BAD;
}

void term_show(struct buf *b, const char *p, size_t n, const char *keep)
{
	for (size_t i = 0, from = 0; i < n; from = i) {
		uint32_t cp = 0;
		unsigned len = 0;
		for (; i < n; i += len) {
			len = utf8_decode(p + i, n - i, &cp);
			if (term_obeys(cp) && !(cp && cp < 0x80 && strchr(keep, (int)cp)))
				break;
		}
		buf_put(b, p + from, i - from);
		if (i == n)
			break;
		if (cp == UTF8_BAD)
			buf_printf(b, "\\x%02x", (unsigned char)p[i]);
		else
			buf_printf(b, "\\u%04x", (unsigned)cp);
		i += len;
	}
}
