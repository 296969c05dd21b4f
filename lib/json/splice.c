/* SPDX-License-Identifier: MIT */
/* Puts a member into a record in front of its closing brace, the other bytes untouched. */
#include "json/pick.h"
#include "base/ascii.h"
#include "json/string.h"

void json_unescape(struct buf *b, const char *raw, size_t n)
{
	if (n < 2)
		return;
	b->n += json_decode(buf_reserve(b, n), raw + 1, n - 2);
}

void json_splice(struct buf *b, const char *line, size_t n, const char *key, const char *value, size_t nvalue)
{
	size_t brace = n;
	while (brace && ascii_space(line[brace - 1]))
		brace--;
	if (brace)
		brace--;
	size_t last = brace;
	while (last && ascii_space(line[last - 1]))
		last--;
	buf_put(b, line, brace);
	if (last && line[last - 1] != '{')
		buf_putc(b, ',');
	json_put_cstr(b, key);
	buf_putc(b, ':');
	buf_put(b, value, nvalue);
	buf_put(b, line + brace, n - brace);
}
