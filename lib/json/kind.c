/* SPDX-License-Identifier: MIT */
/* Lines whose first bytes are not those of most records: is the first member's name that of marks? */
#include "json/kind.h"

#include <string.h>

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the character C at P, plain or as \u00XX; NULL: it is another one. */
static const char *skip_char(const char *p, const char *end, char c)
{
	if (p < end && *p == c)
		return p + 1;
	if (end - p < 6 || memcmp(p, "\\u00", 4) != 0)
		return NULL;
	int high = hex_digit(p[4]), low = hex_digit(p[5]);
	return high >= 0 && low >= 0 && high * 16 + low == c ? p + 6 : NULL;
}

enum json_kind json_kind_slow(const char *p, size_t n)
{
	const char *end = p + n;
	if (n >= JSON_MARK_LEN && memcmp(p, JSON_MARK, JSON_MARK_LEN) == 0)
		return JSON_KIND_MARK;
	p = skip_space(p, end);
	if (p == end || *p++ != '{')
		return JSON_KIND_RECORD;
	p = skip_space(p, end);
	if (p == end || *p++ != '"')
		return JSON_KIND_RECORD;
	for (const char *name = "$mark"; *name; name++)
		if (!(p = skip_char(p, end, *name)))
			return JSON_KIND_RECORD;
	return p < end && *p == '"' ? JSON_KIND_RESERVED : JSON_KIND_RECORD;
}
