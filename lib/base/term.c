// SPDX-License-Identifier: MIT
/* What a terminal would obey, made visible; what a terminal can do. */
#include "base/term.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80

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

bool term_live(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool term_colors(int fd)
{
	const char *no = getenv("NO_COLOR");
	return !(no && *no) && term_live(fd);
}

size_t term_columns(int fd)
{
	struct winsize w;
	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : DEFAULT_COLUMNS;
}
